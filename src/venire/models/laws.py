"""The laws of a link, held against functions that somebody brings: once, when a model is made.

With F the probability that first wins at d, and a cell of masses win and loss,

    l(d) = win * log F(d) + loss * log F(-d),   g = dl/dd,   h = -d2l/dd2.

F is symmetric, F(-d) = 1 - F(d); log F is concave; and all three are finite for |d| <= 1e4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.models.pointers import Pointer

__all__ = ["FAR", "Laws"]

Floats = NDArray[np.float64]

#: To this size of d everything must be finite.
FAR = 1e4
_MASSES = ((1.0, 0.0), (0.0, 1.0), (2.0, 5.0), (0.25, 0.125), (0.0, 0.0))
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # of differences; one of them is right for a point
_NEAR = 1e-9  # what symmetry and sums may miss, for functions that lose digits far out
_SLOPE = 1e-6  # what differences may miss
_GUARD = 8  # places beside an array


class Laws:
    """The laws, and what is needed to check them.

    Parameters
    ----------
    cell, value : Pointer
        g and h of n cells; the sum of l over n cells.

    Attributes
    ----------
    slope : float
        F'/F between equals: twice the density there.
    """

    def __init__(self, cell: Pointer, value: Pointer) -> None:
        self._cell, self._value, self._kept = cell.call, value.call, (cell, value)
        g, _ = self.cells(np.zeros(1), 1.0, 0.0)
        self.slope = float(g[0])
        if not (np.isfinite(self.slope) and self.slope > 0.0):
            _broken("cell", "F rises", 0.0, f"g = {self.slope!r} of a win, not above 0")
        self.unit = 0.5 / self.slope  # of theta, for a difference of one logit
        near = np.concatenate([np.linspace(0.0, 40.0, 801), np.logspace(-12, -2, 11)])
        sparse = np.concatenate([np.linspace(0.0, 8.0, 33), [12.0, 20.0, 30.1, 36.0, 40.0]])
        far = np.array([1e2, 3e2, 7.46e2, 1e3])
        self._all = self._points(np.concatenate([near, far]))
        self._few = self._points(np.concatenate([sparse, far]))

    def _points(self, x: Floats) -> Floats:
        own = np.concatenate([np.minimum(self.unit * x, FAR), [1e2, 1e3, FAR]])
        return np.unique(np.concatenate([-own, own]))

    def check(self) -> None:
        """All of them.

        Raises
        ------
        ValueError
            Naming the function, the law, the d where it is broken and what was found there.
        """
        found = {m: self.cells(self._all, *m) for m in _MASSES}
        self._finite(found)
        self._sums(found)
        self._alone(found)
        self._symmetric(found)
        self._shaped(found)
        self._normed()
        self._differences()

    def probability(self, function: Callable[[Floats], Any]) -> None:
        """Whether a function of d is exp(log F)."""
        d = self._few
        p = np.asarray(function(d.copy()))
        if p.shape != d.shape:
            checks.fail("probability", f"gives shape {p.shape} of shape {d.shape}")
        expected = np.exp([self.value(x, 1.0, 0.0) for x in d])
        _hold("probability", "P is exp(log-likelihood)", d, p, expected, _NEAR)

    # ---- calls ----------------------------------------------------------------------------------

    def cells(self, d: Floats, win: float, loss: float) -> tuple[Floats, Floats]:
        """g and h of cells of equal masses; nothing else may be written."""
        n = len(d)
        given = np.stack([d, np.full(n, win), np.full(n, loss)])
        before, out = given.copy(), np.full((2, n + 2 * _GUARD), np.nan)
        inside = out[:, _GUARD : _GUARD + n]
        self._cell(*(x.ctypes.data for x in given), n, *(x.ctypes.data for x in inside))
        if not np.array_equal(given, before):
            checks.fail("cell", "changes what it is given")
        if not np.isnan(np.delete(out, np.s_[_GUARD : _GUARD + n], axis=1)).all():
            checks.fail("cell", f"writes beyond the {n} cells that it is given")
        return inside[0].copy(), inside[1].copy()

    def value(self, d: Any, win: float, loss: float) -> float:
        """l of cells of equal masses, added up."""
        d = np.atleast_1d(np.asarray(d, np.float64))
        given = np.stack([d, np.full(len(d), win), np.full(len(d), loss)])
        return float(self._value(*(x.ctypes.data for x in given), len(d)))

    # ---- the laws -------------------------------------------------------------------------------

    def _finite(self, found: dict[tuple[float, float], tuple[Floats, Floats]]) -> None:
        for masses, pair in found.items():
            for name, x in zip("gh", pair, strict=True):
                bad = np.flatnonzero(~np.isfinite(x))
                if len(bad):
                    k = bad[np.argmin(np.abs(self._all[bad]))]
                    _broken("cell", f"all is finite for |d| <= {FAR:g}", self._all[k],
                            f"{name} = {x[k]} of {_told(masses)}")  # fmt: skip
        for masses in _MASSES:
            for d in self._few[np.argsort(np.abs(self._few))]:
                if not np.isfinite(value := self.value(d, *masses)):
                    _broken("log_likelihood", f"all is finite for |d| <= {FAR:g}", d,
                            f"{value} of {_told(masses)}")  # fmt: skip

    def _sums(self, found: dict[tuple[float, float], tuple[Floats, Floats]]) -> None:
        """Masses count as often as they say, and nothing where there are none."""
        law = "a mass counts as so many wins or losses"
        for (win, loss), pair in found.items():
            for x, up, down in zip(pair, found[1.0, 0.0], found[0.0, 1.0], strict=True):
                _hold("cell", law, self._all, x, win * up + loss * down, _NEAR, 1.0 / self.unit)
        for d in self._few:
            won, lost = self.value(d, 1.0, 0.0), self.value(d, 0.0, 1.0)
            for win, loss in _MASSES:
                own = self.value(d, win, loss)
                _hold("log_likelihood", law, d, own, win * won + loss * lost, _NEAR)

    def _alone(self, found: dict[tuple[float, float], tuple[Floats, Floats]]) -> None:
        """Cells of one call have nothing to do with each other."""
        law = "n cells are as each alone"
        for k in range(0, len(self._all), 7):
            n = 1 + k // 7 % 5
            here = slice(k, k + n)
            one = self.cells(self._all[here], 2.0, 5.0)
            for x, y in zip(one, found[2.0, 5.0], strict=True):
                _hold("cell", law, self._all[here], x, y[here], _NEAR, 1.0 / self.unit)
        each = sum(self.value(d, 2.0, 5.0) for d in self._few)
        _hold("log_likelihood", law, self._few[0], self.value(self._few, 2.0, 5.0), each, _NEAR)

    def _symmetric(self, found: dict[tuple[float, float], tuple[Floats, Floats]]) -> None:
        law = "first and second may be exchanged, g(-d; loss, win) = -g(d; win, loss), h the same"
        (g, h), (other_g, other_h) = found[1.0, 0.0], found[0.0, 1.0]
        _hold("cell", law, self._all, g, -other_g[::-1], _NEAR, 1.0 / self.unit)
        _hold("cell", law, self._all, h, other_h[::-1], _NEAR, 1.0 / self.unit**2)
        for d in self._few:
            own, back = self.value(d, 2.0, 5.0), self.value(-d, 5.0, 2.0)
            _hold("log_likelihood", "first and second may be exchanged", d, own, back, _NEAR)

    def _shaped(self, found: dict[tuple[float, float], tuple[Floats, Floats]]) -> None:
        """F rises, and log F is concave."""
        g, _ = found[1.0, 0.0]
        if (g < 0.0).any():
            k = int(np.argmin(g))
            _broken("cell", "F rises", self._all[k], f"g = {g[k]} of a win, below 0")
        for masses, (_, h) in found.items():
            if (h < 0.0).any():
                k = int(np.argmin(h))
                _broken("cell", "log F is concave, h >= 0", self._all[k],
                        f"h = {h[k]} of {_told(masses)}")  # fmt: skip

    def _normed(self) -> None:
        for d in self._few:
            p, q = np.exp(self.value(d, 1.0, 0.0)), np.exp(self.value(d, 0.0, 1.0))
            _hold("log_likelihood", "F(d) + F(-d) = 1", d, p + q, 1.0, _NEAR)

    def _differences(self) -> None:
        """g is the derivative of the log-likelihood, and h minus that of g."""
        d, unit, eps = self._few, self.unit, np.finfo(float).eps
        for win, loss in ((1.0, 0.0), (2.0, 5.0)):
            g, h = self.cells(d, win, loss)
            size = np.abs([self.value(x, win, loss) for x in d])
            miss = np.full((2, len(d)), np.inf)
            best = np.full((2, len(d)), np.nan)
            for step in unit * np.array(_STEPS):
                up, down = ([self.value(x + s, win, loss) for x in d] for s in (step, -step))
                rises = (np.array(up) - np.array(down)) / (2.0 * step)
                falls = self.cells(d - step, win, loss)[0] - self.cells(d + step, win, loss)[0]
                for k, (own, found, near, rounding) in enumerate((
                    (g, rises, _SLOPE * (np.abs(g) + 1.0 / unit), size),
                    (h, falls / (2.0 * step), _SLOPE * (h + 1.0 / unit**2), np.abs(g)),
                )):  # fmt: skip
                    off = np.abs(own - found) / (near + 4.0 * eps * rounding / step)
                    best[k] = np.where(off < miss[k], found, best[k])
                    miss[k] = np.fmin(miss[k], off)
            for k, (law, own) in enumerate((
                ("g is the derivative of log_likelihood", g), ("h is minus the derivative of g", h)
            )):  # fmt: skip
                if (miss[k] > 1.0).any():
                    at = int(np.argmax(miss[k] > 1.0))
                    _broken("cell", law, d[at], f"{own[at]} of {_told((win, loss))}, not "
                            f"{best[k, at]} by differences")  # fmt: skip


def _hold(
    argument: str, law: str, d: Any, own: Any, other: Any, near: float, unit: float = 1.0
) -> None:
    """Refuse where two values that a law makes equal are not."""
    d, own, other = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x)) for x in (d, own, other)))
    wrong = ~(np.abs(own - other) <= near * (unit + np.abs(other)))
    if wrong.any():
        k = np.flatnonzero(wrong)[np.argmin(np.abs(d[wrong]))]
        _broken(argument, law, d[k], f"{own[k]} is not {other[k]}")


def _told(masses: tuple[float, float]) -> str:
    win, loss = masses
    if loss == 0.0 == win:
        return "an empty cell"
    return {(1.0, 0.0): "a win", (0.0, 1.0): "a loss"}.get(masses, f"win {win:g}, loss {loss:g}")


def _broken(argument: str, law: str, d: float, found: str) -> NoReturn:
    checks.fail(argument, f"breaks the law that {law}: at d = {float(d):g}, {found}")
