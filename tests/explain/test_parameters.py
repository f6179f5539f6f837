"""Methods with parameters against their float64 twins: Finer-CAM, Smooth Grad-CAM++, FEM."""

from __future__ import annotations

import cam as oracle
import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import (
    FEM,
    Contrast,
    FinerCAM,
    GradCAM,
    GradCAMPlusPlus,
    InputError,
    MethodError,
    SmoothGradCAMPlusPlus,
)
from tfviz.explain.compiled import traces_of


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(5)
    image = keras.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, name="conv", bias_initializer=keras.initializers.Constant(2.0))(image)
    x = layers.Flatten()(layers.MaxPooling2D(name="pool")(x))
    x = layers.Dense(6, activation="relu", name="hidden", bias_initializer="normal")(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", name="out")(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")


def twin(model, image):
    """Activations of 'conv', and the logits as a function of them."""
    kernel, bias, w1, b1, w2, b2 = [w.astype(np.float64) for w in model.get_weights()]
    activations = oracle.conv_valid(image.astype(np.float64), kernel, bias)

    def logits(a):
        return np.maximum(oracle.max_pool(a).reshape(-1) @ w1 + b1, 0) @ w2 + b2

    return activations, logits


@pytest.mark.parametrize(("similar", "strength"), [(3, 0.6), (1, 1.0), (9, 0.3)])
def test_finercam_is_gradcam_of_the_logit_minus_those_nearest_to_it(
    small, images, similar, strength
):
    found = FinerCAM(small, "conv", similar=similar, strength=strength, relu=False)(images, 2)
    for i, image in enumerate(images):
        activations, logits = twin(small, image)
        nearest = oracle.nearest_classes(logits(activations), 2, similar)
        gradients = oracle.gradient(
            lambda a, y=logits, t=nearest: y(a)[2] - strength * y(a)[t].mean(), activations
        )
        expected = oracle.grad_cam(activations, gradients)
        np.testing.assert_allclose(found.maps[i], expected, atol=2e-5 * np.abs(expected).max())


def test_finercam_of_one_class_in_full_is_the_contrast_with_it(small, images):
    image = images[:1]
    activations, logits = twin(small, images[0])
    other = oracle.nearest_classes(logits(activations), 2, 1)[0]
    found = FinerCAM(small, "conv", similar=1, strength=1.0, relu=False)(image, 2).maps
    expected = GradCAM(small, "conv", relu=False)(image, Contrast(2, other)).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    none = FinerCAM(small, "conv", strength=0.0, relu=False)(image, 2).maps
    np.testing.assert_allclose(none, GradCAM(small, "conv", relu=False)(image, 2).maps, rtol=1e-5)


def test_finercam_needs_classes_and_says_which_methods_do_not():
    image = keras.Input((8, 8, 2))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(image))
    model = keras.Model(image, layers.Dense(1)(x))
    with pytest.raises(MethodError, match=r"several classes, and this model has one.*gradcam"):
        FinerCAM(model)(np.ones((1, 8, 8, 2)))


def noisy(explainer, image, index=0):
    """The inputs that Smooth Grad-CAM++ looks at, in float64."""
    low, high = image.min(), image.max()
    return [
        image.astype(np.float64)
        + explainer.noise
        * (high - low)
        * np.random.default_rng((explainer.seed, index, sample)).standard_normal(
            image.shape, dtype=np.float32
        )
        for sample in range(explainer.samples)
    ]


def test_smooth_gradcampp_equals_its_float64_twin(small, images):
    explainer = SmoothGradCAMPlusPlus(small, "conv", samples=5, noise=0.2, relu=False)
    found = explainer(images, 2).maps
    for i, image in enumerate(images):
        activations, _ = twin(small, image)
        gradients = []
        for each in noisy(explainer, image):
            a, logits = twin(small, each)
            gradients.append(oracle.gradient(lambda a, y=logits: y(a)[2], a))
        expected = oracle.smooth_grad_cam_pp(activations, gradients)
        np.testing.assert_allclose(found[i], expected, atol=1e-4 * np.abs(expected).max())


def test_smooth_gradcampp_without_noise_is_gradcampp(small, images):
    expected = GradCAMPlusPlus(small, "conv")(images).maps
    found = SmoothGradCAMPlusPlus(small, "conv", samples=2, noise=0.0)(images).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 64])
def test_noise_depends_on_the_seed_and_not_on_the_batch(small, images, batch_size):
    expected = SmoothGradCAMPlusPlus(small, "conv", seed=3)(images).maps
    explain = SmoothGradCAMPlusPlus(small, "conv", seed=3, batch_size=batch_size)
    np.testing.assert_allclose(explain(images).maps, expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(explain(images[1:2]).maps[0], expected[1], rtol=1e-4, atol=1e-7)
    other = SmoothGradCAMPlusPlus(small, "conv", seed=4)(images).maps
    assert not np.allclose(other, expected, rtol=1e-3)


def test_noise_on_words_is_refused():
    model = models.token_model()
    with pytest.raises(MethodError, match=r"no input of this model has places.*gradcam\+\+"):
        SmoothGradCAMPlusPlus(model)(models.inputs_for(model), 1)


def test_number_of_samples_is_no_new_trace(small, images):
    SmoothGradCAMPlusPlus(small, "pool", samples=2)(images)
    before = traces_of(small)
    SmoothGradCAMPlusPlus(small, "pool", samples=9, seed=5, batch_size=4)(images)
    assert traces_of(small) == before


@pytest.mark.parametrize("deviations", [0.0, 1.0, 2.5])
def test_fem_marks_what_lies_so_many_deviations_above_the_mean(small, images, deviations):
    found = FEM(small, "conv", deviations=deviations)(images).maps
    for i, image in enumerate(images):
        activations, _ = twin(small, image)
        expected = oracle.fem(activations, deviations=deviations)
        np.testing.assert_allclose(found[i], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (FinerCAM, {"similar": 0}, "similar=0"),
        (FinerCAM, {"strength": -1}, "strength=-1"),
        (FinerCAM, {"strength": float("nan")}, "strength=nan"),
        (SmoothGradCAMPlusPlus, {"samples": 0}, "samples=0"),
        (SmoothGradCAMPlusPlus, {"noise": -0.1}, r"noise=-0\.1"),
        (FEM, {"deviations": -1}, "deviations=-1"),
    ],
)
def test_parameter_out_of_range_is_refused(small, kind, options, said):
    with pytest.raises(InputError, match=said):
        kind(small, **options)
