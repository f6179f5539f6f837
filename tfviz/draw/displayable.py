"""Whatever was meant as a picture, as an array that every program draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tfviz.draw.arrival import Arrival, arrive
from tfviz.draw.layout import find_layout
from tfviz.draw.values import REACHED, Scale, bounds, find_scale, to_rgb8
from tfviz.errors import InputError

MOST = 64
"""So many pictures of a batch, or maps of a layer, are shown unless more are asked for."""

PAGE = 255
GAP_SHARE = 16


@dataclass(frozen=True)
class Assumed:
    """What was taken for granted about a picture. `print` it to read it.

    Attributes:
        kind: What came in, e.g. `"torch.Tensor"`.
        shape: As it came in.
        dtype: As it came in, e.g. `"bfloat16"`.
        layout: What its axes mean: N pictures, H height, W width, C channels.
        layout_why: The reason for that.
        values: What its numbers stand for, one of the names that `displayable` takes.
        values_why: The reason for that.
        low: The lowest finite number; None if there is none.
        high: The highest.
        nan: How many numbers are NaN.
        inf: How many are infinite.
        shown: What of it is shown, e.g. `"the first 64 of 512 channels"`.
        notes: Whatever else is worth knowing.
        parts: For a list of unlike pictures, what was assumed about each.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str
    layout: str = ""
    layout_why: str = ""
    values: str = ""
    values_why: str = ""
    low: float | None = None
    high: float | None = None
    nan: int = 0
    inf: int = 0
    shown: str = "one picture"
    notes: tuple[str, ...] = ()
    parts: tuple[Assumed, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.kind} {self.shape} {self.dtype}".rstrip()]
        if self.layout:
            lines.append(f"layout  {self.layout} ({self.layout_why})")
            lines.append(f"values  {self.values} ({self.values_why})")
        if self.marked:
            lines.append(f"marked  {self.marked}, in magenta")
        lines.append(f"shown   {self.shown}")
        lines.extend(f"note    {each}" for each in self.notes)
        for index, part in enumerate(self.parts):
            lines.extend(f"[{index}] {line}" for line in str(part).splitlines()[:3])
        return "\n".join(lines)

    @property
    def marked(self) -> str:
        """How many numbers are shown in the marking colour, in words; empty if none is."""
        told = [f"{self.nan:,} NaN"] * bool(self.nan) + [f"{self.inf:,} Inf"] * bool(self.inf)
        return ", ".join(told)


class Noted(np.ndarray):
    """An array that knows how it came about, as do views of it; what is computed from it is plain.

    Attributes:
        assumed: What was assumed; prints as a few lines.
    """

    assumed: Assumed | None = None

    def __new__(cls, array: np.ndarray, assumed: Assumed) -> Self:
        """A view of the array, with what was assumed about it."""
        noted = array.view(cls)
        noted.assumed = assumed
        return noted

    def __array_finalize__(self, parent: object) -> None:
        self.assumed = getattr(parent, "assumed", None)

    def __array_wrap__(self, array: np.ndarray, *rest: Any) -> Any:
        plain = np.asarray(array)
        return plain if plain.ndim else plain[()]


class Displayable(Noted):
    """A picture as uint8 RGB or RGBA, with what was assumed in `.assumed`; see `displayable`."""


@dataclass(frozen=True)
class Picture:
    """One picture to draw.

    Attributes:
        values: (height, width), or (height, width, 3) or 4; finite.
        bad: Where there was no finite number; None if nowhere.
        scale: What the numbers stand for.
        title: What tells it from its neighbours; empty for a single one.
    """

    values: np.ndarray
    bad: np.ndarray | None
    scale: Scale
    title: str = ""

    def rgb8(self, colormap: str | None = None) -> np.ndarray:
        """Its colours."""
        return to_rgb8(self.values, self.scale, bad=self.bad, colormap=colormap)


@dataclass(frozen=True)
class Prepared:
    """All that is needed to draw: the pictures, and what was assumed about them."""

    pictures: tuple[Picture, ...]
    assumed: Assumed


