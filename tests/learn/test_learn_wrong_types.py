"""What is of a wrong type is refused in a sentence, by every way into the lessons."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from tfviz import learn
from tfviz.errors import TfvizError


def _model() -> keras.Model:
    return keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, name="c"), keras.layers.Flatten()]
    )


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("loss", (None,), {}),
        ("loss", (["mse"],), {}),
        ("stability", (3,), {}),
        ("compare_losses", (3,), {}),
        ("activation", (3,), {}),
        ("activation", ("relu",), {"over": 3}),
        ("activation", ("relu",), {"over": ("a", "b")}),
        ("activation", ("softmax",), {"logits": 3}),
        ("softmax", (3,), {}),
        ("softmax", ([],), {}),
        ("compare_activations", (3,), {}),
        ("descent", (None,), {}),
        ("descent", ("square",), {"rates": "quick"}),
        ("descent", ("square",), {"rates": [None]}),
        ("descent", ("square",), {"start": "left"}),
        ("optimizer", (3,), {}),
        ("optimizer", ([3],), {}),
        ("optimizer", ("adam",), {"surface": 3}),
        ("optimizer", ("adam",), {"rate": "quick"}),
        ("optimizer", ("adam",), {"start": 3}),
        ("optimizer", ("adam",), {"start": ("a", "b")}),
        ("optimizer", ("adam",), {"tolerance": "little"}),
        ("optimizer", ("adam",), {"condition": "bad"}),
        ("optimizer", ("adam",), {"angle": "right"}),
        ("receptive_field", ("x", "y"), {}),
        ("receptive_field", (None, "y"), {}),
        ("receptive_field", ("MODEL", "c"), {"at": 3}),
        ("receptive_field", ("MODEL", "c"), {"at": ("a", "b")}),
        ("receptive_field", ("MODEL", "c"), {"images": 3}),
        ("landscape", ("x", 1, 2), {}),
        ("landscape", ("MODEL", 1, 2), {"loss": "mse"}),
        ("landscape", ("MODEL", None), {"loss": "mse"}),
        ("landscape", ("MODEL", "x"), {"loss": "mse"}),
        ("landscape", ("MODEL", "X", "X"), {"loss": "mse", "weights": "w.h5"}),
        ("landscape", ("MODEL", "X", "X"), {"loss": "mse", "weights": 3}),
        ("landscape", ("MODEL", "X", "X"), {"loss": "mse", "radius": "far"}),
        ("landscape", ("MODEL", "X", "X"), {"loss": "mse", "directions": 3}),
        ("step", ("x", 1, 2), {}),
        ("step", ("MODEL", 1, 2, "mse"), {}),
        ("deformable", (3,), {}),
        ("deformable", ("sample.png",), {"model": "x"}),
        ("convolution", (3,), {}),
        ("convolution", (), {"kernel": 3}),
        ("convolution", (), {"kernel_size": "x"}),
        ("convolution", (), {"strides": None}),
        ("convolution", (), {"at": 3}),
        ("textbook_layer", (3,), {}),
        ("textbook_layer", ("affine",), {"batch": "x"}),
        ("textbook_layer", ("affine",), {"seed": None}),
        ("backprop", (3,), {}),
        ("backprop", ("a*b",), {"a": "x", "b": 1}),
        ("worked_net", (3,), {}),
        ("worked_net", ("2-2-2",), {"inputs": 3}),
        ("worked_net", ("2-2-2",), {"rate": "x"}),
        ("worked_net", ("2-2-2",), {"steps": "x"}),
    ],
)
def test_a_wrong_type_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    stands_for: dict[str, Any] = {"MODEL": _model(), "X": np.zeros((2, 4, 4, 3), np.float32)}
    given = [stands_for.get(each, each) if isinstance(each, str) else each for each in arguments]
    with pytest.raises(TfvizError):
        getattr(learn, name)(*given, **options)


def test_one_rate_needs_no_list() -> None:
    assert [each.rate for each in learn.descent("square", rates=0.1).walks] == [0.1]


def test_an_unknown_loss_is_told_which_there_are() -> None:
    with pytest.raises(TfvizError, match=r"no loss 'foo'.*mse, mae, huber, bce"):
        learn.loss("foo")


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (("convolution", "--stride", "0"), "Strides 0: give a whole number"),
        (("convolution", "--kernel", "0x3"), "Kernel 0x3: give a whole number"),
        (("convolution", "--padding", "full"), "Padding 'full' must be"),
        (("convolution", "--size", "2", "--padding", "valid"), "Use padding 'same'"),
        (("convolution", "sample:cat", "--at", "9999,1"), "At (9999, 1) leaves no square"),
        (("descent", "--steps", "1"), "Steps 1 must be"),
        (("optimizer", "adam", "--rate", "-1"), "Rate -1.0 is no learning rate"),
        (("activation", "relu", "--range", "nan", "2"), "range nan to 2 is none"),
    ],
)
def test_a_command_speaks_of_options_and_not_of_arguments_of_python(
    tfviz_cli: Any, arguments: tuple[str, ...], start: str
) -> None:
    said = tfviz_cli("learn", *arguments, "--save", "none")
    assert said.code == 2
    assert start in " ".join(said.err.split())
    assert "=" not in said.err
