"""What it costs to take rows in: `Comparisons` beside NumPy, its growth, and the smallest calls.

    python -m benchmarks.rows [--size quick|full]

NumPy: ``key = a * n + b`` and two bincounts. Labels are int64 and int32, scores float64. Seconds
are medians of five in turn; short calls are repeated for each of them. The exponent is that of time
against rows.
"""

from __future__ import annotations

import argparse

import numpy as np

import venire as vn
from benchmarks.beside import medians
from benchmarks.report import exponent
from benchmarks.tables import seconds, table
from venire import simulate
from venire.bench.fits import numpy_counts

# rows and items
SHAPES = {
    "full": ((100_000, 200), (2_000_000, 200), (10_000_000, 1_000)),
    "quick": ((10_000, 200), (100_000, 200), (500_000, 1_000)),
}
GROWTH = {
    "full": (1_000_000, 3_000_000, 10_000_000, 30_000_000),
    "quick": (100_000, 300_000, 1_000_000),
}
N_ITEMS = 200  # of the rows that grow
SMALL = (300, 20)  # rows and items

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


def columns(n_items: int, n: int, dtype: type = np.int64) -> Columns:
    """first, second and score, a fifth of the rows ties."""
    made = simulate.arena(n_items, n)
    return made.first.astype(dtype), made.second.astype(dtype), made.score


def beside_numpy(size: str) -> str:
    body = []
    for n, n_items in SHAPES[size]:
        for dtype in (np.int64, np.int32):
            rows = columns(n_items, n, dtype)
            found = medians(
                {
                    "venire": lambda rows=rows: vn.Comparisons(*rows),
                    "numpy": lambda rows=rows, k=n_items: numpy_counts(*rows, k),
                }
            )
            body.append(
                [
                    f"{n:,} rows, {n_items:,} items, {np.dtype(dtype)}",
                    *(seconds(x) for x in found.values()),
                    f"{found['venire'] / found['numpy']:.2f}",
                ]
            )
    return table(["seconds", "Comparisons", "NumPy", "ratio"], body)


def growth(size: str) -> str:
    points = []
    for n in GROWTH[size]:
        rows = columns(N_ITEMS, n)
        points.append((n, medians({"": lambda rows=rows: vn.Comparisons(*rows)})[""]))
    body = [[f"{n:,}", seconds(t), f"{1e9 * t / n:.2f}"] for n, t in points]
    told = f"Exponent: {exponent(points):.3f} ({N_ITEMS} items)."
    return f"{table(['rows', 'seconds', 'ns a row'], body)}\n\n{told}"


def small() -> str:
    n, n_items = SMALL
    rows = columns(n_items, n)
    c, prior = vn.Comparisons(*rows), vn.GaussianPrior(0.1)
    fit, two = vn.fit_bradley_terry(c, prior=prior), vn.Comparisons([0, 1], [1, 0], 1.0)
    one, many = vn.BetaPosterior(3.0, 4.0), vn.BetaPosterior(np.linspace(1.0, 9.0, 100), 3.0)
    vote, teacher = np.sign(rows[2] - 0.5), np.arange(n) % 3
    calls = {
        "Comparisons": lambda: vn.Comparisons(*rows),
        "fit": lambda: vn.fit_bradley_terry(c, prior=prior),
        "fit of two rows": lambda: vn.fit_bradley_terry(two, prior=prior),
        "both": lambda: vn.fit_bradley_terry(vn.Comparisons(*rows), prior=prior),
        "fit and standard errors": lambda: vn.fit_bradley_terry(c, prior=prior).standard_errors(),
        "predict, one": lambda: fit.predict(3, 4),
        "predict, all": lambda: fit.predict(*rows[:2]),
        "Votes": lambda: vn.Votes(*rows[:2], teacher, vote),
        "BetaPosterior, one": lambda: vn.BetaPosterior(3.0, 4.0),
        "its cdf": lambda: one.cdf(0.5),
        "cdf of 100": lambda: many.cdf(0.5),
    }
    body = [[name, f"{1e6 * t:.1f}"] for name, t in medians(calls).items()]
    return table([f"{n} rows, {n_items} items", "microseconds"], body)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("--size", choices=("full", "quick"), default="full")
    size = parser.parse_args().size
    print(beside_numpy(size), growth(size), small(), sep="\n\n")


if __name__ == "__main__":
    main()
