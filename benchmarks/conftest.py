"""Sizes, stored rows and the record of who was not run."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measure import save_rows
from venire.bench.workloads import WORKLOADS, Rows


class Store:
    """The rows of one workload at a time, in memory and in a file for fresh processes."""

    def __init__(self, folder: Path, size: str) -> None:
        self.size = size
        self.path = folder / "rows.npz"
        self._key: object = None
        self._rows: Rows | None = None

    def rows(self, name: str, n_comparisons: int | None = None) -> Rows:
        """The named workload at this run's size, or at `n_comparisons`."""
        key = (name, n_comparisons)
        if self._rows is None or key != self._key:
            self._rows = None  # the old ones go before the new ones come
            workload = WORKLOADS[name]
            size = self.size if n_comparisons is None else n_comparisons
            self._rows = workload.rows(size)
            self._key = key
            save_rows(self._rows, self.path)
        return self._rows


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", choices=("full", "quick"), default="quick")


def pytest_configure(config: pytest.Config) -> None:
    config.left_out = []  # {"workload", "solver", "reason"} of each fit that was not run


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> str:
    return request.config.getoption("--size")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, size: str) -> Iterator[Store]:
    found = Store(tmp_path_factory.mktemp("rows"), size)
    yield found
    found.path.unlink(missing_ok=True)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def pytest_benchmark_update_json(config, benchmarks, output_json) -> None:
    import venire as vn

    output_json["left_out"] = config.left_out
    output_json["processor"] = _processor()
    output_json["config"] = vn.show_config("dict")
    output_json["size"] = config.getoption("--size")
