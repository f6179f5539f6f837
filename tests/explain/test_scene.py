"""Calls from a call: the head alone, copies of inputs, targets that stay, and what refuses."""

from __future__ import annotations

import gc
import weakref

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz import ActivationMap, Contrast, GradCAM, LayerError, Top
from tfviz.explain.compiled import traces_of

# Of each way a model can be made one: nested, subclassed, siamese, tokens, half precision.
KINDS = ("sequential_without_input", "subclassed", "multi_input", "siamese", "unet", "vit",
         "conv1d", "mixed_float16")  # fmt: skip


def three(found):
    """The three scores that `Halved` gives in place of a map."""
    return found.maps.reshape(len(found), -1)[:, -3:]


class Halved(ActivationMap):
    """Scores of the head with activations times 1, 1/2, 0, at the last places of a map."""

    name = "halved"

    def trace(self, scene):
        return scene.activations

    def run(self, work):
        factors = tf.constant([1.0, 0.5, 0.0])
        found = []
        for rows in work.chunks(3):
            part = tf.repeat(factors[None, rows], work.count, axis=0)
            found.append(work.further(self.scores, part, *work.look()))
        scores = np.concatenate(found, axis=1)
        maps = []
        for A in work.look():
            maps.append(np.zeros(A.shape[:-1], "float32"))
            maps[-1].reshape(len(scores), -1)[:, -3:] = scores
        return maps

    @staticmethod
    def scores(scene, factors, *activations):
        copies = tf.shape(factors)[1]
        changed = []
        for A in activations:
            flat = tf.reshape(factors, [-1, *[1] * (len(A.shape) - 1)])
            changed.append(scene.repeated(A, copies) * flat)
        return scene.at(copies=copies, activations=changed).scores


class Counted(layers.Layer):
    """Passes on what it is given, and counts how often it really runs."""

    runs = 0

    def call(self, x):
        def passed(value):
            Counted.runs += 1
            return value

        out = tf.numpy_function(passed, [x], x.dtype, stateful=False)
        out.set_shape(x.shape)
        return out


def counted_model(skip):
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="early")(Counted()(image))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="late")(x)
    y = layers.Add(name="add")([x, y]) if skip else y
    y = layers.Conv2D(3, 3, activation="relu", name="after")(y)
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(y)))


def inputs(count=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 8, 8, 3)).astype("float32")


@pytest.fixture(scope="module")
def counted():
    return counted_model(skip=False)


def test_head_alone_runs_nothing_before_the_layer(counted):
    model, x = counted, inputs(1)
    Counted.runs = 0
    found = Halved(model, "late", batch_size=1)(x, 1)
    assert len(np.unique(three(found))) == 3
    assert Counted.runs == 1  # the look; the head ran three times


def test_connection_around_the_layer_belongs_to_the_head():
    model, x = counted_model(skip=True), inputs(1)
    early = model.get_layer("early")(x)
    late = model.get_layer("late")(early)
    dense = model.layers[-1]
    for i, factor in enumerate((1.0, 0.5, 0.0)):
        after = model.get_layer("after")(early + factor * late)
        expected = dense(keras.ops.mean(after, axis=(1, 2)))[0, 1]
        found = three(Halved(model, "late", relu=False)(x, 1))
        assert found[0, i] == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_head_with_the_layers_own_activations_gives_the_score(kind):
    keras.utils.set_random_seed(11)
    model = models.KINDS[kind][0]()
    found = Halved(model, relu=False)(models.inputs_for(model))
    scale = 2e-3 if kind == "mixed_float16" else 1e-5
    np.testing.assert_allclose(three(found)[:, 0], found.scores, rtol=scale, atol=scale)


def test_batch_size_bounds_the_copies_and_changes_nothing(counted):
    x = inputs(4)
    expected = Halved(counted, "late", relu=False)(x, 1).maps
    for batch_size in (1, 2, 5):
        found = Halved(counted, "late", batch_size=batch_size, relu=False)(x, 1).maps
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_layer_called_twice_is_replaced_call_by_call():
    model = models.siamese()
    left, right = models.inputs_for(model)

    class OnlyFirst(Halved):
        name = "only_first"

        @staticmethod
        def scores(scene, factors, *activations):
            copies = tf.shape(factors)[1]
            A = scene.repeated(activations[0], copies) * tf.reshape(factors, [-1, 1, 1, 1])
            return scene.at(copies=copies, activations=[A, None]).scores

    found = OnlyFirst(model, relu=False)([left, right], 1)
    # Without its first picture the model is left with the second, pooled and subtracted.
    base, dense = model.get_layer("base"), model.layers[-1]
    b = keras.ops.mean(base(right), axis=(1, 2))
    expected = (-b @ dense.kernel + dense.bias)[:, 0]
    np.testing.assert_allclose(three(found)[:, 2], expected, rtol=1e-4, atol=1e-6)


