"""Deformable convolution in float64 NumPy and SciPy, one tap of one channel at a time."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates


def pads(padding, size, kernel, stride, dilation):
    """Pixels before and behind."""
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        return total // 2, total - total // 2
    return padding, padding


def output_size(padding, size, kernel, stride, dilation):
    before, behind = pads(padding, size, kernel, stride, dilation)
    return (size + before + behind - (kernel - 1) * dilation - 1) // stride + 1


def deform_conv2d(x, offset, kernel, mask=None, *, strides, padding, dilation):
    """`strides`, `padding` and `dilation` as pairs (y, x)."""
    batch, height, width, channels = x.shape
    down, across, inner, filters = kernel.shape
    taps, groups = down * across, channels // inner
    offset_groups = offset.shape[-1] // (2 * taps)
    rows = output_size(padding[0], height, down, strides[0], dilation[0])
    columns = output_size(padding[1], width, across, strides[1], dilation[1])
    top = pads(padding[0], height, down, strides[0], dilation[0])[0]
    left = pads(padding[1], width, across, strides[1], dilation[1])[0]
    oy, ox = np.mgrid[:rows, :columns]
    out = np.zeros((batch, rows, columns, filters))
    for b in range(batch):
        for c in range(channels):
            g = c // (channels // offset_groups)
            first = (c // inner) * (filters // groups)
            for k in range(taps):
                i, j = divmod(k, across)
                place = g * 2 * taps + 2 * k
                y = oy * strides[0] - top + i * dilation[0] + offset[b, :, :, place]
                xx = ox * strides[1] - left + j * dilation[1] + offset[b, :, :, place + 1]
                seen = map_coordinates(
                    x[b, :, :, c], [y, xx], order=1, mode="grid-constant", cval=0, prefilter=False
                )
                if mask is not None:
                    seen = seen * mask[b, :, :, g * taps + k]
                weights = kernel[i, j, c % inner, first : first + filters // groups]
                out[b, :, :, first : first + len(weights)] += seen[..., np.newaxis] * weights
    return out
