"""Nested values as JSON and arrays, and back: for files that a stranger may have changed.

Nothing is executed: of classes only those are made again that the reader names.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.records import Record, Writer
from venire.errors import StateError

__all__ = ["document_in", "get", "identity", "plain", "put"]

_SIMPLE = (type(None), bool, int, float, str)
_GROUPS: dict[str, Any] = {"tuple": tuple, "list": list, "set": set, "frozenset": frozenset}


def plain(value: Any) -> Any:
    """An option as the plan of a job has it: in types of JSON, to be shown and compared."""
    if isinstance(value, _SIMPLE):
        return value
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if hasattr(value, "named"):  # columns that were given
        return plain(value.named)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return plain({name: x for name, x in found.items() if x is not None})
    if isinstance(value, Mapping):
        return {str(name): plain(x) for name, x in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(x) for x in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if type(value).__repr__ is object.__repr__:  # it says where it is, not what
        return plain(vars(value))
    return repr(value)


def identity(*values: Any, without: tuple[str, ...] = ()) -> int:
    """A number that tells options apart; some fields say nothing of the result."""

    def shown(value: Any) -> Any:
        if hasattr(value, "_asdict"):
            value = value._asdict()
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        if isinstance(value, Mapping):
            value = {k: x for k, x in value.items() if k not in without}
        return plain(value)

    text = json.dumps([shown(value) for value in values], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=6, person=b"venire task").digest()
    return int.from_bytes(digest, "big")


def put(value: Any, out: Writer) -> None:
    """Write a value to a record; TypeError if it is of a type that is not kept."""
    n = 0

    def told(x: Any) -> Any:
        nonlocal n
        if isinstance(x, np.datetime64):
            return {"date": str(x), "unit": np.datetime_data(x.dtype)[0]}
        if isinstance(x, np.generic):
            return told(x.item())
        if isinstance(x, _SIMPLE):
            return x
        if isinstance(x, np.ndarray):
            n += 1
            if x.dtype == object:
                texts = x.tolist()
                if not all(isinstance(one, str) for one in texts):
                    raise TypeError("an array of objects cannot be kept")
                out.texts(f"a{n}", texts)
            else:
                out.array(f"a{n}", x)
            return {"array": f"a{n}"}
        if isinstance(x, Counter):
            return {"counter": [[told(k), told(v)] for k, v in x.items()]}
        if isinstance(x, Mapping):
            return {"dict": [[told(k), told(v)] for k, v in x.items()]}
        if hasattr(x, "_asdict"):
            return {"made": type(x).__name__, "of": [told(one) for one in x]}
        for name, kind in _GROUPS.items():
            if type(x) is kind:
                return {name: [told(one) for one in x]}
        raise TypeError(f"what is of type {type(x).__name__} cannot be kept")

    out.facts = {"value": told(value)}


def get(record: Record, kinds: Mapping[str, type[Any]]) -> Any:
    """What `put` wrote; named tuples are of these kinds.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is none of that.
    """

    def meant(x: Any) -> Any:
        if isinstance(x, _SIMPLE):
            return x
        if not isinstance(x, dict) or len(x) not in (1, 2):
            raise ValueError("it does not say what it is")
        if "date" in x:
            return np.datetime64(x["date"], x["unit"])
        if "array" in x:
            return _array(record, x["array"])
        if "made" in x:
            return kinds[x["made"]](*[meant(one) for one in x["of"]])
        ((name, inner),) = x.items()
        if name in ("dict", "counter"):
            found = {meant(key): meant(one) for key, one in inner}
            return Counter(found) if name == "counter" else found
        return _GROUPS[name](meant(one) for one in inner)

    return meant(record.facts["value"])


def _array(record: Record, name: Any) -> NDArray[Any]:
    if not isinstance(name, str):
        raise TypeError("an array has a name")
    return record.texts(name) if f"{name}.arrow" in record.members else record.array(name)


def document_in(path: Path) -> dict[str, Any] | None:
    """What a file of JSON holds; None if that is no document, whoever wrote it.

    Raises
    ------
    StateError
        If it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}") from None
    return found if isinstance(found, dict) else None
