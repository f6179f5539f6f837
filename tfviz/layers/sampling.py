"""The columns of a deformable convolution: an image read between its pixels, tap by tap.

Outside the image the value fades linearly to zero over one pixel, which a border of one zero pixel
gives by itself: no corner has to be asked whether it lies inside.

Forward, one operation reads all four corners, weighs and adds them (`CropAndResize` with crops of
one pixel); written out as gathers the same is nearly twice as slow, because each pass goes over
memory as large as the columns. It exists for float32 and float16; all else gathers, and so does
code compiled by XLA, which doesn't have it. Backward is written by hand: by position, the fused
operation has a derivative of zero on whole pixels, and whole pixels are where every layer begins.
By the image its own gradient adds from several threads without a lock, so that samples that share a
pixel may lose what they add (seen with TensorFlow 2.21 on a CPU); `unsorted_segment_sum` does not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfviz.layers.compiling import inside_xla
from tfviz.layers.geometry import Geometry

FUSED = (tf.float32, tf.float16)


def positions(offset: tf.Tensor, geometry: Geometry, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where each tap samples.

    Args:
        offset: (batch, output height, output width, 2 * groups * taps), y first, in pixels, in the
            type that positions shall have.
        geometry: How the kernel walks.
        x: The image, for its size.

    Returns:
        y and x, each (batch, output pixels, taps, groups), in pixels of the image.
    """
    groups = offset.shape[-1] // (2 * geometry.taps)
    axes = []
    for axis in (0, 1):
        size = extent(x, axis + 1)
        first = tf.range(geometry.length(axis, size)) * geometry.strides[axis]
        first -= geometry.before(axis, size)
        taps = tf.range(geometry.kernel[axis]) * geometry.dilation[axis]
        axes.append(tf.cast(first[:, tf.newaxis] + taps, offset.dtype))
    down, across = axes
    sizes = [geometry.length(axis, extent(x, axis + 1)) for axis in (0, 1)]
    # Broken down to (rows, columns, taps down, taps across) and put together again.
    shape = (*sizes, *geometry.kernel)
    pixels = sizes[0] * sizes[1]
    whole = (pixels, geometry.taps, 1)
    y = tf.reshape(tf.broadcast_to(down[:, tf.newaxis, :, tf.newaxis], shape), whole)
    x = tf.reshape(tf.broadcast_to(across[tf.newaxis, :, tf.newaxis, :], shape), whole)
    moved = tf.reshape(offset, (extent(offset, 0), pixels, groups, geometry.taps, 2))
    moved = tf.transpose(moved, (0, 1, 3, 2, 4))
    return y + moved[..., 0], x + moved[..., 1]


