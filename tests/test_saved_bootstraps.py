"""Saved bootstraps are read as if a stranger had written them."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest

import venire as vn

# ---- the files ----------------------------------------------------------------------------------


def league(seed=0, **options):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 5, 150)
    second = (first + rng.integers(1, 5, 150)) % 5
    score = rng.choice([0.0, 0.5, 1.0], 150)
    names = np.array(["ann", "bea", "cid", "dot", "eve"], object)
    if options.pop("text", False):
        first, second = names[first], names[second]
    return vn.Comparisons(first, second, score, **options)


def groups(seed=0, soft=False):
    rng = np.random.default_rng(seed)
    group = np.repeat(["p", "q", "r"], 60).astype(object)
    first = rng.integers(0, 4, 180)
    second = (first + rng.integers(1, 4, 180)) % 4
    score = rng.random(180) if soft else rng.choice([0.0, 0.5, 1.0], 180)
    order = rng.choice([-1, 1], 180)
    return vn.GroupedComparisons(
        group, first, second, score, order=order, groups=["r", "p", "none", "q"]
    )


def single(**options):
    def make():
        scheme = options.get("scheme", "multinomial")
        unit = options.get("unit", "auto")
        c = league(**options.get("data", {}))
        fit = getattr(vn, f"fit_{options.get('model', 'bradley_terry')}")
        return vn.bootstrap(fit(c, **options.get("fit", {})), 6, rng=1, scheme=scheme, unit=unit)

    return vn.resampling.Bootstrap, make


def many(keep="draws", soft=False, **options):
    def make():
        gf = vn.fit_groups(groups(soft=soft), **options)
        return vn.bootstrap(gf, 6, rng=1, keep=keep, levels=[0.9, 0.5])

    return vn.resampling.GroupedBootstrap, make


CLUSTERS = {"cluster": np.arange(150) % 12, "order": np.resize([1, -1, 0], 150)}


def statistic():
    def make():
        def mean(x, w):
            return float(x @ w / w.sum())

        x = np.random.default_rng(0).normal(size=30)
        return vn.bootstrap_statistic(
            mean, x, n_resamples=6, error=lambda x, w: 0.1 + abs(mean(x, w)), bca=True, rng=1
        )

    return vn.resampling.StatisticBootstrap, make


SAVED = {
    "statistic": statistic(),
    "plain": single(),
    "text": single(data={"text": True}, model="davidson", fit={"order_effect": True}),
    "clusters": single(data=CLUSTERS, model="rao_kupper", fit={"prior": vn.GaussianPrior(0.1)}),
    "cells": single(unit="cells", scheme="bayesian", model="thurstone"),
    "draws": many(model="davidson", order_effect=True),
    "summary": many("summary", soft=True),
    "shared": many(model="rao-kupper", order_effect=True, shared=True),
}


def saved(name, path):
    kind, make = SAVED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make()
    made.save(path)
    return kind, made


# ---- what is done to them -----------------------------------------------------------------------


def array_mutations(x):
    """Name and what an array of a file may be changed to."""
    yield "missing", None
    yield "empty", x[:0]
    yield "cut", x[:-1]
    yield "longer", np.concatenate([x, x[-1:]])
    yield "two-dimensional", np.stack([x, x])
    yield "column", x[..., None]
    yield "scalar", np.array(x.reshape(-1)[0]) if x.size else np.array(0)
    yield "texts", np.full(x.shape, "x")
    yield "bytes", np.full(x.shape, b"x")
    yield "complex", np.zeros(x.shape, complex)
    yield "dates", np.zeros(x.shape, "M8[s]")
    yield "records", np.zeros(x.shape, [("a", float)])
    yield "negated", np.zeros(x.shape, "?")
    if x.dtype.kind == "U":
        yield "equal", np.full(x.shape, x.reshape(-1)[0])
        yield "numbers", np.arange(x.size).reshape(x.shape)
        yield "wider", x.astype("U99")
        return
    if not x.size:
        return
    yield "other type", x.astype(np.float32 if x.dtype.kind == "f" else np.float64)
    yield "wrong order of bytes", x.astype(x.dtype.newbyteorder())
    yield "halved", (x / 2).astype(x.dtype)
    yield "reversed", x[::-1].copy()
    yield "all equal", np.full_like(x, x.reshape(-1)[0])
    yield "Fortran", np.asfortranarray(x)
    if x.dtype.kind == "b":
        yield "twos", np.full(x.shape, 2, np.uint8).view(bool).reshape(x.shape)
        return
    values = (
        [-1, -5, 2**30, np.iinfo(x.dtype).max, np.iinfo(x.dtype).min, 0, 1]
        if x.dtype.kind in "iu"
        else [np.nan, np.inf, -np.inf, 1e308, -1e308, -1.0, 0.0, 5e-324, 0.5, 1e20]
    )
    for value in values:
        for where in ("first", "last", "all"):
            y = x.copy()
            flat = y.reshape(-1)
            at = {"first": 0, "middle": x.size // 2, "last": x.size - 1, "all": slice(None)}[where]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                flat[at] = np.array(value).astype(x.dtype)
            yield f"{value} {where}", y
    rng = np.random.default_rng(0)
    for k in range(2):
        yield f"shuffled {k}", rng.permutation(x.reshape(-1)).reshape(x.shape)
        if x.dtype.kind in "iu":
            low, high = max(-3, np.iinfo(x.dtype).min), min(12, np.iinfo(x.dtype).max)
            yield f"noise {k}", rng.integers(low, high, x.shape).astype(x.dtype)
        else:
            yield f"noise {k}", rng.normal(size=x.shape)
    yield "garbage", np.frombuffer(rng.bytes(x.nbytes), x.dtype).reshape(x.shape)


VALUES = (
    None, -1, 0, 1, 2**31, 2**70, 0.5, -0.5, 1e308, float("nan"), float("inf"), "x", "", [], [1],
    [1, 2], [-1, 2], [2**64, 0], [0.5, 0.5], {}, {"a": 1}, True, False, "davidson", "cells",
    "clusters", "outcomes", 10**30, ["items"], [0.9, 0.5, 0.1],
)  # fmt: skip


def fact_mutations(facts):
    """Name and facts with one of them changed, missing or added."""
    for name, old in facts.items():
        if isinstance(old, dict):
            yield from ((f"{name}.{k}", facts | {name: new}) for k, new in fact_mutations(old))
        yield f"{name} missing", {k: x for k, x in facts.items() if k != name}
        for value in VALUES:
            yield f"{name} = {value!r}", facts | {name: value}
    yield "extra", facts | {"extra": 1}


def mutations(path):
    """Names and members of changed files."""
    with np.load(path) as file:
        members = {name: file[name] for name in file.files}
    facts = json.loads(str(members["facts"]))
    for name, x in members.items():
        if name != "facts":
            for what, y in array_mutations(x):
                new = {k: v for k, v in members.items() if k != name}
                yield f"{name} {what}", new if y is None else new | {name: y}
    for what, new in fact_mutations(facts):
        yield f"facts {what}", members | {"facts": np.array(json.dumps(new))}
    for what in ("{", "[]", "1", '"x"', "null", "[" * 100_000):
        yield f"facts {what[:9]}", members | {"facts": np.array(what)}
    yield "facts two", members | {"facts": np.array([json.dumps(facts)] * 2)}
    yield "facts number", members | {"facts": np.array(7)}
    yield "facts missing", {k: v for k, v in members.items() if k != "facts"}
    yield "extra", members | {"c.more": np.zeros(3)}
    yield "extra draws", members | {"draws.more": np.zeros(3)}
    yield "nothing", {}
    numbers = [k for k, v in members.items() if v.dtype.kind in "iuf" and v.size]
    rng = np.random.default_rng(1)
    for k in range(40):  # several at a time
        new = dict(members)
        for name in rng.choice(numbers, min(3, len(numbers)), replace=False):
            y = new[name].copy()
            y.reshape(-1)[rng.integers(y.size)] += rng.choice([-1, 1, 2])
            new[name] = y
        yield f"three {k}", new


def use(kind, b):
    """What may be done with a bootstrap that was read."""
    if kind is vn.resampling.StatisticBootstrap:
        for interval in ("percentile", "basic", "bca", "studentized"):
            with contextlib.suppress(ValueError):
                b.interval(0.9, interval)
        return b
    more = b.extend(3)
    assert type(more) is kind
    if kind is vn.resampling.Bootstrap:
        assert more.theta.shape == (b.n_resamples + 3, len(b.items))
        steps = [
            b.standard_errors, b.interval, lambda: b.interval(0.9, "bca"),
            lambda: b.interval(0.9, "studentized"), b.rank_interval,
            lambda: b.rank_interval(simultaneous=True), lambda: b.tied_neighbours(backend="dict"),
            lambda: b.to_frame("dict"), b.fit.standard_errors, lambda: str(b.fit.summary()),
        ]  # fmt: skip
    else:
        assert more.n_resamples == b.n_resamples + 3
        steps = [b.interval, lambda: b.interval(0.8), lambda: b.to_frame("dict"),
                 b.fit.standard_errors, lambda: b.fit.log_likelihood,
                 lambda: [b[label].interval() for label in b.groups]]  # fmt: skip
    for step in steps:
        with contextlib.suppress(ValueError):
            step()
    return more


def run(name, path, log):
    """Load every mutation; what does not end in ValueError must work. A process of its own."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    kind, _ = saved(name, path)
    changed = f"{path}.changed.npz"
    refused = 0
    with open(log, "w", encoding="utf-8", buffering=1) as out:
        for what, members in mutations(path):
            np.savez(changed, **members)
            print(what, file=out)
            faulthandler.dump_traceback_later(30, exit=True)
            try:
                b = kind.load(changed)
            except ValueError as error:
                refused += 1
                if not str(error).startswith(f"path: {changed!r} is no saved bootstrap"):
                    raise RuntimeError from error
            else:
                assert type(b) is kind
                use(kind, b)
                print("  accepted", file=out)
            faulthandler.cancel_dump_traceback_later()
        print(f"done, {refused} refused", file=out)


