"""Several inputs: each map lies on its own, in memory, in pictures and in files."""

from __future__ import annotations

import json

import cv2
import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import GradCAM, InputError

LEFT, RIGHT = 30, 200


@pytest.fixture(scope="module")
def siamese():
    keras.utils.set_random_seed(11)
    return models.siamese()


@pytest.fixture(scope="module")
def pair(siamese):
    return models.inputs_for(siamese, count=2)


def photos(value, count=2):
    """Plain pictures whose grey tells them apart, of different sizes."""
    return [np.full((40 + 4 * i, 50, 3), value, np.uint8) for i in range(count)]


def grey_of(pictures):
    """The darkest corner of an overlay is next to the photo under it."""
    return [float(np.median(each)) for each in pictures]


@pytest.mark.parametrize(
    "images",
    [
        lambda: [photos(LEFT), photos(RIGHT)],
        lambda: {"a": photos(LEFT), "b": photos(RIGHT)},
        lambda: {0: photos(LEFT), 1: photos(RIGHT)},
        lambda: (np.stack(photos(LEFT, 1) * 2), np.stack(photos(RIGHT, 1) * 2)),
    ],
)
def test_photos_of_each_input_go_with_its_map(siamese, pair, images):
    found = GradCAM(siamese, relu=False)(pair, images=images())
    assert [call.input_name for call in found.calls] == ["a", "b"]
    for call, value in zip(found.calls, (LEFT, RIGHT), strict=True):
        assert all((each == value).all() for each in call.images)
        assert len(call.overlay(alpha=0)) == 2
        assert all((each == value).all() for each in call.overlay(alpha=0.0))


def test_photos_of_one_input_only(siamese, pair):
    first, second = GradCAM(siamese)(pair, images=[None, photos(RIGHT)]).calls
    assert first.images is None
    assert (second.images[0] == RIGHT).all()
    first, second = GradCAM(siamese)(pair, images={"b": photos(RIGHT)}).calls
    assert first.images is None
    assert (second.images[0] == RIGHT).all()
    with pytest.raises(InputError, match="pass images="):
        first.overlay()


def test_photos_may_come_when_it_is_drawn(siamese, pair):
    found = GradCAM(siamese)(pair)
    both = {"a": photos(LEFT), "b": photos(RIGHT)}
    for call, value in zip(found.calls, (LEFT, RIGHT), strict=True):
        assert (call.overlay(both, alpha=0.0)[0] == value).all()
        assert (call.overlay(photos(7), alpha=0.0)[0] == 7).all()


def test_all_maps_are_saved_under_the_name_of_their_input(siamese, pair, tmp_path):
    found = GradCAM(siamese, relu=False)(pair, images=[photos(LEFT), photos(RIGHT)])
    written = found.save(tmp_path, names=["x", "y"], alpha=0.0)
    assert [each.name for each in written] == [
        "x.a.map.npy", "y.a.map.npy", "x.a.overlay.png", "y.a.overlay.png",
        "x.b.map.npy", "y.b.map.npy", "x.b.overlay.png", "y.b.overlay.png",
        "explanation.json",
    ]  # fmt: skip
    for call, name, value in zip(found.calls, "ab", (LEFT, RIGHT), strict=True):
        np.testing.assert_array_equal(np.load(tmp_path / f"y.{name}.map.npy"), call.maps[1])
        assert (cv2.imread(str(tmp_path / f"y.{name}.overlay.png")) == value).all()
    facts = json.loads((tmp_path / "explanation.json").read_text(encoding="utf-8"))
    assert [call["input_name"] for call in facts["calls"]] == ["a", "b"]
    assert facts["calls"][1]["inputs"][0]["map_range"] == [
        float(found.calls[1].maps[0].min()),
        float(found.calls[1].maps[0].max()),
    ]


def test_one_call_is_saved_as_ever(siamese, pair, tmp_path):
    second = GradCAM(siamese)(pair).calls[1]
    written = second.save(tmp_path, photos(RIGHT), names=["x", "y"])
    assert [each.name for each in written][:2] == ["x.map.npy", "y.map.npy"]
    assert "calls" not in json.loads((tmp_path / "explanation.json").read_text(encoding="utf-8"))


def test_plot_has_a_picture_of_each_map_of_each_input(siamese, pair):
    found = GradCAM(siamese)(pair, images=[photos(LEFT), photos(RIGHT)])
    texts = [text.get_text() for text in found.plot().findobj(lambda a: hasattr(a, "get_text"))]
    assert sum(text.startswith("a:") for text in texts) == 2
    assert sum(text.startswith("b:") for text in texts) == 2


def two_pictures():
    """A big picture that is only pooled, and a small one that is convolved."""
    big = keras.Input((20, 20, 3), name="big")
    small = keras.Input((12, 12, 3), name="small")
    seen = layers.Conv2D(4, 3, activation="relu", name="look")(small)
    both = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(big), layers.GlobalAveragePooling2D()(seen)]
    )
    return keras.Model([big, small], layers.Dense(3)(both))


def test_layer_that_looks_at_the_second_input_is_drawn_on_it():
    model = two_pictures()
    inputs = models.inputs_for(model, count=2)
    found = GradCAM(model)(inputs, images={"big": photos(LEFT), "small": photos(RIGHT)})
    assert found.layer.path == "look"
    assert (found.input_name, found.input_shape) == ("small", (12, 12, 3))
    assert (found.overlay(alpha=0.0)[0] == RIGHT).all()
    # Photos of one input are those of the one that is looked at.
    alone = GradCAM(model)(inputs, images=photos(RIGHT))
    assert (alone.overlay(alpha=0.0)[0] == RIGHT).all()


def test_inputs_by_name_in_another_order_keep_their_photos():
    model = two_pictures()
    big, small = models.inputs_for(model, count=2)
    found = GradCAM(model)(
        {"small": small, "big": big}, images={"small": photos(RIGHT), "big": photos(LEFT)}
    )
    assert found.input_name == "small"
    assert (found.images[0] == RIGHT).all()


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (lambda: {"c": photos(1)}, r"input 'c', which the model does not have \(0: 'a', 1: 'b'\)"),
        (lambda: {"b": photos(1, 3)}, "3 images were given for 2 inputs 'b'"),
        (lambda: [photos(1), photos(1, 1)], "1 images were given for 2 inputs 'b'"),
        (lambda: photos(1, 3), "3 images were given for 2 inputs"),
    ],
)
def test_photos_that_do_not_fit_are_refused_before_anything_runs(siamese, pair, images, says):
    with pytest.raises(InputError, match=says):
        GradCAM(siamese)(pair, images=images())
    with pytest.raises(InputError, match=says):
        GradCAM(siamese)(pair).overlay(images())
