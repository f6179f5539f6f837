"""A product of matrices whose inner sizes differ: what meets what, and what would fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tfviz.doctor.live.clues.case import Case, Mended, mends, says
from tfviz.doctor.live.clues.layers import given, given_to
from tfviz.doctor.live.clues.seen import shape_of
from tfviz.doctor.live.description import Shape

_FLAGS = (("transpose_a", "adjoint_a"), ("transpose_b", "adjoint_b"))


@dataclass(frozen=True)
class Factor:
    """One side of a product.

    Attributes:
        node: The expression.
        shape: Of its value, before it is turned.
        turned: Whether the call turns its last two axes.
    """

    node: ast.expr
    shape: Shape
    turned: bool = False

    @property
    def name(self) -> str:
        """As it is written."""
        return ast.unparse(self.node)

    def axis(self, *, last: bool, turned: bool) -> int | None:
        """The size that meets the other factor's, on its last or its second-last axis."""
        if len(self.shape) == 1:
            return self.shape[0]
        return self.shape[-1 if last != turned else -2]


def factors(case: Case) -> tuple[Factor, Factor] | None:
    """Both factors of a product whose inner sizes differ; None for others."""
    nodes, flags = _written(case)
    shapes = [shape_of(case.line.maybe(each)) for each in nodes]
    if len(nodes) != 2 or not shapes[0] or not shapes[1]:
        return None
    a = Factor(nodes[0], shapes[0], flags[0])
    b = Factor(nodes[1], shapes[1], flags[1])
    return None if _meet(a, b, a.turned, b.turned) else (a, b)


def _written(case: Case) -> tuple[Sequence[ast.expr], tuple[bool, bool]]:
    """The expressions on both sides, and whether the call turns them."""
    node = case.line.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return (node.left, node.right), (False, False)
    for call in case.line.calls("matmul", "dot", "mm", "bmm"):
        if len(call.args) >= 2:
            given = {each.arg: case.line.maybe(each.value) for each in call.keywords}
            a, b = (any(given.get(name) is True for name in names) for names in _FLAGS)
            return call.args[:2], (a, b)
        if len(call.args) == 1 and isinstance(call.func, ast.Attribute):
            return (call.func.value, call.args[0]), (False, False)
    return (), (False, False)


def _meet(a: Factor, b: Factor, turn_a: bool, turn_b: bool) -> bool:
    inner = a.axis(last=True, turned=turn_a), b.axis(last=False, turned=turn_b)
    return inner[0] == inner[1] or None in inner


def _fitting(a: Factor, b: Factor) -> tuple[bool, bool] | None:
    """Which of the two to turn so that they fit, with as few changes of the call as can be."""
    ways = [(a.turned, not b.turned), (not a.turned, b.turned)]
    if not (a.turned or b.turned):
        # Who has turned one on purpose doesn't want the other turned in its stead.
        ways.append((True, True))
    for way in ways:
        changed = [each for each, turn in zip((a, b), way, strict=True) if turn != each.turned]
        if all(len(each.shape) > 1 for each in changed) and _known(a, b) and _meet(a, b, *way):
            return way
    return None


def _known(a: Factor, b: Factor) -> bool:
    """Whether the last two sizes of both are known, and the axes before them fit."""
    pairs = zip(reversed(a.shape[:-2]), reversed(b.shape[:-2]), strict=False)
    fits = all(m == n or 1 in (m, n) or None in (m, n) for m, n in pairs)
    return fits and None not in (*a.shape[-2:], *b.shape[-2:])


def _exchanged(a: Factor, b: Factor) -> bool:
    flat = len(a.shape) == len(b.shape) == 2 and not (a.turned or b.turned)
    return flat and _known(a, b) and a.shape[0] == b.shape[1]


