"""Attributions of every number of an input, as maps and in full colour."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np

from tfviz.errors import InputError
from tfviz.explain.inputs import as_batch
from tfviz.explain.method import ActivationMap
from tfviz.explain.targets import as_target
from tfviz.explain.work import Work
from tfviz.model.card import card_of

CHANNELS = ("max", "sum")


class Coloured(ActivationMap):
    """A method that says of every number of the input, each colour of each pixel, what it does.

    `trace` returns attributions (batch, *spatial, channels), of which a map needs one number a
    place; `in_colour` keeps them.

    Args:
        model: As for every method.
        layer: The same.
        channels: 'max', the largest absolute attribution of a place (Simonyan et al., "Deep Inside
            Convolutional Networks", 2014, section 3.1), or 'sum' of the signed ones.
        **options: As for every method.
    """

    paper_relu = False

    def __init__(
        self, model: keras.Model, layer: Any = None, *, channels: str = "max", **options: Any
    ) -> None:
        if channels not in CHANNELS:
            raise InputError(f"channels={channels!r} is none of {', '.join(CHANNELS)}.")
        self.channels: str | None = channels
        super().__init__(model, layer, **options)

    def coloured(self, work: Work) -> list[np.ndarray]:
        """Attributions (batch, *spatial, channels) of a part of a batch, one array a spot."""
        return [each.numpy() for each in work.look()]

    def run(self, work: Work) -> Any:
        """The attributions, one number a place."""
        return [self._reduced(each) for each in self.coloured(work)]

    def in_colour(self, inputs: Any, target: Any = None) -> Any:
        """Attributions of every channel of the inputs.

        Args:
            inputs: As for a call.
            target: The same.

        Returns:
            (batch, *spatial, channels) float32, signed; a list of such arrays, one for each input
            that is explained at, where there are several.
        """
        whole = copy.copy(self)
        whole.channels = None
        batch = as_batch(self.model, inputs)
        self._build(batch)
        found = whole._found(batch, as_target(target, card_of(self.model).find_class))
        return found.maps[0] if len(found.maps) == 1 else list(found.maps)

    def _reduced(self, attributions: np.ndarray) -> np.ndarray:
        if self.channels is None:
            return attributions
        if self.channels == "sum":
            return attributions.sum(axis=-1)
        return np.abs(attributions).max(axis=-1)
