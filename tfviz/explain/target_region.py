"""A class within a region of a segmentation: where the model predicts it, a mask, or a box."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.boxes import as_boxes, mirrored_boxes, on_image, size_of_image
from tfviz.explain.coverage import box_coverage, mask_coverage
from tfviz.explain.picked import Picked, picked
from tfviz.explain.target import (
    FindClass,
    Parameters,
    Score,
    Target,
    UnitTarget,
    part_of,
    prefixed,
)
from tfviz.explain.targets import as_target
from tfviz.model.shapes import in_words

if TYPE_CHECKING:
    from tfviz.explain.outputs import Outputs

PREDICTED, MASK, BOX = "predicted", "mask", "box"


class Region(Target):
    """A class of a segmentation, within a region: the mean of its logits there.

        y = sum_p M_p y_p^c / sum_p M_p        M: the region, p: the places of the output

    The paper's equation 3 sums; the mean gives the same map over the size of the region, and a
    score that doesn't grow with it. Without mask and box the region is where the model predicts
    the class, as in the paper: where its logit is the largest, or over 0 behind a sigmoid. An input
    in which the class is predicted nowhere has a blank map that says so.

    Source: Vinogradova et al., "Towards Interpretable Semantic Segmentation via Gradient-weighted
    Class Activation Mapping", AAAI 2020, equation 3.

    Args:
        target: A class index, a class name, one index per input, `Class`, `Side` or
            `Contrast(a, b)`; None or 'top1', 'top2', ... for the class that takes most places
            (with a mask or box: whose mean logit there is the largest).
        mask: Bool, of the size of the output or of the model's input: (height, width) for all
            inputs; (batch, height, width) or a list for one each. Volumes have three axes, of which
            one mask for all is given as (1, depth, height, width), signals one, given as a list
            when each has its own. Numbers from 0 to 1 are taken as weights. A mask of the input's
            size covers cells of a smaller output in part.
        box: (left, top, right, bottom) in pixels of the model's input, or (batch, 4), one each, in
            place of a mask.

    Raises:
        TargetError: For an empty mask, or one that is no mask.
    """

    nothing = "the model predicts this class nowhere in this input; a mask or box names a region"

    def __init__(self, target: Any = None, mask: Any = None, *, box: Any = None) -> None:
        if mask is not None and box is not None:
            raise TargetError("Region(mask=, box=) names two regions: give one of them.")
        self.target = target if isinstance(target, str) else _inner(target)
        self.where = MASK if mask is not None else BOX if box is not None else PREDICTED
        # One row for all inputs, or one each; none where the model predicts.
        self.rows = np.zeros((1, 0), np.float32)
        if mask is not None:
            self.rows = _masks(mask)
        elif box is not None:
            self.rows = as_boxes(box, "xyxy", "Region(box=)")

    @classmethod
    def _of(cls, target: Any, where: str, rows: np.ndarray) -> Region:
        """One that was checked before, or is empty because nothing was predicted."""
        made = cls.__new__(cls)
        made.target, made.where, made.rows = target, where, rows
        return made

    @property
    def place(self) -> str:
        """The region in words."""
        where = {PREDICTED: "where it is predicted", MASK: "within the mask", BOX: "within the box"}
        return where[self.where]

    def named(self, find_class: FindClass) -> Target:
        """The same with class names looked up."""
        return Region._of(_inner(self.target, find_class), self.where, self.rows)

    @property
    def kind(self) -> Hashable:
        """The kind of its target, and the shape of what names the region."""
        return ("region", _inner(self.target).kind, self.where, self.rows.shape[1:])

    @property
    def signature(self) -> dict[str, Any]:
        """The target's, and the region."""
        shape = (None, *self.rows.shape[1:])
        inner = prefixed("of_", _inner(self.target).signature)
        return inner | {"region": tf.TensorSpec(shape, tf.float32)}

    def parameters(self, count: int) -> Parameters:
        """The target's, and a region for each input."""
        if len(self.rows) not in (1, count):
            what = "masks" if self.where == MASK else "boxes"
            raise TargetError(
                f"Region() holds {len(self.rows)} {what} for {count} inputs: give one for all or "
                f"one for each."
            )
        region = np.broadcast_to(self.rows, (count, *self.rows.shape[1:]))
        return prefixed("of_", _inner(self.target).parameters(count)) | {"region": region}

    def check(self, units: int | None, activation: str | None) -> None:
        """Refuse classes that the output doesn't have."""
        _inner(self.target).check(units, activation)

    def check_inputs(self, shapes: tuple[tuple[int, ...], ...]) -> None:
        """Refuse boxes outside the picture."""
        if self.where == BOX:
            on_image(self.rows, size_of_image(shapes, "Region(box=)"), "Region(box=)")

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        """The same region and classes, however the model sees other inputs."""
        inner = _inner(self.target)
        if self.where == PREDICTED:
            return Region._of(Picked(units, signs, others), MASK, kept["region"])
        settled = inner.pinned(units, signs, others, kept)
        return self if settled is inner else Region._of(settled, self.where, self.rows)

    def mirrored(self, width: float) -> Target:
        """The same with the region mirrored."""
        if self.where == PREDICTED:
            return self
        across = mirrored_boxes(self.rows, width) if self.where == BOX else self.rows[..., ::-1]
        return Region._of(self.target, self.where, across)

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The mean over the region."""
        logits = self._placed(outputs)
        inner, own = _inner(self.target), part_of("of_", parameters)
        if self.where != PREDICTED:
            weights = self._given(outputs, logits, parameters["region"])
            means, _ = _mean(logits, weights)
            found = inner.score(means, own, activation=outputs.activation, spatial=True)
            return replace(found, logits=means, sources=(logits,))
        predicted = _predicted(logits, outputs.activation)
        shares = tf.reduce_mean(predicted, axis=list(range(1, logits.shape.rank - 1)))
        chosen = inner.score(shares, own, activation=outputs.activation, spatial=True)
        weights = tf.gather(predicted, chosen.unit, axis=-1, batch_dims=1)
        against = tf.reshape(chosen.sign < 0, [-1] + [1] * (weights.shape.rank - 1))
        weights = tf.stop_gradient(tf.where(against, 1 - weights, weights))
        means, live = _mean(logits, weights)
        found = picked(means, chosen.unit, chosen.sign, chosen.other)
        sign = chosen.sign * live
        kept = {"region": weights}
        return replace(
            found, value=found.value * live, sign=sign, logits=means, kept=kept, sources=(logits,)
        )

    def remark(self, outputs: Outputs) -> str:
        """What was averaged."""
        return "the score is the mean of the class over the region"

    @property
    def _axes(self) -> int | None:
        """How many axes of places the region has; None where it has those of the output."""
        return {PREDICTED: None, BOX: 2, MASK: self.rows.ndim - 1}[self.where]

    def _placed(self, outputs: Outputs) -> tf.Tensor:
        """Logits (batch, *places, units), the places as many as the region's."""
        shape = outputs.logits.shape
        if (shape.rank or 0) < 3:
            raise TargetError(
                f"Region() needs an output with places, like (batch, height, width, classes); "
                f"output '{outputs.name}' is {in_words(shape)}. For a class take its index."
            )
        axes = self._axes
        if axes is None or axes == shape.rank - 2:
            return outputs.placed
        if axes == shape.rank - 1 and (self.where == BOX or self._lies_on(outputs, shape[1:])):
            return outputs.logits[..., None]  # one mask, without an axis for its class
        if self.where == BOX:
            raise TargetError(
                f"Region(box=) needs an output with rows and columns; output '{outputs.name}' is "
                f"{in_words(shape)}: give a mask= of its places."
            )
        raise TargetError(
            f"Region(mask=) has {axes} axes of places, and output '{outputs.name}' "
            f"{in_words(shape)} has {shape.rank - 2}: give one mask for all inputs of as many "
            f"axes, or a list of such masks, one an input."
        )

    def _given(self, outputs: Outputs, logits: tf.Tensor, region: tf.Tensor) -> tf.Tensor:
        """Weights of the output's places, (batch, *places)."""
        places = tuple(logits.shape[1:-1])
        if self.where == BOX:
            index = next(i for i, x in enumerate(outputs.listened.inputs) if x.shape.rank == 4)
            return box_coverage(region, outputs.listened.inputs[index], logits)
        if _same(self.rows.shape[1:], places):
            return region
        if self._lies_on(outputs, places):
            return mask_coverage(region, logits)
        inputs = outputs.input_places(len(places))
        on = " or ".join(str(each) for each in dict.fromkeys([places, *inputs]))
        raise TargetError(
            f"Region(mask=) has size {self.rows.shape[1:]}, and must have that of the model's "
            f"output or of its input, {on}: bring it there as the photo was."
        )

    def _lies_on(self, outputs: Outputs, places: Sequence[int | None]) -> bool:
        """Whether the mask has the size of the output or of an input."""
        mask = self.rows.shape[1:]
        return any(_same(mask, each) for each in (places, *outputs.input_places(len(mask))))


