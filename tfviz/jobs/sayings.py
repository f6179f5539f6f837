"""From what is typed to a target, and from an explanation to a row of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.errors import TargetError
from tfviz.explain.explanation import Explanation
from tfviz.explain.target import Target
from tfviz.explain.targets import Contrast, as_target
from tfviz.jobs.products import BARS
from tfviz.jobs.results import HeatmapResult
from tfviz.model.card import card_of
from tfviz.model.labels import top_rank

# Of a single output unit, where the model brings no names along.
SIDES = ("positive", "negative")


def named_target(model: Any, target: str, against: str | None) -> Target:
    """A target from what is typed on a command line.

    Args:
        model: With what is remembered of it (class names).
        target: 'top1', 'top2', ..., an index or a class name.
        against: The class to set it against, in the same words.

    Raises:
        TargetError: When no class is called so, or several are.
    """
    card = card_of(model)

    def one(text: str) -> Target:
        found = card.find_class(text)
        if isinstance(found, str) and top_rank(found) is None and found not in SIDES:
            raise TargetError(
                f"'{text}' is a class name, and this model brings none along: give its index, or "
                f"the names with --labels (labels= in Python)."
            )
        return as_target(found)

    first = one(target)
    if against is None:
        return first
    second = one(against)
    return Contrast(first, second)


def result_of(name: str, explanation: Explanation, row: int) -> HeatmapResult:
    """What there is to tell of one input.

    Args:
        name: Of the input, as the user gave it.
        explanation: Of its batch.
        row: Of the input in it.
    """
    values = explanation.maps[row]
    if not np.isfinite(values).all():
        return HeatmapResult(name, reason=f"no map: {explanation.notes[row]}")
    sees, confidence, output = says(explanation, row)
    notes = (explanation.notes[row], *explanation.remarks)
    return HeatmapResult(
        input=name,
        sees=sees,
        confidence=confidence,
        output=output,
        target=explanation.targets[row],
        score=float(explanation.scores[row]),
        probability=explanation.probability(row),
        layer=explanation.layer.path,
        map_range=(float(values.min()), float(values.max())),
        note="; ".join(each for each in notes if each),
        top=tuple(explanation.probabilities(row, BARS)),
    )


def says(explanation: Explanation, row: int) -> tuple[str, float | None, float | None]:
    """What the model says of one input.

    Returns:
        The class in words; how sure the model is, None where the output is no probability; and the
        raw output in that case.
    """
    top = explanation.probabilities(row, 1)
    if top:
        return top[0][0], top[0][1], None
    output = np.atleast_1d(explanation.outputs[row])
    if output.ndim > 1:
        classes = np.moveaxis(output, explanation.class_axis - 1, -1)
        if classes.shape[-1] == 1:
            return f"{(classes > 0.5).mean():.0%} of the places", None, None
        winner = int(classes.reshape(-1, classes.shape[-1]).mean(axis=0).argmax())
        return f"mostly {explanation.card.name_of(winner, classes.shape[-1])}", None, None
    if len(output) == 1:
        return "the output", None, float(output[0])
    winner = int(output.argmax())
    return explanation.card.name_of(winner, len(output)), None, float(output[winner])
