from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from tfviz.draw.displayable import displayable
from tfviz.draw.imshow import imshow
from tfviz.errors import InputError

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
MAPS = np.random.default_rng(1).random((1, 7, 9, 12)).astype(np.float32)


@pytest.fixture(autouse=True)
def _no_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


def test_one_picture_is_an_image_in_the_current_axes() -> None:
    axes = plt.subplot(1, 2, 2)
    image = imshow(PHOTO[np.newaxis] / 255)
    assert isinstance(image, AxesImage)
    assert image.axes is axes
    assert (np.asarray(image.get_array()) == PHOTO).all()


def test_what_was_assumed_can_be_printed() -> None:
    assert "layout  NHWC" in str(imshow(PHOTO[np.newaxis]).assumed)
    assert "12 channels" in str(imshow(MAPS).assumed)


def test_given_axes_are_drawn_in_and_pyplot_is_left_alone() -> None:
    axes = Figure().add_subplot()
    assert imshow(PHOTO, ax=axes).axes is axes
    assert not plt.get_fignums()


def test_keywords_reach_matplotlib() -> None:
    image = imshow(PHOTO[..., 0], cmap="viridis", vmin=10, vmax=20, alpha=0.5, origin="lower")
    assert image.get_cmap().name == "viridis"
    assert image.get_clim() == (10, 20)
    assert (image.get_alpha(), image.origin) == (0.5, "lower")


def test_a_norm_takes_the_place_of_the_range() -> None:
    from matplotlib.colors import LogNorm

    assert isinstance(imshow(PHOTO[..., 0] + 1.0, norm=LogNorm(1, 256)).norm, LogNorm)


def test_an_unknown_colour_map_gets_the_nearest_name() -> None:
    with pytest.raises(InputError, match="Did you mean 'viridis'"):
        imshow(PHOTO[..., 0], cmap="virids")


def test_one_channel_keeps_its_numbers_for_the_colour_bar() -> None:
    heat = np.linspace(0, 5.5, 64).reshape(8, 8)
    image = imshow(heat)
    assert (np.asarray(image.get_array()) == heat).all()
    assert image.get_clim() == (0, 5.5)
    assert plt.colorbar().mappable is image


def test_a_constant_white_picture_is_white() -> None:
    image = imshow(np.full((4, 4), 255, np.uint8))
    assert image.to_rgba(image.get_array())[0, 0].tolist() == [1, 1, 1, 1]


def test_nan_in_one_channel_is_magenta_and_counted_in_the_title() -> None:
    heat = np.linspace(0, 5.5, 64).reshape(8, 8)
    heat[2, 3] = np.nan
    image = imshow(heat)
    assert image.to_rgba(image.get_array())[2, 3].tolist() == [1, 0, 1, 1]
    assert image.axes.get_title() == "1 NaN (magenta)"


def test_the_title_of_given_axes_stays() -> None:
    axes = Figure().add_subplot()
    axes.set_title("mine")
    assert imshow(np.full((4, 4), np.nan), ax=axes).axes.get_title() == "mine"


def test_a_batch_is_a_grid_under_titles() -> None:
    cells = imshow(np.stack([PHOTO] * 5), titles=list("abcde"), columns=3)
    assert cells.shape == (2, 3)
    assert [each.get_title() for each in cells.flat] == [*"abcde", ""]
    assert [len(each.images) for each in cells.flat] == [1, 1, 1, 1, 1, 0]


def test_pictures_of_a_batch_are_numbered() -> None:
    assert [each.get_title() for each in imshow(np.stack([PHOTO] * 4)).flat] == list("0123")


def test_maps_of_a_layer_are_labelled_with_channel_and_range() -> None:
    cells = imshow(MAPS)
    top = MAPS[..., 3].max()
    assert cells.ravel()[3].get_title() == f"3: 0 to {top:.3g}"


def test_the_last_title_says_that_there_is_more() -> None:
    assert imshow(MAPS, most=5).ravel()[4].get_title() == "4 of 12"
    assert imshow([PHOTO] * 9, most=5).ravel()[4].get_title() == "4 of 9"


def test_a_picture_of_a_grid_with_nan_says_so() -> None:
    x = np.stack([PHOTO, PHOTO]) / 255
    x[1, 0, 0] = np.nan
    assert imshow(x).ravel()[1].get_title() == "1, 3 not finite"


def test_an_array_of_axes_is_filled_in_order() -> None:
    _, axes = plt.subplots(2, 2)
    cells = imshow(np.stack([PHOTO] * 3), ax=axes)
    assert cells[1, 0] is axes[1, 0]
    assert not axes[1, 1].axison


def test_too_few_axes_are_refused() -> None:
    _, axes = plt.subplots(1, 2)
    with pytest.raises(InputError, match="2 axes for 3 pictures"):
        imshow(np.stack([PHOTO] * 3), ax=axes)


def test_what_is_no_axes_is_refused() -> None:
    _, axes = plt.subplots(1, 2)
    with pytest.raises(InputError, match=r"viz\.axes_array"):
        imshow(PHOTO, ax=axes)


def test_a_grid_divides_single_axes() -> None:
    figure, axes = plt.subplots(1, 2)
    cells = imshow(np.stack([PHOTO] * 4), ax=axes[1])
    assert all(isinstance(each, Axes) and each.figure is figure for each in cells.flat)
    assert len(axes[1].child_axes) == 4


def test_a_grid_takes_an_empty_figure_and_leaves_a_full_one() -> None:
    figure = plt.figure(figsize=(5, 5))
    assert imshow(np.stack([PHOTO] * 2)).ravel()[0].figure is figure
    assert imshow(np.stack([PHOTO] * 2)).ravel()[0].figure is not figure


def test_too_few_titles_are_refused() -> None:
    with pytest.raises(InputError, match="1 titles for 2 pictures"):
        imshow(np.stack([PHOTO] * 2), titles=["a"])


def test_a_displayable_is_drawn_as_it_is() -> None:
    shown = displayable(MAPS)
    image = imshow(shown)
    assert (np.asarray(image.get_array()) == shown).all()
    assert image.assumed is shown.assumed


def test_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("plt.show was called")

    monkeypatch.setattr(plt, "show", fail)
    imshow(PHOTO)
    imshow(MAPS)


def test_a_numpy_array_brings_in_no_framework() -> None:
    code = (
        "import sys, numpy as np; from tfviz.draw.imshow import imshow;"
        "imshow(np.zeros((1, 8, 8, 3))); imshow(np.zeros((1, 8, 8, 6)));"
        "print([n for n in ('tensorflow', 'keras', 'torch', 'jax', 'cv2') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([bool, "i1", "u2", "i8", "f2", "f4", "f8"]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=2, max_dims=3, max_side=5))
    )
)
def test_whatever_is_no_grid_can_be_rendered(x: np.ndarray) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    imshow(x, ax=figure.add_subplot(), most=1)
    figure.canvas.draw()  # type: ignore[attr-defined]
