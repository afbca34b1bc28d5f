"""A person is erased from what Tamis keeps, and the erasure is proven by a search."""
