"""Hostile files: tables in every format, odd cells in them, and damaged bytes."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from fuzz.values import FLOATS, INTEGERS, TEXTS, Source

__all__ = ["damaged", "table_file", "written"]

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".arrow", ".csv.gz", ".jsonl.gz",
           ".csv.bz2", ".jsonl.zst", ".csv.zst", ".parquet.gz")  # fmt: skip
_PACK: dict[str, Any] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def damaged(source: Source, data: bytes) -> bytes:
    """The bytes with some of them changed, lost or too many."""
    kind, at = source.whole(0, 9), source.whole(0, max(0, len(data) - 1))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[at:]
    if kind == 2:
        return data[:at] + bytes(source.column([0, 10, 34, 44, 92, 128, 255], 3)) + data[at:]
    if kind == 3:
        return data[:at] + data[at : at + 20] * 3 + data[at + 20 :]
    if kind == 4:
        return source.choice(
            (
                b"",
                b"\n",
                b"\x00",
                b"\xff\xfe",
                b"\xef\xbb\xbf",
                b"{",
                b"[",
                b"[]",
                b"{}",
                b"PAR1",
                b"PAR1PAR1",
                b"ARROW1",
                b"PK\x03\x04",
                b"\x1f\x8b",
            )
        )
    if kind == 5:
        return data.replace(b"\n", source.choice((b"\r", b"\r\n", b"", b"\n\n", b"\x00\n")))
    out = bytearray(data)
    for _ in range(source.choice((1, 1, 3, 10))):
        if out:
            out[source.whole(0, len(out) - 1)] = source.whole(0, 255)
    return bytes(out)


def odd_cell(source: Source) -> Any:
    return source.choice((source.choice(TEXTS), source.choice(FLOATS), source.choice(INTEGERS),
                          None, True, [1], {"a": 1}, "", source.choice(TEXTS)))  # fmt: skip


def written(source: Source, columns: dict[str, list[Any]], ending: str) -> bytes:
    """A table in the format that the ending names."""
    pack = next((how for end, how in _PACK.items() if ending.endswith(end)), bytes)
    plain = "." + ending.split(".")[1]
    if plain in (".csv", ".tsv"):
        data = _text_table(source, columns, "," if plain == ".csv" else "\t")
    elif plain in (".jsonl", ".json"):
        data = _json_table(source, columns, plain)
    else:
        data = _arrow_table(source, columns, plain)
    return pack(data)


def _rows(columns: dict[str, list[Any]]) -> Any:
    return zip(*columns.values(), strict=True)


def _text_table(source: Source, columns: dict[str, list[Any]], delimiter: str) -> bytes:
    if source.chance(0.1):
        delimiter = source.choice((";", "|", ",", "\t", " "))
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=source.choice(("\n", "\n", "\r\n", "\r"))
    )
    names = list(columns)
    if source.chance(0.05):
        names = source.choice((names[:-1], [*names, "more"], [names[0]] * len(names), names[::-1]))
    writer.writerow(names)
    for row in _rows(columns):
        cells = ["" if v is None or v != v else v for v in row]
        if source.chance(0.01):
            cells = source.choice((cells[:-1], [*cells, "more"], [], [""] * len(cells)))
        writer.writerow(cells)
    encoding = source.choice(
        ("utf-8",) * 8 + ("utf-8-sig", "utf-16", "latin-1", "utf-32", "cp1252")
    )
    return text.getvalue().encode(encoding, source.choice(("replace", "surrogatepass"))
                                  if encoding.startswith("utf") else "replace")  # fmt: skip


def _json_table(source: Source, columns: dict[str, list[Any]], plain: str) -> bytes:
    rows = [dict(zip(columns, row, strict=True)) for row in _rows(columns)]
    for row in rows:
        if source.chance(0.02):
            row.pop(source.choice(list(row)))
        if source.chance(0.02):
            row["more"] = odd_cell(source)
    if source.chance(0.02) and rows:
        rows[source.whole(0, len(rows) - 1)] = source.choice(([], 1, "x", None, [[1]]))
    try:
        lines = [json.dumps(row, ensure_ascii=source.chance(0.5)) for row in rows]
    except (ValueError, TypeError):
        lines = ["{}"]
    if source.chance(0.02):
        lines.insert(0, "[" * 3000 + "]" * 3000 if source.chance(0.5) else '{"a":' * 2000)
    text = "\n".join(lines) + "\n"
    if plain == ".json":
        text = "[" + ",".join(lines) + "]" if source.chance(0.8) else json.dumps({"rows": rows})
    return text.encode("utf-8", "surrogatepass")


def _arrow_table(source: Source, columns: dict[str, list[Any]], plain: str) -> bytes:
    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = source.frame_column(values) if source.chance(0.3) else pa.array(values)
            arrays[name] = pa.array(arrays[name])
        except Exception:  # no column of Arrow's holds these: as texts
            texts = [
                None if v is None else str(v).encode("utf-8", "replace").decode() for v in values
            ]
            arrays[name] = pa.array(texts)
    if source.chance(0.1):
        name = source.choice(list(arrays))
        arrays[name] = _recast(source, arrays[name])
    names = list(arrays)
    if source.chance(0.03):
        names[-1] = names[0]
    table = pa.Table.from_arrays(list(arrays.values()), names=names)
    stream = io.BytesIO()
    if plain == ".parquet":
        size = source.choice((None, 1, 3))
        try:
            pa.parquet.write_table(table, stream, row_group_size=size)
        except pa.ArrowNotImplementedError:  # a dictionary with a null in it
            plain_columns = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c
                             for c in table.columns]  # fmt: skip
            stream = io.BytesIO()
            pa.parquet.write_table(pa.Table.from_arrays(plain_columns, names=names), stream)
    elif source.chance(0.5):
        pa.feather.write_feather(table, stream, compression=source.choice(("zstd", "uncompressed")))
    else:
        with pa.ipc.new_file(stream, table.schema) as writer:
            writer.write_table(table, max_chunksize=source.choice((1, 3, 100)))
    return stream.getvalue()


def _recast(source: Source, array: Any) -> Any:
    """The column in another type of Arrow's."""
    kinds = (
        pa.int8(),
        pa.uint64(),
        pa.float16(),
        pa.float32(),
        pa.decimal128(38, 4),
        pa.decimal256(70, 4),
        pa.string(),
        pa.large_string(),
        pa.binary(),
        pa.string_view(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("ns"),
        pa.time64("us"),
        pa.duration("s"),
        pa.null(),
        pa.list_(pa.int64()),
        pa.struct([("a", pa.int64())]),
        pa.dictionary(pa.int8(), pa.string()),
        pa.uint8(),
    )
    kind = source.choice(kinds)
    try:
        return array.cast(kind)
    except Exception:  # cannot be cast: nulls of that type, or some with a value
        return pa.nulls(len(array), kind)


def table_file(
    source: Source, columns: dict[str, list[Any]], endings: tuple[str, ...] = FORMATS
) -> Path:
    """A file of the columns, sometimes with odd cells, damage, or another ending."""
    columns = {name: list(values) for name, values in columns.items()}
    if source.chance(0.3):
        for _ in range(source.choice((1, 1, 2, 5))):
            name = source.choice(list(columns))
            if columns[name]:
                columns[name][source.whole(0, len(columns[name]) - 1)] = odd_cell(source)
    if source.chance(0.05):
        columns = {name: [] for name in columns}
    ending = source.choice(endings)
    data = written(source, columns, ending)
    if source.chance(0.2):
        data = damaged(source, data)
    if source.chance(0.03):
        ending = source.choice((*FORMATS, "", ".txt", ".npz", ".xlsx", ".parquet.gz", ".bz2"))
    path = source.path(ending)
    path.write_bytes(data)
    return path