def displayable(
    x: object,
    *,
    layout: str | None = None,
    values: str | Sequence[float] | None = None,
    cmap: str | None = None,
    columns: int | None = None,
    most: int = MOST,
) -> Displayable:
    """Turns what was meant as a picture into one that `plt.imshow` draws as it was meant.

    The result is always uint8 RGB (or RGBA), new and writable: bytes that matplotlib, Pillow and
    OpenCV neither stretch, cut off nor colour differently, so that a constant picture keeps its
    brightness and NaN its mark. It is an ordinary array but for `.assumed`, which says which
    layout and which range of values were assumed and why, and prints as a few lines. To keep one
    channel's own numbers, for a colour bar, use `tfviz.imshow`.

    Args:
        x: An array, tensor or variable of NumPy, TensorFlow, Keras, PyTorch or JAX, a PIL image,
            a path, nested lists of numbers, or a list of any of these. One picture or a batch,
            channels first or last, one channel, RGB, RGBA, or the maps of a layer.
        layout: What the axes mean, e.g. `"HWC"`, `"CHW"`, `"NCHW"`; or `"channels_first"`. By
            default by the rules of `tfviz.draw.layout.find_layout`: (3, 4, 3) is `"HWC"`.
        values: What the numbers stand for: `"0-1"`, `"0-255"`, `"0-65535"`, `"-1-1"`,
            `"imagenet-tf"`, `"imagenet-torch"`, `"imagenet-caffe"` (preprocessed for ImageNet,
            which is never guessed), `"range"` (lowest black, highest white), `"map"` (in colours,
            from or around zero), or (low, high). By default by the rules of
            `tfviz.draw.values.find_scale`.
        cmap: A colour map for one channel, instead of gray or the map's own.
        columns: For more than one picture, how many in a row.
        most: For more than one picture, how many at most.

    Returns:
        uint8 of shape (height, width, 3) or (height, width, 4). Several pictures, or the maps of
        a layer, lie side by side in rows.

    Raises:
        InputError: If it is no picture; the message says what it is and what to do.

    >>> picture = displayable(np.zeros((1, 3, 4, 6), np.float32))
    >>> picture.shape
    (4, 6, 3)
    >>> print(picture.assumed)
    numpy.ndarray (1, 3, 4, 6) float32
    layout  NCHW (axis 1 is 3)
    values  0-1 (floats from 0 to 0)
    shown   one picture
    note    constant: every number is 0
    """
    prepared = prepare(x, layout=layout, values=values, most=most)
    pictures = [each.rgb8(cmap) for each in prepared.pictures]
    picture = pictures[0] if len(pictures) == 1 else _side_by_side(pictures, columns)
    return Displayable(picture, prepared.assumed)


def prepare(
    x: object,
    *,
    layout: str | None = None,
    values: str | Sequence[float] | None = None,
    most: int = MOST,
    name: str = "x",
) -> Prepared:
    """Takes apart what came in, for `displayable` and `imshow` alike; arguments as theirs."""
    if most < 1:
        raise InputError(f"most={most} pictures can't be shown: use 1 or more.")
    if isinstance(x, Displayable) and layout is None and values is None and x.assumed is not None:
        if x.dtype == np.uint8 and x.ndim == 3 and x.shape[-1] in (3, 4) and x.size:
            scale = find_scale(0, 255, channels=3, integers=True)
            return Prepared((Picture(np.asarray(x), None, scale),), x.assumed)
    if isinstance(x, (list, tuple)) and _of_pictures(x):
        return _list(x, layout, values, most, name)
    return _array(arrive(x, name), layout, values, most, name)


def _of_pictures(x: Sequence[object]) -> bool:
    """Whether a list holds arrays, images and paths, not numbers and lists of numbers."""
    numbers = (bool, int, float, complex, np.generic, list, tuple)
    return any(not isinstance(each, numbers) for each in x)


