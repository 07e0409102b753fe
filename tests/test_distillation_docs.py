"""The example of the page on the loop runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "guide" / "distillation.md"


def test_the_example_of_the_page_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib").use("Agg")
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    names: dict = {}
    for block in blocks[:2]:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "votes so far" in capsys.readouterr().out
    adaptive, uniform = names["loop"].report(), names["report"]
    assert adaptive["tau"][-1] > uniform["tau"][-1] > uniform["tau"][0]
    assert adaptive["total_votes"].tolist() == uniform["total_votes"].tolist()
    assert (tmp_path / "quality.png").stat().st_size > 1000
    exec(compile(blocks[2], str(PAGE), "exec"), names)
    assert len(names["rest"]) + 100 == len(names["requests"])
