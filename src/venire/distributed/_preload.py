"""What a worker that we start does first."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started the cluster: it stops the workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
