"""Fits of files: more groups than fit into memory or one machine, from files to files.

`fit_files` reads, fits and writes part by part, in this process or on an executor; `fit_arrow` fits
what another engine hands out. Needs pyarrow (``pip install venire[cli]``).
"""

from venire._core.executor import Executor
from venire.batch.arrow import fit_arrow
from venire.batch.files import fit_files
from venire.batch.job import FitOptions, Replicates
from venire.batch.tally import GroupsSummary

__all__ = ["Executor", "FitOptions", "GroupsSummary", "Replicates", "fit_arrow", "fit_files"]
