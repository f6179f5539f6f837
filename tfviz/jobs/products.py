"""The files made of one map: the raw array, the overlay, the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfviz.draw.overlay import overlay
from tfviz.draw.panel import panel
from tfviz.explain.explanation import Explanation
from tfviz.explain.family import FAMILY
from tfviz.files import Source
from tfviz.image import sample_path, write_array, write_image
from tfviz.image.writing import JPEG_MAX_SIDE, JPEG_SUFFIXES
from tfviz.jobs.results import HeatmapResult, HeatmapSettings

BARS = 5


def write_products(
    out: Path,
    stem: str,
    settings: HeatmapSettings,
    explanation: Explanation,
    row: int,
    photo: np.ndarray,
    source: Source,
    result: HeatmapResult,
    resize: str,
) -> tuple[str, ...]:
    """Write what was asked for of one photo.

    Args:
        out: Folder of the results.
        stem: Of the files, below `out`.
        settings: What to write, and how to draw it.
        explanation: Of the photo's batch.
        row: Of the photo in it.
        photo: uint8 RGB.
        source: Where the photo came from; a JPEG gets a JPEG.
        result: What the panel tells of the photo.
        resize: How the photo was brought to the model's size.

    Returns:
        The files, below `out`.

    Raises:
        OutputError: When the place can't be written to.
    """
    if "/" in stem:
        (out / stem).parent.mkdir(parents=True, exist_ok=True)
    given = {"colormap": settings.colormap, "alpha": settings.alpha}
    options: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
    names = []
    if "array" in settings.save:
        names.append(f"{stem}.map.npy")
        write_array(out / names[-1], explanation.maps[row])
    if {"overlay", "panel"} & set(settings.save):
        heat = explanation.on_photo(row, photo.shape[:2], resize=resize)
        if "overlay" in settings.save:
            names.append(f"{stem}.overlay{overlay_suffix(source, photo)}")
            write_image(out / names[-1], overlay(photo, heat, **options))
        if "panel" in settings.save:
            names.append(f"{stem}.panel.png")
            name = source.relative.name if source.sample is None else source.name
            picture = _panel(explanation, row, photo, heat, result, name, options)
            write_image(out / names[-1], picture)
    return tuple(names)


def overlay_suffix(source: Source, photo: np.ndarray) -> str:
    """'.jpg' for a photo that came as JPEG and fits into one, '.png' for all others."""
    origin = source.path if source.sample is None else sample_path(source.sample)
    jpeg = origin is not None and origin.suffix.lower() in JPEG_SUFFIXES
    return ".jpg" if jpeg and max(photo.shape) <= JPEG_MAX_SIDE else ".png"


def _panel(
    explanation: Explanation,
    row: int,
    photo: np.ndarray,
    heat: np.ndarray,
    result: HeatmapResult,
    name: str,
    options: dict[str, Any],
) -> np.ndarray:
    caption = f"{FAMILY[explanation.method].kind} at layer {explanation.layer.path}."
    if result.note:
        caption += f" {result.note[0].upper()}{result.note[1:]}."
    bars, unit = _bars(explanation, row)
    names = [name for name, _ in bars]
    # Of a contrast it is the class that is explained, not the one it is set against.
    explained = result.target.split(" rather than ")[0]
    return panel(
        photo,
        heat,
        title=f"Why {_readable(result.target)}?",
        bars=[(_readable(name), value) for name, value in bars],
        explained=names.index(explained) if explained in names else None,
        unit=unit,
        caption=caption,
        source=name,
        **options,
    )


def _bars(explanation: Explanation, row: int) -> tuple[list[tuple[str, float]], str]:
    """All that the model says of an input, the most likely first, and what the numbers are."""
    found = explanation.probabilities(row)
    if found:
        return found, "probability"
    output = np.atleast_1d(explanation.outputs[row])
    if output.ndim > 1:
        return [], ""
    if len(output) == 1:
        return [(explanation.targets[row], float(output[0]))], "output"
    order = np.argsort(-output, kind="stable")
    named = [(explanation.card.name_of(int(i), len(output)), float(output[i])) for i in order]
    return named, "logit"


def _readable(name: str) -> str:
    return name.replace("_", " ")
