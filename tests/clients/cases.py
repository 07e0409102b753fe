"""What every client must compute: each function once, beside what Python says of it.

A client is a module with functions named as those of the table (venire.h). What is wrong with a
call is a ValueError, with the words of the status, or a TypeError.
"""

from __future__ import annotations

import numpy as np

import venire as vn

CASES = {}
KEY = vn.kernels.stream_key(11)
MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
SHAPES = (0.01, 0.3, 1.0, 2.5, 40.0, 499.0, 3e4)
POINTS = (0.0, 1e-9, 0.2, 0.5, 0.97, 1.0)


def case(function):
    """Make the function a case, for the one that it is named after."""
    CASES[function.__name__] = function
    return function


def close(found, expected, rtol=1e-12, atol=0.0):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def grid():
    """Shapes and points, all with all: three arrays."""
    found = np.meshgrid(SHAPES, SHAPES, POINTS, indexing="ij")
    return [np.ascontiguousarray(x.ravel()) for x in found]


def each(function, *arrays):
    return np.array([function(*row) for row in zip(*(x.tolist() for x in arrays), strict=True)])


# --- the Beta distribution ------------------------------------------------------------------------


@case
def beta_cdf(client):
    a, b, x = grid()
    close(each(client.beta_cdf, a, b, x), vn.BetaPosterior(a, b).cdf(x))
    assert np.isnan(client.beta_cdf(-1.0, 1.0, 0.5))
    assert np.isnan(client.beta_cdf(1.0, 1.0, 1.5))


@case
def beta_sf(client):
    a, b, x = grid()
    close(each(client.beta_sf, a, b, x), vn.BetaPosterior(a, b).prob_above(x))
    assert np.isnan(client.beta_sf(1.0, np.inf, 0.5))


def log_densities(a, b, x):
    inside = (x > 0.0) & (x < 1.0)
    points = zip(a[inside], b[inside], x[inside], strict=True)
    return inside, [float(vn.reference.beta_logpdf(*p)) for p in points]


@case
def beta_logpdf(client):
    a, b, x = grid()
    inside, expected = log_densities(a, b, x)
    found = each(client.beta_logpdf, a, b, x)
    close(found[inside], expected, rtol=1e-11, atol=1e-11)
    for shape, at_end in ((0.5, np.inf), (1.0, np.log(3.0)), (2.0, -np.inf)):
        close(client.beta_logpdf(shape, 3.0, 0.0), at_end)
        close(client.beta_logpdf(3.0, shape, 1.0), at_end)


@case
def beta_quantile(client):
    a, b, q = grid()
    close(each(client.beta_quantile, a, b, q), vn.BetaPosterior(a, b).quantile(q))
    assert np.isnan(client.beta_quantile(1.0, 1.0, np.nan))


@case
def beta_greater(client):
    a, b, _ = grid()
    c, d = a[::-1].copy(), np.roll(b, 5)
    expected = vn.BetaPosterior(a, b).prob_greater(vn.BetaPosterior(c, d))
    close(each(client.beta_greater, a, b, c, d), expected)
    assert np.isnan(client.beta_greater(1.0, 1.0, 0.0, 1.0))


@case
def beta_update(client):
    expected = vn.BetaPosterior(1.5, 2.0).update(3.0, 1.0, 2.0)
    assert client.beta_update(3.0, 1.0, 2.0, 1.5, 2.0) == (expected.alpha, expected.beta)


def many(function, expected, name="x", **tolerance):
    a, b, x = grid()
    out = np.empty(len(a))
    for n_threads in (1, 3):
        out.fill(-1.0)
        function(a, b, x, out, n_threads)
        close(out, expected, **tolerance)
    refuses(function, a, b, np.where(np.arange(len(x)) == 5, 2.0, x), out, words=f"{name}[5]")
    refuses(function, np.where(np.arange(len(x)) == 7, 0.0, a), b, x, out, words="alpha[7]")


def refuses(function, *arguments, words="", kind=ValueError):
    """The call is an error that says so; compiled code says it in words without a position."""
    try:
        function(*arguments)
    except kind as error:
        told = str(error)
        assert words in told or "out of range" in told or "lengths differ" in told, told
    else:
        raise AssertionError(f"{function} took {arguments}")


@case
def beta_cdf_many(client):
    a, b, x = grid()
    many(client.beta_cdf_many, vn.BetaPosterior(a, b).cdf(x))


@case
def beta_sf_many(client):
    a, b, x = grid()
    many(client.beta_sf_many, vn.BetaPosterior(a, b).prob_above(x))


@case
def beta_logpdf_many(client):
    a, b, x = grid()
    inside, expected = log_densities(a, b, x)
    out = np.empty(len(a))
    client.beta_logpdf_many(a, b, x, out)
    close(out[inside], expected, rtol=1e-11, atol=1e-11)
    close(out[~inside], each(vn.jit.beta_logpdf, a, b, x)[~inside])