# ---- the tests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAVED)
def test_no_change_to_a_file_gets_past_the_door(name, tmp_path):
    log = tmp_path / "log"
    code = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); "
        f"from test_saved_bootstraps import run; "
        f"run({name!r}, {os.fspath(tmp_path / 'b.npz')!r}, {os.fspath(log)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else [""]
    assert done.returncode == 0, f"{lines[-1]}: {done.returncode}\n{done.stderr[-3000:]}"
    assert int(lines[-1].split()[1]) > (150 if name == "statistic" else 300)


@pytest.mark.parametrize("name", SAVED)
def test_what_was_saved_comes_back(name, tmp_path):
    kind, b = saved(name, tmp_path / "b.npz")
    again = kind.load(tmp_path / "b.npz")
    if kind is vn.resampling.StatisticBootstrap:
        for interval in ("percentile", "basic", "bca", "studentized"):
            np.testing.assert_array_equal(again.interval(0.9, interval), b.interval(0.9, interval))
        with pytest.raises(ValueError, match="the statistic did not come along"):
            again.extend(4)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = b.extend(4), again.extend(4)
    if kind is vn.resampling.GroupedBootstrap:
        np.testing.assert_array_equal(one.mean(), other.mean())
        np.testing.assert_array_equal(one.fit.status, other.fit.status)
    else:
        np.testing.assert_array_equal(one.theta, other.theta)
    with np.load(tmp_path / "b.npz") as file:  # as others write it
        np.savez_compressed(tmp_path / "c.npz", **file)
    kind.load(tmp_path / "c.npz")


