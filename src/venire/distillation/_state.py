"""What a loop knows, and how it gets onto a disk and back."""

from __future__ import annotations

import copy
import os
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from venire.distillation._ledger import Ledger
from venire.distillation._restoring import check
from venire.distillation._settings import Settings
from venire.distillation._store import Part, Store
from venire.distillation._universe import Universe
from venire.errors import StateError

__all__ = ["State"]

Folder = str | os.PathLike[str]


class State:
    """Settings, items, the book of asks and answers, and a few facts (`_head`) that JSON holds.

    Every change goes through `_change`: first to the folder, if there is one, then into memory.
    What a folder holds is the changes in their order, so opening it makes the same state.
    """

    _settings: Settings
    _universe: Universe
    _ledger: Ledger
    _gold: NDArray[np.float64] | None  # flat
    _prediction: NDArray[np.float64] | None  # of the student, out of fold, flat
    _head: dict[str, Any]
    _store: Store | None
    _closed: bool
    _kept: dict[str, Any]  # results that can be made again
    n_threads: int | None

    def _begin(
        self,
        settings: Settings,
        universe: Universe,
        gold: NDArray[np.float64] | None,
        n_threads: int | None,
    ) -> None:
        self._settings, self._universe, self._gold = settings, universe, gold
        self._ledger, self._prediction, self._store = Ledger(), None, None
        self._closed, self._kept = False, {}
        self.n_threads = n_threads
        self._head = {
            "rounds": [], "students": [], "withdrawn": [],
            "active": [True] * len(settings.teachers),
        }  # fmt: skip

    # ---- changes ------------------------------------------------------------------------------

    def _change(self, *parts: Part, **head: Any) -> None:
        """Make a change durable, then enter it. New values of `head` replace old ones."""
        if self._closed:
            raise StateError("the loop is closed")
        new = self._head | copy.deepcopy(head)
        try:
            if self._store is not None:
                self._store.commit(new, *parts)
            for part in parts:
                self._enter(part)
            self._head = new
        except BaseException:  # Ctrl-C too: the folder is whole, memory may be behind it
            if self._store is None or self._store.lock is not None:
                self.close()
            raise

    def _enter(self, part: Part) -> None:
        if part.kind == "predictions":
            self._prediction = np.asarray(part.table["prediction"], np.float64)
        elif part.kind != "items":
            self._ledger.apply(part.kind, part.table)

    # ---- folders ------------------------------------------------------------------------------

    def _saved(self) -> dict[str, Any]:
        return asdict(self._settings)

    def _everything(self) -> list[Part]:
        """The state as a few parts."""
        group, item = self._universe.given()
        items = {"group": group, "item": item}
        if self._gold is not None:
            items["gold"] = self._gold[self._universe.flat]
        ledger = self._ledger
        names = ("group", "first", "second_group", "second", "round")
        parts = [
            Part("items", items),
            Part("asks", {name: getattr(ledger, name) for name in names}),
            Part("requests", ledger.requests_table()),
        ]
        if self._prediction is not None:
            parts.append(Part("predictions", {"prediction": self._prediction}))
        return parts

    def save(self, folder: Folder) -> None:
        """Write the whole state to a folder: a new or empty one, or one it was saved to before.

        A loop that was created with ``folder=`` or opened is saved there already, after each call.

        Parameters
        ----------
        folder : path-like

        Raises
        ------
        StateError
            If the folder holds another loop or other files, or is in use by another process.
        """
        if self._store is not None and _same_folder(self._store.folder, folder):
            return
        settings, parts = self._saved(), self._everything()
        if not os.path.exists(os.path.join(folder, "state.json")):
            Store.create(folder, settings, self._head, *parts).close()
            return
        store = Store(folder)
        try:
            own = Store.plain(settings) == store.state["settings"]
            saved = next(iter(store.parts())).table
            for name, labels in zip(("group", "item"), self._universe.given(), strict=True):
                own = own and np.array_equal(saved[name], labels)
            if not own:
                raise StateError(f"{folder}: holds another loop")
            store.commit(self._head, *parts, fresh=True)
        finally:
            store.close()

    @classmethod
    def open(cls, folder: Folder, *, read_only: bool = False, n_threads: int | None = None) -> Self:
        """Go on with the loop in a folder, from exactly where it was.

        Parameters
        ----------
        folder : path-like
        read_only : bool, default False
            Only look: takes no lock, and sees the state as of now. Nothing can be changed.
        n_threads : int, optional
            Default: all usable CPUs. No result depends on it.

        Raises
        ------
        StateError
            If there is no loop in the folder, it was written in another format or is damaged (says
            what is wrong, and changes nothing), or another process has it open to write.
        """
        store = Store(folder, writable=not read_only)
        try:
            self = cls.__new__(cls)
            self._restore(store, n_threads)
            if not read_only:
                store.tidy()
            self._store = store
            return self
        except BaseException:
            store.close()
            raise

    def _restore(self, store: Store, n_threads: int | None) -> None:
        """Everything as the folder has it; nothing in it is believed unseen."""
        saved: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in store.state["settings"].items()
        }
        settings, head = Settings(**saved), store.state["head"]
        for number, part in enumerate(store.parts()):
            try:
                if number == 0:
                    universe, gold = _items(part)
                    self._begin(settings, universe, gold, n_threads)
                else:
                    check(part, universe, settings, self._ledger, len(head["rounds"]))
                    self._enter(part)
            except (ValueError, TypeError) as error:
                store.damaged(number, part.kind, error)
        self._head = head

    @property
    def folder(self) -> os.PathLike[str] | None:
        """Where the state is kept; None for memory only."""
        return None if self._store is None else self._store.folder

    def close(self) -> None:
        """Let go of the folder; the loop cannot be changed afterwards."""
        self._closed = True
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _items(part: Part) -> tuple[Universe, NDArray[np.float64] | None]:
    """The items that a folder begins with, and gold in flat order."""
    if part.kind != "items":
        raise ValueError(f"the first part must hold items, not {part.kind}")
    universe, gold = Universe(part.table["group"], part.table["item"]), part.table.get("gold")
    if gold is None:
        return universe, None
    if np.isinf(gold).any():
        raise ValueError("gold must be finite or nan")
    return universe, universe.to_flat(gold)


def _same_folder(one: Folder, other: Folder) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
