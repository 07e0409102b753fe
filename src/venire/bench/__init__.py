"""Benchmarks for people who compare: this package beside its twins and whatever peers are there.

``venire bench`` runs them. Workloads are made by `venire.simulate`; the twins in plain Python stand
in `venire.bench.plain`, those in NumPy are `venire.reference`.
"""

from venire.bench._run import SIZES, WORKLOADS, Benchmark, Skipped, Timed, run, workload

__all__ = ["SIZES", "WORKLOADS", "Benchmark", "Skipped", "Timed", "run", "workload"]
