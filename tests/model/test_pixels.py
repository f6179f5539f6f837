from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import tfviz
from tfviz.errors import InputError
from tfviz.image import place, to_input
from tfviz.model.card import Card, remember
from tfviz.model.pixels import VALUE_RANGES, PixelPlan, plan_pixels, scale

SIZE = (16, 24)


def model(*before: keras.layers.Layer, shape: tuple = (*SIZE, 3), name: str = "m") -> keras.Model:
    """Layers, then the first with weights."""
    return keras.Sequential([keras.Input(shape), *before, layers.Conv2D(2, 3)], name=name)


def told(plan: PixelPlan) -> tuple[str, str]:
    return plan.value_range, plan.because


def test_each_range_lies_where_its_name_says() -> None:
    ends = np.array([[[[0, 0, 0], [255, 255, 255]]]], np.float32)
    found = {each: scale(ends, each)[0, 0].tolist() for each in ("none", "0-1", "tf")}
    assert found == {
        "none": [[0, 0, 0], [255, 255, 255]],
        "0-1": [[0, 0, 0], [1, 1, 1]],
        "tf": [[-1, -1, -1], [1, 1, 1]],
    }


def test_caffe_turns_rgb_into_bgr_and_takes_the_mean_off() -> None:
    red = np.array([[[[255, 0, 0]]]], np.float32)
    np.testing.assert_allclose(
        scale(red, "caffe")[0, 0, 0], [-103.939, -116.779, 255 - 123.68], atol=1e-4
    )


@pytest.mark.parametrize("value_range", VALUE_RANGES)
def test_a_range_keeps_the_photo_it_was_given(value_range: str, cat: np.ndarray) -> None:
    batch = cat[None].astype(np.float32)
    kept = batch.copy()
    assert scale(batch, value_range).dtype == np.float32
    np.testing.assert_array_equal(batch, kept)


def test_a_rescaling_inside_is_found() -> None:
    plan = plan_pixels(model(layers.Rescaling(1 / 255, name="scale")))
    assert told(plan) == ("none", "'scale' inside the model scales 0 to 255 itself")
    assert not plan.assumed


def test_a_rescaling_behind_augmentation_is_found() -> None:
    before = (layers.RandomFlip(), layers.RandomRotation(0.1), layers.Rescaling(1 / 255, name="s"))
    assert told(plan_pixels(model(*before)))[1].startswith("'s' inside the model")


def test_a_normalization_inside_is_found() -> None:
    plan = plan_pixels(model(layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6], name="n")))
    assert told(plan) == ("none", "'n' inside the model scales 0 to 255 itself")


def test_arithmetic_on_the_input_is_found() -> None:
    image = keras.Input((*SIZE, 3))
    plan = plan_pixels(keras.Model(image, layers.Conv2D(2, 3)(image / 127.5 - 1.0)))
    assert plan.value_range == "none"
    assert "true_divide" in plan.because


def test_a_rescaling_inside_a_nested_model_is_found() -> None:
    front = keras.Sequential(
        [keras.Input((*SIZE, 3)), layers.Rescaling(1 / 255, name="s")], name="front"
    )
    assert told(plan_pixels(model(front)))[1].startswith("'front/s' inside the model")


@pytest.mark.parametrize(
    "layer",
    [layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(3)],
)
def test_a_normalisation_with_weights_is_no_scaling_of_pixels(layer: keras.layers.Layer) -> None:
    assert plan_pixels(model(layer)).assumed


def test_a_rescaling_after_the_first_weights_is_none_of_the_pixels() -> None:
    assert plan_pixels(model(layers.Conv2D(2, 1), layers.Rescaling(0.1))).assumed


@pytest.mark.parametrize(
    ("name", "expected"),
    [("resnet50", "caffe"), ("densenet121", "torch"), ("mobilenetv2_1.00_224", "tf"),
     ("nasnet_mobile", "tf"), ("inception_v3", "tf")],
)  # fmt: skip
def test_an_architecture_inside_another_model_is_known_by_its_name(
    name: str, expected: str
) -> None:
    base = keras.Sequential([keras.Input((*SIZE, 3)), layers.Conv2D(2, 3)], name=name)
    whole = keras.Sequential([keras.Input((*SIZE, 3)), base, layers.Flatten()])
    assert plan_pixels(whole).value_range == expected
    assert "as keras.applications." in plan_pixels(whole).because


@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetV2B0", "ConvNeXtTiny"])
def test_an_architecture_made_without_its_preprocessing_wants_what_that_would_have_made(
    name: str, cat: np.ndarray
) -> None:
    build = getattr(keras.applications, name)
    options = {"weights": None, "include_top": False, "input_shape": (32, 32, 3)}
    whole, bare = build(**options), build(**options, include_preprocessing=False)
    weights = {
        each.path: each.numpy() for each in whole.weights if "normalization/" not in each.path
    }
    assert plan_pixels(whole).value_range == "none"
    bare.set_weights(list(weights.values())[-len(bare.weights) :])
    same = [m(tfviz.preprocess(m, cat), training=False).numpy() for m in (whole, bare)]
    np.testing.assert_allclose(*same, rtol=1e-3, atol=1e-4)


def test_an_input_of_any_size_takes_that_of_the_architecture() -> None:
    base = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3)], name="xception")
    assert plan_pixels(base).size == (299, 299)


