"""The page: a sales manager's morning, served from an index of the newest score run. MLflow is never imported here."""
