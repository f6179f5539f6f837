"""Files are named by what was asked: the same again replaces itself, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfviz.learn.naming import LONGEST, file_stem


def test_what_every_file_system_takes_stays_as_it_is() -> None:
    assert file_stem(["step", "my.keras"], {"data": "batch.npz"}) == "step-my-data-batch"
    assert file_stem(["deformable", "sample:cat"]) == "deformable-sample.cat"
    assert file_stem(["a"], {"rate": (0.1, 2.0), "log": True, "no": False}) == "a-rate-0.1-2-log"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a*b"], ["a/b"]),
        ([Path("a/my.keras")], [Path("b/my.keras")]),
        (["my.keras"], ["my.h5"]),
        (["x" * 200 + "1"], ["x" * 200 + "2"]),
        (["(a+b)"], ["a+b"]),
    ],
)
def test_what_looks_alike_is_told_apart(one: list[object], other: list[object]) -> None:
    names = {file_stem(one), file_stem(other)}
    assert len(names) == 2
    assert file_stem([Path("/far/away/my.keras")]).startswith("my-")
    assert all(len(each) <= LONGEST and "/" not in each for each in names)


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_the_same_command_replaces_its_own_files_and_another_adds_its_own(
    tfviz_cli, tmp_path: Path
) -> None:
    asked = ("learn", "textbook", "affine", "--out", tmp_path)
    tfviz_cli(*asked)
    first = _names(tmp_path)
    tfviz_cli(*asked, "--batch", "4")  # the default, typed
    assert _names(tmp_path) == first == {f"textbook-affine.{e}" for e in ("png", "html", "json")}
    tfviz_cli(*asked, "--single")
    tfviz_cli(*asked, "--batch", "8")
    stems = {each.stem for each in tmp_path.iterdir()}
    assert stems == {"textbook-affine", "textbook-affine-single", "textbook-affine-batch-8"}
    assert len(_names(tmp_path)) == 9


def test_a_set_of_two_expressions_is_never_mixed(tfviz_cli, tmp_path: Path) -> None:
    logistic, absolute = "1/(1 + exp(-x))", "relu(a) - relu(-a)"
    tfviz_cli("learn", "backprop", logistic, "x=1", "--save", "png", "--out", tmp_path)
    said = tfviz_cli("learn", "backprop", absolute, "a=2", "--out", tmp_path)
    assert said.code == 0
    (picture,) = tmp_path.glob("*.png")
    (twin,) = tmp_path.glob("*.json")
    assert json.loads(twin.read_text())["expression"] == absolute
    assert twin.with_suffix(".html").exists()
    assert picture.stem != twin.stem


def test_descents_and_races_are_named_by_their_options(tfviz_cli, tmp_path: Path) -> None:
    to = ("--save", "json", "--out", tmp_path)
    tfviz_cli("learn", "descent", "--function", "wells", "--rate", "0.1", "--rate", "0.5", *to)
    tfviz_cli("learn", "optimizer", "sgd", "adam", "--surface", "beale", "--steps", "5", *to)
    assert _names(tmp_path) == {
        "descent-function-wells-rate-0.1-0.5.json",
        "optimizer-sgd-adam-surface-beale-steps-5.json",
    }