def _list(
    x: Sequence[object],
    layout: str | None,
    values: str | Sequence[float] | None,
    most: int,
    name: str,
) -> Prepared:
    """A list of arrays: a batch if they are alike, else pictures of their own."""
    kind = type(x).__name__
    arrived = [arrive(each, f"{name}[{index}]") for index, each in enumerate(x[:most])]
    first = arrived[0]
    alike = {(each.array.shape, each.array.dtype) for each in arrived}
    if (len(alike) == 1 and first.array.ndim <= 3 and first.array.ndim != 1) or len(x) == 1:
        found = find_layout(first.array.shape, layout, first=first.first, name=f"{name}[0]")
        batch = np.stack([each.array for each in arrived]) if len(x) > 1 else first.array
        told = f"{kind} of {len(x)} x {first.kind}"
        shape = (len(x), *first.shape) if len(x) > 1 else first.shape
        notes = dict.fromkeys(note for each in arrived for note in each.notes)
        whole = Arrival(batch, told, first.dtype, shape, first.first, tuple(notes))
        if len(x) == 1 or "N" in found.letters:
            return _array(whole, layout, values, most, name)
        return _array(whole, f"N{found.letters}", values, most, name, why=found.why, total=len(x))
    if all(each.array.ndim == 1 for each in arrived) and len(alike) == 1:
        rows = np.stack([arrive(each, f"{name}[{i}]").array for i, each in enumerate(x)])
        told = f"{kind} of {first.kind}"
        return _array(Arrival(rows, told, first.dtype, rows.shape), layout, values, most, name)
    pictures, parts = [], []
    for index, each in enumerate(arrived):
        if each.array.ndim == 1:
            raise InputError(
                f"{name}[{index}] has the shape {each.shape}, which is no picture, beside "
                f"{name}[0] of {first.shape}: of a pair (images, labels) show the first, x[0]. "
                "(tfviz doctor show viz.imshow_shape.flat)"
            )
        one = _array(each, layout, values, most, f"{name}[{index}]")
        if len(one.pictures) > 1:
            raise InputError(
                f"{name}[{index}] has the shape {each.shape}, {one.assumed.shown}, in a list of "
                f"unlike arrays: show it alone, tfviz.imshow(x[{index}])."
            )
        picture = one.pictures[0]
        pictures.append(Picture(picture.values, picture.bad, picture.scale, str(index)))
        parts.append(one.assumed)
    assumed = Assumed(
        kind=f"{kind} of unlike pictures",
        shape=(len(x),),
        dtype="",
        nan=sum(each.nan for each in parts),
        inf=sum(each.inf for each in parts),
        shown=_of(len(pictures), len(x), "pictures"),
        parts=tuple(parts),
    )
    return Prepared(tuple(pictures), assumed)


def _array(
    arrival: Arrival,
    layout: str | None,
    values: str | Sequence[float] | None,
    most: int,
    name: str,
    *,
    why: str = "",
    total: int | None = None,
) -> Prepared:
    found = find_layout(arrival.array.shape, layout, first=arrival.first, name=name)
    batch = found.apply(arrival.array)
    count, height, width, channels = batch.shape
    low, high, bad, nan = _look(batch)
    integers = batch.dtype.kind in "biu"
    if bad is not None:
        batch = np.where(bad, batch.dtype.type(0), batch)

    def scale_for(channels: int) -> Scale:
        return find_scale(
            low or 0.0,
            high or 0.0,
            channels=channels,
            integers=integers,
            truths=batch.dtype.kind == "b",
            asked=values,
        )

    scale = scale_for(channels)
    planes = channels not in (1, 3, 4) or (channels == 4 and scale.name == "range" != values)
    if planes and channels == 4:
        scale = scale_for(2)
    notes = list(arrival.notes)
    if low is None:
        notes.append("no number is finite")
    elif low == high:
        notes.append(f"constant: every number is {low:.6g}")
    notes.extend(_remarks(batch, scale, low or 0.0, high or 0.0, values, height))
    part = "pictures"
    if planes:
        if count > 1:
            notes.append(f"picture 0 of {count}; for another one give x[i]")
        pictures = _planes(batch[0], None if bad is None else bad[0], scale, most)
        part, whole = "channels", channels
    else:
        whole = total or count
        flat = batch if channels > 1 else batch[..., 0]
        marks = bad if bad is None or channels > 1 else bad[..., 0]
        pictures = [
            Picture(flat[i], None if marks is None else marks[i], scale, str(i) if whole > 1 else "")
            for i in range(min(count, most))
        ]
    return Prepared(
        tuple(pictures),
        Assumed(
            kind=arrival.kind,
            shape=arrival.shape,
            dtype=arrival.dtype,
            layout="1" * found.dropped + found.letters,
            layout_why=why or found.why,
            values=scale.name,
            values_why=scale.why,
            low=low,
            high=high,
            nan=nan,
            inf=0 if bad is None else int(np.count_nonzero(bad)) - nan,
            shown=_of(len(pictures), whole, part),
            notes=tuple(notes),
        ),
    )


