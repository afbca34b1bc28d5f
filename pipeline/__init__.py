"""Everything that touches the world, in order: files, databases, MLflow, reports and the command line."""
