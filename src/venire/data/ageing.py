"""When rows were, and what they weigh by their age."""

from __future__ import annotations

import datetime
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.tables import tally
from venire.data._named import check_ageing
from venire.data.coding import encode_one
from venire.data.rows import Ageing, Rows
from venire.data.series import is_missing, plain

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons

__all__ = ["aged", "coded_dates", "facts_of", "instants", "joined", "moment", "told"]

_DAY = 86_400_000_000  # microseconds
_MOST_YEARS = 146_000  # from 1970: these can count the time between any two
_RULE = "must be a date of ISO 8601, as 2024-01-31 or 2024-01-31T18:30:00, or a number"
_ISO = re.compile(r"(\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,6})?)?)?)?)\d*"
                  r"\s?(Z|UTC|[+-]\d\d:?\d\d)?", re.IGNORECASE)  # fmt: skip


def aged(rows: Rows) -> tuple[Rows, Ageing | None]:
    """Rows whose weights have halved with each half-life of their age, without their dates."""
    squares, given = InOrder(), rows.half_life
    rows, ageing, lives = aged_piece(rows, squares)
    if ageing is not None:
        require_young(ageing, lives, given)
        ageing = ageing._replace(squares=squares.total())
    return rows, ageing


class InOrder:
    """A sum of numbers that come in pieces, the same to the bit however these are cut.

    Examples
    --------
    >>> import numpy as np
    >>> from venire.data.ageing import InOrder
    >>> one = InOrder()
    >>> one.add(np.array([1.0, 2.0]))
    >>> one.add(np.array([3.0]))
    >>> one.total()
    6.0
    """

    _BLOCK = 1 << 13

    def __init__(self, before: float = 0.0) -> None:
        self._sum = before
        self._rest = np.empty(0)

    def add(self, x: NDArray[np.float64]) -> None:
        """Add numbers, in their order."""
        whole = np.concatenate([self._rest, x]) if len(self._rest) else x
        n = len(whole) // self._BLOCK * self._BLOCK
        for one in whole[:n].reshape(-1, self._BLOCK).sum(axis=1).tolist():
            self._sum += one
        self._rest = whole[n:].copy()

    def total(self) -> float:
        """The sum so far."""
        return self._sum + float(np.sum(self._rest))


def require_young(ageing: Ageing, lives: bool, given: Any) -> None:
    """Refuse rows of which none weighs anything any more, by the half-life that was given."""
    if not lives:
        gone = "every comparison has aged to weight 0"
        fail("half_life", f"{gone} by {shown(ageing.at)}", value=given)


def aged_piece(rows: Rows, squares: InOrder) -> tuple[Rows, Ageing | None, bool]:
    """The same of a piece of the rows, whose squares are added to those before; and whether any
    weighs something still."""
    half_life = check_ageing(rows.half_life, rows.at)
    if half_life is None:
        return rows, None, True
    if rows.date is None:
        fail(
            "date", "must say when each comparison was, where there is a half_life", kind=TypeError
        )
    n = rows.n
    when = instants(rows.date, n)
    at = when.max() if rows.at is None else moment(rows.at, when)
    late = when > at
    if late.any():
        row = int(np.argmax(late))
        fail("date", f"lies in the future of at = {shown(at)}", row, shown(when[row]))
    age = elapsed(at, when)
    with np.errstate(over="ignore", under="ignore"):  # beyond all numbers: weight 0
        factor = np.exp2(-age / half_life)
    weight = None if rows.weight is None else checks.weight(rows.weight, n)
    mass: Any = 1.0 if weight is None else weight
    if rows.win is not None:
        given = {"win": rows.win, "loss": rows.loss, "tie": rows.tie}
        mass = mass * sum(checks.amounts(x, n, k) for k, x in given.items() if x is not None)
    with np.errstate(under="ignore"):
        squares.add(mass * factor**2)
    now = rows.weight if math.isinf(half_life) else factor if weight is None else factor * weight
    return rows._replace(weight=now, date=None), Ageing(half_life, at, 0.0), bool(factor.any())


