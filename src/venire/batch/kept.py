"""How what the tasks of a run gave is kept in the folder of a job, and read again, checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from venire._core.records import Kind, Record, Writer, counts, integer
from venire._native.grouped import STATUSES
from venire.batch.scan import Counts, Scan
from venire.batch.tally import Tally
from venire.data.meanings import Said
from venire.data.outcome_values import Mapped
from venire.data.outcomes import Survey

__all__ = ["CUT", "DROPPED", "EVIDENCE", "SCAN", "Finished", "fits", "part", "rows"]

DROPPED = b"dropped"  # metadata of fits: rows that were left out, by reason
_TOKENS = {"said": Said, "mapped": Mapped}


class Finished(NamedTuple):
    """A part of the output, before it is written."""

    table: Any
    dropped: dict[str, int]


def _put_scan(one: Scan, out: Writer) -> None:
    import pyarrow as pa

    seen = None
    if one.survey is not None:
        seen = {
            "n_rows": one.survey.n_rows,
            "used": sorted(one.survey.used),
            "seen": [[*_token(token), stands, *found]
                     for (token, stands), found in one.survey.seen.items()],
        }  # fmt: skip
    out.facts = {"n_rows": one.n_rows, "in_order": one.in_order, "dropped": one.dropped,
                 "survey": seen}  # fmt: skip
    out.table("types", pa.schema([*one.types.items()]).empty_table())
    out.labels("labels", one.groups.labels)
    out.array("rows", one.groups.rows)


def _token(token: Any) -> tuple[str, Any]:
    kinds = [name for name, kind in _TOKENS.items() if isinstance(token, kind)]
    return (kinds[0], token[0]) if kinds else ("plain", token)


def _get_scan(record: Record) -> Scan:
    """The unit is not in it: who asks for the scan has it."""
    n, facts = integer(record, "n_rows"), record.facts
    labels = record.labels("labels")
    found = record.array("rows", np.int64, len(labels))
    if type(facts["in_order"]) is not bool or (found < 1).any() or found.sum() > n:
        raise ValueError("its rows are not those of a file")
    types = {f.name: f.type for f in record.table("types").schema}
    unit: Any = None
    dropped, seen = counts(facts["dropped"]), _survey(facts["survey"])
    return Scan(unit, n, Counts(labels, found), facts["in_order"], dropped, seen, types)


def _survey(facts: Any) -> Survey | None:
    if facts is None:
        return None
    n, used, seen = facts["n_rows"], facts["used"], {}
    if type(n) is not int or n < 0 or not all(isinstance(word, str) for word in used):
        raise ValueError("its outcomes are none")
    for kind, value, stands, count, first, shown in facts["seen"]:
        token = value if kind == "plain" else _TOKENS[kind](value)
        whole = type(count) is int and type(first) is int
        plain = not any(isinstance(one, (list, dict)) for one in (value, shown))
        number = kind == "plain" or (type(value) is float and 0.0 <= value <= 1.0)
        if not (whole and plain and number) or not 0 < count <= n or not 0 <= first < n:
            raise ValueError("its outcomes are none")
        if type(stands) is not int or stands not in (-1, 0, 1):
            raise ValueError("its outcomes are none")
        seen[token, stands] = (count, first, shown)
    return Survey(n, seen, frozenset(used))


SCAN = Kind(_put_scan, _get_scan, may_fail=True)


def _put_cut(starts: np.ndarray, out: Writer) -> None:
    out.labels("starts", starts)


def _get_cut(record: Record) -> np.ndarray:
    starts = record.labels("starts")
    if not len(starts):
        raise ValueError("there is no part")
    return starts


CUT = Kind(_put_cut, _get_cut)


def _put_evidence(found: tuple[float | None, tuple[str, ...]], out: Writer) -> None:
    out.facts = {"precision": found[0], "told": list(found[1])}


def _get_evidence(record: Record) -> tuple[float | None, tuple[str, ...]]:
    precision, told = record.facts["precision"], record.facts["told"]
    if precision is not None and not (isinstance(precision, float) and 0.0 < precision < np.inf):
        raise ValueError(f"the precision is {precision!r}")
    if not all(isinstance(line, str) for line in told):
        raise TypeError("what was said is no text")
    return precision, tuple(told)


EVIDENCE = Kind(_put_evidence, _get_evidence)


# ---- tables by part -----------------------------------------------------------------------------


def _put_tables(pieces: Any, out: Writer) -> None:
    """Pieces of the parts, (part, table), or a mapping of them; each is let go once it is there."""
    found: Iterable[Any] = pieces.items() if isinstance(pieces, dict) else pieces
    for number, (which, table) in enumerate(found):
        out.table(f"{which}.{number}", table)


def _tables_of(record: Record, schema: Any, which: int) -> Any:
    import pyarrow as pa

    own = [name for name in record.tables_held if name.partition(".")[0] == str(which)]
    if not own:
        raise KeyError(f"there is no part {which}")
    return pa.concat_tables([record.table(name, schema) for name in own])


def _get_nothing(record: Record) -> None:
    return None


def rows(schema: Any) -> Kind:
    """Rows of a unit, by the part that they go to."""

    return Kind(_put_tables, _get_nothing, partial(_rows_of, schema), True)


def _rows_of(schema: Any, record: Record, which: int) -> Any:
    return _tables_of(record, schema, which)


def fits(schema: Any) -> Kind:
    """Fits of groups of a unit, by the part that they go to."""
    return Kind(_put_tables, _get_nothing, partial(_fits_of, schema), True)


def _fits_of(schema: Any, record: Record, which: int) -> Any:
    found = _tables_of(record, schema, which)
    counts(json.loads((found.schema.metadata or {}).get(DROPPED, b"{}")))
    return _checked(found)


def part(schema: Any) -> Kind:
    """A part of the output."""
    return Kind(_put_part, partial(_get_part, schema), partial(_part_of, schema))


def _put_part(one: Finished, out: Writer) -> None:
    out.facts = {"dropped": one.dropped}
    out.table("table", one.table)


def _get_part(schema: Any, record: Record) -> Finished:
    return Finished(_checked(record.table("table", schema)), counts(record.facts["dropped"]))


def _part_of(schema: Any, record: Record, what: str) -> Any:
    return _checked(record.table(what, schema))


def _checked(table: Any) -> Any:
    """Fits as they are written: each has a group and an item, and a status that there is."""
    import pyarrow.compute as pc

    for name in ("group", "item", "status"):
        if table[name].null_count:
            raise ValueError(f"the column {name} has gaps")
    if not set(pc.unique(table["status"]).to_pylist()) <= set(STATUSES):
        raise ValueError("there is no such status")
    return table


def tally_of(one: Finished, n_threads: int | None) -> tuple[Tally, Any, Any]:
    """Counts of a part, its first and its last group."""
    import pyarrow as pa

    from venire.data.coding import encode_one

    table, tally = one.table, Tally()
    labels, codes = encode_one(table["group"], "group", n_threads)
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    status = np.array(table["status"].take(pa.array(first)).to_pylist())
    numbers = [name for name in table.column_names if pa.types.is_floating(table[name].type)]
    leading = {name: table[name].take(pa.array(first)).to_numpy() for name in numbers}
    tally.add(labels, status, table.num_rows, leading, one.dropped)
    return (tally, *labels[[0, -1]].tolist()) if len(labels) else (tally, None, None)
