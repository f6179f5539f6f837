"""A layer's backward against finite differences, and against TensorFlow's tape."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.textbook.layers import as_array, like

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

NUDGE = 1e-5
TOLERANCE = 1e-6
"""Of central differences in float64 with that nudge: they are right to about 1e-10."""
TAPE_TOLERANCE = 1e-9
LEAST = 1e-3
"""A largest gradient below it counts as this: 0 can't be compared relatively."""
MOST = 20_000


@dataclass(frozen=True)
class Compared:
    """One gradient and what others say.

    Attributes:
        name: 'x', or the name of a parameter.
        gradient: By `backward`.
        numeric: By central differences.
        kinks: Where the slopes on the left and on the right differ, of the same shape, boolean:
            there every number between the two is right.
        apart: The largest distance from `numeric`, relative to the largest gradient (or to 1e-3,
            so that a gradient of 0 has something to be compared with).
        tape: By TensorFlow's tape; None where it wasn't asked.
        tape_apart: The largest distance from `tape`, relative in the same way; None likewise.
    """

    name: str
    gradient: np.ndarray
    numeric: np.ndarray
    kinks: np.ndarray
    apart: float
    tape: np.ndarray | None
    tape_apart: float | None

    @property
    def agrees(self) -> bool:
        """Whether all others say the same."""
        on_tape = self.tape_apart is None or self.tape_apart <= TAPE_TOLERANCE
        return self.apart <= TOLERANCE and on_tape


@dataclass(frozen=True)
class GradientCheck:
    """What `check_gradient` found.

    Attributes:
        layer: The name of the layer's class.
        compared: For x and every parameter.
    """

    layer: str
    compared: tuple[Compared, ...]

    @property
    def agrees(self) -> bool:
        """Whether `backward` is right everywhere."""
        return all(each.agrees for each in self.compared)

    def __getitem__(self, name: str) -> Compared:
        for each in self.compared:
            if each.name == name:
                return each
        raise KeyError(name)

    def __bool__(self) -> bool:
        return self.agrees

    def __str__(self) -> str:
        with_tape = any(each.tape is not None for each in self.compared)
        head = f"  {'':8}{'shape':>16}{'largest':>12}{'numeric':>10}"
        lines = [
            f"Gradients of {self.layer}: how far they are apart, relative to the largest",
            head + (f"{'tape':>10}" if with_tape else ""),
        ]
        for each in self.compared:
            largest = float(abs(each.gradient).max(initial=0))
            line = f"  {'d' + each.name:8}{each.gradient.shape!s:>16}{largest:>12.5g}"
            line += f"{each.apart:>10.1e}"
            if with_tape:
                line += " " * 10 if each.tape_apart is None else f"{each.tape_apart:>10.1e}"
            line += "  ok" if each.agrees else "  DIFFERS"
            kinks = int(each.kinks.sum())
            lines.append(line + (f", {kinks} at a kink" if kinks else ""))
        return "\n".join(lines)


