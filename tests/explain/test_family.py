"""What holds for every method there is, on one small model each."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfviz
from tfviz import ActivationMap
from tfviz.explain.compiled import traces_of
from tfviz.explain.family import FAMILY, METHODS

SIZE = 16
# Methods a case doesn't suit, with the reason.
NOT_SCALED = {
    "gradcam++": "alpha depends on the size of the gradient, as in the paper",
    "smoothgradcam++": "the same",
    "refinecam": "the same",
    "scorecam": "the softmax over channels sharpens with the logits, as in the paper",
    "fasterscorecam": "the same",
    "sscam": "the same",
    "iscam": "the same",
}
NOISY = ("smoothgradcam++", "sscam")
NOT_SIAMESE = {
    "cam": "a difference follows the pooling",
    "finercam": "one output unit",
    "refinecam": "maps of one size",
}


@pytest.fixture(scope="module")
def model():
    """Two sizes, global average pooling, one dense layer: every need but attention is met."""
    keras.utils.set_random_seed(7)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="fine")(image)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="coarse")(
        layers.AveragePooling2D(2, name="halve")(x)
    )
    x = layers.GlobalAveragePooling2D()(x)
    dense = layers.Dense(5, activation="softmax", bias_initializer="normal", name="out")
    return keras.Model(image, dense(x))


@pytest.fixture(scope="module")
def vit():
    keras.utils.set_random_seed(11)
    return models.vit()


@pytest.fixture(scope="module")
def siamese():
    keras.utils.set_random_seed(3)
    return models.siamese()


@pytest.fixture(scope="module")
def signals_and_volumes():
    keras.utils.set_random_seed(3)
    return models.conv1d(), models.conv3d()


@pytest.fixture(scope="module")
def case(request, model, vit):
    """For a method: its class, a model that meets its needs, inputs, their signed maps for 1.

    Of the module's scope, by which all tests of a method come after each other: a model keeps a
    handful of traced functions, and methods in turn would be traced again for every test.
    """
    name = request.param
    subject = vit if "attention" in FAMILY[name].needs else model
    size = models.SIZE if subject is vit else SIZE
    inputs = np.random.default_rng(0).normal(size=(4, size, size, 3)).astype("float32")
    return METHODS[name], subject, inputs, METHODS[name](subject, relu=False)(inputs, 1).maps


every_method = pytest.mark.parametrize("case", FAMILY, indirect=True)
# One look and one formula: how the model is called and listened to is the base's.
BY_FORMULA = [
    name
    for name, kind in METHODS.items()
    if kind.trace is ActivationMap.trace and kind.run is ActivationMap.run
]
# Each calls the model again in a way of its own: masked inputs, the head alone, noisy inputs.
OWN_RUN = ["fasterscorecam", "ablationcam", "smoothgradcam++"]


def close(found, expected, rtol=1e-4):
    """Equal but for rounding, measured by the largest value of each map."""
    axes = tuple(range(1, expected.ndim))
    scale = np.abs(expected).max(axis=axes, keepdims=True) + 1e-12
    np.testing.assert_allclose(found / scale, expected / scale, atol=20 * rtol)


def test_every_entry_is_a_public_class_of_that_name():
    for name, entry in FAMILY.items():
        kind = METHODS[name]
        assert kind.name == name
        assert getattr(tfviz, entry.kind) is kind
        assert "Source:" in kind.__doc__
        assert entry.when[0].islower()
        assert not entry.when.endswith(".")


@every_method
def test_map_is_finite_and_not_blank_and_cut_off_as_in_the_paper(case):
    kind, model, inputs, signed = case
    assert np.isfinite(signed).all()
    assert (np.abs(signed).max(axis=(1, 2)) > 0).any()
    if len(kind(model)(inputs, 1).parts) < 2:
        expected = np.maximum(signed, 0) if kind.paper_relu else signed
        np.testing.assert_array_equal(kind(model)(inputs, 1).maps, expected)


@pytest.mark.parametrize("case", OWN_RUN, indirect=True)
def test_what_the_model_says_is_what_further_runs_explain(case):
    kind, model, inputs, _ = case
    found = kind(model, relu=False)(inputs)
    says = model(inputs).numpy().argmax(axis=1)
    np.testing.assert_array_equal(found.units, says)
    close(found.maps, kind(model, relu=False)(inputs, says.tolist()).maps)


@every_method
def test_map_depends_on_no_other_input_and_on_no_batch_size(case):
    kind, model, inputs, whole = case
    for size in (1, 3):
        close(kind(model, relu=False, batch_size=size)(inputs, 1).maps, whole)
    close(kind(model, relu=False)(inputs[2:3], 1).maps, whole[2:3])


@every_method
def test_constant_added_to_all_logits_changes_nothing(case):
    kind, model, inputs, before = case
    out = model.layers[-1]
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel, bias + 7])
        after = kind(model, relu=False)(inputs, 1).maps
    finally:
        out.set_weights([kernel, bias])
    close(after, before, rtol=1e-3)


@every_method
def test_scaled_logits_scale_the_map_at_most(case):
    kind, model, inputs, before = case
    if kind.name in NOT_SCALED:
        pytest.skip(NOT_SCALED[kind.name])
    out = model.layers[-1]
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel * 100, bias * 100])
        after = kind(model, relu=False)(inputs, 1).maps
    finally:
        out.set_weights([kernel, bias])
    axes = (1, 2)
    large = np.abs(before).max(axis=axes) > 0
    ratio = np.abs(after).max(axis=axes)[large] / np.abs(before).max(axis=axes)[large]
    close(after[large] / ratio[:, None, None], before[large])


@every_method
def test_new_class_explainer_and_batch_size_trace_nothing_again(case):
    kind, model, inputs, _ = case
    before = traces_of(model)
    for target, size in ((1, 1), (3, 2), ([0, 1, 2, 3], 32)):
        kind(model, batch_size=size)(inputs, target)
    assert traces_of(model) == before


@every_method
def test_model_is_bit_for_bit_what_it_was(case):
    kind, model, inputs, _ = case
    weights, says = model.get_weights(), model(inputs).numpy()
    kind(model)(inputs, 1)
    np.testing.assert_array_equal(model(inputs).numpy(), says)
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)


@every_method
def test_flipped_input_flips_the_map(case):
    kind, model, inputs, _ = case
    if "attention" in FAMILY[kind.name].needs:
        pytest.skip("learnt positions tell left from right")
    convs = [model.get_layer("fine"), model.get_layer("coarse")]
    kept = [conv.get_weights() for conv in convs]
    options = {"noise": 0.0} if kind.name in NOISY else {}
    try:
        for conv, (kernel, bias) in zip(convs, kept, strict=True):
            conv.set_weights([(kernel + kernel[:, ::-1]) / 2, bias])
        explain = kind(model, relu=False, **options)
        straight, flipped = explain(inputs, 0).maps, explain(inputs[:, :, ::-1], 0).maps
    finally:
        for conv, weights in zip(convs, kept, strict=True):
            conv.set_weights(weights)
    close(flipped, straight[:, :, ::-1], rtol=1e-3)


@pytest.mark.parametrize("name", BY_FORMULA)
def test_formula_is_the_same_for_signals_pictures_and_volumes(name):
    """Places are places: laid out on one axis, on two or on three."""
    random = np.random.default_rng(0)
    A, G = (random.normal(size=(2, 12, 5)).astype("float32") for _ in range(2))
    expected = METHODS[name].combine(tf.constant(A), tf.constant(G)).numpy()
    for places in ((3, 4), (2, 3, 2)):
        pair = (tf.reshape(each, (2, *places, 5)) for each in (A, G))
        found = METHODS[name].combine(*pair).numpy()
        np.testing.assert_allclose(found, expected.reshape(2, *places), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "name", [n for n, e in FAMILY.items() if set(e.needs) <= {"input"} and n not in BY_FORMULA]
)
def test_signals_and_volumes_have_maps_too(signals_and_volumes, name):
    for model in signals_and_volumes:
        found = METHODS[name](model, relu=False)(models.inputs_for(model, count=2), 1)
        assert found.maps.ndim == len(model.inputs[0].shape) - 1
        assert np.isfinite(found.maps).all()
        assert found.maps.any()


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, e in FAMILY.items()
        if (n == "gradcam" or n not in BY_FORMULA)
        and n not in NOT_SIAMESE
        and "attention" not in e.needs
    ],
)
def test_each_input_of_a_siamese_model_has_its_own_map(siamese, name):
    left, right = models.inputs_for(siamese, count=2)
    options = {"noise": 0.0} if name in NOISY else {}
    explain = METHODS[name](siamese, relu=False, **options)
    found, swapped = explain([left, right], 1), explain([right, left], 0)
    assert [len(each.calls) for each in (found, swapped)] == [2, 2]
    # Swapped, and explained for the other side, everything changes places.
    for call in (0, 1):
        close(swapped.calls[1 - call].maps, found.calls[call].maps, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, e in FAMILY.items() if "attention" not in e.needs])
def test_channels_first_equals_channels_last_under_xla(name):
    def build(layout):
        keras.utils.set_random_seed(3)
        shape = (3, SIZE, SIZE) if layout == "channels_first" else (SIZE, SIZE, 3)
        image, first = keras.Input(shape), {"data_format": layout, "padding": "same"}
        x = layers.Conv2D(4, 3, activation="relu", name="fine", **first)(image)
        x = layers.AveragePooling2D(2, **first)(x)
        x = layers.Conv2D(5, 3, activation="relu", name="coarse", **first)(x)
        x = layers.GlobalAveragePooling2D(data_format=layout)(x)
        return keras.Model(image, layers.Dense(5, activation="softmax")(x))

    last, first = build("channels_last"), build("channels_first")
    first.set_weights(last.get_weights())
    inputs = np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype("float32")
    # Noise is drawn in the layout of the input: the same numbers lie at other places.
    options = {"noise": 0.0} if name in NOISY else {}
    expected = METHODS[name](last, relu=False, **options)(inputs, 1).maps
    explain = METHODS[name](first, relu=False, jit_compile=True, **options)
    close(explain(np.moveaxis(inputs, -1, 1), 1).maps, expected, rtol=1e-3)
