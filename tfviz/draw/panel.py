"""One picture that tells the whole story of one map, ready for a slide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.draw.figure import DPI, FAINT, FEW_PIXELS, INK, new_figure, plain, shorten, to_rgb
from tfviz.draw.overlay import ALPHA, check_pair, default_colormap, normalize, overlay
from tfviz.image.opencv import cv2

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# All lengths in pixels of the finished picture.
PICTURE_HEIGHT, PICTURE_WIDTH, PICTURE_LEAST = 380, 500, 24
MARGIN, GAP, HEADING, TITLE, LINE = 26, 18, 26, 44, 19
SCALE_WIDTH, SCALE_LABELS = 14, 66
BARS_WIDTH, BAR_ROW, BAR_THICKNESS = 250, 46, 12
CHARACTER = 7.2
ACCENT, TRACK = "#b5367a", "#ececec"


def panel(
    rgb: np.ndarray,
    heat: np.ndarray,
    *,
    title: str = "",
    bars: Sequence[tuple[str, float]] = (),
    caption: str = "",
    colormap: str | None = None,
    alpha: float = ALPHA,
) -> np.ndarray:
    """Draws a row: the photo, the overlay, the map with its raw range, and the best classes.

    Args:
        rgb: The photo, uint8 of shape (height, width, 3), of any size.
        heat: The raw map, floats of shape (height, width), NaN where the model saw nothing.
        title: One line above everything.
        bars: (class name, score), best first. Scores within 0..1 are shown as percentages; others
            as they are, with bars that start at zero or at the lowest score.
        caption: Small print below, wrapped.
        colormap: A name for `colorize`; by default the one that suits the map.
        alpha: As for `overlay`.

    Returns:
        uint8 RGB picture. About 400 pixels high, as wide as its contents need.

    Raises:
        InputError: As `overlay` does.
    """
    check_pair(rgb, heat, alpha)
    _, low, high = normalize(heat)
    colormap = colormap or default_colormap(low)
    height, width = _fit(*rgb.shape[:2])
    rgb, heat = _resize(rgb, height, width), _resize(heat, height, width)
    blended = overlay(rgb, heat, colormap=colormap, alpha=alpha)
    flat = colorize(normalize(heat)[0], colormap)

    content = max(height, BAR_ROW * len(bars))
    top = MARGIN + (TITLE if title else 0) + HEADING
    right = MARGIN + 3 * width + 2 * GAP + 10 + SCALE_WIDTH + SCALE_LABELS
    total = right + (GAP + BARS_WIDTH if bars else 0) + MARGIN
    lines = textwrap.wrap(caption, max(20, int((total - 2 * MARGIN) / CHARACTER)))
    bottom = MARGIN + (len(lines) * LINE + GAP if lines else 0)
    page = _Page(total, top + content + bottom)

    if title:
        room = int((total - 2 * MARGIN) / (CHARACTER * 1.5))
        page.text(MARGIN, MARGIN + 12, shorten(title, room), size=14, weight="bold")
    for index, (name, picture) in enumerate((("photo", rgb), ("overlay", blended), ("map", flat))):
        left = MARGIN + index * (width + GAP)
        page.text(left, top - 13, name, size=9, color=FAINT)
        page.picture(left, top, picture)
    page.scale(right - SCALE_LABELS - SCALE_WIDTH, top, max(height, 60), colormap, low, high)
    if bars:
        page.text(right + GAP, top - 13, "prediction", size=9, color=FAINT)
        page.bars(right + GAP, top, bars)
    for index, line in enumerate(lines):
        page.text(MARGIN, top + content + GAP + LINE * (index + 0.5), line, size=9, color=FAINT)
    return to_rgb(page.figure)


class _Page:
    """A figure that is drawn on in pixels from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.figure: Figure = new_figure(width / DPI, height / DPI)

    def text(self, x: float, y: float, text: str, **style: object) -> None:
        """One line, centred on y."""
        style = {"color": INK, "va": "center_baseline", "ha": "left"} | style
        self.figure.text(x / self.width, 1 - y / self.height, plain(text), **style)  # type: ignore[arg-type]

    def picture(self, x: int, y: int, rgb: np.ndarray) -> None:
        """A picture, pixel by pixel."""
        height, width = rgb.shape[:2]
        axes = self.figure.add_axes(self._box(x, y, width, height))
        axes.imshow(rgb, interpolation="nearest", aspect="auto")
        axes.set_axis_off()

    def scale(self, x: int, y: int, height: int, colormap: str, low: float, high: float) -> None:
        """A colour bar with the raw values at its ends, and at zero for signed maps."""
        if low == high:
            self.text(x, y + 10, "blank", size=9, color=FAINT)
            return
        ramp = colorize(np.linspace(1, 0, height)[:, np.newaxis], colormap)
        self.picture(x, y, np.repeat(ramp, SCALE_WIDTH, axis=1))
        ends = [(high, 5), (low, height - 5)] + ([(0.0, height // 2)] if low < 0 else [])
        for value, down in ends:
            self.text(x + SCALE_WIDTH + 6, y + down, f"{value:.3g}", size=9)

    def bars(self, x: int, y: int, bars: Sequence[tuple[str, float]]) -> None:
        """Class names with a bar and the score below each."""
        from matplotlib.patches import Rectangle

        scores = [score for _, score in bars]
        share = all(0 <= score <= 1 for score in scores)
        low = 0.0 if share else min(0.0, *scores)
        high = 1.0 if share else max(scores)
        track = BARS_WIDTH - 58
        for index, (name, score) in enumerate(bars):
            middle = y + index * BAR_ROW + 12
            weight = "bold" if index == 0 else "normal"
            self.text(x, middle, shorten(name, int(BARS_WIDTH / 8)), size=10, weight=weight)
            part = (score - low) / (high - low) if high > low else 0.0
            part = part if np.isfinite(part) else 0.0
            for length, colour in ((track, TRACK), (track * part, ACCENT)):
                box = self._box(x, middle + 12, length, BAR_THICKNESS)
                self.figure.add_artist(
                    Rectangle(box[:2], *box[2:], color=colour, linewidth=0, alpha=1)
                )
            told = f"{score:.1%}" if share else f"{score:.3g}"
            self.text(x + track + 8, middle + 12 + BAR_THICKNESS / 2, told, size=9, weight=weight)

    def _box(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """(left, bottom, width, height) as matplotlib counts: in shares, from below."""
        return (
            x / self.width,
            1 - (y + height) / self.height,
            width / self.width,
            height / self.height,
        )


def _fit(height: int, width: int) -> tuple[int, int]:
    """The size at which a photo is shown; a strip of a photo gets a visible thickness."""
    scale = min(PICTURE_HEIGHT / height, PICTURE_WIDTH / width)
    return max(PICTURE_LEAST, round(height * scale)), max(PICTURE_LEAST, round(width * scale))


def _resize(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrinks by averaging; grows smoothly, except where single pixels should stay visible."""
    opencv = cv2()
    if max(array.shape[:2]) < FEW_PIXELS:
        how = opencv.INTER_NEAREST
    elif array.shape[0] >= height and array.shape[1] >= width:
        how = opencv.INTER_AREA
    else:
        how = opencv.INTER_LINEAR
    plain_type = array if array.dtype == np.uint8 else array.astype(np.float32)
    return opencv.resize(np.ascontiguousarray(plain_type), (width, height), interpolation=how)
