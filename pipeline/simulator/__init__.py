"""A B2B company in France that does not exist, with the true probability of every lead."""
