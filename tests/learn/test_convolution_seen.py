"""A convolution shown tap by tap, held against loops; and where a deformable one looks."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import tfviz
from tfviz.errors import InputError
from tfviz.learn.convolutions.deformable import deformable
from tfviz.learn.convolutions.deformable_training import crops, train
from tfviz.learn.convolutions.kernels import NAMES, crop, named_kernel, ramp
from tfviz.learn.convolutions.seen import convolution


def slow(image: np.ndarray, kernel: np.ndarray, stride: int, dilation: int, same: bool):
    """A convolution in loops, padded as TensorFlow's pages say."""
    n, k = len(image), len(kernel)
    span = (k - 1) * dilation + 1
    out = -(-n // stride) if same else (n - span) // stride + 1
    before = max((out - 1) * stride + span - n, 0) // 2 if same else 0
    found = np.zeros((out, out))
    for r in range(out):
        for c in range(out):
            for i in range(k):
                for j in range(k):
                    y, x = r * stride - before + i * dilation, c * stride - before + j * dilation
                    if 0 <= y < n and 0 <= x < n:
                        found[r, c] += image[y, x] * kernel[i, j]
    return found


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("size", "kernel"), [(7, 3), (8, 3), (8, 2), (9, 4)])
def test_output_and_taps_are_those_of_loops(size, kernel, stride, dilation, padding) -> None:
    found = convolution(
        kernel_size=kernel,
        strides=stride,
        dilation_rate=dilation,
        padding=padding,
        kernel="count",
        size=size,
    )
    expected = slow(found.input, found.kernel, stride, dilation, padding == "same")
    np.testing.assert_allclose(found.output, expected, rtol=1e-6)
    sums = [
        [sum(tap.product for tap in found.taps(r, c)) for c in range(expected.shape[1])]
        for r in range(expected.shape[0])
    ]
    np.testing.assert_allclose(sums, expected, rtol=1e-6)


def test_same_puts_the_odd_pixel_behind_and_says_so() -> None:
    even = convolution(strides=2, size=8)
    assert (even.padding(0), even.padding(1)) == ((0, 1), (0, 1))
    assert "1 of padding: 0 before, 1 behind" in even.sizes()[0]
    assert any("odd pixel" in each for each in even.notes)
    odd = convolution(strides=2, size=7)
    assert odd.padding(0) == (1, 1)
    assert not any("odd pixel" in each for each in odd.notes)


def test_what_valid_never_sees_is_told() -> None:
    found = convolution(strides=2, size=8, padding="valid")
    assert found.output.shape == (3, 3)
    assert "the last 1 is never seen" in found.sizes()[0]


def test_pixels_that_strides_leap_over_are_told() -> None:
    found = convolution(kernel_size=2, kernel="count", strides=5, size=8)
    seen = {tap.row for row in range(2) for tap in found.taps(row, 0)}
    assert seen == {0, 1, 5, 6}
    assert "3 between are skipped; the last 1 is never seen" in found.sizes()[0]


def test_strides_with_dilation_are_told_to_be_refused_by_keras() -> None:
    with pytest.raises(ValueError, match="strides"):
        keras.ops.conv(
            np.zeros((1, 8, 8, 1), np.float32),
            np.zeros((3, 3, 1, 1), np.float32),
            strides=2,
            dilation_rate=2,
            padding="same",
            data_format="channels_last",
        )
    assert "refuses" in convolution(strides=2, dilation_rate=2).how
    assert "refuses" not in convolution(strides=2).how


