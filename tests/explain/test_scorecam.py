"""Score-CAM and its kin: against their float64 twins, and what of the input they mask."""

from __future__ import annotations

import cam as net
import cam_perturbation as oracle
import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz import (
    ISCAM,
    SSCAM,
    Contrast,
    FasterScoreCAM,
    GradCAM,
    InputError,
    MethodError,
    ScoreCAM,
)
from tfviz.explain.compiled import traces_of
from tfviz.explain.masks import gaussian

STEEP = 8.0  # so that the channels' weights differ by more than a rounding


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(5)
    image = keras.Input((9, 8, 2))
    x = layers.Conv2D(4, (4, 3), name="conv", bias_initializer="normal")(image)
    x = layers.Flatten()(layers.MaxPooling2D(name="pool")(x))
    x = layers.Dense(6, activation="relu", name="hidden", bias_initializer="normal")(x)
    model = keras.Model(image, layers.Dense(5, activation="softmax", name="out")(x))
    kernel, bias = model.get_layer("out").get_weights()
    model.get_layer("out").set_weights([STEEP * kernel, bias + 1])
    return model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(3, 9, 8, 2)).astype("float32")


def logits_of(model, image):
    kernel, bias, w1, b1, w2, b2 = [w.astype(np.float64) for w in model.get_weights()]
    A = net.conv_valid(image, kernel, bias)
    return A, np.maximum(net.max_pool(A).reshape(-1) @ w1 + b1, 0) @ w2 + b2


NOISE = gaussian((9, 8), 3, seed=2)[0].astype(np.float64)
KIN = {
    "scorecam": (ScoreCAM, {}, {}),
    "of its channels": (ScoreCAM, {"channels": 3}, {"channels": 3}),
    "to another colour": (ScoreCAM, {"baseline": 0.7}, {"baseline": 0.7}),
    "faster": (FasterScoreCAM, {"channels": 2}, {"channels": 2}),
    "smoothed": (
        SSCAM,
        {"samples": 3, "noise": 0.4, "seed": 2},
        {"masks": oracle.noisy_masks(0.4 * NOISE)},
    ),
    "integrated": (ISCAM, {"steps": 4}, {"masks": oracle.growing_masks(4)}),
}


TARGETS = {"class": 2, "top1": None, "contrast": Contrast(0, 3)}


@pytest.mark.parametrize(
    ("kin", "target"), [*((kin, "class") for kin in KIN), *(("scorecam", each) for each in TARGETS)]
)
def test_kin_equal_their_float64_twins(small, images, kin, target):
    kind, options, as_twin = KIN[kin]
    target = TARGETS[target]
    found = kind(small, "conv", relu=False, **options)(images, target)
    for i, image in enumerate(images.astype(np.float64)):
        A, plain = logits_of(small, image)

        unit = int(np.argmax(plain)) if target is None else 2

        def score(x, unit=unit):
            y = logits_of(small, x)[1]
            return y[0] - y[3] if isinstance(target, Contrast) else y[unit]

        expected = oracle.score_cam(image, A, score, **as_twin)
        np.testing.assert_allclose(found.maps[i], expected, atol=3e-5 * np.abs(expected).max())


def test_weights_differ_in_what_the_twins_are_compared_on(small, images):
    """The twins would prove little if every channel weighed the same."""
    A, _ = logits_of(small, images[0].astype(np.float64))
    scores = [
        logits_of(small, images[0] * oracle.mask(A[..., k], (9, 8))[..., None])[1][2]
        for k in range(4)
    ]
    weights = np.exp(scores - np.max(scores)) / np.exp(scores - np.max(scores)).sum()
    assert weights.max() > 3 * weights.min()


def test_model_that_does_not_look_gives_the_mean_of_the_channels():
    keras.utils.set_random_seed(1)
    model = models.functional()
    head = model.layers[-1]
    head.set_weights([0 * head.kernel, np.arange(5.0)])
    x = models.inputs_for(model)
    A = keras.Model(model.input, model.get_layer("conv2").output)(x).numpy()
    for kind in (ScoreCAM, ISCAM):
        found = kind(model, "conv2")(x, 1).maps
        np.testing.assert_allclose(found, A.mean(axis=-1), rtol=1e-5, atol=1e-7)


