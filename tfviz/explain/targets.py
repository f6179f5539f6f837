"""What is explained: one number per input, made from what the model puts out.

A target has two parts. Its *kind* decides what is traced; its *parameters* are tensors that go into
the traced function, so another class index or another k never traces again.

    Top(k)                 the k-th most likely class of each input (the default is Top(1))
    Class(index)           one class or output unit, or one per input; also a regression unit
    Side(positive)         a single sigmoid unit: the score for, or against
    Contrast(target, b)    the first rather than the second
    Function(f)            any function of the outputs

and with places, embeddings or several outputs, in files of their own:

    Region(target, mask)   a class within a region of a segmentation
    Detection(box, class)  the prediction of a detector at a box
    Similarity(reference)  how near an embedding is to another
    Sum({output: target})  several outputs at once
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.picked import Picked
from tfviz.explain.target import (
    FindClass,
    Parameters,
    Score,
    Target,
    UnitTarget,
    part_of,
    prefixed,
)
from tfviz.explain.target_function import Function
from tfviz.model.labels import top_rank


def _pick(logits: tf.Tensor, unit: tf.Tensor, sign: tf.Tensor | None = None) -> Score:
    value = tf.gather(logits, unit, axis=1, batch_dims=1)
    if sign is None:
        sign = tf.ones_like(value)
    return Score(value * sign, unit, sign, tf.fill(tf.shape(unit), -1))


@dataclass(frozen=True)
class Top(UnitTarget):
    """The k-th most likely class of each input; k = 1 is what the model says.

    For a single sigmoid unit it is the side that the model takes, for a single unit without
    activation the unit itself.
    """

    k: int = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise TargetError(f"top{self.k} is no rank: the most likely class is top1.")

    @property
    def kind(self) -> Hashable:
        return "top"

    @property
    def signature(self) -> dict[str, Any]:
        return {"rank": np.int32}

    def parameters(self, count: int) -> Parameters:
        return {"rank": np.full(count, self.k - 1, np.int32)}

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        return Picked(units, signs, others)

    def check(self, units: int | None, activation: str | None) -> None:
        classes = 2 if units == 1 and activation == "sigmoid" else units
        if classes is not None and self.k > max(classes, 1):
            raise TargetError(f"top{self.k} asks for more classes than the model's {classes}.")

    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        if logits.shape[1] == 1:
            unit = tf.zeros_like(parameters["rank"])
            # A mask's background is rarely what is asked for: its positive side is taken.
            if activation != "sigmoid" or spatial:
                return _pick(logits, unit)
            side = tf.where(logits[:, 0] >= 0, 1.0, -1.0)
            return _pick(logits, unit, tf.where(parameters["rank"] == 0, side, -side))
        # A full stable sort, not top_k: k is a tensor here, and equal logits keep their order.
        order = tf.argsort(logits, axis=1, direction="DESCENDING", stable=True)
        return _pick(logits, tf.gather(order, parameters["rank"], axis=1, batch_dims=1))


@dataclass(frozen=True)
class Class(UnitTarget):
    """One class or output unit for all inputs, or a sequence with one for each.

    For a single sigmoid unit class 1 is the positive side and class 0 the negative one, as in
    Keras's binary labels; `Side` says the same in words.
    """

    index: int | tuple[int, ...]

    def __post_init__(self) -> None:
        given: Any = self.index
        if isinstance(given, str):
            raise TargetError(
                f"Class({given!r}) takes an index; pass the name itself as target={given!r}, or "
                f"card_of(model).find_class({given!r})."
            )
        whole = int(given) if _whole(given) else tuple(int(each) for each in given)
        object.__setattr__(self, "index", whole)

    @property
    def kind(self) -> Hashable:
        return "class"

    @property
    def signature(self) -> dict[str, Any]:
        return {"unit": np.int32}

    def parameters(self, count: int) -> Parameters:
        if isinstance(self.index, int):
            return {"unit": np.full(count, self.index, np.int32)}
        if len(self.index) != count:
            raise TargetError(
                f"target= holds {len(self.index)} classes for {count} inputs: give one class for "
                f"all or one for each."
            )
        return {"unit": np.asarray(self.index, np.int32)}

    def check(self, units: int | None, activation: str | None) -> None:
        indices = (self.index,) if isinstance(self.index, int) else self.index
        classes = 2 if units == 1 and activation == "sigmoid" else units
        for index in indices:
            if index < 0 or (classes is not None and index >= classes):
                allowed = f"0 to {classes - 1}" if classes else "0 and up"
                raise TargetError(f"Class {index} is out of range: the model's are {allowed}.")

    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        unit = parameters["unit"]
        if logits.shape[1] == 1 and activation == "sigmoid":
            return _pick(logits, tf.zeros_like(unit), tf.where(unit == 1, 1.0, -1.0))
        return _pick(logits, unit)


@dataclass(frozen=True)
class Side(UnitTarget):
    """A single sigmoid unit: evidence for the positive class, or for the negative one.

    The logit of the negative class is the negated logit: sigmoid(-z) = 1 - sigmoid(z).
    """

    positive: bool = True

    @property
    def kind(self) -> Hashable:
        return "side"

    @property
    def signature(self) -> dict[str, Any]:
        return {"sign": np.float32}

    def parameters(self, count: int) -> Parameters:
        return {"sign": np.full(count, 1.0 if self.positive else -1.0, np.float32)}

    def check(self, units: int | None, activation: str | None) -> None:
        if units is not None and units != 1:
            raise TargetError(
                f"Side() is for a model with one output unit; this one has {units}. "
                f"Use Class(index)."
            )

    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        sign = parameters["sign"]
        return _pick(logits, tf.zeros_like(sign, tf.int32), sign)


@dataclass(frozen=True)
class Contrast(UnitTarget):
    """Why `target` rather than `against`: the difference of their logits.

    Source: Selvaraju et al., "Grad-CAM", 2017, section 3.3 (counterfactuals) has the negated
    class alone; the difference of two logits is their log odds, what separates the two.

    Args:
        target: A class index, 'top1', a class name, or a `Class` or `Top`.
        against: The same.
    """

    target: Any
    against: Any

    def __post_init__(self) -> None:
        for name in ("target", "against"):
            given = getattr(self, name)
            # A class name waits for the model that knows it.
            if not isinstance(given, str):
                made = as_target(given)
                if not isinstance(made, (Top, Class)):
                    raise TargetError(
                        f"Contrast({name}={given!r}) is no class: a contrast is between two "
                        f"classes, as indices, names or 'top1'."
                    )
                object.__setattr__(self, name, made)

    def named(self, find_class: FindClass) -> Target:
        return Contrast(as_target(self.target, find_class), as_target(self.against, find_class))

    @property
    def kind(self) -> Hashable:
        return ("contrast", self.target.kind, self.against.kind)

    @property
    def signature(self) -> dict[str, Any]:
        return prefixed("a_", self.target.signature) | prefixed("b_", self.against.signature)

    def parameters(self, count: int) -> Parameters:
        first, second = self.target.parameters(count), self.against.parameters(count)
        return prefixed("a_", first) | prefixed("b_", second)

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        return Picked(units, signs, others)

    def check(self, units: int | None, activation: str | None) -> None:
        if units == 1:
            raise TargetError(
                "A contrast needs two classes, and this model has one output unit, whose two sides "
                "are opposite anyway: take one of them alone as target."
            )
        self.target.check(units, activation)
        self.against.check(units, activation)
        if self.target == self.against:
            raise TargetError(
                "A contrast of a class with itself is zero everywhere: name two different classes."
            )

    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        def side(letter: str, target: UnitTarget) -> Score:
            own = part_of(f"{letter}_", parameters)
            return target.score(logits, own, activation=activation, spatial=spatial)

        first, second = side("a", self.target), side("b", self.against)
        return Score(first.value - second.value, first.unit, first.sign, second.unit)


def as_target(given: Any, find_class: FindClass | None = None) -> Target:
    """A target from what people write for one.

    Args:
        given: None or 'top1', 'top3', a class index, a sequence of indices (one per input), a
            `Target`, or a function of the outputs.
        find_class: Turns a class name into its index; names are refused without it.

    Raises:
        TargetError: For anything else.

    >>> as_target("top3")
    Top(k=3)
    >>> as_target(281)
    Class(index=281)
    """
    if given is None:
        return Top(1)
    if isinstance(given, Target):
        return given if find_class is None else given.named(find_class)
    if isinstance(given, str) and find_class is not None:
        return as_target(find_class(given))
    if isinstance(given, str):
        rank = top_rank(given)
        if rank is not None:
            return Top(rank)
        if given in ("positive", "negative"):
            return Side(given == "positive")
        raise TargetError(
            f"target={given!r} is neither 'top1', 'top2', ... nor a known class name: give a class "
            f"index, or load the model with labels="
        )
    if isinstance(given, (bool, np.bool_)):
        raise TargetError(
            f"target={given} is ambiguous: use Side({given}) for a single sigmoid unit or "
            f"Class({int(given)})."
        )
    if isinstance(given, (int, np.integer)):
        return Class(int(given))
    if callable(given):
        return Function(given)
    if isinstance(given, (Sequence, np.ndarray)) and all(_whole(each) for each in given):
        return Class(tuple(int(each) for each in given))
    raise TargetError(
        f"target={given!r} is not understood: give 'top1', a class index, one index per input, "
        f"Contrast(a, b), Side(True), Sum({{output: target}}) for several outputs at once, or a "
        f"function of the outputs."
    )


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
