"""Shapley-CAM: its float64 twin, Shapley values by coalitions, and Grad-CAM where H is 0."""

from __future__ import annotations

import cam as net
import cam_perturbation as oracle
import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz import GradCAM, MethodError, ShapleyCAM
from tfviz.explain.compiled import traces_of


def built(activation, units=5):
    keras.utils.set_random_seed(6)
    image = keras.Input((6, 5, 2))
    x = layers.Conv2D(3, 3, name="conv", bias_initializer="normal")(image)
    x = layers.Dense(4, activation=activation, bias_initializer="normal")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(units, activation="softmax", name="out")(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(2, 6, 5, 2)).astype("float32")


CURVES = {"tanh": np.tanh, "softplus": lambda x: np.log1p(np.exp(x))}


def twin(model, image, curve):
    kernel, bias, w1, b1, w2, b2 = [w.astype(np.float64) for w in model.get_weights()]
    return net.conv_valid(image.astype(np.float64), kernel, bias), (
        lambda A: curve(A.reshape(-1) @ w1 + b1) @ w2 + b2
    )


@pytest.mark.parametrize("curve", CURVES)
def test_shapleycam_equals_its_float64_twin(images, curve):
    model = built(curve)
    found = ShapleyCAM(model, "conv", relu=False)(images, 2).maps
    plain = GradCAM(model, "conv", relu=False)(images, 2).maps
    for i, image in enumerate(images):
        A, logits = twin(model, image, CURVES[curve])
        expected = oracle.shapley_cam(A, lambda a, y=logits: y(a)[2])
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[i], expected, atol=1e-4 * scale)
        assert np.abs(plain[i] - expected).max() > 1e-2 * scale


def test_rest_of_the_paper_is_a_target_of_its_own(images):
    model = built("relu")

    def rest(y):
        return y[:, 1] + tf.nn.log_softmax(y)[:, 1]

    found = ShapleyCAM(model, "conv", relu=False)(images, rest).maps
    for i, image in enumerate(images):
        A, logits = twin(model, image, lambda x: np.maximum(x, 0))

        def score(a, y=logits):
            return 2 * y(a)[1] - np.log(np.exp(y(a)).sum())

        expected = oracle.shapley_cam(A, score)
        np.testing.assert_allclose(found[i], expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["functional", "sequential", "unet", "conv3d", "token_model"])
def test_behind_piecewise_linear_layers_it_is_gradcam(kind):
    keras.utils.set_random_seed(4)
    model = models.KINDS[kind][0]()
    x = models.inputs_for(model)
    expected = GradCAM(model)(x, 1).maps
    np.testing.assert_allclose(ShapleyCAM(model)(x, 1).maps, expected, rtol=1e-5, atol=1e-9)


def test_of_a_score_of_second_degree_the_map_is_made_of_shapley_values():
    """One place, four channels: the map is the sum of their values, all that the score gained."""
    keras.utils.set_random_seed(8)
    image = keras.Input((1, 1, 3))
    x = layers.Conv2D(4, 1, activation="softplus", name="conv")(image)
    y = layers.Dense(5, activation=keras.ops.square)(layers.Flatten()(x))
    model = keras.Model(image, layers.Dense(2)(y))
    pixel = np.random.default_rng(0).normal(size=(1, 1, 1, 3)).astype("float32")
    w1, b1, w2, b2 = [w.numpy().astype(np.float64) for w in model.weights[2:]]
    A = model.get_layer("conv")(pixel).numpy().reshape(-1).astype(np.float64)

    def score(a):
        return ((a @ w1 + b1) ** 2 @ w2 + b2)[1]

    values = oracle.shapley_values(A, score)
    assert values.sum() == pytest.approx(score(A) - score(0 * A))
    found = ShapleyCAM(model, "conv", relu=False)(pixel, 1).maps.item()
    assert found == pytest.approx(values.sum(), rel=1e-4)
    # The gradient alone misses it.
    assert abs(GradCAM(model, "conv", relu=False)(pixel, 1).maps.item() - found) > 0.1 * abs(found)
    # And one by one: with the others' share in the bias, a channel alone has its own value.
    slope = net.gradient(score, A)
    bent = (net.gradient(score, A * 1.001) - net.gradient(score, A * 0.999)) / 0.002
    np.testing.assert_allclose(A * (slope - 0.5 * bent), values, rtol=1e-6)


def test_attention_has_curvature_and_a_map():
    keras.utils.set_random_seed(4)
    model = models.vit()
    x = models.inputs_for(model, count=2)
    found = ShapleyCAM(model, "before0", relu=False)(x, 1).maps
    plain = GradCAM(model, "before0", relu=False)(x, 1).maps
    assert np.isfinite(found).all()
    assert np.abs(found - plain).max() > 1e-2 * np.abs(plain).max()


def test_operation_without_a_second_derivative_is_named():
    image = keras.Input((6, 6, 4))
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.Lambda(lambda t: tf.nn.local_response_normalization(t))(x)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(MethodError, match=r"second derivatives behind layer 'conv'.*LRNGrad"):
        ShapleyCAM(model, "conv")(np.ones((1, 6, 6, 4), "float32"))


def test_one_trace_whatever_the_class_and_the_batch(images):
    model = built("tanh")
    for target, size in ((0, 1), (3, 2), ([1, 4], 32)):
        ShapleyCAM(model, "conv", batch_size=size)(images, target)
    assert traces_of(model) == 1
