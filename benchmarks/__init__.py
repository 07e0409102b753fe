"""Benchmarks of the fits: `python -m benchmarks` runs them and writes the report."""
