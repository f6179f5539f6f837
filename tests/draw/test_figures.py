from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tfviz.draw import colorize, grid, normalize, panel, profile, slices
from tfviz.draw.figure import to_rgb
from tfviz.errors import InputError

BARS = [("tabby $5", 0.6), ("a class with a name that is much longer than the room " * 3, 0.2)]


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def ramp(height: int, width: int) -> np.ndarray:
    return np.linspace(0, 2, height * width, dtype=np.float32).reshape(height, width)


def contains(picture: np.ndarray, colour: np.ndarray | list[int]) -> bool:
    return bool((picture == np.asarray(colour)).all(-1).any())


@pytest.mark.parametrize(
    "size", [(300, 500), (500, 200), (32, 32), (1, 1), (2, 3000), (2000, 2500)]
)
def test_a_panel_of_any_photo_is_of_a_size_for_a_slide(size: tuple[int, int]) -> None:
    found = panel(photo(*size), ramp(*size), title="t", bars=BARS, caption="words " * 60)
    assert found.dtype == np.uint8
    assert 200 < found.shape[0] < 700
    assert 400 < found.shape[1] < 2000


def test_a_panel_shows_photo_and_map_pixel_by_pixel() -> None:
    small = np.zeros((38, 38, 3), np.uint8)
    small[:19] = (12, 34, 56)
    heat = ramp(38, 38)
    found = panel(small, heat)
    assert int((found == (12, 34, 56)).all(-1).sum()) >= 190 * 380
    assert contains(found, colorize(normalize(heat)[0].max(keepdims=True), "plasma")[0, 0])


def test_a_panel_of_a_map_with_unseen_parts_and_one_that_is_blank() -> None:
    heat = ramp(40, 60)
    heat[:, :20] = np.nan
    assert contains(panel(photo(40, 60), heat), [205, 205, 205])
    assert panel(photo(40, 60), np.zeros((40, 60))).ndim == 3


@pytest.mark.parametrize(
    "scores", [[3.0, -7.5], [-1.0, -2.0], [0.0, 0.0], [1e-9, 0.0], [np.nan, 1]]
)
def test_a_panel_takes_any_scores(scores: list[float]) -> None:
    bars = [(str(each), each) for each in scores]
    assert panel(photo(40, 60), ramp(40, 60), bars=bars).ndim == 3


def test_a_panel_of_mismatched_arrays_is_refused() -> None:
    with pytest.raises(InputError, match="to_photo"):
        panel(photo(40, 60), ramp(7, 7))


def test_pictures_of_a_grid_keep_their_proportions_and_order() -> None:
    red, blue = (
        np.full((50, width, 3), c, np.uint8) for width, c in ((100, (255, 0, 0)), (50, (0, 0, 255)))
    )
    found = to_rgb(grid([red, blue], titles=["red", "blue"]))
    rows, columns = np.nonzero((found == (255, 0, 0)).all(-1))
    assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(2, rel=0.02)
    assert columns.max() < np.nonzero((found == (0, 0, 255)).all(-1))[1].min()


def test_columns_are_filled_evenly() -> None:
    assert len({axes.get_position().y0 for axes in grid([photo(9, 9)] * 5).axes}) == 2
    assert len({round(axes.get_position().x0, 3) for axes in grid([photo(9, 9)] * 5).axes}) == 3
    assert len({axes.get_position().y0 for axes in grid([photo(9, 9)] * 3, columns=1).axes}) == 3


def test_a_notebook_displays_a_figure() -> None:
    figure = grid([photo(9, 9)])
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_a_grid_says_what_is_wrong() -> None:
    with pytest.raises(InputError, match="no pictures"):
        grid([])
    with pytest.raises(InputError, match="1 titles for 2"):
        grid([photo(9, 9)] * 2, titles=["a"])
    with pytest.raises(InputError, match="picture 0"):
        grid([np.zeros((9, 9), np.uint8)])
    with pytest.raises(InputError, match="0 columns"):
        grid([photo(9, 9)], columns=0)


def test_a_profile_stretches_the_map_over_the_signal() -> None:
    figure = profile(np.arange(100.0), np.array([0.0, 1.0]), title="beat")
    strip, curve = figure.axes
    assert strip.images[0].get_extent() == [-0.5, 99.5, 0, 1]
    assert curve.lines[0].get_ydata()[-1] == 99  # type: ignore[index]


def test_a_profile_takes_channels_and_no_signal() -> None:
    assert len(profile(np.zeros((50, 3)), np.arange(5.0)).axes[1].lines) == 3
    assert len(profile(None, np.arange(5.0)).axes) == 1
    with pytest.raises(InputError, match=r"\(2, 2\)"):
        profile(None, np.zeros((2, 2)))


def test_slices_share_one_scale_and_keep_both_ends() -> None:
    heat = np.zeros((20, 4, 4), np.float32)
    heat[19] = 2
    heat[0] = 1
    figure = slices(heat, most=5)
    titles = [text.get_text() for text in figure.texts]
    assert titles == ["0 of 20", "5 of 20", "10 of 20", "14 of 20", "19 of 20"]
    first = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(first[0, 0], colorize(np.array(0.5)))  # type: ignore[index]


def test_slices_of_a_flat_map_are_refused() -> None:
    with pytest.raises(InputError, match="depth"):
        slices(np.zeros((4, 4)))


def test_drawing_never_imports_pyplot() -> None:
    code = (
        "import sys, numpy as np, tfviz.draw as d\n"
        "d.panel(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9)), bars=[('a', 1.0)])\n"
        "d.grid([np.zeros((9, 9, 3), np.uint8)])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert done.stdout.strip() == "False"