def _look(batch: np.ndarray) -> tuple[float | None, float | None, np.ndarray | None, int]:
    """The lowest and highest finite number, where there is none, and how many are NaN."""
    with np.errstate(invalid="ignore"):
        low, high = float(batch.min()), float(batch.max())
    if math.isfinite(low) and math.isfinite(high):
        return low, high, None, 0
    bad = ~np.isfinite(batch)
    finite = batch[~bad]
    nan = int(np.count_nonzero(np.isnan(batch)))
    if not finite.size:
        return None, None, bad, nan
    return float(finite.min()), float(finite.max()), bad, nan


def _planes(
    picture: np.ndarray, bad: np.ndarray | None, scale: Scale, most: int
) -> list[Picture]:
    """Each channel of one picture, titled with its number and, if it has its own, its scale."""
    pictures = []
    for channel in range(min(picture.shape[-1], most)):
        plane = np.ascontiguousarray(picture[..., channel])
        title = str(channel)
        if scale.colormap is None:
            low, high, _ = bounds(plane, scale)
            title += ": all 0" if low == high else f": {low:.3g} to {high:.3g}"
        pictures.append(Picture(plane, None if bad is None else bad[..., channel], scale, title))
    return pictures


def _remarks(
    batch: np.ndarray, scale: Scale, low: float, high: float, asked: object, height: int
) -> list[str]:
    """What a person who wonders about the picture may want to know."""
    notes = []
    if scale.colormap is not None and not isinstance(scale.low, tuple):
        assert not isinstance(scale.high, tuple)
        outside = (low < scale.low) or (high > scale.high)
        if outside:
            count = int(np.count_nonzero((batch < scale.low) | (batch > scale.high)))
            notes.append(f"cut off: {count:,} numbers outside of {scale.low:g} to {scale.high:g}")
        if high > 0 and scale.low == 0 and high < REACHED * scale.high and low != high:
            notes.append(f"dark: white is {scale.high:g}; values='range' brightens it")
    if asked is None and scale.name == "range" and batch.shape[-1] == 3 and low < 0:
        name = "imagenet-caffe" if high > 30 else "imagenet-torch"
        notes.append(f"if it was preprocessed for ImageNet, say so: values='{name}'")
    if height == 1 and batch.shape[2] > 1:
        notes.append("one row high: a flattened picture wants x.reshape(height, width)")
    return notes


def _of(shown: int, whole: int, part: str) -> str:
    if whole == 1:
        return "one picture"
    return f"the {whole:,} {part}" if shown == whole else f"the first {shown:,} of {whole:,} {part}"


def across(count: int, columns: int | None) -> int:
    """How many pictures lie in a row: about as many as rows, and all rows evenly filled."""
    if columns is None:
        return math.ceil(count / math.ceil(count / math.ceil(math.sqrt(count))))
    if columns < 1:
        raise InputError(f"a grid of {columns} columns can't be drawn: use 1 or more.")
    return min(columns, count)


def _side_by_side(pictures: Sequence[np.ndarray], columns: int | None) -> np.ndarray:
    """Pictures in rows on a white page: uint8 RGB, or RGBA if one of them is."""
    height, width = (max(each.shape[axis] for each in pictures) for axis in (0, 1))
    channels = max(each.shape[-1] for each in pictures)
    gap = max(1, max(height, width) // GAP_SHARE)
    in_row = across(len(pictures), columns)
    rows = math.ceil(len(pictures) / in_row)
    size: Callable[[int, int], int] = lambda count, side: count * (side + gap) - gap
    page = np.full((size(rows, height), size(in_row, width), channels), PAGE, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (
            place * (side + gap)
            for place, side in zip(divmod(index, in_row), (height, width), strict=True)
        )
        h, w, c = picture.shape
        page[top : top + h, left : left + w, :c] = picture
    return page
