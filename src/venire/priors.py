"""Priors: regularisation is always one of these named objects.

A fit asks the object for what it needs, in the form of `ItemPriors`: nobody else reads `precision`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.foreign import local

__all__ = ["EVIDENCE", "GaussianPrior", "ItemPriors", "check_prior", "item_priors"]

EVIDENCE = "evidence"  # a precision that the data choose
MOST_MEAN = 1e3  # differences of theta stay far within what the links are exact for


class ItemPriors(NamedTuple):
    """The priors of the items of one fit, in their order: what the native layer takes.

    Attributes
    ----------
    mean, precision : ndarray of float64, shape (n_items,), or None
        One for each item; both None where all items have one prior, or none has any.
    all : float
        The one precision; 0 without a prior, and where there are arrays.
    centre : float
        The one mean. What is fitted is theta less this.
    """

    mean: NDArray[np.float64] | None = None
    precision: NDArray[np.float64] | None = None
    all: float = 0.0
    centre: float = 0.0

    @property
    def given(self) -> bool:
        """Whether there is a prior."""
        return self.precision is not None or self.all > 0.0

    @property
    def ridge(self) -> float | NDArray[np.float64]:
        """What the priors add to the diagonal of the information: one number, or (n_items,)."""
        return self.all if self.precision is None else self.precision

    def levelled(
        self, theta: NDArray[np.float64], component: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """`theta`, less `centre`, shifted in each component to where the penalty is least.

        That costs no likelihood. Where all items have one prior, or none, it is to mean 0.
        """
        miss = theta if self.mean is None else theta - self.mean
        return theta - self.level(miss, component)[component]

    def level(self, x: NDArray[Any], component: NDArray[np.int32]) -> NDArray[np.float64]:
        """Mean of x, (n_items,), in each component; weighted by precisions that go by item."""
        own = x if self.precision is None else self.precision * x
        total = np.bincount(component) if self.precision is None else self.total(component)
        return np.asarray(np.bincount(component, own) / total, np.float64)

    def total(self, component: NDArray[np.int32]) -> NDArray[np.float64]:
        """Precision of each component's level, about which comparisons say nothing."""
        if self.precision is None:
            return np.asarray(self.all * np.bincount(component), np.float64)
        return np.asarray(np.bincount(component, self.precision), np.float64)

    def part(self, items: slice) -> GaussianPrior | None:
        """The prior of some of the items, as a prior of its own."""
        if self.precision is None or self.mean is None:
            return GaussianPrior(self.all, self.centre) if self.given else None
        return GaussianPrior(self.precision[items], self.mean[items])


