"""The paired-comparison models as data: one row a model.

With d = theta_first - theta_second + gamma * order, every model here is

* **symmetric**: swapping the two sides is d -> -d with wins and losses exchanged (cells are stored
  one way round);
* **log-concave**: the log-probability of each outcome is concave in d, jointly with the log of the
  tie parameter where there is one (Newton's method needs curvatures >= 0);
* **safe**: value, slope and curvature are right to a size of d of 1e4 and finite far beyond.

A tie is half a win to each side, or it is an outcome of its own and follows a law with one
parameter. Without ties such a model is Bradley and Terry's: `Model.fitted` says so, once.

The functions that fits call are in the native layer, under the same name (csrc/vn_model.h); what is
here is what Python asks of a model. Everything else asks the row. `Model.custom` adds a row whose
functions a caller brings; it is held to the same laws.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire._core import checks
from venire.models import formulas

__all__ = ["DEFAULT", "HALF_TIES", "MODELS", "RANKINGS", "Model", "TieLaw", "functions_of",
           "half_tie_model", "model_of", "names"]  # fmt: skip


@dataclass(frozen=True)
class Functions:
    """Where the C functions of a row are that a caller brought.

    Attributes
    ----------
    cell, log_likelihood : int
        Addresses.
    slope : float
        F'/F between equals.
    kept : tuple
        What the addresses are of: it lives as long.
    """

    cell: int
    log_likelihood: int
    slope: float
    kept: tuple[Any, ...] = field(repr=False, compare=False)


@dataclass(frozen=True)
class TieLaw:
    """How often comparisons end in a tie: a law with one parameter, fitted as its log.

    Attributes
    ----------
    symbol : str
        Name of the parameter.
    boundary : float
        Its least value, at which there are no ties.
    typical : float
        What simulations take where nothing is said.
    log_at : callable
        Log of the parameter at which equals tie with a given probability.
    reach : float
        Where ties stay likely as both grow: the largest difference, for each unit of the log.
    """

    symbol: str
    boundary: float
    typical: float
    log_at: Callable[[float], float]
    reach: float = 1.0

    @property
    def log_boundary(self) -> float:
        """Lower bound of the log of the parameter."""
        return math.log(self.boundary) if self.boundary > 0.0 else -math.inf

    def inside(self, value: float | None) -> bool:
        """Whether a fit's parameter was estimated: without ties it is on its boundary."""
        return value is not None and value > self.boundary

    def start(self, share: float) -> float:
        """Where a fit starts that sees this share of ties: as if all items were equal."""
        return self.log_at(min(max(share, 1e-300), 0.99))  # nothing but ties, or none: not finite


