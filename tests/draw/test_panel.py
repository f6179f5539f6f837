from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tfviz.draw import colorize, panel
from tfviz.draw.panel import ACCENT, OTHER, SIDE, SIDE_WIDTH, WIDTH
from tfviz.errors import InputError

BARS = [("tabby $5", 0.6), ("a class with a name that is much longer than the room " * 3, 0.2)]
CAPTION = "Grad-CAM at layer base/out_relu."


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def ramp(height: int, width: int) -> np.ndarray:
    return np.linspace(0, 2, height * width, dtype=np.float32).reshape(height, width)


def pixels_of(picture: np.ndarray, colour: tuple[int, ...] | np.ndarray) -> np.ndarray:
    """(rows, columns) of the pixels of a colour, one pair a pixel."""
    return np.argwhere((picture == np.asarray(colour)).all(-1))


def widths_of_bars(picture: np.ndarray, colour: tuple[int, ...]) -> list[tuple[int, int]]:
    """(first column, width) of every bar of a colour, from above."""
    found = pixels_of(picture, colour)
    found = found[found[:, 1] >= SIDE]
    rows = np.unique(found[:, 0])
    starts = rows[np.diff(rows, prepend=-9) > 1]
    columns = [found[found[:, 0] == row, 1] for row in starts]
    return [(int(each.min()) - SIDE, int(np.ptp(each)) + 1) for each in columns]


SIZES = [(300, 500), (500, 200), (448, 448), (32, 32), (8, 8), (1, 1), (1, 3000), (3000, 1)]


@pytest.mark.parametrize("size", [*SIZES, (20, 4000), (2000, 2500)])
def test_panels_of_all_photos_are_of_one_size(size: tuple[int, int]) -> None:
    found = panel(photo(*size), ramp(*size), title="t", bars=BARS, caption="words " * 90)
    assert found.dtype == np.uint8
    assert found.shape == panel(photo(9, 9), ramp(9, 9), title="u", caption="v").shape
    assert found.shape[1] == WIDTH
    assert 600 < found.shape[0] < 800


@pytest.mark.parametrize("size", SIZES)
def test_the_margins_stay_white(size: tuple[int, int]) -> None:
    title = "Why a rather long question? " * 9
    found = panel(
        photo(*size), ramp(*size), title=title, bars=BARS * 5, caption=title * 9, source=title
    )
    for edge in (found[:24], found[-24:], found[:, :40], found[:, -40:]):
        assert (edge == 255).all()


def test_a_panel_shows_the_photo_pixel_by_pixel() -> None:
    small = np.zeros((38, 38, 3), np.uint8)
    small[:19] = (12, 34, 56)
    found = pixels_of(panel(small, np.zeros((38, 38))), (12, 34, 56))
    # Photo and, as the map is blank, overlay: each pixel 11 wide and high.
    assert len(found) == 2 * 19 * 38 * 11 * 11


def test_unseen_parts_are_gray_in_the_map_and_said_to_be() -> None:
    heat = ramp(40, 60)
    heat[:, :20] = np.nan
    found = panel(photo(40, 60), heat)
    assert len(pixels_of(found, (205, 205, 205))) > 1000
    assert len(found) > len(panel(photo(40, 60), ramp(40, 60)))


def test_a_blank_map_is_drawn_without_a_scale() -> None:
    found = panel(photo(40, 60), np.zeros((40, 60)))
    assert len(pixels_of(found, colorize(np.array(0.0)))) > 1000
    assert not len(pixels_of(found, colorize(np.array(1.0))))


def test_the_colours_of_the_map_belong_to_its_raw_values_also_when_it_is_shrunk() -> None:
    heat = np.full((2000, 2000), 0.25, np.float32)
    heat[1000, 1000] = 1
    found = panel(np.zeros((2000, 2000, 3), np.uint8), heat)
    assert len(pixels_of(found, colorize(np.array(0.25)))) > 150 * 150


def test_a_map_of_whole_numbers_is_drawn() -> None:
    heat = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(
        panel(photo(2, 3), heat), panel(photo(2, 3), heat.astype(np.float64))
    )


