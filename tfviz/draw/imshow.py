"""`plt.imshow` for whatever was meant as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.draw.assumed import Assumed, Noted
from tfviz.draw.colormaps import colorize
from tfviz.draw.displayable import Displayable, across
from tfviz.draw.figure import FEW_PIXELS, plain, shorten
from tfviz.draw.grid import (
    CHARACTERS_AN_INCH,
    GAP_INCHES,
    LARGEST_CELL,
    SMALLEST_CELL,
    TITLE_INCHES,
    WIDTH,
)
from tfviz.draw.prepared import MOST, Picture, Prepared, prepare
from tfviz.draw.values import MARK, bounds
from tfviz.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

TITLE_POINTS = 8.0

# Numbers beyond this make matplotlib's own arithmetic overflow.
LARGEST = 1e30


def imshow(
    x: object,
    *,
    ax: Any = None,
    layout: str | None = None,
    values: str | Sequence[float] | None = None,
    titles: str | Sequence[object] | None = None,
    columns: int | None = None,
    most: int = MOST,
    **keywords: Any,
) -> Any:
    """Draws what was meant as a picture; a batch, or the maps of a layer, as a grid.

    Takes what `tfviz.displayable` takes and assumes what it assumes; what that was is the
    `.assumed` of the result. One channel is drawn with its own numbers, so that `cmap=`, `vmin=`,
    `vmax=`, `norm=` and a colour bar work as they do in matplotlib; by default gray for photos and
    masks, in colours for maps. NaN and Inf are magenta, and their count is the title, unless the
    axes have one. Never calls `plt.show()`.

    Args:
        x: A picture, a batch or maps: an array, tensor, PIL image, path, or a list of these.
        ax: matplotlib axes to draw in; a grid divides them. For a grid also an array of axes. By
            default the current ones, as in `plt.imshow`; a grid takes the current figure if
            nothing is drawn there, else a new one.
        layout: What the axes of x mean, as for `displayable`.
        values: What its numbers stand for, as for `displayable`.
        titles: One for each picture.
        columns: For a grid, how many in a row.
        most: For a grid, how many pictures at most.
        **keywords: Passed on to matplotlib's `imshow`.

    Returns:
        matplotlib's `AxesImage`; for a grid the array of its axes, row by row.

    Raises:
        InputError: If it is no picture; the message says what it is and what to do.
    """
    if isinstance(x, Displayable) and x.assumed is not None and layout is None and values is None:
        whole = prepare(np.asarray(x), layout="HWC", values="0-255")
        prepared = Prepared(whole.pictures, x.assumed)
    else:
        prepared = prepare(x, layout=layout, values=values, most=most)
    pictures = _titled(prepared.pictures, titles)
    if isinstance(keywords.get("cmap"), str):
        colorize(np.zeros(1), keywords["cmap"])  # an unknown name gets an answer of ours
    if len(pictures) == 1:
        image = _single(pictures[0], ax, keywords, prepared.assumed)
        image.assumed = prepared.assumed  # type: ignore[attr-defined]
        return image
    if len(pictures) < prepared.whole and titles is None:
        # Whoever looks at the grid should see that there is more.
        last = f"{pictures[-1].title.partition(':')[0]} of {prepared.whole:,}"
        pictures = (*pictures[:-1], replace(pictures[-1], title=last))
    cells = _cells(pictures, ax, columns)
    filled = list(_each(cells))
    room = max(
        6, int(filled[0].get_window_extent().width / filled[0].figure.dpi * CHARACTERS_AN_INCH)
    )
    for axes, picture in zip(filled, pictures, strict=False):
        image = _draw(axes, picture, keywords)
        image.assumed = prepared.assumed  # type: ignore[attr-defined]
        axes.set_title(_heading(picture, room), fontsize=TITLE_POINTS, pad=3)
        axes.set_axis_off()
    for axes in filled[len(pictures) :]:
        axes.set_axis_off()
    return Noted(cells, prepared.assumed)


def _titled(
    pictures: Sequence[Picture], titles: str | Sequence[object] | None
) -> tuple[Picture, ...]:
    """The pictures under the titles of the user's, if there are any."""
    if titles is None:
        return tuple(pictures)
    given = [titles] if isinstance(titles, str) else [str(each) for each in titles]
    if len(given) < len(pictures):
        raise InputError(
            f"there are {len(given)} titles for {len(pictures)} pictures: give one for each."
        )
    return tuple(replace(each, title=title) for each, title in zip(pictures, given, strict=False))


def _heading(picture: Picture, room: int) -> str:
    """The title of one picture among others, as long as there is room for it."""
    title = picture.title
    if picture.bad is not None and picture.bad.any():
        title += f", {np.count_nonzero(picture.bad):,} not finite"
    # Of the maps of a layer the number tells more than half of a range.
    short = title.partition(":")[0] if picture.scale.colormap is None else title
    return plain(title if len(title) <= room else shorten(short, room))