@case
def beta_quantile_many(client):
    a, b, q = grid()
    many(client.beta_quantile_many, vn.BetaPosterior(a, b).quantile(q), "q")


@case
def beta_greater_many(client):
    a, b, _ = grid()
    c, d, out = a[::-1].copy(), np.roll(b, 5), np.empty(len(a))
    client.beta_greater_many(a, b, c, d, out)
    close(out, vn.BetaPosterior(a, b).prob_greater(vn.BetaPosterior(c, d)))
    refuses(client.beta_greater_many, a, b, -c, d, out, words="other_alpha[0]")


@case
def beta_update_many(client):
    a, b, x = grid()
    start = vn.BetaPosterior(a, b)
    client.beta_update_many(x, 2 * x, 4 * x, a, b)
    after = start.update(x, 2 * x, 4 * x)
    close(a, after.alpha)
    close(b, after.beta)
    client.beta_update_many(x, x, None, a, b)
    close(a, after.update(x, x).alpha)
    refuses(client.beta_update_many, -1 - x, x, None, a, b, words="win[0]")


# --- models ---------------------------------------------------------------------------------------


@case
def model(client):
    assert [client.model(name) for name in MODELS] == [0, 1, 2, 3]


@case
def model_name(client):
    assert [client.model_name(k) for k in range(4)] == list(MODELS)
    assert client.model_name(-1) is None
    assert client.model_name(1000) is None


@case
def model_has_tie(client):
    assert [client.model_has_tie(k) for k in range(4)] == [0, 0, 1, 1]


LINKS = np.array([-800.0, -9.0, -0.3, 0.0, 1.0, 4.0, 60.0])
LOG_TIE = 0.4


def outcomes(name):
    """Numbers of the outcomes, with a mass of 1 for each: win, loss, tie."""
    for k in range(3 if name in vn.reference.TIE_MODELS else 2):
        yield k, [np.full(len(LINKS), float(k == j)) for j in range(3)]


def links(function, key, transform=lambda x: x):
    for number, name in enumerate(MODELS):
        for k, masses in outcomes(name):
            terms = vn.reference.cell_terms(name, LINKS, LOG_TIE, *masses)
            found = [function(number, k, d, LOG_TIE) for d in LINKS.tolist()]
            close(found, transform(terms[key]), rtol=1e-11, atol=1e-300)
    assert np.isnan(function(9999, 0, 0.0, 0.0))
    assert np.isnan(function(0, 2, 0.0, 0.0))
    assert np.isnan(function(3, 0, 0.0, -1.0))


@case
def link_probability(client):
    links(client.link_probability, "value", np.exp)


@case
def link_slope(client):
    links(client.link_slope, "d1")


@case
def link_curvature(client):
    links(client.link_curvature, "d2")


def cells(n=1500):
    rng = np.random.default_rng(3)
    return rng.normal(0.0, 2.0, n), *rng.integers(0, 5, (3, n)).astype(float)


@case
def cells_log_likelihood(client):
    d, win, loss, tie = cells()
    for number, name in enumerate(MODELS):
        terms = vn.reference.cell_terms(name, d, LOG_TIE, win, loss, tie)
        close(client.cells_log_likelihood(number, d, win, loss, tie, LOG_TIE), terms["value"].sum())
    refuses(client.cells_log_likelihood, 0, d, -win, loss, tie, 0.0, words="win[")
    refuses(client.cells_log_likelihood, 77, d, win, loss, tie, 0.0, words="model")


@case
def cells_derivatives(client):
    d, win, loss, tie = cells()
    slope, curvature = np.empty(len(d)), np.empty(len(d))
    for number, name in enumerate(MODELS):
        terms = vn.reference.cell_terms(name, d, LOG_TIE, win, loss, tie)
        client.cells_derivatives(number, d, win, loss, tie, LOG_TIE, slope, curvature)
        close(slope, terms["d1"], rtol=1e-10, atol=1e-12)
        close(curvature, terms["d2"], rtol=1e-10, atol=1e-300)


# --- random numbers -------------------------------------------------------------------------------


@case
def stream_words(client):
    one, two = vn.reference.threefry(KEY, [5], 9)
    assert client.stream_words(*KEY, 5, 9) == (one[0], two[0])


@case
def stream_uniform(client):
    expected = vn.reference.stream_uniform(KEY, 40, 5)
    assert [client.stream_uniform(*KEY, i) for i in range(40, 45)] == expected.tolist()


@case
def stream_normal(client):
    expected = vn.reference.stream_normal(KEY, 40, 5)
    close([client.stream_normal(*KEY, i) for i in range(40, 45)], expected, atol=1e-14)


