"""What all tests share: where the real data lies, a photo, the command line in this process.

One file for all folders: collecting doctests imports every conftest.py under the same name.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; the test is skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TFVIZ_SHARED", default))
    if not (folder / "README.md").exists():
        pytest.skip(f"no real data at {folder} (set TFVIZ_SHARED)")
    return folder


@pytest.fixture(scope="session")
def cat() -> np.ndarray:
    """The cat of scikit-image, 300 x 451."""
    from tfviz.image import read_rgb, sample_path

    return read_rgb(sample_path("cat"))


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def objects(self) -> list[Any]:
        """The JSON objects on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def tfviz_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """`tfviz ARGUMENTS` in this process: exit code, standard output, standard error."""
    from tfviz_cli.main import run

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(each) for each in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