def elapsed(at: Any, when: Any) -> Any:
    """From `when` to `at`: days between calendar dates, differences of numbers."""
    if isinstance(at, np.datetime64):
        return (at - when) / np.timedelta64(_DAY, "us")
    # whole numbers of few bits, or far apart, have differences that are none of their type
    return np.subtract(at, when, dtype=np.float64, casting="unsafe")


def shown(moment: Any) -> Any:
    """A moment for people: a date without its time where that is midnight."""
    if not isinstance(moment, np.datetime64):
        return float(moment)
    day = moment.astype("datetime64[D]")
    return str(day if day == moment else moment.astype("datetime64[us]").item())


def told(c: Comparisons) -> tuple[str, ...]:
    """What a half-life made of comparisons, for people: a note, or none."""
    if getattr(c, "half_life", None) is None:
        return ()
    ageing: Any = c.cells.ageing
    unit = " days" if isinstance(ageing.at, np.datetime64) else ""
    said = f"weights halve with every {ageing.half_life:g}{unit} before {shown(ageing.at)}"
    if math.isinf(ageing.half_life):
        said = f"an infinite half-life at {shown(ageing.at)}: nothing is forgotten"
    total, effective = tally(c.n_comparisons), tally(c.n_effective)
    return (f"{said}; weights add up to {total}, effectively {effective} comparisons",)


def facts_of(c: Comparisons) -> dict[str, Any] | None:
    """The same, of types that JSON has."""
    ageing = c.cells.ageing if hasattr(c, "cells") else None  # rankings have none
    if ageing is None:
        return None
    numbers = {"half_life": ageing.half_life, "weight": c.n_comparisons, "effective": c.n_effective}
    known = {name: x if math.isfinite(x) else None for name, x in numbers.items()}
    return {"at": shown(ageing.at), **known}


def joined(a: Ageing | None, b: Ageing | None) -> tuple[Ageing | None, tuple[float, float]]:
    """Of two sets of cells together, and what the weights of each are to be multiplied by."""
    if a is None or b is None:
        if a is not b:
            fail("half_life", "both or neither of the merged comparisons must have one")
        return None, (1.0, 1.0)
    if a.half_life != b.half_life:
        reason = f"must be that of the others, {a.half_life:g}"
        fail("half_life", reason, value=b.half_life)
    if isinstance(a.at, np.datetime64) != isinstance(b.at, np.datetime64):
        fail("date", "must be of the calendar, or numbers, in both")
    at = max(a.at, b.at)
    one, other = (float(np.exp2(-elapsed(at, x.at) / a.half_life)) for x in (a, b))
    return Ageing(a.half_life, at, one**2 * a.squares + other**2 * b.squares), (one, other)


