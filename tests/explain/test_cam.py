"""The numbers: float64 twins, closed forms, published values; test_family.py has what all share."""

from __future__ import annotations

import cam as oracle
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from keras import layers

from tfviz import (
    CAM,
    FEM,
    Class,
    Contrast,
    EigenCAM,
    EigenGradCAM,
    ElementwiseCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    Top,
    XGradCAM,
)

# Each method and its twin; those with parameters stand in test_parameters.py.
METHODS = {
    "gradcam": (GradCAM, oracle.grad_cam),
    "gradcam++": (GradCAMPlusPlus, oracle.grad_cam_pp),
    "xgradcam": (XGradCAM, oracle.x_grad_cam),
    "hirescam": (HiResCAM, oracle.hires_cam),
    "elementwise": (ElementwiseCAM, oracle.elementwise),
    "layercam": (LayerCAM, oracle.layer_cam),
    "eigencam": (EigenCAM, oracle.eigen_cam),
    "eigengradcam": (EigenGradCAM, oracle.eigen_grad_cam),
    "fem": (FEM, oracle.fem),
}


@pytest.fixture(scope="module")
def small():
    """conv - max pooling - two dense layers: its gradient differs from place to place.

    No ReLU after the convolution: among many zeros the maximum is tied, and there a gradient is a
    matter of convention. Its bias keeps the sums of its channels away from zero, by which
    XGrad-CAM divides.
    """
    keras.utils.set_random_seed(5)
    image = keras.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, name="conv", bias_initializer=keras.initializers.Constant(2.0))(image)
    x = layers.Flatten()(layers.MaxPooling2D(name="pool")(x))
    x = layers.Dense(6, activation="relu", name="hidden", bias_initializer="normal")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="out")(x))


def small_twin(model, image):
    """Activations of 'conv' and the logits as a function of them, in float64 NumPy."""
    weights = [w.astype(np.float64) for w in model.get_weights()]
    kernel, bias, w1, b1, w2, b2 = weights
    activations = oracle.conv_valid(image.astype(np.float64), kernel, bias)

    def logits(a):
        return np.maximum(oracle.max_pool(a).reshape(-1) @ w1 + b1, 0) @ w2 + b2

    return activations, logits


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 2**32 - 1), unit=st.integers(0, 3))
@example(seed=44, unit=0)
@settings(max_examples=8, deadline=None)
def test_map_equals_its_float64_twin(small, method, seed, unit):
    kind, twin = METHODS[method]
    image = np.random.default_rng(seed).normal(size=(8, 8, 2)).astype("float32")
    activations, logits = small_twin(small, image)
    gradients = oracle.gradient(lambda a: logits(a)[unit], activations)
    # Central differences are exact but for a step across a kink, where they depend on the step.
    halved = oracle.gradient(lambda a: logits(a)[unit], activations, step=5e-5)
    assume(np.allclose(gradients, halved, atol=1e-7))
    expected = twin(activations, gradients)
    found = kind(small, "conv", relu=False)(image[None], unit)
    scale = np.abs(expected).max() + 1e-6
    np.testing.assert_allclose(found.maps[0] / scale, expected / scale, atol=2e-5)
    assert found.scores[0] == pytest.approx(logits(activations)[unit], rel=1e-4, abs=1e-5)
    cut = kind(small, "conv")(image[None], unit)
    np.testing.assert_array_equal(cut.maps, np.maximum(found.maps, 0))


def test_contrast_equals_its_float64_twin(small):
    image = np.random.default_rng(3).normal(size=(8, 8, 2)).astype("float32")
    activations, logits = small_twin(small, image)
    gradients = oracle.gradient(lambda a: logits(a)[2] - logits(a)[1], activations)
    found = GradCAM(small, "conv", relu=False)(image[None], Contrast(Class(2), Class(1)))
    np.testing.assert_allclose(found.maps[0], oracle.grad_cam(activations, gradients), atol=1e-6)


@pytest.fixture(scope="module")
def pooled():
    """Global average pooling and one dense layer: where all class activation maps agree."""
    keras.utils.set_random_seed(7)
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(image)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(
        image, layers.Dense(4, activation="softmax", bias_initializer="normal", name="out")(x)
    )


@pytest.fixture(scope="module")
def pooled_case(pooled):
    """Inputs, activations, and CAM: the dense weights over the channels (Zhou et al. 2016)."""
    inputs = np.random.default_rng(1).normal(size=(5, 12, 10, 3)).astype("float32")
    activations = keras.Model(pooled.input, pooled.get_layer("conv").output)(inputs).numpy()
    kernel, bias = (w.numpy().astype(np.float64) for w in pooled.get_layer("out").weights)
    return inputs, activations.astype(np.float64), kernel, bias


