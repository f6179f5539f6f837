"""Arrays to image files and `.npy` files, whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from tfviz.errors import InputError, OutputError
from tfviz.files import write_bytes
from tfviz.image.opencv import cv2

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
JPEG_MAX_SIDE = 65_500


def write_image(path: str | os.PathLike[str], rgb: np.ndarray, *, quality: int = 95) -> None:
    """Writes an image as PNG or JPEG, as the suffix says.

    JPEGs keep the colours of every pixel (4:4:4): heatmaps have strong colours at fine edges,
    which the usual halving of the colour resolution would smear.

    Args:
        path: The file, ending in .png or .jpg; its folder must exist.
        rgb: uint8 of shape (height, width, 3).
        quality: 1 to 100, for JPEG only.

    Raises:
        InputError: If the array is no such image, or the quality is out of range.
        OutputError: If the suffix is another one, or the place can't be written to.
    """
    if rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise InputError(
            "an image to write is a uint8 array of shape (height, width, 3), but this one has the "
            f"shape {rgb.shape} and the type {rgb.dtype}: convert it first."
        )
    suffix = Path(path).suffix.lower()
    opencv = cv2()
    if suffix == ".png":
        # OpenCV's own settings: twice as fast as Pillow's fastest, 10 % larger than its best.
        kind, settings = ".png", []
    elif suffix in JPEG_SUFFIXES:
        if not 1 <= quality <= 100:
            raise InputError(f"a JPEG quality of {quality} doesn't exist: use 1 to 100.")
        if max(rgb.shape) > JPEG_MAX_SIDE:
            raise OutputError(
                f"can't write '{path}': JPEG has room for {JPEG_MAX_SIDE} pixels a side, and this "
                f"image is {rgb.shape[0]}x{rgb.shape[1]}; write a PNG."
            )
        kind = ".jpg"
        settings = [opencv.IMWRITE_JPEG_QUALITY, quality]
        settings += [opencv.IMWRITE_JPEG_SAMPLING_FACTOR, opencv.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    else:
        raise OutputError(
            f"can't write '{path}' as an image: '{suffix}' is no suffix for it; use .png or .jpg."
        )
    try:
        # Encoded in memory: OpenCV's own writer can't open every name on Windows.
        done, data = opencv.imencode(kind, opencv.cvtColor(rgb, opencv.COLOR_RGB2BGR), settings)
    except opencv.error as error:
        raise OutputError(f"can't encode '{path}': {error}; try another format.") from error
    if not done:
        raise OutputError(f"can't encode '{path}': OpenCV gave no reason; try another format.")
    write_bytes(path, data.tobytes())


def write_array(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Writes an array as `.npy`, which `numpy.load` reads.

    Args:
        path: The file, used as it is; its folder must exist.
        array: Of any shape and any numeric type.

    Raises:
        InputError: If it holds Python objects, which can't be loaded safely.
        OutputError: If the place can't be written to.
    """
    if array.dtype.hasobject:
        raise InputError(
            f"an array of Python objects (shape {array.shape}) can't be loaded safely: give it a "
            "numeric type first."
        )
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())
