"""Guided back-propagation, Deconvnet and Guided Grad-CAM: every kind of ReLU, the references."""

from __future__ import annotations

import importlib

import cam_deeper as twin
import h5py
import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tfviz import (
    Deconvnet,
    FullGrad,
    GradCAM,
    GuidedBackprop,
    GuidedGradCAM,
    InputError,
    LayerError,
    MethodError,
    load_model,
    preprocess,
)
from tfviz.explain import relus
from tfviz.explain.fusing import resized
from tfviz.explain.relus import DECONVNET, GUIDED, PLAIN

SIZE = 8
METHODS = {"guided": GuidedBackprop, "deconvnet": Deconvnet}


class Applied(layers.Layer):
    """A function as a layer of its own."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


def nested(x):
    inner = keras.Input(x.shape[1:])
    return keras.Model(inner, layers.ReLU()(inner))(x)


def deeper_nested(x):
    inner = keras.Input(x.shape[1:])
    return keras.Model(inner, nested(inner))(x)


# Every way to write max(x, 0), on what a convolution gives.
RELUS = {
    "layer": layers.ReLU(),
    "activation layer": layers.Activation("relu"),
    "keras.activations": lambda x: keras.activations.relu(x),
    "keras.ops": lambda x: ops.relu(x),
    "maximum": lambda x: ops.maximum(x, 0.0),
    "maximum, the other way round": lambda x: ops.maximum(0.0, x),
    "clip": lambda x: ops.clip(x, 0.0, 1e6),
    "tf.nn.relu in a layer": Applied(tf.nn.relu),
    "tf.maximum in a layer": Applied(lambda x: tf.maximum(x, 0.0)),
    "keras.ops in a layer": Applied(ops.relu),
    "lambda": layers.Lambda(lambda x: keras.activations.relu(x)),
    "nested": nested,
    "nested twice": deeper_nested,
    "sequential": lambda x: keras.Sequential([layers.ReLU()])(x),
    "time distributed": lambda x: layers.TimeDistributed(layers.ReLU())(x),
    "threshold, nearly 0": layers.ReLU(threshold=1e-30),
    "where": Applied(lambda x: tf.where(x > 0.0, x, 0.0)),
    "a product": Applied(lambda x: x * tf.cast(x > 0.0, x.dtype)),
}


def random_steps(seed, ceiling=np.inf, threshold=0.0):
    """Two convolutions with ReLUs behind them, max pooling, average pooling, a dense layer."""
    random = np.random.default_rng(seed)
    relu = ("relu", ceiling, threshold)
    return [
        ("conv", random.normal(size=(3, 3, 2, 4)) / 2, random.normal(size=4) / 4),
        relu,
        ("maxpool", 2),
        ("conv", random.normal(size=(2, 2, 4, 5)) / 2, random.normal(size=5) / 4),
        relu,
        ("mean",),
        ("dense", random.normal(size=(5, 3)), random.normal(size=3)),
    ]


def built(steps, relu=None, fused=False):
    """The same in Keras; `relu` makes what stands behind each convolution."""
    image = keras.Input((SIZE, SIZE, 2))
    x = image
    for step in steps:
        if step[0] == "conv":
            x = layers.Conv2D(step[1].shape[-1], step[1].shape[0],
                              activation="relu" if fused else None)(x)  # fmt: skip
        elif step[0] == "relu":
            x = x if fused else relu(x)
        elif step[0] == "maxpool":
            x = layers.MaxPooling2D(step[1])(x)
        elif step[0] == "mean":
            x = layers.GlobalAveragePooling2D()(x)
        else:
            x = layers.Dense(step[1].shape[-1])(x)
    model = keras.Model(image, x)
    model.set_weights([each for step in steps if step[0] in ("conv", "dense") for each in step[1:]])
    return model


def picture(seed=0, count=1):
    return np.random.default_rng(seed).normal(size=(count, SIZE, SIZE, 2)).astype("float32")


def expected(steps, images, rule, unit=1):
    return np.stack([
        twin.backward(steps, twin.forward(steps, image), unit, rule)[0] for image in images
    ])  # fmt: skip


def assert_near(found, wanted, part=1e-5):
    """Equal to `part` of the largest value."""
    np.testing.assert_allclose(found, wanted, atol=part * np.abs(wanted).max(), rtol=0)


@pytest.mark.parametrize("kind", RELUS)
def test_every_kind_of_relu_follows_the_rules(kind):
    steps, images = random_steps(1), picture(count=2)
    model, plain = built(steps, RELUS[kind]), expected(steps, images, "plain")
    for rule, method in METHODS.items():
        wanted = expected(steps, images, rule)
        assert np.abs(wanted - plain).max() > 0.1 * np.abs(wanted).max()
        assert_near(method(model).in_colour(images, 1), wanted)


@pytest.mark.parametrize("rule", METHODS)
def test_relu_fused_into_a_convolution_follows_the_rule(rule):
    steps, images = random_steps(2), picture(1, count=2)
    found = METHODS[rule](built(steps, fused=True)).in_colour(images, 1)
    assert_near(found, expected(steps, images, rule))


@pytest.mark.parametrize("rule", METHODS)
@pytest.mark.parametrize(
    ("ceiling", "threshold", "relu"),
    [
        (6.0, 0.0, layers.ReLU(max_value=6)),
        (6.0, 0.0, ops.relu6),
        (0.7, 0.0, layers.ReLU(max_value=0.7)),
        (np.inf, 0.3, layers.ReLU(threshold=0.3)),
        (0.7, 0.3, layers.ReLU(max_value=0.7, threshold=0.3)),
        (0.7, 0.0, lambda x: ops.clip(x, 0.0, 0.7)),
    ],
    ids=["6", "relu6", "ceiling", "threshold", "both", "clip"],
)
def test_ceiling_cuts_as_ever_and_threshold_moves_the_relu(rule, ceiling, threshold, relu):
    steps, images = random_steps(3, ceiling, threshold), picture(2, count=2)
    images *= 12 if ceiling == 6 else 1
    values = twin.forward(steps, images[0])
    assert (values[1] > min(ceiling, 1e9)).any() or ceiling == np.inf
    assert_near(METHODS[rule](built(steps, relu)).in_colour(images, 1),
                expected(steps, images, rule))  # fmt: skip


UNTOUCHED = {
    "LeakyReLU": layers.LeakyReLU(0.2),
    "leaky by slope": layers.ReLU(negative_slope=0.2),
    "leaky by slope, with a ceiling": layers.ReLU(negative_slope=0.2, max_value=1.5),
    "leaky by slope, with a threshold": layers.ReLU(negative_slope=0.2, threshold=0.4),
    "PReLU": layers.PReLU(alpha_initializer=keras.initializers.Constant(0.3)),
    "ELU": layers.ELU(),
    "CELU": lambda x: ops.celu(x, 0.8),
    "hard sigmoid": lambda x: ops.hard_sigmoid(x),
    "hard swish": lambda x: ops.hard_silu(x),
    "maximum of a slope": lambda x: ops.maximum(x, 0.2 * x),
    "gelu": layers.Activation("gelu"),
}


def test_channels_first_model_has_maps_of_its_places():
    keras.utils.set_random_seed(2)
    first, last = keras.Input((3, SIZE, SIZE + 2)), keras.Input((SIZE, SIZE + 2, 3))
    made = [
        keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D(data_format=order)(
            layers.Conv2D(4, 3, activation="relu", data_format=order)(image)
        )))
        for image, order in ((first, "channels_first"), (last, "channels_last"))
    ]  # fmt: skip
    made[1].set_weights(made[0].get_weights())
    images = np.random.default_rng(3).normal(size=(2, SIZE, SIZE + 2, 3)).astype("float32")
    for method in (GuidedBackprop, GuidedGradCAM, FullGrad):
        found = method(made[0], jit_compile=True)(np.moveaxis(images, -1, 1), 1).maps
        assert_near(found, method(made[1])(images, 1).maps, 1e-4)


@pytest.mark.parametrize("kind", UNTOUCHED)
def test_what_is_no_relu_keeps_its_gradient(kind):
    keras.utils.set_random_seed(5)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(6, 3, bias_initializer="normal")(image)
    y = layers.GlobalAveragePooling2D()(UNTOUCHED[kind](x))
    model = keras.Model(image, layers.Dense(3)(y))
    with pytest.raises(MethodError, match="needs ReLU activations, and this model has none"):
        GuidedBackprop(model)(picture())
    # A ReLU in front, of what is positive, only cuts off what comes out in the end.
    front = keras.Input((SIZE, SIZE, 2))
    both = keras.Model(front, model(layers.ReLU()(front)))
    images = np.abs(picture(3))
    with tf.GradientTape() as tape:
        tape.watch(given := tf.constant(images))
        score = model(given)[:, 1]
    wanted = tape.gradient(score, given).numpy()
    found = Deconvnet(both).in_colour(images, 1)
    assert_near(found, np.maximum(wanted, 0))


def test_remark_names_what_keeps_its_gradient():
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.LeakyReLU(0.1)(layers.Conv2D(4, 3, activation="relu")(image))
    x = layers.ELU()(layers.PReLU()(layers.Conv2D(4, 3)(x)))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    said = " ".join(GuidedBackprop(model)(picture()).remarks)
    assert "only ReLUs are changed: a leaky ReLU, ELU keep" in said


def test_two_relus_of_opposite_signs_beside_each_other_are_relus():
    """CReLU: both halves are kept apart, so neither is a leaky one."""
    random = np.random.default_rng(0)
    image = keras.Input((4, 4, 2))
    x = layers.Concatenate()([ops.relu(image), ops.relu(-image)])
    model = keras.Model(image, layers.Dense(3, use_bias=False)(layers.GlobalAveragePooling2D()(x)))
    images = random.normal(size=(1, 4, 4, 2)).astype("float32")
    g = model.layers[-1].kernel.numpy()[:, 1] / 16
    up, down = np.maximum(g[:2], 0), np.maximum(g[2:], 0)
    wanted = np.where(images > 0, up, 0) - np.where(images < 0, down, 0)
    assert_near(GuidedBackprop(model).in_colour(images, 1), wanted)


def test_relu_inside_a_function_of_the_models_own_is_refused():
    class Closed(layers.Layer):
        @tf.function
        def inner(self, x):
            return tf.nn.relu(x)

        def call(self, x):
            return self.inner(x)

    model = built(random_steps(1), Closed())
    with pytest.raises(MethodError, match=r"lie inside the closed function of '.*PartitionedCall'"):
        GuidedBackprop(model)(picture())


class Ungated(GuidedBackprop):
    """By a name that is in no table it needs no ReLU."""

    name = "ungated"

    def __init__(self, model, rule):
        self.rule = rule
        super().__init__(model)

    @property
    def settings(self):
        return (self.rule,)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("Gradient", PLAIN), ("GuidedBackprop", GUIDED), ("Deconvnet", DECONVNET)],
    ids=["gradient", "guided", "deconvnet"],
)
@pytest.mark.parametrize(
    "name", ["Conv2D_relu", "Dense_relu", "Conv2D", "Dense", "MaxPooling2D", "AveragePooling2D"]
)
def test_attributions_are_those_of_innvestigate(shared, kind, rule, name):
    """Of the most active unit; its two rules start from that unit's value, its gradient from 1."""
    layer, _, activation = name.partition("_")
    with h5py.File(shared / "goldens" / f"{kind}.hdf5") as file:
        images, golden = file["input"][:], file[name]
        weights = [golden["weights"][i][:] for i in sorted(golden["weights"])]
        outputs, attribution = golden["output"][:], golden["attribution"][:]
    arguments = {"Dense": (5,), "Conv2D": (5, 3)}.get(layer, (2,))
    options = {"activation": activation} if activation else {}
    image = keras.Input(images.shape[1:])
    made = getattr(layers, layer)(*arguments, **options)(image)
    model = keras.Model(image, layers.Flatten()(made))
    model.set_weights(weights)
    np.testing.assert_allclose(model(images).numpy(), outputs, rtol=1e-5, atol=1e-6)

    def most_active(y):
        return tf.reduce_max(y, axis=1) if rule == PLAIN else tf.reduce_max(y, axis=1) ** 2 / 2

    found = Ungated(model, rule).in_colour(images, most_active)
    np.testing.assert_allclose(found, attribution, rtol=1e-5, atol=1e-6)