@pytest.mark.parametrize("kind", [GradCAM, HiResCAM, XGradCAM])
def test_map_is_cam_over_area_for_pooling_and_one_dense_layer(pooled, pooled_case, kind):
    inputs, activations, kernel, _ = pooled_case
    cam = (activations @ kernel[:, 2]) / (10 * 8)
    found = kind(pooled, relu=False)(inputs, 2).maps
    np.testing.assert_allclose(found, cam, atol=1e-7)


def test_cam_is_the_dense_weights_over_the_channels(pooled, pooled_case):
    inputs, activations, kernel, bias = pooled_case
    found = CAM(pooled)(inputs, 2)
    for i in range(len(inputs)):
        expected = oracle.cam(activations[i], kernel[:, 2])
        np.testing.assert_allclose(found.maps[i], expected, rtol=1e-4, atol=1e-6)
    means = found.maps.mean(axis=(1, 2)) + bias[2]
    np.testing.assert_allclose(means, found.scores, rtol=1e-4, atol=1e-6)
    contrast = CAM(pooled)(inputs, Contrast(2, 0)).maps
    difference = activations @ (kernel[:, 2] - kernel[:, 0])
    np.testing.assert_allclose(contrast, difference, rtol=1e-4, atol=1e-6)


def test_alpha_of_a_constant_gradient_is_one_over_two_plus_gradient_times_sum(pooled, pooled_case):
    """w_k = Z alpha g, where g is positive: the kernel over the area."""
    inputs, activations, kernel, _ = pooled_case
    area = 10 * 8
    g = kernel[:, 2] / area
    alpha = 1 / (2 + g * activations.sum(axis=(1, 2)))
    weights = area * alpha * np.maximum(g, 0)
    expected = np.einsum("nhwk,nk->nhw", activations, weights)
    found = GradCAMPlusPlus(pooled)(inputs, 2).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


def test_gradcampp_of_logits_beyond_the_range_of_exp_is_finite(pooled, pooled_case):
    """exp(200) is no float32 number: the common factor is left out."""
    inputs, *_ = pooled_case
    out = pooled.get_layer("out")
    kernel, bias = out.get_weights()
    before = GradCAMPlusPlus(pooled)(inputs, 2).maps
    try:
        out.set_weights([kernel, bias + 200])
        after = GradCAMPlusPlus(pooled)(inputs, 2)
    finally:
        out.set_weights([kernel, bias])
    assert after.scores.min() > 100
    np.testing.assert_allclose(after.maps, before, rtol=1e-5)


def test_gradcampp_is_zero_where_no_gradient_is_positive(pooled, pooled_case):
    inputs, *_ = pooled_case
    out = pooled.get_layer("out")
    kernel, bias = out.get_weights()
    try:
        out.set_weights([-np.abs(kernel), bias])
        found = GradCAMPlusPlus(pooled, relu=False)(inputs, 2)
    finally:
        out.set_weights([kernel, bias])
    assert not found.maps.any()


def test_elementwise_lies_above_hirescam_and_xgradcam_adds_up_to_it(small):
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")
    hires = HiResCAM(small, "conv", relu=False)(images, 1).maps
    assert (ElementwiseCAM(small, "conv")(images, 1).maps >= np.maximum(hires, 0) - 1e-7).all()
    x_grad = XGradCAM(small, "conv", relu=False)(images, 1).maps
    sums = hires.sum(axis=(1, 2))
    np.testing.assert_allclose(x_grad.sum(axis=(1, 2)), sums, rtol=1e-4, atol=1e-6)


def test_eigencam_is_the_channel_where_there_is_one():
    """And a matrix of rank one in general: its first component is all of it."""
    image = keras.Input((6, 5, 1))
    conv = layers.Conv2D(4, 1, use_bias=False, name="conv")
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(conv(image))))
    weights = np.array([1.0, -3.0, 2.0, 0.5])
    conv.set_weights([weights.reshape(1, 1, 1, 4)])
    inputs = np.random.default_rng(0).normal(size=(2, 6, 5, 1)).astype("float32")
    found = EigenCAM(model)(inputs).maps
    # A = x w^T, so v = w / |w|, turned so that its sum is positive.
    expected = inputs[..., 0] * np.linalg.norm(weights) * np.sign(weights.sum())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [3, 70])
