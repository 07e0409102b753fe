"""The documents in the folder of a job: its plan, and how far it is."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from venire._core import disk
from venire._core.plain import document_in
from venire.errors import StateError

__all__ = [
    "ENDED", "FORMAT", "PLAN", "PROGRESS", "RUNNING", "Failure", "Input", "Plan", "Progress",
    "compare", "failed", "read_plan", "read_progress", "write_plan", "write_progress",
]  # fmt: skip

FORMAT = 1
PLAN, PROGRESS = "job.json", "progress.json"
RUNNING, ENDED = "running", "ended"


class Input(NamedTuple):
    """What is known of a file that is read."""

    name: str
    size: int
    mtime: int | None  # nanoseconds; None: it lies elsewhere
    digest: str  # of its first and last block


class Failure(NamedTuple):
    """A part that was set aside."""

    path: str
    reason: str  # with row and column, as the error says it
    row: int | None = None
    column: str | None = None
    part: str = ""  # of the file, where it is not all of it

    def __str__(self) -> str:
        part = f" ({self.part})" if self.part else ""
        return f"{self.reason}{part}"


def failed(found: Any) -> Failure | None:
    """What a list says that was set aside; None if it is no such list."""
    kinds = (str, str, (int, type(None)), (str, type(None)), str)
    good = isinstance(found, (list, tuple)) and len(found) == len(kinds)
    if not good or not all(isinstance(x, kind) for x, kind in zip(found, kinds, strict=True)):  # type: ignore[arg-type]
        return None
    return Failure(*found)


class Plan(NamedTuple):
    """What a job is: the same plan, the same bits."""

    kind: str
    options: Mapping[str, Any]  # of types of JSON
    inputs: Sequence[Input]
    version: str  # of the package
    level: str  # instruction set, on which bits depend

    def document(self) -> dict[str, Any]:
        """As it is written."""
        inputs = [list(one) for one in self.inputs]
        whole = {**self._asdict(), "options": dict(self.options), "inputs": inputs}
        found: dict[str, Any] = json.loads(json.dumps(whole))
        return found


class Progress(NamedTuple):
    """How far a job is."""

    state: str = RUNNING
    stage: str = ""
    done: int = 0  # of the stage
    total: int = 0
    unit: str = ""
    stage_seconds: float = 0.0  # in this run
    stage_begun: int = 0  # what was done of the stage when this run came to it
    seconds: float = 0.0  # of all runs
    n_runs: int = 0
    n_tasks: int = 0  # that are known by now
    n_done: int = 0  # of a job that has ended
    n_rows: int = 0  # of the inputs, as far as they are known
    output: tuple[str, ...] = ()
    result: dict[str, Any] = {}  # noqa: RUF012
    failures: tuple[Any, ...] = ()


def write_plan(folder: Path, name: str, plan: Mapping[str, Any]) -> None:
    """Begin a job of this name."""
    _write_json(folder / PLAN, {"format": FORMAT, "id": name, "plan": plan})


def write_progress(folder: Path, name: str, now: Progress) -> None:
    """Note how far it is."""
    _write_json(folder / PROGRESS, now._asdict() | {"id": name, "written": time.time()})


def read_plan(folder: Path) -> dict[str, Any]:
    """The document of a job: its id, and its plan."""
    path = folder / PLAN
    found = _read_json(path)
    if "format" not in found:
        raise StateError(f"{path}: is no plan of a job")
    if found["format"] != FORMAT:
        raise StateError(
            f"{path}: has format {found['format']!r}, but this version of venire goes on with "
            f"format {FORMAT}: name a new folder"
        )
    _require(path, found, {"id": str, "plan": dict, "digest": str})
    if found["digest"] != _digest(found):
        raise StateError(f"{path}: other hands have changed it; name a new folder")
    kinds = {"kind": str, "options": dict, "inputs": list, "version": str, "level": str}
    _require(path, found["plan"], kinds)
    if re.fullmatch("[0-9a-f]{8}", found["id"]) is None or any(
        not isinstance(one, list) or len(one) != 4 or not isinstance(one[0], str)
        or type(one[1]) is not int for one in found["plan"]["inputs"]
    ):  # fmt: skip
        raise StateError(f"{path}: is damaged: name a new folder")
    return found


def read_progress(folder: Path, of: str) -> Progress:
    """How far a job is; nothing, where that is not known."""
    path = folder / PROGRESS
    try:
        found = _read_json(path)
    except StateError:
        return Progress()
    plain = Progress()
    if found.get("digest") != _digest(found) or found.get("id") != of:
        return plain
    known: dict[str, Any] = {}
    for name, default in plain._asdict().items():
        value: Any = found.get(name, default)
        value = tuple(value) if isinstance(value, list) else value
        number = isinstance(default, (int, float)) and isinstance(value, (int, float))
        good = (number and bool(0 <= value < 1e18)) or (not number and type(value) is type(default))
        known[name] = value if good else default
    return Progress(**known)


def compare(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse to go on with another job; says what differs."""
    cure = "name a new folder for a new job"
    if old["kind"] != new["kind"]:
        raise StateError(f"{folder}: holds a job of {old['kind']}, not {new['kind']}: {cure}")
    differs = {
        "version": "of version {} of venire, this is {}",
        "level": "begun with the instruction set {}, this machine has {}",
    }
    for name, what in differs.items():
        if old[name] != new[name]:
            raise StateError(f"{folder}: holds a job {what.format(old[name], new[name])}: {cure}")
    was, now = old["options"], new["options"]
    lost = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    if lost:
        told = ", ".join(f"{n} was {_shown(was.get(n))}, is {_shown(now.get(n))}" for n in lost)
        raise StateError(f"{folder}: holds a job with other options: {told}; {cure}")
    before, here = ({one[0]: one for one in plan["inputs"]} for plan in (old, new))
    for name in sorted(before.keys() | here.keys()):
        if name not in here or name not in before:
            what = "is no input any more" if name not in here else "was no input"
            raise StateError(f"{name}: {what}, so that the job in {folder} is another one: {cure}")
        for at, word in ((1, "size"), (2, "time of its last change"), (3, "contents")):
            if before[name][at] != here[name][at]:
                raise StateError(
                    f"{name}: has changed since the job in {folder} began (its {word} is another): "
                    f"{cure}"
                )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _write_json(path: Path, document: dict[str, Any]) -> None:
    document = json.loads(json.dumps(document))
    document["digest"] = _digest(document)
    with disk.whole(path) as part, open(part, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, ensure_ascii=False)


def _read_json(path: Path) -> dict[str, Any]:
    found = document_in(path)
    if found is None:
        raise StateError(f"{path}: is damaged: it is no document; name a new folder")
    return found


def _require(path: Path, found: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    for name, kind in kinds.items():
        if not isinstance(found.get(name), kind):
            raise StateError(f"{path}: is damaged: there is no {name!r} that is one; "
                             "name a new folder")  # fmt: skip


def _digest(document: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"venire job").hexdigest()
