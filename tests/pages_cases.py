"""Results whose pages are looked at."""

from __future__ import annotations

import numpy as np

import venire as vn

EVIL = [
    "<script>document.title='ran'</script>",
    '"><img src=x onerror="document.title=\'ran\'">',
    "</script><script>document.title='ran'</script>",
    "<!--<script>",
    "&lt;&<img src=x onerror=\"document.title='ran'\">",
    "$x_1$ & <b>bold</b> &amp; 'quoted'",
    "مرحبا بالعالم",
    "模型一號",
    "🤖 emoji",
    "a-long-name-" * 8,
    "o" + "\u0301" * 300 + "-longer-" * 300,
    "\u202eevil",
    "line\nbreak",
]


def games(k: int, n: int, seed: int = 0) -> vn.Comparisons:
    """Games of k items, the first the strongest."""
    return vn.Comparisons(*_drawn(np.array([f"m{x:05d}" for x in range(k)], object), n, seed))


def evil() -> vn.Comparisons:
    """Labels that are more than text, if somebody is careless."""
    return vn.Comparisons(*_drawn(np.array(EVIL, object), 2000, 1))


def _drawn(names, n, seed):
    r, k = np.random.default_rng(seed), len(names)
    i = r.integers(0, k, n)
    j = (i + r.integers(1, k, n)) % k
    return names[i], names[j], (r.random(n) < 1.0 / (1.0 + np.exp(3.0 * (i - j) / k))).astype(float)


def grouped() -> vn.GroupedFit:
    """Three groups."""
    first, second, score = _drawn(np.array([f"m{x}" for x in range(6)], object), 900, 2)
    group = np.array(["en", "<i>de</i>", "中文"], object)[np.arange(900) % 3]
    return vn.fit_groups(vn.GroupedComparisons(group, first, second, score))


def votes() -> vn.Votes:
    """Four judges over 60 prompts."""
    first, second, score = _drawn(np.array([f"m{x}" for x in range(6)], object), 1200, 3)
    teacher = np.array(["ann", "bea", "cy", "<b>dan</b>"], object)[np.arange(1200) % 4]
    prompt = np.random.default_rng(4).integers(0, 60, 1200)
    frame = {"first": first, "second": second, "judge": teacher, "prompt": prompt}
    return vn.Votes.from_frame(
        frame | {"vote": np.where(score > 0, 1, -1)}, first="first", second="second",
        teacher="judge", group="prompt", vote="vote", as_shown=True,
    )  # fmt: skip
