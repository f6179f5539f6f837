"""Where a map passes half of its peak, as thin lines."""

from __future__ import annotations

import numpy as np

from tfviz.image.opencv import cv2

HALF = 0.5

# A white line between two dark ones is seen on every ground and by every eye. In half pixels:
# OpenCV draws whole widths only, so it draws twice as large.
WHITE_WIDTH, DARK_WIDTH = 3, 7
WHITE, DARK = 255, 25
FINER = 2

# The share of the picture that lines may cover: around every speck of a fine-grained map they would
# hide the photo.
MOST = 0.1

# OpenCV takes points as whole 64ths of a pixel.
SHIFT = 6


def draw_half(rgb: np.ndarray, values: np.ndarray, *, signed: bool) -> np.ndarray | None:
    """Draws lines where a map has half the size of its peak.

    Args:
        rgb: uint8 of shape (height, width, 3); stays as it is.
        values: The map from `normalize`, float32 of shape (height, width), NaN where nothing was
            seen.
        signed: Whether 0.5 stands for zero: then there are lines on both sides of it.

    Returns:
        uint8 of the picture's shape; None where there is no such line, or too many.
    """
    lines = half_lines(values, signed=signed)
    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
    if not length or length * DARK_WIDTH / FINER > MOST * values.size:
        return None
    dark, white = (_ink(values.shape, lines, width) for width in (DARK_WIDTH, WHITE_WIDTH))
    drawn = rgb.copy()
    touched = dark > 0
    share = dark[touched, np.newaxis] / 255
    colour = DARK + (WHITE - DARK) * (white[touched, np.newaxis] / 255)
    under = rgb[touched]
    drawn[touched] = np.rint(under + share * (colour - under)).astype(np.uint8)
    return drawn


def _ink(shape: tuple[int, ...], lines: list[np.ndarray], width: int) -> np.ndarray:
    """How much of each pixel lies under lines of a width: uint8 of `shape`."""
    opencv = cv2()
    height, across = shape
    fine = np.zeros((FINER * height, FINER * across), np.uint8)
    # The centre of a pixel lies between its finer ones.
    points = [
        np.rint((line * FINER + (FINER - 1) / 2) * 2**SHIFT).astype(np.int32) for line in lines
    ]
    # A closed line returns to its first point by itself.
    opencv.polylines(fine, points, False, 255, width, opencv.LINE_AA, SHIFT)
    return opencv.resize(fine, (across, height), interpolation=opencv.INTER_AREA)


def half_lines(values: np.ndarray, *, signed: bool) -> list[np.ndarray]:
    """The lines on which a map has half the size of its peak.

    Args:
        values: The map from `normalize`, float32 of shape (height, width), NaN where nothing was
            seen.
        signed: Whether 0.5 stands for zero.

    Returns:
        Each line as points (x, y), float64 of shape (points, 2), where whole numbers are the
        centres of pixels. Lines end at the picture's edge and at what was not seen.
    """
    from contourpy import contour_generator

    if min(values.shape) < 2:
        return []
    generator = contour_generator(z=np.ma.masked_invalid(values))
    levels = (HALF / 2, 1 - HALF / 2) if signed else (HALF,)
    return [np.asarray(line) for level in levels for line in generator.lines(level)]
