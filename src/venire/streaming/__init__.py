"""Fits of more groups than fit into memory: from files to a file, part by part.

`fit_groups` is what the command ``venire groups`` does on one machine; `venire.distributed` does
the same on many. Needs pyarrow (``pip install venire[cli]``).
"""

from venire.streaming._run import GroupsSummary, fit_groups

__all__ = ["GroupsSummary", "fit_groups"]
