"""The rows of many files, batch by batch.

============================  ==================================================================
the rows                      how a batch is found
============================  ==================================================================
fit into memory together      one batch: all rows, as they come
are sorted by group           batches are stretches of rows, read one after the other
come in any other order       they are sorted into one temporary file, a stretch for each batch
============================  ==================================================================

The temporary file has no name (or loses it at once), so that nothing is left behind, whatever ends
the process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from venire.batch.job import Batch
from venire.batch.plan import Plan, Work, pieces
from venire.batch.scan import Scan, labels_of, stream
from venire.io import DataError
from venire.io.sources import File
from venire.io.units import plain_type

__all__ = ["Source", "ids_of"]

Progress = Callable[[int], None]  # number of further rows


class Source:
    """The batches of a plan.

    Parameters
    ----------
    scans : sequence of Scan
        The files, or the units of them, in order.
    plan : Plan
    work : Work
    folder : path-like
        Where a temporary file may be made.
    """

    def __init__(
        self, scans: Sequence[Scan], plan: Plan, work: Work, folder: str | os.PathLike[str]
    ) -> None:
        self._scans = [one for one in scans if one.n_rows]
        self._plan, self._work, self._folder = plan, work, folder
        self._skips = int(plan.groups.rows.sum()) < sum(one.n_rows for one in scans)
        self._in_order = all(one.in_order for one in self._scans) and all(
            one.groups.labels[-1] <= other.groups.labels[0] for one, other in pairwise(self._scans)
        )

    @property
    def spills(self) -> bool:
        """Whether the rows must be sorted into a temporary file first."""
        return self._plan.n_batches > 1 and not self._in_order

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """The batches; each must be used up before the next is asked for.

        `progress` hears of the rows that go to the temporary file.
        """
        for number, rows in enumerate(self._stretches(progress)):
            yield Batch(rows, self._work.source, partial(self._place, number))

    def _stretches(self, progress: Progress) -> Iterator[Iterable[Any]]:
        found: Iterator[Any] = self._stream(self._scans, self._work.job.names)
        if self.spills:
            with _Spill(self._folder) as spill:
                for piece in found:
                    spill.add(ids_of(piece, self._plan, self._work), piece)
                    progress(piece.num_rows)
                spill.finish()
                for batch in range(self._plan.n_batches):
                    yield spill.read(batch)
            return
        if self._skips:
            found = self._kept(found)
        if self._plan.n_batches == 1:
            yield found
        else:
            yield from _cut(found, self._plan.rows(), self._scans[-1].unit.path)

    def _place(self, batch: int, position: int) -> tuple[File, int]:
        """File and row, from 0, of a row of a batch."""
        if not (self.spills or self._skips):  # the rows as they come
            position += int(self._plan.rows()[:batch].sum())
            for one in self._scans:
                if position < one.n_rows:
                    return one.unit.path, one.unit.start + position
                position -= one.n_rows
        names = {"group": self._work.job.names["group"]}
        for one in self._scans:
            row = one.unit.start
            for piece in self._stream([one], names):
                here = np.flatnonzero(ids_of(piece, self._plan, self._work) == batch)
                if position < len(here):
                    return one.unit.path, row + int(here[position])
                position -= len(here)
                row += piece.num_rows
        raise IndexError(position)

    def _stream(self, scans: Sequence[Scan], names: dict[str, str]) -> Iterator[Any]:
        most = pieces(self._work.memory)
        return stream([one.unit for one in scans], names, most, self._work.types)

    def _kept(self, found: Iterable[Any]) -> Iterator[Any]:
        for piece in found:
            wanted = np.flatnonzero(ids_of(piece, self._plan, self._work) >= 0)
            yield piece if len(wanted) == piece.num_rows else piece.take(wanted)


def ids_of(piece: Any, plan: Plan, work: Work) -> np.ndarray:
    """The batch of each row of a piece."""
    labels, codes = labels_of(piece[work.job.names["group"]], work.n_threads)
    kind = np.int16 if plan.n_batches < 1 << 15 else np.int64
    return np.append(plan.batch_of(labels).astype(kind), kind(-1))[codes]  # the last: of no group


def _cut(pieces: Iterator[Any], sizes: np.ndarray, path: File) -> Iterator[Iterator[Any]]:
    """Stretches of so many rows each."""
    rest: Any = None

    def stretch(n: int) -> Iterator[Any]:
        nonlocal rest
        while n > 0:
            piece, rest = rest if rest is not None else next(pieces, None), None
            if piece is None:
                raise DataError(path, "has changed while it was read")
            if piece.num_rows > n:
                piece, rest = piece.slice(0, n), piece.slice(n)
            n -= piece.num_rows
            yield piece

    for size in sizes.tolist():
        yield stretch(size)


class _Spill:
    """Rows in a temporary Arrow file, sorted by batch within each piece that is added."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.fspath(folder)
        self._found: dict[int, list[int]] = {}  # where in the file each batch is
        self._n = 0
        self._writer: Any = None

    def __enter__(self) -> _Spill:
        try:
            self._file = tempfile.TemporaryFile(dir=self._folder)
        except OSError as error:
            raise DataError(self._folder, f"no temporary file: {error.strerror}") from None
        return self

    def __exit__(self, *about: object) -> None:
        self._file.close()

    def add(self, batch: np.ndarray, piece: Any) -> None:
        """Add rows, each to its batch; -1: to none."""
        import pyarrow as pa

        order = np.argsort(batch, kind="stable")
        ids = batch[order]
        order, ids = order[ids >= 0], ids[ids >= 0]
        if not len(ids):
            return
        columns = {f.name: piece[f.name].cast(plain_type(f.type)) for f in piece.schema}
        rows = pa.record_batch(columns).take(pa.array(order))
        bounds = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1))
        try:
            if self._writer is None:
                codec = "lz4" if pa.Codec.is_available("lz4") else None
                options = pa.ipc.IpcWriteOptions(compression=codec)
                sink = pa.PythonFile(self._file, mode="w")
                self._writer = pa.ipc.new_file(sink, rows.schema, options=options)
            for start, stop in zip(bounds, np.append(bounds[1:], len(ids)), strict=True):
                self._writer.write_batch(rows.slice(start, stop - start))
                self._found.setdefault(int(ids[start]), []).append(self._n)
                self._n += 1
        except OSError as error:
            reason = f"the temporary file cannot be written: {error.strerror or error}"
            raise DataError(self._folder, reason) from None

    def finish(self) -> None:
        """Nothing more is added."""
        import pyarrow as pa

        self._writer.close()
        self._file.flush()
        self._reader = pa.ipc.open_file(pa.PythonFile(self._file, mode="r"))

    def read(self, batch: int) -> Iterator[Any]:
        """The rows of one batch, in the order in which they were added."""
        for index in self._found[batch]:
            yield self._reader.get_batch(index)
