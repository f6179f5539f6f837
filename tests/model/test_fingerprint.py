"""Equal names for models that compute the same, other names for all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tfviz.model.fingerprint import fingerprint


def small(head: dict[str, Any] | None = None, norm: dict[str, Any] | None = None, **conv: Any):
    """A classifier whose weights are the same whatever its options are."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, **{"padding": "same", **conv}),
            layers.BatchNormalization(**norm or {}),
            layers.Dropout(0.3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, **head or {}),
        ]
    )


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "gelu"},
        {"strides": 2},
        {"padding": "valid"},
        {"norm": {"epsilon": 0.1}},
        {"head": {"activation": "softmax"}},
        {"dtype": "mixed_bfloat16"},
    ],
)
def test_equal_weights_that_are_used_in_another_way_are_another_model(
    options: dict[str, Any],
) -> None:
    one, other = small(), small(**options)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert fingerprint(one) != fingerprint(other)


def _nothing(model: keras.Model) -> None:
    pass


def _other_activation(model: keras.Model) -> None:
    model.layers[-1].activation = keras.activations.softmax


def _other_statistics(model: keras.Model) -> None:
    model.layers[1].moving_mean.assign(np.ones(4))


def _to_int8(model: keras.Model) -> None:
    model.layers[-1].quantize("int8")


def _frozen(model: keras.Model) -> None:
    model.trainable = False


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (_nothing, True),
        (_frozen, True),
        (_other_activation, False),
        (_other_statistics, False),
        (_to_int8, False),
    ],
)
def test_what_a_model_computes_decides(change: Callable[[keras.Model], None], same: bool) -> None:
    model = small()
    before = fingerprint(model)
    change(model)
    assert (fingerprint(model) == before) is same


def nested() -> keras.Model:
    keras.utils.set_random_seed(2)
    inputs = keras.Input((12, 12, 3))
    base = keras.Sequential([keras.Input((12, 12, 3)), layers.SeparableConv2D(4, 3)])
    found = keras.ops.relu(base(layers.RandomFlip()(inputs)))
    rows = layers.Reshape((-1, 4))(found)
    told = layers.Bidirectional(layers.GRU(3))(rows)
    return keras.Model(inputs, layers.TimeDistributed(layers.Dense(2))(told[:, None, :]))


def test_a_model_that_is_built_again_or_loaded_keeps_its_name(tmp_path: Path) -> None:
    model = nested()
    model.save(tmp_path / "nested.keras")
    again, loaded = nested(), keras.models.load_model(tmp_path / "nested.keras")
    assert len({fingerprint(each) for each in (model, again, loaded)}) == 1


class Odd(layers.Layer):
    """A layer that can't be saved, with an option that no JSON can hold."""

    def __init__(self, table: np.ndarray, **given: Any) -> None:
        super().__init__(**given)
        self.table = table

    def call(self, inputs: Any) -> Any:
        return inputs + self.table

    def get_config(self) -> dict[str, Any]:
        return {"table": self.table, "how": self.call, 3: "three"}


class Mute(layers.Layer):
    """A layer that won't tell its options."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        raise RuntimeError("no")


def test_odd_options_of_custom_layers_are_no_obstacle() -> None:
    def odd(fill: float) -> keras.Model:
        table = np.full(3, fill, "float32")
        return keras.Sequential([keras.Input((3,)), Odd(table), Mute(), layers.ReLU()])

    assert fingerprint(odd(1)) == fingerprint(odd(1)) != fingerprint(odd(2))
