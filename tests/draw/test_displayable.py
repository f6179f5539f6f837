from __future__ import annotations

import copy
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from matplotlib.figure import Figure
from picture_of import PHOTO, refused, same
from PIL import Image

from tfviz.draw.displayable import Displayable, displayable
from tfviz.draw.layout import find_layout
from tfviz.draw.values import CAFFE_MEAN, MARK, TORCH_MEAN, TORCH_STD
from tfviz.errors import InputError

MAPS = np.random.default_rng(1).normal(size=(7, 9, 12)).astype(np.float32)


# --- ranges


@pytest.mark.parametrize(
    ("x", "name"),
    [
        (PHOTO, "0-255"),
        (PHOTO.astype(np.int64), "0-255"),
        (PHOTO.astype(np.int32).astype(">i4"), "0-255"),
        (PHOTO.astype(np.uint16) * 257, "0-65535"),
        (PHOTO.astype(np.float32), "0-255"),
        (PHOTO.astype(np.float16), "0-255"),
        (PHOTO / 255, "0-1"),
        (PHOTO / 127.5 - 1, "-1-1"),
        ((PHOTO / 255).astype(np.longdouble), "0-1"),
    ],
)
def test_the_range_is_recognised_and_the_photo_comes_back(x: np.ndarray, name: str) -> None:
    assert same(x)
    assert displayable(x).assumed.values == name  # type: ignore[union-attr]


def test_float16_of_0_to_1_is_right_to_one_level() -> None:
    assert same((PHOTO / 255).astype(np.float16))


def test_int8_is_stretched_from_its_lowest_to_its_highest() -> None:
    x = np.array([[[-100, 0, 100]]], np.int8)
    assert displayable(x).tolist() == [[[0, 128, 255]]]


def test_true_is_white_and_false_is_black() -> None:
    assert displayable(np.array([[True, False]]))[..., 0].tolist() == [[255, 0]]


def test_a_mask_of_0_and_1_is_black_and_white() -> None:
    assert displayable(np.array([[0, 1]], np.uint8))[..., 0].tolist() == [[0, 255]]


def test_class_indices_are_coloured() -> None:
    shown = displayable(np.arange(20).reshape(4, 5))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 20


def test_gray_photos_stay_gray() -> None:
    assert same(PHOTO[..., 0], np.repeat(PHOTO[..., :1], 3, -1))


def test_a_faint_heatmap_is_coloured_and_not_black() -> None:
    shown = displayable(np.linspace(0, 0.02, 64).reshape(8, 8))
    assert shown.assumed is not None
    assert shown.assumed.values == "map"
    assert shown.max() > 200


def test_a_brightened_photo_of_0_to_1_is_cut_off_and_said_to_be() -> None:
    x = np.full((4, 4, 3), 0.5, np.float32)
    x[0, 0] = 1.4
    shown = displayable(x)
    assert shown[1, 1].tolist() == [128, 128, 128]
    assert "cut off: 3 numbers outside of 0 to 1" in str(shown.assumed)


def test_what_bicubic_resizing_overshoots_changes_no_range() -> None:
    x = PHOTO.astype(np.float32)
    x[3, 3] = [-9, 263, 5]
    assert displayable(x).assumed.values == "0-255"  # type: ignore[union-attr]


def test_normalised_pictures_are_stretched_and_the_name_to_ask_for_is_noted() -> None:
    x = (PHOTO / 255 - TORCH_MEAN) / TORCH_STD
    shown = displayable(x)
    assert shown.assumed is not None
    assert shown.assumed.values == "range"
    assert "values='imagenet-torch'" in str(shown.assumed)


def test_imagenet_torch_comes_back_when_asked_for() -> None:
    assert same((PHOTO / 255 - TORCH_MEAN) / TORCH_STD, values="imagenet-torch")


def test_imagenet_caffe_comes_back_as_rgb_when_asked_for() -> None:
    assert same(PHOTO[..., ::-1].astype(np.float32) - CAFFE_MEAN, values="imagenet-caffe")