@says("shape.matmul_sizes", "numpy.matmul_sizes", "torch.linear_shape", "shape.dense_last_axis")
def inner_sizes(case: Case) -> Iterator[str]:
    """The last axis of one factor, and the one before the last of the other."""
    found = factors(case)
    if found is None:
        return
    a, b = found
    sides = []
    for each, last in ((a, True), (b, False)):
        size = each.axis(last=last, turned=each.turned)
        kind = "columns" if last else "rows"
        sides.append(f"{size} {'values' if len(each.shape) == 1 else kind}")
    flags = zip((a, b), _FLAGS, strict=True)
    turned = [f"{name} turns `{each.name}`" for each, (name, _) in flags if each.turned]
    as_it_is = f" ({', '.join(turned)})" if turned else ""
    yield (
        f"`{a.name}` is {a.shape} and `{b.name}` is {b.shape}: the {sides[0]} of `{a.name}` meet "
        f"{sides[1]} of `{b.name}`{as_it_is}."
    )
    yield from _made_flat(case, (a.node, b.node))
    fit = _fitting(a, b)
    if fit is not None and not turned and not all(fit):
        yield f"`{(b if fit[1] else a).name}` would fit if it were transposed."


def _made_flat(case: Case, pair: Sequence[ast.expr]) -> Iterator[str]:
    """What an operand was before it was flattened."""
    for each in pair:
        made = case.line.assigned(each.id) if isinstance(each, ast.Name) else None
        call = getattr(made, "value", None)
        if made is None or not isinstance(call, ast.Call) or not isinstance(each, ast.Name):
            continue
        if isinstance(call.func, ast.Attribute) and call.func.attr in (
            "reshape",
            "ravel",
            "flatten",
        ):
            whole = call.args[0] if call.args and case.line.maybe(call.func.value) is np else None
            source = whole or call.func.value
            shape = shape_of(case.line.maybe(source))
            if shape and ast.unparse(source) != each.id:
                yield (
                    f"`{each.id}` is `{ast.unparse(call):.60}` (line {made.lineno}), and "
                    f"`{ast.unparse(source)}` is {shape}."
                )


@mends("shape.matmul_sizes", "numpy.matmul_sizes")
def which_transposed(case: Case) -> Mended | None:
    """Only what a transposed factor mends is advised to be transposed."""
    found = factors(case)
    if found is None:
        return _as_built(case)
    a, b = found
    if _exchanged(a, b) and not _meet(a, b, True, False) and not _meet(a, b, False, True):
        return Mended(
            fix=f"Exchange the two, if that is the product that is meant: `{b.name}` times "
            f"`{a.name}` is {(b.shape[0], a.shape[1])}.",
            code=_code(case, b, a, False, False),
            instead="",
        )
    fit = _fitting(a, b)
    if fit is not None:
        return Mended(fix=_changes(a, b, fit), code=_code(case, a, b, *fit), instead="")
    one = a.axis(last=True, turned=a.turned)
    other = b.axis(last=False, turned=b.turned)
    return Mended(
        fix=f"{'It is not the transposing' if a.turned or b.turned else 'No transposing makes them fit'}: the {one} of `{a.name}` and the {other} of "
        f"`{b.name}` must be made the same number where the two come from.",
        code="",
        instead="",
    )


def _changes(a: Factor, b: Factor, fit: tuple[bool, bool]) -> str:
    """What to turn, and what to leave as it is, in words."""
    said = []
    for each, turn in zip((a, b), fit, strict=True):
        if turn != each.turned:
            said.append(f"transpose `{each.name}`" if turn else f"don't transpose `{each.name}`")
    text = " and ".join(said)
    doubt = (
        ", if its axes are in the wrong order"
        if fit == (True, False) and not (a.turned or b.turned)
        else ""
    )
    return f"{text[0].upper()}{text[1:]}{doubt}."


def _as_built(case: Case) -> Mended | None:
    """For a layer or model that was called: what it takes."""
    target, inputs = given_to(case), given(case)
    if target is None or not inputs:
        return None
    return Mended(
        fix=f"Give `{target[0]}` what it was built for, {target[2]}: the same columns or the "
        f"same picture size as in training; or build it for the {inputs[0][1]} that you have.",
        code="",
        instead="",
    )


def _code(case: Case, a: Factor, b: Factor, turn_a: bool, turn_b: bool) -> str:
    if case.is_about(["shape."]):
        said = f"{', transpose_a=True' * turn_a}{', transpose_b=True' * turn_b}"
        return f"tf.matmul({a.name}, {b.name}{said})"
    return f"{_turned(a) if turn_a else a.name} @ {_turned(b) if turn_b else b.name}"


def _turned(factor: Factor) -> str:
    name = factor.name
    if len(factor.shape) != 2:
        return f"np.swapaxes({name}, -1, -2)"
    simple = isinstance(factor.node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return f"{name}.T" if simple else f"({name}).T"
