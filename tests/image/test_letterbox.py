from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tfviz
from tfviz.errors import InputError
from tfviz.image import place

sides = st.integers(1, 300)
sizes = st.tuples(sides, sides)


def photo_of(height: int, width: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (height, width, 3), np.uint8)


@settings(max_examples=100, deadline=None)
@given(sizes, sizes, st.integers(0, 2**31))
def test_points_and_boxes_come_back_to_within_a_millionth_of_a_pixel(
    source: tuple[int, int], target: tuple[int, int], seed: int
) -> None:
    boxed = tfviz.letterbox(np.zeros((*source, 3), np.uint8), target)
    random = np.random.default_rng(seed)
    points = random.random((20, 2)) * source[::-1]
    back = boxed.points_to_photo(boxed.points_to_input(points))
    np.testing.assert_allclose(back, points, atol=1e-6)
    boxes = np.concatenate([points[:10], points[10:]], axis=1)
    back = boxed.boxes_to_photo(boxed.boxes_to_input(boxes))
    np.testing.assert_allclose(back, boxes, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.tuples(st.integers(20, 200), st.integers(20, 200)), st.integers(0, 2**31))
def test_a_bright_pixel_of_the_input_is_half_a_pixel_at_most_from_where_it_was(
    source: tuple[int, int], seed: int
) -> None:
    height, width = source
    y, x = np.random.default_rng(seed).integers((height, width))
    photo = np.zeros((height, width, 3), np.uint8)
    photo[y, x] = 255
    # Four input pixels to one of the photo, so that the input's own pixels add no error.
    boxed = tfviz.letterbox(photo, (4 * height + 30, 4 * width))
    seen = boxed.images[..., 0].astype(float)
    area = boxed.placements[0].area
    seen[: area[0]] = seen[area[0] + area[2] :] = 0
    seen[:, : area[1]] = seen[:, area[1] + area[3] :] = 0
    rows, columns = np.indices(seen.shape) + 0.5
    centre = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum()
    found = boxed.points_to_photo(centre)
    assert np.abs(found - (x + 0.5, y + 0.5)).max() <= 0.5


def test_a_map_comes_back_without_the_bars() -> None:
    boxed = tfviz.letterbox(np.zeros((100, 200, 3), np.uint8), 64)
    heat = np.zeros((64, 64), np.float32)
    heat[:16] = heat[48:] = 9
    heat[16:48] = 2
    back = boxed.map_to_photo(heat)
    assert back.shape == (100, 200)
    # Half a cell from a bar the interpolation reaches into it.
    assert (back[2:-2] == 2).all()


def test_the_peak_of_a_map_comes_back_to_within_half_a_pixel_of_the_map() -> None:
    boxed = tfviz.letterbox(np.zeros((90, 160, 3), np.uint8), (160, 160))
    heat = np.zeros((160, 160), np.float32)
    heat[100, 40] = 1
    row, column = np.unravel_index(boxed.map_to_photo(heat).argmax(), (90, 160))
    expected = boxed.points_to_photo([40.5, 100.5])
    assert np.abs(expected - (column + 0.5, row + 0.5)).max() <= 0.5


def test_the_photo_lies_whole_in_the_middle_with_gray_around() -> None:
    boxed = tfviz.letterbox(np.full((10, 20, 3), 7, np.uint8), 20)
    assert boxed.images.dtype == np.uint8
    assert (boxed.images[:5] == 128).all()
    assert (boxed.images[15:] == 128).all()
    assert (boxed.images[5:15] == 7).all()


def test_the_bars_take_another_colour() -> None:
    boxed = tfviz.letterbox(np.zeros((10, 20, 3), np.uint8), 20, fill=(114, 0, 255))
    assert boxed.images[0, 0].tolist() == [114, 0, 255]
    assert tfviz.letterbox(np.zeros((10, 20, 3), np.uint8), 20, fill=114).images[0, 0].tolist() == [
        114, 114, 114,
    ]  # fmt: skip


def test_it_places_a_photo_where_preprocess_does() -> None:
    boxed = tfviz.letterbox(photo_of(37, 91), (64, 48))
    assert boxed.placements == (place((37, 91), (64, 48), "letterbox"),)


def test_a_photo_of_the_size_asked_for_is_unchanged() -> None:
    photo = photo_of(31, 47)
    np.testing.assert_array_equal(tfviz.letterbox(photo, (31, 47)).images, photo)


def test_a_batch_is_what_each_photo_is_alone() -> None:
    photos = [photo_of(30, 50, 1), photo_of(80, 20, 2), photo_of(64, 64, 3)]
    boxed = tfviz.letterbox(photos, (64, 72))
    assert boxed.images.shape == (3, 64, 72, 3)
    for i, photo in enumerate(photos):
        alone = tfviz.letterbox(photo, (64, 72))
        np.testing.assert_array_equal(boxed.images[i], alone.images)
        box = [3.0, 5.0, 11.0, 17.0]
        np.testing.assert_array_equal(boxed.boxes_to_photo(box, i), alone.boxes_to_photo(box))
        np.testing.assert_array_equal(
            boxed.points_to_photo([9, 9], i), alone.points_to_photo([9, 9])
        )


def test_boxes_that_reach_into_the_bars_are_cut_off_unless_told_not_to() -> None:
    boxed = tfviz.letterbox(np.zeros((100, 200, 3), np.uint8), 200)
    assert boxed.boxes_to_photo([[-5, 0, 250, 200]]).tolist() == [[0, 0, 200, 100]]
    assert boxed.boxes_to_photo([[-5, 0, 250, 200]], clip=False).tolist() == [[-5, -50, 250, 150]]


def test_no_boxes_stay_no_boxes() -> None:
    boxed = tfviz.letterbox(np.zeros((100, 200, 3), np.uint8), 200)
    assert boxed.boxes_to_photo(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tfviz.letterbox(np.zeros((4, 4, 3)), 8), "float64 of shape"),
        (lambda: tfviz.letterbox(np.zeros((4, 4), np.uint8), 8), r"shape \(4,\)"),
        (lambda: tfviz.letterbox([], 8), "image= is empty"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 0), r"size=0 must be \(height, width\)"),
        (lambda: tfviz.letterbox(photo_of(4, 4), (8, 8, 3)), r"size=\(8, 8, 3\) must be"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 2.5), r"size=2.5 must be"),
        (lambda: tfviz.letterbox(photo_of(4, 4), None), r"size=None must be"),
        (lambda: tfviz.letterbox(photo_of(4, 4), True), r"size=True must be"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8).boxes_to_photo("x"), "boxes must be numbers"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8, fill=256), "fill=256 must be a gray"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8, fill=0.5), "fill=0.5 must be a gray"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8).boxes_to_photo([1, 2]), "axis of 4"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8).points_to_photo([1, 2, 3]), "axis of 2"),
        (lambda: tfviz.letterbox(photo_of(4, 4), 8).points_to_photo([1, 2], 1), "index=1 names"),
    ],
)
def test_what_is_no_photo_size_colour_or_box_is_refused(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
