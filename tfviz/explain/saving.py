"""An explanation as files, and as what goes into JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfviz.errors import InputError
from tfviz.files.atomic import ensure_writable, write_text
from tfviz.image.writing import write_array, write_image

if TYPE_CHECKING:
    from tfviz.explain.explanation import Explanation


def save(
    explanation: Explanation,
    directory: str | Path,
    images: Any,
    names: Sequence[str] | None,
    **options: Any,
) -> list[Path]:
    """Write raw maps, overlays where there are photos, and `explanation.json`, which is last.

    Args:
        explanation: Of one layer; the maps of all its calls are written.
        directory: Made if it isn't there.
        images: Photos to draw on, of one input or of each; None takes those of the call.
        names: Stems of the files, one a input.
        **options: As for `Explanation.overlay`.

    Returns:
        The files written.

    Raises:
        InputError: When the names are not as many as the inputs, or one occurs twice.
    """
    folder = Path(directory)
    ensure_writable(folder)
    count = len(explanation)
    stems = list(names) if names is not None else [f"input-{i}" for i in range(count)]
    if len(stems) != count:
        raise InputError(f"names= holds {len(stems)} names for {count} maps.")
    if len(set(stems)) < count:
        raise InputError("names= holds a name twice: one file would replace the other.")
    calls = explanation.all_calls
    suffixes = call_names(calls)
    photos = [explanation.photos_of(call, images) for call in calls]
    written = []
    for call, suffix, own in zip(calls, suffixes, photos, strict=True):
        for stem, values in zip(stems, call.maps, strict=True):
            written.append(folder / f"{stem}{suffix}.map.npy")
            write_array(written[-1], values)
        if call.maps.ndim == 3 and own is not None:
            for stem, picture in zip(stems, call.overlay(own, **options), strict=True):
                written.append(folder / f"{stem}{suffix}.overlay.png")
                write_image(written[-1], picture)
    written.append(folder / "explanation.json")
    write_text(written[-1], json.dumps(as_dict(explanation), indent=1, ensure_ascii=False))
    return written


def call_names(calls: Sequence[Explanation]) -> list[str]:
    """What tells the files of each call from those of the others: '.left', '.right'.

    By the input that a call looks at; by its number too where several look at one input. Nothing
    where there is but one call.
    """
    if len(calls) == 1:
        return [""]
    plain = [re.sub(r"[^\w-]+", "_", call.input_name) for call in calls]
    twice = len({each.casefold() for each in plain}) < len(plain)
    return [f".{each}-{i + 1}" if twice else f".{each}" for i, each in enumerate(plain)]


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """Everything but the arrays of maps and outputs, ready for JSON."""
    made = _one_call(explanation)
    if len(explanation.calls) > 1:
        made["input_name"] = explanation.input_name
        made["calls"] = [
            {"input_name": call.input_name} | _one_call(call) for call in explanation.calls
        ]
    return made


def _one_call(call: Explanation) -> dict[str, Any]:
    axes = tuple(range(1, call.maps.ndim))
    ranges = zip(call.maps.min(axis=axes), call.maps.max(axis=axes), strict=True)
    return {
        "method": call.method,
        "layer": call.layer.path,
        "layer_reason": call.layer.reason,
        "score_from": call.score_from,
        "map_shape": list(call.maps.shape[1:]),
        "remarks": list(call.remarks),
        "parts": [
            {
                "layer": part.layer.path,
                "layer_reason": part.layer.reason,
                "map_shape": list(part.maps.shape[1:]),
            }
            for part in call.parts
        ],
        "inputs": [
            {
                "target": call.targets[i],
                "unit": int(call.units[i]),
                "score": float(call.scores[i]),
                "map_range": [float(low), float(high)],
                "note": call.notes[i],
            }
            for i, (low, high) in enumerate(ranges)
        ],
    }
