r"""Make the references beside this file with PyTorch: run once, by hand, where PyTorch is.

    python tests/layers/data/make_grid_sample_references.py

Each tap is one `grid_sample` (bilinear, zeros outside, corners aligned), the taps are multiplied
with the weights, and PyTorch's own automatic differentiation gives the gradients. All in float64,
stored with channels last, as tfviz has them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it

DATA = Path(__file__).parent
BATCH, HEIGHT, WIDTH, CHANNELS, FILTERS = 2, 7, 6, 4, 4
# kernel, stride, padding, dilation (each y and x), groups, offset groups, modulated
CASES = {
    "plain": ((3, 3), (1, 1), (1, 1), (1, 1), 1, 1, False),
    "modulated": ((3, 3), (1, 1), (1, 1), (1, 1), 1, 1, True),
    "strided": ((3, 3), (2, 1), (1, 0), (1, 1), 1, 2, True),
    "dilated": ((2, 3), (1, 1), (2, 1), (2, 2), 2, 1, True),
    "grouped": ((3, 2), (2, 2), (1, 1), (1, 2), 2, 4, True),
    "depthwise": ((3, 3), (1, 2), (0, 1), (1, 1), 4, 2, False),
}


def sampled(x, offset, mask, kernel, stride, pad, dilation, groups, offset_groups):
    down, across = kernel.shape[2:]
    rows = (HEIGHT + 2 * pad[0] - (down - 1) * dilation[0] - 1) // stride[0] + 1
    columns = (WIDTH + 2 * pad[1] - (across - 1) * dilation[1] - 1) // stride[1] + 1
    oy = torch.arange(rows, dtype=torch.float64)[:, None] * stride[0] - pad[0]
    ox = torch.arange(columns, dtype=torch.float64)[None, :] * stride[1] - pad[1]
    taps = down * across
    result = 0
    for k in range(taps):
        i, j = divmod(k, across)
        parts = []
        for g, part in enumerate(x.chunk(offset_groups, dim=1)):
            at = g * 2 * taps + 2 * k
            y = oy + i * dilation[0] + offset[:, at]
            xx = ox + j * dilation[1] + offset[:, at + 1]
            grid = torch.stack([2 * xx / (WIDTH - 1) - 1, 2 * y / (HEIGHT - 1) - 1], dim=-1)
            seen = F.grid_sample(part, grid, "bilinear", "zeros", align_corners=True)
            if mask is not None:
                seen = seen * mask[:, g * taps + k, None]
            parts.append(seen)
        result = result + F.conv2d(
            torch.cat(parts, 1), kernel[:, :, i : i + 1, j : j + 1], groups=groups
        )
    return result


def last(tensor):
    return tensor.detach().permute(0, 2, 3, 1).numpy()


def main():
    stored = {}
    for number, (name, case) in enumerate(CASES.items()):
        size, stride, pad, dilation, groups, offset_groups, modulated = case
        make = torch.Generator().manual_seed(number)

        def normal(*shape, make=make):
            return torch.randn(*shape, generator=make, dtype=torch.float64)

        taps = size[0] * size[1]
        rows = (HEIGHT + 2 * pad[0] - (size[0] - 1) * dilation[0] - 1) // stride[0] + 1
        columns = (WIDTH + 2 * pad[1] - (size[1] - 1) * dilation[1] - 1) // stride[1] + 1
        x = normal(BATCH, CHANNELS, HEIGHT, WIDTH).requires_grad_()
        kernel = normal(FILTERS, CHANNELS // groups, *size).requires_grad_()
        offset = (2 * normal(BATCH, 2 * offset_groups * taps, rows, columns)).requires_grad_()
        mask = None
        if modulated:
            mask = normal(BATCH, offset_groups * taps, rows, columns).sigmoid().detach()
            mask.requires_grad_()
        out = sampled(x, offset, mask, kernel, stride, pad, dilation, groups, offset_groups)
        upstream = normal(*out.shape)
        out.backward(upstream)
        arrays = {"x": x, "offset": offset, "out": out, "upstream": upstream}
        arrays |= {"dx": x.grad, "doffset": offset.grad}
        if modulated:
            arrays |= {"mask": mask, "dmask": mask.grad}
        stored |= {f"{name}.{key}": last(value) for key, value in arrays.items()}
        for key, value in {"kernel": kernel, "dkernel": kernel.grad}.items():
            stored[f"{name}.{key}"] = value.detach().permute(2, 3, 1, 0).numpy()
        stored[f"{name}.how"] = np.array([*stride, *pad, *dilation])
    np.savez_compressed(DATA / "grid_sample.npz", **stored)
    print(f"wrote {DATA / 'grid_sample.npz'}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
