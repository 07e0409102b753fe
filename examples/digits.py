"""Three rounds of distillation with local teachers: adaptive picks beside uniform ones.

The items are images of digits that scikit-learn ships, in 40 groups of 25, and the question about
a pair is which image shows the larger digit. The four teachers are regressors that have each seen
few images, and some only a part of them; asked about a pair, a teacher votes for the image to which
it gives the larger number. Votes become strengths, strengths become the targets of a student that
sees whole images, and what votes and student do not know decides which pairs come next. The truth
is used for the report alone. Needs scikit-learn and matplotlib: pip install 'venire[ml,plot]'.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

import venire as vn
from venire import plots

OUT = Path("out")
N_GROUPS, N_ITEMS, ROUNDS = 40, 25, 3
LESSON = 80  # images that a teacher has seen

Teacher = Callable[[vn.distillation.Requests], np.ndarray]


def digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 8, 8) with values in [0, 1], and what they show, shuffled."""
    images, shown = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))
    return images[order].reshape(-1, 8, 8) / 16.0, shown[order].astype(float)


def teachers(images: np.ndarray, shown: np.ndarray, asked: slice) -> dict[str, Teacher]:
    """Four models that learn from images of their own and vote on the images `asked`."""
    models = {
        "upper half": (lambda x: x[:, :4], KNeighborsRegressor(5)),
        "lower half": (lambda x: x[:, 4:], KNeighborsRegressor(5)),
        "whole": (lambda x: x, RandomForestRegressor(50, random_state=0)),
        "left half": (lambda x: x[:, :, :4], Ridge(1.0)),
    }
    found = {}
    for k, (name, (part, model)) in enumerate(models.items()):
        seen = slice(k * LESSON, (k + 1) * LESSON)
        model.fit(part(images[seen]).reshape(LESSON, -1), shown[seen])
        opinion = model.predict(part(images[asked]).reshape(N_GROUPS * N_ITEMS, -1))

        def vote(requests: vn.distillation.Requests, opinion: np.ndarray = opinion) -> np.ndarray:
            return np.sign(opinion[requests.first] - opinion[requests.second])

        found[name] = vote
    return found


def play(
    criterion: str | None = None, seed: int = 0, rounds: int = ROUNDS
) -> vn.distillation.Report:
    """A loop of some rounds; the criterion is that of the rounds after the first."""
    images, shown = digits(seed)
    asked = slice(4 * LESSON, 4 * LESSON + N_GROUPS * N_ITEMS)
    panel = teachers(images, shown, asked)
    loop = vn.distillation.Distillation(
        (np.repeat(np.arange(N_GROUPS), N_ITEMS), np.arange(N_GROUPS * N_ITEMS)),
        list(panel),
        gold=shown[asked],
        rng=seed,
    )
    student = make_pipeline(RBFSampler(gamma=0.05, n_components=300, random_state=0), Ridge(1.0))
    pixels = images[asked].reshape(N_GROUPS * N_ITEMS, -1)
    loop.run(panel, student, pixels, rounds=1)
    return loop.run(panel, student, pixels, rounds=rounds - 1, criterion=criterion)


def main() -> None:
    reports = {"adaptive": play(), "uniform": play("uniform")}
    for name, report in reports.items():
        print(f"{name}\n{report}\n")

    import matplotlib

    matplotlib.use("Agg")
    OUT.mkdir(exist_ok=True)
    axes = plots.plot_quality(reports, measure="tau")
    axes.set_title("Which digit is larger? Ratings of 1,000 images by four weak teachers")
    path = OUT / "digits.png"
    axes.figure.savefig(path, dpi=150, bbox_inches="tight")
    print(f"picture: {path}")


if __name__ == "__main__":
    main()
