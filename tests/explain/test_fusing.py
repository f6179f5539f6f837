"""Several layers joined: sizes, scales, ways of joining, and what the result says."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import GradCAM, GradCAMPlusPlus, InputError, LayerCAM, LayerError, MethodError, RefineCAM
from tfviz.explain.compiled import traces_of
from tfviz.explain.fusing import fuse, resized


@pytest.fixture(scope="module")
def model():
    """Three sizes: 24, 12 and 6."""
    keras.utils.set_random_seed(3)
    image = keras.Input((24, 24, 3))
    x = image
    for i, filters in enumerate((6, 8, 10)):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"a{i}")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"b{i}")(x)
        x = layers.MaxPooling2D(name=f"pool{i}")(x) if i < 2 else x
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(0).normal(size=(3, 24, 24, 3)).astype("float32")


def scaled(maps):
    peak = maps.max(axis=(1, 2), keepdims=True)
    return np.where(peak > 0, maps / np.where(peak > 0, peak, 1), 0)


def test_resized_of_a_line_is_the_line_between_the_outermost_centres():
    line = np.arange(4, dtype="float32")[None] * 10  # centres at 1/8, 3/8, 5/8, 7/8
    found = resized(line, (8,))[0]
    np.testing.assert_allclose(found, [0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30])
    square = np.random.default_rng(0).normal(size=(2, 5, 7)).astype("float32")
    import tensorflow as tf

    expected = tf.image.resize(square[..., None], (11, 13))[..., 0]
    np.testing.assert_allclose(resized(square, (11, 13)), expected, atol=1e-5)


@pytest.mark.parametrize("how", ["mean", "max", "product"])
def test_joined_map_is_that_of_each_layer_by_its_maximum(model, inputs, how):
    found = GradCAM(model, "b1+b2", fuse=how)(inputs, 1)
    alone = [GradCAM(model, name)(inputs, 1).maps for name in ("b1", "b2")]
    fine, coarse = scaled(alone[0]), resized(scaled(alone[1]).astype("float32"), (12, 12))
    expected = {
        "mean": (fine + coarse) / 2,
        "max": np.maximum(fine, coarse),
        "product": fine * coarse,
    }[how]
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-6)


def test_signed_maps_keep_their_sign(model, inputs):
    found = [GradCAM(model, ["b1", "b2"], relu=False)(inputs, unit).maps for unit in range(5)]
    assert np.min(found) < -0.1
    assert np.max(found) > 0.1
    one, two = np.array([[-4.0, 2.0]]), np.array([[1.0, -0.5]])
    np.testing.assert_array_equal(fuse([one, two], "mean"), [[0.0, 0.0]])
    np.testing.assert_array_equal(fuse([one, two], "max"), [[-1.0, 0.5]])
    np.testing.assert_array_equal(fuse([one, two], "product"), [[-1.0, -0.25]])
    np.testing.assert_array_equal(fuse([-np.ones((1, 2)), -np.ones((1, 2))], "product"), [[-1, -1]])


def test_blank_map_stays_blank_and_does_not_blow_up():
    blank, other = np.zeros((1, 2, 2), "float32"), np.ones((1, 4, 4), "float32")
    np.testing.assert_array_equal(fuse([blank, other], "mean"), np.full((1, 4, 4), 0.5))
    assert not fuse([blank, other], "product").any()


def test_result_knows_each_layer_and_runs_the_model_once(model, inputs):
    before = traces_of(model)
    found = LayerCAM(model, [model.get_layer("a0"), "auto", "b1"])(inputs)
    assert traces_of(model) == before + 1
    assert found.layer.path == "a0+b2+b1"
    assert [part.layer.path for part in found.parts] == ["a0", "b2", "b1"]
    assert [part.maps.shape[1:] for part in found.parts] == [(24, 24), (6, 6), (12, 12)]
    assert found.parts[0].layer.reason == "named by you"
    assert "before 'global_average_pooling2d" in found.parts[1].layer.reason
    assert found.maps.shape == (3, 24, 24)
    for part, alone in zip(found.parts, ("a0", "b2", "b1"), strict=True):
        expected = LayerCAM(model, alone)(inputs).maps
        np.testing.assert_allclose(part.maps, expected, rtol=1e-4, atol=1e-7)
    said = found.to_dict()
    assert [each["layer"] for each in said["parts"]] == ["a0", "b2", "b1"]
    assert "the max of the maps of 3 layers" in said["remarks"][-1]


def test_layers_are_joined_as_in_the_methods_paper_unless_told_otherwise(model, inputs):
    """Layer-CAM's takes the maximum; most papers know one layer alone, where it is the mean."""
    paper, mean = LayerCAM(model, "b1+b2"), LayerCAM(model, "b1+b2", fuse="mean")
    fine, coarse = (
        resized(scaled(p.maps).astype("float32"), (12, 12)) for p in paper(inputs).parts
    )
    np.testing.assert_allclose(paper(inputs).maps, np.maximum(fine, coarse), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(mean(inputs).maps, (fine + coarse) / 2, rtol=1e-4, atol=1e-6)
    assert GradCAM(model, "b1+b2").fuse == "mean"


def test_layers_of_a_siamese_model_are_joined_call_by_call():
    siamese = models.siamese()
    found = GradCAM(siamese, "base/conv1+base/relu2", relu=False)(models.inputs_for(siamese), 1)
    assert [each.maps.shape for each in found.calls] == [(3, 12, 12)] * 2
    assert not np.allclose(found.calls[0].maps, found.calls[1].maps)
    for call in (0, 1):
        parts = [
            GradCAM(siamese, name, relu=False)(models.inputs_for(siamese), 1).calls[call].maps
            for name in ("base/conv1", "base/relu2")
        ]
        expected = fuse(parts, "mean")
        np.testing.assert_allclose(found.calls[call].maps, expected, rtol=1e-4, atol=1e-6)


def test_tokens_are_folded_before_they_are_joined():
    vit = models.vit()
    found = LayerCAM(vit, "before0+before1")(models.inputs_for(vit))
    assert found.maps.shape == (3, 6, 6)
    found = LayerCAM(vit, "patches+before1")(models.inputs_for(vit))
    assert found.maps.shape == (3, 6, 6)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("b1+b1", "'b1' is joined with itself"),
        (["auto", None], "'auto' is joined with itself"),
        ("b1+nonsense", "no layer 'nonsense'"),
        ([], "empty list"),
    ],
)
def test_layers_that_can_not_be_joined_are_refused(model, layer, said):
    with pytest.raises(LayerError, match=said):
        GradCAM(model, layer)


