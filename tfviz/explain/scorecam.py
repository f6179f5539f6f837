"""Score-CAM and its kin: a channel is worth what the model says of the input seen through it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.masks import folded, gaussian, masked, masks_of, places_in
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene, Spot
from tfviz.explain.work import Work

# Of Faster-Score-CAM, as in the program that introduced it.
FEW_CHANNELS = 10


class ScoreCAM(ActivationMap):
    """Score-CAM: channels weighted by the score of the input that each of them lets through.

        H_k = minmax(upsample(A_k))        s_k = y(X * H_k)
        w_k = exp(s_k) / sum_j exp(s_j)        L = ReLU(sum_k w_k A_k)

    One softmax, over the channels, of the score itself, which is a logit, as in the paper's
    algorithm; its baseline y(X_b) is the same for all channels and cancels in the softmax. With
    logits tens apart the weight gathers on a few channels: that is the paper's formula. (The
    authors' program weighs by the class's probability instead, without a softmax over channels.)
    Since the weights aren't linear in the score, larger logits give another map, not only a larger
    one; adding a constant to them changes nothing.

    A channel that is the same everywhere masks nothing: it is not evaluated and has no weight. The
    masks multiply what goes into the model, in the model's own range of values, as in the authors'
    program: where a mask is 0 the model sees `baseline`.

    Source: Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural
    Networks", CVPR Workshops 2020, equations 5 to 8 and algorithm 1.

    Args:
        model: As for every method.
        layer: The same.
        channels: How many channels of each input are evaluated, those that vary most over space;
            None takes all.
        baseline: What a place becomes where a mask is 0, in the range of values that the model
            takes. 0, as in the paper, is black for a model that takes 0 to 255 or 0 to 1, grey for
            one that takes -1 to 1, and the mean colour where it was subtracted. Another value fades
            to it: X * H becomes baseline + (X - baseline) * H.
        **options: As for every method. `batch_size` masked inputs are evaluated at once.
    """

    name = "scorecam"

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        channels: int | None = None,
        baseline: float = 0.0,
        **options: Any,
    ) -> None:
        if channels is not None and channels < 1:
            raise InputError(f"channels={channels}: at least one channel must be evaluated.")
        if not np.isfinite(baseline):
            raise InputError(f"baseline={baseline}: it is a value of the model's input, say 0.")
        self.channels = channels
        self.baseline = float(baseline)
        super().__init__(model, layer, **options)

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """What a masked place becomes, which is part of what is traced."""
        return (self.baseline,)

    @property
    def evaluations(self) -> int:
        """How often each channel is evaluated."""
        return 1

    def trace(self, scene: Scene) -> Any:
        """The channels of each layer, those that vary most in front, and how many vary at all."""
        return [_ranked(A, spot) for A, spot in zip(scene.activations, scene.spots, strict=True)]

    def run(self, work: Work) -> Any:
        """Evaluate the channels, as many at once as fit, and add them up by their weights."""
        return [self._map(work, index, *found) for index, found in enumerate(work.look())]

    def _map(self, work: Work, index: int, channels: tf.Tensor, live: tf.Tensor) -> tf.Tensor:
        count = int(tf.reduce_max(live))
        if self.channels is not None:
            count = min(count, self.channels)
        channels = channels[:, :count]
        each, scores = self.evaluations, []
        varied = self._varied(work, index, len(channels.shape) - 2)
        for rows in work.chunks(count * each):
            turns = np.arange(rows.start, rows.stop)
            found = work.further(
                self._seen,
                tf.gather(channels, turns // each, axis=1),
                *(tf.gather(values, turns % each, axis=1) for values in varied),
                key=(index,),
            )
            scores.append(found)
        if not scores:
            return tf.reduce_sum(channels, axis=1)  # of none: zeros
        means = tf.reduce_mean(tf.reshape(tf.concat(scores, axis=1), [-1, count, each]), axis=2)
        used = tf.range(count)[None] < live[:, None]
        weights = tf.nn.softmax(tf.where(used, means, means.dtype.min), axis=1)
        weights = tf.where(used, weights, 0.0)
        return tf.einsum("bk,bk...->b...", weights, channels)

    def _varied(self, work: Work, index: int, places: int) -> list[Any]:
        """What differs between a channel's evaluations, (1, evaluations, ...) each."""
        return []

    def _changed(self, masks: tf.Tensor, *varied: tf.Tensor) -> tf.Tensor:
        """The masks (batch, copies, *places), with what differs between evaluations."""
        return masks

    def _seen(self, scene: Scene, channels: tf.Tensor, *rest: Any) -> tf.Tensor:
        """Scores (batch, copies) of the inputs under the masks of channels (batch, copies, ...)."""
        varied, spot = rest[:-1], scene.spots[rest[-1]]
        copies = tf.shape(channels)[1]
        laid = folded(channels, spot)
        places = len(laid.shape) - 2
        image = keras.tree.flatten(scene.inputs)[spot.source]
        size = tf.shape(image)[1:][places_in(image.shape[1:], places, spot)]
        masks = masks_of(laid, size)
        if varied:
            shape = tf.shape(masks)
            by_input = tf.reshape(masks, tf.concat([[-1, copies], shape[1:]], axis=0))
            masks = tf.reshape(self._changed(by_input, *varied), shape)
        return scene.at(masked(scene, spot, masks, copies, self.baseline), copies=copies).scores


