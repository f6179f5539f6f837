"""FullGrad: the terms add up to the score, and the map is the paper's."""

from __future__ import annotations

import cam_deeper as twin
import keras
import models
import numpy as np
import pytest
from keras import layers, ops

from tfviz import Contrast, FullGrad, LayerError, load_model, preprocess

SIZE = 8


def steps_of(seed, ceiling=np.inf):
    random = np.random.default_rng(seed)
    relu = ("relu", ceiling, 0.0)
    return [
        ("conv", random.normal(size=(3, 3, 2, 4)) / 2, random.normal(size=4) / 2),
        relu,
        ("maxpool", 2),
        ("conv", random.normal(size=(2, 2, 4, 5)) / 2, random.normal(size=5) / 2),
        ("affine", random.normal(size=5), random.normal(size=5)),
        relu,
        ("mean",),
        ("dense", random.normal(size=(5, 3)), random.normal(size=3)),
    ]


def built(steps):
    """The same in Keras, the affine step as a batch normalisation."""
    image = keras.Input((SIZE, SIZE, 2))
    x, weights = image, []
    for step in steps:
        if step[0] == "conv":
            x = layers.Conv2D(step[1].shape[-1], step[1].shape[0])(x)
            weights += step[1:]
        elif step[0] == "affine":
            x = layers.BatchNormalization(epsilon=1e-3)(x)
            mean, variance = np.full(5, 0.3), np.full(5, 2.0)
            gamma = step[1] * np.sqrt(variance + 1e-3)
            weights += [gamma, step[2] + mean * step[1], mean, variance]
        elif step[0] == "relu":
            x = layers.ReLU(max_value=None if step[1] == np.inf else step[1])(x)
        elif step[0] == "maxpool":
            x = layers.MaxPooling2D(step[1])(x)
        elif step[0] == "mean":
            x = layers.GlobalAveragePooling2D()(x)
        else:
            x = layers.Dense(3)(x)
            weights += step[1:]
    model = keras.Model(image, x)
    model.set_weights(weights)
    return model


def picture(seed=0, count=2, size=SIZE):
    return np.random.default_rng(seed).normal(size=(count, size, size, 2)).astype("float32")


def assert_complete(terms, part=1e-4):
    sizes = np.abs(terms.scores) + np.abs(terms.inputs) + np.abs(terms.biases).sum(axis=1)
    assert (np.abs(terms.missing) <= part * np.abs(terms.scores).clip(1e-3 * sizes)).all()
    # Not by chance: without the biases it doesn't add up.
    assert np.abs(terms.scores - terms.inputs).max() > 1e-2 * np.abs(terms.scores).max()


@pytest.mark.parametrize("ceiling", [np.inf, 6.0, 0.8], ids=["relu", "relu6", "ceiling"])
def test_map_and_terms_are_those_of_the_slow_twin(ceiling):
    steps = steps_of(1, ceiling)
    model, images = built(steps), picture() * (6 if ceiling == 6 else 1)
    found = FullGrad(model)(images, 1)
    terms = FullGrad(model).terms(images, 1)
    for i, image in enumerate(images):
        wanted = twin.full_grad_map(steps, image, 1)
        np.testing.assert_allclose(found.maps[i], wanted, atol=1e-4 * wanted.max())
        own, others, score = twin.full_gradient(steps, image, 1)
        assert terms.scores[i] == pytest.approx(score, rel=1e-4)
        assert terms.inputs[i] == pytest.approx(own.sum(), rel=1e-4, abs=1e-4)
        assert terms.biases[i].sum() == pytest.approx(sum(each.sum() for each in others), rel=1e-4)
    assert not found.remarks
    assert_complete(terms)


@pytest.mark.parametrize(
    "kind",
    ["functional", "conv_bn_relu", "sequential", "base_in_sequential", "base_in_functional",
     "subclassed", "multi_input", "multi_output", "siamese", "unet", "conv1d", "conv3d"],
)  # fmt: skip
def test_terms_add_up_to_the_score_in_every_kind_of_model(kind):
    keras.utils.set_random_seed(11)
    model = models.KINDS[kind][0]()
    random = np.random.default_rng(2)
    model.set_weights([
        each + np.abs(random.normal(size=each.shape)) / 4 if each.ndim == 1 else each
        for each in model.get_weights()
    ])  # fmt: skip
    terms = FullGrad(model).terms(models.inputs_for(model))
    assert_complete(terms)