@pytest.mark.parametrize("scale", [1e-15, 1.0, 1e15])
def test_first_component_is_that_of_the_svd_at_any_scale_and_shape(channels, scale):
    from tfviz.explain.eigen import project

    values = np.random.default_rng(channels).normal(size=(3, 7, 6, channels))
    expected = np.stack([oracle.first_component(each) for each in values])
    found = project(tf.constant(values * scale, tf.float32)).numpy() / scale
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
    unknown = tf.function(project, input_signature=[tf.TensorSpec((None, None, None, channels))])
    np.testing.assert_allclose(unknown(tf.constant(values, tf.float32)), expected, atol=1e-2)


def test_first_component_of_nothing_is_nothing():
    from tfviz.explain.eigen import project

    assert not project(tf.zeros((2, 4, 4, 5))).numpy().any()


@pytest.mark.parametrize("channels", [3, 70])
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_first_component_of_one_broken_input_leaves_those_of_the_others(channels, broken):
    from tfviz.explain.eigen import project

    values = np.random.default_rng(0).normal(size=(3, 7, 6, channels)).astype("float32")
    expected = project(tf.constant(values)).numpy()
    values[1, 2, 3, 0] = broken
    found = project(tf.constant(values)).numpy()
    np.testing.assert_allclose(found[[0, 2]], expected[[0, 2]], atol=1e-5)
    assert np.isnan(found[1]).all()


def test_methods_of_activations_alone_say_so_and_ignore_the_target(small):
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    for kind in (EigenCAM, FEM):
        first, second = kind(small, "conv")(images, 0), kind(small, "conv")(images, 3)
        np.testing.assert_array_equal(first.maps, second.maps)
        assert any("every target has the same map" in each for each in first.remarks)


def test_channel_without_spread_has_no_unusual_place():
    image = keras.Input((9, 9, 1))
    conv = layers.Conv2D(1, 1, name="conv")
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(conv(image))))
    conv.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    flat = np.full((1, 9, 9, 1), 0.1, "float32")
    assert not FEM(model)(flat).maps.any()
    flat[0, 4, 4] = 1.0
    found = FEM(model)(flat).maps[0]
    assert (found > 0).sum() == 1
    assert found[4, 4] == pytest.approx(flat.mean(), rel=1e-5)


def test_hirescam_and_bias_add_up_to_the_score(pooled, pooled_case):
    inputs, _, _, bias = pooled_case
    found = HiResCAM(pooled, relu=False)(inputs, 3)
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)) + bias[3], found.scores, atol=1e-5)


@pytest.fixture(scope="module")
def published():
    """Captum's BasicModel_ConvNet_One_Conv, its weights in Keras's order."""
    image = keras.Input((4, 4, 1))
    conv = layers.Conv2D(2, 3, name="conv1")(image)
    relu = layers.ReLU(name="relu1")(conv)
    out = layers.Dense(4, name="fc1")(layers.Flatten()(relu))
    model = keras.Model(image, layers.ReLU(name="relu2")(out))
    fc = np.ones((4, 8))
    fc[:, 5:] = -1
    # Captum flattens channels first, Keras places first: (channel, place) -> (place, channel).
    fc = fc.reshape(4, 2, 4).transpose(0, 2, 1).reshape(4, 8)
    model.set_weights([np.ones((3, 3, 1, 2)), np.array([-50.0, -75.0]), fc.T, np.zeros(4)])
    return model


@pytest.mark.parametrize(
    ("layer", "expected"),
    [("conv1", [[11.25, 13.5], [20.25, 22.5]]), ("relu1", [[0.0, 4.0], [28.0, 32.5]])],
)
def test_published_values_of_captum(published, layer, expected):
    inputs = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(GradCAM(published, layer)(inputs, 0).maps[0], expected)


@pytest.mark.parametrize("factor", [1e-3, 10.0, 1000.0])
def test_scaled_logits_scale_the_map_and_change_nothing_else(small, factor):
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    before = GradCAM(small)(images, 1).maps
    out = small.get_layer("out")
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel * factor, bias * factor])
        after = GradCAM(small)(images, 1).maps
    finally:
        out.set_weights([kernel, bias])
    np.testing.assert_allclose(after / factor, before, rtol=1e-4, atol=1e-7)


