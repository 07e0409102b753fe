"""What a loop is set to do, from its creation to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.models import HALF_TIES
from venire.priors import GaussianPrior

__all__ = ["CRITERIA", "Settings", "settings_of"]

CRITERIA = ("D", "A", "top", "uniform", "residual", "residual_corrected", "sd")
_METHODS = ("auto", "fit", "consensus", "uniform")
_CHOICES = {
    "model": HALF_TIES, "criterion": CRITERIA, "share": ("equal", "gain"),
    "steering": ("student", "none"), "method": _METHODS, "gain": ("linear", "exponential"),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Checked arguments of a loop, in plain values that JSON can hold.

    Teachers are positions in `teachers` wherever they are numbers.
    """

    teachers: tuple[Any, ...]
    costs: tuple[float, ...]
    rotation: tuple[int, ...]  # one period of the rotation
    panel: tuple[int, ...] | int | None
    degree: int
    model: str
    precision: float | None  # of the prior
    criterion: str
    share: str
    bridges: int
    steering: str
    method: str
    rho: float
    top: int
    gain: str  # of nDCG
    seed: int

    @property
    def prior(self) -> GaussianPrior | None:
        """Of the fits."""
        return None if self.precision is None else GaussianPrior(self.precision)

    @property
    def votes_per_ask(self) -> int:
        """Teachers that are asked about one pair."""
        if self.panel is None:
            return 1
        return self.panel if isinstance(self.panel, int) else len(self.panel)

    @property
    def weighing(self) -> str:
        """How `fit_votes` is to weigh the teachers."""
        if self.method != "auto":
            return self.method
        return "fit" if self.panel is None else "consensus"

    @cached_property
    def labels(self) -> NDArray[Any]:
        """Labels of the teachers."""
        text = any(isinstance(t, str) for t in self.teachers)
        return np.array(self.teachers, object if text else np.int64)

    def position(self, teacher: Any, argument: str = "teacher") -> int:
        """Position of a teacher's label."""
        label = teacher.item() if isinstance(teacher, np.generic) else teacher
        if not isinstance(label, (int, str)) or label not in self.teachers:
            known = ", ".join(repr(t) for t in self.teachers[:20])
            checks.fail(argument, f"is not one of the teachers ({known})", value=label)
        return self.teachers.index(label)


def settings_of(
    *,
    teachers: Any,
    costs: Any,
    rotation: Any,
    panel: Any,
    degree: Any,
    model: Any,
    prior: Any,
    bridges: Any,
    rho: Any,
    top: Any,
    rng: Any,
    **choices: Any,
) -> Settings:
    """Check the arguments of a loop; raises ValueError or TypeError."""
    labels = _labels(teachers)
    place = {label: k for k, label in enumerate(labels)}
    for name, value in (choices | {"model": model}).items():
        checks.one_of(value, name, _CHOICES[name])
    if not (prior is None or isinstance(prior, GaussianPrior)):
        checks.fail("prior", "must be a GaussianPrior or None", value=prior, kind=TypeError)
    if rotation is not None and panel is not None:
        raise TypeError("rotation is for one teacher per pair; a panel has an order of its own")
    pattern = tuple(range(len(labels)))
    if rotation is not None:
        pattern = _places(rotation, place, "rotation")
    chosen: Any = panel
    if isinstance(panel, (bool, float, np.generic)) and not isinstance(panel, np.integer):
        checks.fail("panel", "must be a number, labels, or None", value=panel, kind=TypeError)
    if isinstance(panel, (int, np.integer)):
        chosen = checks.whole(panel, "panel", 1)
        if chosen > len(labels):
            checks.fail("panel", f"there are only {len(labels)} teachers", value=chosen)
    elif panel is not None:
        chosen = _places(panel, place, "panel")
        if len(set(chosen)) < len(chosen):
            again = next(k for k, t in enumerate(chosen) if t in chosen[:k])
            checks.fail("panel", "names a teacher twice", again, labels[chosen[again]])
    share = checks.number(rho, "rho", "must lie between 0 and 1", lambda x: 0.0 <= x <= 1.0)
    return Settings(
        teachers=labels,
        costs=_costs(costs, labels, place),
        rotation=pattern,
        panel=chosen,
        degree=checks.whole(degree, "degree", 1, 2**31 - 1),
        model=str(model),
        precision=None if prior is None else float(prior.precision),
        bridges=checks.whole(bridges, "bridges", 0, 1_000_000),
        rho=share,
        top=checks.whole(top, "top", 1, 2**31 - 1),
        seed=_seed(rng),
        **choices,
    )


def _labels(teachers: Any) -> tuple[Any, ...]:
    labels = _plain(teachers, "teachers")
    if not labels:
        checks.fail("teachers", "is empty: at least one teacher is needed")
    for at, label in enumerate(labels):
        if isinstance(label, bool) or not isinstance(label, (int, str)):
            checks.fail("teachers", "must be integers or text", at, label, kind=TypeError)
        if isinstance(label, int) and not -(2**63) <= label < 2**63:
            checks.fail("teachers", "integer labels must fit int64", at, label)
        if type(label) is not type(labels[0]):
            checks.fail("teachers", "must all be of one type", at, label, kind=TypeError)
        if label in labels[:at]:
            checks.fail("teachers", "is named twice", at, label)
    return labels


def _plain(x: Any, argument: str) -> tuple[Any, ...]:
    """A list of labels, with NumPy's scalars as Python's values."""
    values = checks.listed(checks.column(x, argument), argument)
    return tuple(t.item() if isinstance(t, np.generic) else t for t in values)


def _places(given: Any, place: dict[Any, int], argument: str) -> tuple[int, ...]:
    labels = _plain(given, argument)
    for at, label in enumerate(labels):
        if not isinstance(label, (int, str)) or label not in place:
            checks.fail(argument, "is not one of the teachers", at, label)
    if not labels:
        checks.fail(argument, "is empty")
    return tuple(place[label] for label in labels)


def _costs(costs: Any, labels: tuple[Any, ...], place: dict[Any, int]) -> tuple[float, ...]:
    """Cost of a vote of each teacher: 1 by default."""
    if costs is None:
        return (1.0,) * len(labels)
    if isinstance(costs, Mapping):
        for at, label in enumerate(costs):
            if label not in place:
                checks.fail("costs", "is not one of the teachers", at, label)
        for at, label in enumerate(labels):
            if label not in costs:
                checks.fail("costs", "has no entry for this teacher", at, label)
        costs = [costs[label] for label in labels]
    array = checks.amounts(costs, len(labels), "costs")
    return tuple(np.broadcast_to(array, len(labels)).tolist())


def _seed(rng: Any) -> int:
    """A seed that can be kept: the int itself, or 63 bits drawn once."""
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, (bool, np.bool_)) and rng >= 0:
        return int(rng)
    return int(checks.rng(rng).integers(0, 2**63))
