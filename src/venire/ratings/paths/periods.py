"""Dates to periods: months, weeks, years, days, or so many units of numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.ageing import moment

__all__ = ["MOST", "STEPS", "Periods", "periods_of"]

STEPS = {"year": "Y", "month": "M", "week": "W", "day": "D"}
MOST = 1_000_000  # periods
_DAY = 864e8  # microseconds
_FAR = 2.0**53  # periods: beyond all that are taken
_MONDAY = np.datetime64("1969-12-29", "D")  # weeks begin on one


class Periods(NamedTuple):
    """Periods that follow each other without a gap.

    Attributes
    ----------
    start : ndarray, shape (n_periods,)
        Where each begins: datetime64[D], or a number where dates are numbers.
    step : str or float
        As it was asked for.
    """

    start: NDArray[Any]
    step: str | float

    @property
    def labels(self) -> NDArray[np.str_]:
        """How they are called: 2024, 2024-03, the first day of a week, a number."""
        if self.start.dtype.kind == "M":
            unit = {"year": "Y", "month": "M"}.get(str(self.step), "D")
            return self.start.astype(f"datetime64[{unit}]").astype(np.str_)
        return np.array([f"{x:.12g}" for x in self.start.tolist()])

    def of(self, dates: NDArray[Any]) -> NDArray[np.int64]:
        """The period of each date; those before the first are negative, and so on."""
        if isinstance(self.step, str):
            return _count(dates, self.step) - _count(self.start[:1], self.step)
        if self.start.dtype.kind == "M":
            since = (dates - self.start[0]).astype("timedelta64[us]").astype(np.float64) / _DAY
        else:
            since = dates.astype(np.float64)
            with np.errstate(over="ignore"):
                since = since - self.start[0]
        with np.errstate(over="ignore"):
            return np.floor(np.clip(since / self.step, -_FAR, _FAR)).astype(np.int64)

    def at(self, date: Any) -> int:
        """The period of one date as an argument, or of its label; the last one for None."""
        if date is None:
            return len(self.start) - 1
        if isinstance(date, str) and len(known := np.flatnonzero(self.labels == date)):
            return int(known[0])
        return int(self.of(np.array([moment(date, self.start, "date")]))[0])


def periods_of(dates: NDArray[Any], step: Any) -> tuple[Periods, NDArray[np.int64]]:
    """The periods from the first to the last of some distinct dates, and that of each.

    Parameters
    ----------
    dates : ndarray of datetime64, int or float
        Ascending.
    step : {"year", "month", "week", "day"} or float
        A number: of days, or of the unit of numeric dates, from the first date on.
    """
    if isinstance(step, str):
        checks.one_of(step, "step", tuple(STEPS))
        if dates.dtype.kind != "M":
            checks.fail("step", "must be a number where dates are numbers", value=step)
    else:
        rule = "must be a word or a number greater than 0"
        step = checks.number(step, "step", rule, lambda x: 0.0 < x < np.inf)
    dated = dates.dtype.kind == "M"
    if isinstance(step, str):
        first, last = _count(dates[[0, -1]], step)
        _bound(last - first + 1)
        start = _start(np.arange(first, last + 1), step)
    else:
        origin = dates[0].astype("datetime64[D]") if dated else np.float64(dates[0])
        count = Periods(np.array([origin]), step).of(dates[-1:])[0] + 1
        _bound(count)
        since = step * np.arange(count)
        start = origin + (np.floor(since).astype(np.int64) if dated else since)
    periods = Periods(start, step)
    return periods, np.clip(periods.of(dates), 0, len(start) - 1)


def _bound(count: float) -> None:
    if not count <= MOST:
        checks.fail("step", f"makes {count:,.0f} periods: at most {MOST:,}")


def _count(dates: NDArray[Any], step: str) -> NDArray[np.int64]:
    """Number of the period of each date, by the calendar."""
    if step in ("year", "month"):
        return dates.astype(f"datetime64[{STEPS[step]}]").astype(np.int64)
    days = (dates.astype("datetime64[D]") - _MONDAY).astype(np.int64)
    return np.floor_divide(days, 7 if step == "week" else 1)


def _start(number: NDArray[np.int64], step: str) -> NDArray[Any]:
    if step in ("year", "month"):
        return number.astype(f"datetime64[{STEPS[step]}]").astype("datetime64[D]")
    return _MONDAY + number * (7 if step == "week" else 1)
