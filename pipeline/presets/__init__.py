"""How the exports of known CRMs become our tables: layouts as data, and the queries that are made of them."""