def test_the_first_class_is_highlighted_unless_another_is_explained() -> None:
    bars = [(str(i), 0.5 - i / 10) for i in range(5)]
    first = panel(photo(40, 60), ramp(40, 60), bars=bars)
    assert widths_of_bars(first, ACCENT) == [(0, round(0.5 * SIDE_WIDTH))]
    third = panel(photo(40, 60), ramp(40, 60), bars=bars, explained=2)
    assert widths_of_bars(third, ACCENT) == [(0, round(0.3 * SIDE_WIDTH))]
    none = panel(photo(40, 60), ramp(40, 60), bars=bars, explained=None)
    assert not widths_of_bars(none, ACCENT)
    assert len(widths_of_bars(none, OTHER)) == 5


def test_the_explained_class_is_shown_when_it_is_far_from_the_best() -> None:
    bars = [(str(i), 0.5 / (i + 1)) for i in range(100)]
    found = panel(photo(40, 60), ramp(40, 60), bars=bars, explained=9)
    assert widths_of_bars(found, ACCENT) == [(0, round(0.05 * SIDE_WIDTH))]
    assert len(widths_of_bars(found, OTHER)) == 4


def test_bars_of_logits_begin_at_zero() -> None:
    found = panel(photo(40, 60), ramp(40, 60), bars=[("a", 6.0), ("b", -2.0)], unit="logit")
    zero = SIDE_WIDTH // 4
    # The mark of zero covers a pixel on either side.
    assert widths_of_bars(found, ACCENT) == [(zero + 1, SIDE_WIDTH - zero - 1)]
    assert widths_of_bars(found, OTHER) == [(0, zero - 1)]


def test_logits_within_0_and_1_are_no_shares() -> None:
    bars = [("a", 0.5), ("b", 0.25)]
    as_shares = panel(photo(40, 60), ramp(40, 60), bars=bars)
    as_logits = panel(photo(40, 60), ramp(40, 60), bars=bars, unit="logit")
    assert widths_of_bars(as_shares, ACCENT) == [(0, SIDE_WIDTH // 2)]
    assert widths_of_bars(as_logits, ACCENT) == [(0, SIDE_WIDTH)]


def test_a_single_number_has_no_bar() -> None:
    found = panel(photo(40, 60), ramp(40, 60), bars=[("the output", 3.7)], unit="output")
    assert not widths_of_bars(found, ACCENT)


@pytest.mark.parametrize(
    "scores", [[3.0, -7.5], [-1.0, -2.0], [0.0, 0.0], [1e-9, 0.0], [np.nan, 1], [np.inf, 1], [9e99]]
)
def test_a_panel_takes_any_scores(scores: list[float]) -> None:
    bars = [(str(each), each) for each in scores]
    assert panel(photo(40, 60), ramp(40, 60), bars=bars).ndim == 3


@pytest.mark.parametrize(
    "text", ["", " ", "猫", "قطة", "חתול", "🐶🏽", "แมว", "a\nb\t\0", "x" * 999]
)
def test_any_alphabet_is_drawn_without_a_warning(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel(
            photo(40, 60), ramp(40, 60), title=text, bars=[(text, 0.5)], caption=text, source=text
        )


def test_a_panel_of_mismatched_arrays_is_refused() -> None:
    with pytest.raises(InputError, match="to_photo"):
        panel(photo(40, 60), ramp(7, 7))


def test_panels_drawn_on_four_threads_are_those_of_one() -> None:
    def one(index: int) -> np.ndarray:
        height, width = SIZES[index % 5]
        heat = ramp(height, width) - (1 if index % 2 else 0)
        words: dict[str, Any] = {"title": f"Why {index}?", "source": f"{index}.jpg"}
        bars = [(f"class {index + i} é Ж 猫", 0.5 / (i + 1)) for i in range(5)]
        return panel(photo(height, width), heat, bars=bars, caption=CAPTION, **words)

    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(one, range(40)))
    for index, picture in enumerate(many):
        np.testing.assert_array_equal(picture, one(index))
