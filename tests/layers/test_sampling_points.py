"""`sampling_points`: where the layers of a model look."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.errors import InputError, LayerError
from tfviz.layers import DeformableConv2D, sampling_points


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(scope="module")
def model():
    """A deformable layer inside a nested model, its offsets not zero."""
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 12, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="first")(image)
    x = DeformableConv2D(
        6,
        (3, 2),
        strides=(1, 2),
        padding="same",
        offset_groups=2,
        offset_initializer=keras.initializers.RandomNormal(0, 0.3, 1),
        name="bends",
    )(x)
    base = keras.Model(image, x, name="base")
    outer = keras.Input((16, 12, 3))
    return keras.Model(outer, keras.layers.GlobalAveragePooling2D()(base(outer)), name="outer")


def test_points_are_the_plain_ones_and_the_layers_offsets(model):
    x = noise(2, 16, 12, 3)
    found = sampling_points(model, "bends", x)
    base = model.get_layer("base")
    seen = keras.Model(base.input, base.get_layer("first").output)(x)
    offsets, mask = base.get_layer("bends").offsets(seen)
    assert found.layer == "base/bends"
    assert found.input_size == (8, 6)
    assert found.points.shape == (2, 8, 3, 2, 6, 2)
    np.testing.assert_allclose(
        found.offsets, np.reshape(offsets, found.points.shape), rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(found.weights, np.reshape(mask, (2, 8, 3, 2, 6)), atol=1e-5)
    assert found.spread == pytest.approx(np.sqrt(np.mean(np.square(offsets))), rel=1e-5)


def test_sampling_there_and_multiplying_gives_the_layers_output(model):
    x = noise(1, 16, 12, 3, seed=1)
    base = model.get_layer("base")
    layer = base.get_layer("bends")
    seen = keras.Model(base.input, base.get_layer("first").output)(x).numpy()[0]
    found = sampling_points(model, None, x)
    from scipy.ndimage import map_coordinates

    out = np.zeros((8, 3, 6))
    for c in range(4):
        group = c // 2
        y, xx = np.moveaxis(found.points[0, :, :, group], -1, 0)
        values = map_coordinates(seen[..., c], [y, xx], order=1, mode="grid-constant")
        out += (values * found.weights[0, :, :, group]) @ layer.kernel.numpy().reshape(6, 4, 6)[
            :, c
        ]
    np.testing.assert_allclose(out, layer(seen[np.newaxis])[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_plain_convolution_samples_where_its_gradient_is(padding):
    layer = keras.layers.Conv2D(
        1, 3, strides=2, padding=padding, dilation_rate=1, kernel_initializer="ones"
    )
    x = tf.constant(noise(1, 9, 8, 1))
    found = sampling_points(layer, inputs=x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        one = layer(x)[0, 1, 2, 0]
    touched = np.argwhere(tape.gradient(one, x)[0, :, :, 0])
    inside = [p for p in found.points[0, 1, 2, 0] if (p >= 0).all() and (p < [9, 8]).all()]
    np.testing.assert_array_equal(touched, inside)
    assert found.weights is None
    assert found.spread == 0


def test_the_model_is_left_as_it_was(model):
    before = dict(model.get_layer("base").get_layer("bends").__dict__)
    sampling_points(model, "bends", noise(1, 16, 12, 3))
    assert model.get_layer("base").get_layer("bends").__dict__.keys() == before.keys()


def test_the_plot_shows_plain_random_and_learned_points_and_the_field(model):
    found = sampling_points(model, "bends", noise(2, 16, 12, 3))
    figure = found.plot(np.zeros((32, 24, 3), np.uint8), sample=1, at=[(5, 1), (2, 2)], group=1)
    plain, random, learned, arrows = figure.axes
    for axes, points in ((plain, found.plain), (learned, found.points[1, :, :, 1])):
        drawn = [each.get_offsets() for each in axes.collections]
        np.testing.assert_allclose(drawn, points[[5, 2], [1, 2]][..., ::-1])
    assert len(random.collections) == 2
    mean = (found.points[1, :, :, 1] - found.plain).mean(axis=2)
    np.testing.assert_allclose(arrows.collections[-1].U, mean[..., 1].ravel())


def test_random_offsets_are_as_far_as_the_learned_ones():
    layer = DeformableConv2D(2, 15, padding="same", modulated=False, name="large")
    layer.build((None, 20, 20, 1))
    layer.offset_bias.assign(np.where(np.arange(450) % 2, 3.0, -3.0))
    found = sampling_points(layer, inputs=noise(1, 20, 20, 1))
    assert found.spread == pytest.approx(3)
    axes = found.plot(np.zeros((20, 20, 3), np.uint8), at=[(10, 10)]).axes[1]
    moved = axes.collections[0].get_offsets() - found.plain[10, 10][:, ::-1]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ("base", "is a Functional, which has no taps"),
        ("bend", "Did you mean 'bends'"),
    ],
)
def test_a_layer_without_taps_is_refused(model, layer, says):
    with pytest.raises(LayerError, match=says):
        sampling_points(model, layer, noise(1, 16, 12, 3))


def test_a_model_without_deformable_layers_or_with_several_wants_a_name():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, name="conv")(inputs)
    with pytest.raises(LayerError, match="has no DeformableConv2D: name a Conv2D"):
        sampling_points(keras.Model(inputs, x), None, noise(1, 8, 8, 1))
    y = DeformableConv2D(2, 3, name="b")(DeformableConv2D(2, 3, name="a")(x))
    with pytest.raises(LayerError, match="has 2 deformable layers: name one of 'a', 'b'"):
        sampling_points(keras.Model(inputs, y), None, noise(1, 8, 8, 1))


def test_what_is_missing_or_outside_is_named(model):
    with pytest.raises(InputError, match="inputs= is missing"):
        sampling_points(model, "bends")
    found = sampling_points(model, "bends", noise(1, 16, 12, 3))
    picture = np.zeros((16, 12, 3), np.uint8)
    for how, says in (
        ({"sample": 1}, "sample=1 is not there: use 0 to 0"),
        ({"group": 2}, "group=2 is not there: use 0 to 1"),
        ({"at": [(8, 0)]}, r"at=\(8, 0\) lies outside the output .* 8x3"),
    ):
        with pytest.raises(InputError, match=says):
            found.plot(picture, **how)
