"""Attention rollout: how much of each patch arrives where the score is read."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfviz.explain.attention import attentions_of, class_tokens_read, laid
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene


class AttentionRollout(ActivationMap):
    """Attention rollout: the attentions of all layers, multiplied.

        A~_l = (mean over heads of A_l + I) / 2        R = A~_L ... A~_2 A~_1

    The map is R's row of the class token where the score reads that alone, and the mean of the rows
    of all tokens where they are pooled. The identity stands for the connections around each
    attention. It looks at attention alone: every target has the same map, and values and what comes
    after them count nothing.

    Source: Abnar and Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, equation 1.
    """

    name = "rollout"
    at_input = True
    paper_relu = False
    class_agnostic = True

    def trace(self, scene: Scene) -> Any:
        """The product of all layers, read where the score is."""
        attentions = attentions_of(scene)
        rolled = tf.eye(attentions.tokens)
        for weights in attentions.weights:
            A = tf.cast(weights, tf.float32)
            A = tf.reduce_mean(A, axis=1) if A.shape.rank == 4 else A
            mixed = (A + tf.eye(attentions.tokens)) / 2
            rolled = tf.matmul(mixed, rolled)
        front = class_tokens_read(scene, attentions)
        rows = rolled[:, :front] if front else rolled
        scene.remarks.append(
            f"{len(attentions.weights)} attentions of {attentions.tokens} tokens, read at "
            + ("the class token" if front else "all tokens")
        )
        arrived = laid(tf.reduce_mean(rows, axis=1), attentions)
        return [arrived for _ in scene.spots]
