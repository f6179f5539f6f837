"""Many pictures side by side, for a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import DPI, INK, new_figure, plain, shorten, show
from tfviz.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 10.0
MOST_COLUMNS = 4
SMALLEST_CELL, LARGEST_CELL = 0.8, 4.0
HEADING_INCHES, TITLE_INCHES, GAP_INCHES = 0.38, 0.28, 0.1
CHARACTERS_AN_INCH = 12


def grid(
    pictures: Sequence[np.ndarray],
    *,
    columns: int | None = None,
    titles: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Arranges pictures in rows.

    Args:
        pictures: uint8 RGB pictures of shape (height, width, 3); sizes may differ.
        columns: How many in a row; by default up to four, in rows of equal length if possible.
        titles: One short line for each picture.
        title: One line above everything.

    Returns:
        A matplotlib figure, 10 inches wide or less. Notebooks display it; `.savefig` writes it.

    Raises:
        InputError: If there are no pictures, one isn't a picture, or the titles don't match.
    """
    if not len(pictures):
        raise InputError("there are no pictures to arrange: give at least one.")
    for index, picture in enumerate(pictures):
        if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
            raise InputError(
                f"picture {index} has the shape {picture.shape} and the type {picture.dtype}: "
                "give uint8 arrays of shape (height, width, 3)."
            )
    if titles is not None and len(titles) != len(pictures):
        raise InputError(
            f"there are {len(titles)} titles for {len(pictures)} pictures: give one for each."
        )
    if columns is not None and columns < 1:
        raise InputError(f"a grid of {columns} columns can't be drawn: use 1 or more.")
    across = min(columns or _columns(len(pictures)), len(pictures))
    rows = math.ceil(len(pictures) / across)

    cell = min(LARGEST_CELL, max(SMALLEST_CELL, (WIDTH - (across + 1) * GAP_INCHES) / across))
    above = TITLE_INCHES if titles is not None else 0.0
    # As high as the tallest picture needs, so that no row is mostly empty.
    tall = min(1.5, max(each.shape[0] / each.shape[1] for each in pictures)) * cell
    width = across * (cell + GAP_INCHES) + GAP_INCHES
    heading = HEADING_INCHES if title else 0.0
    height = heading + rows * (tall + above + GAP_INCHES) + GAP_INCHES
    figure = new_figure(width, height)
    if title:
        room = max(6, int(width * CHARACTERS_AN_INCH * 0.8))
        figure.text(
            GAP_INCHES / width,
            1 - (heading / 2 + GAP_INCHES / 2) / height,
            plain(shorten(title, room)),
            va="center",
            color=INK,
            fontsize=11,
        )
    for index, picture in enumerate(pictures):
        row, column = divmod(index, across)
        left = GAP_INCHES + column * (cell + GAP_INCHES)
        top = heading + GAP_INCHES + row * (tall + above + GAP_INCHES) + above
        scale = min(cell / picture.shape[1], tall / picture.shape[0])
        w = max(2 / DPI, picture.shape[1] * scale)
        h = max(2 / DPI, picture.shape[0] * scale)
        x, y = left + (cell - w) / 2, top + (tall - h) / 2
        show(figure.add_axes((x / width, 1 - (y + h) / height, w / width, h / height)), picture)
        if titles is not None:
            figure.text(
                (left + cell / 2) / width,
                1 - (top - above / 2) / height,
                plain(shorten(titles[index], max(6, int(cell * CHARACTERS_AN_INCH)))),
                ha="center",
                va="center",
                color=INK,
                fontsize=9,
            )
    return figure


def _columns(count: int) -> int:
    """Up to four, evenly filled: 5 pictures make 3 and 2, not 4 and 1."""
    return math.ceil(count / math.ceil(count / MOST_COLUMNS))
