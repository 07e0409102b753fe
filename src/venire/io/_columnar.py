"""Parquet and Arrow: columns as they are stored, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from venire.data.dates import arrow_labels
from venire.io.sources import File
from venire.io.tables import Format, Tables, require

__all__ = ["Arrow", "Parquet"]

_ROWS = 1 << 20  # rows per piece, at least, where the format lets us choose
_STREAM = 1 << 20  # bytes of a column that are read at a time: of a long row group not all at once
_GLANCE = 1 << 18  # bytes of a request where not all of a column is read
_DENSE = 4.0  # bytes a row below which a Parquet column of text is taken to be a dictionary


class _Columnar(Format):
    """What the two have in common."""

    def __init__(self, file: File) -> None:
        super().__init__(file.unpacked())

    def _tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        schema: Any,
        pieces: Iterator[Any],
        n_rows: int | None,
    ) -> Tables:
        """The pieces, dates among the labels as text."""
        import pyarrow as pa

        told = {names[argument] for argument in labels if argument in names}
        types = {name: schema.field(name).type for name in dict.fromkeys(names.values())}
        inner = {n: t.value_type if pa.types.is_dictionary(t) else t for n, t in types.items()}
        dated = [name for name in types if name in told and pa.types.is_temporal(inner[name])]
        exact = [name for name in types if pa.types.is_decimal(inner[name])]

        def plain() -> Iterator[Any]:
            for piece in pieces:
                columns = {name: piece[name] for name in types}
                columns |= {name: arrow_labels(columns[name]) for name in dated}
                columns |= {name: columns[name].cast(pa.float64()) for name in exact}
                made = pa.table(columns).combine_chunks()
                yield made.to_batches()[0] if made.num_rows else pa.record_batch(made.schema, [])

        types |= dict.fromkeys(dated, pa.string()) | dict.fromkeys(exact, pa.float64())
        return Tables(plain() if dated or exact else pieces, n_rows, False, types)


class Parquet(_Columnar):
    """A Parquet file."""

    def __init__(self, file: File) -> None:
        super().__init__(file)
        import pyarrow.parquet as pq

        # of files elsewhere a glance takes some pages, not whole columns
        size = _GLANCE if self.file.url else _STREAM
        self._file = pq.ParquetFile(self.file.mapped(), buffer_size=size, pre_buffer=False)
        self._meta = self._file.metadata
        self._sound: set[tuple[int, str]] = set()  # row groups and columns that were looked at
        self.names = self._file.schema_arrow.names
        self.row_groups = [
            self._meta.row_group(k).num_rows for k in range(self._meta.num_row_groups)
        ]

    def tables(
        self, names: Mapping[str, str], labels: Sequence[str], most: int | None, some: range | None
    ) -> Tables:
        import pyarrow.parquet as pq

        require(self.file.name, names, self.names)
        texts = {names[a] for a in (*labels, "outcome") if a in names}
        own = range(len(self.row_groups)) if some is None else some
        self._require_sound([name for name in self.names if name in texts], own)
        dictionaries = [name for name in texts if self._is_dictionary(self.names.index(name), own)]
        file = self._file
        if dictionaries or self.file.url:
            file = pq.ParquetFile(
                self.file.mapped(), read_dictionary=dictionaries, metadata=self._meta,
                buffer_size=0 if self.file.url else _STREAM,
            )  # fmt: skip
        wanted = list(dict.fromkeys(names.values()))

        def pieces() -> Iterator[Any]:
            if most is not None:
                yield from file.iter_batches(most, row_groups=some, columns=wanted)
                return
            groups, rows = [], 0
            for group in own:
                groups.append(group)
                rows += self.row_groups[group]
                if rows >= _ROWS or group == own[-1]:
                    yield file.read_row_groups(groups, columns=wanted)
                    groups, rows = [], 0

        n_rows = sum(self.row_groups[group] for group in own)
        return self._tables(names, labels, file.schema_arrow, pieces(), n_rows)

    def sample(self, n: int) -> dict[str, list[Any]]:
        groups = [k for k, rows in enumerate(self.row_groups) if rows]
        out: dict[str, list[Any]] = {name: [] for name in self.names}
        for group in groups[:1] + groups[-1:] * (len(groups) > 1):
            some = n if len(groups) < 2 else n // 2
            batch = next(self._file.iter_batches(max(some, 1), row_groups=[group]))
            for name in out:  # of two columns of one name the first; reading it is refused
                out[name] += batch.column(batch.schema.names.index(name)).to_pylist()
        return out

    def _require_sound(self, names: list[str], groups: range) -> None:
        """Read a row of each row group, once, so that a damaged one is an error.

        The metadata of a damaged column would end the process where they are only asked for.
        """
        for group in groups:
            left = [name for name in names if (group, name) not in self._sound]
            if left:
                some = self._file.iter_batches(
                    1, row_groups=[group], columns=left, use_threads=False
                )
                next(some, None)
                self._sound |= {(group, name) for name in left}

    def _is_dictionary(self, index: int, groups: range) -> bool:
        """Whether a column of text is stored as a dictionary throughout these row groups.

        The writer gives up on a dictionary that grows too large; the column is then larger than its
        indices would be, and reading it as a dictionary would be slow.
        """
        if not self.row_groups or self._meta.num_columns <= index:
            return False
        for group in groups:
            column = self._meta.row_group(group).column(index)
            if column.physical_type != "BYTE_ARRAY" or "." in column.path_in_schema:
                return False
            if column.total_uncompressed_size > _DENSE * max(column.num_values, 1) + 65536:
                return False
        return True


class Arrow(_Columnar):
    """A file or a stream of Arrow record batches."""

    def __init__(self, file: File) -> None:
        super().__init__(file)
        import pyarrow as pa

        self._open = pa.ipc.open_file
        try:
            self._schema = self._open(self.file.mapped()).schema
        except pa.ArrowInvalid:
            self._open = pa.ipc.open_stream
            self._schema = self._open(self.file.mapped()).schema
        self.names = self._schema.names

    def _batches(self, wanted: list[str], most: int | None) -> Iterator[Any]:
        import pyarrow as pa

        columns = [self.names.index(name) for name in wanted]
        options = pa.ipc.IpcReadOptions(included_fields=columns)
        reader = self._open(self.file.mapped(), options=options)
        is_file = self._open is pa.ipc.open_file
        every = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        for batch in every:
            batch.validate(full=True)  # offsets and indices are as they stand in the file
            step = most or max(batch.num_rows, 1)
            for start in range(0, batch.num_rows, step):
                yield batch.slice(start, step)

    def tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        some: range | None,
    ) -> Tables:
        require(self.file.name, names, self.names)
        wanted = list(dict.fromkeys(names.values()))
        return self._tables(names, labels, self._schema, self._batches(wanted, most), None)

    def sample(self, n: int) -> dict[str, list[Any]]:
        out: dict[str, list[Any]] = {name: [] for name in self.names}
        names = list(dict.fromkeys(self.names))
        for batch in islice(self._batches(names, max(n, 1)), 1):
            out = {name: batch[name].to_pylist() for name in names}
        return out
