"""What is compared: one function on one input, by all who can compute it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["OURS", "PLAIN", "TWIN", "Case", "Contender", "least"]

OURS, TWIN, PLAIN = "venire", "reference (NumPy)", "plain Python"
ENOUGH = 0.25  # seconds in which a call is repeated, the least being taken
ONCE = 1.0  # what takes longer is not repeated
MOST = 200  # repetitions


@dataclass(frozen=True)
class Contender:
    """One way to compute it.

    Parameters
    ----------
    name : str
    call : callable
        Without arguments; what it returns is compared with what venire returns.
    modules : tuple of str
        What has to be installed, and is imported before the call is timed.
    scale : float
        The call does so much less than all of the work: its time is multiplied.
    refuses : str
        Why it is not asked on this input; or "".
    answer : callable, optional
        Makes what is compared of what is returned; None: another estimate, which is not compared.
    """

    name: str
    call: Callable[[], Any]
    modules: tuple[str, ...] = ()
    scale: float = 1.0
    refuses: str = ""
    answer: Callable[[Any], Any] | None = np.asarray

    def missing(self) -> str:
        """Why it cannot be asked here: what is not installed, or why it is not asked; or ""."""
        for module in self.modules:
            if find_spec(module.partition(".")[0]) is None:
                return f"{module.partition('.')[0]} is not installed"
        return self.refuses

    def ready(self) -> str:
        """Import what it needs; why that fails, or ""."""
        try:
            for module in self.modules:
                import_module(module)
        except Exception as error:  # a broken installation, of whatever kind
            return f"{type(error).__name__}: {error}".splitlines()[0]
        return ""


@dataclass(frozen=True)
class Case:
    """A function on one input, ours first.

    Parameters
    ----------
    function : str
        Its name, as users call it.
    n : int
        Size of the input, counted in `of`.
    of : str
    contenders : tuple of Contender
    """

    function: str
    n: int
    of: str
    contenders: tuple[Contender, ...] = field(repr=False)


def least(call: Callable[[], Any]) -> tuple[float, Any]:
    """Least seconds of a call, of as many as fill a while, and what the first one returned.

    The first is not counted, for it loads and warms what the others find; unless it is long.
    """
    start = time.perf_counter()
    found = call()
    first = time.perf_counter() - start
    if first > ONCE:
        return first, found
    times: list[float] = []
    while not times or (sum(times) < ENOUGH and len(times) < MOST):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times), found
