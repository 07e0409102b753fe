"""Teachers of a simulation, from a small file."""

from __future__ import annotations

import csv
import io
import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

from venire._core.checks import BadTypeError, BadValueError
from venire._core.remote import open_binary
from venire.io._errors import DataError

if TYPE_CHECKING:
    from venire.simulate import Teachers

__all__ = ["read_teachers"]

_OWN = {"name": "names"} | {
    key: key for key in ("sharpness", "order_bias", "own_error", "cost", "failure")
}
_SHARED = ("shared_error", "ambiguous")
_DEFAULT = {"order_bias": 0.0, "own_error": 0.0, "cost": 1.0, "failure": 0.0}


def read_teachers(path: str | os.PathLike[str], **shared: float | None) -> Teachers:
    """Teachers of a simulation, see `venire.simulate.Teachers`, from a file.

    Parameters
    ----------
    path : path-like
        ``.csv``: a row for each teacher, with the columns name, sharpness, order_bias, own_error,
        cost and failure, of which only sharpness is needed. ``.json`` or ``.toml``: the same as
        objects in a list ``teacher``, beside which ``shared_error`` and ``ambiguous`` may stand;
        JSON may also be the list alone.
    shared_error, ambiguous : float, optional
        Instead of the file's.

    Returns
    -------
    Teachers

    Raises
    ------
    DataError
        If the file cannot be read, a teacher has no sharpness or an unknown key, or a value is out
        of range.
    """
    rows, given = _read(os.fspath(path))
    given |= {name: value for name, value in shared.items() if value is not None}
    if not rows:
        raise DataError(path, "there is no teacher in it")
    names = [row.get("name") for row in rows]
    columns: dict[str, Any] = {} if all(n is None for n in names) else {"names": names}
    for k, row in enumerate(rows, 1):
        unknown = sorted(set(row) - set(_OWN))
        if unknown:
            raise DataError(path, f"there is no such key: {', '.join(_OWN)}", row=k,
                            column=unknown[0])  # fmt: skip
        if "names" in columns and row.get("name") is None:
            raise DataError(path, "some teachers have a name, this one has none", row=k)
    for key in list(_OWN)[1:]:
        values = [row.get(key, _DEFAULT.get(key)) for row in rows]
        for k, value in enumerate(values, 1):
            try:
                values[k - 1] = float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                if value is None:
                    raise DataError(path, "is missing", row=k, column=key) from None
                reason = "must be a number"
                raise DataError(path, reason, row=k, column=key, value=value) from None
        columns[key] = values
    from venire.simulate import Teachers

    try:
        return Teachers(**columns, **given)
    except (BadValueError, BadTypeError) as error:
        at = None if error.position is None else error.position + 1
        column = {"names": "name"}.get(error.argument, error.argument)
        raise DataError(path, error.reason, row=at, column=column, value=error.value) from None


def _read(path: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Teachers as dicts, and what they share."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".csv", ".json", ".toml"):
        raise DataError(path, "teachers are read from .csv, .json or .toml")
    try:
        if ending == ".csv":
            with (
                open_binary(path) as raw,
                io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text,
            ):
                return [
                    {str(key): value for key, value in row.items() if value not in ("", None)}
                    for row in csv.DictReader(text, skipinitialspace=True)
                ], {}
        with open_binary(path) as file:
            found: Any = json.load(file) if ending == ".json" else tomllib.load(file)
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # not UTF-8, not JSON, not TOML
        raise DataError(path, f"cannot be read: {error}") from None
    if isinstance(found, list):
        found = {"teacher": found}
    rows = found.pop("teacher", []) if isinstance(found, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(path, "must hold a list of teachers, each with its numbers")
    unknown = sorted(set(found) - set(_SHARED))
    if unknown:
        raise DataError(path, f"there is no such key: teacher, {', '.join(_SHARED)}",
                        column=unknown[0])  # fmt: skip
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DataError(path, "must be a number", column=name, value=value)
    return rows, found
