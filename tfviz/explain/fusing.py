"""The maps of several layers, made one.

Layers differ in size and in the scale of their maps. So each map is divided by its own largest
value, where that is positive, and brought to the finest size, before they are joined.

Source: for the maximum, Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for
Localization", 2021, without the tanh by which it lifts the maps of early layers; for the product,
Domeniconi et al., "How to Evaluate and Refine your CAM" (RefineCAM), 2026. The mean is what
pytorch-grad-cam does with several layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfviz.errors import LayerError

FUSES = ("mean", "max", "product")


def fuse(maps: Sequence[np.ndarray], how: str) -> np.ndarray:
    """Join maps of the same inputs.

    Args:
        maps: (batch, *spatial) each; sizes may differ, the number of spatial axes may not.
        how: 'mean', 'max' (of signed maps: the value farthest from zero) or 'product' (of signed
            maps: negative where any of them is).

    Returns:
        (batch, *finest spatial) float32, each value between -1 and 1.

    Raises:
        LayerError: When the maps have different numbers of axes.
    """
    if len({each.ndim for each in maps}) > 1:
        shapes = ", ".join(str(each.shape[1:]) for each in maps)
        raise LayerError(
            f"The joined layers give maps of shapes {shapes}, which don't lie on each other: join "
            f"layers whose maps have equally many axes."
        )
    finest = tuple(max(sizes) for sizes in zip(*(each.shape[1:] for each in maps), strict=True))
    stacked = np.stack([resized(_of_own_scale(each), finest) for each in maps])
    if how == "mean":
        return stacked.mean(axis=0, dtype=np.float32)
    if how == "max":
        farthest = np.abs(stacked).argmax(axis=0)
        return np.take_along_axis(stacked, farthest[None], axis=0)[0]
    signs = np.where((stacked < 0).any(axis=0), -1, 1).astype(np.float32)
    return signs * np.abs(stacked).prod(axis=0)


def _of_own_scale(maps: np.ndarray) -> np.ndarray:
    """Each map divided by its largest absolute value; a blank one stays blank."""
    axes = tuple(range(1, maps.ndim))
    largest = np.abs(maps).max(axis=axes, keepdims=True)
    return maps / np.where(largest > 0, largest, 1)


def resized(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Maps of another size, interpolated linearly along each axis.

    A cell covers its part of the input; values hold at the centres of cells, and beyond the
    outermost centres they stay.

    Args:
        maps: (batch, *spatial), any number of spatial axes.
        size: The new spatial axes.
    """
    for axis, count in enumerate(size, start=1):
        have = maps.shape[axis]
        if have == count:
            continue
        centres = np.clip((np.arange(count) + 0.5) * have / count - 0.5, 0, have - 1)
        low = np.floor(centres).astype(int)
        high = np.minimum(low + 1, have - 1)
        shape = [1] * maps.ndim
        shape[axis] = count
        part = (centres - low).astype(np.float32).reshape(shape)
        maps = maps.take(low, axis) * (1 - part) + maps.take(high, axis) * part
    return maps