def _ranked(activations: tf.Tensor, spot: Spot) -> tuple[tf.Tensor, tf.Tensor]:
    """Channels (batch, channels, *places), those that vary most in front, and how many vary."""
    rank = len(activations.shape)
    channels = tf.transpose(activations, [0, rank - 1, *range(1, rank - 1)])
    laid = folded(channels, spot)
    axes = list(range(2, len(laid.shape)))
    vary = tf.reduce_max(laid, axes) > tf.reduce_min(laid, axes)
    variance = tf.where(vary, tf.math.reduce_variance(laid, axes), -1.0)
    order = tf.argsort(variance, axis=1, direction="DESCENDING", stable=True)
    return tf.gather(channels, order, axis=1, batch_dims=1), tf.reduce_sum(
        tf.cast(vary, tf.int32), axis=1
    )


class FasterScoreCAM(ScoreCAM):
    """Faster-Score-CAM: Score-CAM of the few channels that vary most over space.

    Most channels are flat or much alike; those with the largest variance draw the picture. With as
    many channels as the layer has it is Score-CAM.

    Source: `max_N` of the program github.com/tabayashi0117/Score-CAM; there is no paper.

    Args:
        model: As for every method.
        layer: The same.
        channels: How many channels of each input are evaluated.
        **options: As for `ScoreCAM`.
    """

    name = "fasterscorecam"

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        channels: int | None = FEW_CHANNELS,
        **options: Any,
    ) -> None:
        super().__init__(model, layer, channels=channels, **options)


class SSCAM(ScoreCAM):
    """SS-CAM, smoothed Score-CAM: a channel's score is a mean over noisy masks.

        s_k = 1/N sum_i y(X * (H_k + d_i))        d_i ~ normal(0, noise^2)

    and the rest as in Score-CAM. The i-th noise is the same for all channels and inputs, so that
    channels differ by what they show and not by their luck; the mean it estimates is the paper's.

    Source: Wang et al., "SS-CAM: Smoothed Score-CAM for Sharper Visual Feature Localization",
    2020, with the noise on the normalised map.

    Args:
        model: As for every method.
        layer: The same.
        samples: N, how many noisy masks of each channel; the paper has 35.
        noise: Standard deviation of the noise, of a mask whose values run from 0 to 1. The paper's
            2, taken for a mask, would drown it.
        seed: Of the noise.
        **options: As for `ScoreCAM`; `channels=` bounds the K * N evaluations.
    """

    name = "sscam"

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        samples: int = 10,
        noise: float = 0.15,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if samples < 1:
            raise InputError(f"samples={samples}: at least one noisy mask is needed.")
        if not 0 <= noise < np.inf:
            raise InputError(f"noise={noise}: it is a part of a mask's range, 0 or more.")
        self.samples = samples
        self.noise = float(noise)
        self.seed = seed
        super().__init__(model, layer, **options)

    @property
    def evaluations(self) -> int:
        """One for each noise."""
        return self.samples

    def _varied(self, work: Work, index: int, places: int) -> list[Any]:
        spot = work.facts.spots[index]
        image = keras.tree.flatten(work.inputs)[spot.source]
        shape = tuple(image.shape[1:])
        sizes = shape[places_in(shape, 2 if spot.grid is not None else places, spot)]
        return [np.float32(self.noise) * gaussian(sizes, self.samples, self.seed)]

    def _changed(self, masks: tf.Tensor, *varied: tf.Tensor) -> tf.Tensor:
        return masks + varied[0]


class ISCAM(ScoreCAM):
    """IS-CAM, integrated Score-CAM: a channel's score is a mean on the way to its full mask.

        s_k = 1/N sum_i y(i/N X * H_k)        i = 1 to N

    and the rest as in Score-CAM. This is the integral of the score over the strength of the mask,
    from nothing to all of it. (Programs that add the strengths i/N up to one another reach a mask
    of (N + 1) / 2, far outside of what the model knows.)

    Source: Naidu et al., "IS-CAM: Integrated Score-CAM for axiomatic-based explanations", 2020.

    Args:
        model: As for every method.
        layer: The same.
        steps: N, how many strengths of each mask.
        **options: As for `ScoreCAM`; `channels=` bounds the K * N evaluations.
    """

    name = "iscam"

    def __init__(
        self, model: keras.Model, layer: Any = None, *, steps: int = 10, **options: Any
    ) -> None:
        if steps < 1:
            raise InputError(f"steps={steps}: at least one strength of the mask is needed.")
        self.steps = steps
        super().__init__(model, layer, **options)

    @property
    def evaluations(self) -> int:
        """One for each strength."""
        return self.steps

    def _varied(self, work: Work, index: int, places: int) -> list[Any]:
        return [(np.arange(1, self.steps + 1, dtype=np.float32) / self.steps)[None]]

    def _changed(self, masks: tf.Tensor, *varied: tf.Tensor) -> tf.Tensor:
        strength = varied[0]
        return masks * tf.reshape(strength, [1, -1, *[1] * (len(masks.shape) - 2)])