@dataclass(frozen=True)
class Model:
    """One paired-comparison model.

    Attributes
    ----------
    name : str
        As arguments have it.
    title : str
        As tables have it.
    scale : {"logit", "probit"}
        Of theta, see `venire.scales`; or the name of a custom model, if it is on none of these.
    probabilities : callable
        Of differences d, and of the log of the tie parameter: P(first wins) in the shape of d, or,
        with a tie law, with a last axis of length 3: win, tie, loss of first.
    tie : TieLaw or None
        None: a tie counts as half a win to each side.
    mm : bool
        Whether ``method="mm"`` applies.
    also : tuple of str
        What others call it: named where such a word is refused.
    source : (str, str)
        Where it was first described, and the DOI of that.
    functions : Functions or None
        Of a custom model.
    """

    name: str
    title: str
    scale: str
    probabilities: Callable[[np.ndarray, float], np.ndarray]
    tie: TieLaw | None = None
    mm: bool = False
    also: tuple[str, ...] = ()
    source: tuple[str, str] = ("", "")
    functions: Functions | None = None

    @classmethod
    def custom(
        cls,
        name: str,
        *,
        cell: Any,
        log_likelihood: Any,
        probability: Any = None,
        title: str | None = None,
        scale: str | None = None,
        source: tuple[str, str] = ("", ""),
        replace: bool = False,
    ) -> Model:
        """Add a model to the table whose link you bring as C functions.

        With F(d) the probability that first wins, a cell of masses win and loss has the
        log-likelihood l = win * log F(d) + loss * log F(-d). A tie counts as half a win to each.

        Parameters
        ----------
        name : str
            What ``model=`` then takes: small letters, digits, ``-``, ``_`` and ``.``.
        cell : C function
            ``void (const double *d, const double *win, const double *loss, int64_t n, double *g,
            double *h)``: g = dl/dd and h = -d2l/dd2 of n cells. Made by `numba.cfunc`, of a
            library that `ctypes` loaded, an address, a capsule of Cython's, or a
            `scipy.LowLevelCallable` of one of these. It is called by several threads at once,
            without the interpreter's lock: it must not run Python and must not keep state.
        log_likelihood : C function
            ``double (const double *d, const double *win, const double *loss, int64_t n)``: l, added
            up over n cells.
        probability : callable, optional
            F of an array of d, in NumPy. Default: from the slopes of `cell`, which say it.
        title : str, optional
            As tables have it; default: the name.
        scale : {"logit", "probit"}, optional
            Of theta, for what rescales it. Default: a scale of its own, and no other is offered.
        source : (str, str), optional
            Where it was first described, and the DOI of that.
        replace : bool, default False
            Whether a custom model of this name may be replaced. Fits that were made with it have
            its name, and ask the new one.

        Returns
        -------
        Model
            It is in the table as long as the process runs; so are the functions. Others know it by
            its name: a process that loads a fit must have made the model too.

        Raises
        ------
        TypeError
            If a function is no C function, or has another signature.
        ValueError
            If the name is taken, or a law is broken: the message says which, at which d, and what
            was found. F is symmetric; it rises; log F is concave, h >= 0; g and h are the
            derivatives; everything is finite for ``|d|`` <= 1e4.

        Notes
        -----
        The laws are checked once, here, in about 0.1 s. A point between those that are looked at
        may still break them.

        Examples
        --------
        >>> import math, numba
        >>> import venire as vn
        >>> row = "CPointer(double), CPointer(double), CPointer(double), int64"
        >>> @numba.cfunc(f"void({row}, CPointer(double), CPointer(double))")
        ... def cell(d, win, loss, n, g, h):
        ...     for k in range(n):
        ...         e = math.exp(-abs(d[k]))
        ...         up = 1.0 / (1.0 + e) if d[k] >= 0.0 else e / (1.0 + e)
        ...         down = e / (1.0 + e) if d[k] >= 0.0 else 1.0 / (1.0 + e)
        ...         g[k] = win[k] * down - loss[k] * up
        ...         h[k] = (win[k] + loss[k]) * up * down
        >>> @numba.cfunc(f"double({row})")
        ... def log_likelihood(d, win, loss, n):
        ...     total = 0.0
        ...     for k in range(n):
        ...         total -= (win[k] + loss[k]) * math.log1p(math.exp(-abs(d[k])))
        ...         total -= max(d[k], 0.0) * loss[k] + max(-d[k], 0.0) * win[k]
        ...     return total
        >>> logistic = vn.Model.custom(
        ...     "my-logistic", cell=cell, log_likelihood=log_likelihood, scale="logit"
        ... )
        >>> c = vn.Comparisons.from_counts([0], [1], win=[3], loss=[1])
        >>> vn.ratings.fit_model(c, model="my-logistic").theta.round(6).tolist()
        [0.549306, -0.549306]
        """
        from venire.models.custom import checked

        _name_of_custom(name, replace)
        if scale is not None:
            checks.one_of(scale, "scale", tuple(_UNITS))
        functions, chances = checked(cell, log_likelihood, probability)
        row = cls(
            name, _title(title, name), scale or name, chances,
            source=_source(source), functions=functions,
        )  # fmt: skip
        _TABLE[name] = row
        return row

    def __reduce__(self) -> Any:
        """Functions are not sent: who reads it has the row, or is told that it has not."""
        return model_of, (self.name,)

    @property
    def unit(self) -> str:
        """The unit of theta in words."""
        return _UNITS.get(self.scale, f"units of {self.title}")

    @property
    def variance_share(self) -> float:
        """What the variance of a theta difference adds to that of the link, taken as 1.

        P averaged over a normal d of variance v is about P(d / sqrt(1 + share * v)): exact for the
        normal curve, close for the logistic one (MacKay 1992, doi:10.1162/neco.1992.4.5.720).
        """
        if self.functions is not None:  # of the normal curve that is as steep between equals
            return math.pi / 2.0 * self.functions.slope**2
        return _VARIANCE_SHARES[self.scale]

    def fitted(self, free_tie: bool) -> Model:
        """The model that fits run: without a tie, or its parameter, Bradley and Terry's."""
        return self if self.tie is None or free_tie else _TABLE["bradley-terry"]


_UNITS = {"logit": "natural-log units", "probit": "standard deviations of a difference"}
_VARIANCE_SHARES = {"logit": math.pi / 8.0, "probit": 1.0}