def test_steep_logits_leave_the_best_channel_alone(small, images):
    model = keras.models.clone_model(small)
    model.set_weights(small.get_weights())
    kernel, bias = model.get_layer("out").get_weights()
    model.get_layer("out").set_weights([kernel * 1e4, bias * 1e4])
    found = ScoreCAM(model, "conv", relu=False)(images, 2).maps
    for i, image in enumerate(images.astype(np.float64)):
        A, _ = logits_of(small, image)
        scores = [
            logits_of(small, image * oracle.mask(A[..., k], (9, 8))[..., None])[1][2]
            for k in range(4)
        ]
        np.testing.assert_allclose(found[i], A[..., np.argmax(scores)], atol=1e-5)


def test_as_many_channels_as_there_are_is_scorecam(small, images):
    expected = ScoreCAM(small, "conv")(images).maps
    found = FasterScoreCAM(small, "conv", channels=4)(images).maps
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(
        SSCAM(small, "conv", samples=2, noise=0.0)(images).maps, expected, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        ISCAM(small, "conv", steps=1)(images).maps, expected, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("kind", [ScoreCAM, FasterScoreCAM, SSCAM, ISCAM])
def test_chunks_change_nothing(small, images, kind):
    expected = kind(small, "conv", relu=False)(images).maps
    for size in (1, 3, 4, 7):
        found = kind(small, "conv", relu=False, batch_size=size)(images).maps
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_numbers_of_channels_samples_and_steps_are_no_new_traces(small, images):
    def all_of_them(channels, number, size):
        ScoreCAM(small, "pool", channels=channels, batch_size=size)(images, number)
        SSCAM(small, "pool", samples=number, seed=number, noise=number / 9, batch_size=size)(images)
        ISCAM(small, "pool", steps=number, channels=channels)(images[:1])

    all_of_them(None, 2, 32)
    before = traces_of(small)
    all_of_them(2, 3, 4)
    all_of_them(3, 1, 1)
    assert traces_of(small) == before


class Watched(layers.Layer):
    """Passes on what it is given, and keeps how many rows that were, each time it runs."""

    rows: tuple[int, ...] = ()

    def call(self, x):
        def passed(value):
            Watched.rows += (len(value),)
            return value

        out = tf.numpy_function(passed, [x], x.dtype, stateful=False)
        out.set_shape(x.shape)
        return out


def watched_model(channels, dead=0):
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(channels, 3, activation="relu", name="conv")
    x = layers.GlobalAveragePooling2D()(conv(Watched()(image)))
    model = keras.Model(image, layers.Dense(3)(x))
    kernel, bias = conv.get_weights()
    # Zero kernels make channels that are the same everywhere, of value 0 or not.
    kernel[..., :dead] = 0
    bias[:dead:2] = 0.5
    conv.set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("channels", [64, 512])
def test_no_more_than_batch_size_inputs_are_ever_held_whatever_the_channels(channels):
    model = watched_model(channels)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    Watched.rows = ()
    ScoreCAM(model, "conv", batch_size=16)(x, 1)
    assert max(Watched.rows) == 16
    assert sum(Watched.rows) == 2 * (1 + channels)  # the look, and each channel once
    assert len(Watched.rows) == 1 + channels // 8


def test_channel_that_is_the_same_everywhere_is_neither_evaluated_nor_weighed():
    model = watched_model(8, dead=5)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    Watched.rows = ()
    found = ScoreCAM(model, "conv")(x, 1).maps
    assert sum(Watched.rows) == 2 * (1 + 3)
    A = model.get_layer("conv")(x).numpy().astype(np.float64)

    def score(image):
        return float(model(image[None].astype("float32"))[0, 1])

    for i in range(2):
        expected = oracle.score_cam(x[i], A[i], score)
        np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-6)


