"""An error explained where it happens: which values stood on the line that failed, and why.

    python samples/diagnose.py

Three slips of a beginning, each in a block that `tfviz.diagnose()` watches. The block changes
nothing: the error goes on to whoever wants it, here to `contextlib.suppress`. What the doctor says
is printed as it comes, or written to `diagnosis.txt` in the folder of --out.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np

import tfviz


def photos_of_two_sizes() -> np.ndarray:
    photos = [np.zeros((32, 32, 3), np.uint8), np.zeros((32, 30, 3), np.uint8)]
    return np.stack(photos)


def a_mean_of_channels_first() -> np.ndarray:
    images = np.full((8, 3, 16, 20), 127.0)
    mean = np.array([123.7, 116.8, 103.9])
    return images - mean


def a_folder_without_photos() -> np.ndarray:
    folder = Path("no-such-folder")
    photos = [tfviz.read_rgb(path) for path in sorted(folder.glob("*.jpg"))]
    return np.stack(photos)


SLIPS: tuple[Callable[[], np.ndarray], ...] = (
    photos_of_two_sizes,
    a_mean_of_channels_first,
    a_folder_without_photos,
)


def explain(slips: tuple[Callable[[], np.ndarray], ...], file: TextIO) -> None:
    """Run each slip and let the doctor speak."""
    for slip in slips:
        with contextlib.suppress(ValueError), tfviz.diagnose(file=file):
            slip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the first slip")
    parser.add_argument("--out", help="a folder for diagnosis.txt; without it all is printed")
    arguments = parser.parse_args()

    slips = SLIPS[:1] if arguments.quick else SLIPS
    if arguments.out:
        folder = Path(arguments.out)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "diagnosis.txt").open("w", encoding="utf-8") as file:
            explain(slips, file)
    else:
        explain(slips, sys.stdout)


if __name__ == "__main__":
    main()
