"""Real judges with gold, and simulated panels: how right each method is, and what it warns of."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import venire as vn

ROOT = Path(__file__).resolve().parents[1]


def load(name):
    """A module of the benchmarks, which are no package on the path."""
    spec = importlib.util.spec_from_file_location(
        f"_bench_{name}", ROOT / "benchmarks" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


panels, scenarios = load("panels"), load("scenarios")


@pytest.fixture(scope="module")
def sets(shared_data):
    return {data.name: data for data in panels.panels(shared_data)}


@pytest.mark.shared
@pytest.mark.parametrize("name", list(panels.LIMITS))
@pytest.mark.parametrize("method", list(panels.METHODS))
def test_real_judges(sets, name, method):
    data = sets[name]
    q = vn.consensus(data.votes, **panels.METHODS[method])
    found = panels.score(q.probability, data.gold)
    assert panels.met(method, found, panels.limits(name)[method], data.votes.n_pairs), found


@pytest.mark.shared
@pytest.mark.parametrize("name", [n for n in panels.LIMITS if n not in ("RTE", "SP")])
def test_real_judges_stacked(sets, name):
    data = sets[name]
    found = panels.stacked(data, 100)
    assert panels.met("stacked", found, panels.limits(name)["stacked"], data.votes.n_pairs), found


@pytest.mark.shared
def test_real_correlations_around_gold(sets):
    """The mean correlation of errors lies where it was seen to lie."""
    seen = {
        "GPTInst 6Van": (0.25, 0.37), "Natural 65": (0.2, 0.4), "GPTInst GPT4x15": (0.62, 0.71),
        "PandaLM h1": (0.17, 0.29), "RTE": (0.06, 0.10), "SP": (0.33, 0.37),
    }  # fmt: skip
    for name, (low, high) in seen.items():
        data = sets[name]
        q = vn.consensus(data.votes, gold=data.gold)
        assert q.rho_source == "gold"
        assert low <= q.rho <= high, (name, q.rho)


@pytest.mark.shared
def test_warnings_on_real_judges(sets):
    """Contested where equal weights lose over .05, and nowhere else; no crowd has duplicates."""
    for name, data in sets.items():
        q = {m: vn.consensus(data.votes, m) for m in ("uniform", "precision", "reliability")}
        accuracy = {m: panels.score(x.probability, data.gold)[0] for m, x in q.items()}
        told = {w.name for w in q["reliability"].warnings}
        lost = max(accuracy.values()) - accuracy["uniform"]
        assert ("contested" in told) == (lost > 0.05), (name, lost)
        assert ("one model, many prompts" in told) == ("GPT4x15" in name), name
        assert "one order only" not in told, name
        if name in ("RTE", "SP") or name.startswith("PandaLM"):
            warned = vn.consensus(data.votes, "correlated").warnings
            assert "near-duplicates" not in {w.name for w in warned}, name


@pytest.mark.shared
def test_rho_estimated_on_real_judges(sets):
    seen = {"Natural 6Van": 0.47, "GPTInst 6Van": 0.25, "GPTInst GPT4x15": 0.60,
            "Neighbor 6Van": 0.21, "Neighbor GPT4x15": 0.53, "RTE": 0.20, "SP": 0.45}  # fmt: skip
    for name, rho in seen.items():
        assert vn.consensus(sets[name].votes, rho="estimate").rho == pytest.approx(rho, abs=0.01)


@pytest.mark.shared
def test_a_few_disputed_labels_tell_who_is_right(sets):
    right = []
    for name in ("GPTInst 6Van", "Neighbor 6Met", "Neighbor 65"):
        data = sets[name]
        for seed in range(20):
            design = vn.panel.design_gold(data.votes, 5, "side", rng=seed)
            side = vn.panel.which_side(data.votes, design.labels(data.gold[design.at]))
            right.append(side.believe == "reliability")
    assert np.mean(right) > 0.95


@pytest.mark.shared
def test_few_labels_on_real_judges(sets):
    """Guarded weights from eight labels are hardly ever worse than none, and better on average."""
    gains = []
    for data in sets.values():
        base = panels.score(vn.consensus(data.votes).probability, data.gold)[1]
        rng, losses = np.random.default_rng(0), []
        for _ in range(20):
            known = np.full(len(data.gold), np.nan)
            some = rng.permutation(len(data.gold))[:8]
            known[some] = data.gold[some]
            p = vn.panel.stack(data.votes, known, guarded=True).probability
            rest = np.isnan(known)
            losses.append(panels.score(p[rest], data.gold[rest])[1])
        gains.append(base - np.mean(losses))
    assert min(gains) > -0.01
    assert np.mean(gains) > 0.06


@pytest.mark.shared
def test_a_limit_can_be_missed(sets):
    data = sets["GPTInst 6Met"]
    found = panels.score(1 - vn.consensus(data.votes).probability, data.gold)
    limit = panels.limits(data.name)["reliability"]
    assert not panels.met("reliability", found, limit, data.votes.n_pairs)


def test_score():
    accuracy, loss = panels.score(np.array([0.9, 0.5, 0.2]), np.array([1.0, 1.0, 0.5]))
    assert accuracy == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert loss == pytest.approx(-(np.log(0.9) + np.log(0.5) + 0.5 * np.log(0.2 * 0.8)) / 3)


@pytest.fixture(scope="module")
def simulated():
    return {name: scenarios.run(name, seeds=20) for name in scenarios.SCENARIOS}


# accuracy that another implementation of the same rules found, uniform and reliability (converged);
# the tolerance is three standard errors of the difference of two means over 20 seeds of 400 pairs
OTHERS = {
    "independent": (0.824, 0.846),
    "rho 0.3": (0.778, 0.797),
    "rho 0.6": (0.748, 0.759),
    "rho 0.9": (0.729, 0.729),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_simulated_panels_equal_what_others_found(simulated, name):
    found = simulated[name].accuracy
    tolerance = 3 * np.sqrt(2 * 0.8 * 0.2 / (20 * 400))
    for method, expected in zip(("uniform", "converged"), OTHERS[name], strict=True):
        assert found[method] == pytest.approx(expected, abs=tolerance), (method, found)


def test_simulated_panels_break_where_they_are_said_to(simulated):
    """Which method fails on which panel, as the documentation lists."""
    one = simulated["4 noisy + 1 confident, wrong"].accuracy
    assert one["precision"] < 0.55 < 0.65 < one["uniform"] < one["converged"]
    few = simulated["2 noisy + 1 confident, wrong"].accuracy
    assert max(few["precision"], few["converged"], few["correlated"]) < 0.5 < few["uniform"]
    twins = simulated["3 alike, poor + 2 good"].accuracy
    assert twins["converged"] < twins["uniform"] - 0.03
    assert twins["stacked"] > twins["uniform"] + 0.1
    many = simulated["3 alike, poor + 4 good"].accuracy
    assert many["converged"] < many["uniform"] - 0.05
    assert many["correlated"] > many["uniform"] + 0.03
    for found in simulated.values():
        assert found.accuracy["stacked"] > found.accuracy["uniform"] - 0.02
