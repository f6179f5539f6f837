"""One detection of an object detector: of its raw predictions the one that fits a box."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.boxes import (
    as_boxes,
    check_layout,
    corners,
    is_relative,
    mirrored_boxes,
    on_image,
    overlaps,
    size_of_image,
)
from tfviz.explain.predictions import Key, Predictions, key_kind, predictions_of
from tfviz.explain.target import FindClass, Parameters, Score, Target
from tfviz.explain.targets import Class, as_target

if TYPE_CHECKING:
    from tfviz.explain.outputs import Outputs

# A prediction of the model's own may stand out of the picture a little.
LEAST_ON_IMAGE = 0.5
ANY_CLASS = -1


class Detection(Target):
    """A class of a detector's prediction: of all raw predictions the one that fits best.

        n = argmax_n IoU(box, box_n) p_n^c        y = logit of class c of prediction n

    The fit is that of D-RISE without its objectness, which most detectors have not. Which
    prediction it is, is chosen by the input as it is; for masked or noisy copies of it the score
    stays that of the same prediction.

    The model must give its predictions before non-maximum suppression, which has no gradient and
    whose rows change places: boxes (batch, predictions, 4) and scores (batch, predictions,
    classes), or (batch, predictions) for one class.

    Source: Petsiuk et al., "Black-box Explanation of Object Detectors via Saliency Maps", CVPR
    2021, equations 3 to 6 (similarity).

    Args:
        box: Where the object is: four numbers for all inputs or (batch, 4). None takes the
            prediction with the highest score.
        target: A class index or name, or one index per input; None takes the best fitting class.
        boxes: The output that holds the boxes, by index or name, or a function that takes them out
            of all outputs. None finds the one of shape (batch, predictions, 4).
        scores: The same of the scores. They may be logits, or end in a sigmoid or softmax.
        layout: Of the model's boxes: 'xyxy', 'yxyx', 'xywh' (a corner and the size), 'center_xywh'
            or 'center_yxhw', in pixels of the model's input; with 'rel_' in front in parts of its
            size.
        box_layout: Of `box`; the same as `layout` by default.

    Raises:
        TargetError: For a box that is none, or an unknown layout.
    """

    reads_all = True
    nothing = "no prediction of the model overlaps the box"

    def __init__(
        self,
        box: Any = None,
        target: Any = None,
        *,
        boxes: Key = None,
        scores: Key = None,
        layout: str = "xyxy",
        box_layout: str | None = None,
    ) -> None:
        self.layout = check_layout(layout)
        self.box_layout = check_layout(box_layout or layout)
        self.box = None if box is None else as_boxes(box, self.box_layout, "Detection(box=)")
        self.target = target if isinstance(target, str) else _class(target)
        self.boxes = boxes
        self.scores = scores

    def named(self, find_class: FindClass) -> Target:
        """The same with the class name looked up."""
        return self._with(target=_class(self.target, find_class))

    def _with(self, **changed: Any) -> Detection:
        made = Detection.__new__(type(self))
        made.__dict__ |= self.__dict__ | changed
        return made

    @property
    def kind(self) -> Hashable:
        """What is read, and how its boxes are laid."""
        keys = (key_kind(self.boxes), key_kind(self.scores))
        return ("detection", self.box is None, self.layout, is_relative(self.box_layout), *keys)

    @property
    def signature(self) -> dict[str, Any]:
        """The box, if any, and the class, -1 for any."""
        box = {} if self.box is None else {"box": tf.TensorSpec((None, 4), tf.float32)}
        return {"unit": np.int32} | box

    def parameters(self, count: int) -> Parameters:
        """A box and a class for each input."""
        wanted = _class(self.target)
        unit = {"unit": np.full(count, ANY_CLASS, np.int32)}
        found: Parameters = unit if wanted is None else wanted.parameters(count)
        if self.box is None:
            return found
        if len(self.box) not in (1, count):
            raise TargetError(
                f"Detection() holds {len(self.box)} boxes for {count} inputs: give one for all or "
                f"one for each."
            )
        return found | {"box": np.broadcast_to(self.box, (count, 4))}

    def check(self, units: int | None, activation: str | None) -> None:
        """Refuse classes that the scores don't have."""
        wanted = _class(self.target)
        if wanted is not None:
            # No side of a sigmoid is meant: class 0 of one is that one.
            wanted.check(units, None)

    def check_inputs(self, shapes: tuple[tuple[int, ...], ...]) -> None:
        """Refuse boxes outside the picture."""
        if self.box is not None:
            where = "Detection(box=)"
            whole = (1.0, 1.0) if is_relative(self.box_layout) else size_of_image(shapes, where)
            on_image(self.box, whole, where, LEAST_ON_IMAGE)

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        """The same prediction of other inputs."""
        return Prediction(self, units, signs, kept)

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The logit of the best fitting prediction."""
        found = predictions_of(outputs, self.boxes, self.scores)
        predicted = tf.stack(corners(found.boxes, self.layout), axis=-1)
        unit = parameters["unit"]
        fit = found.probabilities
        if self.box is not None:
            wanted = parameters["box"]
            if is_relative(self.layout) != is_relative(self.box_layout):
                factor = _size(outputs)
                wanted = wanted / factor if is_relative(self.layout) else wanted * factor
            fit = fit * overlaps(predicted, wanted)[..., None]
        classes = tf.shape(fit)[-1]
        asked = (unit[:, None] < 0) | (tf.range(classes)[None] == unit[:, None])
        # Below every fit, so that no other class is taken where nothing fits.
        fit = tf.where(asked[:, None], fit, -1.0)
        best = tf.argmax(tf.reshape(fit, [tf.shape(fit)[0], -1]), axis=1, output_type=tf.int32)
        fits = tf.reduce_max(fit, axis=[1, 2]) > 0
        return at_prediction(
            found,
            best // classes,
            best % classes,
            tf.cast(fits, tf.float32),
            tf.gather(predicted, best // classes, axis=1, batch_dims=1),
        )

    def how(self, outputs: Outputs) -> str:
        """Of the scores."""
        return predictions_of(outputs, self.boxes, self.scores).how


class Prediction(Target):
    """One prediction of a detector that is settled for each input, by its place among all."""

    reads_all = True
    nothing = Detection.nothing

    def __init__(
        self,
        chosen_by: Detection,
        units: np.ndarray,
        signs: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> None:
        self.chosen_by = chosen_by
        self.units, self.signs = units, signs
        self.index, self.box = kept["prediction"], kept["box"]

    @property
    def kind(self) -> Hashable:
        """As of what chose it."""
        return ("prediction", self.chosen_by.kind)

    @property
    def signature(self) -> dict[str, Any]:
        """Which prediction, and which class of it."""
        return {
            "prediction": np.int32,
            "unit": np.int32,
            "sign": np.float32,
            "box": tf.TensorSpec((None, 4), tf.float32),
        }

    def parameters(self, count: int) -> Parameters:
        """As they were chosen, one row an input."""
        return {
            "prediction": self.index,
            "unit": self.units,
            "sign": self.signs,
            "box": self.box,
        }

    def mirrored(self, width: float) -> Target:
        """The prediction of the same class that fits the mirrored box best: another one."""
        across = mirrored_boxes(self.box, 1.0 if is_relative(self.chosen_by.layout) else width)
        return self.chosen_by._with(
            box=across, box_layout=self.chosen_by.layout, target=Class(tuple(self.units))
        )

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The logit at the settled place."""
        by = self.chosen_by
        found = predictions_of(outputs, by.boxes, by.scores)
        names = ("prediction", "unit", "sign", "box")
        return at_prediction(found, *(parameters[name] for name in names))


