"""What a loop is set to do, from its creation to its end: every option, its default, its check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cached_property
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import first_seen
from venire.design import BASELINES, CRITERIA
from venire.models import DEFAULT, half_tie_model
from venire.priors import GaussianPrior, check_prior

__all__ = ["Options", "Settings"]

MOST = 2**31 - 1


class Options(TypedDict, total=False):
    """Fields of `Settings` as keywords of `Distillation`."""

    degree: int
    panel: int | Sequence[Any] | None
    rotation: Sequence[Any] | None
    costs: ArrayLike | Mapping[Any, float] | None
    bridges: int
    model: str
    prior: GaussianPrior | None
    method: str
    criterion: str
    share: str
    steering: str
    rho: float
    top: int
    gain: str
    rng: int | np.random.SeedSequence | np.random.Generator


# ---- checks: of the settings so far, the option's name, and what was given -----------------------


def _labels(settings: Any, name: str, given: Any) -> tuple[Any, ...]:
    labels = _plain(given, name)
    if not labels:
        checks.fail(name, "is empty: at least one teacher is needed")
    for at, label in enumerate(labels):
        if isinstance(label, bool) or not isinstance(label, (int, str)):
            checks.fail(name, "must be integers or text", at, label, kind=TypeError)
        if isinstance(label, int) and not -(2**63) <= label < 2**63:
            checks.fail(name, "integer labels must fit int64", at, label)
        if type(label) is not type(labels[0]):
            checks.fail(name, "must all be of one type", at, label, kind=TypeError)
    checks.every(first_seen(np.array(labels, object)), name, "is named twice", labels)
    return labels


def _plain(given: Any, name: str) -> tuple[Any, ...]:
    """A list of labels, with NumPy's scalars as Python's values."""
    values = checks.listed(checks.column(given, name), name)
    return tuple(t.item() if isinstance(t, np.generic) else t for t in values)


def _some(settings: Settings, name: str, given: Any) -> tuple[Any, ...]:
    """Labels of some of the teachers."""
    labels = _plain(given, name)
    known = [isinstance(label, (int, str)) and label in settings.teachers for label in labels]
    checks.every(known, name, "is not one of the teachers", labels)
    if not labels:
        checks.fail(name, "is empty")
    return labels


def _panel(settings: Settings, name: str, given: Any) -> tuple[Any, ...] | int | None:
    if isinstance(given, (bool, float, np.bool_, np.floating)):
        checks.fail(name, "must be a number, labels, or None", value=given, kind=TypeError)
    if isinstance(given, (int, np.integer)):
        n = checks.whole(given, name, 1)
        if n > len(settings.teachers):
            checks.fail(name, f"there are only {len(settings.teachers)} teachers", value=n)
        return n
    if given is None:
        return None
    labels = _some(settings, name, given)
    checks.every(first_seen(np.array(labels, object)), name, "names a teacher twice", labels)
    return labels


def _rotation(settings: Settings, name: str, given: Any) -> tuple[Any, ...] | None:
    if given is None:
        return None
    if settings.panel is not None:
        raise TypeError("rotation is for one teacher per pair; a panel has an order of its own")
    return _some(settings, name, given)


def _costs(settings: Settings, name: str, given: Any) -> tuple[float, ...]:
    labels = settings.teachers
    if isinstance(given, Mapping):
        _some(settings, name, list(given))
        there = [label in given for label in labels]
        checks.every(there, name, "has no entry for this teacher", labels)
        given = [given[label] for label in labels]
    array = checks.amounts(1.0 if given is None else given, len(labels), name)
    return tuple(np.broadcast_to(array, len(labels)).tolist())


def _prior(settings: Any, name: str, given: Any) -> GaussianPrior | None:
    check_prior(given)
    return given


def _share(settings: Any, name: str, given: Any) -> float:
    return checks.number(given, name, "must lie between 0 and 1", lambda x: 0.0 <= x <= 1.0)


def _seed(settings: Any, name: str, given: Any) -> int:
    """A seed that can be kept: the int itself, or 63 bits drawn once."""
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given >= 0:
        return int(given)
    return int(checks.rng(given).integers(0, 2**63))


# ---- the options ---------------------------------------------------------------------------------


def _option(default: Any, check: Callable[[Any, str, Any], Any]) -> Any:
    return field(default=default, metadata={"check": check})


def _choice(*words: str) -> Any:
    return _option(words[0], lambda _, name, given: checks.one_of(given, name, words))


def _whole(default: int, least: int, most: int = MOST) -> Any:
    return _option(default, lambda _, name, given: checks.whole(given, name, least, most))


@dataclass(frozen=True)
class Settings:
    """What a loop is set to do: the teachers, and the options of `Distillation`.

    Parameters
    ----------
    teachers : list of int or of str
        Labels of the teachers.
    degree : int, default 2
        Asks of each item in the first round: a design of cycles, see `design_pairs`.
    panel : int or list of labels, optional
        Teachers that vote on each pair: so many, in turns, or these. Default: one teacher a pair,
        in rotation.
    rotation : list of labels, optional
        The period of the rotation, in which a teacher may stand more than once. Default: each once.
    costs : array_like of shape (n_teachers,), or mapping of label to float, optional
        Of a vote of each teacher. Default: 1.
    bridges : int, default 4
        Pairs of items of two groups that each group takes part in, asked in the first round: they
        put the targets of all groups on one scale. 0: none.
    model : str, one of `venire.models.HALF_TIES`
    prior : GaussianPrior or None, default GaussianPrior(0.1)
        Of the fits; see `fit_votes`.
    method : {"auto", "fit", "judges", "consensus", "uniform"}
        How teachers are weighed, see `fit_votes`. "auto": "fit" for a rotation, "consensus" for a
        panel.
    criterion, share : str
        How pairs are chosen after the first round, see `allocate`.
    steering : {"student", "none"}
        Whether the last student's predictions, out of fold by group, are offered to `allocate` as a
        prior mean. It is taken where it predicts votes that were held out better than no student.
    rho : float, default 0.3
        Correlation of the teachers' errors, see `allocate` and `consensus`.
    top : int, default 10
        Of criterion "top", and of nDCG in reports.
    gain : {"linear", "exponential"}
        Of nDCG: the gold value itself, or 2**value - 1.
    rng : int, SeedSequence or Generator, default 0
        One seed is drawn from it, which the field holds; every choice of round r depends on that,
        on r, and on what was asked and told.

    Raises
    ------
    ValueError
        If a label is unknown or given twice, or an option is out of range.
    TypeError
        If an option has a wrong type.

    Examples
    --------
    >>> from venire.distillation import Settings
    >>> Settings(["ann", "bea"], costs={"ann": 1, "bea": 3}).costs
    (1.0, 3.0)
    """

    teachers: tuple[Any, ...] = field(metadata={"check": _labels})
    _: KW_ONLY
    degree: int = _whole(2, 1)
    panel: tuple[Any, ...] | int | None = _option(None, _panel)
    rotation: tuple[Any, ...] | None = _option(None, _rotation)
    costs: tuple[float, ...] = _option(None, _costs)
    bridges: int = _whole(4, 0, 1_000_000)
    model: str = _option(DEFAULT, lambda _, name, given: half_tie_model(given).name)
    prior: GaussianPrior | None = _option(GaussianPrior(0.1), _prior)  # noqa: RUF009
    method: str = _choice("auto", "fit", "judges", "consensus", "uniform")
    criterion: str = _choice(*CRITERIA, *BASELINES)
    share: str = _choice("equal", "gain")
    steering: str = _choice("student", "none")
    rho: float = _option(0.3, _share)
    top: int = _whole(10, 1)
    gain: str = _choice("linear", "exponential")
    rng: int = _option(0, _seed)

    def __post_init__(self) -> None:
        for option in fields(self):
            value = option.metadata["check"](self, option.name, getattr(self, option.name))
            object.__setattr__(self, option.name, value)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        own = {option.name: getattr(self, option.name) for option in fields(self)}
        return own | {"prior": None if self.prior is None else self.prior.to_dict()}

    @classmethod
    def of_plain(cls, saved: Mapping[str, Any]) -> Self:
        """From what `plain` gave."""
        prior = saved.get("prior")
        return cls(**{**saved, "prior": None if prior is None else GaussianPrior.from_dict(prior)})

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
        return np.array(self.teachers, object if isinstance(self.teachers[0], str) else np.int64)

    @cached_property
    def prices(self) -> NDArray[np.float64]:
        """`costs` as an array."""
        return np.array(self.costs)

    def positions(self, labels: Sequence[Any]) -> list[int]:
        """Positions of labels that are known to be teachers."""
        return [self.teachers.index(label) for label in labels]

    def position(self, teacher: Any, argument: str = "teacher") -> int:
        """Position of a teacher's label, which is checked."""
        label = teacher.item() if isinstance(teacher, np.generic) else teacher
        if not isinstance(label, (int, str)) or label not in self.teachers:
            known = ", ".join(repr(t) for t in self.teachers[:20])
            checks.fail(argument, f"is not one of the teachers ({known})", value=label)
        return self.teachers.index(label)
