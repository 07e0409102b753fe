"""Pictures as they were looked at: drawn again, they are the same."""

from __future__ import annotations

import pictures
import pytest

matplotlib = pytest.importorskip("matplotlib")

SAME = 2.0  # shades of 255; another version of matplotlib moves texts by parts of a point

newest = pytest.mark.skipif(
    tuple(map(int, matplotlib.__version__.split(".")[:2])) < (3, 11),
    reason="older versions lay out text in another way",
)


@newest
@pytest.mark.parametrize("name", pictures.DRAWINGS)
def test_a_picture_is_as_it_was(name, tmp_path):
    now = pictures.points(pictures.DRAWINGS[name])
    pictures.keep(tmp_path / f"{name}.png", now)
    far = pictures.difference(now, pictures.kept(name))
    assert far <= SAME, (
        f"differs by {far:.1f} shades: look at {tmp_path}/{name}.png, and if it is as it shall be, "
        "run python tests/pictures.py"
    )


def test_every_picture_kept_is_compared():
    assert {path.stem for path in pictures.FOLDER.glob("*.png")} == set(pictures.DRAWINGS)


def test_the_comparison_can_fail():
    def moved(ax):
        pictures.DRAWINGS["ratings_5"](ax)
        ax.lines[0].set_xdata(ax.lines[0].get_xdata() + 0.3)
        return ax

    now = pictures.points(pictures.DRAWINGS["ratings_5"])
    assert pictures.difference(now, now) == 0.0
    assert pictures.difference(pictures.points(moved), now) > SAME
    assert pictures.difference(pictures.points(pictures.DRAWINGS["ranks_5"]), now) > SAME