@case
def stream_beta(client):
    a, b, _ = grid()
    expected = vn.reference.beta_sample(a, b, KEY)
    found = [client.stream_beta(*KEY, i, a[i], b[i]) for i in range(len(a))]
    close(found, expected, rtol=1e-9)
    assert np.isnan(client.stream_beta(*KEY, 0, -1.0, 1.0))


@case
def stream_poisson(client):
    for mean in (0.0, 0.7, 30.0, 1e5):
        expected = vn.reference.stream_poisson(KEY, 3, 4, mean)
        assert [client.stream_poisson(*KEY, i, mean) for i in range(3, 7)] == expected.tolist()
    assert client.stream_poisson(*KEY, 0, -1.0) == -1


@case
def stream_uniform_many(client):
    out = np.empty(9001)
    client.stream_uniform_many(*KEY, 2**63, out)
    assert (out == vn.reference.stream_uniform(KEY, 2**63, len(out))).all()


@case
def stream_normal_many(client):
    out = np.empty(9001)
    client.stream_normal_many(*KEY, 17, out)
    close(out, vn.reference.stream_normal(KEY, 17, len(out)), atol=1e-13)


@case
def stream_beta_many(client):
    a, b, out = np.tile(SHAPES, 9), np.repeat(SHAPES, 9), np.empty(63)
    client.stream_beta_many(*KEY, 0, a, b, out)
    close(out, vn.reference.beta_sample(a, b, KEY), rtol=1e-9)
    later = np.empty(3)
    client.stream_beta_many(*KEY, 60, a[60:].copy(), b[60:].copy(), later)
    assert (later == out[60:]).all()
    refuses(client.stream_beta_many, *KEY, 0, -a, b, out, words="alpha[0]")


@case
def stream_poisson_many(client):
    out = np.empty(5000, np.int32)
    for mean in (0.7, 30.0):
        client.stream_poisson_many(*KEY, 3, mean, out)
        assert (out == vn.reference.stream_poisson(KEY, 3, len(out), mean)).all()
    refuses(client.stream_poisson_many, *KEY, 0, 1e9, out, words="mean")


@case
def multinomial_counts(client):
    out = np.empty((3, 70), np.int32)
    client.multinomial_counts(*KEY, 4, 70, out, 2)
    for r, row in enumerate(out):
        assert (row == vn.reference.bootstrap_weights(70, KEY, 4 + r)).all()
    (block,) = vn.bootstrap_weights(70, 7, rng=11)
    assert (out == block[4:]).all()
    refuses(client.multinomial_counts, *KEY, 2**63, 70, out, words="first")


@case
def bootstrap_counts(client):
    count = np.array([30.0, 1.0, 50.0, 20.0, 3.0])
    out = np.empty((40, 5))
    client.bootstrap_counts(*KEY, 2, count, out, 2)
    for r, row in enumerate(out):
        assert (row == vn.reference.bootstrap_draws(count, KEY, 2 + r)).all()
    refuses(client.bootstrap_counts, *KEY, 0, count + 0.5, out, words="count[0]")


# --- fits -----------------------------------------------------------------------------------------


def rows(n_items=12, n=300, seed=5):
    """first, second, win, loss, tie, order"""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n_items)
    first = rng.integers(0, n_items, n).astype(np.int32)
    second = ((first + rng.integers(1, n_items, n)) % n_items).astype(np.int32)
    order = rng.choice([-1, 0, 1], n).astype(np.int8)
    p = 1.0 / (1.0 + np.exp(theta[second] - theta[first] - 0.3 * order))
    win = rng.binomial(3, p).astype(float)
    tie = rng.binomial(2, 0.3, n).astype(float)
    return first, second, win, 3.0 - win, tie, order


FITS = (vn.fit_bradley_terry, vn.fit_thurstone, vn.fit_davidson, vn.fit_rao_kupper)


@case
def fit(client):
    first, second, win, loss, tie, order = rows()
    theta = np.empty(12)
    c = vn.Comparisons.from_counts(first, second, win, loss, tie, order=order)
    for number, function in enumerate(FITS):
        for effect in (False, True):
            for prior in (None, vn.GaussianPrior(0.5)):
                expected = function(c, order_effect=effect, prior=prior)
                status, gamma, log_tie, residual, n_iter = client.fit(
                    first, second, win, loss, tie, order, theta, model=number,
                    precision=prior.precision if prior else 0.0, order_effect=effect,
                )  # fmt: skip
                assert status == 0
                assert residual <= 1e-9
                assert n_iter > 0
                close(theta, expected.theta, atol=1e-8)
                assert np.isnan(gamma) if not effect else abs(gamma - expected.order_effect) < 1e-8
                ties = expected.tie is not None
                assert abs(np.exp(log_tie) - expected.tie) < 1e-8 if ties else np.isnan(log_tie)
    refuses_rows(client)