def test_chosen_layer_named_once_more_is_refused(model, inputs):
    with pytest.raises(LayerError, match="'b2' is joined with itself"):
        GradCAM(model, "b2+auto")(inputs)


def test_unknown_way_of_joining_offers_the_nearest(model):
    with pytest.raises(InputError, match=r"fuse='prduct' is none of .*'product'"):
        GradCAM(model, fuse="prduct")


def test_refinecam_is_the_product_of_gradcampp_at_the_last_layer_of_each_size(model, inputs):
    found = RefineCAM(model)(inputs, 1)
    assert [part.layer.path for part in found.parts] == ["b0", "b1", "b2"]
    assert {part.layer.reason for part in found.parts} == {"the last layer of its size"}
    expected = 1.0
    for name in ("b0", "b1", "b2"):
        maps = GradCAMPlusPlus(model, name)(inputs, 1).maps
        expected = expected * resized(scaled(maps).astype("float32"), (24, 24))
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-6)
    joined = GradCAMPlusPlus(model, "b0+b1+b2", fuse="product")(inputs, 1)
    np.testing.assert_allclose(found.maps, joined.maps, rtol=1e-5)


def test_refinecam_of_one_layer_says_what_to_take_instead(model, inputs):
    with pytest.raises(MethodError, match=r"layers of several sizes, and one layer is given.*cam"):
        RefineCAM(model, "b2")(inputs)


def test_refinecam_of_a_model_of_one_size_asks_for_layers():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="only")(image)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(LayerError, match=r"all maps of model .* have one size"):
        RefineCAM(model)(np.ones((1, 8, 8, 3)))