def test_imagenet_tf_comes_back_when_asked_for() -> None:
    assert same(PHOTO / 127.5 - 1, values="imagenet-tf")


def test_two_numbers_are_a_range() -> None:
    assert displayable(np.array([[10.0, 15, 20]]), values=(10, 20))[0, :, 0].tolist() == [
        0,
        128,
        255,
    ]


def test_an_unknown_range_gets_the_nearest_name() -> None:
    assert "Did you mean 'imagenet-torch'" in refused(PHOTO, values="imagenet_torch")


def test_a_range_that_is_none_is_refused() -> None:
    assert "no range" in refused(PHOTO, values=(1, 1))


def test_imagenet_for_one_channel_is_refused() -> None:
    assert "3 channels" in refused(PHOTO[..., 0], values="imagenet-caffe")


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_picture_keeps_its_brightness(value: float) -> None:
    shown = displayable(np.full((4, 5, 3), value))
    assert np.unique(shown).tolist() == [int(value * 255 + 0.5)]
    assert f"constant: every number is {value:g}" in str(shown.assumed)


def test_the_widest_and_the_narrowest_floats_are_told_apart() -> None:
    wide, narrow = np.finfo(np.float64).max, 5e-324
    for top in (wide, narrow):
        x = np.array([[[-top, 0, top]]])
        assert displayable(x, values="range").ravel().tolist() == [0, 128, 255]


# --- NaN and Inf


def test_a_pixel_with_nan_or_inf_is_magenta_and_counted() -> None:
    x = PHOTO / 255
    x[1, 1, 0], x[2, 2], x[3, 3, 1] = np.nan, np.inf, -np.inf
    shown = displayable(x)
    assert [tuple(shown[i, i]) for i in (1, 2, 3)] == [MARK] * 3
    assert shown.assumed is not None
    assert (shown.assumed.nan, shown.assumed.inf) == (1, 4)
    assert "1 NaN, 4 Inf, in magenta" in str(shown.assumed)


def test_nan_changes_no_other_pixel() -> None:
    x = PHOTO / 255
    x[1, 1] = np.nan
    expected = PHOTO.copy()
    expected[1, 1] = MARK
    assert same(x, expected)


def test_nothing_but_nan_is_all_magenta() -> None:
    shown = displayable(np.full((2, 3), np.nan))
    assert (shown == MARK).all()
    assert "no number is finite" in str(shown.assumed)


def test_masked_values_are_marked() -> None:
    x = np.ma.masked_equal(np.array([[0, 200, 255]], np.uint8), 200)
    assert tuple(displayable(x)[0, 1]) == MARK


# --- layouts


@pytest.mark.parametrize(
    ("shape", "first", "letters"),
    [
        ((3, 4, 3), False, "HWC"),
        ((3, 4, 3), True, "CHW"),
        ((3, 224, 224), False, "CHW"),
        ((224, 224, 3), True, "HWC"),
        ((1, 28, 28), False, "CHW"),
        ((28, 28, 1), False, "HWC"),
        ((2, 28, 28), False, "NHW"),
        ((28, 28, 2), False, "HWC"),
        ((28, 28, 16), True, "HWC"),
        ((16, 28, 28), False, "NHW"),
        ((16, 28, 28), True, "CHW"),
        ((7, 9, 512), False, "HWC"),
        ((100, 480, 640), False, "NHW"),
        ((64, 64, 64), False, "HWC"),
        ((1, 64, 64, 3), False, "NHWC"),
        ((8, 3, 32, 32), False, "NCHW"),
        ((2, 7, 7, 512), False, "NHWC"),
        ((2, 512, 7, 7), False, "NCHW"),
        ((1, 1, 8, 3, 32, 32), False, "NCHW"),
    ],
)
def test_the_axes_are_told_apart(shape: tuple[int, ...], first: bool, letters: str) -> None:
    assert find_layout(shape, first=first).letters == letters