def test_where_nothing_tells_0_to_1_is_assumed_and_said() -> None:
    plan = plan_pixels(model())
    assert told(plan) == ("0-1", "assumed: nothing in the model tells its range")
    assert plan.assumed


def test_the_card_counts_more_than_what_stands_inside() -> None:
    made = model(layers.Rescaling(1 / 255))
    remember(made, Card(value_range="tf", resize="crop", source="its card"))
    plan = plan_pixels(made)
    assert (*told(plan), plan.resize) == ("tf", "from its card", "crop")


def test_what_the_user_says_counts_most() -> None:
    made = model()
    remember(made, Card(value_range="tf", resize="crop"))
    plan = plan_pixels(made, value_range="caffe", resize="letterbox")
    assert (*told(plan), plan.resize) == ("caffe", "given", "letterbox")


def test_a_gray_model_gets_luminance(cat: np.ndarray) -> None:
    found = tfviz.preprocess(model(shape=(*SIZE, 1)), cat, value_range="none")
    rgb = to_input(cat, place(cat.shape[:2], SIZE, "stretch"))
    assert found.shape == (1, *SIZE, 1)
    expected = 0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2]
    np.testing.assert_allclose(found[0, ..., 0], expected, atol=1e-3)


def test_a_gray_photo_becomes_the_same_for_all_three_channels() -> None:
    gray = np.full((1, 8, 8, 1), 51, np.uint8)
    assert (tfviz.preprocess(model(), gray) == np.float32(0.2)).all()


def test_a_single_gray_photo_is_one_photo(cat: np.ndarray) -> None:
    single = tfviz.preprocess(model(), cat[..., 0])
    np.testing.assert_array_equal(single, tfviz.preprocess(model(), [cat[..., 0]]))
    np.testing.assert_array_equal(single, tfviz.preprocess(model(), cat[..., :1]))


def test_channels_stand_where_the_model_wants_them(cat: np.ndarray) -> None:
    image = keras.Input((3, *SIZE))
    first = keras.Model(image, layers.Conv2D(2, 3, data_format="channels_first")(image))
    found = tfviz.preprocess(first, cat)
    assert found.shape == (1, 3, *SIZE)
    np.testing.assert_array_equal(np.moveaxis(found, 1, -1), tfviz.preprocess(model(), cat))


@pytest.mark.parametrize("mode", ["stretch", "crop", "letterbox"])
def test_a_photo_is_resized_as_asked(mode: str, cat: np.ndarray) -> None:
    found = tfviz.preprocess(model(), cat, value_range="none", resize=mode)
    np.testing.assert_array_equal(found[0], to_input(cat, place(cat.shape[:2], SIZE, mode)))


def test_photos_of_different_sizes_make_one_batch(cat: np.ndarray) -> None:
    found = tfviz.preprocess(model(), [cat, cat[:100, :90]])
    np.testing.assert_array_equal(found[1:], tfviz.preprocess(model(), cat[:100, :90]))
    np.testing.assert_array_equal(found[:1], tfviz.preprocess(model(), cat))


def test_a_real_photo_reaches_a_real_model_as_its_makers_meant(shared) -> None:
    weights = shared / "models" / "mobilenet_v2_1.0_224.weights.h5"
    keras_model = tfviz.load_model("MobileNetV2", weights=weights)
    photo = tfviz.read_rgb(shared / "photos" / "creative_commons_elephant.jpg")
    probabilities = keras_model(tfviz.preprocess(keras_model, photo)).numpy()[0]
    names = tfviz.card_of(keras_model).class_names
    assert "elephant" in names[probabilities.argmax()]
    assert probabilities.max() > 0.5


def test_floats_are_refused_as_scaled_already() -> None:
    with pytest.raises(InputError) as caught:
        tfviz.preprocess(model(), np.zeros((1, 8, 8, 3)))
    assert str(caught.value) == (
        "images[0] is float64 of shape (8, 8, 3); a photo is uint8 of shape (height, width, 3). "
        "Values that are scaled already go into the model without preprocess."
    )


def test_four_channels_are_refused(cat: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"images\[0\] is uint8 of shape \(300, 451, 4\)"):
        tfviz.preprocess(model(), np.concatenate([cat, cat[..., :1]], axis=-1))


def test_no_photos_are_refused() -> None:
    with pytest.raises(InputError, match="images= is empty"):
        tfviz.preprocess(model(), [])


def test_unknown_words_list_the_known() -> None:
    with pytest.raises(InputError, match="value_range='vgg' is unknown: it is one of none, 0-1"):
        plan_pixels(model(), value_range="vgg")
    with pytest.raises(InputError, match="resize='fit' is unknown: it is one of stretch, crop"):
        plan_pixels(model(), resize="fit")


def test_a_model_of_two_inputs_takes_no_photo_and_lists_them() -> None:
    a, b = keras.Input((8, 8, 3), name="image"), keras.Input((4,), name="table")
    two = keras.Model([a, b], layers.Concatenate()([layers.Flatten()(a), b]), name="two")
    with pytest.raises(InputError, match=r"'two' does not take one photo but 'image' \(None, 8"):
        plan_pixels(two)


def test_a_model_of_five_channels_takes_no_photo() -> None:
    with pytest.raises(InputError, match="takes 5 channels and a photo has 3"):
        plan_pixels(model(shape=(8, 8, 5)))
