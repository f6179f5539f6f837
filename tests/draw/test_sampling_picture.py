"""Sampling points and offset fields as pictures, by what is drawn where."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.draw.sampling import MOST_ARROWS, field, gallery
from tfviz.errors import InputError

PICTURE = np.full((30, 40, 3), 200, np.uint8)


def grid(rows, columns):
    """Plain points of a 3x3 kernel at output pixels (rows, columns)."""
    y, x = np.mgrid[-1:2, -1:2].astype(float)
    taps = np.stack([y, x], axis=-1).reshape(9, 2)
    places = np.stack(np.meshgrid(range(rows), range(columns), indexing="ij"), axis=-1)
    return places[:, :, np.newaxis] + taps


def test_dots_stand_at_the_points_with_x_to_the_right_and_y_down():
    plain = grid(6, 8)[[2, 4], [3, 6]]
    moved = plain + np.array([0.5, -1.25])
    axes = gallery(PICTURE, [("a", moved, plain, None)], input_size=(6, 8)).axes[0]
    drawn = [each.get_offsets() for each in axes.collections]
    np.testing.assert_allclose(drawn, moved[..., ::-1])
    low, high = axes.get_ylim()
    assert low > high
    assert axes.images[0].get_extent() == [-0.5, 7.5, 5.5, -0.5]


def test_lines_lead_from_the_plain_taps_and_crosses_mark_their_middle():
    plain = grid(6, 8)[[2], [3]]
    moved = plain + np.array([1.0, 2.0])
    axes = gallery(PICTURE, [("a", moved, plain, None)], input_size=(6, 8)).axes[0]
    lines = [np.array(each.get_data()).T for each in axes.lines]
    crosses = [each for each in lines if len(each) == 1]
    np.testing.assert_allclose(crosses, [[[3, 2]]])
    # A rim and a line for each tap.
    paths = np.array([each for each in lines if len(each) == 2])[::2]
    np.testing.assert_allclose(paths[:, 0], plain[0][:, ::-1])
    np.testing.assert_allclose(paths[:, 1], moved[0][:, ::-1])


def test_a_tap_that_counts_more_has_a_larger_and_fuller_dot():
    plain = grid(6, 8)[[2], [3]]
    weights = np.linspace(0, 1, 9)[np.newaxis]
    axes = gallery(PICTURE, [("a", plain, plain, weights)], input_size=(6, 8)).axes[0]
    dots = axes.collections[0]
    assert (np.diff(dots.get_sizes()) > 0).all()
    assert (np.diff(dots.get_facecolors()[:, 3]) > 0).all()


def test_points_in_the_padding_are_inside_the_axes():
    plain = grid(6, 8)[[0, 5], [0, 7]]
    axes = gallery(PICTURE, [("a", plain, plain, None)], input_size=(6, 8)).axes[0]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert left < -1
    assert right > 8
    assert high < -1
    assert low > 6


def test_arrows_are_the_mean_offsets_in_their_true_length():
    plain = grid(3, 4)
    moved = np.zeros_like(plain)
    moved[1, 2] = [2.0, -1.0]
    moved[1, 2, 0] += 9
    arrows = field(plain, moved)
    np.testing.assert_allclose(arrows.start[6], [1, 2])
    np.testing.assert_allclose(arrows.step[6], [3, 0])
    panels = [("plain", plain[[0], [0]], plain[[0], [0]], None)]
    figure = gallery(PICTURE, panels, input_size=(3, 4), arrows=arrows)
    assert len(figure.axes) == 2
    quiver = figure.axes[1].collections[-1]
    assert (quiver.scale, quiver.scale_units, quiver.angles) == (1, "xy", "xy")
    np.testing.assert_allclose(quiver.U, arrows.step[:, 1])
    np.testing.assert_allclose(quiver.V, arrows.step[:, 0])
    assert any("longest 3 px" in each.get_text() for each in figure.texts)


@pytest.mark.parametrize("size", [5, 16, 17, 100])
def test_a_large_field_is_thinned_evenly(size):
    plain = grid(size, size)
    arrows = field(plain, np.zeros_like(plain))
    rows = np.unique(arrows.start[:, 0])
    assert len(rows) <= MOST_ARROWS
    assert len(arrows.start) == len(rows) ** 2
    assert len(np.unique(np.diff(rows))) == 1
    # As much is left over in front as behind, to one step.
    assert abs(rows[0] - (size - 1 - rows[-1])) <= 1


def test_points_that_are_nan_are_left_out_and_stop_nothing():
    plain = grid(6, 8)[[2], [3]]
    moved = plain.copy()
    moved[0, 4] = np.nan
    gallery(PICTURE, [("a", moved, plain, np.ones((1, 9)))], input_size=(6, 8)).canvas.draw()


@pytest.mark.parametrize(
    ("picture", "panels", "says"),
    [
        (PICTURE[..., 0], [("a", grid(1, 1)[0], grid(1, 1)[0], None)], "the picture has the shape"),
        (PICTURE, [], "no sampling points"),
        (PICTURE, [("a", grid(1, 1), grid(1, 1), None)], "the points of 'a' have the shape"),
        (PICTURE, [("a", grid(1, 1)[0], grid(1, 1)[0], np.ones(9))], "the weights of 'a'"),
    ],
)
def test_what_does_not_fit_is_refused(picture, panels, says):
    with pytest.raises(InputError, match=says):
        gallery(picture, panels, input_size=(6, 8))