def _single(picture: Picture, ax: Any, keywords: dict[str, Any], assumed: Assumed) -> AxesImage:
    if isinstance(ax, np.ndarray) and ax.size == 1:
        ax = ax.item()
    if ax is None:
        import matplotlib.pyplot as plt

        image = _draw(plt.gca(), picture, keywords)
        # What a following plt.colorbar() is about, as after plt.imshow.
        plt.sci(image)
    else:
        image = _draw(_checked(ax), picture, keywords)
    axes = image.axes
    assert axes is not None
    title = picture.title or (f"{assumed.marked} (magenta)" if assumed.marked else "")
    if title and not axes.get_title():
        axes.set_title(plain(title))
    return image


def _draw(axes: Axes, picture: Picture, keywords: dict[str, Any]) -> AxesImage:
    """One picture into its axes: one channel as it is, the rest as colours."""
    keywords = dict(keywords)
    values = picture.values
    if max(values.shape[:2]) < FEW_PIXELS:
        keywords.setdefault("interpolation", "nearest")
    if values.ndim == 3:
        return axes.imshow(picture.rgb8(), **keywords)
    low, high, colormap = bounds(values, picture.scale)
    widest = max(abs(float(values.min())), abs(float(values.max())), abs(low), abs(high))
    if not (1 / LARGEST < widest < LARGEST or widest == 0):
        name = keywords.pop("cmap", None)
        return axes.imshow(picture.rgb8(name if isinstance(name, str) else None), **keywords)
    cmap = _colormap(keywords.pop("cmap", None) or colormap)
    if keywords.get("norm") is None:
        if low == high:
            # Without a width matplotlib would draw the lowest colour; the middle says 'neither'.
            low, high = (low - 1, high + 1) if picture.scale.colormap else (0.0, 1.0)
        keywords["vmin"] = keywords.get("vmin", low)
        keywords["vmax"] = keywords.get("vmax", high)
    if values.dtype.kind == "f" and values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    elif values.dtype.kind == "b":
        values = values.astype(np.uint8)
    drawn = values if picture.bad is None else np.ma.array(values, mask=picture.bad)
    return axes.imshow(drawn, cmap=cmap, **keywords)


def _colormap(cmap: Any) -> Any:
    """A copy that marks what isn't finite."""
    import matplotlib

    found = matplotlib.colormaps[cmap] if isinstance(cmap, str) else cmap
    red, green, blue = (level / 255 for level in MARK)
    return found.with_extremes(bad=(red, green, blue))


def _cells(pictures: Sequence[Picture], ax: Any, columns: int | None) -> np.ndarray:
    """Axes for all pictures, as an array of rows."""
    count = len(pictures)
    if isinstance(ax, (np.ndarray, list, tuple)):
        given = np.asarray(ax, dtype=object)
        if given.size < count:
            raise InputError(
                f"ax= has {given.size} axes for {count} pictures: make more of them, or pass "
                f"most={given.size} or a single one, which is divided."
            )
        for each in given.flat:
            _checked(each)
        return given
    in_row = across(count, columns)
    rows = math.ceil(count / in_row)
    if ax is not None:
        return _divided(_checked(ax), rows, in_row)
    import matplotlib.pyplot as plt

    figure = plt.gcf() if plt.get_fignums() else None
    if figure is not None and figure.axes:
        current = figure.gca()
        if not current.has_data():
            return _divided(current, rows, in_row)
        figure = None
    cell = min(LARGEST_CELL, max(SMALLEST_CELL, (WIDTH - (in_row + 1) * GAP_INCHES) / in_row))
    tall = min(1.5, max(each.values.shape[0] / each.values.shape[1] for each in pictures)) * cell
    step = tall + TITLE_INCHES + GAP_INCHES
    if figure is None:
        width = in_row * (cell + GAP_INCHES) + GAP_INCHES
        figure = plt.figure(figsize=(width, rows * step + GAP_INCHES))
    wide, high = figure.get_size_inches()
    return figure.subplots(
        rows,
        in_row,
        squeeze=False,
        gridspec_kw={
            "left": GAP_INCHES / wide,
            "right": 1 - GAP_INCHES / wide,
            "bottom": GAP_INCHES / high,
            "top": 1 - TITLE_INCHES / high,
            "wspace": GAP_INCHES / cell,
            "hspace": (TITLE_INCHES + GAP_INCHES) / tall,
        },
    )


def _divided(axes: Axes, rows: int, columns: int) -> np.ndarray:
    """Axes inside of others, which stay as a frame without lines."""
    axes.set_axis_off()
    cells = np.empty((rows, columns), dtype=object)
    width, height = 1 / columns, 1 / rows
    for row in range(rows):
        for column in range(columns):
            # A quarter of a row for the title, a twentieth of a column for the gap.
            box = (column * width, 1 - (row + 1) * height, 0.95 * width, 0.78 * height)
            cells[row, column] = axes.inset_axes(box)
    return cells


def _checked(ax: Any) -> Axes:
    if not hasattr(ax, "imshow") or not hasattr(ax, "set_title"):
        raise InputError(
            f"ax= is a {type(ax).__name__}, not axes to draw in: from plt.subplots(2, 3) take one "
            "of them, axes[0, 1]. (tfviz doctor show viz.axes_array)"
        )
    return ax


def _each(cells: np.ndarray) -> Iterator[Axes]:
    return iter(cells.ravel().tolist())