def _inner(given: Any, find_class: FindClass | None = None) -> UnitTarget:
    made = as_target(given, find_class)
    if not isinstance(made, UnitTarget):
        raise TargetError(
            f"Region({given!r}) is no class: give an index, a name, 'top1', one class per input, "
            f"or Contrast(a, b)."
        )
    return made


def _masks(given: Any) -> np.ndarray:
    """Masks as (1 or batch, *places) float32."""
    shared = not isinstance(given, (list, tuple))
    arrays = [np.asarray(given)] if shared else [np.asarray(each) for each in given]
    shapes = {each.shape for each in arrays}
    if len(shapes) != 1:
        raise TargetError(
            f"Region(mask=) holds masks of different shapes, {sorted(shapes)}: they lie on the "
            f"model's input, which has one size."
        )
    masks = arrays[0] if shared and arrays[0].ndim > 2 else np.stack(arrays)
    number = np.issubdtype(masks.dtype, np.number) or masks.dtype == bool
    if masks.ndim < 2 or not masks.size or not number:
        raise TargetError(
            f"Region(mask=) is {masks.dtype} of shape {arrays[0].shape}: it must be bool, like "
            f"(height, width)."
        )
    low, high = float(masks.min()), float(masks.max())
    if not (low >= 0 and high <= 1):
        raise TargetError(
            f"Region(mask=) holds {low:g} to {high:g}: it must be bool, or weights from 0 to 1. "
            f"Pass mask > 0."
        )
    empty = [i for i, each in enumerate(masks) if not each.any()]
    if empty:
        which = f" of input {empty[0]}" if len(masks) > 1 else ""
        raise TargetError(
            f"Region(mask=){which} is empty: no place is in it, so there is nothing to explain."
        )
    return masks.astype(np.float32)


def _same(mask: Sequence[int | None], places: Sequence[int | None]) -> bool:
    return len(mask) == len(places) and all(
        None in pair or pair[0] == pair[1] for pair in zip(mask, places, strict=True)
    )


def _predicted(logits: tf.Tensor, activation: str | None) -> tf.Tensor:
    """Where each class is predicted, (batch, *places, units) of 0 and 1."""
    units = logits.shape[-1]
    if units == 1 or activation == "sigmoid":
        return tf.cast(logits > 0, tf.float32)
    depth = tf.shape(logits)[-1] if units is None else units
    return tf.one_hot(tf.argmax(logits, axis=-1), depth, dtype=tf.float32)


def _mean(logits: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Means over places, (batch, units), and whether there is any place, (batch,) of 0 and 1."""
    axes = list(range(1, logits.shape.rank - 1))
    total = tf.reduce_sum(weights, axis=axes)
    summed = tf.reduce_sum(weights[..., None] * logits, axis=axes)
    return tf.math.divide_no_nan(summed, total[:, None]), tf.cast(total > 0, tf.float32)
