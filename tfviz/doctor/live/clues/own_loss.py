"""A loss or metric of the user's own: whether labels and output are what doesn't fit in it."""

from __future__ import annotations

import ast
import re

from tfviz.doctor.live.clues.case import Case, Mended, Settled, mends, settles
from tfviz.doctor.live.clues.seen import shape_of
from tfviz.doctor.live.description import Shape

_OUTPUT = "loss.target_output_shape"


def _compared(case: Case) -> tuple[tuple[str, Shape], tuple[str, Shape]] | None:
    """(name, shape) of labels and output, the first two arguments of the failing function."""
    code = case.own.frame.f_code if case.own.frame is not None else None
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    names = tuple(each for each in names if each != "self")[:2]
    shapes = [shape_of(case.own.locals.get(each)) for each in names]
    if len(shapes) != 2 or shapes[0] is None or shapes[1] is None:
        return None
    return (names[0], shapes[0]), (names[1], shapes[1])


@settles(_OUTPUT)
def labels_fit_the_output(case: Case) -> Settled | None:
    """Labels and output of one shape: what doesn't fit is something else in the function."""
    pair = _compared(case)
    if pair is None or pair[0][1] != pair[1][1]:
        return None
    shapes = re.search(r"input shapes: (\[[^\]]*\]), (\[[^\]]*\])", case.message) or re.search(
        r"Incompatible shapes: (\[[^\]]*\]) vs\.? (\[[^\]]*\])", case.message
    )
    if shapes is None:
        return None
    return Settled("shape.broadcast", {"a": shapes[1], "b": shapes[2]})


@mends("shape.broadcast")
def what_else_is_in_the_loss(case: Case) -> Mended | None:
    """The advice for an operand that is neither labels nor output."""
    pair, node = _compared(case), case.line.node
    in_loss = re.search(r"compile_loss|compile_metrics|/loss|loss/", case.message)
    if pair is None or pair[0][1] != pair[1][1] or in_loss is None:
        return None
    (labels, shape), (output, _) = pair
    other = ""
    if isinstance(node, ast.BinOp):
        sides = [each for each in (node.left, node.right) if not _uses(each, (labels, output))]
        other = f", `{ast.unparse(sides[0]):.60}`," if len(sides) == 1 else ""
    return Mended(
        fix=f"`{labels}` and `{output}` have the same shape, {shape}: what doesn't fit is what they "
        f"are joined with{other} on this line. Give it {shape[-1]} values, one a column, or the "
        "model as many units as it has." if shape else None,
        code=f"print({labels}.shape, {output}.shape)",
        instead="",
    )  # fmt: skip


def _uses(node: ast.AST, names: tuple[str, str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))