@pytest.mark.parametrize("shape", [(1, 40, 60, 3), (1, 1, 40, 60, 3)])
def test_a_batch_of_one_is_one_picture(shape: tuple[int, ...]) -> None:
    assert same(PHOTO.reshape(shape))


@pytest.mark.parametrize("layout", ["CHW", "WHC", "CWH", "HCW"])
def test_the_layout_asked_for_is_obeyed(layout: str) -> None:
    x = PHOTO.transpose(["HWC".index(each) for each in layout])
    assert same(x, layout=layout)
    assert same(x[np.newaxis], layout=layout)
    assert same(x[np.newaxis], layout=f"N{layout}")


def test_keras_words_for_the_layout_are_understood() -> None:
    assert same(PHOTO.transpose(2, 0, 1), layout="channels_first")


def test_an_ambiguous_shape_can_be_overruled() -> None:
    x = np.arange(36).reshape(3, 4, 3)
    assert displayable(x).shape == (3, 4, 3)
    assert displayable(x, layout="CHW").shape == (4, 3, 3)


def test_a_layout_that_is_none_is_refused() -> None:
    assert "layout='HWX' is none" in refused(PHOTO, layout="HWX")


def test_a_layout_that_does_not_fit_is_refused_with_the_shape() -> None:
    assert "(40, 60, 3)" in refused(PHOTO, layout="NCHW")


def test_a_batch_lies_side_by_side() -> None:
    batch = np.stack([PHOTO, 255 - PHOTO])
    shown = displayable(batch)
    assert shown.shape == (40, 60 + 3 + 60, 3)
    assert (shown[:, :60] == PHOTO).all()
    assert (shown[:, 63:] == 255 - PHOTO).all()


def test_the_maps_of_a_layer_are_each_scaled_on_their_own() -> None:
    x = np.zeros((1, 8, 8, 5), np.float32)
    x[0, 0, 0] = [1, 10, 100, 1000, 0.1]
    shown = displayable(x, columns=5)
    corners = {tuple(shown[0, 9 * k]) for k in range(5)}
    assert len(corners) == 1


def test_zero_has_one_colour_in_all_maps_where_some_are_negative() -> None:
    x = np.zeros((8, 8, 5), np.float32)
    x[0, 0], x[1, 1, 0] = 1, -1
    shown = displayable(x, columns=5)
    assert len({tuple(shown[3, 9 * k + 3]) for k in range(5)}) == 1


def test_of_many_the_first_are_shown_and_it_is_said() -> None:
    shown = displayable(np.zeros((7, 7, 512), np.float32), most=10)
    assert "the first 10 of 512 channels" in str(shown.assumed)


def test_a_batch_of_maps_shows_those_of_its_first_picture_and_says_so() -> None:
    x = np.stack([MAPS, -MAPS])
    assert (displayable(x) == displayable(MAPS)).all()
    assert "picture 0 of 2" in str(displayable(x).assumed)


def test_four_channels_are_rgba_in_the_range_of_a_picture() -> None:
    x = np.dstack([PHOTO, np.full((40, 60), 7, np.uint8)])
    assert (displayable(x) == x).all()


def test_four_channels_of_other_numbers_are_four_maps() -> None:
    assert displayable(MAPS[..., :4] * 5).assumed.shown == "the 4 channels"  # type: ignore[union-attr]


