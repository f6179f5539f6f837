"""Which worked nets there are."""

from __future__ import annotations

import inspect
from typing import Any

from tfviz.errors import InputError, nearest
from tfviz.learn.lesson import Lesson
from tfviz.learn.nets.two_lesson import two_two_two

NETS = ("2-2-2", "three-layer")


def worked_net(net: str = "2-2-2", *, tape: bool = False, **options: Any) -> Lesson:
    """A small net worked out by hand: every step with formula, numbers put in and result.

    Args:
        net: '2-2-2', the known worked example of sigmoids and squared error; or 'three-layer',
            with bias units and cross-entropy, over several samples at once.
        tape: Also ask TensorFlow's tape for the gradients.
        **options: Numbers of your own in place of those of the example. Both nets take `inputs`,
            `targets`, `rate` and `steps` (how often to train). '2-2-2' takes `weights` (w1 to
            w8), `biases` (b1, b2) and `update_bias` as well; 'three-layer' takes rows of samples
            as `inputs` and `targets`, `hidden` (how many units) and `regularisation` (lambda).

    Returns:
        A lesson: `print` it, look at its attributes, `.save` it as png, svg, html and json.

    Raises:
        InputError: For a net or an option that doesn't exist, or numbers that don't fit.

    Source:
        Mazur, "A step by step backpropagation example", 2015; Ng, "Machine Learning",
        Stanford/Coursera, exercise 4.

    >>> round(worked_net(steps=1).forward.error, 9)
    0.298371109
    """
    if net not in NETS:
        raise InputError(
            f"there is no worked net '{net}'.{nearest(str(net), NETS)} There are "
            f"{' and '.join(NETS)}."
        )
    if net == "2-2-2":
        work: Any = two_two_two
    else:
        from tfviz.learn.nets.three_lesson import three_layer

        work = three_layer
    known = [name for name in inspect.signature(work).parameters if name != "tape"]
    for name in options:
        if name not in known:
            raise InputError(
                f"the net {net} has no option '{name}'.{nearest(name, known)} It takes "
                f"{', '.join(known)}."
            )
    lesson: Lesson = work(tape=tape, **options)
    return lesson
