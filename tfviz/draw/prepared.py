"""Pictures taken apart: what came in, which axes and which range, one by one ready to be drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfviz.draw.arrival import Arrival, arrive
from tfviz.draw.assumed import Assumed
from tfviz.draw.layout import find_layout
from tfviz.draw.values import REACHED, Scale, bounds, find_scale, to_rgb8
from tfviz.errors import InputError

MOST = 64
"""So many pictures of a batch, or maps of a layer, are shown unless more are asked for."""


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
    """All that is needed to draw.

    Attributes:
        pictures: At least one.
        assumed: What was assumed about them.
        planes: Whether they are the channels of one picture.
        whole: How many there would be without a limit.
    """

    pictures: tuple[Picture, ...]
    assumed: Assumed
    planes: bool = False
    whole: int = 1


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
    if len(x) == 1:
        return _array(first, layout, values, most, name)
    alike = len({(each.array.shape, each.array.dtype) for each in arrived}) == 1
    if alike and first.array.ndim in (2, 3):
        inner = layout if layout is None or "N" not in layout else layout.replace("N", "", 1)
        found = find_layout(first.array.shape, inner, first=first.first, name=f"{name}[0]")
        notes = dict.fromkeys(note for each in arrived for note in each.notes)
        batch = Arrival(
            np.stack([each.array for each in arrived]),
            f"{kind} of {first.kind}",
            first.dtype,
            (len(x), *first.shape),
            first.first,
            tuple(notes) if len(notes) == 1 else (),
        )
        if "N" in found.letters:
            return _array(batch, layout, values, most, name)
        titles = [each.title for each in arrived]
        whole = _array(batch, f"N{found.letters}", values, most, name, titles=titles)
        told = replace(
            whole.assumed,
            layout_why=found.why,
            shown=_of(len(whole.pictures), len(x), "pictures"),
        )
        return whole if whole.planes else Prepared(whole.pictures, told, whole=len(x))
    if alike and first.array.ndim == 1:
        rows = [arrive(each, f"{name}[{index}]").array for index, each in enumerate(x)]
        table = Arrival(
            np.stack(rows), f"{kind} of {first.kind}", first.dtype, (len(rows), *first.shape)
        )
        return _array(table, layout, values, most, name)
    for index, each in enumerate(arrived):
        if each.array.ndim < 2:
            remedy = (
                f"of a pair (images, labels) show the images alone, {name}[0]."
                if first.array.ndim > 1
                else "give rows of one length, or pictures of two axes or more."
            )
            raise InputError(
                f"{name}[{index}] has the shape {each.shape}, which is no picture, in a {kind} of "
                f"{len(x)}: {remedy} (tfviz doctor show viz.imshow_shape.flat)"
            )
    pictures, parts = [], []
    for index, each in enumerate(arrived):
        one = _array(each, layout, values, most, f"{name}[{index}]")
        if len(one.pictures) > 1:
            raise InputError(
                f"{name}[{index}] has the shape {each.shape}, {one.assumed.shown}, in a list of "
                f"unlike arrays: show it alone, {name}[{index}]."
            )
        pictures.append(replace(one.pictures[0], title=each.title or str(index)))
        parts.append(one.assumed)
    assumed = Assumed(
        kind=f"{kind} of pictures",
        shape=(len(x),),
        dtype="",
        nan=sum(each.nan for each in parts),
        inf=sum(each.inf for each in parts),
        shown=_of(len(pictures), len(x), "pictures"),
        parts=tuple(parts),
    )
    return Prepared(tuple(pictures), assumed, whole=len(x))


def _array(
    arrival: Arrival,
    layout: str | None,
    values: str | Sequence[float] | None,
    most: int,
    name: str,
    *,
    titles: Sequence[str] = (),
) -> Prepared:
    found = find_layout(arrival.array.shape, layout, first=arrival.first, name=name)
    batch = found.apply(arrival.array)
    count, height, _, channels = batch.shape
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
    # A fourth channel is a transparency only where it has the range of one.
    planes = channels not in (1, 3, 4) or (channels == 4 and scale.name == "range")
    if planes and channels == 4:
        scale = scale_for(2)
    notes = list(arrival.notes)
    if low is not None and low == high:
        notes.append(f"constant: every number is {low:.6g}")
    notes.extend(_remarks(batch, scale, low or 0.0, high or 0.0, values, height))
    part = "pictures"
    if planes:
        if count > 1:
            notes.append(f"picture 0 of {count}; for another one give x[i]")
        pictures = _planes(batch[0], None if bad is None else bad[0], scale, most)
        part, whole = "channels", channels
    else:
        whole = count
        flat = batch if channels > 1 else batch[..., 0]
        marks = bad if bad is None or channels > 1 else bad[..., 0]
        pictures = []
        for index in range(min(count, most)):
            title = (titles[index] if titles else "") or str(index)
            mark = None if marks is None else marks[index]
            pictures.append(Picture(flat[index], mark, scale, title if count > 1 else ""))
    return Prepared(
        tuple(pictures),
        Assumed(
            kind=arrival.kind,
            shape=arrival.shape,
            dtype=arrival.dtype,
            layout="1" * found.dropped + found.letters,
            layout_why=found.why,
            values=scale.name,
            values_why="no number is finite" if low is None else scale.why,
            low=low,
            high=high,
            nan=nan,
            inf=0 if bad is None else int(np.count_nonzero(bad)) - nan,
            shown=_of(len(pictures), whole, part),
            notes=tuple(notes),
        ),
        planes,
        whole,
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


def _planes(picture: np.ndarray, bad: np.ndarray | None, scale: Scale, most: int) -> list[Picture]:
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
