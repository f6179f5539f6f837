"""Receptive fields: closed forms, gradients inside of them, and two ways that must agree."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.errors import InputError, LayerError
from tfviz.learn.convolutions import receptive
from tfviz.learn.convolutions.receptive import receptive_field
from tfviz.learn.convolutions.receptive_probe import box_by_nan
from tfviz.zoo.loading import load_model, load_structure

layers = keras.layers


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def stack(count: int, size: int = 41) -> keras.Model:
    inputs = x = keras.Input((size, size, 3))
    for number in range(count):
        x = layers.Conv2D(4, 3, padding="same", activation="tanh", name=f"c{number}")(x)
    return keras.Model(inputs, x, name="stack")


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_stack_of_n_three_by_threes_sees_two_n_plus_one(count) -> None:
    found = receptive_field(stack(count), f"c{count - 1}", inputs=noise(1, 41, 41, 3))
    assert found.size == (2 * count + 1, 2 * count + 1)
    assert found.box_size == (2 * count + 1, 2 * count + 1)
    assert found.jump == (1, 1)
    assert found.method == receptive.BY_OPERATIONS
    # tanh is never flat, so that every pixel that can be seen has a gradient.
    rows, columns = np.nonzero(found.influence)
    assert (rows.min(), columns.min(), rows.max(), columns.max()) == found.box
    assert found.inside == pytest.approx(1)


def test_at_the_corner_the_field_is_cut_and_its_size_is_not() -> None:
    found = receptive_field(stack(3), "c2", inputs=noise(1, 41, 41, 3), at=(0, 40))
    assert found.box == (0, 37, 3, 40)
    assert found.size == (7, 7)


def test_strides_dilation_and_pooling_multiply_as_the_formula_says() -> None:
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="tanh")(inputs)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="tanh")(x)
    x = layers.DepthwiseConv2D(5, padding="valid", name="last")(x)
    found = receptive_field(keras.Model(inputs, x), "last", inputs=noise(1, 64, 64, 3))
    # r = 1 + 2·1 + 1·2 + 4·4 + 4·4, j = 2·2
    assert found.size == (37, 37)
    assert found.jump == (4, 4)
    rows, columns = np.nonzero(found.influence)
    assert (rows.min(), columns.min(), rows.max(), columns.max()) == found.box


def test_branches_see_the_union_of_what_they_see() -> None:
    inputs = keras.Input((33, 33, 3))
    narrow = layers.Conv2D(2, 1)(inputs)
    wide = layers.Conv2D(2, (7, 3), padding="same")(inputs)
    found = receptive_field(
        keras.Model(inputs, layers.Concatenate(name="both")([narrow, wide])),
        "both",
        inputs=noise(1, 33, 33, 3),
    )
    assert found.size == (7, 3)


def test_a_gate_over_the_whole_image_lets_every_unit_see_everything() -> None:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs)
    gate = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply(name="gated")([x, layers.Reshape((1, 1, 4))(gate)])
    found = receptive_field(keras.Model(inputs, x), "gated", inputs=noise(1, 16, 16, 3))
    assert found.box == (0, 0, 15, 15)
    assert math.isinf(found.size[0])
    assert (found.influence > 0).all()


def test_padding_and_cropping_move_the_field() -> None:
    inputs = keras.Input((20, 20, 3))
    x = layers.ZeroPadding2D(((3, 0), (0, 2)))(inputs)
    x = layers.Cropping2D(((0, 1), (4, 0)))(x)
    x = layers.Conv2D(2, 3, name="last", activation="tanh")(x)
    found = receptive_field(keras.Model(inputs, x), "last", inputs=noise(1, 20, 20, 3), at=(8, 5))
    assert found.box == (5, 9, 7, 11)
    rows, columns = np.nonzero(found.influence)
    assert (rows.min(), columns.min(), rows.max(), columns.max()) == found.box


def test_a_unit_that_sees_nothing_but_padding_says_so() -> None:
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.ZeroPadding2D(2, name="padded")(inputs))
    found = receptive_field(model, "padded", inputs=noise(1, 8, 8, 3), at=(0, 0))
    assert found.box_size == (0, 0)
    assert "nothing but padding" in str(found)
    assert found.png().startswith(b"\x89PNG")


def test_a_model_of_two_inputs_is_refused_with_the_remedy() -> None:
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    model = keras.Model([one, two], layers.Conv2D(2, 3, name="c")(one + two))
    with pytest.raises(InputError, match="2 inputs"):
        receptive_field(model, "c", inputs=noise(1, 8, 8, 3))


def test_a_transposed_convolution_sees_fewer_pixels_than_its_kernel() -> None:
    inputs = keras.Input((12, 12, 2))
    x = layers.Conv2DTranspose(2, 3, strides=2, padding="same", name="up")(inputs)
    model = keras.Model(inputs, x)
    for at in ((10, 10), (11, 11), (0, 0), (23, 22)):
        found = receptive_field(model, "up", inputs=noise(1, 12, 12, 2), at=at)
        rows, columns = np.nonzero(found.influence)
        assert (rows.min(), columns.min(), rows.max(), columns.max()) == found.box


@pytest.mark.parametrize(
    "up",
    [
        layers.UpSampling2D((2, 3)),
        layers.UpSampling2D((2, 3), interpolation="bilinear"),
        layers.Resizing(9, 7, interpolation="nearest"),
        layers.Resizing(31, 17),
    ],
    ids=["repeated", "bilinear", "nearest smaller", "bilinear larger"],
)
def test_a_map_that_is_resized_sees_what_its_gradient_says(up) -> None:
    inputs = keras.Input((12, 10, 2))
    x = up(layers.Conv2D(2, 3, padding="same")(inputs))
    model = keras.Model(inputs, layers.Conv2D(2, 3, padding="same", name="last")(x))
    for at in ((0, 0), (3, 4), (4, 5), (8, 6)):
        found = receptive_field(model, "last", inputs=noise(1, 12, 10, 2), at=at)
        assert found.method == receptive.BY_OPERATIONS
        rows, columns = np.nonzero(found.influence)
        assert (rows.min(), columns.min(), rows.max(), columns.max()) == found.box
        assert max(map(len, str(found).splitlines())) <= 80


@keras.saving.register_keras_serializable(package="test_receptive")
class Swap(layers.Layer):
    """Turns height and width over twice: an operation without a rule, which changes nothing."""

    def call(self, x):
        x = tf.transpose(x, (0, 2, 1, 3))
        return tf.transpose(x, (0, 2, 1, 3))


@pytest.mark.parametrize("pooling", [layers.MaxPooling2D, layers.AveragePooling2D])
def test_what_no_rule_is_known_for_is_measured_and_gives_the_same(pooling) -> None:
    def build(hidden: bool) -> keras.Model:
        inputs = keras.Input((40, 40, 3))
        x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
        x = pooling(3, strides=2, padding="same")(x)
        x = Swap()(x) if hidden else x
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="last")(x)
        return keras.Model(inputs, x)

    for at in ((10, 9), (0, 19)):
        known = receptive_field(build(False), "last", inputs=noise(1, 40, 40, 3), at=at)
        measured = receptive_field(build(True), "last", inputs=noise(1, 40, 40, 3), at=at)
        assert known.method == receptive.BY_OPERATIONS
        assert measured.method.startswith(receptive.BY_NAN)
        assert "Transpose" in measured.method
        assert measured.box == known.box


def test_where_nan_can_get_lost_the_field_is_said_to_be_a_lower_bound() -> None:
    class Pool(layers.Layer):
        def call(self, x):
            return tf.nn.max_pool2d(x, 2, 2, "VALID")

    inputs = keras.Input((16, 16, 1))
    x = Swap()(Pool()(inputs))
    x = layers.Conv2D(1, 3, padding="same", name="last")(x)
    found = receptive_field(keras.Model(inputs, x), "last", inputs=noise(1, 16, 16, 1))
    assert found.method.startswith(receptive.BY_GRADIENT)
    assert found.figure().axes[0].get_title(loc="left") == "what it can see (at least)"


def test_a_model_that_takes_no_image_is_refused() -> None:
    inputs = keras.Input((10,))
    with pytest.raises(InputError, match="is no image"):
        receptive_field(keras.Model(inputs, layers.Dense(3, name="d")(inputs)), "d")


def test_a_layer_inside_of_a_nested_model_has_its_field_on_the_outer_image() -> None:
    inner_inputs = keras.Input((16, 16, 4))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh", name="deep")(inner_inputs)
    inner = keras.Model(inner_inputs, x, name="inner")
    inputs = keras.Input((32, 32, 3))
    first = layers.Conv2D(4, 3, strides=2, padding="same", activation="tanh")(inputs)
    found = receptive_field(
        keras.Model(inputs, inner(first), name="outer"), "inner/deep", inputs=noise(1, 32, 32, 3)
    )
    assert found.layer == "inner/deep"
    assert found.size == (7, 7)
    assert found.jump == (2, 2)


def test_a_subclassed_model_is_read_from_its_graph() -> None:
    class Mine(keras.Model):
        def __init__(self):
            super().__init__(name="mine")
            self.one = layers.Conv2D(4, 5, padding="same", name="one")
            self.two = layers.Conv2D(4, 3, padding="same", name="two")

        def call(self, x):
            return self.two(tf.nn.relu(self.one(x)) * 2 + 1)

    model = Mine()
    model(noise(1, 24, 24, 3))
    found = receptive_field(model, "two", inputs=noise(2, 24, 24, 3))
    assert found.size == (7, 7)
    assert found.images == 2


def test_random_weights_make_a_field_that_is_used_less_towards_its_rim() -> None:
    keras.utils.set_random_seed(0)
    found = receptive_field(stack(8), "c7", inputs=noise(4, 41, 41, 3))
    # Luo et al.: like a Gaussian, so that half lies in far less than half of the width.
    assert found.radius(0.5) < 0.5 * found.size[0] / 2
    assert found.radius(0.5) < found.radius(0.95) <= math.hypot(8, 8) + 1
    assert found.effective_size < found.size[0]
    middle = found.influence[16:25, 16:25].mean()
    assert middle > 5 * found.influence[12:15, 12:15].mean()


def test_the_influence_is_the_mean_of_gradients_by_the_tape() -> None:
    model, images = stack(2), noise(3, 41, 41, 3)
    found = receptive_field(model, "c1", inputs=images, at=(5, 7))
    every = []
    for image in images:
        x = tf.constant(image[np.newaxis])
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(model(x)[:, 5, 7])
        every.append(np.abs(tape.gradient(value, x)).sum(axis=-1)[0])
    np.testing.assert_allclose(found.influence, np.mean(every, axis=0), rtol=1e-5, atol=1e-7)


def test_everyday10_on_its_samples_has_all_gradients_inside_the_box(tmp_path) -> None:
    model = load_model("everyday10")
    before = [each.numpy() for each in model.weights]
    found = receptive_field(model, "block16_add")
    assert found.images == 7
    assert found.size == (13, 13)
    assert found.jump == (2, 2)
    assert found.inside == pytest.approx(1, abs=1e-6)
    for one, other in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    paths = found.save(tmp_path, ["json"])
    twin = json.loads(paths[0].read_text(encoding="utf-8"))
    assert twin["box"] == list(found.box)
    assert np.asarray(twin["influence"]).shape == (32, 32)
    assert max(map(len, str(found).splitlines())) <= 80


@pytest.mark.parametrize("at", [(0, 0), pytest.param((3, 5), marks=pytest.mark.slow)])
def test_operations_and_nan_find_the_same_box_in_a_trained_network(at) -> None:
    model, image = load_model("everyday10"), noise(1, 32, 32, 3)
    traced = receptive._Traced(model, "down8_relu", image.shape)
    reached, lossy = traced.nan_reaches(at)
    assert not lossy
    found = receptive_field(model, "down8_relu", inputs=image, at=at)
    assert found.method == receptive.BY_OPERATIONS
    assert box_by_nan(reached, image[0]) == found.box


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer", "size", "jump"),
    [
        # Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019.
        ("MobileNetV2", "block_6_expand_relu", 59, 8),
        ("ResNet50", "conv5_block3_out", 483, 32),
        ("VGG16", "block5_pool", 212, 32),
        ("InceptionV3", "mixed10", 1311, 32),
    ],
)
def test_known_networks_have_the_fields_that_are_published(name, layer, size, jump) -> None:
    model = load_structure(name)
    shape = (1, *(model.input_shape[1:3]), 3)
    found = receptive_field(model, layer, inputs=noise(*shape))
    assert found.size == (size, size)
    assert found.jump == (jump, jump)
    assert found.inside == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"layer": "c00"}, LayerError, "Did you mean"),
        ({"layer": "flat"}, LayerError, "no map"),
        ({"layer": "c0", "at": (40, 41)}, InputError, "outside the map"),
        ({"layer": "c0", "images": []}, InputError, "empty"),
        ({"layer": "c0", "images": "no_such.png", "inputs": None}, InputError, "no_such"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(arguments, error, said) -> None:
    model = stack(2)
    model = keras.Model(model.input, layers.Flatten(name="flat")(model.output), name="stack")
    if "images" not in arguments:
        arguments = {**arguments, "inputs": noise(1, 41, 41, 3)}
    with pytest.raises(error, match=said):
        receptive_field(model, **arguments)


def test_a_layer_that_is_called_twice_is_refused() -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(LayerError, match="called once"):
        receptive_field(
            keras.Model(inputs, shared(shared(inputs))), "shared", inputs=noise(1, 8, 8, 3)
        )


def test_the_receptive_command_prints_what_is_seen_and_heeded(tfviz_cli, tmp_path) -> None:
    said = tfviz_cli(
        "learn", "receptive", "everyday10", "auto", "sample:cat", "--at", "1,2", "--out", tmp_path
    )
    assert said.code == 0, said.err
    assert "size 33x33, jump 4" in said.out
    assert "random" not in said.out
    assert list(tmp_path.glob("*.png"))
    said = tfviz_cli("learn", "receptive", "everyday10", "block9_out")
    assert said.code != 0
    assert "Did you mean 'block8_out'" in said.err
