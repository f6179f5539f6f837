"""Photos to draw on, for models with one input or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError, nearest


@dataclass(frozen=True)
class ModelInputs:
    """The inputs that a batch was given for, flat.

    Attributes:
        names: Of the inputs; 'input-1', ... where the model has no names of its own.
        shapes: Of one input each, without its batch axis.
    """

    names: tuple[str, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()

    def name_of(self, source: int) -> str:
        """The name of an input by its index."""
        return self.names[source] if source < len(self.names) else f"input-{source + 1}"


def by_input(images: Any, inputs: ModelInputs, count: int) -> dict[int, Any] | None:
    """Photos sorted by the input that they belong to, None where they are those of one input.

    Args:
        images: As given: photos of one input; or, where there are several, a dict by the name or
            index of the input, or a list with one entry an input, of which some may be None.
        inputs: Of the model.
        count: How many photos of each there must be.

    Raises:
        InputError: When an input is unknown, or the photos are not as many.
    """
    if images is None:
        return {}
    if isinstance(images, Mapping):
        found = {_index(key, inputs): each for key, each in images.items() if each is not None}
    elif _one_each(images, inputs):
        found = {i: each for i, each in enumerate(images) if each is not None}
    else:
        if len(images) != count:
            one = getattr(images, "ndim", 0) == 3 and count == 1
            raise InputError(
                f"{len(images)} images were given for {count} inputs."
                + (" A single photo goes into a list: images=[photo]." if one else "")
            )
        return None
    for index, each in found.items():
        if len(each) != count:
            raise InputError(
                f"{len(each)} images were given for {count} inputs '{inputs.name_of(index)}'."
            )
    return found


def photos_on(images: Any, inputs: ModelInputs, count: int, source: int, first: int) -> Any:
    """The photos that belong to one input, None where none were given for it.

    Args:
        images: As given.
        inputs: Of the model.
        count: How many there must be.
        source: Index of the input.
        first: The input that photos of one input belong to: the first that is looked at.
    """
    sorted_out = by_input(images, inputs, count)
    if sorted_out is None:
        return images if source == first else None
    return sorted_out.get(source)


def _one_each(images: Any, inputs: ModelInputs) -> bool:
    """Whether a list holds the photos of each input, not the photos of one."""
    if len(inputs.shapes) < 2 or not isinstance(images, (list, tuple)):
        return False
    return len(images) == len(inputs.shapes) and all(
        each is None or isinstance(each, (list, tuple)) or np.ndim(each) == len(shape) + 1
        for each, shape in zip(images, inputs.shapes, strict=True)
    )


def _index(key: Any, inputs: ModelInputs) -> int:
    if key in inputs.names:
        return inputs.names.index(key)
    if isinstance(key, int) and 0 <= key < len(inputs.shapes):
        return key
    known = ", ".join(f"{i}: '{name}'" for i, name in enumerate(inputs.names))
    raise InputError(
        f"images= is for input {key!r}, which the model does not have ({known})."
        f"{nearest(str(key), list(inputs.names))}"
    )
