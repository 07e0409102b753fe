"""The columns of a table of comparisons, or of votes, by what each of them says.

One list for all who read a table: data frames, files, batches of them, and the options of commands,
which are made from the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, TypedDict

from venire._core import checks
from venire.data._named import Named, check_ageing
from venire.data.named_covariates import listed_covariates, named_columns

__all__ = ["ColumnNames", "Columns", "VoteColumnNames", "VoteColumns"]

WHO, FURTHER, VOTES = "Who won (one way)", "Further columns", "Votes (one way)"
JUDGED = "Who judged what"


def _column(says: str, topic: str = FURTHER, typed: Any = str | None, **more: Any) -> Any:
    """An optional column; what it says is the help of its option, too, which is typed as text."""
    return field(default=None, metadata={"says": says, "topic": topic, "typed": typed, **more})


def _skipping() -> Any:
    says = "Leave out rows without an outcome or a label, and say how many."
    about = {"says": says, "topic": FURTHER, "flags": ("--skip-missing",), "more": {}}
    return field(default=False, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Columns(Named):
    """Names of the columns that describe comparisons.

    Exactly one of `outcome`, `score`, `first_score` with `second_score`, or `win` with `loss` says
    who won.

    Parameters
    ----------
    first, second : str
        Labels of the compared items.
    outcome : str, optional
        Words, the numbers 1, 0.5 and 0, or the winner's label.
    mapping : mapping, optional
        Value of `outcome` -> score in [0, 1], or one of "first", "second" and "tie", or None, which
        leaves the row out. It adds to what is known without it.
    score : str or float, optional
        Scores in [0, 1]; or a number, the score of every row: 1 where `first` is the winner.
    first_score, second_score : str, optional
        Points: the larger wins, equal is a tie.
    win, loss, tie : str, optional
        Counts, from the view of first.
    weight : str, optional
        How many comparisons a row stands for.
    order : str, optional
        +1, -1 and 0: first, second, neither had the order advantage.
    neutral : str, optional
        Truth values: where true, nobody had the advantage (order 0), elsewhere `order`, or +1
        without one.
    cluster : str, optional
        Labels of clusters, whose rows are resampled together.
    group : str, optional
        Labels of groups, each of which has items of its own.
    date : str, optional
        When it was: dates, text of ISO 8601, or numbers. Fits read it if it is named, or if there
        is a half-life.
    covariates : str, list or mapping, optional
        Columns of what else may tell who wins (length, style, rest): numbers, of first less second.
        A pair of columns, ``("length_a", "length_b")`` in a list, stands for their difference; a
        mapping gives names of one's own. Of a name that no column has, as in ``"length"``, the two
        columns of the two sides are found.
    half_life : float, optional
        Age at which a row weighs half of what it did: in days, or in the unit of dates that are
        numbers. The column of dates is found if it is not named.
    at : date or number, optional
        When rows weigh all that they do; none may lie after. Default: the latest date.
    skip_missing : bool, default False
        Leave out rows that lack an outcome or a label, which else are errors. Rows that are wholly
        empty, or have no result ("*"), are left out in any case; `Taken.dropped` counts them all.

    Attributes
    ----------
    names : dict of str to str
        The column of each argument that was given; those of covariates one by one.

    Raises
    ------
    TypeError
        If the arguments contradict each other, `first` or `second` is missing, nothing says who
        won, or one of them cannot name a column.
    ValueError
        If `score` is a number outside [0, 1].

    Examples
    --------
    >>> import venire as vn
    >>> columns = vn.Columns(first="home", second="away", outcome="result")
    >>> columns.names
    {'first': 'home', 'second': 'away', 'outcome': 'result'}
    >>> games = {"home": ["x", "y"], "away": ["y", "x"], "result": ["win", "draw"]}
    >>> vn.Comparisons.from_frame(games, columns).tie.tolist()
    [1.0, 0.0]
    """

    first: str = field(metadata={"says": "Label of the first item.", "topic": "Items"})
    second: str = field(metadata={"says": "Label of the second item.", "topic": "Items"})
    outcome: str | None = _column("Words (first, second, tie, ...), 1/0.5/0 or the winner.", WHO)
    mapping: Mapping[Any, Any] | None = None
    score: str | float | None = _column(
        "Share that first got, 0 to 1; 0.5 is a tie. Or a number: 1 where first is the winner.", WHO
    )
    first_score: str | None = _column("Points of first: more than second wins.", WHO)
    second_score: str | None = _column("Points of second.", WHO)
    win: str | None = _column("Number of wins of first.", WHO)
    loss: str | None = _column("Number of losses of first.", WHO)
    tie: str | None = _column("Number of ties.", WHO)
    weight: str | None = _column("How many comparisons a row stands for.")
    order: str | None = _column("+1 first had the order advantage, -1 second had, 0 neither.")
    neutral: str | None = _column("True where nobody had the order advantage.")
    cluster: str | None = _column("What is resampled together: user, judge, query.")
    group: str | None = _column("What the items belong to: query, topic, user.")
    date: str | None = _column("When it was.")
    covariates: Any = _column(  # noqa: RUF009
        "A number that may tell who wins: the column NAME, of first less second, or the columns "
        "NAME_a and NAME_b, or NAME=COLUMN-COLUMN. Repeat it for several.",
        typed=list[str] | None, flags=("--covariate",), more={"metavar": "NAME[=...]"},
    )  # fmt: skip
    half_life: float | None = _column(
        "Weights halve with each so many days of age (or units of dates that are numbers).",
        typed=float | None, flags=("--half-life",), more={"metavar": "DAYS"},
    )  # fmt: skip
    at: Any = _column(  # noqa: RUF009
        "Where ages are counted from; default: the latest date.", more={"metavar": "DATE"}
    )
    skip_missing: bool = _skipping()

    def __post_init__(self) -> None:
        if self.half_life is not None or self.at is not None:
            check_ageing(self.half_life, self.at)
        if self.covariates is not None:
            object.__setattr__(self, "covariates", listed_covariates(self.covariates))
        self._check("outcome", "first", "second")
        given = self.names
        if self.constant is not None:
            given["score"] = self.constant
            inside = 0.0 <= self.constant <= 1.0
            checks.every(inside, "score", f"{checks.SCORE}, where it is a number", [self.score])
        for one, other in (("first_score", "second_score"), ("win", "loss")):
            if (one in given) != (other in given):
                missing, reason = other if one in given else one, f"{one} and {other} must be given"
                checks.fail(missing, f"{reason} together", kind=TypeError)
        if "tie" in given and "win" not in given:
            checks.fail("tie", "counts ties: give win and loss as well", kind=TypeError)
        ways = [name for name in ("outcome", "score", "first_score", "win") if name in given]
        if not ways:
            reason = "say who won: give one of outcome, score, first_score or win"
            checks.fail("outcome", reason, cure="score=1 where first always won", kind=TypeError)
        if len(ways) > 1:
            reason = f"give one of outcome, score, first_score or win, not {' and '.join(ways)}"
            checks.fail(ways[-1], reason, kind=TypeError)

    @property
    def names(self) -> dict[str, Any]:
        """The column of each argument that was given, those of covariates one by one."""
        out = super().names
        if _is_number(self.score):
            del out["score"]
        return out | named_columns(out.pop("covariates", ()))

    @property
    def said(self) -> dict[str, Any]:
        """What each argument is, for people to read: a score may be a number."""
        out = super().names
        if "covariates" in out:
            out["covariates"] = ", ".join(map(str, out["covariates"]))
        return out | ({} if self.constant is None else {"score": f"{self.constant:g}"})

    @property
    def constant(self) -> float | None:
        """The score of every row, where that is a number."""
        if not _is_number(self.score):
            return None
        return checks.number(self.score, "score")

    def of_groups(self) -> Columns:
        """These, if they are of comparisons in groups."""
        if self.group is None:
            checks.fail("group", "must name a column", value=None, kind=TypeError)
        if self.cluster is not None:
            reason = "groups are resampled by themselves: they have no clusters"
            checks.fail("cluster", reason, value=self.cluster, kind=TypeError)
        if self.half_life is not None:
            reason = "groups are fitted without it: fit one at a time"
            checks.fail("half_life", reason, value=self.half_life, kind=TypeError)
        if self.covariates is not None:
            reason = "groups are fitted without covariates: fit one at a time"
            value = self.covariates[0].name
            checks.fail("covariates", reason, value=value, kind=TypeError)
        return self

    def of_one_fit(self) -> Columns:
        """These, if they are of comparisons that one fit takes."""
        if self.group is not None:
            reason = "comparisons in groups are GroupedComparisons"
            checks.fail("group", reason, value=self.group, kind=TypeError)
        return self


class ColumnNames(TypedDict, total=False):
    """The arguments of `Columns`, for calls that take them one by one."""

    first: str
    second: str
    outcome: str | None
    mapping: Mapping[Any, Any] | None
    score: str | float | None
    first_score: str | None
    second_score: str | None
    win: str | None
    loss: str | None
    tie: str | None
    weight: str | None
    order: str | None
    neutral: str | None
    cluster: str | None
    group: str | None
    date: str | None
    covariates: Any
    half_life: float | None
    at: Any
    skip_missing: bool


def _is_number(x: Any) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool)


@dataclass(frozen=True, kw_only=True)
class VoteColumns(Named):
    """Names of the columns that describe teachers' votes.

    `first` and `second` (and `group`), or `pair`, say what was judged; `vote`, or `probabilities`,
    how.

    Parameters
    ----------
    teacher : str
        Labels of who voted.
    first, second : str
        Labels of the two items; or
    pair : str
        labels of the pairs.
    group : str, optional
        Labels of the sets (queries, topics, prompts) that the items belong to.
    by : str, optional
        Labels of categories of the groups (language, task), which `venire.rate` rates each by
        itself, too.
    vote : str or list of str
        Words (first, second, tie, A with B, ...), the winner's label, or the numbers 1, 0 and -1.
        Several columns are runs of one judgment that stand side by side. A missing vote is no vote.
    mapping : mapping, optional
        Value of `vote` to 1, 0 or -1, or to "first", "tie" or "second", or None, which is no vote.
        It adds to what is known without it.
    probabilities : list of three str
        Instead of `vote`: the probabilities that first wins, ties, loses.
    swapped : str or False, optional
        Truth values: shown in the other order; or the name of one of several `vote` columns, whose
        runs all were. False: every row is in the order in which it was shown. Default: not known.
    weight : str, optional
        How much a row counts.
    gold : str, optional
        The truth: words as in `vote`, or the share of first from 0 to 1; empty where it is not
        known. The same in all rows of a pair. For files of votes.
    half_life : float, optional
        Age at which a row weighs half of what it did: in days, or in the unit of dates that are
        numbers. The column of dates is found if it is not named.
    at : date or number, optional
        When rows weigh all that they do; none may lie after. Default: the latest date.
    skip_missing : bool, default False
        Leave out rows that lack a label, which else are errors. A missing vote never is one.

    Attributes
    ----------
    names : dict of str to str
        The column of each argument that was given; several columns of votes are vote0, vote1, ...,
        those of probabilities are probabilities0 to probabilities2.
    runs : list of str
        The columns of votes.
    turned : str or None
        That of them whose votes were all shown in the other order.

    Raises
    ------
    TypeError
        If the arguments contradict each other, or one of them cannot name a column.

    Examples
    --------
    >>> import venire as vn
    >>> vn.VoteColumns(pair="q", teacher="judge", vote=["one", "two"]).names
    {'teacher': 'judge', 'pair': 'q', 'vote0': 'one', 'vote1': 'two'}
    """

    teacher: str = field(metadata={"says": "Label of who voted.", "topic": JUDGED})
    first: str | None = _column("Label of the first item; with --second.", JUDGED)
    second: str | None = _column("Label of the second item.", JUDGED)
    pair: str | None = _column("Label of the pair, instead of its two items.", JUDGED)
    group: str | None = _column("Label of the query or topic of the items.", JUDGED)
    by: str | None = _column("Category of the topic: each is rated by itself, too.", JUDGED)
    vote: str | list[str] | None = field(
        default=None,
        metadata={
            "says": "Words (first, second, tie, A, B, ...), 1/0/-1 or the winner. Repeat it for "
            "runs of one judgment that stand side by side.",
            "topic": VOTES,
        },
    )
    mapping: Mapping[Any, Any] | None = None
    probabilities: list[str] | tuple[str, ...] | None = field(
        default=None,
        metadata={
            "says": "Columns of the probabilities that first wins, ties, loses.",
            "topic": VOTES,
        },
    )
    swapped: str | bool | None = _column(
        "True where second was shown first; or the --vote column whose runs all were.", JUDGED
    )
    weight: str | None = _column("How much a row counts.", JUDGED)
    gold: str | None = _column("The truth, in the words of --vote, or a share of first.", JUDGED)
    skip_missing: bool = _skipping()

    def __post_init__(self) -> None:
        for argument in ("vote", "probabilities"):
            value = getattr(self, argument)
            if not (value is None or isinstance(value, str)):
                listed = checks.listed(value, argument)
                names = [checks.named(name, argument, at) for at, name in enumerate(listed)]
                object.__setattr__(self, argument, names)
        self._check("vote", "teacher")
        if bool(self.runs) == (self.probabilities is not None):
            checks.fail("probabilities", "give one of vote and probabilities", kind=TypeError)
        for at, name in enumerate(self.runs):
            if name in self.runs[:at]:
                reason = "the same column twice is no second run"
                checks.fail("vote", reason, at, name, kind=TypeError)
        if self.probabilities is not None and len(self.probabilities) != 3:
            reason = "must name three columns: first wins, ties, loses"
            checks.fail("probabilities", reason, kind=TypeError)
        by_items = self.pair is None or self.first is not None or self.second is not None
        for argument in ("first", "second") if by_items else ():
            if getattr(self, argument) is None:
                rule = "must name a column: first and second do, or pair does"
                checks.fail(argument, rule, value=None, kind=TypeError)
        if by_items and self.pair is not None:
            checks.fail("pair", "give first and second, or pair", kind=TypeError)
        if self.group is not None and not by_items:
            checks.fail("group", "goes with first and second", kind=TypeError)
        if self.by is not None and self.group is None:
            checks.fail("by", "divides groups: give group as well", kind=TypeError)
        if self.swapped is True:
            checks.fail("swapped", "must name a column, or be False", value=True, kind=TypeError)

    def shown_as_written(self) -> VoteColumns:
        """These; where nothing says how pairs were shown, first was shown first in every row.

        Not of runs that stand side by side: one of them may be the other order.
        """
        open_ = self.swapped is None and self.first is not None and len(self.runs) < 2
        return replace(self, swapped=False) if open_ else self

    @property
    def runs(self) -> list[str]:
        """The columns of votes."""
        if self.vote is None:
            return []
        return [self.vote] if isinstance(self.vote, str) else list(self.vote)

    @property
    def turned(self) -> str | None:
        """That of several columns of votes whose runs were all shown in the other order."""
        runs, name = self.runs, self.swapped
        return name if len(runs) > 1 and isinstance(name, str) and name in runs else None

    @property
    def names(self) -> dict[str, Any]:
        """The column of each argument that was given, those of lists one by one."""
        out = super().names
        if self.swapped is False:
            del out["swapped"]
        for argument in ("vote", "probabilities"):
            many = out.pop(argument, None)
            if isinstance(many, list) and len(many) == 1:
                many = many[0]
            if isinstance(many, list):
                out |= {f"{argument}{k}": name for k, name in enumerate(many)}
            elif many is not None:
                out[argument] = many
        if self.turned is not None:
            del out["swapped"]
        return out


class VoteColumnNames(TypedDict, total=False):
    """The arguments of `VoteColumns`, for calls that take them one by one."""

    teacher: str
    first: str | None
    second: str | None
    pair: str | None
    group: str | None
    by: str | None
    vote: str | list[str] | None
    mapping: Mapping[Any, Any] | None
    probabilities: list[str] | tuple[str, ...] | None
    swapped: str | bool | None
    weight: str | None
    gold: str | None
    skip_missing: bool
