"""How the walk of a path was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["PathEvidence"]


@dataclass(frozen=True)
class PathEvidence:
    """How the walk was found.

    Attributes
    ----------
    walk : float
        Variance of a step under which the comparisons are likeliest.
    log_walk_sd : float
        How well its log is known: the standard deviation that the curvature of the evidence gives;
        nan at a bound.
    n_fits : int
        Paths that were fitted to find it.
    note : str
        What there is to say where it lies at a bound, else "".

    Examples
    --------
    >>> import venire as vn
    >>> path = vn.fit_path(vn.datasets.load_club(), step="year")
    >>> path.evidence.walk == path.walk, path.evidence.log_walk_sd < 1.0
    (True, True)
    """

    walk: float
    log_walk_sd: float
    n_fits: int
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What ``PathEvidence(**values)`` makes the same from."""
        return dict(vars(self))
