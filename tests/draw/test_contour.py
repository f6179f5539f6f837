from __future__ import annotations

import numpy as np
import pytest

from tfviz.draw.contour import draw_half, half_lines

# From 0 to 1 along 101 columns: half lies on column 50.
RAMP = np.tile(np.linspace(0, 1, 101, dtype=np.float32), (60, 1))


def test_the_line_runs_where_the_map_has_half_its_peak() -> None:
    (line,) = half_lines(RAMP, signed=False)
    np.testing.assert_allclose(line[:, 0], 50, atol=1e-3)
    assert np.ptp(line[:, 1]) == 59


def test_the_line_of_a_cone_is_its_circle_closed() -> None:
    down, right = np.mgrid[-50:51, -50:51]
    (line,) = half_lines(
        np.maximum(0, 1 - np.hypot(down, right) / 40).astype(np.float32), signed=False
    )
    np.testing.assert_allclose(np.hypot(*(line - 50).T), 20, atol=0.05)
    np.testing.assert_array_equal(line[0], line[-1])


def test_a_signed_map_has_a_line_on_either_side() -> None:
    found = half_lines(RAMP, signed=True)
    assert [round(float(line[0, 0])) for line in found] == [25, 75]


def test_lines_end_where_the_model_saw_nothing() -> None:
    seen = RAMP.copy()
    seen[:20] = np.nan
    (line,) = half_lines(seen, signed=False)
    assert line[:, 1].min() == 20


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (60, 101)])
def test_blank_maps_and_strips_have_no_line(shape: tuple[int, int]) -> None:
    rgb = np.zeros((*shape, 3), np.uint8)
    assert draw_half(rgb, np.zeros(shape, np.float32), signed=False) is None
    assert draw_half(rgb, np.full(shape, np.nan, np.float32), signed=False) is None


def test_a_map_of_specks_gets_no_lines() -> None:
    specks = np.random.default_rng(0).random((60, 101), np.float32)
    assert draw_half(np.zeros((60, 101, 3), np.uint8), specks, signed=False) is None


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_the_line_is_seen_on_any_ground_and_only_there(ground: int) -> None:
    rgb = np.full((60, 101, 3), ground, np.uint8)
    found = draw_half(rgb, RAMP, signed=False)
    assert found is not None
    row = found[30, :, 0].astype(int)
    assert np.ptp(row[47:54]) >= 150
    assert (row[:47] == ground).all()
    assert (row[54:] == ground).all()
    assert (rgb == ground).all()
