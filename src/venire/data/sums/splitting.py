"""Sums cut into pieces by the labels of their cells: what several workers can fold.

A cell of these labels falls into the same piece whatever unit it is of, and whatever codes its
labels have there. So the k-th pieces of all units, folded in the order of the units, are the k-th
piece of their sum, to the bit.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Piece", "hashed", "of_cells", "of_votes", "pieces"]

#: Arrays and facts, as `Sums.from_arrays` takes them.
Piece = tuple[dict[str, NDArray[Any]], dict[str, Any]]


def hashed(labels: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each label, spread over all of uint64, the same in every process.

    Examples
    --------
    >>> import numpy as np
    >>> from venire.data.sums.splitting import hashed
    >>> one, other = hashed(np.array([3, -1])), hashed(np.array([-1, 3, 5], np.int32))
    >>> bool(one[0] == other[1] and one[1] == other[0] and one[0] != other[2])
    True
    """
    if labels.dtype.kind in "iu":
        return _mixed(labels.astype(np.int64 if labels.dtype.kind == "i" else np.uint64))
    sums = (zlib.crc32(str(label).encode("utf-8", "surrogatepass")) for label in labels.tolist())
    return _mixed(np.fromiter(sums, np.uint64, len(labels)))


def _mixed(x: NDArray[Any]) -> NDArray[np.uint64]:
    """Steele, Lea and Flood's finalizer (2014), doi:10.1145/2660193.2660195."""
    x = x.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def pieces(keys: NDArray[np.uint64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells in the order of their pieces, and where each of the `n` pieces starts and ends.

    Parameters
    ----------
    keys : ndarray of uint64
        Of each cell; sums of numbers that `hashed` gave.
    n : int
        At most 65,536.
    """
    piece = (((keys >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)).astype(np.uint16)
    order = np.argsort(piece, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(piece, minlength=n))])
    return order, ends


def of_cells(piece: Piece, n: int) -> list[Piece]:
    """The pieces of what `CellSums.to_arrays` gave.

    What is of all rows, and labels of rows without weight, stand in the first.
    """
    arrays, facts = dict(piece[0]), piece[1]
    items, clusters = arrays.pop("items"), arrays.pop("clusters", None)
    rest = facts | {"n_rows": 0, "dropped": {}, "survey": None, "squares": 0.0}
    no_cells = {name: x for name, x in rest.items() if name != "is_masses"} | {"ageing": None}
    none: Piece = ({"items": items[:0]}, no_cells)
    if not arrays:  # no row has weight
        return [({"items": items}, facts), *[none] * (n - 1)]
    labels = hashed(items)
    order, ends = pieces(labels[arrays["lo"]] + labels[arrays["hi"]], n)
    used = np.zeros(len(items), bool)
    used[arrays["lo"]] = used[arrays["hi"]] = True
    arrays = {name: x[order] for name, x in arrays.items()}
    out: list[Piece] = []
    for k in range(n):
        if k and ends[k] == ends[k + 1]:
            out.append(none)
            continue
        own = {name: x[ends[k] : ends[k + 1]] for name, x in arrays.items()}
        own["items"], own["lo"], own["hi"] = _own(
            items, own["lo"], own["hi"], also=None if k else ~used
        )
        if clusters is not None:
            own["clusters"], own["cluster"] = _own(clusters, own["cluster"])
        out.append((own, facts if k == 0 else rest))
    if not ends[1]:
        alone = {name: x for name, x in facts.items() if name != "is_masses"}
        out[0] = {"items": items[~used]}, alone
    return out


def _own(labels: NDArray[Any], *codes: NDArray[np.int32], also: Any = None) -> list[NDArray[Any]]:
    """The labels that these codes are of, and the codes over them."""
    here = np.zeros(len(labels), bool) if also is None else also.copy()
    for one in codes:
        here[one] = True
    place = (np.cumsum(here) - 1).astype(np.int32)
    return [labels[here], *(place[one] for one in codes)]


def of_votes(piece: Piece, n: int) -> list[Piece]:
    """The pieces of what `VoteSums.to_arrays` gave; one alone where votes have categories."""
    arrays, facts = piece
    has, records = facts["has"], arrays["records"]
    none = facts | {"has": [], "n_votes": 0}
    if not has or "by" in has:
        return [piece, *(({}, none) for _ in range(n - 1))]
    words = records[:, :16].copy().view(np.uint64)
    codes = _codes_of(words, has)
    key = np.zeros(len(records), np.uint64)
    for name in set(codes) - {"teacher"}:
        key += hashed(arrays[_labels_of(name)])[codes[name]]
    order, ends = pieces(key, n)
    out: list[Piece] = []
    for k in range(n):
        here = order[ends[k] : ends[k + 1]]
        if k and not len(here):
            out.append(({}, none))
            continue
        own = {a: x[here] for a, x in codes.items()}
        kept = {"strata": arrays["strata"]}
        for name in has:
            both = ("first", "second") if name == "first" else (name,)
            if name != "second":
                labels = arrays[_labels_of(name)]
                found = _own(labels, *(own[a].astype(np.int32) for a in both))
                kept[_labels_of(name)] = found[0]
                own |= dict(zip(both, found[1:], strict=True))
        kept["records"] = records[here]
        kept["records"][:, :16] = _words_of(own).view(np.uint8)
        out.append((kept, facts if k == 0 else facts | {"n_votes": 0}))
    return out


_LOW, _HALF = np.uint64(2**32 - 1), np.uint64(32)


def _labels_of(name: str) -> str:
    return f"labels of {'first' if name == 'second' else name}"


def _codes_of(words: NDArray[np.uint64], has: Any) -> dict[str, NDArray[np.int64]]:
    """The codes in the keys of records; see csrc/vn_vote_sums.h."""
    major, minor = words[:, 0], words[:, 1]
    codes = {"teacher": minor & _LOW}
    if "pair" in has:
        codes["pair"] = major
    else:
        codes |= {"first": major & _LOW, "second": minor >> _HALF}
    if "group" in has:
        codes["group"] = major >> _HALF
    return {a: x.astype(np.int64) for a, x in codes.items()}


def _words_of(codes: dict[str, NDArray[Any]]) -> NDArray[np.uint64]:
    """Keys of records of these codes."""
    x = {a: codes[a].astype(np.uint64) for a in codes}
    minor = x["teacher"]
    if "pair" in x:
        return np.stack([x["pair"], minor], axis=1)
    major = x["first"] | (x["group"] << _HALF) if "group" in x else x["first"]
    return np.stack([major, minor | (x["second"] << _HALF)], axis=1)
