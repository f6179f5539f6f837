"""Losses by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfviz.errors import InputError
from tfviz.learn.given import names_of
from tfviz.learn.lesson import Lesson
from tfviz.learn.losses.catalogue import Loss, every_name, parse
from tfviz.learn.losses.clipping import at_small_probabilities, rows_of
from tfviz.learn.losses.collapse import collapse_numbers, sigmoid_collapse, softmax_collapse
from tfviz.learn.losses.collapse_page import sigmoid_page, softmax_page
from tfviz.learn.losses.curves import LossLesson, aligned, study_loss
from tfviz.learn.losses.regularisation import regularisation
from tfviz.learn.losses.stability import Stability, binary_stability, categorical_stability

STABLE = {
    "binary_crossentropy": binary_stability,
    "categorical_crossentropy": categorical_stability,
    "sparse_categorical_crossentropy": categorical_stability,
}
CLIPPED = (*STABLE, "kl_divergence", "log")
IN_FULL = 4


def loss(name: str) -> Lesson:
    """A loss with its gradients, computed by the Keras installed.

    Args:
        name: As in keras.losses, in full or short ('mse', 'bce'); 'log' for -log p; 'l2' for the
            penalty. Parameters go behind a colon, as in 'huber:delta=2' or 'l2:0.01'.

    Returns:
        A lesson; `print` it, `.save(folder)` it, or read its `.numbers()`. Cross-entropies have
        a page to step through ('html').

    Raises:
        InputError: For a name or parameter that can't be.
    """
    return _lesson(parse(name))


def stability(name: str) -> Stability:
    """The stable and the unstable forms of a cross-entropy, side by side, in float32.

    Args:
        name: 'binary_crossentropy', 'categorical_crossentropy' or the sparse one.

    Raises:
        InputError: For a loss that is no cross-entropy.
    """
    found = parse(name).name
    if found not in STABLE:
        raise InputError(f"'{found}' has no stable and unstable form; {', '.join(STABLE)} have.")
    return STABLE[found]()


def compare_losses(names: Iterable[str] | None = None) -> list[Lesson]:
    """Several losses; with cross-entropies come their stable and unstable forms.

    Args:
        names: As for `loss`; all that have a curve, unless told.

    Raises:
        InputError: For a name or parameter that can't be.
    """
    asked = [
        parse(name) for name in (every_name() if names is None else names_of(names, "names", "mse"))
    ]
    asked = list({each.spec: each for each in asked}.values())
    if not asked:
        raise InputError("no loss was named; give one, as 'binary_crossentropy'.")
    found: list[Lesson] = [_lesson(each) for each in asked]
    forms = dict.fromkeys(STABLE[each.name] for each in asked if each.name in STABLE)
    return [*found, *(form() for form in forms)]


def told(lessons: list[Lesson]) -> str:
    """What a terminal shows: a few in full, or of many a table."""
    if sum(not isinstance(each, Stability) for each in lessons) <= IN_FULL:
        return "\n\n".join(str(each) for each in lessons)
    rows = [("loss", "over", "gradient, both ends", "tape")]
    for each in lessons:
        if not isinstance(each, LossLesson):
            continue
        for curve in each.curves[:2]:
            over = curve.view.over.replace(",", "").split()[0]
            ends = ", ".join(f"{curve.seen.slope[at] + 0.0:.3g}" for at in (0, -1))
            wrong = len(curve.slope.wrong)
            rows.append((each.name, over, ends, f"{wrong} wrong" if wrong else "true"))
    lines = [aligned(tuple(rows), 0)]
    lines += ["", "One by itself, with all that is known of it: tfviz learn loss NAME"]
    return "\n".join(lines)


def _lesson(asked: Loss) -> Lesson:
    if asked.name == "l2":
        return regularisation(asked)
    remarks: tuple[str, ...] = ()
    more: dict[str, Any] = {}
    table: tuple[tuple[str, ...], ...] = ()
    if asked.name in CLIPPED and not asked.given:
        remarks, more = at_small_probabilities(asked)
        table = rows_of(more)
    steps = ""
    if asked.name == "binary_crossentropy":
        alone = sigmoid_collapse()
        steps, more = sigmoid_page(alone), {**more, **collapse_numbers(alone)}
    elif asked.name in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        row = softmax_collapse()
        steps, more = softmax_page(row), {**more, **collapse_numbers(row)}
    return LossLesson(asked.spec, asked, study_loss(asked), remarks, table, more, steps)