def test_layer_without_any_pattern_has_a_map_of_zeros():
    model = watched_model(4, dead=4)
    x = np.ones((2, 8, 8, 3), "float32")
    for kind in (ScoreCAM, SSCAM, ISCAM):
        found = kind(model, "conv")(x, 1)
        assert not found.maps.any()


def by_hand(model, inputs, source, A, unit, sizes):
    """The map of the first input, with the model itself for its score."""

    head = model.layers[-1]
    before = keras.Model(model.input, head.input)
    kernel, bias = (each.numpy().astype(np.float64) for each in (head.kernel, head.bias))

    def score(masked):
        given = [each[:1] for each in inputs]
        given[source] = masked[None].astype("float32")
        hidden = before(given if len(given) > 1 else given[0])[0].numpy().astype(np.float64)
        return (hidden @ kernel + bias)[unit]

    scores = [
        score(inputs[source][0] * oracle.mask(A[..., k], sizes)[..., None])
        if np.ptp(A[..., k])
        else None
        for k in range(A.shape[-1])
    ]
    return oracle.weighted_by_softmax(A, scores)


@pytest.mark.parametrize("kind", ["conv1d", "conv3d"])
def test_signals_and_volumes_are_masked_along_all_their_axes(kind):
    keras.utils.set_random_seed(4)
    model = models.KINDS[kind][0]()
    x, layer = models.inputs_for(model, count=1), model.get_layer(models.KINDS[kind][1])
    A = keras.Model(model.input, layer.output)(x).numpy()[0]
    found = ScoreCAM(model, relu=False)(x, 2).maps[0]
    np.testing.assert_allclose(
        found, by_hand(model, [x], 0, A, 2, x.shape[1:-1]), rtol=1e-4, atol=1e-6
    )


def test_input_beside_the_picture_is_left_as_it_is():
    keras.utils.set_random_seed(4)
    model = models.multi_input()
    picture, table = models.inputs_for(model, count=1)
    A = model.get_layer("base")(picture).numpy()[0]
    found = ScoreCAM(model, relu=False)([picture, table], 2).maps[0]
    expected = by_hand(model, [picture, table], 0, A, 2, picture.shape[1:3])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_each_call_of_a_siamese_model_masks_its_own_input():
    keras.utils.set_random_seed(4)
    model = models.siamese()
    inputs = models.inputs_for(model, count=1)
    found = ScoreCAM(model, relu=False)(inputs, 1)
    for source, call in enumerate(found.calls):
        A = model.get_layer("base")(inputs[source]).numpy()[0].astype(np.float64)
        scores = []
        for k in range(A.shape[-1]):
            given = list(inputs)
            seen = oracle.mask(A[..., k], inputs[source].shape[1:3])
            given[source] = (inputs[source] * seen[..., None]).astype("float32")
            p = float(model(given)[0, 0])
            scores.append(np.log(p / (1 - p)))
        expected = oracle.weighted_by_softmax(A, scores)
        np.testing.assert_allclose(call.maps[0], expected, rtol=1e-3, atol=1e-5)


def test_tokens_mask_the_picture_as_the_grid_they_were_cut_from():
    keras.utils.set_random_seed(4)
    model = models.vit()
    x = models.inputs_for(model, count=1)
    tokens = keras.Model(model.input, model.get_layer("before1").output)(x).numpy()
    A = tokens[0, 1:].reshape(6, 6, 16)
    found = ScoreCAM(model, "before1", relu=False)(x, 2).maps[0]
    np.testing.assert_allclose(found, by_hand(model, [x], 0, A, 2, (24, 24)), rtol=1e-3, atol=1e-5)


