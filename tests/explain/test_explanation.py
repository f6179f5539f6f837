"""The result: what it says, draws and writes."""

from __future__ import annotations

import dataclasses
import json

import keras
import models
import numpy as np
import pytest

from tfviz import Class, Contrast, GradCAM, InputError, TargetError
from tfviz.explain.tokens import Grid, fold
from tfviz.model.card import Card, remember


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(4)
    made = models.functional()
    remember(made, Card(class_names=("ant", "bee", "cat", "dog", "eel")))
    return made


@pytest.fixture(scope="module")
def photos():
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (h, w, 3), dtype=np.uint8) for h, w in ((30, 40), (50, 20))]


@pytest.fixture(scope="module")
def found(model, photos):
    inputs = np.random.default_rng(1).normal(size=(2, 24, 24, 3)).astype("float32")
    return GradCAM(model)(inputs, "cat", images=photos)


def test_targets_are_named(found):
    assert found.targets == ("cat", "cat")
    np.testing.assert_array_equal(found.units, [2, 2])


@pytest.mark.parametrize(
    "contrast", [Contrast(Class(2), Class(3)), Contrast(2, 3), Contrast("cat", "dog")]
)
def test_contrast_is_put_in_words_however_it_was_given(model, contrast):
    found = GradCAM(model)(np.ones((1, 24, 24, 3), "float32"), contrast)
    assert found.targets == ("cat rather than dog",)
    expected = GradCAM(model)(np.ones((1, 24, 24, 3), "float32"), "cat").scores
    expected = expected - GradCAM(model)(np.ones((1, 24, 24, 3), "float32"), "dog").scores
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)


def test_class_takes_no_name():
    with pytest.raises(TargetError, match=r"pass the name itself as target='cat'"):
        Class("cat")


def test_photos_of_a_siamese_model_belong_to_its_first_input(photos):
    siamese = models.siamese()
    left, right = models.inputs_for(siamese, count=2)
    first, second = GradCAM(siamese, relu=False)([left, right], images=photos).calls
    assert len(first.overlay()) == 2
    with pytest.raises(InputError, match="pass images="):
        second.overlay()
    assert second.overlay(photos)[0].shape == photos[0].shape


def test_it_says_how_the_score_was_obtained(found):
    assert found.score_from == "the logit: the input of the final softmax"
    assert found.layer.path == "conv2"
    assert found.layer.reason == (
        "the last operation that still has places in it, before 'pool' (GlobalAveragePooling2D)"
    )


def test_score_is_the_logit_and_outputs_are_probabilities(model, found):
    inputs = np.random.default_rng(1).normal(size=(2, 24, 24, 3)).astype("float32")
    np.testing.assert_allclose(found.outputs, model(inputs).numpy(), rtol=1e-5)
    logits = np.log(found.outputs)
    # The softmax leaves the differences of logits as they are.
    for i, pair in enumerate(found.probabilities(0)[:2]):
        assert pair[1] == pytest.approx(np.sort(found.outputs[0])[::-1][i])
    other = GradCAM(model)(inputs, "dog").scores
    np.testing.assert_allclose(found.scores - other, logits[:, 2] - logits[:, 3], atol=1e-4)


def test_overlay_has_each_photos_own_size_and_marks_where_the_map_is(found, photos):
    pictures = found.overlay()
    assert [each.shape for each in pictures] == [each.shape for each in photos]
    for i, (picture, photo) in enumerate(zip(pictures, photos, strict=True)):
        heat = found.on_photo(i, photo.shape[:2])
        changed = np.abs(picture.astype(int) - photo).sum(axis=-1)
        assert changed[heat == 0].sum() == 0
        assert changed[heat > 0.5 * heat.max()].mean() > 50