def test_map_is_the_largest_or_the_signed_sum_of_the_channels():
    model, images = built(random_steps(1), ops.relu), picture(count=2)
    colours = GuidedBackprop(model).in_colour(images, 1)
    largest = GuidedBackprop(model)(images, 1).maps
    np.testing.assert_array_equal(largest, np.abs(colours).max(-1))
    added = GuidedBackprop(model, channels="sum")(images, 1).maps
    np.testing.assert_allclose(added, colours.sum(-1), rtol=1e-6)
    with pytest.raises(InputError, match="channels='mean' is none of max, sum"):
        GuidedBackprop(model, channels="mean")


def test_guided_grad_cam_is_one_times_the_other():
    keras.utils.set_random_seed(4)
    model = models.base_in_functional()
    images = models.inputs_for(model) * 50 + 100
    coarse = GradCAM(model)(images, 2).maps
    fine = GuidedBackprop(model).in_colour(images, 2)
    wanted = fine * resized(coarse, (models.SIZE, models.SIZE))[..., None]
    assert np.abs(wanted).max() > 0
    assert_near(GuidedGradCAM(model).in_colour(images, 2), wanted)
    found = GuidedGradCAM(model)(images, 2)
    assert_near(found.maps, np.abs(wanted).max(-1))
    assert found.layer.path == "base/relu2"


