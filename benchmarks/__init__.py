"""Measurements against peers, each side by side in one run: ``python -m benchmarks.NAME [--json FILE]``."""
