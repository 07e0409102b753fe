"""Fixtures that several test files use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on cores that other tests are using.
settings.register_profile("venire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("venire")


# A suite that runs in the background inherits that interrupts are ignored, and would hand it on to
# the commands that it interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Test runners tell their processes how wide a terminal is; commands would fold what they say to it.
os.environ.pop("COLUMNS", None)


def _shared() -> Path:
    given = os.environ.get("VENIRE_SHARED")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared data files; the test is skipped where there is none."""
    folder = _shared() / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data folder at {folder} (set VENIRE_SHARED)")
    return folder


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names of tests are the same in every process: what was compressed knows the time."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None