def check_gradient(
    layer: Any,
    x: ArrayLike,
    t: ArrayLike | None = None,
    *,
    dout: ArrayLike | None = None,
    tape: bool = False,
    seed: int = 0,
) -> GradientCheck:
    """Nudges every number that goes into a layer, and compares with its `backward`.

    Works with the textbook's layers and with your own: they need `forward(x)` or `forward(x, t)`,
    `backward(dout)`, and where there are parameters, `parameters()` and `gradients()` with the same
    names. The layer is left as it was: a copy is checked.

    Args:
        layer: The layer, or a net of them.
        x: What goes in.
        t: The targets, where the layer is a loss.
        dout: The gradient that comes back to the layer, as large as its output; random numbers
            where absent, 1 for a loss.
        tape: Also ask TensorFlow's tape; the textbook's own layers only.
        seed: Of the random `dout`.

    Returns:
        What was found; it is true where all agrees, and prints as a table.

    Raises:
        InputError: If the layer isn't made like this, or shapes don't fit.

    >>> from tfviz.learn.textbook.layers import Affine
    >>> bool(check_gradient(Affine([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0]), [[0.5, -1.0]]))
    True
    """
    for name in ("forward", "backward"):
        if not callable(getattr(layer, name, None)):
            raise InputError(
                f"{type(layer).__name__} has no method '{name}'; a layer to check has forward and "
                "backward."
            )
    # What the layer remembers of its last pass must survive.
    layer = copy.deepcopy(layer)
    given = as_array(x, "x")
    targets = () if t is None else (t,)
    out = np.asarray(layer.forward(given, *targets), dtype=np.float64)
    if dout is not None:
        back = like(dout, out.shape, "dout")
    elif out.ndim:
        back = np.random.default_rng(seed).normal(size=out.shape)
    else:
        back = np.ones(())

    gradients = {"x": np.asarray(layer.backward(back if back.ndim else float(back)))}
    numbers = {"x": given}
    if callable(getattr(layer, "parameters", None)):
        numbers |= layer.parameters()
        gradients |= {name: np.array(each) for name, each in layer.gradients().items()}
    _matching(type(layer).__name__, numbers, gradients)

    def loss() -> float:
        return float((back * np.asarray(layer.forward(given, *targets))).sum())

    on_tape: dict[str, np.ndarray] = {}
    if tape:
        from tfviz.learn.textbook.tape import tape_gradients

        on_tape = tape_gradients(layer, given, t, back)
    return GradientCheck(
        type(layer).__name__,
        tuple(
            _compared(name, gradients[name], array, loss, on_tape.get(name))
            for name, array in numbers.items()
        ),
    )


def _matching(layer: str, numbers: dict[str, np.ndarray], gradients: dict[str, np.ndarray]) -> None:
    for name, array in numbers.items():
        if name not in gradients:
            raise InputError(f"{layer} has a parameter '{name}' and no gradient of that name.")
        if gradients[name].shape != array.shape:
            raise InputError(
                f"{layer} gives a gradient of shape {gradients[name].shape} for {name} of shape "
                f"{array.shape}; they must be equally large."
            )
    total = sum(array.size for array in numbers.values())
    if total > MOST:
        raise InputError(
            f"{layer} has {total} numbers to nudge one by one; take a smaller one (at most {MOST})."
        )


def _compared(
    name: str,
    gradient: np.ndarray,
    array: np.ndarray,
    loss: Callable[[], float],
    tape: np.ndarray | None,
) -> Compared:
    largest = max(float(abs(gradient).max(initial=0)), LEAST)
    numeric, kinks = np.zeros(array.shape), np.zeros(array.shape, bool)
    apart = 0.0
    for place in np.ndindex(*array.shape):
        left, right = _both_sides(loss, array, place, NUDGE)
        numeric[place] = (left + right) / 2
        if abs(right - left) > TOLERANCE * largest:
            # In a smooth bend the sides come together as the nudge shrinks; at a kink they don't.
            nearer = _both_sides(loss, array, place, NUDGE / 4)
            kinks[place] = abs(nearer[1] - nearer[0]) > abs(right - left) / 2
        lowest = highest = float(numeric[place])
        if kinks[place]:
            lowest, highest = sorted((left, right))
        ours = float(gradient[place])
        apart = max(apart, lowest - ours, ours - highest)
    return Compared(
        name,
        gradient,
        numeric,
        kinks,
        apart / largest,
        tape,
        None if tape is None else float(abs(tape - gradient).max(initial=0)) / largest,
    )


def _both_sides(
    loss: Callable[[], float], array: np.ndarray, place: tuple[int, ...], nudge: float
) -> tuple[float, float]:
    """The slopes on the left and on the right of one number, which is put back."""
    before = float(array[place])
    nudge *= max(1.0, abs(before))
    middle, slopes = loss(), []
    for side in (-nudge, nudge):
        array[place] = before + side
        slopes.append((loss() - middle) / side)
    array[place] = before
    return slopes[0], slopes[1]
