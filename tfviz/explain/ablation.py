"""Ablation-CAM: a channel is worth what the score loses without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene
from tfviz.explain.work import Work
from tfviz.model.logits import upstream


class AblationCAM(ActivationMap):
    """Ablation-CAM: channels weighted by how far the score drops when each is set to 0.

        w_k = y - y(A without A_k)        L = ReLU(sum_k w_k A_k)

    The paper divides every weight by y. That factor is the same for all channels: it scales the
    map, and would turn it around where y is negative, as logits often are. It is left out.

    Only the head of the model runs once for each channel, what lies behind the layer: the part
    before it runs once. A channel that is 0 everywhere is not run at all. Behind a global average
    pooling and a dense layer the drop of channel k is w_k mean(A_k).

    Source: Desai and Ramaswamy, "Ablation-CAM: Visual Explanations for Deep Convolutional Network
    via Gradient-free Localization", WACV 2020, section 3.
    """

    name = "ablationcam"

    def trace(self, scene: Scene) -> Any:
        """The activations, and which channels are anywhere else than 0."""
        return [
            (A, tf.reduce_any(A != 0, axis=list(range(len(A.shape) - 1))))
            for A in scene.activations
        ]

    def run(self, work: Work) -> Any:
        """Run the head without one channel after the other, as many at once as fit."""
        activations = [A for A, _ in work.look()]
        score = tf.constant(work.seen["scores"])[:, None]
        maps = []
        for index, (A, used) in enumerate(work.look()):
            channels = np.flatnonzero(used).astype(np.int32)
            found = [
                work.further(self._without, channels[None, rows], *activations, key=(index,))
                for rows in work.chunks(len(channels))
            ]
            if not found:
                maps.append(tf.reduce_sum(A, axis=-1))  # zeros all
                continue
            drops = score - tf.concat(found, axis=1)
            maps.append(tf.einsum("b...k,bk->b...", tf.gather(A, channels, axis=-1), drops))
        return maps

    @staticmethod
    def _without(scene: Scene, channels: tf.Tensor, *rest: Any) -> tf.Tensor:
        """Scores (batch, copies) of the head without one channel each; `rest` ends with a spot."""
        *activations, index = rest
        copies = tf.shape(channels)[1]
        A = activations[index]
        rank, number = len(A.shape), A.shape[-1]
        kept = 1 - tf.one_hot(channels[0], number)
        kept = tf.reshape(kept, [1, -1, *[1] * (rank - 2), number])
        without = tf.reshape(A[:, None] * kept, tf.concat([[-1], tf.shape(A)[1:]], axis=0))
        without.set_shape([None, *A.shape[1:]])
        # Another call that this one doesn't lead to stays as it was, and is not run for it.
        given = [
            without if i == index else None if later else scene.repeated(other, copies)
            for i, (other, later) in enumerate(zip(activations, _later(scene, index), strict=True))
        ]
        return scene.at(copies=copies, activations=given).scores


def _later(scene: Scene, index: int) -> list[bool]:
    """Which of the explained calls depend on what one of them gives."""
    if len(scene.spots) == 1:
        return [False]
    first = scene.tapped[index].op.name
    return [first in upstream(tensor) for tensor in scene.tapped]