def test_guided_grad_cam_leaves_grad_cam_its_ordinary_gradients():
    """With ReLUs behind the layer, guided ones would give another coarse map."""
    steps, images = random_steps(6), picture(5)
    model = built(steps, layers.ReLU(), fused=True)
    first = model.layers[1].name
    ratio = GuidedGradCAM(model, first).in_colour(images, 0)
    fine = GuidedBackprop(model).in_colour(images, 0)
    coarse = resized(GradCAM(model, first)(images, 0).maps, (SIZE, SIZE))
    assert_near(ratio, fine * coarse[..., None])


def test_method_at_the_input_takes_no_layer():
    model = built(random_steps(1), ops.relu)
    with pytest.raises(LayerError, match="explains at the model's input and takes no layer"):
        GuidedBackprop(model, model.layers[1])


def test_ordinary_gradients_of_the_same_model_stay_ordinary():
    steps, images = random_steps(1), picture()
    model = built(steps, ops.relu)
    GuidedBackprop(model)(images, 1)
    with tf.GradientTape() as tape:
        tape.watch(given := tf.constant(images))
        score = model(given)[:, 1]
    assert_near(tape.gradient(score, given).numpy(), expected(steps, images, "plain"))


def test_loaded_anew_the_module_registers_without_a_clash():
    before = relus._NAME
    try:
        assert before != importlib.reload(relus)._NAME
    finally:
        importlib.reload(relus)


@pytest.mark.slow
def test_on_mobilenet_v2_guided_gradients_differ_from_ordinary_ones(shared):
    """Its ReLUs are layers; one peer gives the ordinary gradient there, correlation 1.000000."""
    from tfviz import read_rgb

    model = load_model(shared / "models" / "mobilenet_v2_1.0_224.keras")
    photo = read_rgb(shared / "photos" / "tfexplain_cat.jpg")
    inputs = preprocess(model, [photo])
    guided = GuidedBackprop(model).in_colour(inputs)
    with tf.GradientTape() as tape:
        tape.watch(given := tf.constant(inputs))
        says = tf.reduce_max(tf.math.log(model(given)), axis=1)
    plain = tape.gradient(says, given).numpy()
    assert abs(np.corrcoef(guided.ravel(), plain.ravel())[0, 1]) < 0.5
