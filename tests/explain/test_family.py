"""What holds for every method there is, on one small model each."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfviz
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


@pytest.fixture
def case(request, model, vit):
    """For a method: its class, a model that meets its needs, and inputs."""
    name = request.param
    subject = vit if "attention" in FAMILY[name].needs else model
    size = models.SIZE if subject is vit else SIZE
    inputs = np.random.default_rng(0).normal(size=(4, size, size, 3)).astype("float32")
    return METHODS[name], subject, inputs


every_method = pytest.mark.parametrize("case", FAMILY, indirect=True)


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
def test_map_of_what_the_model_says_is_finite_and_not_blank(case):
    kind, model, inputs = case
    found = kind(model)(inputs)
    assert np.isfinite(found.maps).all()
    assert (np.abs(found.maps).max(axis=(1, 2)) > 0).any()
    np.testing.assert_array_equal(found.units, model(inputs).numpy().argmax(axis=1))
    if kind.paper_relu:
        assert found.maps.min() >= 0


@every_method
def test_map_depends_on_no_other_input_and_on_no_batch_size(case):
    kind, model, inputs = case
    whole = kind(model, relu=False)(inputs, 1).maps
    for size in (1, 3):
        close(kind(model, relu=False, batch_size=size)(inputs, 1).maps, whole)
    close(kind(model, relu=False)(inputs[2:3], 1).maps, whole[2:3])


@every_method
def test_constant_added_to_all_logits_changes_nothing(case):
    kind, model, inputs = case
    before = kind(model, relu=False)(inputs, 1).maps
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
    kind, model, inputs = case
    if kind.name in NOT_SCALED:
        pytest.skip(NOT_SCALED[kind.name])
    before = kind(model)(inputs, 1).maps
    out = model.layers[-1]
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel * 100, bias * 100])
        after = kind(model)(inputs, 1).maps
    finally:
        out.set_weights([kernel, bias])
    axes = (1, 2)
    large = np.abs(before).max(axis=axes) > 0
    ratio = np.abs(after).max(axis=axes)[large] / np.abs(before).max(axis=axes)[large]
    close(after[large] / ratio[:, None, None], before[large])


@every_method
def test_new_class_explainer_and_batch_size_trace_nothing_again(case):
    kind, model, inputs = case
    kind(model)(inputs, 0)
    before = traces_of(model)
    for target, size in ((1, 1), (3, 2), ([0, 1, 2, 3], 32)):
        kind(model, batch_size=size)(inputs, target)
    assert traces_of(model) == before


@every_method
def test_model_is_bit_for_bit_what_it_was(case):
    kind, model, inputs = case
    weights, says = model.get_weights(), model(inputs).numpy()
    kind(model)(inputs)
    np.testing.assert_array_equal(model(inputs).numpy(), says)
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", [n for n, e in FAMILY.items() if "attention" not in e.needs])
def test_flipped_input_flips_the_map(model, name):
    inputs = np.random.default_rng(1).normal(size=(2, SIZE, SIZE, 3)).astype("float32")
    convs = [model.get_layer("fine"), model.get_layer("coarse")]
    kept = [conv.get_weights() for conv in convs]
    options = {"noise": 0.0} if name in NOISY else {}
    try:
        for conv, (kernel, bias) in zip(convs, kept, strict=True):
            conv.set_weights([(kernel + kernel[:, ::-1]) / 2, bias])
        explain = METHODS[name](model, relu=False, **options)
        straight, flipped = explain(inputs, 0).maps, explain(inputs[:, :, ::-1], 0).maps
    finally:
        for conv, weights in zip(convs, kept, strict=True):
            conv.set_weights(weights)
    close(flipped, straight[:, :, ::-1], rtol=1e-3)


@pytest.mark.parametrize("name", [n for n, e in FAMILY.items() if not e.needs])
def test_signals_and_volumes_have_maps_too(name):
    for build in (models.conv1d, models.conv3d):
        keras.utils.set_random_seed(3)
        model = build()
        found = METHODS[name](model, relu=False)(models.inputs_for(model, count=2), 1)
        assert found.maps.ndim == len(model.inputs[0].shape) - 1
        assert np.isfinite(found.maps).all()
        assert found.maps.any()


@pytest.mark.parametrize(
    "name", [n for n, e in FAMILY.items() if n not in NOT_SIAMESE and "attention" not in e.needs]
)
def test_each_input_of_a_siamese_model_has_its_own_map(name):
    keras.utils.set_random_seed(3)
    model = models.siamese()
    left, right = models.inputs_for(model, count=2)
    options = {"noise": 0.0} if name in NOISY else {}
    explain = METHODS[name](model, relu=False, **options)
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
