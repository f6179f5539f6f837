"""`tfviz learn activation` and `tfviz learn loss`, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_an_activation_is_told_and_written(tfviz_cli: Callable[..., Any], tmp_path: Path) -> None:
    said = tfviz_cli("learn", "activation", "tanh", "relu", "--out", tmp_path)
    assert said.code == 0
    assert "f' = 1 - f^2" in said.out
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"tanh.png", "tanh.json", "relu.png", "compared-tanh-relu.png"}
    assert "compared-tanh-relu.json" in names
    assert max(len(line) for line in said.out.split("\nWrote")[0].split("\n")) <= 80


def test_a_range_is_taken(tfviz_cli: Callable[..., Any], tmp_path: Path) -> None:
    said = tfviz_cli(
        "learn", "activation", "relu6", "--range", "-2", "9", "--save", "json", "--out", tmp_path
    )
    assert said.code == 0
    assert json.loads((tmp_path / "relu6-range--2-9.json").read_text())["over"] == [-2.0, 9.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("activation", "rellu"), "Did you mean 'relu'"),
        (("activation", "relu", "--range", "3", "-3"), "give the lower end first: -3 3"),
        (("activation", "softmax", "--logits", "1,two"), "Logits are numbers"),
        (("activation", "relu", "--logits", "1,2"), "relu takes each number by itself"),
        (("activation", "softmax", "--range", "-1", "1"), "softmax takes a whole vector"),
        (("activation", "leaky_relu:x"), "'leaky_relu' takes a number between"),
        (("activation",), "Which activation?"),
        (("activation", "relu", "--all"), "not both"),
        (("loss", "hubert"), "Did you mean 'huber'"),
        (("loss",), "Which loss?"),
        (("loss", "mse", "--save", "html"), "nothing to step through"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], words: str, tfviz_cli: Callable[..., Any], tmp_path: Path
) -> None:
    said = tfviz_cli("learn", *arguments, "--out", tmp_path)
    assert said.code != 0
    assert words in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert not list(tmp_path.iterdir())


def test_a_loss_comes_with_its_page_where_it_has_one(
    tfviz_cli: Callable[..., Any], tmp_path: Path
) -> None:
    said = tfviz_cli("learn", "loss", "bce", "mse", "--out", tmp_path)
    assert said.code == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert "binary_crossentropy.html" in names
    assert "binary_crossentropy-stable.png" in names
    assert "mean_squared_error.html" not in names
    assert "from_logits" in said.out
