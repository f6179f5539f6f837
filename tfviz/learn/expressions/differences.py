"""Finite differences: how the output moves when one node's value is nudged.

They know nothing of the rules of differentiation, and so they can check them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfviz.learn.expressions.graph import Graph
from tfviz.learn.expressions.passes import compute

SHRINK = 2.0
ROUNDS = 11
HALVINGS = 60
"""A nudge that leaves the domain is halved at most so often."""
COARSE = 1e4
"""How much larger a nudge is that a one-sided slope is compared with."""
RELATIVE = 1e-6
MOST_DOUBT = 1e-6
BLURRED = 0.1
ROUNDING = 8 * sys.float_info.epsilon


@dataclass(frozen=True)
class Difference:
    """A finite difference next to a gradient.

    Attributes:
        slope: The central difference, extrapolated to a nudge of 0; one side's alone where the
            other has no values; nan where nothing can be nudged.
        left: The slope on the left; nan where there are no values.
        right: The slope on the right.
        nudge: The smallest nudge that went into it.
        verdict: 'ok' they agree; 'kink' left and right differ, so there is nothing to agree
            with; 'one side' it agrees with the only side there is; 'none' the node can't be
            nudged, or has no gradient; 'unclear' what a nudge changes is lost in rounding; 'no'
            they disagree.
    """

    slope: float
    left: float
    right: float
    nudge: float
    verdict: str


def difference(
    graph: Graph, values: Sequence[float], gradients: Sequence[float], index: int
) -> Difference:
    """Nudge one node, watch the output, compare with its gradient.

    Args:
        graph: The graph.
        values: Of all nodes.
        gradients: Of all nodes, as back-propagation has them.
        index: Of the node to be nudged.
    """
    gradient = gradients[index]
    watch = _watcher(graph, values, index)
    at, out = values[index], values[graph.output]
    size = _rounded(graph, values, gradients, index)
    left, right = (_one_side(watch, at, out, side) for side in (-1.0, 1.0))
    if not math.isfinite(gradient) or (math.isnan(left) and math.isnan(right)):
        return Difference(math.nan, left, right, 0.0, "none")
    if math.isnan(left) or math.isnan(right):
        slope, side = (right, 1.0) if math.isnan(left) else (left, -1.0)
        nudge = _small(at)
        # A power between 1 and 2 comes to its slope at 0 only slowly, but it comes.
        far = abs(_one_side(watch, at, out, side * COARSE) - gradient)
        agrees = _close(slope, gradient, 1e-4, size, nudge) or abs(slope - gradient) < far / 10
        return Difference(slope, left, right, nudge, "one side" if agrees else "no")
    slope, nudge, doubt = _central(watch, at, 0.05 * max(1.0, abs(at)))
    if _close(slope, gradient, RELATIVE, size, nudge, doubt):
        return Difference(slope, left, right, nudge, _sure(slope, gradient, size, nudge))
    # A kink nearby, or numbers of a very different size: the nudge that is surest of itself wins.
    scale = abs(at) or 1.0
    starts = [part * scale for part in (0.05, 1e-3, 1e-5, 1e-7)]
    tried = [_central(watch, at, start) for start in starts]
    slope, nudge, doubt = min(tried, key=lambda each: each[2] + ROUNDING * size / each[1])
    if _close(slope, gradient, RELATIVE, size, nudge, doubt):
        return Difference(slope, left, right, nudge, _sure(slope, gradient, size, nudge))
    if not _close(left, right, 1e-4, size, _small(at)):
        bends = any(node.op in ("relu", "max") for node in graph.nodes[index + 1 :])
        return Difference(slope, left, right, nudge, "kink" if bends else "unclear")
    return Difference(slope, left, right, nudge, "no")


def _rounded(
    graph: Graph, values: Sequence[float], gradients: Sequence[float], index: int
) -> float:
    """How large the numbers are whose last digits are lost on the way, seen at the output."""
    return abs(values[graph.output]) + sum(
        abs(values[node.index] * gradients[node.index])
        for node in graph.nodes[index + 1 :]
        if math.isfinite(gradients[node.index]) and node.parents
    )


def _sure(slope: float, gradient: float, size: float, nudge: float) -> str:
    """'ok', unless rounding alone could have made the two agree."""
    largest = max(abs(slope), abs(gradient))
    return "unclear" if gradient and ROUNDING * size / nudge > BLURRED * largest else "ok"


def _close(
    found: float,
    wanted: float,
    relative: float,
    size: float,
    nudge: float,
    doubt: float = 0.0,
) -> bool:
    # Two outputs can't be told apart better than their last digits.
    blur = ROUNDING * size / nudge if nudge else 0.0
    # A bend that isn't smooth makes a difference unsure of itself; it may not be very unsure.
    doubt = min(2 * doubt, MOST_DOUBT * max(1.0, size))
    return abs(found - wanted) <= relative * max(abs(found), abs(wanted)) + blur + doubt


def _small(at: float) -> float:
    return 1e-6 * abs(at) or 1e-9


def _watcher(graph: Graph, values: Sequence[float], index: int) -> Callable[[float], float]:
    """The output as a function of one node's value, all that it is computed from forgotten."""
    moved = {index}
    after = []
    for node in graph.nodes[index + 1 :]:
        if moved.intersection(node.parents):
            moved.add(node.index)
            after.append(node)
    at = list(values)

    def watch(value: float) -> float:
        at[index] = value
        for node in after:
            at[node.index] = compute(graph, node, at)
            if not math.isfinite(at[node.index]):
                return math.nan
        return at[graph.output]

    return watch


def _one_side(watch: Callable[[float], float], at: float, out: float, side: float) -> float:
    """Three points on one side; nan where there are no values."""
    nudge = side * _small(at)
    near, far = watch(at + nudge), watch(at + 2 * nudge)
    # As the numbers are stored, not as they were meant.
    step = (at + nudge) - at
    return (4 * near - far - 3 * out) / (2 * step) if step else math.nan


def _central(
    watch: Callable[[float], float], at: float, start: float
) -> tuple[float, float, float]:
    """Central differences for ever smaller nudges, extrapolated to 0.

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering
    Software 4 (2), 1982.

    Returns:
        The slope, the smallest nudge that it rests on, and about how wrong it is.
    """
    for _ in range(HALVINGS):
        if math.isfinite(watch(at + start)) and math.isfinite(watch(at - start)):
            break
        start /= 2
    best, at_nudge, error = math.nan, start, math.inf
    row: list[float] = []
    nudge = start
    for _ in range(ROUNDS):
        up, down = at + nudge, at - nudge
        if up == down:
            break
        new = [(watch(up) - watch(down)) / (up - down)]
        factor = SHRINK * SHRINK
        for before in row:
            new.append((new[-1] * factor - before) / (factor - 1))
            doubt = max(abs(new[-1] - new[-2]), abs(new[-1] - before))
            if doubt <= error:
                best, at_nudge, error = new[-1], nudge, doubt
            factor *= SHRINK * SHRINK
        if row and abs(new[-1] - row[-1]) >= 2 * error:
            break
        row = new
        nudge /= SHRINK
    return best, at_nudge, error
