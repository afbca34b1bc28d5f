"""Where the tables are worked on: DuckDB here, Postgres or a warehouse where they stand, Spark."""