# --- what is refused


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (None, r"None.*cv2\.imread.*viz\.imshow_dtype_object"),
        (np.array(None), r"object array \(\).*None.*imread"),
        (np.array([PHOTO, None], dtype=object), r"element 1 of 2 is None"),
        (np.array([[1, 2.5]], dtype=object), r'astype\("float32"\)'),
        ([PHOTO, None], r"x\[1\] is None"),
        (3.5, r"single number, shape \(\).*viz\.imshow_shape\.scalar"),
        (np.zeros(784), r"\(784,\).*x\.reshape\(28, 28\).*viz\.imshow_shape\.flat"),
        (np.zeros(3072), r"x\.reshape\(32, 32, 3\)"),
        (np.zeros(10), r"plt\.bar"),
        (np.zeros((0, 28, 28)), r"\(0, 28, 28\): axis 0.*viz\.imshow_shape\.empty"),
        ([], r"empty, shape \(0,\)"),
        (np.zeros((2, 3, 4, 5, 6)), r"5 axes \(2, 3, 4, 5, 6\).*x\[0\]"),
        (np.zeros((4, 4), complex), r"complex.*np\.abs"),
        (np.array([["a", "b"]]), r"text.*viz\.imshow_path"),
        (np.zeros((2, 2), "M8[s]"), r"datetime64\[s\], which is no number"),
        ([[1, 2], [3]], r"list whose 2 elements.*lengths 2, 1"),
        ({"image": PHOTO}, r"dict with the keys 'image'"),
        (b"\x89PNG", r"4 encoded bytes"),
        (iter([PHOTO]), r"yields pictures.*next\(iter\(x\)\)"),
        ((PHOTO[np.newaxis], np.zeros(1)), r"\(images, labels\)"),
        ([PHOTO, np.zeros((5, 4, 4, 3))], r"x\[1\] has the shape \(5, 4, 4, 3\)"),
        ("no/such.png", r"no such file"),
        (object(), r"no number|object"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_cause_and_the_remedy(x: Any, words: str) -> None:
    assert re.search(words, refused(x))


def test_every_diagnosis_named_in_an_error_exists() -> None:
    folder = Path(sys.modules["tfviz"].__file__ or "").parent
    known = {each.stem for each in (folder / "catalogue" / "data" / "viz").glob("*.toml")}
    text = "".join(each.read_text(encoding="utf-8") for each in (folder / "draw").glob("*.py"))
    named = set(re.findall(r"tfviz doctor show viz\.([\w.]*\w)", text))
    assert len(named) > 5
    assert named <= known


# --- what comes back


def test_the_picture_is_new_and_writable() -> None:
    x = PHOTO.copy()
    displayable(x)[:] = 0
    assert (x == PHOTO).all()


def test_views_know_what_was_assumed_and_results_are_plain() -> None:
    shown = displayable(PHOTO)
    assert shown[:5].assumed is shown.assumed
    assert copy.copy(shown).assumed is shown.assumed
    assert type(shown / 2) is np.ndarray
    assert isinstance(shown, Displayable)


def test_a_displayable_is_a_picture_of_itself() -> None:
    shown = displayable(MAPS)
    assert (displayable(shown) == shown).all()


def test_a_colour_map_replaces_gray() -> None:
    x = np.array([[0, 255]], np.uint8)
    assert displayable(x, cmap="viridis")[0].tolist() == [[68, 1, 84], [253, 231, 37]]


def test_pillow_writes_it_as_it_is() -> None:
    assert (np.asarray(Image.fromarray(displayable(PHOTO / 255))) == PHOTO).all()


DTYPES = [bool, *"bBhHiIlLqQ", np.float16, np.float32, np.float64, ">f4", ">i2"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6))
    )
)
def test_plt_imshow_draws_whatever_is_not_refused(x: np.ndarray) -> None:
    try:
        shown = displayable(x)
    except InputError:
        assert x.ndim < 2 or x.size == 0 or x.ndim > 4
        return
    image = Figure().add_subplot().imshow(shown)
    drawn = np.asarray(image.get_array())
    assert drawn.dtype == np.uint8
    assert (drawn == np.asarray(shown)).all()
    assert shown.assumed is not None
    assert shown.assumed.nan + shown.assumed.inf == np.count_nonzero(~np.isfinite(x))


def test_imsave_takes_it(tmp_path: Path) -> None:
    matplotlib.image.imsave(tmp_path / "a.png", displayable(PHOTO / 255))
    assert (np.asarray(Image.open(tmp_path / "a.png"))[..., :3] == PHOTO).all()
