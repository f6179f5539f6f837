"""Does a model compute what another one does? If not: from which stage on, or is it the photos?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.model.pixels import IN_WORDS, image_shape, plan_pixels, preprocess
from tfviz.zoo.porting.photos import CROP, RESIZE, torchvision_preprocess
from tfviz.zoo.porting.reference import Reference, read_reference, reference_of

# Sums of thousands of float32 products in another order differ by some 1e-6; a wrong epsilon, the
# smallest mistake there is, by 1e-3.
TOLERANCE = 1e-5
MOST_SHOWN = 8


@dataclass(frozen=True)
class Stage:
    """One place where two models were compared.

    Attributes:
        name: Of the stage, or 'output'.
        difference: The largest difference over the reference's largest value; infinite where the
            shapes differ or a value is no number.
        shape: In the model, channels last.
        expected: In the reference.
    """

    name: str
    difference: float
    shape: tuple[int, ...]
    expected: tuple[int, ...]


@dataclass(frozen=True)
class Photos:
    """How the model's own way of making photos ready compares with the reference's.

    Attributes:
        difference: Of the values that go in, the largest over the reference's largest; infinite
            where the shapes differ.
        effect: What that changes in the model's own output, likewise; NaN where the shapes differ.
        same_class: Whether the likeliest class is the same.
        torchvision: Whether torchvision's transform of the photo gives the reference's input.
        how: What `tfviz.preprocess` does for this model, in words.
    """

    difference: float
    effect: float
    same_class: bool
    torchvision: bool
    how: str


@dataclass(frozen=True)
class Verification:
    """Whether a model computes what a reference did.

    Attributes:
        model: Its name.
        reference: Where the reference comes from.
        stages: All that were compared, in order of execution, the output last.
        not_found: Stages of the reference that the model doesn't have.
        tolerance: Up to which relative difference stages count as equal.
        photos: The comparison of preprocessing; None when the reference has no photo.
        note: How outputs were made comparable; empty when nothing was needed.
    """

    model: str
    reference: str
    stages: tuple[Stage, ...]
    not_found: tuple[str, ...]
    tolerance: float
    photos: Photos | None = None
    note: str = ""

    @property
    def first(self) -> Stage | None:
        """The first stage that differs, None when none does."""
        return next((s for s in self.stages if not s.difference <= self.tolerance), None)

    @property
    def same_model(self) -> bool:
        """Whether the model gives the reference's output for the reference's input."""
        return self.stages[-1].difference <= self.tolerance

    @property
    def same_photos(self) -> bool:
        """Whether photos are made ready as for the reference; True when it has none."""
        return self.photos is None or self.photos.difference <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is infinite or no number is null."""
        first = self.first
        return {
            "model": self.model,
            "reference": self.reference,
            "tolerance": self.tolerance,
            "same_model": self.same_model,
            "first_difference": first.name if first else None,
            "stages": [{"name": s.name, "difference": _or_none(s.difference)} for s in self.stages],
            "not_found": list(self.not_found),
            "preprocessing": self.photos
            and {
                "difference": _or_none(self.photos.difference),
                "effect_on_output": _or_none(self.photos.effect),
                "same_class": self.photos.same_class,
                "torchvision": self.photos.torchvision,
            },
        }

    def __str__(self) -> str:
        lines = [f"{self.model} against {self.reference}"]
        for stage in self._worth_showing():
            mark = "equal  " if stage.difference <= self.tolerance else "DIFFERS"
            shapes = (
                f"  {stage.shape} for {stage.expected}" if stage.shape != stage.expected else ""
            )
            lines.append(f"  {mark}  {stage.difference:8.1e}  {stage.name}{shapes}")
        lines.append(f"model: {self._of_the_model()}")
        if self.note:
            lines.append(f"  {self.note}")
        if self.not_found:
            some = ", ".join(self.not_found[:MOST_SHOWN])
            more = ", ..." if len(self.not_found) > MOST_SHOWN else ""
            lines.append(f"  not compared, the model has no layer of the name: {some}{more}")
        lines.append(f"preprocessing: {self._of_the_photos()}")
        return "\n".join(lines)

    def _worth_showing(self) -> list[Stage]:
        """Those around the first that differs."""
        first = self.first
        at = self.stages.index(first) if first else 0
        shown = self.stages[max(0, at - 2) : at + 3] if first else self.stages[:MOST_SHOWN]
        return [*shown, *([self.stages[-1]] if self.stages[-1] not in shown else [])]

    def _of_the_model(self) -> str:
        first, output = self.first, self.stages[-1]
        if first is None:
            return f"computes the same; the outputs differ by {output.difference:.1e} (relative)."
        if self.same_model:
            return (
                f"gives the same output, and '{first.name}' differs by {first.difference:.1e}: "
                f"does the name mean another place there?"
            )
        at = self.stages.index(first)
        before = f"'{self.stages[at - 1].name}' is still equal" if at else "it is the first"
        return (
            f"another one from '{first.name}' on ({before}): look at the padding, stride, epsilon "
            f"and weights of the layers in it."
        )

    def _of_the_photos(self) -> str:
        if self.photos is None:
            return "not compared: the reference holds no photo."
        if self.same_photos:
            return f"the same ({self.photos.how})."
        theirs = f"torchvision's (resize {RESIZE}, crop {CROP}, mean, deviation)"
        known = theirs if self.photos.torchvision else "another than torchvision's too"
        if not np.isfinite(self.photos.difference):
            return f"gives another size ({self.photos.how}); the reference's is {known}."
        top = "the same" if self.photos.same_class else "ANOTHER"
        return (
            f"differs ({self.photos.how}); the reference's is {known}. It changes the output by "
            f"{self.photos.effect:.1%}, and the likeliest class is {top}."
        )


