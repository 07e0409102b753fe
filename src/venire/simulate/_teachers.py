"""Simulated teachers: how sharp, how biased, how alike, how dear and how reliable they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import first_seen

__all__ = ["PRESETS", "SHARE", "Teachers", "shares", "teachers"]

MOST_TEACHERS = 1 << 16
SHARE = ("must be between 0 and 1", lambda x: 0.0 <= x <= 1.0)
_MOST = checks.LARGEST

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Teachers:
    """What simulated teachers are like.

    Teacher t, shown item i first and j second, votes for i with probability

        sigma(s_t (a (theta_i - theta_j) + u_ij + v_ijt) + gamma_t)

    where a is 0 on an ambiguous pair, on which nobody sees the difference, and 1 on any other; u is
    an error that all teachers share and v one of the teacher's own. All three belong to the pair:
    they are the same in either order and in every run.

    Parameters
    ----------
    sharpness : float or array_like of shape (n_teachers,)
        s, 1 / logits of strength. Large is nearly deterministic, 0 a coin, negative confidently
        wrong.
    order_bias : float or array_like, default 0
        gamma in logits: > 0 prefers what is shown first.
    own_error : float or array_like, default 0
        Standard deviation of v, in units of theta.
    shared_error : float, default 0
        Standard deviation of u, in units of theta: what makes the teachers err alike.
    ambiguous : float, default 0
        Share of the pairs that are ambiguous.
    cost : float or array_like, default 1
        Price of one vote, in any currency.
    failure : float or array_like, default 0
        Probability that a request gets no answer.
    names : array_like of str, optional
        Distinct. Default: "t0", "t1", ...

    Raises
    ------
    ValueError
        If lengths differ, there is no teacher, a number is not finite, an error or a cost is
        negative, a share is outside [0, 1], or a name is given twice.

    Examples
    --------
    >>> import venire as vn
    >>> judges = vn.simulate.Teachers([2.0, 0.5], order_bias=[0.0, 0.8], cost=[1.0, 0.1])
    >>> len(judges), judges.names.tolist()
    (2, ['t0', 't1'])
    """

    sharpness: Any
    order_bias: Any = 0.0
    own_error: Any = 0.0
    shared_error: float = 0.0
    ambiguous: float = 0.0
    cost: Any = 1.0
    failure: Any = 0.0
    names: Any = None

    def __post_init__(self) -> None:
        sharp = np.atleast_1d(checks.numeric(self.sharpness, "sharpness"))
        n = checks.columns(sharpness=sharp)[0]
        if n > MOST_TEACHERS:
            checks.fail("sharpness", f"is for at most {MOST_TEACHERS:,} teachers", value=n)
        for name, check in (
            ("sharpness", checks.bounded), ("order_bias", checks.bounded),
            ("own_error", checks.amounts), ("cost", checks.amounts), ("failure", shares),
        ):  # fmt: skip
            values = check(getattr(self, name), n, name)
            self._keep(name, np.array(np.broadcast_to(values, (n,))))
        error, ambiguous = self.shared_error, self.ambiguous
        error = checks.number(error, "shared_error", checks.AMOUNT, lambda x: 0.0 <= x <= _MOST)
        object.__setattr__(self, "shared_error", error)
        object.__setattr__(self, "ambiguous", checks.number(ambiguous, "ambiguous", *SHARE))
        self._keep("names", _names(self.names, n))

    def _keep(self, name: str, array: NDArray[Any]) -> None:
        array.flags.writeable = False
        object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """Number of teachers."""
        return len(self.sharpness)

    def take(self, positions: ArrayLike) -> Teachers:
        """Some of the teachers, each at most once, in the order given.

        Parameters
        ----------
        positions : array_like of int

        Examples
        --------
        >>> import venire as vn
        >>> vn.simulate.teachers("usual").take([0, 3]).sharpness.tolist()
        [4.0, 1.0]
        """
        k = np.atleast_1d(checks.integers(positions, "positions"))
        reason = f"must be a position among {len(self)} teachers"
        checks.every((k >= 0) & (k < len(self)), "positions", reason, k)
        return replace(
            self, sharpness=self.sharpness[k], order_bias=self.order_bias[k],
            own_error=self.own_error[k], cost=self.cost[k], failure=self.failure[k],
            names=self.names[k],
        )  # fmt: skip


def shares(x: Any, n: int, name: str) -> Floats:
    """Probabilities, one for each of n teachers."""
    values = checks.finite(x, n, name)
    checks.every((values >= 0.0) & (values <= 1.0), name, SHARE[0], values)
    return np.broadcast_to(values, (n,))


def _names(given: Any, n: int) -> NDArray[Any]:
    if given is None:
        return np.array([f"t{k}" for k in range(n)])
    labels = [given] if isinstance(given, str) else checks.listed(given, "names")
    names = np.array([str(name) for name in labels])
    if len(names) != n:
        checks.fail("names", f"has {len(names)} rows, but there are {n} teachers")
    checks.every(first_seen(names), "names", "is given twice", names)
    return names


_USUAL: dict[str, Any] = {
    "sharpness": [4.0, 2.0, 1.5, 1.0],
    "order_bias": [0.3, 0.8, -0.8, 1.5],
    "own_error": [0.5, 1.0, 1.5, 2.0],
    "shared_error": 0.5,
    "ambiguous": 0.15,
}
_PRESETS: dict[str, dict[str, Any]] = {
    "usual": {},
    "independent": {
        "sharpness": [2.0, 1.5, 1.0, 0.7],
        "order_bias": 0.0,
        "own_error": 0.0,
        "shared_error": 0.0,
        "ambiguous": 0.0,
    },
    "weak": {"sharpness": [0.7, 0.5, 0.4, 0.3], "own_error": 0.5},
    "ambiguous": {"ambiguous": 0.4},
    "wrong": {"sharpness": [4.0, 2.0, 1.5, -3.0], "own_error": [0.5, 1.0, 1.5, 0.5]},
    "one-sided": {"order_bias": 1.5},
    "costly": {"cost": [10.0, 3.0, 1.0, 0.3]},
    "failing": {"failure": [0.02, 0.05, 0.1, 0.3]},
}
PRESETS = tuple(_PRESETS)


def teachers(preset: str = "usual") -> Teachers:
    """Four teachers by the name of what is special about them.

    ============= ===========================================================================
    "usual"       sharpness 4, 2, 1.5, 1; order biases of both signs; own and shared errors;
                  15 % of the pairs are ambiguous; each vote costs 1
    "independent" duller, but without biases, without errors that belong to a pair, and
                  without ambiguous pairs: every vote is a fresh coin of the true probability
    "weak"        sharpness .7 to .3
    "ambiguous"   40 % of the pairs are ambiguous
    "wrong"       the fourth is confidently wrong: sharpness -3
    "one-sided"   all four prefer what they see first, by 1.5 logits
    "costly"      a vote of the sharpest costs 10, then 3, 1 and .3
    "failing"     2, 5, 10 and 30 % of the requests get no answer
    ============= ===========================================================================

    What a preset does not name is as in "usual".

    Parameters
    ----------
    preset : str, default "usual"
        One of `PRESETS`.

    Raises
    ------
    ValueError
        If there is no such preset.

    Examples
    --------
    >>> import venire as vn
    >>> vn.simulate.teachers("wrong").sharpness.tolist()
    [4.0, 2.0, 1.5, -3.0]
    """
    checks.one_of(preset, "preset", PRESETS)
    return Teachers(**(_USUAL | _PRESETS[preset]))
