"""What show_config says."""

from __future__ import annotations

import pytest


def test_show_config(capsys):
    import venire as vn

    config = vn.show_config("dict")
    assert config["build"]["venire"] == vn.__version__
    assert config["build"]["dispatch"] in ("x86-64-v4", "x86-64-v3", "baseline", "none")
    assert config["build"]["compiler"]
    assert config["run"]["threads"] >= 1
    assert config["packages"]["numpy"]
    assert vn.show_config() is None
    printed = capsys.readouterr().out
    assert "dispatch" in printed
    assert config["packages"]["numpy"] in printed
    with pytest.raises(ValueError, match=r"mode.*: must be"):
        vn.show_config("json")
