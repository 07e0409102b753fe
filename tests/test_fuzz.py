"""The fuzzer finds what is planted, reaches every public name, and finds nothing else."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import venire as vn

TESTS = Path(__file__).parent

# Names that no case reaches, and why.
EXEMPT = {
    "ConvergenceError": "raised, not called",
    "ConvergenceWarning": "warned, not called",
    "NotIdentifiedError": "raised, not called",
    "NotIdentifiedWarning": "warned, not called",
    "StateError": "raised, not called",
}
# Members for other parts of the package, which hand them what they checked; and what is abstract.
FOR_OTHERS = [
    "Comparisons.graph", "Comparisons.within", "GroupedComparisons.at",
    "GroupedComparisons.from_cells", "GroupedComparisons.with_masses", "Votes.from_tables",
    "Executor.completed", "Executor.forget", "Executor.here", "Executor.keep",
    "Executor.limits", "Executor.set_aside", "Executor.share", "Executor.submit",
    "Fit.has_free_tie", "Fit.log_tie",
    "PlackettLuceFit.deviation_errors", "PlackettLuceFit.pairs", "PlackettLuceFit.positions",
    "PlackettLuceFit.best_first", "PlackettLuceFit.posterior", "PriorMeans.asked_of",
    "Rankings.from_arrays",
    "GroupedFit.component_errors", "GroupedFit.deviation_errors", "GroupedFit.native",
    "GroupedFit.single",
    "GaussianPrior.goes_by_place", "GaussianPrior.native", "ItemPriors.given", "ItemPriors.level",
    "ItemPriors.levelled", "ItemPriors.part", "ItemPriors.ridge", "ItemPriors.total",
    "Columns.constant", "Display.digits", "Display.facts", "Display.name", "Display.place",
    "Display.put", "Display.words", "PairDesign.require_groups", "PathFit.require_own_scale",
    "Rated.columns", "Scanner.require_alike",
    "Rated.weights_are_given", "Ratings.best_first", "Ratings.determined", "Ratings.display",
    "Ratings.items", "Ratings.level_errors", "Ratings.marked", "Ratings.own",
    "Ratings.parameter_errors", "Ratings.rating", "Ratings.shown", "Ratings.to_elo",
    "Report.remarks", "Report.shown", "VoteColumns.said", "VoteColumns.shown_as_written",
    "Votes.from_rows",
    "Weighing.varies", "venire.diagnostics.glance",
    "Ratings.require_own_scale", "Ratings.standard_errors", "venire.batch.Executor",
    "venire.batch.FitOptions", "venire.batch.Replicates", "venire.priors.ItemPriors",
    "venire.priors.check_prior", "venire.priors.item_priors", "venire.ratings.Ratings",
]  # fmt: skip
NO_ENTRY = {  # modules
    "reference": "the definition of correct, which no production code imports",
    "cli": "its one function, main, is called by the entries command_*",
}


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(vn.__file__).parents[1]), str(TESTS)])
    return subprocess.run(
        [sys.executable, "-m", "fuzz", *arguments],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_what_is_planted_is_found():
    found = fuzz("planted", "--cases", "3", "--hang", "1")
    assert found.returncode == 1, found.stderr
    lines = found.stdout.splitlines()
    kinds = {line.partition(":")[0]: line for line in lines if not line.startswith(" ")}
    assert "SIGSEGV" in kinds["crash"]
    assert "IndexError" in kinds["exception"]
    assert {"hang", "nonfinite", "warning", "modified"} <= set(kinds)
    replays = [line.strip() for line in lines if " -m fuzz " in line]
    names = ("crash", "hang", "loop", "exception", "nan", "warning", "change")
    assert sorted(line.split()[4] for line in replays) == sorted(f"planted_{x}" for x in names)
    assert all("--seed 1 --cases 1" in line for line in replays)
    assert lines[-1].startswith("21 cases of 7 entries"), lines[-1]


def public_names():
    """Qualified names of public functions and classes, and of the public members of classes."""
    names: dict[str, str] = {}
    modules = [m.name for m in pkgutil.iter_modules(vn.__path__) if not m.name.startswith("_")]
    for module in ["", *(m for m in modules if m not in NO_ENTRY)]:
        package = importlib.import_module(f"venire.{module}".rstrip("."))
        for name in getattr(package, "__all__", ()):
            thing = getattr(package, name)
            if inspect.ismodule(thing) or not callable(thing) or name in EXEMPT:
                continue
            names.setdefault(thing.__qualname__, f"{package.__name__}.{name}")
            for member in dir(thing) if inspect.isclass(thing) else ():
                value = inspect.getattr_static(thing, member)
                value = getattr(value, "__func__", value)
                ours = (getattr(value, "__module__", None) or "").startswith("venire")
                if member.startswith("_"):
                    continue
                if isinstance(value, property):
                    names[f"{thing.__qualname__}.{member}"] = f"{name}.{member}"
                elif inspect.isfunction(value) and ours:
                    names[value.__qualname__] = f"{name}.{member}"
    return names


@pytest.mark.slow
def test_every_public_name_is_reached_and_nothing_is_found(tmp_path):
    reached = tmp_path / "reached"
    found = fuzz("--cases", "60", "--seconds", "1800", "--reached", str(reached))
    assert found.returncode == 0, found.stdout + found.stderr
    called = set(reached.read_text().splitlines())
    missed = {v for k, v in public_names().items() if k not in called}
    assert sorted(missed.difference(FOR_OTHERS)) == []


def test_an_exemption_is_of_a_name_that_there_is():
    assert set(EXEMPT) <= set(vn.errors.__all__)
    assert set(FOR_OTHERS) <= set(public_names().values())
    assert set(NO_ENTRY) <= {m.name for m in pkgutil.iter_modules(vn.__path__)}
