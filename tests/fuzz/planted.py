"""Faults on purpose: what the runner must find. Not run unless they are named."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any

import numpy as np

from fuzz.case import Case, entry


def _once(case: Case, fault: Any) -> None:
    """The fault in the second case alone: those before and after it are run too."""
    if case.seed == 1:
        fault()


@entry
def planted_crash(case: Case) -> None:
    _once(case, lambda: ctypes.string_at(8))


@entry
def planted_hang(case: Case) -> None:
    _once(case, threading.Event().wait)


@entry
def planted_loop(case: Case) -> None:
    def loop() -> None:
        while True:
            time.perf_counter()

    _once(case, loop)


def wrong_exception(x: float) -> float:
    return [1.0][int(x)]


@entry
def planted_exception(case: Case) -> None:
    _once(case, lambda: case.call(wrong_exception, 3.0, allow=(ValueError,)))


def silent_nan(x: float) -> float:
    return x - x


@entry
def planted_nan(case: Case) -> None:
    _once(case, lambda: case.finite("a difference", case.call(silent_nan, float("inf"))))


def loud(x: np.ndarray) -> np.ndarray:
    return 1.0 / x


@entry
def planted_warning(case: Case) -> None:
    _once(case, lambda: case.call(loud, np.zeros(2)))


def greedy(x: np.ndarray) -> None:
    x += 1.0


@entry
def planted_change(case: Case) -> None:
    _once(case, lambda: case.call(greedy, np.zeros(2)))
