"""The printed summary of a fit."""

from __future__ import annotations

import numpy as np
import pytest

from venire import datasets, reference
from venire.priors import GaussianPrior
from venire.ratings import _errors
from venire.ratings.fit import Fit


def make_fit(cells, model="bradley-terry", *, prior=None, order_effect=False, **changes):
    found = reference.fit(cells, model, prior=prior, order_effect=order_effect)
    values = {
        "comparisons": cells,
        "model": model,
        "theta": found.theta,
        "tie": found.tie,
        "order_effect": found.order_effect,
        "prior": prior,
        "log_likelihood": found.log_likelihood,
        "residual": found.residual,
        "converged": found.converged,
        "n_iter": found.n_iter,
        "component": reference.components(cells, "weak").labels,
    }
    return Fit(**(values | changes))


@pytest.fixture(scope="module")
def baseball():
    return reference.cells_from_counts(*datasets.columns("baseball_1987").values())


def test_baseball(baseball):
    fit = make_fit(baseball, order_effect=True)
    text = str(fit.summary())
    assert "Bradley–Terry fit by newton" in text
    assert "comparisons 273   items 7   components 1   free parameters 7" in text
    assert "log-likelihood -169.543   deviance 38.643 (null 78.015)   AIC 353.09" in text
    assert "order effect 0.3023   SE 0.1309   95 % 0.0456 to 0.5589" in text
    lines = text.splitlines()
    heading = next(line for line in lines if line.startswith("rank"))
    assert heading.split() == ["rank", "item", "estimate", "SE", "lower", "upper", "games"]
    table = [line.split() for line in lines if line.strip()[:1].isdigit()]
    assert [row[1] for row in table] == [
        "Milwaukee", "Detroit", "Toronto", "New", "Boston", "Cleveland", "Baltimore",
    ]  # fmt: skip
    assert table[0] == ["1", "Milwaukee", "0.5407", "0.2095", "0.1301", "0.9514", "78"]
    assert repr(fit.summary()) == text
    assert max(map(len, lines)) <= 100
    assert "Fisher information" in text


def test_level_top_kind_and_no_errors(baseball):
    fit = make_fit(baseball, note="a remark")
    summary = fit.summary(0.9, top=2, errors="robust")
    text = str(summary)
    assert "... and 5 more items" in text
    assert "90 % Wald" in text
    assert "sandwich" in text
    assert text.endswith("a remark")
    np.testing.assert_array_equal(summary.columns["item"], ["Milwaukee", "Detroit"])
    best = fit.ranks().argmin()
    assert summary.columns["upper"][0] == fit.interval(0.9, "robust")[best, 1]
    assert "SE" not in str(fit.summary(errors=None))
    with pytest.raises(ValueError, match="top"):
        fit.summary(top=0)
    with pytest.raises(ValueError, match="level"):
        fit.summary(1.5)
    with pytest.raises(ValueError, match="errors"):
        fit.summary(errors="hubber")


@pytest.mark.parametrize(("model", "name"), [("davidson", "nu"), ("rao-kupper", "eta")])
def test_tie_parameter(model, name):
    rng = np.random.default_rng(1)
    first = rng.integers(0, 4, 200)
    second = (first + rng.integers(1, 4, 200)) % 4
    cells = reference.aggregate(first, second, rng.choice([0.0, 0.5, 1.0], 200))
    fit = make_fit(cells, model)
    errors = fit.parameter_errors()
    low, high = fit.tie * np.exp(np.array([-1, 1]) * 1.959963984540054 * errors.log_tie)
    line = (
        f"tie parameter {name} {fit.tie:.4f}   SE {errors.tie:.4f}   95 % {low:.4f} to {high:.4f}"
    )
    assert line in str(fit.summary())
    none = reference.cells_from_counts([0, 1, 2], [1, 2, 0], [2.0] * 3, [1.0] * 3)
    assert "no tie was seen" in str(make_fit(none, model).summary())


def test_several_components_and_a_prior():
    cells = reference.cells_from_counts(
        ["a", "b", "d", "f"], ["c", "d", "f", "b"], [3.0, 4.5, 3.0, 2.0], [1.0, 2.0, 3.0, 2.0]
    )
    summary = make_fit(cells).summary()
    text = str(summary)
    assert "compare estimates and ranks only within one" in text
    assert text.splitlines()[6].split()[-1] == "component"
    # the larger component first, by rank; the other has none
    assert summary.columns["component"].tolist() == [1, 1, 1, 0, 0]
    assert summary.columns["rank"].tolist() == [1, 2, 3, None, None]
    assert " 10.50" in text
    prior = str(make_fit(cells, prior=GaussianPrior(0.25)).summary())
    assert "normal prior of precision 0.25" in prior
    assert "only the prior holds the scale" in prior


def test_no_convergence_is_said_loudly(baseball):
    text = str(make_fit(baseball, converged=False, residual=1e-3).summary())
    assert "NOT CONVERGED: 4 iterations, residual 1.0e-03" in text


def test_long_tables_are_cut_and_large_graphs_say_they_were_sampled(monkeypatch):
    rng = np.random.default_rng(2)
    first = rng.integers(0, 80, 4000)
    second = (first + rng.integers(1, 80, 4000)) % 80
    cells = reference.aggregate(first, second, rng.integers(0, 2, 4000))
    fit = make_fit(cells)
    assert "... and 50 more items" in str(fit.summary())
    assert len(fit.summary(top=70).columns["rank"]) == 70
    monkeypatch.setattr(_errors._covariance, "fits_exactly", lambda layout: False)
    assert "SE sampled with" in str(make_fit(cells).summary())