def verify(
    model: Any,
    reference: Reference | str | os.PathLike[str],
    *,
    tolerance: float = TOLERANCE,
) -> Verification:
    """Compare a model with a reference, stage by stage, on the reference's own input.

    A wrong answer of a ported model has two possible causes, which look alike in the end: the model
    computes something else, or it is shown something else. So the model is called on the very
    input of the reference; and, where that has its photo, what `tfviz.preprocess` makes of the
    photo is compared with it.

    Args:
        model: A `keras.Model` whose layers carry the names of the stages.
        reference: From `reference_of`, or a .npz file (see `read_reference`).
        tolerance: Up to which relative difference stages count as equal: the largest difference
            over the largest value of the reference.

    Raises:
        InputError: When the reference is none, or its input is none of this model's.
        ModelError: When the model can't be called on it.
    """
    known = reference if isinstance(reference, Reference) else read_reference(reference)
    _require_its_shape(model, known)
    found = reference_of(model, known.inputs, stages=known.stages)
    stages = [
        _stage(name, found.stages[name], expected)
        for name, expected in known.stages.items()
        if name in found.stages
    ]
    output, note = _output(found.output, known.output, tolerance)
    if note and stages and not stages[-1].difference <= tolerance:
        # The head, whose activation the note speaks of.
        last, _ = _output(found.stages[stages[-1].name], known.stages[stages[-1].name], tolerance)
        stages[-1] = Stage(stages[-1].name, last.difference, last.shape, last.expected)
    return Verification(
        model.name,
        known.source,
        (*stages, output),
        tuple(name for name in known.stages if name not in found.stages),
        tolerance,
        _photos(model, known, found.output) if known.photo is not None else None,
        note,
    )


def _require_its_shape(model: Any, reference: Reference) -> None:
    shape = image_shape(model)
    given = reference.inputs.shape
    if shape is None:
        return
    if len(given) != 4 or any(
        n is not None and n != m for n, m in zip(shape[1:], given[1:], strict=True)
    ):
        wanted = " x ".join("any" if n is None else str(n) for n in shape[1:])
        raise InputError(
            f"The reference's input is {given} and model '{model.name}' takes {wanted}: build the "
            f"model with input_shape={tuple(given[1:])}, or make the reference with its size."
        )


def relative_difference(values: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest expected value; infinite for other shapes or NaN.

    >>> relative_difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    0.25
    """
    if values.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    apart = np.abs(values.astype(np.float64) - expected).max()
    if not np.isfinite(apart):
        return float("inf")
    if apart == 0:
        return 0.0
    largest = np.abs(expected).max()
    return float(apart / largest) if largest else float("inf")


def _stage(name: str, values: np.ndarray, expected: np.ndarray) -> Stage:
    if values.ndim == 2 and expected.ndim == 4 and expected.shape[1:3] == (1, 1):
        # PyTorch keeps the places after pooling, where there is one of them.
        expected = expected[:, 0, 0]
    return Stage(name, relative_difference(values, expected), values.shape, expected.shape)


def _output(values: np.ndarray, expected: np.ndarray, tolerance: float) -> tuple[Stage, str]:
    plain = _stage("output", values, expected)
    if plain.difference <= tolerance or values.shape != expected.shape or values.ndim != 2:
        return plain, ""
    if np.allclose(values.sum(1), 1, atol=1e-4) and not np.allclose(expected.sum(1), 1, atol=1e-4):
        likely = np.exp(expected - expected.max(1, keepdims=True))
        after = _stage("output", values, likely / likely.sum(1, keepdims=True))
        return after, "the model ends in a softmax and the reference doesn't: compared after it"
    return plain, ""


def _photos(model: Any, reference: Reference, output: np.ndarray) -> Photos:
    """`output` is the model's own on the reference's input: its mistakes don't count here."""
    assert reference.photo is not None
    own = preprocess(model, [reference.photo])
    size = reference.inputs.shape[1]
    theirs = torchvision_preprocess(
        [reference.photo], resize=max(size, round(size * RESIZE / CROP)), crop=size
    )
    # Normalisation in another order of operations differs in the last digits.
    torchvision = relative_difference(theirs, reference.inputs[:1]) <= TOLERANCE
    difference = relative_difference(own, reference.inputs[:1])
    plan = plan_pixels(model)
    how = f"{plan.resize} to {plan.size[0]}x{plan.size[1]}, {IN_WORDS[plan.value_range]}"
    effect, same = float("nan"), False
    if own.shape == reference.inputs[:1].shape:
        answer = reference_of(model, own, stages=()).output
        effect = relative_difference(answer, output[:1])
        same = bool(answer[0].argmax() == output[0].argmax())
    return Photos(difference, effect, same, torchvision, how)


def _or_none(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
