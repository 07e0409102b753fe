"""One case: calls that are watched, and what counts as a fault of theirs."""

from __future__ import annotations

import functools
import inspect
import re
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import venire as vn
from fuzz.values import Planted, Source
from venire._core.tables import Tabled

__all__ = ["ENTRIES", "Case", "Fault", "Refused", "entry", "run_case"]

PACKAGE = str(Path(vn.__file__).parent)
HERE = str(Path(__file__).parent)
INSIDE = (PACKAGE, f"{HERE}/planted.py")  # what is planted stands in for the package
EXPECTED = (ValueError, TypeError, MemoryError, vn.errors.StateError, vn.ConvergenceError)

MARKUP = {"div", "p", "br", "table", "thead", "tbody", "tr", "th", "td", "bdi"}
SAID = ".*singular to working precision"  # what the package says of a result, in its own words

Entry = Callable[["Case"], None]
ENTRIES: dict[str, Entry] = {}

_default_rng = np.random.default_rng


def _seeded_rng(seed: Any = None) -> np.random.Generator:
    """NumPy's, but without a seed it draws one from NumPy's own, which each case sets anew."""
    return _default_rng(np.random.randint(2**31) if seed is None else seed)  # noqa: NPY002


np.random.default_rng = _seeded_rng


def entry(function: Entry) -> Entry:
    """Make the function an entry: it draws inputs from its case and calls with them."""
    ENTRIES[function.__name__] = function
    return function


class Fault(NamedTuple):
    """What is wrong: of a kind, in an entry, with a seed, at a place, and in words."""

    kind: str  # crash, hang, exception, nonfinite, warning, modified, unnamed, harness
    entry: str
    seed: int
    what: str
    where: str
    trace: str = ""

    @property
    def weak(self) -> bool:
        """Whether only the wording is at fault."""
        return self.kind == "unnamed"

    @property
    def key(self) -> tuple[str, ...]:
        """Faults of one key are one."""
        what = re.sub(r"[\d'\"].*", "", self.what)
        return (self.kind, self.where, what)

    @property
    def replay(self) -> str:
        return f"PYTHONPATH=src:tests python -m fuzz {self.entry} --seed {self.seed} --cases 1"


class Refused(Exception):
    """A call said that its input is wrong, as it should: the case ends here."""


class Found(Exception):
    """A call has a fault: the case ends here."""