def test_the_edge_kernel_is_sobels_and_gives_eight_times_the_slope_of_a_ramp() -> None:
    np.testing.assert_array_equal(
        named_kernel("edge", (3, 3)), [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    )
    inner = convolution(padding="valid").output
    np.testing.assert_allclose(inner, 8)  # a step of one a column


@pytest.mark.parametrize("size", [(3, 3), (2, 2), (5, 3)])
def test_blur_and_sharpen_keep_the_brightness(size) -> None:
    for name in ("blur", "sharpen", "identity"):
        assert named_kernel(name, size).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_the_identity_kernel_changes_nothing_under_same(kernel) -> None:
    found = convolution(kernel="identity", kernel_size=kernel)
    np.testing.assert_array_equal(found.output, found.input)


def test_a_ramp_tells_where_each_number_stands() -> None:
    found = convolution(strides=2, kernel="count")
    for tap in found.taps(1, 1):
        assert tap.value == 10 * tap.row + tap.column


def test_a_photo_is_cut_where_it_has_most_contrast(cat) -> None:
    gray = cat.astype(np.float64).mean(axis=-1)
    square, row, column = crop(gray, 9, None)
    best = max(
        gray[r : r + 9, c : c + 9].var()
        for r in range(gray.shape[0] - 8)
        for c in range(gray.shape[1] - 8)
        if abs(r - row) < 30 and abs(c - column) < 30
    )
    assert square.var() == pytest.approx(best)
    found = convolution(cat, at=(100, 120))
    assert "rows 100 to 106, columns 120 to 126" in found.source


def test_the_page_has_a_step_for_each_output_pixel_and_its_sum(tmp_path) -> None:
    found = convolution(strides=2, kernel="blur", kernel_size=2, size=6)
    paths = found.save(tmp_path, ("html", "json"))
    page = paths[0].read_text(encoding="utf-8")
    assert page.count("<section") == 9
    assert "(0, 0), (0, 1), (1, 0), (1, 1)" in page
    twin = json.loads(paths[1].read_text(encoding="utf-8"))
    assert twin["taps"][0][0] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert twin["output"][0][0] == pytest.approx(5.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kernel": "ege"}, "Did you mean 'edge'"),
        ({"padding": "full"}, "'same' or 'valid'"),
        ({"dilation_rate": 1000, "size": 5}, "too large to be shown"),
        ({"kernel_size": 14, "size": 14}, "too large to be shown"),
        ({"kernel_size": 20, "padding": "valid"}, "too large to be shown"),
        ({"padding": 1}, "'same' or 'valid'"),
        ({"strides": 0}, "strides"),
        ({"size": 99}, "from 1 to 14"),
        ({"kernel_size": 9, "padding": "valid"}, "nothing comes out"),
        ({"kernel_size": 3, "dilation_rate": 1000, "padding": "valid"}, "nothing comes out"),
        ({"kernel_size": (3, 1)}, "left and a right"),
        ({"at": (1, 1)}, "place in an image"),
        ({"image": np.zeros((4, 4, 3), np.uint8)}, "give a larger one"),
        ({"image": np.zeros((40, 40, 3), np.uint8), "at": (39, 0)}, "leaves no square"),
        ({"image": "no_such_photo.png"}, "no_such_photo"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(arguments, said) -> None:
    with pytest.raises(InputError, match=said):
        convolution(**arguments)


def test_every_kernel_has_text_within_eighty_columns() -> None:
    for name in NAMES:
        found = convolution(kernel=name, strides=2, size=8, dilation_rate=2)
        assert max(map(len, str(found).splitlines())) <= 80
    assert ramp(2).tolist() == [[0, 1], [10, 11]]


def test_numbers_stay_readable_in_the_largest_picture_there_is() -> None:
    figure = convolution(kernel="blur", kernel_size=7, size=10).figure()
    small = min(text.get_fontsize() for axes in figure.axes for text in axes.texts)
    assert small >= 7.0
    kernel = {text.get_text() for text in figure.axes[1].texts}
    assert kernel == {".02"}  # 1/49


def test_a_page_of_a_large_square_is_no_larger_than_a_browser_bears() -> None:
    page = convolution(kernel="blur", kernel_size=3, size=14).page()
    assert len(page) < 6_000_000
    assert "output pixels before the last are left out" in page
    assert "Output row 13, column 13" in page


def test_the_convolution_command_prints_sizes_and_writes_its_page(tfviz_cli, tmp_path) -> None:
    said = tfviz_cli(
        "learn",
        "convolution",
        "sample:cat",
        "--kernel",
        "3x2",
        "--stride",
        2,
        "--at",
        "10,20",
        "--out",
        tmp_path,
    )
    assert said.code == 0, said.err
    assert "rows 10 to 16, columns 20 to 26" in said.out
    assert list(tmp_path.glob("*.html"))


def test_a_missing_photo_is_named(tfviz_cli) -> None:
    said = tfviz_cli("learn", "convolution", "no_such_photo.png")
    assert said.code != 0
    assert "There is no image 'no_such_photo.png'" in said.err


# ---- deformable


@pytest.fixture(scope="module")
def deformed(cat):
    return deformable(cat, steps=8)


def test_special_cases_of_deformation_are_the_convolutions_of_keras(deformed) -> None:
    assert len(deformed.cases) == 2
    for difference, size in deformed.cases.values():
        assert difference < 1e-5 * size


def test_the_dilated_panel_stands_where_dilation_two_does(deformed) -> None:
    panels = {title: points for title, points, _, _ in deformed.panels()}
    plain, wide = panels["plain: all offsets 0"], panels["dilation 2"]
    middle = plain.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(wide - middle, 2 * (plain - middle))


def test_the_learned_panel_is_what_the_layer_samples(deformed) -> None:
    _, points, plain, weights = deformed.panels()[-1]
    rows, columns = zip(*deformed.at, strict=True)
    np.testing.assert_array_equal(points, deformed.sampled.points[0, rows, columns, 0])
    assert weights is not None
    assert weights.shape == points.shape[:2]
    assert np.abs(points - plain).max() > 0  # eight steps have moved something


def test_untrained_offsets_are_zero(cat) -> None:
    found = deformable(cat, steps=0)
    assert found.sampled.spread == 0.0


def test_crops_are_turned_as_their_labels_say(cat) -> None:
    turned, labels = crops(cat, 12, np.random.default_rng(3))

    # The same draws without turning: a photo whose crops are looked up again.
    class Still:
        def __init__(self) -> None:
            self.random = np.random.default_rng(3)

        def integers(self, *arguments):
            drawn = self.random.integers(*arguments)
            return drawn * 0 if np.ndim(drawn) else drawn

        def uniform(self, *arguments):
            return self.random.uniform(*arguments)

    upright, _ = crops(cat, 12, Still())
    for one, other, quarters in zip(upright, turned, labels, strict=True):
        np.testing.assert_array_equal(np.rot90(one, quarters), other)


@pytest.mark.slow
def test_the_tiny_net_learns_which_way_up_crops_are(cat) -> None:
    trained = train(cat, steps=150, seed=0)
    # By chance a quarter; 200 answers waver by 3 points.
    assert trained.accuracy > 0.6
    assert trained.losses[-20:].mean() < 0.75 * trained.losses[:5].mean()


def test_a_model_of_the_users_is_looked_into(cat) -> None:
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = tfviz.layers.DeformableConv2D(4, 3, strides=2, padding="same", name="bends")(x)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="mine")
    found = deformable(cat, model=model, at=[(3, 4)])
    assert found.png().startswith(b"\x89PNG")
    assert found.sampled.layer == "bends"
    assert found.sampled.input_size == (32, 32)
    assert found.accuracy is None
    assert "of mine" in found.learned_from
    np.testing.assert_allclose(found.panels()[-1][1][0].mean(axis=0), [7, 9])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"layer": "bends"}, "give model="),
        ({"seed": -1}, "from 0"),
        ({"steps": -1}, "whole number"),
        ({"steps": 0, "at": [(99, 0)]}, "outside the output"),
        ({"steps": 0, "group": 2}, "use 0 to 0"),
    ],
)
def test_a_deformation_that_makes_no_sense_is_refused(cat, arguments, said) -> None:
    with pytest.raises(InputError, match=said):
        deformable(cat, **arguments)


def test_a_plain_convolution_is_not_told_to_have_learned_where_to_look(cat) -> None:
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, padding="same", name="conv1")(inputs))
    found = deformable(cat, model=model, layer="conv1", at=[(3, 4)])
    assert found.fixed
    assert "a plain convolution" in str(found)
    assert "learned by" not in str(found)
    assert found.figure().texts or found.figure().get_suptitle()
    assert not any("learned" in title for title, *_ in found.panels())
    assert found.to_dict()["plain_convolution"] is True
    assert found.to_dict()["learned_from"] is None


def test_a_photo_too_small_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match="give a larger one"):
        deformable(np.zeros((30, 60, 3), np.uint8))


def test_the_deformable_command_says_what_was_learned(tfviz_cli, tmp_path) -> None:
    said = tfviz_cli(
        "learn", "deformable", "sample:cat", "--steps", 0, "--out", tmp_path, "--save", "json"
    )
    assert said.code == 0, said.err
    assert "0 steps" in said.out
    twin = json.loads((tmp_path / "deformable-sample.cat-steps-0.json").read_text(encoding="utf-8"))
    assert [each["title"] for each in twin["panels"]][:3] == [
        "plain: all offsets 0",
        "dilation 2",
        "turned by 30°",
    ]