def coded_dates(given: Any, n: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The sorted distinct dates, and each row's position among them."""
    dates, codes = np.unique(instants(given, n), return_inverse=True)
    return dates, codes.astype(np.int64)


def instants(given: Any, n: int, name: str = "date") -> NDArray[Any]:
    """A column of dates as datetime64[us], UTC where zones are known, or of numbers as they are.

    Parameters
    ----------
    given : array_like of shape (n,)
        datetime64, Python's dates, text of ISO 8601, or numbers; of any library of data frames.
    n : int
    name : str
        Argument to name in errors.

    Raises
    ------
    ValueError
        If one is missing, or is no date, or dates and numbers are mixed.
    TypeError
        If they are something else.
    """
    column = plain(given)
    if isinstance(column, np.ndarray) and column.dtype.kind in "Miuf":
        values = column
    elif getattr(getattr(column, "dtype", None), "kind", "") == "M":  # pandas, with a zone or not
        values = column.to_numpy("datetime64[us]")
    else:
        values = np.asarray(column)
        if values.ndim == 0:  # one for all rows
            column, values = [column], values[None]
        if values.dtype.kind in "OUST":
            values = _parsed(column, values, name)
    if values.shape != (n,):
        if values.shape in ((), (1,)):
            values = np.full(n, values.ravel()[0])
        else:
            fail(name, f"has shape {values.shape}, but there are {n} comparisons")
    if values.dtype.kind not in "Miuf":
        fail(name, "must hold dates or numbers", value=values[0], kind=TypeError)
    if values.dtype.kind in "Mf":
        bad = np.isnat(values) if values.dtype.kind == "M" else ~np.isfinite(values)
        if bad.any():
            row = int(np.argmax(bad))
            if values.dtype.kind == "f" and not np.isnan(values[row]):
                fail(name, "must be finite", row, values[row])
            fail(name, "is missing", row)
    return _in_microseconds(values, name) if values.dtype.kind == "M" else values


def _in_microseconds(values: NDArray[Any], name: str) -> NDArray[Any]:
    """datetime64[us], which coarser units may lie beyond."""
    for at in (values.argmin(), values.argmax()) if len(values) else ():
        if abs(int(values[at].astype("datetime64[Y]").astype(np.int64))) > _MOST_YEARS:
            fail(name, "lies beyond all calendars", int(at), str(values[at]))
    return values.astype("datetime64[us]")


def moment(at: Any, when: NDArray[Any], name: str = "at") -> Any:
    """One argument `name` as of the kind that the dates are."""
    if isinstance(at, (list, tuple)) or np.ndim(at):
        fail(name, "must be one date or number", value=at, kind=TypeError)
    try:
        one = instants([at], 1, name)[0]
    except checks.BadInput as error:
        error.position = None
        raise
    if isinstance(one, np.datetime64) != (when.dtype.kind == "M"):
        kinds = (
            "a date, as the dates are" if when.dtype.kind == "M" else "a number, as the dates are"
        )
        fail(name, f"must be {kinds}", value=at)
    return one


def _parsed(column: Any, values: NDArray[Any], name: str) -> NDArray[Any]:
    """Text, or objects, as dates or as numbers: each distinct one once."""
    if values.dtype.kind == "O" and not all(isinstance(v, str) for v in values[:1]):
        known: dict[Any, int] = {}
        codes = np.empty(len(values), np.int64)
        for row, value in enumerate(values.tolist()):
            try:
                codes[row] = known.setdefault(value, len(known))
            except TypeError:  # it has no hash
                fail(name, _RULE, row, value)
        items = list(known)
    else:
        labels, codes = encode_one(column, name)
        items = labels.tolist()
    found = [_instant(item) for item in items]
    numbers = sum(isinstance(x, float) for x in found) > 0.5 * len(found)
    bad = [k for k, x in enumerate(found) if x is None or isinstance(x, float) != numbers]
    if bad:
        row = int(np.argmax(np.isin(codes, bad)))
        item = items[codes[row]]
        absent = is_missing(item) or (isinstance(item, str) and not item.strip())
        fail(name, "is missing" if absent else _RULE, row, None if absent else item)
    return np.array(found, np.float64 if numbers else "datetime64[us]")[codes]


def _instant(item: Any) -> Any:
    """One date or number; None for anything else."""
    if isinstance(item, np.datetime64):
        return None if np.isnat(item) else _in_microseconds(np.array([item]), "date")[0]
    if isinstance(item, datetime.date):
        item = item.isoformat() if item == item else ""  # of NaT nothing is true
    if not isinstance(item, (str, int, float)) or isinstance(item, bool):
        return None
    parts = _ISO.fullmatch(str(item).strip())
    try:
        if parts is None:
            return float(item) if math.isfinite(float(item)) else None
        moment = np.datetime64(parts[1].replace(",", "."), "us")
    except (ValueError, OverflowError):
        return None
    zone = parts[2]
    if zone is None or zone.upper() in ("Z", "UTC"):
        return moment
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return moment - np.timedelta64(minutes if zone[0] == "+" else -minutes, "m")
