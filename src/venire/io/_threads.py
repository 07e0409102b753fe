"""Work on the pieces of a file by several threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from venire._core.threads import usable_cpus

__all__ = ["in_threads"]


def in_threads(task: Callable[..., Any], arguments: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    """Results of a task, in the order of its arguments; some are worked at ahead."""
    n = usable_cpus()
    pending: deque[Any] = deque()
    with ThreadPoolExecutor(n) as pool:
        try:
            for one in arguments:
                pending.append(pool.submit(task, *one))
                if len(pending) > n:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
