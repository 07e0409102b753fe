"""Fits past one machine, on a Dask cluster.

`fit_groups` reads Parquet files, fits each group where its file is read, moves the rows of groups
that are spread over files, and writes Parquet parts. Needs ``pip install venire[distributed]``;
Dask is imported at the first call.
"""

from venire.distributed._run import fit_groups

__all__ = ["fit_groups"]
