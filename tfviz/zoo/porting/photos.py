"""Photos as torchvision makes them ready, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.model.pixels import scale

RESIZE, CROP = 256, 224


def torchvision_preprocess(images: Any, *, resize: int = RESIZE, crop: int = CROP) -> np.ndarray:
    """What torchvision's evaluation transform makes of photos.

    `Resize(resize)` with antialiasing, as Pillow does it, `CenterCrop(crop)`, `ToTensor()` and
    `Normalize` with ImageNet's mean and deviation. `tfviz.preprocess` takes the whole height or
    width instead of its middle 224/256, so that a heatmap covers it; this is for comparing numbers
    with PyTorch.

    Args:
        images: One photo (height, width, 3) uint8 RGB, or several of any sizes.
        resize: The shorter side of a photo before it is cropped, in pixels.
        crop: Height and width of the result, in pixels.

    Returns:
        float32 (batch, crop, crop, 3), channels last.

    Raises:
        InputError: When images aren't photos, or the crop is larger than what it is cut from.
    """
    if not 1 <= crop <= resize:
        raise InputError(f"crop={crop} must lie between 1 and resize={resize}.")
    single = isinstance(images, np.ndarray) and images.ndim == 3
    photos = [images] if single else list(images)
    if not photos:
        raise InputError("images= is empty: give at least one photo.")
    for i, photo in enumerate(photos):
        array = np.asarray(photo)
        if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
            raise InputError(
                f"images[{i}] is {array.dtype} of shape {array.shape}; a photo is uint8 of shape "
                f"(height, width, 3)."
            )
    batch = np.stack([_cropped(np.asarray(each), resize, crop) for each in photos])
    return scale(batch.astype(np.float32), "torch")


def _cropped(photo: np.ndarray, resize: int, crop: int) -> np.ndarray:
    from PIL import Image

    height, width = photo.shape[:2]
    short, long = min(height, width), max(height, width)
    # torchvision cuts the longer side's fraction off and rounds the corner of the crop.
    longer = int(resize * long / short)
    size = (resize, longer) if width <= height else (longer, resize)
    resized = Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
    return np.asarray(resized.crop((left, top, left + crop, top + crop)))
