"""One picture that tells the whole story of one map, ready for a slide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.draw.contour import HALF, draw_half
from tfviz.draw.figure import FEW_PIXELS
from tfviz.draw.overlay import ALPHA, blend, check_pair, default_colormap, scale, span
from tfviz.draw.page import Colour, Page
from tfviz.draw.text import fit, measure, wrap
from tfviz.image.opencv import cv2

# All lengths in pixels. Every panel is as large as every other, and its parts stand in the same
# places, so that nothing jumps from slide to slide.
WIDTH, MARGIN = 1600, 48
TITLE_HEIGHT, HEADING_HEIGHT, HEIGHT = 70, 38, 448
SIDE, SIDE_GAP = 1200, 44
SIDE_WIDTH = WIDTH - MARGIN - SIDE
LEAST = 24
SCALE_WIDTH, SCALE_GAP, SCALE_LEAST = 16, 16, 150
BARS, BAR_THICKNESS = 5, 8
CAPTION_LINES, LINE = 2, 26

# Still read when the panel fills half a slide.
TITLE_SIZE, SIZE, SMALL = 34, 20, 18


@dataclass(frozen=True)
class _Plan:
    """Where things stand: rooms as (height, width)."""

    picture: tuple[int, int]
    gap: int
    map: tuple[int, int]
    map_left: int
    map_room: int
    bars_down: int
    bar_row: int


# Photo and overlay large, the map above the bars; and, for photos that are narrow, all three in a
# row beside the bars.
PAIR = _Plan((HEIGHT, 540), 28, (176, 226), SIDE, SIDE_WIDTH, 232, 44)
ROW = _Plan((HEIGHT, 316), 24, (HEIGHT, 316), MARGIN + 2 * (316 + 24), 428, 0, 60)
NARROW = 0.8

INK: Colour = (31, 35, 40)
FAINT: Colour = (101, 109, 118)
ACCENT: Colour = (181, 54, 122)
OTHER: Colour = (163, 169, 179)
TRACK: Colour = (236, 238, 240)


def panel(
    rgb: np.ndarray,
    heat: np.ndarray,
    *,
    title: str = "",
    bars: Sequence[tuple[str, float]] = (),
    caption: str = "",
    colormap: str | None = None,
    alpha: float = ALPHA,
    explained: int | None = 0,
    unit: str | None = None,
    source: str = "",
) -> np.ndarray:
    """Draws the photo, the overlay, the map with its raw range, and the best classes.

    On the overlay a thin line follows half of the map's peak, where the scale has a mark; it is
    left out where the map is so fine-grained that lines would cover the photo.

    Args:
        rgb: The photo, uint8 of shape (height, width, 3), of any size.
        heat: The raw map, floats of shape (height, width), NaN where the model saw nothing.
        title: One line above everything.
        bars: (class name, score), best first. Five are drawn, the explained one always among them.
        caption: Small print below, in two lines at most.
        colormap: A name for `colorize`; by default the one that suits the map.
        alpha: As for `overlay`.
        explained: Which of `bars` is the explained one; it is highlighted. None highlights none.
        unit: What the scores are, such as 'probability' or 'logit'. Probabilities are shown as
            percentages on a full scale, others as they are, with bars that start at zero. By
            default scores within 0..1 are taken for probabilities, and others for the 'output'.
        source: Where the photo comes from, such as its file name: small print above it.

    Returns:
        uint8 RGB picture, 1600 pixels wide. Its height depends on nothing but whether there are a
        title and a caption.

    Raises:
        InputError: As `overlay` does.
    """
    check_pair(rgb, heat, alpha)
    heat = np.asarray(heat, np.float64 if heat.dtype == np.float64 else np.float32)
    low, high = span(heat)
    colormap, signed = colormap or default_colormap(low), low < 0
    plan = ROW if rgb.shape[1] <= NARROW * rgb.shape[0] else PAIR
    small = _resized(rgb, plan.picture)
    values = scale(_resized(heat, plan.picture), low, high)
    blended = blend(small, values, colormap, alpha, signed=signed)
    # Where pixels show as squares the map has steps, and lines would follow these.
    few = max(rgb.shape[:2]) < FEW_PIXELS
    lined = None if few else draw_half(blended, values, signed=signed)
    if np.isnan(values).any():
        caption = f"Gray: not seen by the model. {caption}".strip()

    top = MARGIN + (TITLE_HEIGHT if title else 0) + HEADING_HEIGHT
    page = Page(WIDTH, top + HEIGHT + (16 + CAPTION_LINES * LINE if caption else 0) + MARGIN - 8)
    if title:
        shown = fit(title, WIDTH - 2 * MARGIN, TITLE_SIZE, bold=True)
        page.text(MARGIN, MARGIN + 28, shown, size=TITLE_SIZE, bold=True, colour=INK)
    room = plan.picture[1]
    second = MARGIN + room + plan.gap
    _heading(page, MARGIN, top, "Photo", source, room)
    page.picture(MARGIN, top, small)
    told = ""
    if lined is not None:
        told = "lines: ± half the peak" if signed else "line: half the peak"
    _heading(page, second, top, "Overlay", told, room)
    page.picture(second, top, blended if lined is None else lined)
    flat = colorize(scale(_resized(heat, plan.map), low, high), colormap)
    _map(page, plan, top, flat, (low, high), colormap, lined is not None)
    if bars:
        _bars(page, top + plan.bars_down, plan.bar_row, bars, explained, unit)
    lines = wrap(caption, SIDE - SIDE_GAP - MARGIN, SMALL, lines=CAPTION_LINES)
    for index, line in enumerate(lines):
        y = top + max(small.shape[0], flat.shape[0] if plan is ROW else 0) + 8 + LINE * (index + 1)
        page.text(MARGIN, y, line, size=SMALL, colour=FAINT)
    return page.pixels


def _heading(page: Page, x: int, top: int, text: str, aside: str, room: int) -> int:
    """What a part is, with small print beside it; returns where that begins."""
    end = page.text(x, top - 14, text, size=SIZE, bold=True, colour=INK) + 14
    if aside:
        page.text(end, top - 14, fit(aside, x + room - end, SMALL), size=SMALL, colour=FAINT)
    return end


def _map(
    page: Page,
    plan: _Plan,
    top: int,
    flat: np.ndarray,
    ends: tuple[float, float],
    colormap: str,
    marked: bool,
) -> None:
    """The map alone, with a scale of its raw values."""
    left = plan.map_left
    end = _heading(page, left, top, "Map", "", flat.shape[1])
    page.picture(left, top, flat)
    x = left + flat.shape[1] + SCALE_GAP
    low, high = ends
    if low == high:
        page.text(x, top + SMALL, "blank", size=SMALL, colour=FAINT)
        return
    told = "raw value"
    begin = max(end, min(x, left + plan.map_room - measure(told, SMALL)))
    page.text(begin, top - 14, told, size=SMALL, colour=FAINT)
    height = max(flat.shape[0], SCALE_LEAST)
    ramp = colorize(np.linspace(1, 0, height)[:, np.newaxis], colormap)
    page.picture(x, top, np.repeat(ramp, SCALE_WIDTH, axis=1))
    half = high * HALF
    marks = [-half, half] if low < 0 else [half]
    if marked:
        for value in marks:
            y = top + round((high - value) / (high - low) * (height - 1))
            page.box(x, y - 2, SCALE_WIDTH, 5, (25, 25, 25))
            page.box(x, y - 1, SCALE_WIDTH, 3, (255, 255, 255))
    for value in [high, low, *marks, *([0.0] if low < 0 else [])]:
        y = top + round((high - value) / (high - low) * (height - 1))
        # The letters at the ends stand within the scale, the others in the middle of their value.
        y = min(max(y + 7, top + 14), top + height)
        page.text(x + SCALE_WIDTH + 10, y, _number(value), size=SMALL, colour=INK)


def _bars(
    page: Page,
    top: int,
    row_height: int,
    bars: Sequence[tuple[str, float]],
    explained: int | None,
    unit: str | None,
) -> None:
    """Class names with their scores, and a bar below each."""
    share = unit == "probability" or (unit is None and all(0 <= score <= 1 for _, score in bars))
    _heading(
        page, SIDE, top, "Prediction", unit or ("probability" if share else "output"), SIDE_WIDTH
    )
    chosen = list(range(min(BARS, len(bars))))
    if explained is not None and explained >= BARS:
        chosen[-1] = explained
    scores = [bars[index][1] for index in chosen if math.isfinite(bars[index][1])]
    low = 0.0 if share else min([0.0, *scores])
    high = 1.0 if share else max([0.0, *scores])
    right = SIDE + SIDE_WIDTH
    for row, index in enumerate(chosen):
        name, score = bars[index]
        bold = index == explained
        y = top + row * row_height + 22
        told = _percent(score) if share else _number(score)
        begin = right - measure(told, SIZE, bold=bold)
        page.text(begin, y, told, size=SIZE, bold=bold, colour=INK)
        name = fit(name, begin - SIDE - 16, SIZE, bold=bold)
        end = page.text(SIDE, y, name, size=SIZE, bold=bold, colour=INK)
        if index != row:
            _rank(page, end, begin, y, index + 1)
        y += 8
        if len(chosen) == 1 and not share:
            # A single number has nothing to be compared with.
            return
        page.box(SIDE, y, SIDE_WIDTH, BAR_THICKNESS, TRACK)
        if math.isfinite(score) and high > low:
            zero, end = (
                SIDE + round((value - low) / (high - low) * SIDE_WIDTH)
                for value in (0.0, min(max(score, low), high))
            )
            first, length = min(zero, end), max(abs(end - zero), 1 if score else 0)
            page.box(first, y, length, BAR_THICKNESS, ACCENT if bold else OTHER)
            if low < 0 < high:
                page.box(zero - 1, y - 2, 2, BAR_THICKNESS + 4, INK)


def _rank(page: Page, end: int, begin: int, y: int, rank: int) -> None:
    """Says that classes were left out before this one, where there is room between its words."""
    told = f"rank {rank}"
    if begin - end > measure(told, SMALL) + 24:
        page.text(end + 12, y, told, size=SMALL, colour=FAINT)


def _percent(share: float) -> str:
    """Never a rounded nothing or a rounded certainty.

    >>> [_percent(each) for each in (1.0, 0.9999, 0.5, 0.0001, 0.0)]
    ['100%', '>99.9%', '50.0%', '<0.1%', '0%']
    """
    if not math.isfinite(share):
        return str(share)
    if share in (0, 1):
        return f"{share:.0%}"
    if share < 0.0005:
        return "<0.1%"
    return ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def _number(value: float) -> str:
    """Three digits, with a true minus."""
    return f"{value:.3g}".replace("-", "−")


def _resized(array: np.ndarray, room: tuple[int, int]) -> np.ndarray:
    """Fitted into (height, width); a strip of a photo gets a visible thickness.

    Shrinks by averaging; grows smoothly, except where single pixels should stay visible.
    """
    opencv = cv2()
    height, width = array.shape[:2]
    scale = min(room[0] / height, room[1] / width)
    few = max(height, width) < FEW_PIXELS
    if few and scale > 1:
        # Each pixel as large as its neighbour.
        scale = int(scale)
    height, width = max(LEAST, round(height * scale)), max(LEAST, round(width * scale))
    array = np.ascontiguousarray(array)
    if few:
        return opencv.resize(array, (width, height), interpolation=opencv.INTER_NEAREST)
    # In a single call OpenCV averages only if both axes shrink.
    shrunk = (min(width, array.shape[1]), min(height, array.shape[0]))
    if shrunk != (array.shape[1], array.shape[0]):
        array = opencv.resize(array, shrunk, interpolation=opencv.INTER_AREA)
    return opencv.resize(array, (width, height), interpolation=opencv.INTER_LINEAR)