def refuses_rows(client):
    """Each column with one thing wrong, where and what is told."""
    first, second, win, loss, tie, order = rows()
    theta = np.empty(12)

    def wrong(x, value):
        out = x.copy()
        out[9] = value
        return out

    for words, bad in (
        ("first[9]", (wrong(first, 12), second, win, loss, tie, order)),
        ("first[9]", (wrong(first, -1), second, win, loss, tie, order)),
        ("second[9]", (first, wrong(second, 2**31 - 1), win, loss, tie, order)),
        ("second[9]", (first, wrong(second, first[9]), win, loss, tie, order)),
        ("win[9]", (first, second, wrong(win, -1.0), loss, tie, order)),
        ("loss[9]", (first, second, win, wrong(loss, np.nan), tie, order)),
        ("tie[9]", (first, second, win, loss, wrong(tie, np.inf), order)),
        ("order[9]", (first, second, win, loss, tie, wrong(order, 3))),
    ):
        refuses(client.fit, *bad, theta, words=words)
    refuses(client.fit, *rows(), theta, -5, words="model")
    refuses(client.fit, *rows(), theta, 0, -1.0, words="precision")
    # no wins against it: there is no finite fit, unless a prior helps
    few = (np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.ones(2), np.zeros(2))
    assert client.fit(*few, None, None, theta[:3].copy())[0] == 6
    assert client.fit(*few, None, None, theta[:3].copy(), 0, 1.0)[0] == 0


def groups(n_groups=40):
    """row_ptr, item_ptr, first, second, win, loss: groups of different sizes, one of them empty."""
    parts = [rows(3 + k % 5, 20 + k % 7, k)[:4] for k in range(n_groups)]
    parts[7] = tuple(x[:0] for x in parts[7])
    sizes = [len(part[0]) for part in parts]
    items = [3 + k % 5 for k in range(n_groups)]
    ptr = [np.concatenate([[0], np.cumsum(x)]).astype(np.int64) for x in (sizes, items)]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return (*ptr, *columns)


@case
def fit_groups(client):
    row_ptr, item_ptr, first, second, win, loss = groups()
    n = len(row_ptr) - 1
    seen = []
    for n_threads in (1, 3):
        theta, status = np.empty(item_ptr[-1]), np.full(n, -1, np.int8)
        data = (row_ptr, item_ptr, first, second, win, loss)
        client.fit_groups(*data, theta, status, 0, 0.5, n_threads)
        assert status.tolist() == [7 if k == 7 else 0 for k in range(n)]
        seen.append(theta)
    assert (seen[0] == seen[1]).all()
    for k in range(n):
        own = slice(row_ptr[k], row_ptr[k + 1])
        if k == 7:
            continue
        c = vn.Comparisons.from_counts(first[own], second[own], win[own], loss[own])
        fitted = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.5))
        close(seen[0][item_ptr[k] : item_ptr[k + 1]][fitted.items], fitted.theta, atol=1e-8)
    refuses(client.fit_groups, row_ptr[::-1].copy(), item_ptr, first, second, win, loss, theta,
            status, words="row_ptr[0]")  # fmt: skip
    late = first.copy()
    late[row_ptr[20]] = 30
    refuses(client.fit_groups, row_ptr, item_ptr, late, second, win, loss, theta, status,
            words=f"first[{row_ptr[20]}]")  # fmt: skip


@case
def fit_small(client):
    first, second, win, loss, *_ = rows()
    theta = np.empty(12)
    assert client.fit_small(0, 0.5, first, second, win, loss, theta) == 0
    c = vn.Comparisons.from_counts(first, second, win, loss)
    close(theta, vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.5)).theta, atol=1e-8)
    assert client.fit_small(0, 0.0, first + 1, second, win, loss, theta) == 5
    assert client.fit_small(44, 0.0, first, second, win, loss, theta) == 10
    few = [x[:1].copy() for x in (first, second, win, loss)]
    assert client.fit_small(0, 0.0, *few, theta) == 6
    assert client.fit_small(0, 0.0, *[x[:0].copy() for x in few], theta) == 7


# --- the team -------------------------------------------------------------------------------------


@case
def team_size(client):
    assert client.team_size(4, 2) == 2
    assert client.team_size(0, 9) == 1


@case
def team_run(client):
    out = np.zeros(1000, np.int64)
    for n_threads in (1, 3):
        out.fill(0)
        client.team_run(out, n_threads)
        assert (out == np.arange(1000) ** 2).all()
    out[600:] = -1
    refuses(client.team_run, out, 3, words="large")


@case
def status_text(client):
    assert client.status_text(5) == "is out of range"
    assert "unknown" in client.status_text(-4)