class Case(Source):
    """Inputs, and calls with them.

    Parameters
    ----------
    name : str
        The entry.
    seed : int
    folder : path-like, optional
    show : bool
        Print each call.
    """

    def __init__(
        self, name: str, seed: int, folder: Path | None = None, show: bool = False
    ) -> None:
        super().__init__(f"{name} {seed}", folder)
        self.name, self.seed, self.show = name, seed, show
        self.faults: list[Fault] = []
        self.reached: set[str] = set()

    def call(
        self, function: Callable[..., Any], *arguments: Any, allow: Any = EXPECTED, **named: Any
    ) -> Any:
        """Call the function; a refusal ends the case, and so does a fault.

        Parameters
        ----------
        function : callable
        *arguments, **named : object
            Its arguments.
        allow : tuple of exceptions
            What it may raise.
        """
        if self.show:
            _print_call(function, arguments, named)
        self.reached.add(_name(function))
        before = [(x, _fingerprint(x)) for x in _inputs((arguments, named))]
        try:
            result = function(*arguments, **named)
        except Planted:
            raise Refused from None
        except (RuntimeWarning, ImportWarning) as error:
            raise self.found("warning", error) from None
        except allow as error:
            self._modified(function, before)
            self._judge(function, error)
            raise Refused from error
        except Exception as error:
            raise self.found("exception", error) from None
        self._modified(function, before)
        self.reached.update(_kinds(result))
        if self.show:
            print(f"    -> {_brief(result)}")
        if isinstance(result, Tabled):
            self._table(result)
        return result

    def _table(self, result: Tabled) -> None:
        """What a notebook and a document show of it."""
        for show in (result.to_markdown, result.to_latex):
            self.try_(show, top=3)
        html = self.try_(result.to_html, top=3) or self.call(result._repr_html_)
        if not {*re.findall(r"</?(\w*)", html)} <= MARKUP:
            self.note("markup", f"{_name(result.to_html)}: a label is not escaped")

    def get(self, object_: Any, name: str) -> Any:
        """A property, read as `call` calls."""
        value = inspect.getattr_static(type(object_), name, None)
        if self.show:
            print(f"  {type(object_).__name__}.{name}")
        self.reached.add(f"{type(object_).__qualname__}.{name}")
        return self.call(getattr, object_, name) if value is not None else getattr(object_, name)

    def try_(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """`call`, but a refusal gives None and the case goes on."""
        try:
            return self.call(function, *arguments, **named)
        except Refused:
            return None

    def finite(self, what: str, *values: Any) -> None:
        """Note a fault where one of the values is NaN or infinite."""
        for value in values:
            if value is not None and not np.isfinite(np.asarray(value, dtype=float)).all():
                self.note("nonfinite", f"{what} is {_brief(value)}")

    def within(self, what: str, values: Any, low: float, high: float, *, nan: bool = True) -> None:
        """Note a fault where a value is outside, or NaN where that is not allowed."""
        array = np.asarray(values, dtype=float)
        good = (array >= low) & (array <= high)
        if nan:
            good |= np.isnan(array)
        if not good.all():
            self.note("nonfinite", f"{what} is {_brief(values)}, not in [{low}, {high}]")

    def note(self, kind: str, what: str, where: str | None = None, trace: str = "") -> None:
        """Note a fault; the case goes on."""
        if where is None:
            caller = next(f for f in traceback.extract_stack()[::-1] if f.filename != __file__)
            where = _place(caller)
        self.faults.append(Fault(kind, self.name, self.seed, what[:400], where, trace))

    def found(self, kind: str, error: BaseException) -> Found:
        """Note a fault that an exception tells of."""
        frames = traceback.extract_tb(error.__traceback__)
        inside = [f for f in frames if f.filename.startswith(INSIDE)]
        if not inside and frames and frames[-1].filename.startswith(HERE):
            kind = "harness"
        where = _place((inside or frames)[-1])
        trace = "".join(traceback.format_exception(error))
        self.note(kind, f"{type(error).__name__}: {_text(error)}", where, trace)
        return Found()

    def _modified(self, function: Any, before: list[tuple[Any, Any]]) -> None:
        if any(_fingerprint(x) != mark for x, mark in before):
            self.note("modified", f"{_name(function)} changed its input", _name(function))

    def _judge(self, function: Any, error: BaseException) -> None:
        """A refusal should name an argument: one that the function has."""
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        at = last.tb_frame.f_code.co_filename if last else HERE
        if at.startswith(HERE) and not at.startswith(INSIDE):
            raise self.found("harness", error)
        if isinstance(error, (MemoryError, OSError)) or getattr(error, "argument", ""):
            return
        if type(error) not in (ValueError, TypeError):
            return  # one of our own, which has words of its own
        words = set(re.findall(r"\w+", _text(error)))
        if not words & _parameters(function):
            self.found("unnamed", error)


def run_case(
    name: str, seed: int, folder: Path | None = None, show: bool = False
) -> tuple[list[Fault], set[str]]:
    """Run a case.

    Returns
    -------
    list of Fault
    set of str
        Qualified names of what was called, and of the kinds of the results.
    """
    case = Case(name, seed, folder, show)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (what is drawn without a seed is drawn with this)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", RuntimeWarning)
            warnings.filterwarnings("ignore", SAID, RuntimeWarning)
            ENTRIES[name](case)
    except Refused as refused:
        if show:
            print(f"    refused: {refused.__cause__!r}")
    except (Found, Planted):
        pass
    except Exception as error:
        case.found("harness", error)
    return case.faults, case.reached


# ---- inputs and results ---------------------------------------------------------------------


def _inputs(x: Any, depth: int = 0) -> Any:
    """The arrays and lists among the arguments."""
    if isinstance(x, np.ndarray):
        yield x
    elif isinstance(x, (list, tuple)) and depth < 4:
        if isinstance(x, list):
            yield x
        for part in x[:50]:
            yield from _inputs(part, depth + 1)
    elif isinstance(x, dict):
        yield from _inputs(list(x.values()), depth + 1)


def _fingerprint(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        if x.dtype.hasobject:
            return [id(v) for v in x.ravel()]
        return np.asarray(x).tobytes()
    return [id(v) for v in x]


def _kinds(result: Any) -> set[str]:
    """Names of the kinds of the result and of its parts."""
    parts = list(result) if isinstance(result, tuple) else [result]
    kinds = {type(part).__qualname__ for part in parts}
    if isinstance(result, tuple):
        kinds.add(type(result).__qualname__)
    for value in vars(result).values() if hasattr(result, "__dict__") else ():
        kinds.add(type(value).__qualname__)
        if isinstance(value, tuple):
            kinds.update(type(v).__qualname__ for v in value[:3])
    return kinds


@functools.cache
def _parameters_of(function: Any) -> frozenset[str]:
    try:
        names = set(inspect.signature(function).parameters)
    except (ValueError, TypeError):
        names = set()
    return frozenset(names - {"self", "kind", "method"} | (names & {"kind", "method"}))


def _parameters(function: Any) -> frozenset[str]:
    return _parameters_of(getattr(function, "__func__", function))


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", type(function).__qualname__)


def _place(frame: traceback.FrameSummary) -> str:
    path = frame.filename
    for prefix in (PACKAGE, HERE):
        path = path.replace(f"{prefix}/", "")
    path = re.sub(r".*/(site-packages|lib/python3\.\d+)/", "", path)
    return f"{path}:{frame.lineno} {frame.name}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:
        return f"(no message: {type(second).__name__})"


def _brief(x: Any) -> str:
    try:
        return re.sub(r"\s+", " ", repr(x))[:200]
    except Exception as error:
        return f"<{type(x).__name__}, whose repr raises {type(error).__name__}>"


def _print_call(function: Any, arguments: Any, named: Any) -> None:
    print(f"  {_name(function)}(")
    for value in arguments:
        print(f"    {_brief(value)},")
    for name, value in named.items():
        print(f"    {name}={_brief(value)},")
    print("  )")