def test_files_that_are_something_else(tmp_path):
    kind, _ = saved("plain", tmp_path / "b.npz")
    whole = (tmp_path / "b.npz").read_bytes()
    for n in [*range(0, len(whole), len(whole) // 40), len(whole) - 1]:
        (tmp_path / "cut.npz").write_bytes(whole[:n])
        with pytest.raises(ValueError, match=r"path: '.*cut.npz' is no saved bootstrap"):
            kind.load(tmp_path / "cut.npz")
    rng = np.random.default_rng(0)
    for _ in range(60):  # a byte of a member, its checksum or the directory
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        (tmp_path / "bit.npz").write_bytes(changed)
        with contextlib.suppress(ValueError):
            kind.load(tmp_path / "bit.npz").extend(1)
    np.save(tmp_path / "a.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as file:
        file.writestr("facts", "{}")
    np.savez(tmp_path / "pickled.npz", facts=np.array([{"format": "venire bootstrap 2"}], object))
    (tmp_path / "text.npz").write_text("a,b\n1,2\n")
    for name in ("a.npy", "z.npz", "pickled.npz", "text.npz", "."):
        with pytest.raises(ValueError, match="is no saved bootstrap"):
            kind.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        kind.load(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match="it is a 'venire bootstrap 3'"):
        vn.resampling.GroupedBootstrap.load(tmp_path / "b.npz")


def test_a_huge_array_in_the_header_is_an_error_at_once(tmp_path):
    kind, _ = saved("plain", tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "b.npz") as old, \
            zipfile.ZipFile(tmp_path / "big.npz", "w") as new:  # fmt: skip
        for name in old.namelist():
            data = old.read(name)
            if name == "b.theta.npy":
                data = data.replace(b"(6, 5)", b"(%d,)" % 2**44)
            new.writestr(name, data)
    with pytest.raises(ValueError, match="is no saved bootstrap"):
        kind.load(tmp_path / "big.npz")


def test_the_error_names_file_member_position_and_value(tmp_path):
    kind, _ = saved("plain", tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as file:
        members = {name: file[name] for name in file.files}
    members["c.second"][2] = 2**30
    np.savez(tmp_path / "b.npz", **members)
    with pytest.raises(ValueError) as caught:
        kind.load(tmp_path / "b.npz")
    assert str(caught.value) == (
        f"path: {str(tmp_path / 'b.npz')!r} is no saved bootstrap: c.second[2] = 1073741824: "
        "must be from 0 to 4"
    )
    assert (caught.value.position, caught.value.value) == (2, 2**30)


def test_labels_that_numpy_would_cut_are_not_saved(tmp_path):
    c = vn.Comparisons(
        ["a", "a\0", "b", "b", "a"], ["b", "b", "a", "a\0", "a\0"], [1, 1, 1, 1, 0.5]
    )
    b = vn.bootstrap(vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.1)), 3, rng=1)
    with pytest.raises(ValueError, match="ends in a NUL character cannot be saved"):
        b.save(tmp_path / "b.npz")
    assert not list(tmp_path.iterdir())
