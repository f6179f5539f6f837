"""Files that are broken in ten thousand ways are read or refused, and never anything else."""

from __future__ import annotations

import builtins
import os
import time
from pathlib import Path

import numpy as np
import pytest

# Before `exec` is watched: importing a package runs its code.
import safetensors  # noqa: F401
import torch_files as files

from tfviz.errors import ModelError
from tfviz.zoo.checkpoints.reading import read_checkpoint

DATA = Path(__file__).parent / "data"
LONGEST = 5.0


def seeds(sentinel: Path) -> list[tuple[str, bytes]]:
    """What is broken: a file of every kind, and one that would run something if it could."""
    names = [
        "odd_zip.pth",
        "odd_legacy.pth",
        "odd.safetensors",
        "wrapped.pth.tar",
        "module_zip.pth",
    ]
    found = [(name, (DATA / name).read_bytes()) for name in names]
    data, _ = files.attacks(sentinel)["os.system by REDUCE"]
    evil = files.write_pickle(sentinel.parent / "evil.pth", data)
    return [*found, ("evil.pth", evil.read_bytes())]


def mutated(whole: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """One of six ways to break a file, most of them small."""
    data = bytearray(whole)
    way = random.integers(6)
    if way == 0:  # single bytes
        for _ in range(random.integers(1, 9)):
            data[random.integers(len(data))] = random.integers(256)
    elif way == 1:  # cut short
        del data[random.integers(len(data)) :]
    elif way == 2:  # numbers made extreme
        place = int(random.integers(max(1, len(data) - 8)))
        value = [0, 0xFF, 0x7F, 0x80][random.integers(4)]
        width = [1, 2, 4, 8][random.integers(4)]
        data[place : place + width] = bytes([value] * width)
    elif way == 3:  # a part left out
        start = int(random.integers(len(data)))
        del data[start : start + int(random.integers(1, 64))]
    elif way == 4:  # a part twice
        start = int(random.integers(len(data)))
        part = data[start : start + int(random.integers(1, 256))]
        data[start:start] = part
    else:  # a part of another file
        start, source = int(random.integers(len(data))), int(random.integers(len(other)))
        length = int(random.integers(1, 128))
        data[start : start + length] = other[source : source + length]
    return bytes(data)


def survive(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int, seed: int) -> int:
    """Read so many broken files; how many were refused."""
    random = np.random.default_rng(seed)
    sentinel = folder / "it_ran"
    wholes = seeds(sentinel)
    refused = 0

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a file of weights ran something")

    for module, name in ((os, "system"), (builtins, "eval"), (builtins, "exec")):
        monkeypatch.setattr(module, name, never)
    for number in range(count):
        name, whole = wholes[number % len(wholes)]
        path = folder / f"mutated{Path(name).suffix}"
        path.write_bytes(mutated(whole, wholes[random.integers(len(wholes))][1], random))
        start = time.perf_counter()
        try:
            for tensor in read_checkpoint(path).tensors.values():
                np.asarray(tensor.array()).sum()
        except ModelError:
            refused += 1
        assert time.perf_counter() - start < LONGEST, f"{name}, seed {seed}, number {number}"
    assert not sentinel.exists()
    return refused


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_500_broken_files_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 200 < survive(tmp_path, monkeypatch, 500, 0) < 500


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_10000_broken_files_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 4000 < survive(tmp_path, monkeypatch, 10_000, 1) < 10_000
