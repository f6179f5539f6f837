"""What of a file fits a model, before anything is loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tfviz.zoo.checkpoints.refusal import printable

Shape = tuple[int, ...]

MOST_SHOWN = 6


@dataclass(frozen=True)
class Report:
    """What of a file fits a model, and what doesn't.

    Attributes:
        file: The file.
        model: The model's name.
        matched: Tensors that have a place of their shape.
        missing: Weights of the model that the file has no tensor for.
        unexpected: Tensors of the file that the model has no place for.
        differing: Tensors whose shape is another: name, shape in the file, in the model.
        ignored: Counters, which Keras has no use for.
        skipped: Of the head, left out because that was asked for.
        notes: What was unwrapped or left off in the file.
        reason: The likely reason for what doesn't fit; empty when all does.
    """

    file: str
    model: str
    matched: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    differing: tuple[tuple[str, Shape, Shape], ...] = ()
    ignored: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether every weight has its tensor and every tensor its weight."""
        return not (self.missing or self.unexpected or self.differing)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file,
            "model": self.model,
            "complete": self.complete,
            "matched": list(self.matched),
            "missing": list(self.missing),
            "unexpected": list(self.unexpected),
            "shape_differs": [
                {"name": name, "file": list(theirs), "model": list(ours)}
                for name, theirs, ours in self.differing
            ],
            "ignored": list(self.ignored),
            "skipped": list(self.skipped),
            "notes": list(self.notes),
            "likely_reason": self.reason,
        }

    def __str__(self) -> str:
        lines = [f"{self.file} -> {self.model}", f"  matched        {len(self.matched)}"]
        for heading, names in (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("shape differs", tuple(map(_both_shapes, self.differing))),
        ):
            lines.append(f"  {heading:<14} {len(names)}{_some(names)}")
        if self.ignored:
            lines.append(f"  ignored        {len(self.ignored)} counters (num_batches_tracked)")
        if self.skipped:
            lines.append(f"  skipped        {len(self.skipped)}{_some(self.skipped)}")
        lines += [f"  note           {note}" for note in self.notes]
        if self.reason:
            lines.append(f"  likely         {self.reason}")
        return "\n".join(lines)


@dataclass(frozen=True)
class SameWeights:
    """Whether a model has the weights of a file.

    Attributes:
        report: What of the file has a place in the model.
        apart: Tensors whose values are others there, with the largest difference of a value.
    """

    report: Report
    apart: dict[str, float]

    @property
    def same_model(self) -> bool:
        """Whether every tensor has its place, and every weight the file's value."""
        return self.report.complete and not self.apart

    def to_dict(self) -> dict[str, Any]:
        """For JSON; a difference that is no number is null."""
        apart = {k: v if math.isfinite(v) else None for k, v in self.apart.items()}
        return {**self.report.to_dict(), "same_model": self.same_model, "values_differ": apart}

    def __str__(self) -> str:
        said = f"values differ  {len(self.apart)}{_some(tuple(self.apart))}"
        verdict = "the same weights" if self.same_model else "other weights"
        return f"{self.report}\n  {said}\nmodel: {verdict}"


def _both_shapes(each: tuple[str, Shape, Shape]) -> str:
    name, theirs, ours = each
    return f"{printable(name)} {theirs} in the file, {ours} in the model"


def _some(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f": {', '.join(map(printable, names[:MOST_SHOWN]))}{more}"
