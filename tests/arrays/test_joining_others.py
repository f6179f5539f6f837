"""PyTorch and JAX, where they are installed; they are no dependencies."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.arrays import concatenate, stack
from tfviz.errors import InputError


def test_torch_tensors_stay_theirs_and_keep_their_gradient() -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(2, 3, requires_grad=True)
    joined = concatenate([x, np.full((1, 3), 5.0)[::-1]])
    assert isinstance(joined, torch.Tensor)
    assert joined.dtype == torch.float32
    joined.sum().backward()
    assert x.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert stack([x, x], axis=-1).shape == (2, 3, 2)
    assert concatenate([], like=x).shape == (0, 3)


def test_torch_dtypes_are_promoted_as_torch_does() -> None:
    torch = pytest.importorskip("torch")
    from tfviz.arrays.promotion import promoted

    names = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32"]
    names += ["float64", "complex64"]
    for one in names:
        for other in names:
            theirs = torch.promote_types(getattr(torch, one), getattr(torch, other))
            assert promoted([one, other]) == str(theirs).removeprefix("torch.")


def test_torch_tensors_on_two_devices_are_named() -> None:
    torch = pytest.importorskip("torch")
    parts = [torch.ones(1), torch.ones(1, device="meta"), torch.ones(1)]
    with pytest.raises(
        InputError, match=r"part 1 is on the device 'meta', 2 of 3 .*x\.to\('cpu'\)"
    ):
        concatenate(parts)


def test_jax_arrays_stay_theirs_also_while_traced() -> None:
    jax = pytest.importorskip("jax")
    x = jax.numpy.ones((2, 3))
    assert isinstance(concatenate([x, np.ones((1, 3))]), jax.Array)
    assert jax.jit(lambda a: stack([a, 2 * a]))(x).sum() == 18


def test_two_frameworks_are_refused_by_index() -> None:
    torch = pytest.importorskip("torch")
    tf = pytest.importorskip("tensorflow")
    with pytest.raises(InputError) as error:
        concatenate([np.ones(1), torch.ones(1), tf.ones(1)])
    assert "Part 1 is a PyTorch tensor, part 2 a TensorFlow tensor" in str(error.value)
    assert "x.detach().cpu().numpy() and x.numpy()" in str(error.value)
