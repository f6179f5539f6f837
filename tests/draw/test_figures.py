from __future__ import annotations

import os
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfviz.draw import colorize, grid, profile, slices
from tfviz.draw.figure import plain
from tfviz.errors import InputError


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def drawn(figure: Figure) -> np.ndarray:
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def test_pictures_of_a_grid_keep_their_proportions_and_order() -> None:
    red, blue = (
        np.full((50, width, 3), c, np.uint8) for width, c in ((100, (255, 0, 0)), (50, (0, 0, 255)))
    )
    found = drawn(grid([red, blue], titles=["red", "blue"]))
    rows, columns = np.nonzero((found == (255, 0, 0)).all(-1))
    assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(2, rel=0.02)
    assert columns.max() < np.nonzero((found == (0, 0, 255)).all(-1))[1].min()


def test_columns_are_filled_evenly() -> None:
    assert len({axes.get_position().y0 for axes in grid([photo(9, 9)] * 5).axes}) == 2
    assert len({round(axes.get_position().x0, 3) for axes in grid([photo(9, 9)] * 5).axes}) == 3
    assert len({axes.get_position().y0 for axes in grid([photo(9, 9)] * 3, columns=1).axes}) == 3


def test_a_title_in_any_alphabet_is_drawn_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(grid([photo(9, 9)], titles=["猫 🐶\n$5 é"]))


def test_fonts_of_the_users_choice_get_the_text_as_it_is() -> None:
    with matplotlib.rc_context({"font.sans-serif": ["My Font"]}):
        assert plain("猫 $") == r"猫 \$"
    assert plain("猫 $") == r"\u732b \$"


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