def test_saturated_softmax_still_has_a_map(small):
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype("float32")
    out = small.get_layer("out")
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel * 1e4, bias])
        found = GradCAM(small, relu=False)(images)
    finally:
        out.set_weights([kernel, bias])
    assert found.outputs[0].max() == 1.0
    assert np.abs(found.maps).max() > 1


def test_float16_map_equals_the_float32_one():
    def build(dtype):
        keras.utils.set_random_seed(3)
        image = keras.Input((16, 16, 3))
        x = layers.Conv2D(8, 3, activation="relu", name="conv", dtype=dtype)(image)
        x = layers.GlobalAveragePooling2D(dtype=dtype)(x)
        return keras.Model(image, layers.Dense(5, activation="softmax", dtype="float32")(x))

    full, half = build("float32"), build("mixed_float16")
    # Weights so small that an unscaled gradient, 1e-9 / 196, is zero in float16.
    tiny = [w if w.ndim != 2 else w * 1e-5 for w in full.get_weights()]
    full.set_weights(tiny)
    half.set_weights(tiny)
    inputs = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    expected, found = GradCAM(full, relu=False)(inputs, 1), GradCAM(half, relu=False)(inputs, 1)
    assert found.maps.dtype == np.float32
    scale = np.abs(expected.maps).max()
    assert scale > 0
    np.testing.assert_allclose(found.maps / scale, expected.maps / scale, atol=0.01)


def test_channels_first_equals_channels_last_under_xla():
    def build(layout):
        keras.utils.set_random_seed(3)
        image = keras.Input((3, 12, 12) if layout == "channels_first" else (12, 12, 3))
        x = layers.Conv2D(4, 3, activation="relu", data_format=layout)(image)
        x = layers.BatchNormalization(axis=1 if layout == "channels_first" else -1)(x)
        x = layers.ReLU(name="last")(x)
        x = layers.GlobalAveragePooling2D(data_format=layout)(x)
        return keras.Model(image, layers.Dense(5, activation="softmax")(x))

    last, first = build("channels_last"), build("channels_first")
    first.set_weights(last.get_weights())
    inputs = np.random.default_rng(0).normal(size=(2, 12, 12, 3)).astype("float32")
    expected = GradCAM(last)(inputs, 1)
    found = GradCAM(first, jit_compile=True)(np.moveaxis(inputs, -1, 1), 1)
    assert found.layer.path == "last"
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-7)


def test_quantised_head_gives_nearly_the_map_of_the_float_model(pooled, pooled_case):
    inputs, *_ = pooled_case
    copy = keras.models.clone_model(pooled)
    copy.set_weights(pooled.get_weights())
    before = GradCAM(copy, relu=False)(inputs, 1).maps
    with pytest.warns(UserWarning, match="quantize"):
        copy.quantize("int8")
    after = GradCAM(copy, relu=False)(inputs, 1).maps
    assert not np.array_equal(after, before)
    np.testing.assert_allclose(after, before, atol=0.02 * np.abs(before).max())


def test_top_k_explains_the_kth_most_likely_class(small):
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")
    order = np.argsort(-small(images).numpy(), axis=1)
    for k in (1, 2, 4):
        found = GradCAM(small)(images, Top(k))
        np.testing.assert_array_equal(found.units, order[:, k - 1])
        expected = GradCAM(small)(images, order[:, k - 1])
        np.testing.assert_array_equal(found.maps, expected.maps)


def test_function_of_the_outputs_sees_logits(small):
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    expected = GradCAM(small)(images, 3)
    found = GradCAM(small)(images, lambda logits: logits[:, 3])
    np.testing.assert_array_equal(found.maps, expected.maps)
    summed = GradCAM(small)(images, lambda logits: tf.reduce_sum(logits[:, 3]))
    np.testing.assert_array_equal(summed.maps, expected.maps)


def test_two_sides_of_a_sigmoid_unit_are_opposite():
    image = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, name="conv")(image))
    model = keras.Model(image, layers.Dense(1, activation="sigmoid")(x))
    inputs = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    positive = GradCAM(model, relu=False)(inputs, 1)
    negative = GradCAM(model, relu=False)(inputs, 0)
    np.testing.assert_array_equal(positive.maps, -negative.maps)
    np.testing.assert_array_equal(positive.scores, -negative.scores)
    assert positive.targets == ("positive",) * 4
    # By default each input's own side is explained.
    default = GradCAM(model, relu=False)(inputs)
    says_positive = model(inputs).numpy()[:, 0] >= 0.5
    assert default.targets == tuple("positive" if each else "negative" for each in says_positive)
    assert (default.scores >= 0).all()