CURVED = {
    "elu": layers.ELU(),
    "gelu": layers.Activation("gelu"),
    "silu": layers.Activation("silu"),
    "tanh": layers.Activation("tanh"),
    "sigmoid": lambda x: x * ops.sigmoid(x) + ops.sigmoid(2 * x),
    "softplus": lambda x: ops.softplus(x + 1),
    "square": lambda x: ops.square(x + 1) - x * x,
    "layer norm": layers.LayerNormalization(),
    "quotient": lambda x: x / (1 + ops.abs(x)),
    "softmax": lambda x: ops.softmax(x + 1, axis=-1),
    "squeeze and excite": lambda x: x * ops.sigmoid(ops.mean(x, axis=(1, 2), keepdims=True)),
    "attention": lambda x: ops.einsum("bhwc,bhwd->bhwcd", x, x)[..., 0] + 1,
}


@pytest.mark.parametrize("kind", CURVED)
def test_curved_model_is_taken_by_its_tangent_and_a_remark_says_so(kind):
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(4, 3, bias_initializer="normal")(image)
    x = layers.Conv2D(4, 3, bias_initializer="ones")(CURVED[kind](x))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    method = FullGrad(model)
    assert_complete(method.terms(picture(), 1))
    assert any("isn't piecewise linear" in each for each in method(picture(), 1).remarks)


def test_leaky_relus_and_clips_are_piecewise_linear():
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.LeakyReLU(0.2)(layers.Conv2D(4, 3, bias_initializer="ones")(image))
    x = layers.PReLU(alpha_initializer="ones")(ops.clip(x, -0.3, 0.4))
    x = layers.Conv2D(4, 3, bias_initializer="ones")(ops.maximum(x, ops.flip(x, axis=1)))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    assert_complete(FullGrad(model).terms(picture(), 1))
    assert not FullGrad(model)(picture(), 1).remarks


def test_transformer_is_complete_with_its_class_token_and_positions():
    keras.utils.set_random_seed(11)
    model = models.vit()
    random = np.random.default_rng(0)
    model.set_weights([each + random.normal(size=each.shape) / 10 for each in model.get_weights()])
    assert_complete(FullGrad(model).terms(models.inputs_for(model), 1), 1e-3)


def test_operation_nobody_knows_is_said_to_be_missing():
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(4, 3, bias_initializer="ones")(image)
    x = layers.Lambda(lambda x: ops.cumprod(x, axis=1))(x)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    said = FullGrad(model)(picture(), 1).remarks
    assert any("don't add up to the score: what Cumprod leaves over" in each for each in said)


@pytest.mark.parametrize("both", [True, False])
def test_input_without_a_gradient_is_refused_with_the_reason(both):
    rounded, other = keras.Input((SIZE, SIZE, 2)), keras.Input((SIZE, SIZE, 2))
    pool = layers.GlobalAveragePooling2D()
    x = pool(layers.Lambda(ops.round)(rounded))
    x = x if both else layers.Add()([x, pool(other)])
    model = keras.Model(rounded if both else [rounded, other], layers.Dense(3)(x))
    with pytest.raises(LayerError, match="a rounding"):
        FullGrad(model)(picture() if both else [picture(), picture()], 1)


def test_contrast_of_two_classes_adds_up_to_their_difference():
    model, images = built(steps_of(2)), picture(1)
    terms = FullGrad(model).terms(images, Contrast(2, 0))
    logits = model(images).numpy()
    np.testing.assert_allclose(terms.scores, logits[:, 2] - logits[:, 0], rtol=1e-4)
    assert_complete(terms)


def test_rescaling_inside_the_model_and_before_it_give_the_same_map():
    inner = built(steps_of(4))
    image = keras.Input((SIZE, SIZE, 2))
    outer = keras.Model(image, inner(layers.Rescaling(1 / 50, offset=-1.0)(image)))
    images = picture(6) * 40 + 60
    inside = FullGrad(outer)(images, 1).maps
    before = FullGrad(inner)(images / 50 - 1, 1).maps
    np.testing.assert_allclose(inside, before, atol=1e-4 * before.max())


def test_scaled_logits_leave_the_map_as_it_is():
    model, images = built(steps_of(5)), picture(7)
    before = FullGrad(model)(images, 1).maps
    weights = model.get_weights()
    model.set_weights([*weights[:-2], weights[-2] * 1000, weights[-1] * 1000])
    np.testing.assert_allclose(FullGrad(model)(images, 1).maps, before, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2_1.0_224.keras", "mobilenet_v1_0.75_224.keras"])
def test_terms_add_up_to_the_logit_on_real_networks(shared, name):
    from tfviz import read_rgb

    model = load_model(shared / "models" / name)
    photos = [read_rgb(each) for each in sorted((shared / "photos").iterdir())[:3]]
    terms = FullGrad(model).terms(preprocess(model, photos))
    np.testing.assert_allclose(terms.missing / terms.scores, 0, atol=1e-4)
    assert np.abs(terms.biases).sum() > np.abs(terms.scores).sum()