def test_map_on_a_photo_keeps_its_corners_and_its_maximum(found):
    # Nine by nine places on 81 pixels: every ninth pixel from the fifth is the middle of a place.
    heat = found.on_photo(0, (81, 81))
    assert heat[0, 0] == pytest.approx(found.maps[0][0, 0], rel=1e-5)
    np.testing.assert_allclose(heat[4::9, 4::9], found.maps[0], rtol=1e-5, atol=1e-9)
    assert heat.max() == pytest.approx(found.maps[0].max(), rel=1e-5)


def test_saved_files_hold_the_raw_map_and_the_facts(found, tmp_path):
    written = found.save(tmp_path / "why", names=["first", "second"])
    assert [each.name for each in written] == [
        "first.map.npy",
        "second.map.npy",
        "first.overlay.png",
        "second.overlay.png",
        "explanation.json",
    ]
    np.testing.assert_array_equal(np.load(written[0]), found.maps[0])
    facts = json.loads(written[-1].read_text(encoding="utf-8"))
    assert facts["layer"] == "conv2"
    assert facts["inputs"][1]["score"] == pytest.approx(float(found.scores[1]))
    assert facts["inputs"][1]["map_range"][1] == pytest.approx(float(found.maps[1].max()))


def test_repr_is_short_and_says_the_layer(found):
    assert len(repr(found)) < 400
    assert "conv2" in repr(found)
    assert "cat: score" in repr(found)


def test_notebook_shows_a_picture(found):
    assert found._repr_html_().startswith('<img alt="gradcam at conv2" src="data:image/png;base64,')


@pytest.mark.parametrize("kind", ["conv1d", "conv3d", "unet"])
def test_other_shapes_of_map_are_drawn(kind):
    model = models.KINDS[kind][0]()
    figure = GradCAM(model, relu=False)(models.inputs_for(model)).plot()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ([np.zeros((4, 4, 3), np.uint8)], "1 images were given for 2 inputs"),
        ([np.zeros((4, 4, 3))] * 2, r"images\[0\] is float64"),
        ([np.zeros((4, 4), np.uint8)] * 2, r"uint8 of shape \(4, 4\)"),
    ],
)
def test_photos_that_do_not_fit_are_refused(found, images, says):
    with pytest.raises(InputError, match=says):
        found.overlay(images)


def test_overlay_without_photos_says_how_to_give_them(model):
    bare = GradCAM(model)(np.ones((1, 24, 24, 3), "float32"))
    with pytest.raises(InputError, match="pass images="):
        bare.overlay()


def test_tokens_fold_row_by_row():
    maps = np.arange(1 + 6, dtype="float32")[None]
    folded, note = fold(maps, Grid(1, 2, 3))
    np.testing.assert_array_equal(folded[0], [[1, 2, 3], [4, 5, 6]])
    assert note == "7 tokens folded to 2x3 without the first 1"


def test_maps_without_a_grid_are_not_folded():
    maps = np.ones((1, 16), "float32")
    assert fold(maps, None) == (maps, "")


def test_a_single_sigmoid_has_a_second_side_by_rank_and_by_name():
    model = models.siamese()
    inputs = models.inputs_for(model)
    first, second = GradCAM(model, relu=False)(inputs), GradCAM(model, relu=False)(inputs, "top2")
    np.testing.assert_array_equal(first.maps, -second.maps)
    assert GradCAM(model)(inputs, "negative").targets == ("negative",) * 3
    with pytest.raises(TargetError, match="asks for more classes than the model's 2"):
        GradCAM(model)(inputs, "top3")


def test_of_classes_that_are_tied_the_explained_one_is_said_to_be_seen(found):
    classes = found.outputs.shape[-1]
    tied = dataclasses.replace(
        found,
        outputs=np.full((len(found), classes), 1 / classes, np.float32),
        units=np.full(len(found), classes - 1),
    )
    names = [name for name, _ in tied.probabilities(0)]
    assert names[0] == tied.card.name_of(classes - 1, classes)
    assert names[1:] == [tied.card.name_of(i, classes) for i in range(classes - 1)]
