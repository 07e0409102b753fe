"""What is said of the package in several places agrees: versions, requirements, systems."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import venire as vn

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ABOUT = PROJECT["project"]
EXTRAS = ABOUT["optional-dependencies"]
PYTHONS = [
    c.rpartition(" ")[2] for c in ABOUT["classifiers"] if re.search(r":: Python :: 3\.\d+$", c)
]


def text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def without_space(requirements):
    return {r.replace(" ", "").replace("matplotlib-base", "matplotlib") for r in requirements}


@pytest.mark.parametrize(
    ("place", "pattern"),
    [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("packaging/conda/recipe.yaml", r'^  version: "(\S+)"$'),
    ],
)
def test_one_version(place, pattern):
    assert re.findall(pattern, text(place), re.MULTILINE) == [ABOUT["version"]] == [vn.__version__]


def test_one_set_of_addresses():
    ours = {address.split("/")[2] for address in ABOUT["urls"].values()}
    for place in ("CITATION.cff", "packaging/conda/recipe.yaml"):
        found = set(re.findall(r"https://([^/\s]+)", text(place)))
        assert found == ours, place


def test_the_same_pythons_everywhere():
    assert PYTHONS[0] == ABOUT["requires-python"].removeprefix(">=")
    minors = [python.partition(".")[2] for python in PYTHONS]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == f"cp3{{{','.join(minors)}}}-*"
    assert f"VERSIONS ?= {' '.join(PYTHONS)}\n" in text("Makefile")
    matrix = ", ".join(f'"{python}"' for python in PYTHONS)
    assert f"python: [{matrix}]" in text(".github", "workflows", "ci.yml")


def test_the_recipe_for_conda_asks_for_the_same():
    recipe = text("packaging", "conda", "recipe.yaml")

    def listed(section):
        block = re.search(rf"^  {section}:.*\n((?:    - .*\n)+)", recipe, re.MULTILINE)
        return without_space(re.findall(r"- (.*)", block.group(1)))

    assert listed("run") - {"python>=3.11"} == without_space(ABOUT["dependencies"])
    assert listed("host") - {"python", "pip"} == without_space(PROJECT["build-system"]["requires"])
    brought = {r for name in EXTRAS if name in OPTIONAL for r in without_space(EXTRAS[name])}
    assert {r.replace("dask-core", "dask") for r in listed("run_constraints")} == brought


OPTIONAL = re.search(r"\[(.*)\]", EXTRAS["all"][0]).group(1).split(",")


def test_all_is_every_extra_for_users():
    names = list(EXTRAS)
    assert names[: len(OPTIONAL) + 1] == [*OPTIONAL, "all"]
    listed = re.findall(r"^\| `\[(\w+)\]`", text("docs", "install.md"), re.MULTILINE)
    assert listed == [*OPTIONAL, "all", "bench"]  # the last is not in "all": it brings peers


def test_targets_that_the_workflow_names_exist():
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))
    lines = re.findall(r"make ((?:[a-z-]+ ?)+)", text(".github", "workflows", "ci.yml"))
    named = {name for line in lines for name in line.split()}
    assert named, "the workflow calls make"
    assert named <= targets
