"""Gold from files: labels of pairs, and what they were chosen for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadInput, fail
from venire.data.asked import wanted
from venire.data.outcomes import Terms
from venire.data.votes import Votes
from venire.data.votes.frame import gold_shares
from venire.data.votes.gold import PURPOSES, Gold, gold_of
from venire.io._errors import DataError
from venire.io._read_table import read_table
from venire.io.choosing import opened

__all__ = ["read_gold"]


def read_gold(path: Any, votes: Votes, *, mapping: Mapping[Any, Any] | None = None) -> Gold:
    """Read labels of some pairs from a file, such as `panel.design_gold` makes and people fill in.

    Parameters
    ----------
    path : path-like, binary file, or Scanner
        With the columns that name the pairs as the votes do (`pair`; or `first` and `second`, with
        `group` where the votes have groups), `gold`, and, if it has one, `purpose`. Rows without a
        label are passed over. Gold is 1, 0 or 0.5, a share between, a word (first, second, tie, A,
        B, ...) or the label of the item that is better. A row may name its pair the other way
        round.
    votes : Votes
        Whose pairs they are.
    mapping : mapping, optional
        What values of `gold` mean, as for `Votes`.

    Returns
    -------
    Gold
        One share for each pair of `votes`, NaN where there is no label. Without a column `purpose`
        the labels may serve for everything.

    Raises
    ------
    DataError
        If a column is missing, nothing is labelled yet, a pair is unknown or has two labels, or a
        value means nothing; the message names file, row and column.

    Examples
    --------
    >>> import venire as vn
    >>> votes = vn.simulate.panel([0.8, 0.7, 0.6], rng=0).to_votes()
    >>> design = vn.panel.design_gold(votes, 2)
    >>> table = design.to_frame("dict") | {"gold": ["first", ""]}
    >>> vn.io.write_table(table, "gold.csv")  # doctest: +SKIP
    >>> vn.io.read_gold("gold.csv", votes).purpose  # doctest: +SKIP
    array(['stack', ...
    """
    wanted(votes, "votes", Votes)
    if mapping is not None and not isinstance(mapping, Mapping):
        fail("mapping", "must map values to first, tie or second", value=mapping, kind=TypeError)
    scanner = opened(path, None)
    there = scanner.names
    keys = ["pair"] if votes.pairs is not None else ["first", "second"]
    keys = keys if votes.groups is None else ["group", *keys]
    for name in (*keys, "gold"):
        if name not in there:
            raise DataError(scanner.path, f"has no column {name}; there are {', '.join(there)}")
    names = {name: name for name in (*keys, "gold", "purpose") if name in there}
    table = read_table(scanner, names, keys)
    labels = {key: _as_in(votes, key, table.columns[key]) for key in keys}
    try:
        terms = Terms(mapping, signed=True)
        sides: dict[str, Any] = {key: labels[key] for key in keys if key in ("first", "second")}
        shares = gold_shares(table.columns["gold"], terms, sides)
        told = np.flatnonzero(~np.isnan(shares))
        if not len(told):
            fail("gold", "holds no label yet")
        purpose = _purposes(table.columns.get("purpose"), len(shares))[told]
        return _placed(votes, [labels[key][told] for key in keys], shares[told], purpose, told)
    except BadInput as error:
        if not isinstance(error, ValueError | TypeError):
            raise
        raise table.located(error) from None


def _as_in(votes: Votes, key: str, column: NDArray[Any]) -> NDArray[Any]:
    """Labels of the type that they have in the votes: a part of them may look like another."""
    own = votes.pairs if key == "pair" else votes.groups if key == "group" else votes.items
    assert own is not None
    if (own.dtype.kind in "iu") == (column.dtype.kind in "iu"):
        return column
    if own.dtype.kind in "iu":
        return column  # refused with its row: no pair is called so
    return np.array([str(x) for x in column.tolist()], dtype=object)


def _purposes(column: Any, n: int) -> NDArray[Any]:
    if column is None:
        return np.full(n, "measure", dtype=object)
    words = np.array(column.to_pylist(), dtype=object)
    for at, word in enumerate(words.tolist()):
        if word not in PURPOSES:
            fail("purpose", f"must be one of {', '.join(PURPOSES)}", at, word)
    return words


def _placed(
    votes: Votes, labels: list[Any], shares: Any, purpose: Any, told: NDArray[np.int64]
) -> Gold:
    """One share and one purpose for each pair."""
    out, words = np.full(votes.n_pairs, np.nan), np.full(votes.n_pairs, "measure", dtype=object)
    try:
        out = gold_of(votes, (*labels, shares))
    except BadInput as error:
        if error.position is not None:
            error.position = int(told[error.position])
        raise
    for name in PURPOSES:  # the last is for most
        where = purpose == name
        here = ~np.isnan(gold_of(votes, (*(x[where] for x in labels), shares[where])))
        words[here] = name
    return Gold(out, words)
