"""Activations by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfviz.errors import InputError
from tfviz.learn.activations.gated import gated_lesson
from tfviz.learn.activations.names import VECTORS, Activation, every_name, parse
from tfviz.learn.activations.scalar import ScalarActivation
from tfviz.learn.activations.special import about_prelu, about_step
from tfviz.learn.activations.study import OVER, checked_range, redrawn, study
from tfviz.learn.activations.together import ONE_FRAME, PER_SLIDE, VIEW, Comparison
from tfviz.learn.activations.vectors import LOGITS, VectorActivation, vector_lesson
from tfviz.learn.given import names_of
from tfviz.learn.lesson import Lesson
from tfviz.learn.naming import file_stem


def activation(
    name: str,
    *,
    over: tuple[float, float] | None = None,
    logits: Sequence[float] | str | None = None,
) -> Lesson:
    """An activation with its derivatives, computed by the Keras installed.

    Args:
        name: As in keras.activations, 'prelu' or 'step'; parameters go behind a colon, as in
            'leaky_relu:0.3' or 'elu:alpha=2'.
        over: The range of x to draw; (-8, 8) unless told.
        logits: The vector for softmax, log_softmax and sparsemax.

    Returns:
        A lesson; `print` it, `.save(folder)` it, or read its `.numbers()`.

    Raises:
        InputError: For a name, parameter, range or logits that can't be.
    """
    asked = parse(name)
    _in_use([asked], over, logits)
    return _lesson(asked, over, logits)


def softmax(logits: Sequence[float] | str = LOGITS) -> VectorActivation:
    """Softmax at these logits, with its Jacobian as a matrix: p_i (d_ij - p_j).

    Args:
        logits: At least two finite numbers.

    Raises:
        InputError: For logits that can't be.
    """
    return vector_lesson("softmax", logits)


def compare_activations(
    names: Iterable[str] | None = None,
    *,
    over: tuple[float, float] | None = None,
    logits: Sequence[float] | str | None = None,
) -> list[Lesson]:
    """Several activations, each by itself, and slides that hold them against each other.

    Args:
        names: As for `activation`; all there are, unless told.
        over: The range of x to draw.
        logits: The vector for softmax, log_softmax and sparsemax.

    Returns:
        Slides of comparison first (where there are two or more to compare), then each.

    Raises:
        InputError: For a name, parameter, range or logits that can't be.
    """
    asked = [
        parse(name)
        for name in (every_name() if names is None else names_of(names, "names", "relu"))
    ]
    asked = list({each.spec: each for each in asked}.values())
    if not asked:
        raise InputError("no activation was named; give one, as 'sigmoid'.")
    _in_use(asked, over, logits)
    each = [_lesson(one, over, logits) for one in asked]
    scalars = [one for one in each if isinstance(one, ScalarActivation)]
    if len(scalars) < 2:
        return each
    return [*_slides(scalars, over), *each]


def _in_use(
    asked: list[Activation], over: tuple[float, float] | None, logits: Sequence[float] | str | None
) -> None:
    """Raises where something was given that none of those asked for takes."""
    names = ", ".join(each.name for each in asked)
    if logits is not None and all(each.kind != "vector" for each in asked):
        raise InputError(
            f"logits are for {', '.join(VECTORS[:-1])} and {VECTORS[-1]}, which take a whole "
            f"vector; {names} takes each number by itself. Leave them out."
        )
    if over is not None and all(each.kind == "vector" for each in asked):
        raise InputError(
            f"a range is for curves over one number; {names} takes a whole vector. Give logits "
            "in its place, as 2,1,0.1."
        )


def _slides(scalars: list[ScalarActivation], over: tuple[float, float] | None) -> list[Comparison]:
    if len(scalars) <= ONE_FRAME:
        return [Comparison(_compared(scalars), tuple(scalars))]
    if over is None:
        # Small frames show the middle, where the differences are.
        scalars = [ScalarActivation(one.name, redrawn(one.found, VIEW)) for one in scalars]
    parts = -(-len(scalars) // PER_SLIDE)
    share = -(-len(scalars) // parts)
    return [
        Comparison(_compared(some), tuple(some))
        for number in range(parts)
        for some in [scalars[number * share : (number + 1) * share]]
    ]


def _compared(scalars: Sequence[ScalarActivation]) -> str:
    return file_stem(["compared", *(one.name for one in scalars)])


def _lesson(
    asked: Activation, over: tuple[float, float] | None, logits: Sequence[float] | str | None
) -> Lesson:
    if over is not None:
        over = checked_range(over)
    if asked.kind == "vector":
        return vector_lesson(asked.name, LOGITS if logits is None else logits)
    if asked.kind == "gated":
        return gated_lesson(asked) if over is None else gated_lesson(asked, over)
    found = study(asked, OVER if over is None else over)
    if asked.name == "step":
        remarks, more = about_step(asked)
        return ScalarActivation(asked.spec, found, remarks, more=more)
    if asked.name == "prelu":
        remarks, beside = about_prelu(asked, found)
        return ScalarActivation(asked.spec, found, remarks, beside=beside)
    return ScalarActivation(asked.spec, found)
