"""LeGrad: where more attention, in any layer, would raise the score."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfviz.explain.attention import attentions_of, blocks_of, laid
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene
from tfviz.explain.work import Work


class LeGrad(ActivationMap):
    """LeGrad: gradients of the score by the attention weights of each layer, the positive ones.

        L = 1/n sum_l 1/(h t) sum_heads sum_i ReLU(ds_l / dA_l[head, i, :])

    s_l is the score that the model's own head gives to the tokens behind layer l: the last block's
    output is replaced by that of block l, and only what lies behind it is run. Where blocks have no
    end that can be found (nothing is added to what they were given), the final score is taken for
    all of them, and a remark says so.

    Source: Bousselham et al., "LeGrad: An Explainability Method for Vision Transformers via Feature
    Formation Sensitivity", 2024, equations 3 to 8. Not brought to 0 to 1 here.
    """

    name = "legrad"
    at_input = True

    def trace(self, scene: Scene) -> Any:
        """Nothing but what there is to say."""
        attentions = attentions_of(scene)
        said = f"{len(attentions.weights)} attentions of {attentions.tokens} tokens"
        if blocks_of(scene, attentions)[1] is None:
            said += ", each by the gradient of the final score: the ends of blocks weren't found"
        scene.remarks.append(said)
        return ()

    def run(self, work: Work) -> Any:
        """The gradients, with what was most likely explained in every layer."""
        return work.further(self.sensitivity)

    @staticmethod
    def sensitivity(scene: Scene) -> Any:
        """The map of all layers."""
        attentions = attentions_of(scene)
        ends, last = blocks_of(scene, attentions)
        if last is None:
            gradients = scene.gradients_by(attentions.weights)
        else:
            # All blocks' outputs beside each other go through the head at once.
            count = len(ends)
            stacked = tf.stack([tf.cast(each, tf.float32) for each in ends], axis=1)
            tokens = tf.reshape(stacked, tf.concat([[-1], tf.shape(stacked)[2:]], axis=0))
            tokens.set_shape([None, *ends[-1].shape[1:]])
            head = scene.at(copies=count, layers={last.path: {last.number: tokens}})
            by_tokens = head.by_copy(head.gradients_by([tokens])[0])
            gradients = []
            for i, (weights, end) in enumerate(zip(attentions.weights, ends, strict=True)):
                along = tf.cast(end, tf.float32) * tf.stop_gradient(by_tokens[:, i])
                gradients += scene.gradients_by([weights], tf.reduce_sum(along))
        summed = 0.0
        for weights, gradient in zip(attentions.weights, gradients, strict=True):
            if gradient is not None:
                axes = list(range(1, weights.shape.rank - 1))
                summed += tf.reduce_mean(tf.nn.relu(gradient), axis=axes)
        found = laid(summed / len(attentions.weights), attentions)
        return [found for _ in scene.spots]
