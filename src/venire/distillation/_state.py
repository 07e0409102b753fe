"""What a loop knows; every change goes through one door, first to the folder, then into memory."""

from __future__ import annotations

import copy
import os
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from venire.data.coding import Encoded
from venire.distillation._checking import check
from venire.distillation._ledger import ASK_COLUMNS, Ledger
from venire.distillation._settings import Settings
from venire.distillation._store import Part, Store, sound
from venire.distillation._universe import Universe
from venire.errors import StateError

__all__ = ["State"]

Folder = str | os.PathLike[str]


class Labels(NamedTuple):
    """Items of requests, in the order shown."""

    first: Encoded
    second: Encoded


class State:
    """Settings, items, the book of asks and answers, and facts about them that JSON holds.

    What a folder holds is the changes in their order, so opening it makes the same state.

    Attributes
    ----------
    settings : Settings
    universe : Universe
    ledger : Ledger
    prediction : ndarray of float64, shape (n_items,), or None
        Of the last student, of groups that it did not see, in the flat order.
    facts : dict of str to list of dict
        "rounds": how each was chosen; "students": how each did; "withdrawn": what was closed.
    store : Store or None
        None: in memory only.
    n_threads : int or None
    """

    def __init__(
        self, settings: Settings, universe: Universe, n_threads: int | None = None
    ) -> None:
        self.settings, self.universe, self.n_threads = settings, universe, n_threads
        self.ledger = Ledger()
        self.prediction: NDArray[np.float64] | None = None
        self.facts: dict[str, list[dict[str, Any]]] = {
            "rounds": [], "students": [], "withdrawn": []
        }  # fmt: skip
        self.store: Store | None = None
        self.closed = False

    @property
    def n_rounds(self) -> int:
        """Rounds that were asked."""
        return len(self.facts["rounds"])

    def active(self) -> list[bool]:
        """Which teachers were not withdrawn."""
        gone = {note["teacher"] for note in self.facts["withdrawn"]}
        return [teacher not in gone for teacher in self.settings.teachers]

    def labels_of(self, request: NDArray[np.int64]) -> Labels:
        """The two items of requests."""
        ledger, universe = self.ledger, self.universe
        ask = ledger.ask[request]
        distinct, codes = universe.coded
        sides = ((ledger.group, ledger.first), (ledger.second_group, ledger.second))
        one, two = (codes[universe.offsets[group[ask]] + item[ask]] for group, item in sides)
        return Labels(Encoded(distinct, one), Encoded(distinct, two))

    # ---- changes ------------------------------------------------------------------------------

    def change(self, *parts: Part, **facts: dict[str, Any]) -> None:
        """Make a change durable, then enter it: tables, and one more fact of some kinds."""
        if self.closed:
            raise StateError("the loop is closed")
        new = self.facts | {
            kind: [*self.facts[kind], copy.deepcopy(fact)] for kind, fact in facts.items()
        }
        try:
            if self.store is not None:
                self.store.commit(new, *parts)
            for part in parts:
                self._enter(part)
            self.facts = new
        except BaseException:  # Ctrl-C too: the folder is whole, memory may be behind it
            if self.store is None or self.store.lock is not None:
                self.close()
            raise

    def _enter(self, part: Part) -> None:
        if part.kind == "predictions":
            self.prediction = np.asarray(part.table["prediction"], np.float64)
        else:
            self.ledger.enter(part.kind, part.table)

    # ---- folders ------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        """All of it as a few parts."""
        ledger = self.ledger
        parts = [
            Part("items", self.universe.columns()),
            Part("asks", {name: getattr(ledger, name) for name in ASK_COLUMNS}),
            Part("requests", ledger.requests_table()),
        ]
        if self.prediction is not None:
            parts.append(Part("predictions", {"prediction": self.prediction}))
        return parts

    def create(self, folder: Folder) -> Store:
        """A new folder with the state in it."""
        return Store.create(folder, self.settings.plain(), self.facts, *self._parts())

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
        if self.store is not None and _same_folder(self.store.folder, folder):
            return
        if not os.path.exists(os.path.join(folder, "state.json")):
            self.create(folder).close()
            return
        store = Store(folder)
        try:
            own = Store.plain(self.settings.plain()) == store.state["settings"]
            saved = next(store.parts()).table
            for name, labels in zip(("group", "item"), self.universe.given(), strict=True):
                own = own and np.array_equal(saved[name], labels)
            if not own:
                raise StateError(f"{folder}: holds another loop")
            store.commit(self.facts, *self._parts(), fresh=True)
        finally:
            store.close()

    @classmethod
    def open(cls, folder: Folder, *, read_only: bool, n_threads: int | None) -> Self:
        """As a folder has it; nothing in it is believed unseen."""
        store = Store(folder, writable=not read_only)
        try:
            with sound(store.path):
                settings = Settings.of_plain(store.state["settings"])
            parts = store.parts()
            items = next(parts)
            with sound(items.path):
                if items.kind != "items":
                    raise ValueError(f"the first part must hold items, not {items.kind}")
                self = cls(settings, Universe(**items.table), n_threads)
            self.facts = store.state["head"]
            for part in parts:
                with sound(part.path):
                    check(part, self)
                    self._enter(part)
            if not read_only:
                store.tidy()
            self.store = store
            return self
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let go of the folder; nothing can be changed afterwards."""
        self.closed = True
        if self.store is not None:
            self.store.close()


def _same_folder(one: Folder, other: Folder) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