_ROWS = (
    Model(
        "bradley-terry", "Bradley–Terry", "logit", formulas.logistic, mm=True,
        also=("bt", "btl", "bradley-terry-luce", "elo", "logistic", "logit"),
        source=(
            "R. Bradley, M. Terry (1952): Rank analysis of incomplete block designs, I.",
            "10.2307/2334029",
        ),
    ),
    Model(
        "thurstone", "Thurstone Case V", "probit", formulas.normal,
        also=("probit", "normal", "thurstone-mosteller", "tm", "case-v"),
        source=("L. Thurstone (1927): A law of comparative judgment.", "10.1037/h0070288"),
    ),
    Model(
        "davidson", "Davidson (ties)", "logit", formulas.davidson, mm=True,
        also=("btd", "bt-ties", "bradley-terry-davidson", "ties"),
        source=(
            "R. Davidson (1970): On extending the Bradley-Terry model to accommodate ties in "
            "paired comparison experiments.",
            "10.1080/01621459.1970.10481082",
        ),
        tie=TieLaw("nu", 0.0, 0.5, lambda share: math.log(2.0 * share / (1.0 - share)), 2.0),
    ),
    Model(
        "rao-kupper", "Rao–Kupper (ties)", "logit", formulas.rao_kupper, mm=True, also=("rk",),
        source=(
            "P. Rao, L. Kupper (1967): Ties in paired-comparison experiments: a generalization of "
            "the Bradley-Terry model.",
            "10.1080/01621459.1967.10482901",
        ),
        tie=TieLaw("eta", 1.0, 1.5, lambda share: math.log1p(2.0 * share / (1.0 - share)), 1.0),
    ),
)  # fmt: skip
_TABLE = {row.name: row for row in _ROWS}

#: The model of whole rankings, of two items Bradley and Terry's; no fit of comparisons takes it.
RANKINGS = Model(
    "plackett-luce", "Plackett–Luce", "logit", formulas.logistic, mm=True,
    source=("R. Plackett (1975): The analysis of permutations.", "10.2307/2346567"),
)  # fmt: skip

#: Names of the models.
MODELS = tuple(_TABLE)
#: What others call them.
ALIASES = {word: row.name for row in _ROWS for word in row.also}
#: Where nothing is said.
DEFAULT = MODELS[0]
#: Names of those that count a tie as half a win to each side.
HALF_TIES = tuple(row.name for row in _ROWS if row.tie is None)


def names() -> tuple[str, ...]:
    """Names of the models, those that callers added included.

    Returns
    -------
    tuple of str
    """
    return tuple(_TABLE)


def model_of(name: str | Model) -> Model:
    """The row of a model.

    Parameters
    ----------
    name : str or Model
        A row stands for its name.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If no model has the name, or a row is not, or no longer, in the table.

    Examples
    --------
    >>> model_of("davidson").tie.symbol, model_of("thurstone").unit
    ('nu', 'standard deviations of a difference')
    """
    return _row(name, names())


def half_tie_model(name: str | Model) -> Model:
    """The row of a model that counts a tie as half a win to each side.

    Parameters
    ----------
    name : str or Model

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        As `model_of`, and if ties are outcomes of their own.

    Examples
    --------
    >>> half_tie_model("thurstone").title
    'Thurstone Case V'
    """
    return _row(name, tuple(row.name for row in _TABLE.values() if row.tie is None))


def functions_of(name: str) -> Functions | None:
    """The functions of a custom model.

    Parameters
    ----------
    name : str

    Returns
    -------
    Functions or None
        None of a model that comes with the package, and of none.

    Examples
    --------
    >>> functions_of("thurstone") is None
    True
    """
    row = _TABLE.get(name)
    return None if row is None else row.functions


def _row(name: Any, choices: tuple[str, ...]) -> Model:
    if isinstance(name, Model):
        if _TABLE.get(name.name, name) is not name:
            checks.fail("model", "was replaced by another of its name", value=name.name)
        name = name.name
    if type(name) is str and name == RANKINGS.name and len(choices) == len(_TABLE):
        return RANKINGS
    if type(name) is str and name in choices:
        return _TABLE[name]
    try:
        return _TABLE[checks.one_of(name, "model", choices, ALIASES)]
    except checks.BadValueError as error:
        if type(name) is str and _NAME.fullmatch(name) and name not in (*_TABLE, *ALIASES):
            error.cure = "; ".join(filter(None, [error.cure, _UNKNOWN]))
        raise


_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_UNKNOWN = "a model of your own is known once Model.custom has made it, in each process"


def _name_of_custom(name: Any, replace: Any) -> None:
    """Whether a custom model can have the name."""
    if not isinstance(name, str):
        checks.fail("name", f"must be a str, not {type(name).__name__}", kind=TypeError)
    if not _NAME.fullmatch(name):
        checks.fail("name", "must be of small letters, digits, '-', '_' and '.'", value=name)
    if name in (*MODELS, *ALIASES, RANKINGS.name, *_UNITS, "erf", "standardized"):
        checks.fail("name", "is taken", value=name)
    if name in _TABLE and not checks.flag(replace, "replace"):
        checks.fail("name", "is that of another custom model", value=name,
                    cure="say replace=True to have it replaced")  # fmt: skip


def _source(source: Any) -> tuple[str, str]:
    known = isinstance(source, tuple) and [type(x) for x in source] == [str, str]
    if not known or any(source) != all(source):
        checks.fail("source", "must be two texts, a title and a DOI", value=source)
    return source


def _title(title: Any, name: str) -> str:
    if title is None:
        return name
    if not isinstance(title, str) or not title.strip():
        checks.fail("title", "must be a text", value=title)
    return title
