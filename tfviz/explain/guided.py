"""Gradients down to the input that only keep what speaks for the score, and Guided Grad-CAM."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfviz.errors import LayerError
from tfviz.explain.cam import GradCAM
from tfviz.explain.coloured import Coloured
from tfviz.explain.fusing import resized
from tfviz.explain.masks import folded
from tfviz.explain.relus import DECONVNET, GUIDED, Rule, heeding, others_of, ruled
from tfviz.explain.scene import Scene, Spot
from tfviz.explain.work import Work
from tfviz.model.shapes import channels_stand_first, in_words


class _ThroughReLUs(Coloured):
    """The gradient by the input with another rule at the ReLUs."""

    at_input = True
    rule: ClassVar[Rule]

    def calling(self) -> AbstractContextManager[Any]:
        """ReLUs heed the rule."""
        return heeding()

    def trace(self, scene: Scene) -> Any:
        """The gradients by the inputs, under the rule."""
        _say_others(scene)
        with ruled(self.rule):
            return scene.gradients


class GuidedBackprop(_ThroughReLUs):
    """Guided back-propagation: at a ReLU what is positive of a gradient passes, where it is active.

        R_in = R_out 1[R_out > 0] 1[x > 0]        L = max_c |R_c| over the input's channels

    Fine and sharp, and about the picture more than about the class: with every negative gradient
    cut, it comes near to a reconstruction of the input (Nie et al., "A Theoretical Explanation for
    Perplexing Behaviors of Backpropagation-based Visualizations", 2018). Every kind of ReLU is
    changed; other activations keep their gradient, and a remark says so.

    Source: Springenberg et al., "Striving for Simplicity: The All Convolutional Net", ICLR
    workshop 2015, section 3.4.

    Args:
        model: As for every method.
        layer: None: it explains at the input.
        channels: How the colours of a pixel become one number: 'max', the largest absolute value
            (Simonyan et al., "Deep Inside Convolutional Networks", 2014, section 3.1), or their
            signed 'sum', which is about the pixel growing brighter. `in_colour` gives all of them.
        **options: As for every method.
    """

    name = "guidedbackprop"
    rule = GUIDED


class Deconvnet(_ThroughReLUs):
    """Deconvnet: at a ReLU what is positive of a gradient passes, wherever it is active.

        R_in = R_out 1[R_out > 0]        L = max_c |R_c| over the input's channels

    Max pooling goes back through its switches, as any gradient does. Without max pooling it depends
    on the input by nothing but the pieces that are cut off above.

    Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
    section 2.1.

    Args:
        model: As for every method.
        layer: None: it explains at the input.
        channels: As for `GuidedBackprop`.
        **options: As for every method.
    """

    name = "deconvnet"
    rule = DECONVNET


class GuidedGradCAM(Coloured):
    """Guided Grad-CAM: guided back-propagation where Grad-CAM sees the class.

        L = max_c |R_c| up(ReLU(sum_k w_k A_k))        R: guided back-propagation

    The coarse map, which tells classes apart, brought to the input's size by linear interpolation,
    and the fine one, which doesn't. The model is called once for both.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, section 3.2.

    Args:
        model: As for every method.
        layer: Where Grad-CAM is taken.
        channels: As for `GuidedBackprop`.
        **options: As for every method.
    """

    name = "guidedgradcam"

    def calling(self) -> AbstractContextManager[Any]:
        """ReLUs heed rules."""
        return heeding()

    def trace(self, scene: Scene) -> Any:
        """Grad-CAM at the layer, with its ordinary gradients, and the guided ones at the input."""
        _say_others(scene)
        maps = []
        for A, G, spot in zip(scene.activations, scene.gradients, scene.spots, strict=True):
            coarse = GradCAM.combine(A, G)
            laid = folded(coarse[:, None], spot)[:, 0] if len(coarse.shape) == 2 else coarse
            maps.append(tf.nn.relu(laid))
        images = [
            self._image(scene, spot, one) for spot, one in zip(scene.spots, maps, strict=True)
        ]
        with ruled(GUIDED):
            found = scene.gradients_by(images)
        guided = []
        for image, gradient, coarse in zip(images, found, maps, strict=True):
            fine = tf.zeros_like(image, tf.float32) if gradient is None else gradient
            rank = len(image.shape)
            if rank == len(coarse.shape):
                fine = fine[..., None]
            elif channels_stand_first(image.shape[1:]):
                fine = tf.transpose(fine, [0, *range(2, rank), 1])
            guided.append(fine)
        return maps, guided

    def coloured(self, work: Work) -> list[np.ndarray]:
        """Both multiplied, at the size of the input."""
        made = []
        for coarse, fine in zip(*work.look(), strict=True):
            size = tuple(fine.shape[1:-1])
            made.append(fine.numpy() * resized(coarse.numpy(), size)[..., None])
        return made

    @staticmethod
    def _image(scene: Scene, spot: Spot, coarse: tf.Tensor) -> tf.Tensor:
        image = scene.listened.inputs[spot.source]
        places = len(coarse.shape) - 1
        if not image.dtype.is_floating or len(image.shape) - 1 - places not in (0, 1):
            raise LayerError(
                f"Guided Grad-CAM lays the map of layer '{spot.path}', with {places} axes of "
                f"places, on input {spot.source + 1}, {in_words(image.shape)} {image.dtype.name}: "
                f"it must hold floating-point numbers with as many axes of places."
            )
        return image


def _say_others(scene: Scene) -> None:
    others = others_of(scene)
    if others:
        scene.remarks.append(
            f"only ReLUs are changed: {', '.join(others)} keep their ordinary gradient"
        )
