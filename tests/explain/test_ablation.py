"""Ablation-CAM: against its float64 twin, and that the head alone runs."""

from __future__ import annotations

import cam as net
import cam_perturbation as oracle
import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz import AblationCAM, Contrast
from tfviz.explain.compiled import traces_of


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(5)
    image = keras.Input((9, 8, 2))
    x = layers.Conv2D(4, (4, 3), name="conv", bias_initializer="normal")(image)
    x = layers.Flatten()(layers.MaxPooling2D(name="pool")(x))
    x = layers.Dense(6, activation="relu", name="hidden", bias_initializer="normal")(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", name="out")(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(3, 9, 8, 2)).astype("float32")


def twin(model, image):
    kernel, bias, w1, b1, w2, b2 = [w.astype(np.float64) for w in model.get_weights()]

    def logits(A):
        return np.maximum(net.max_pool(A).reshape(-1) @ w1 + b1, 0) @ w2 + b2

    return net.conv_valid(image.astype(np.float64), kernel, bias), logits


@pytest.mark.parametrize("batch_size", [1, 3, 5, 32])
def test_ablationcam_equals_its_float64_twin(small, images, batch_size):
    found = AblationCAM(small, "conv", relu=False, batch_size=batch_size)(images, 2).maps
    for i, image in enumerate(images):
        A, logits = twin(small, image)
        expected = oracle.ablation_cam(A, lambda a, y=logits: y(a)[2])
        np.testing.assert_allclose(found[i], expected, atol=2e-5 * np.abs(expected).max())


def test_drop_behind_pooling_and_a_dense_layer_is_the_weight_times_the_mean():
    keras.utils.set_random_seed(2)
    model = models.functional()
    x = models.inputs_for(model)
    A = keras.Model(model.input, model.get_layer("conv2").output)(x).numpy()
    drops = model.layers[-1].kernel.numpy()[:, 3] * A.mean(axis=(1, 2))
    expected = np.einsum("bijk,bk->bij", A, drops)
    found = AblationCAM(model, "conv2", relu=False)(x, 3).maps
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_evidence_against_is_negative_also_where_the_score_is(small, images):
    """Divided by the score, as in the paper, both maps would be the same."""
    ahead = AblationCAM(small, "conv", relu=False)(images, Contrast(0, 1))
    behind = AblationCAM(small, "conv", relu=False)(images, Contrast(1, 0))
    assert (ahead.scores * behind.scores < 0).all()
    scale = np.abs(ahead.maps).max()
    np.testing.assert_allclose(behind.maps, -ahead.maps, atol=1e-5 * scale)


class Passing(layers.Layer):
    """Passes on what it is given, and counts the rows."""

    rows = 0

    def call(self, x):
        def passed(value):
            Passing.rows += len(value)
            return value

        out = tf.numpy_function(passed, [x], x.dtype, stateful=False)
        out.set_shape(x.shape)
        return out


class Behind(Passing):
    """The same for what lies behind the layer."""

    rows = 0

    def call(self, x):
        def passed(value):
            Behind.rows += len(value)
            return value

        out = tf.numpy_function(passed, [x], x.dtype, stateful=False)
        out.set_shape(x.shape)
        return out


def counted(dead=0):
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(12, 3, activation="relu", name="conv")
    x = layers.GlobalAveragePooling2D()(Behind()(conv(Passing()(image))))
    model = keras.Model(image, layers.Dense(3)(x))
    kernel, bias = conv.get_weights()
    kernel[..., :dead] = 0
    conv.set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("dead", [0, 5, 12])
def test_part_before_the_layer_runs_once_and_the_head_once_a_channel_that_is_not_zero(dead):
    model = counted(dead)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    Passing.rows = Behind.rows = 0
    found = AblationCAM(model, "conv", batch_size=8)(x, 1)
    assert Passing.rows == 2
    assert Behind.rows == 2 * (1 + 12 - dead)
    assert found.maps.any() == (dead < 12)


def test_siamese_ablates_one_call_and_runs_neither_trunk_again():
    keras.utils.set_random_seed(3)
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    passing, conv = Passing(), layers.Conv2D(6, 3, activation="relu", name="conv")
    pool = layers.GlobalAveragePooling2D()
    a, b = (pool(conv(passing(each))) for each in (left, right))
    dense = layers.Dense(3)
    model = keras.Model([left, right], dense(layers.Multiply()([a, b])))
    inputs = list(np.random.default_rng(0).normal(size=(2, 2, 8, 8, 3)).astype("float32"))
    Passing.rows = 0
    found = AblationCAM(model, "conv", relu=False)(inputs, 1)
    assert Passing.rows == 4  # two inputs, each through two trunks, once
    A, B = (conv(each).numpy() for each in inputs)
    drops = A.mean(axis=(1, 2)) * B.mean(axis=(1, 2)) * dense.kernel.numpy()[:, 1]
    for call, own in zip(found.calls, (A, B), strict=True):
        expected = np.einsum("bijk,bk->bij", own, drops)
        np.testing.assert_allclose(call.maps, expected, atol=2e-5 * np.abs(expected).max())


def test_layer_of_several_is_ablated_through_those_behind_it():
    """Held at their own values, later layers would hide every drop."""
    keras.utils.set_random_seed(4)
    model = models.functional()
    x = models.inputs_for(model, count=2)
    joined = AblationCAM(model, "conv1+conv2", relu=False)(x, 1)
    for part, layer in zip(joined.parts, ("conv1", "conv2"), strict=True):
        alone = AblationCAM(model, layer, relu=False)(x, 1).maps
        assert alone.any()
        np.testing.assert_allclose(part.maps, alone, atol=1e-5 * np.abs(alone).max())


def test_map_is_as_many_times_as_large_as_the_logits(small, images):
    model = keras.models.clone_model(small)
    kernel, bias = small.get_layer("out").get_weights()
    model.set_weights(small.get_weights())
    model.get_layer("out").set_weights([kernel * 50, bias * 50 + 3])
    expected = 50 * AblationCAM(small, "conv")(images, 1).maps
    found = AblationCAM(model, "conv")(images, 1).maps
    np.testing.assert_allclose(found, expected, atol=2e-5 * expected.max())


def test_channels_first_head_gets_what_it_would_have_given():
    def built(data_format):
        keras.utils.set_random_seed(4)
        image = keras.Input((8, 10, 3) if data_format == "channels_last" else (3, 8, 10))
        conv = layers.Conv2D(4, 3, activation="relu", name="conv", data_format=data_format)
        pool = layers.GlobalMaxPooling2D(data_format=data_format)
        return keras.Model(image, layers.Dense(3)(pool(conv(image))))

    x = np.random.default_rng(0).normal(size=(2, 8, 10, 3)).astype("float32")
    last, first = built("channels_last"), built("channels_first")
    first.set_weights(last.get_weights())
    expected = AblationCAM(last, "conv", relu=False)(x, 1).maps
    explain = AblationCAM(first, "conv", relu=False, jit_compile=True)
    found = explain(x.transpose(0, 3, 1, 2), 1).maps
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_another_class_batch_or_number_of_live_channels_traces_nothing(small, images):
    AblationCAM(small, "pool")(images, 0)
    before = traces_of(small)
    AblationCAM(small, "pool", batch_size=2)(images[:1], 3)
    AblationCAM(small, "pool")(0 * images, [0, 1, 2])
    assert traces_of(small) == before