class Masked(ActivationMap):
    """Scores of the inputs times 0."""

    name = "masked"

    def trace(self, scene):
        return scene.activations

    def run(self, work):
        scores = work.further(self.scores)
        return [tf.repeat(scores[:, None], 2, axis=1)]

    @staticmethod
    def scores(scene):
        return scene.at(scene.inputs * 0.0).score


@pytest.mark.parametrize(
    ("target", "twin"),
    [
        (Top(1), lambda y, first: y[np.arange(3), first[:, 0]]),
        (Top(2), lambda y, first: y[np.arange(3), first[:, 1]]),
        (2, lambda y, first: y[:, 2]),
        (
            Contrast(Top(1), Top(2)),
            lambda y, first: y[np.arange(3), first[:, 0]] - y[np.arange(3), first[:, 1]],
        ),
        (lambda y: y[:, 4], lambda y, first: y[:, 4]),
    ],
    ids=["top1", "top2", "class", "contrast", "function"],
)
def test_what_was_most_likely_stays_explained_when_the_input_changes(counted, target, twin):
    model, x = counted, inputs(3, seed=4)
    model.layers[-1].bias.assign(np.linspace(2, -2, 5).astype("float32"))
    order = np.argsort(-model(x).numpy(), axis=1)
    found = Masked(model, relu=False)(x, target).maps[:, 0]
    np.testing.assert_allclose(found, twin(model(x * 0).numpy(), order), atol=1e-5)


def test_look_and_one_further_function_are_traced_once_each():
    model, x = counted_model(skip=False), inputs(3)
    for batch_size in (1, 2, 32):
        for target in (0, 1, [0, 1, 2]):
            Halved(model, "late", batch_size=batch_size)(x, target)
    assert traces_of(model) == 2


def test_further_functions_keep_neither_model_nor_explainer_alive():
    model, x = counted_model(skip=True), inputs(2)
    explain = Halved(model, "late")
    found = explain(x, 1)
    gone = [weakref.ref(each) for each in (model, explain)]
    del model, explain
    keras.backend.clear_session()
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert found.maps.shape == (2, 8, 8)


def test_method_without_gradients_takes_none():
    """Rounding has no derivative, and the score goes through it."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    y = layers.GlobalAveragePooling2D()(layers.Lambda(tf.round)(x))
    model = keras.Model(image, layers.Dense(3)(y))
    with pytest.raises(LayerError, match="a rounding"):
        GradCAM(model, "conv")(inputs())
    found = Halved(model, "conv", relu=False)(inputs())
    np.testing.assert_allclose(three(found)[:, 0], found.scores, atol=1e-6)


class AtInput(ActivationMap):
    name = "at_input"
    at_input = True

    @staticmethod
    def combine(activations, gradients):
        return tf.reduce_sum(gradients, axis=-1)


def test_method_at_the_input_gives_a_map_of_its_size():
    model, x = counted_model(skip=False), inputs()
    with pytest.raises(LayerError, match="numpy_function"):
        AtInput(model)(x)
    plain = models.functional()
    pictures = models.inputs_for(plain)
    with tf.GradientTape() as tape:
        tape.watch(tensor := tf.constant(pictures))
        hidden = keras.Model(plain.input, plain.layers[-2].output)(tensor)
        score = hidden @ plain.layers[-1].kernel[:, 1:2]
    expected = tf.reduce_sum(tape.gradient(score, tensor), axis=-1)
    found = AtInput(plain, relu=False)(pictures, 1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-7)
    assert found.layer.path == "input"


def test_integer_input_has_no_map_of_its_own():
    model = models.token_model()
    with pytest.raises(LayerError, match=r"takes \(batch, 12\) int32"):
        AtInput(model)(models.inputs_for(model))
