"""FullGrad: the score taken apart into what the input and every bias gave to it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.explain.fusing import resized
from tfviz.explain.inputs import as_batch
from tfviz.explain.linearised import Linearised, linearise
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene, Spot
from tfviz.explain.targets import as_target
from tfviz.explain.work import Work
from tfviz.model.card import card_of


@dataclass(frozen=True, eq=False)
class Terms:
    """A score as the sum of what it was made of.

    Attributes:
        scores: (batch,) float32, what was explained.
        inputs: (batch,) float32, the inputs times their gradients, summed.
        biases: (batch, terms) float32, one column for each operation that adds something of its
            own, in execution order.
    """

    scores: np.ndarray
    inputs: np.ndarray
    biases: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        """(batch,) float64, what the sum falls short of the score: rounding, where all is known."""
        total = self.inputs.astype(np.float64) + self.biases.sum(axis=1, dtype=np.float64)
        return self.scores - total


class FullGrad(ActivationMap):
    """FullGrad: the input times its gradient, and every bias times its own.

        y = <dy/dx, x> + sum_l <dy/db_l, b_l>
        L = sum_c psi(dy/dx * x)_c + sum_l sum_c psi(dy/db_l * b_l)_c

    psi takes absolute values, brings those of one input and layer to 0 to 1, and interpolates
    linearly to the input's size; c runs over channels. A layer has a bias also where nobody wrote
    one down: a batch normalisation, and an activation that isn't 0 at 0 or bent elsewhere. The sum
    is exact, which `terms` shows; biases behind the last places (of a `Dense` layer) are in it and
    not in the map. In a model that isn't piecewise linear the biases are those of its tangent at
    each input, and a remark says so.

    Source: Srinivas and Fleuret, "Full-Gradient Representation for Neural Network Visualization",
    NeurIPS 2019, propositions 1 and 2 and equation 5; psi as in the authors' program, which brings
    all channels of a layer to 0 to 1 by one factor.
    """

    name = "fullgrad"
    at_input = True
    paper_relu = False
    _summed = False

    def trace(self, scene: Scene) -> Any:
        """The maps of each input by their size, and all terms."""
        found = linearise(scene)
        if any(found.inputs[spot.source] is None for spot in scene.spots):
            _ = scene.gradients  # says why there is none
        if found.curved:
            scene.remarks.append(
                f"the model isn't piecewise linear ({', '.join(found.curved)}): biases are those "
                f"of its tangent at each input"
            )
        if found.unknown:
            scene.remarks.append(
                f"the terms don't add up to the score: what {', '.join(found.unknown)} leaves over "
                f"isn't known"
            )
        sums = [_sum(scene, each) for each in found.inputs if each is not None]
        biases = [_sum(scene, each.share) for each in found.leftovers]
        empty = tf.zeros([tf.shape(scene.score)[0], 0])
        return {
            "maps": [_maps(scene, spot, found) for spot in scene.spots],
            "inputs": tf.add_n(sums),
            "biases": tf.stack(biases, axis=1) if biases else empty,
        }

    def run(self, work: Work) -> Any:
        """The maps, each at the size of its input; where asked for, the terms."""
        made = work.look()
        if self._summed:
            terms = np.concatenate(
                [made["inputs"].numpy()[:, None], made["biases"].numpy()], axis=1
            )
            return [terms for _ in work.facts.spots]
        maps = []
        for by_size in made["maps"]:
            arrays = [each.numpy() for each in by_size]
            size = arrays[0].shape[1:]
            maps.append(np.sum([resized(each, size) for each in arrays], axis=0))
        return maps

    def terms(self, inputs: Any, target: Any = None) -> Terms:
        """What the score is made of, before any psi.

        Args:
            inputs: As for a call.
            target: The same.

        Returns:
            The shares, which add up to the score.
        """
        whole = copy.copy(self)
        whole._summed = True
        batch = as_batch(self.model, inputs)
        self._build(batch)
        found = whole._found(batch, as_target(target, card_of(self.model).find_class))
        values = found.maps[0]
        return Terms(found.rows["scores"], values[:, 0], values[:, 1:])


def _maps(scene: Scene, spot: Spot, found: Linearised) -> list[tf.Tensor]:
    """(batch, *spatial) of one input: its own term first, then a sum for each size of biases."""
    image = scene.listened.inputs[spot.source]
    own = found.inputs[spot.source]
    assert own is not None  # an input without a gradient is no spot
    rank = len(image.shape)
    by_size: dict[tuple[Any, ...], tf.Tensor] = {}
    for leftover in found.leftovers:
        share = leftover.share
        if share.shape.rank != rank or spot.source not in leftover.sources:
            continue
        if leftover.plain and _same(share, image):
            own += share
            continue
        psi = _psi(_channels_last(share, spot))
        size = tuple(psi.shape[1:])
        by_size[size] = by_size[size] + psi if size in by_size else psi
    return [_psi(_channels_last(own, spot)), *by_size.values()]


def _psi(share: tf.Tensor) -> tf.Tensor:
    """Absolute values, those of each input brought to 0 to 1, summed over channels."""
    size = tf.abs(share)
    axes = list(range(1, len(share.shape)))
    size -= tf.reduce_min(size, axis=axes, keepdims=True)
    size = tf.math.divide_no_nan(size, tf.reduce_max(size, axis=axes, keepdims=True))
    return tf.reduce_sum(size, axis=-1)


def _channels_last(share: tf.Tensor, spot: Spot) -> tf.Tensor:
    if spot.layout == "channels_last":
        return share
    return tf.transpose(share, [0, *range(2, len(share.shape)), 1])


def _same(share: tf.Tensor, image: tf.Tensor) -> bool:
    return bool(share.shape.as_list()[1:] == image.shape.as_list()[1:])


def _sum(scene: Scene, share: tf.Tensor) -> tf.Tensor:
    rows = tf.shape(scene.score)[0]
    return tf.reduce_sum(tf.reshape(share, [rows, -1]), axis=1)
