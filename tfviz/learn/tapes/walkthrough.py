"""The page of the tape lesson: the loop done right, then one mistake a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.draw.stepping import Step, stepping_page
from tfviz.learn.tapes.lesson import told
from tfviz.learn.tapes.line import RATE, STEPS
from tfviz.learn.tapes.picture import pair
from tfviz.learn.tapes.words import WORDS

if TYPE_CHECKING:
    from tfviz.learn.tapes.lesson import TapeLesson

_LOOP = """for x, y in batches:
    with tf.GradientTape() as tape:                 # zero-grad: a new tape knows nothing yet
        loss = loss_fn(y, model(x, training=True))  # forward, recorded
    gradients = tape.gradient(loss, model.trainable_variables)   # backward
    optimizer.apply(gradients, model.trainable_variables)        # step"""


def walkthrough(lesson: TapeLesson) -> str:
    """The page as HTML."""
    steps = [
        Step(
            "The loop as it should be",
            text=[
                f"Three parts: forget what was, go back from the loss, move the weights. Fitting a "
                f"line at rate {RATE:g}, the loss falls from {lesson.right[0]:.4g} to "
                f"{lesson.right[-1]:.2g} in {STEPS} steps.",
            ],
            code=_LOOP,
            table=WORDS,
        )
    ]
    for each in lesson.mistakes:
        picture = pair(lesson.right, each.losses) if each.losses else ""
        seen = ""
        if each.losses:
            seen = (
                f"The right loop falls to {lesson.right[-1]:.2g}; the wrong one ends at "
                f"{each.losses[-1]:.3g} after {STEPS} steps, from {each.losses[0]:.3g}."
            )
        code = f"# wrong\n{each.wrong}\n\n# right\n{each.right}"
        if each.error:
            code += f"\n\n# what is said\n{each.error}"
        table = [["what was measured", ""], *([k, told(v)] for k, v in each.facts.items())]
        text = [each.happens]
        if each.torch:
            text.append(f"In PyTorch: {each.torch}.")
        steps.append(Step(each.title, picture, seen, text=text, code=code, table=table))
    return stepping_page(
        "A training step with a tape, and what goes wrong",
        steps,
        intro=["All of it was run just now by the TensorFlow that is installed here."],
        notes=["PyTorch's words stand beside TensorFlow's; PyTorch itself was not run."],
    )
