"""Weights taken for constants: the same maps, and nothing of the model changed."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfviz import GradCAM
from tfviz.explain.frozen import MOST_BYTES, freeze


class Counting(layers.Layer):
    """Counts its calls, and adds noise from a state of its own."""

    def build(self, shape: Any) -> None:
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.seeds = keras.random.SeedGenerator(4)

    def call(self, inputs: Any) -> Any:
        self.calls.assign_add(1.0)
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.seeds)


def model(*more: layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(),
            *more,
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def photos(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 16, 16, 3), "float32")


def test_constants_give_the_maps_of_the_variables_whatever_the_batch() -> None:
    plain, frozen = GradCAM(model()), GradCAM(model())
    assert freeze(frozen)
    for count in (4, 4, 3):
        expected = plain(photos(count)).maps
        assert expected.max() > 0
        np.testing.assert_allclose(frozen(photos(count)).maps, expected, rtol=1e-5, atol=1e-8)


def test_constants_stay_what_they_were_and_another_explainer_follows_the_weights() -> None:
    net = model()
    frozen, plain = GradCAM(net), GradCAM(net)
    freeze(frozen)
    before = frozen(photos(2)).maps
    net.set_weights([2 * each for each in net.get_weights()])
    np.testing.assert_array_equal(frozen(photos(2)).maps, before)
    assert not np.allclose(plain(photos(2)).maps, before)


def test_what_a_layer_keeps_of_its_calls_is_left_as_it_was() -> None:
    net = model(Counting())
    before = [np.array(tf.convert_to_tensor(each)) for each in net.variables]
    frozen = GradCAM(net)
    freeze(frozen)
    first = frozen(photos(2)).maps
    np.testing.assert_array_equal(frozen(photos(2)).maps, first)
    for old, variable in zip(before, net.variables, strict=True):
        np.testing.assert_array_equal(old, np.array(tf.convert_to_tensor(variable)))


def test_a_large_model_keeps_its_variables() -> None:
    inputs = keras.Input((8, 8, 3))
    wide = layers.Conv2D(64, 1)(inputs)
    rows = MOST_BYTES // (64 * 64 * 4) + 1
    large = layers.Dense(rows)(layers.Flatten()(wide))
    explainer = GradCAM(keras.Model(inputs, large))
    assert not freeze(explainer)
    assert explainer.constants is None
