"""Rate the American League East of 1987 with home advantage: a table and a picture.

Data: Agresti, *Categorical Data Analysis*, second edition (2002), section 10.6.
"""

from pathlib import Path

import venire as vn
from venire import plots

OUT = Path("out")
REFERENCE = "Baltimore"


def main() -> None:
    fit = vn.fit_bradley_terry(vn.datasets.load_baseball_1987(), order_effect=True)

    print(fit.summary())
    print()
    print(f"The same relative to {REFERENCE}, as published (Agresti 2002, section 10.6):")
    for item, estimate, error in zip(*fit.relative_to(REFERENCE), strict=True):
        print(f"  {item:<12} {estimate:8.4f}  ({error:.4f})")

    import matplotlib

    matplotlib.use("Agg")
    OUT.mkdir(exist_ok=True)
    axes = plots.plot_ratings(fit)
    axes.set_title("American League East 1987, with home advantage")
    path = OUT / "baseball.png"
    axes.figure.savefig(path, dpi=150, bbox_inches="tight")
    print(f"\npicture: {path}")


if __name__ == "__main__":
    main()
