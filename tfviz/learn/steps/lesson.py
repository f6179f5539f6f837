"""The lesson that `step` gives: text, picture, page and numbers of one training step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfviz.errors import LayerError, nearest
from tfviz.learn.lesson import Lesson
from tfviz.learn.steps.nudging import Nudge
from tfviz.learn.steps.records import BEHIND, LayerStep, OpStep, Weight

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class StepLesson(Lesson):
    """One training step, op by op.

    Attributes:
        name: Names of files.
        model: The model's name.
        loss: The loss.
        loss_name: What it is called.
        samples: How many samples the batch held.
        layers: All calls of layers in the order they began, the loss last.
        ops: All ops that the gradient goes through, in the order they ran.
        weights: All trainable variables.
        updated_by: Whose update the ratios are of, in words.
        graph_ops: How many ops the step has in all, with constants and arithmetic of shapes.
        notes: What one should know about this step.
        gradients: Variable path to the gradient of the loss, as `tape.gradient` gives it; not
            part of `numbers`.
        opened: The layer that this is narrowed to; None for all.
    """

    name: str
    model: str
    loss: float
    loss_name: str
    samples: int
    layers: tuple[LayerStep, ...]
    ops: tuple[OpStep, ...]
    weights: tuple[Weight, ...]
    updated_by: str
    graph_ops: int
    notes: tuple[str, ...] = ()
    gradients: dict[str, Any] = field(default_factory=dict, repr=False)
    opened: str | None = None

    def find(self, layer: str) -> str:
        """The path of a layer, from a path or a name that occurs once.

        Raises:
            LayerError: When there is no such layer, or several.
        """
        if layer in ("loss", BEHIND):
            return BEHIND
        if layer == self.model:
            return ""
        paths = list(dict.fromkeys(each.path for each in self.layers if each.path))
        if layer in paths:
            return layer
        named = [each for each in paths if each.rsplit("/", 1)[-1] == layer]
        if len(named) == 1:
            return named[0]
        if named:
            raise LayerError(
                f"The name '{layer}' belongs to {len(named)} layers: {', '.join(named[:6])}. Give "
                f"the path of one."
            )
        known = [*paths, *(each.rsplit("/", 1)[-1] for each in paths), "loss"]
        raise LayerError(
            f"This step of model '{self.model}' has no layer '{layer}'.{nearest(layer, known)}"
        )

    def layer(self, name: str) -> StepLesson:
        """The same step with the ops of one layer only, for a closer look.

        Args:
            name: A path, a name that occurs once, or 'loss'.

        Raises:
            LayerError: When there is no such layer, or several.
        """
        path = self.find(name)
        kept = tuple(each for each in self.ops if each.layer == path)
        stem = f"{self.name}-{(path or self.model).strip('()').replace('/', '-')}"
        return dataclasses.replace(self, name=stem, ops=kept, opened=path)

    def noted(self, note: str) -> StepLesson:
        """The same step with one more note in front; without words, as it is."""
        return dataclasses.replace(self, notes=(note, *self.notes)) if note else self

    def called(self, path: str) -> str:
        """What a layer is called before people."""
        return self.model if not path else "loss" if path == BEHIND else path

    def nudges(self) -> list[Nudge]:
        """All finite differences that were made, of ops and of weights."""
        ops = [n for op in self.ops for each in op.inputs for n in each.nudges]
        shown = {
            path
            for each in self.layers
            if self.opened in (None, each.path)
            for path in each.weights
        }
        weights = [each for each in self.weights if each.path in shown]
        return ops + [each.nudge for each in weights if each.nudge is not None]

    def numbers(self) -> dict[str, Any]:
        """The step in numbers: layers, ops, weights and checks."""
        told = [each.agrees for each in self.nudges()]
        rules = [i.follows for op in self.ops for i in op.inputs if i.follows is not None]
        return {
            "model": self.model,
            "loss": self.loss,
            "loss_name": self.loss_name,
            "samples": self.samples,
            "graph_ops": self.graph_ops,
            "updated_by": self.updated_by,
            "checks": {
                "finite_differences": len(told),
                "agree": told.count(True),
                "differ": told.count(False),
                "cannot_tell": told.count(None),
                "formulas": len(rules),
                "formulas_right": rules.count(True),
            },
            "layers": self.layers,
            "ops": self.ops,
            "weights": self.weights,
            "notes": self.notes,
        }

    def figure(self) -> Figure:
        """Each layer's gradient, and how far the step moves its weights."""
        from tfviz.learn.steps.picture import overview

        return overview(self)

    def page(self) -> str:
        """The step from the loss backwards, layer by layer and op by op."""
        from tfviz.learn.steps.walkthrough import walkthrough

        return walkthrough(self)

    def __str__(self) -> str:
        from tfviz.learn.steps.text import in_text

        return in_text(self)
