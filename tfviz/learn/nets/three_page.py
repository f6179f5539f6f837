"""The three-layer net as a page to step through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.draw.stepping import Step, stepping_page
from tfviz.learn.expressions.canvas import as_svg
from tfviz.learn.expressions.diagram import Diagram, Shown
from tfviz.learn.expressions.words import mathematical
from tfviz.learn.nets.picture import LEAST_STEPS, draw_errors
from tfviz.learn.nets.three_lesson import printed
from tfviz.learn.palette import BLUE, GRADIENT, VALUE

if TYPE_CHECKING:
    from tfviz.learn.nets.three_lesson import ThreeLayer

CURVE = (1000.0, 460.0)


def page(lesson: ThreeLayer) -> str:
    """One step a matrix, then the check and the training."""
    diagram = lesson.diagram()
    gradients: set[int] = set()
    steps = []
    for stage in lesson.stages():
        if stage.back:
            gradients.add(stage.mark)
        shown = Shown(None, set(gradients), (stage.mark,), (), GRADIENT if stage.back else VALUE)
        size = f", shape {stage.value.shape}" if stage.value.ndim else ""
        steps.append(
            Step(
                stage.title,
                _picture(diagram, shown),
                f"The graph of the net; marked is where {stage.formula} is computed{size}.",
                [mathematical(f"{stage.formula}{size}"), stage.text],
                code=printed(stage.value),
            )
        )
    last = len(lesson.costs) - 1
    curve = [("cost J", BLUE, lesson.costs)]
    steps.append(Step("The check", text=lesson.check()))
    steps.append(
        Step(
            f"And again, {last:,} times",
            as_svg(lambda canvas: draw_errors(canvas, curve, CURVE, "cost J"), *CURVE, "")
            if last >= LEAST_STEPS
            else "",
            f"The cost against the number of steps: from {lesson.costs[0]:.6f} to "
            f"{lesson.costs[-1]:.6f}.",
            [f"Gradient descent at rate {lesson.rate:g}. The outputs at the end, a row a sample:"],
            code=printed(lesson.trained),
        )
    )
    return stepping_page(
        "Back-propagation through three layers, by matrices",
        steps,
        intro=[
            "A net with bias units and sigmoids, trained on cross-entropy, for all samples at "
            "once: samples are rows."
        ],
        data=lesson.to_dict(),
    )


def _picture(diagram: Diagram, shown: Shown) -> str:
    return as_svg(lambda canvas: diagram.draw(canvas, shown), *diagram.size, "")