def columns(
    image: tf.Tensor, y: tf.Tensor, x: tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    """What the taps see, bilinear between pixels.

    Args:
        image: (batch, height, width, channels), floats.
        y: (batch, output pixels, taps, groups), in pixels, float32 or wider.
        x: The same for the other axis.
        mask: Factors in the shape and type of `y`; None is ones.

    Returns:
        (batch, output pixels, taps, channels) in the type of the image. NaN where a position is.
    """
    given = (image, y, x) if mask is None else (image, y, x, mask)

    @tf.custom_gradient
    def sample(*given: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            return _gradient(upstream, *given)

        return (_fused if _fuses(*given[:2]) else _gathered)(*given), gradient

    return sample(*given)


class _Corners(NamedTuple):
    """Per tap, flat: the row of the upper left corner in the bordered image, and its shares."""

    row: tf.Tensor
    dy: tf.Tensor
    dx: tf.Tensor
    inside: tf.Tensor

    def shares(self, factor: tf.Tensor) -> list[tf.Tensor]:
        """What each corner counts, times a factor."""
        low = self.dy * factor
        high = factor - low
        return [high - high * self.dx, high * self.dx, low - low * self.dx, low * self.dx]


def extent(tensor: tf.Tensor, axis: int) -> Any:
    """The length of an axis: a number where it is known, else a tensor."""
    known = tensor.shape[axis]
    return tf.shape(tensor)[axis] if known is None else known


def _bordered(image: tf.Tensor, groups: int) -> tf.Tensor:
    """With a pixel of zeros around it: (batch * groups, height + 2, width + 2, channels of one)."""
    bordered = tf.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    if groups == 1:
        return bordered
    _, height, width, channels = (extent(bordered, axis) for axis in range(4))
    apart = tf.reshape(bordered, (-1, height, width, groups, channels // groups))
    apart = tf.transpose(apart, (0, 3, 1, 2, 4))
    return tf.reshape(apart, (-1, height, width, channels // groups))


def _unbordered(bordered: tf.Tensor, groups: int) -> tf.Tensor:
    inner = bordered[:, 1:-1, 1:-1]
    if groups == 1:
        return inner
    _, height, width, channels = (extent(inner, axis) for axis in range(4))
    apart = tf.reshape(inner, (-1, groups, height, width, channels))
    apart = tf.transpose(apart, (0, 2, 3, 1, 4))
    return tf.reshape(apart, (-1, height, width, groups * channels))


def _corners(image: tf.Tensor, y: tf.Tensor, x: tf.Tensor) -> _Corners:
    height, width = extent(image, 1), extent(image, 2)
    floor_y, floor_x = tf.floor(y), tf.floor(x)
    bottom, right = (tf.cast(each - 1, y.dtype) for each in (height, width))
    inside = (floor_y >= -1) & (floor_y <= bottom) & (floor_x >= -1) & (floor_x <= right)
    # Clipped as integers: what is far outside, or NaN, must not become a row that doesn't exist.
    row = tf.clip_by_value(tf.cast(floor_y, tf.int32), -1, height - 1) + 1
    column = tf.clip_by_value(tf.cast(floor_x, tf.int32), -1, width - 1) + 1
    pixels = row * (width + 2) + column + _numbers(image, y) * ((height + 2) * (width + 2))
    flat = (-1, 1)
    # A position that is infinite is outside, and its share must not be NaN for that.
    dy = tf.where(tf.math.is_inf(y), tf.zeros_like(y), y - floor_y)
    dx = tf.where(tf.math.is_inf(x), tf.zeros_like(x), x - floor_x)
    return _Corners(
        tf.reshape(pixels, (-1,)),
        tf.reshape(dy, flat),
        tf.reshape(dx, flat),
        tf.reshape(tf.cast(inside, y.dtype), flat),
    )


def _numbers(image: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Which of the bordered images each position is in, to be added to its axes."""
    batch, groups = extent(image, 0), y.shape[-1]
    return tf.reshape(tf.range(batch * groups), (batch, 1, 1, groups))


def _steps(image: tf.Tensor) -> tuple[Any, ...]:
    """From the upper left corner to all four, in rows of the flat bordered image."""
    below = extent(image, 2) + 2
    return 0, 1, below, below + 1


def _flat(bordered: tf.Tensor) -> tf.Tensor:
    return tf.reshape(bordered, (-1, bordered.shape[-1]))


def _shaped(flat: tf.Tensor, y: tf.Tensor, channels: int) -> tf.Tensor:
    """As (batch, output pixels, taps, channels); groups stand side by side in the channels."""
    return tf.reshape(flat, (extent(y, 0), extent(y, 1), y.shape[2], channels))


def _gathered(
    image: tf.Tensor, y: tf.Tensor, x: tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    corners = _corners(image, y, x)
    factor = corners.inside if mask is None else corners.inside * tf.reshape(mask, (-1, 1))
    pixels = _flat(_bordered(image, y.shape[-1]))
    seen = tf.add_n(
        [
            tf.cast(tf.gather(pixels, corners.row + step), y.dtype) * share
            for step, share in zip(_steps(image), corners.shares(factor), strict=True)
        ]
    )
    return _shaped(tf.cast(seen, image.dtype), y, image.shape[-1])


def _fuses(image: tf.Tensor, y: tf.Tensor) -> bool:
    return image.dtype in FUSED and y.dtype == tf.float32 and not inside_xla()


def _boxes(image: tf.Tensor, y: tf.Tensor, x: tf.Tensor) -> dict[str, tf.Tensor]:
    """Positions as crops of one pixel of the bordered images."""
    numbers = tf.broadcast_to(_numbers(image, y), tf.shape(y))
    shares = []
    for axis, position in ((1, y), (2, x)):
        last = tf.cast(extent(image, axis), y.dtype)
        # The operation refuses NaN, which is put back in by `_factor`.
        position = tf.where(_unknown(y, x), -1.0, tf.clip_by_value(position, -1.0, last))
        shares.append(tf.reshape((position + 1) / (last + 1), (-1,)))
    return {"boxes": tf.stack(shares * 2, axis=-1), "box_ind": tf.reshape(numbers, (-1,))}


def _unknown(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.math.is_nan(y) | tf.math.is_nan(x)


def _factor(y: tf.Tensor, x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """What each sample counts, as a column; NaN where its position is."""
    counts = tf.ones_like(y) if mask is None else mask
    return tf.reshape(tf.where(_unknown(y, x), y + x, counts), (-1, 1))


def _fused(
    image: tf.Tensor, y: tf.Tensor, x: tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    seen = tf.raw_ops.CropAndResize(
        image=_bordered(image, y.shape[-1]), crop_size=(1, 1), **_boxes(image, y, x)
    )
    seen = tf.reshape(seen, (-1, seen.shape[-1])) * _factor(y, x, mask)
    return _shaped(tf.cast(seen, image.dtype), y, image.shape[-1])


def _gradient(
    upstream: tf.Tensor,
    image: tf.Tensor,
    y: tf.Tensor,
    x: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> list[tf.Tensor]:
    """By all that was given; on whole pixels, from the right, as everybody has it.

    Computed from what was given alone, so that nothing else is kept, and a second derivative
    finds its way.
    """
    # Not before the gradient arrives: TensorFlow would read the corners of all layers at once.
    with tf.control_dependencies([upstream]):
        corners = _corners(image, y, x)
        bordered = _bordered(image, y.shape[-1])
        pixels = _flat(bordered)
    asked = tf.cast(tf.reshape(upstream, (-1, pixels.shape[-1])), y.dtype)
    factor = corners.inside if mask is None else corners.inside * tf.reshape(mask, (-1, 1))

    met: list[tf.Tensor] = []
    spread: list[tf.Tensor] = []
    for step, share in zip(_steps(image), corners.shares(factor), strict=True):
        # Nor one corner before the last is done with: each is as large as all columns.
        with tf.control_dependencies(met[-1:] + spread[-1:]):
            rows = corners.row + step
            seen = tf.cast(tf.gather(pixels, rows), y.dtype)
            met.append(tf.reduce_sum(seen * asked, axis=-1, keepdims=True))
            count = tf.shape(pixels)[0]
            spread.append(tf.math.unsorted_segment_sum(asked * share, rows, count))
    by_image = _unbordered(tf.reshape(tf.add_n(spread), tf.shape(bordered)), y.shape[-1])

    dy, dx = corners.dy, corners.dx
    left, right = met[2] - met[0], met[3] - met[1]
    above, below = met[1] - met[0], met[3] - met[2]
    by_y = (left + dx * (right - left)) * factor
    by_x = (above + dy * (below - above)) * factor
    found = [tf.cast(by_image, image.dtype), tf.reshape(by_y, tf.shape(y))]
    found.append(tf.reshape(by_x, tf.shape(y)))
    if mask is not None:
        shares = corners.shares(corners.inside)
        by_mask = tf.add_n([a * b for a, b in zip(met, shares, strict=True)])
        found.append(tf.reshape(by_mask, tf.shape(y)))
    return found