def at_prediction(
    found: Predictions, index: tf.Tensor, unit: tf.Tensor, sign: tf.Tensor, box: tf.Tensor
) -> Score:
    """The score of one prediction an input.

    Args:
        found: All predictions.
        index: Which prediction, (batch,) int32.
        unit: Which class of it, (batch,) int32.
        sign: 0 where there is nothing to explain, (batch,) float32.
        box: Where it is, (batch, 4).
    """
    logits = tf.gather(found.logits, index, axis=1, batch_dims=1)
    value = sign * tf.gather(logits, unit, axis=1, batch_dims=1)
    none = tf.fill(tf.shape(unit), -1)
    kept = {"prediction": index, "box": box}
    return Score(value, unit, sign, none, logits, kept, (found.logits,))


def box_in_words(box: np.ndarray) -> str:
    """A box by its corners: '(12, 8.5, 40, 31)'."""
    return f"({', '.join(f'{float(each):.3g}' for each in box)})"


def _class(given: Any, find_class: Callable[[str], Any] | None = None) -> Class | None:
    if given is None:
        return None
    made = as_target(given, find_class)
    if not isinstance(made, Class):
        raise TargetError(
            f"Detection(target={given!r}) is no class: give an index, a name, or one index per "
            f"input; None takes the class that fits the box best."
        )
    return made


def _size(outputs: Outputs) -> tf.Tensor:
    """(width, height, width, height) of the picture that goes into the model."""
    for each in outputs.listened.inputs:
        if each.shape.rank == 4:
            axes = (3, 2) if outputs.input_places(2)[0] == tuple(each.shape[2:]) else (2, 1)
            size = tf.stack([tf.shape(each)[axis] for axis in axes] * 2)
            return tf.cast(size, tf.float32)
    raise TargetError(
        "Detection(box_layout=) differs from layout= in being relative, and without an input that "
        "is a picture its size isn't known: give the box in the model's own layout."
    )
