"""Two number types on one line: whose they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.seen import arrays_on_line, dtype_of, listed


@says("tf.dtype_mismatch", "torch.dtype_mismatch", "torch.long_expected", "autodiff.watch_integer",
      "numpy.inplace_cast", "torch.not_implemented_for_type", "cv2.type_mismatch",
      "cv2.unsupported_depth")  # fmt: skip
def whose_types(case: Case) -> Iterator[str]:
    """The dtype of each array on the line."""
    found = operands(case)
    kinds = {dtype_of(value) for _, value in found}
    if not found or (len(kinds) < 2 and not case.is_about(["autodiff.", "cv2.", "torch."])):
        found = [each for each in arrays_on_line(case) if dtype_of(each[1])] or found
        kinds = {dtype_of(value) for _, value in found}
    if not found:
        return
    told = [f"`{name}` is {dtype_of(value)}" for name, value in found[:4]]
    said = f"{listed(told)}."
    if case.is_about(["tf."]) and len(kinds) == 2:
        whole = [name for name, value in found if "int" in dtype_of(value)]
        if len(whole) == 1 and any("float" in each for each in kinds):
            other = next(each for each in kinds if "float" in each)
            said = f"{said[:-1]}: `tf.cast({whole[0]}, tf.{other})`."
    yield said


def operands(case: Case) -> list[tuple[str, Any]]:
    """The arrays that meet in the failing operation."""
    node = case.line.node
    parts: list[ast.expr] = []
    match node:
        case ast.BinOp(left=left, right=right):
            parts = [left, right]
        case ast.Compare(left=left, comparators=others):
            parts = [left, *others]
        case ast.Call(args=args):
            parts = [*args, *(each.value for each in node.keywords)]
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            parts = [ast.Name(name, ast.Load()), value]
    found = [(ast.unparse(each), case.line.maybe(each)) for each in parts]
    return [(name, value) for name, value in found if dtype_of(value)]


@says("numpy.string_to_float")
def the_text(case: Case) -> Iterator[str]:
    """Where the text stands that is no number."""
    match = re.search(r"could not convert string to float: '?(.+?)'?$", case.message)
    if match is None:
        return
    from tfviz.doctor.live.clues.contents import first_place

    for name, value in [*arrays_on_line(case), *_lists(case)]:
        place = first_place(value, match[1])
        if place:
            yield f"'{match[1]}' is in `{name}`, {place}."
            return


def _lists(case: Case) -> list[tuple[str, Any]]:
    return [(n, v) for n, v in case.line.expressions() if type(v) in (list, tuple)]