def test_channels_first_masks_places_and_not_colours():
    def built(data_format):
        keras.utils.set_random_seed(4)
        image = keras.Input((8, 10, 3) if data_format == "channels_last" else (3, 8, 10))
        conv = layers.Conv2D(4, 3, activation="relu", name="conv", data_format=data_format)
        pool = layers.GlobalAveragePooling2D(data_format=data_format)
        return keras.Model(image, layers.Dense(3)(pool(conv(image))))

    x = np.random.default_rng(0).normal(size=(2, 8, 10, 3)).astype("float32")
    last, first = built("channels_last"), built("channels_first")
    first.set_weights(last.get_weights())
    options = {"samples": 2, "noise": 0.3, "relu": False}
    expected = SSCAM(last, "conv", **options)(x, 1).maps
    explain = SSCAM(first, "conv", jit_compile=True, **options)
    found = explain(x.transpose(0, 3, 1, 2), 1).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_baseline_is_a_value_of_what_goes_into_the_model():
    """Grey is 127.5 to a model that takes 0 to 255, and 0 to the same model without its scaling."""
    keras.utils.set_random_seed(4)
    scaled = models.base_in_sequential()
    raw = keras.Sequential(
        [keras.Input((24, 24, 3)), layers.Rescaling(1 / 127.5, -1), *scaled.layers]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3)).astype("float32")
    expected = ScoreCAM(scaled, "base")(pixels / 127.5 - 1, 1).maps
    grey = ScoreCAM(raw, "base", baseline=127.5)(pixels, 1).maps
    np.testing.assert_allclose(grey, expected, rtol=1e-4, atol=1e-6)
    black = ScoreCAM(raw, "base")(pixels, 1).maps
    assert np.abs(black - expected).max() > 1e-3 * expected.max()


def test_whole_numbered_pixels_are_rounded_after_masking():
    keras.utils.set_random_seed(4)
    image = keras.Input((8, 8, 3), dtype="uint8")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    pixels = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3)).astype("uint8")
    A = keras.Model(image, x)(pixels).numpy()[0].astype(np.float64)
    found = ScoreCAM(model, "conv")(pixels, 1).maps[0]

    def score(masked):
        return float(model(np.round(masked)[None].astype("uint8"))[0, 1])

    expected = oracle.score_cam(pixels[0].astype(np.float64), A, score)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_layers_joined_are_evaluated_each_by_itself():
    keras.utils.set_random_seed(4)
    model = models.functional()
    x = models.inputs_for(model, count=2)
    joined = ScoreCAM(model, "conv1+conv2")(x, 1)
    for part, layer in zip(joined.parts, ("conv1", "conv2"), strict=True):
        np.testing.assert_allclose(part.maps, ScoreCAM(model, layer)(x, 1).maps, rtol=1e-5)


def test_words_can_not_be_masked_and_gradcam_is_named_in_its_place():
    model = models.token_model()
    with pytest.raises(MethodError, match=r"int32, which can't be made weaker.*gradcam"):
        ScoreCAM(model)(models.inputs_for(model))
    assert GradCAM(model)(models.inputs_for(model)).maps.any()


def test_layer_with_other_axes_than_the_input_is_refused():
    image = keras.Input((8, 12, 2))
    columns = layers.Reshape((12, 16))(layers.Permute((2, 1, 3))(image))
    x = layers.Conv1D(4, 3, name="steps")(columns)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    with pytest.raises(MethodError, match="layer 'steps' have 1 axes of places, which input 1"):
        ScoreCAM(model, "steps")(np.ones((1, 8, 12, 2), "float32"))


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (ScoreCAM, {"channels": 0}, "channels=0"),
        (ScoreCAM, {"baseline": float("nan")}, "baseline=nan"),
        (FasterScoreCAM, {"channels": -3}, "channels=-3"),
        (SSCAM, {"samples": 0}, "samples=0"),
        (SSCAM, {"noise": -0.1}, r"noise=-0\.1"),
        (ISCAM, {"steps": 0}, "steps=0"),
    ],
)
def test_parameter_out_of_range_is_refused_in_words(small, kind, options, said):
    with pytest.raises(InputError, match=said):
        kind(small, **options)