@dataclass(frozen=True, eq=False, repr=False)
class GaussianPrior:
    """Independent normal priors of the log-strengths.

    Subtracts ``sum(precision / 2 * (theta - mean)**2)`` from the log-likelihood. It does not touch
    the order effect or the tie parameter.

    Parameters
    ----------
    precision : float, array_like of shape (n_items,), mapping, dataframe or "evidence"
        Inverse variance, from 1e-30 to 1e30, in the unit of theta (1 / logit² or 1 / probit²). One
        number for all items, or one for each: an array (or series) in the order of the fit's
        `items`, a mapping from labels, or a frame whose last column holds the values and whose
        others name the item. In fits of groups labels are (group, item), and an array goes over
        the items of all groups in their order. "evidence": one number, at which the evidence (the
        marginal likelihood, by Laplace's approximation) is largest; `fit.prior` has the number,
        `fit.evidence` says how it was found.
    mean : the same as precision's numbers, default 0
        Prior mean, of a size of at most 1000, in the unit of theta.
    by : array_like of shape (n_items,), mapping or dataframe, optional
        Of what league (family, class) each item is, in the same forms, as text or whole numbers.
        Then items are spread about a mean of their league's, and a fit finds these means by the
        data; `mean` is a number: of all items that are linked by comparisons or leagues. They are
        numbers of `fit.prior` then, `fit.prior_means` says how well they are known. In single fits
        of comparisons; a mapping may have more items than a fit.

    Raises
    ------
    TypeError
        If a value is not a number, or a league is neither text nor a whole number.
    ValueError
        If a value is out of range, or a label occurs twice; in a fit, if labels or sizes do not go
        with its items.

    Notes
    -----
    Where all items have one mean and one precision, theta of each component has that mean after the
    fit, and standard errors are of deviations from it. Otherwise theta has the origin that the
    means give it: nothing is centred, and standard errors are those of theta itself.

    Examples
    --------
    >>> import venire as vn
    >>> vn.GaussianPrior(0.01)
    GaussianPrior(precision=0.01)
    >>> c = vn.Comparisons(["a"], ["b"], score=[0.5])
    >>> prior = vn.GaussianPrior(100.0, mean={"a": 1.0, "b": -1.0})
    >>> vn.fit_bradley_terry(c, prior=prior).theta.round(2).tolist()
    [1.0, -1.0]
    >>> c = vn.Comparisons(["a", "a", "b", "c"], ["b", "c", "d", "b"], [1, 1, 1, 0.5])
    >>> league = {"a": "A", "b": "B", "c": "A", "d": "B"}
    >>> fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(1.0, by=league))
    >>> fit.prior_means.labels, fit.prior.mean.round(2).tolist()
    (('A', 'B'), [0.74, -0.74, 0.74, -0.74])
    """

    precision: Any
    mean: Any = 0.0
    by: Any = None

    def __post_init__(self) -> None:
        least, most = 1.0 / checks.LARGEST, checks.LARGEST
        rule = f"must be finite and > 0, from {least:g} to {most:g}, or {EVIDENCE!r}"
        if not self.is_estimated:
            object.__setattr__(
                self, "precision", _values(self.precision, "precision", least, most, rule)
            )
        rule = f"must be finite and of a size of at most {MOST_MEAN:g}"
        object.__setattr__(self, "mean", _values(self.mean, "mean", -MOST_MEAN, MOST_MEAN, rule))
        if self.by is None:
            return
        object.__setattr__(self, "by", _labelled(self.by))
        if not _is_number(self.mean):
            checks.fail("mean", "must be one number where the data find means, with by")

    def __repr__(self) -> str:
        mean = "" if self._is_at_zero else f", mean={_shown(self.mean)}"
        by = "" if self.by is None else f", by={_counted(self.by)}"
        return f"GaussianPrior(precision={_shown(self.precision)}{mean}{by})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GaussianPrior):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.precision, self.mean, self.by))  # arrays and mappings have none

    def __reduce__(self) -> tuple[Any, ...]:
        all_ = (self.precision, self.mean, self.by)
        return GaussianPrior, tuple(dict(x) if isinstance(x, Mapping) else x for x in all_)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the same prior from; of the types that JSON has."""
        out = {"precision": _to_plain(self.precision), "mean": _to_plain(self.mean)}
        return out if self.by is None else out | {"by": _to_plain(self.by)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GaussianPrior:
        """The prior that `to_dict` was called on."""
        if not isinstance(values, Mapping) or not set(values) <= {"precision", "mean", "by"}:
            rule = "must be a mapping of precision, mean and by"
            checks.fail("values", rule, value=values, kind=TypeError)
        return cls(**{str(name): _from_plain(value) for name, value in values.items()})

    def describe(self) -> str:
        """In words, for summaries and reports."""
        mean = "" if self._is_at_zero else f" and mean {_shown(self.mean)}"
        if self.by is not None:
            mean += f" about means of {_counted(self.by)}"
        if self.is_estimated:
            return f"normal prior of the precision that the evidence wants{mean}"
        own = self.precision
        shown = f"{own:.4g}" if _is_number(own) else _shown(own)
        return f"normal prior of precision {shown}{mean}"

    def penalty(self, theta: Any, items: Any = None) -> float:
        """What the prior takes off the log-likelihood at `theta`, (n_items,).

        `items`: their labels, where the prior goes by label.
        """
        n, theta = checks.columns(theta=theta)
        theta = checks.finite(theta, n, "theta")
        own = self.native(np.arange(len(theta)) if items is None else np.asarray(items))
        mean = own.centre if own.mean is None else own.mean
        with np.errstate(over="ignore"):  # beyond all numbers: infinite
            return 0.5 * float(np.sum(own.ridge * (theta - mean) ** 2))

    def native(
        self, items: NDArray[Any], groups: Any = None, offsets: Any = None, *, others: bool = False
    ) -> ItemPriors:
        """Look up the items of a fit.

        Parameters
        ----------
        items : ndarray, shape (n_items,)
            Labels.
        groups, offsets : ndarray, shapes (n_groups,) and (n_groups + 1,), optional
            In fits of groups: their labels, and where the items of each start.
        others : bool, default False
            Labels of other items may have values too.

        Raises
        ------
        ValueError
            If an item has no value, a label is not among the items, or an array is not as long.
        """
        if self.is_estimated:
            reason = "has to be a number here: only fits find it by the evidence"
            checks.fail("precision", reason, value=self.precision)
        if self.by is not None:
            reason = "means are found in single fits of comparisons only"
            cure = "give them as numbers, mean=..., such as those of fit.prior"
            checks.fail("by", reason, cure=cure)
        if _is_number(self.precision) and _is_number(self.mean):
            return ItemPriors(all=self.precision, centre=self.mean)
        both = [
            _of_items(getattr(self, name), name, items, groups, offsets, others)
            for name in ("precision", "mean")
        ]
        if len(items) and all((x == x[0]).all() for x in both):
            return ItemPriors(all=float(both[0][0]), centre=float(both[1][0]))
        return ItemPriors(precision=both[0], mean=both[1])

    @property
    def is_estimated(self) -> bool:
        """Whether its precision is chosen by the data of each fit."""
        return isinstance(self.precision, str) and self.precision == EVIDENCE

    def at(self, precision: float) -> GaussianPrior:
        """The same with this precision."""
        return GaussianPrior(precision, self.mean, self.by)

    def about(self, mean: Any) -> GaussianPrior:
        """The same with these means, which are known."""
        return GaussianPrior(self.precision, mean)

    def leagues(self, items: NDArray[Any]) -> tuple[list[Any], NDArray[np.int32]]:
        """The labels of `by` that the items of a fit have, sorted, and which of them each has.

        Raises
        ------
        ValueError
            If an item has none, or there are not as many as items.
        """
        own = self.by
        if isinstance(own, Mapping):
            labels = items.tolist()
            missing = next((k for k, label in enumerate(labels) if label not in own), None)
            if missing is not None:
                rule = "must hold a label for every item, and has none for this one"
                checks.fail("by", rule, missing, labels[missing])
            own = [own[label] for label in labels]
        if len(own) != len(items):
            checks.fail("by", f"holds {len(own)} labels, but there are {len(items)} items")
        names = sorted(set(own))
        place = {name: k for k, name in enumerate(names)}
        return names, np.array([place[label] for label in own], np.int32)

    @property
    def _is_at_zero(self) -> bool:
        return _is_number(self.mean) and self.mean == 0.0

    @property
    def goes_by_place(self) -> bool:
        """Whether it has an array, which fits one list of items alone."""
        by = isinstance(self.by, tuple)
        return by or any(isinstance(x, np.ndarray) for x in (self.precision, self.mean))


def check_prior(prior: Any) -> None:
    """Refuse what is neither a prior nor None."""
    if prior is not None and not isinstance(prior, GaussianPrior):
        number = type(prior) in (int, float) and 0 < prior < checks.LARGEST
        cure = f"say GaussianPrior({prior!r})" if number else ""
        reason = "must be a GaussianPrior or None"
        checks.fail("prior", reason, value=prior, cure=cure, kind=TypeError)


def item_priors(
    prior: GaussianPrior | None, items: NDArray[Any], groups: Any = None, offsets: Any = None
) -> ItemPriors:
    """What `prior`, or none, is for the items of a fit; see `GaussianPrior.native`."""
    return ItemPriors() if prior is None else prior.native(items, groups, offsets)


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def _values(x: Any, name: str, low: float, high: float, rule: str) -> Any:
    """A number, a read-only array or a read-only mapping, with all values from low to high."""
    if hasattr(x, "columns"):
        x = _from_frame(x, name)
    x = local(x, name)
    if isinstance(x, Mapping):
        numbers = checks.within(list(x.values()), len(x), name, low, high, rule)
        return MappingProxyType(dict(zip(x, numbers.tolist(), strict=True)))
    if isinstance(x, (str, bytes)) or getattr(x, "shape", None) == () or not hasattr(x, "__len__"):
        return checks.number(x, name, rule, lambda value: low <= value <= high)
    x = checks.numeric(x, name)
    out = np.array(checks.within(x, x.size, name, low, high, rule))
    out.flags.writeable = False
    return out


def _labelled(x: Any) -> Any:
    """Labels as a tuple, or as a read-only mapping."""
    if hasattr(x, "columns"):
        x = _from_frame(x, "by")
    if isinstance(x, Mapping):
        return MappingProxyType(dict(zip(x, _labels_in(list(x.values())), strict=True)))
    for method in ("to_list", "tolist"):
        if hasattr(x, method):
            x = getattr(x, method)()
            break
    if isinstance(x, (str, bytes)) or not isinstance(x, Sequence):
        rule = "must be a label for each item: an array, a mapping or a frame"
        checks.fail("by", rule, value=x, kind=TypeError)
    return tuple(_labels_in(x))


def _labels_in(values: Sequence[Any]) -> Sequence[Any]:
    values = [x.item() if isinstance(x, np.generic) else x for x in values]
    for at, label in enumerate(values):
        if label is None or label != label or (isinstance(label, str) and not label):
            checks.fail("by", "is missing", at, label)
        if not isinstance(label, (str, int)) or isinstance(label, bool):
            checks.fail("by", "must be text or a whole number", at, label, kind=TypeError)
        if isinstance(label, str) != isinstance(values[0], str):
            checks.fail("by", "must be text, or whole numbers, throughout", at, label)
        if not isinstance(label, str) and not -(2**63) <= label < 2**63:
            checks.fail("by", "must be a whole number of 64 bits", at, label)
    return values


def _counted(by: Any) -> str:
    n = len(set(by.values() if isinstance(by, Mapping) else by))
    return f"{n} league" + "s" * (n != 1)


def _from_frame(frame: Any, name: str) -> dict[Any, Any]:
    """Labels and values of a frame; of several columns of labels, a label is a tuple."""
    import narwhals as nw

    table = nw.from_native(frame, eager_only=True)
    if len(table.columns) < 2:
        checks.fail(name, "is a frame without a column of labels before that of values")
    *labels, values = (table[column].to_list() for column in table.columns)
    keys = labels[0] if len(labels) == 1 else list(zip(*labels, strict=True))
    out = dict(zip(keys, values, strict=True))
    if len(out) < len(keys):
        last = {key: k for k, key in enumerate(keys)}
        again = next(k for k, key in enumerate(keys) if last[key] > k)
        checks.fail(name, "must hold one value for each item, and has more for", again, keys[again])
    return out


def _labels(items: NDArray[Any], groups: Any, offsets: Any) -> list[Any]:
    if groups is None:
        return items.tolist()
    return list(zip(np.repeat(groups, np.diff(offsets)).tolist(), items.tolist(), strict=True))


def _of_items(
    value: Any, name: str, items: NDArray[Any], groups: Any, offsets: Any, others: bool
) -> NDArray[np.float64]:
    """One value for each item."""
    n = len(items)
    if _is_number(value):
        return np.full(n, value)
    if isinstance(value, np.ndarray):
        if len(value) != n:
            checks.fail(name, f"holds {len(value)} values, but there are {n} items")
        return value
    labels = _labels(items, groups, offsets)
    out = np.array([value.get(label, np.nan) for label in labels])
    missing = np.isnan(out)
    if missing.any():
        at = int(np.argmax(missing))
        rule = "must hold a value for every item, and has none for this one"
        checks.fail(name, rule, at, labels[at])
    if len(value) > n and not others:
        known = set(labels)
        unknown = next(label for label in value if label not in known)
        checks.fail(name, "must name items of the fit only", value=unknown)
    return out


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    if _is_number(value):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    numbers = np.array(list(value.values())) if isinstance(value, Mapping) else value
    if not len(numbers):
        return "by item"
    return f"by item ({numbers.min():g} to {numbers.max():g})"


def _to_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        labels = [x.item() if isinstance(x, np.generic) else x for x in value]
        labels = [list(label) if isinstance(label, tuple) else label for label in labels]
        return {"items": labels, "values": list(value.values())}
    if isinstance(value, tuple):
        return list(value)
    return value.tolist() if isinstance(value, np.ndarray) else value


def _from_plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    labels = [tuple(label) if isinstance(label, list) else label for label in value["items"]]
    return dict(zip(labels, value["values"], strict=True))
