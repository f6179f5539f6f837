"""Deformable convolution as a function of arrays."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfviz.errors import InputError
from tfviz.layers.geometry import Geometry
from tfviz.layers.sampling import columns, extent, positions


# AutoGraph has nothing to convert here: there is no branch on a tensor.
@tf.autograph.experimental.do_not_convert
def deform_conv2d(
    x: Any,
    offset: Any,
    kernel: Any,
    mask: Any = None,
    *,
    bias: Any = None,
    strides: int | tuple[int, int] = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation_rate: int | tuple[int, int] = 1,
    recompute: bool = False,
) -> tf.Tensor:
    """A convolution whose taps stand where `offset` puts them.

    For tap k = i * kernel width + j, output pixel (oy, ox) samples bilinearly at

        y = oy * stride - pad + i * dilation + offset[..., 2k]
        x = ox * stride - pad + j * dilation + offset[..., 2k + 1]

    Outside the image the value fades linearly to zero over one pixel. This is
    `torchvision.ops.deform_conv2d` with channels last: offsets and mask in torchvision's order,
    transposed from (batch, channels, height, width).

    Args:
        x: (batch, height, width, channels), floats.
        offset: (batch, output height, output width, 2 * offset groups * taps), in pixels: for
            each offset group and in it for each tap, y and then x. The channels of `x` are
            divided among the offset groups in order.
        kernel: (kernel height, kernel width, channels // groups, filters). Groups are independent
            of offset groups.
        mask: (batch, output height, output width, offset groups * taps), a factor for each tap
            (v2), used as it is: no sigmoid. None is v1.
        bias: (filters,), or None.
        strides: An integer, or two: y, x.
        padding: 'valid', 'same' (as TensorFlow pads), or pixels on each side.
        dilation_rate: An integer, or two: y, x.
        recompute: Keep only `x`, `offset`, `mask` and `kernel` for the backward pass and compute
            the rest again there: less memory, more time.

    Returns:
        (batch, output height, output width, filters) in the type of `x`. Positions are computed
        in float32, or in float64 where `x` is float64.

    Raises:
        InputError: When types or shapes don't fit.

    Source:
        Dai et al. 2017, "Deformable Convolutional Networks", equations 2 to 4; Zhu et al. 2019,
        "Deformable ConvNets v2", equation 1.
    """
    x = tf.convert_to_tensor(x)
    offset, kernel = tf.convert_to_tensor(offset), tf.convert_to_tensor(kernel)
    mask = None if mask is None else tf.convert_to_tensor(mask)
    _refuse_types({"x": x, "offset": offset, "kernel": kernel, "mask": mask})
    _refuse_ranks({"x": x, "offset": offset, "kernel": kernel, "mask": mask})
    geometry = Geometry.of(tuple(kernel.shape[:2]), strides, padding, dilation_rate)
    _refuse_shapes(x, offset, kernel, mask, geometry)

    wide = tf.float64 if x.dtype == tf.float64 else tf.float32
    given = [x, tf.cast(offset, wide), tf.cast(kernel, x.dtype)]
    if mask is not None:
        given.append(tf.cast(mask, wide))

    def convolve(*given: tf.Tensor) -> tf.Tensor:
        return _convolve(geometry, *given)

    result = (_recomputed(convolve) if recompute else convolve)(*given)
    return result if bias is None else result + tf.cast(bias, x.dtype)


def _convolve(
    geometry: Geometry,
    x: tf.Tensor,
    offset: tf.Tensor,
    kernel: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> tf.Tensor:
    y_at, x_at = positions(offset, geometry, x)
    if mask is not None:
        groups = mask.shape[-1] // geometry.taps
        mask = tf.reshape(mask, (tf.shape(mask)[0], -1, groups, geometry.taps))
        mask = tf.transpose(mask, (0, 1, 3, 2))
    seen = columns(x, y_at, x_at, mask)
    result = _multiply(seen, kernel)
    sizes = [geometry.length(axis, extent(x, axis + 1)) for axis in (0, 1)]
    return tf.reshape(result, (extent(x, 0), *sizes, kernel.shape[-1]))


def _multiply(seen: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Columns (batch, pixels, taps, channels) times the kernel: (all pixels, filters)."""
    taps, channels = seen.shape[2:]
    inner, filters = kernel.shape[2:]
    groups = channels // inner
    if groups == 1:
        return tf.reshape(seen, (-1, taps * channels)) @ tf.reshape(kernel, (-1, filters))
    apart = tf.transpose(tf.reshape(seen, (-1, taps, groups, inner)), (2, 0, 1, 3))
    weights = tf.reshape(kernel, (taps, inner, groups, filters // groups))
    weights = tf.reshape(tf.transpose(weights, (2, 0, 1, 3)), (groups, taps * inner, -1))
    product = tf.reshape(apart, (groups, -1, taps * inner)) @ weights
    return tf.reshape(tf.transpose(product, (1, 0, 2)), (-1, filters))


def _recomputed(convolve: Any) -> Any:
    """The same function, which keeps nothing but its arguments for the backward pass."""

    @tf.custom_gradient
    def lean(*given: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            # Not before the gradient arrives: a graph's optimiser would take both for one.
            with tf.control_dependencies([upstream]), tf.GradientTape() as tape:
                again = [tf.identity(each) for each in given]
                tape.watch(again)
                result = convolve(*again)
            return tape.gradient(result, again, upstream)

        return convolve(*given), gradient

    return lean


def _refuse_types(given: dict[str, tf.Tensor | None]) -> None:
    for name, tensor in given.items():
        if tensor is not None and not tensor.dtype.is_floating:
            raise InputError(
                f"{name} holds {tensor.dtype.name}, and a bilinear sample lies between whole "
                f"numbers: give floats, tf.cast({name}, 'float32')."
            )


def _refuse_ranks(given: dict[str, tf.Tensor | None]) -> None:
    axes = {"kernel": "(kernel height, kernel width, channels // groups, filters)"}
    for name, tensor in given.items():
        if tensor is not None and tensor.shape.rank != 4:
            raise InputError(
                f"{name} has the shape {tensor.shape}, and four axes are needed: "
                f"{axes.get(name, '(batch, height, width, channels)')}."
            )


def _refuse_shapes(
    x: tf.Tensor,
    offset: tf.Tensor,
    kernel: tf.Tensor,
    mask: tf.Tensor | None,
    geometry: Geometry,
) -> None:
    channels, (inner, filters) = x.shape[-1], kernel.shape[2:]
    for name, tensor in (("x", x), ("offset", offset), ("mask", mask)):
        if tensor is not None and tensor.shape[-1] is None:
            raise InputError(
                f"The number of channels of {name} is not known: set it, "
                f"{name}.set_shape((None, None, None, channels))."
            )
    refuse_groups(channels, filters, channels // inner if channels % inner == 0 else None, inner)
    taps, across = geometry.taps, "x".join(str(each) for each in geometry.kernel)
    groups, rest = divmod(offset.shape[-1], 2 * taps)
    if rest or not groups:
        raise InputError(
            f"offset has {offset.shape[-1]} channels, and a {across} kernel moves its {taps} taps "
            f"in y and x: give {2 * taps} channels for each offset group."
        )
    if channels % groups:
        raise InputError(
            f"offset has {offset.shape[-1]} channels, which makes {groups} offset groups of a "
            f"{across} kernel, and the {channels} channels of x can't be divided among them: use "
            f"a number of offset groups that divides {channels}."
        )
    if mask is not None and mask.shape[-1] != groups * taps:
        raise InputError(
            f"mask has {mask.shape[-1]} channels, and {groups} offset groups of {taps} taps need "
            f"{groups * taps}: one factor for each tap, half as many channels as offset has."
        )
    wanted = tuple(
        None if x.shape[axis + 1] is None else geometry.length(axis, x.shape[axis + 1])
        for axis in (0, 1)
    )
    if any(size is not None and size < 1 for size in wanted):
        raise InputError(
            f"x of {x.shape[1]}x{x.shape[2]} pixels is smaller than the reach of a {across} "
            f"kernel with dilation {geometry.dilation}: use padding='same' or a larger image."
        )
    for name, tensor in (("offset", offset), ("mask", mask)):
        if tensor is None:
            continue
        for size, own in zip((x.shape[0], *wanted), tensor.shape[:3], strict=True):
            if None not in (size, own) and size != own:
                raise InputError(
                    f"{name} has the shape {tuple(tensor.shape)}, and x of {tuple(x.shape)} gives "
                    f"an output of {(x.shape[0], *wanted)} (batch, height, width): give one "
                    f"{name} for each of its pixels."
                )


def refuse_groups(channels: int, filters: int, groups: int | None, inner: int) -> None:
    """Refuse weight groups that don't divide channels and filters.

    Args:
        channels: Of the image.
        filters: Of the output.
        groups: How many groups; None where `inner` doesn't divide `channels`.
        inner: How many channels of the image each filter sees.

    Raises:
        InputError: In one sentence.
    """
    if groups is None:
        raise InputError(
            f"kernel takes {inner} channels and x has {channels}, which can't be divided into "
            f"groups of {inner}: give a kernel of shape (height, width, channels // groups, "
            f"filters)."
        )
    if filters % groups:
        raise InputError(
            f"kernel makes {filters} filters in {groups} groups ({channels} channels of x, "
            f"{inner} in each), and {groups} doesn't divide {filters}: use a multiple of {groups}."
        )
