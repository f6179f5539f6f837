"""Two number types on one line: whose they are."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.seen import MOST_ITEMS, arrays_on_line, dtype_of, listed
from tfviz.doctor.live.clues.source import reader_of
from tfviz.doctor.live.clues.trees import holds, statements_of
from tfviz.doctor.live.safely import maybe


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
    if case.is_about(["tf."]) and kinds & {"float16", "bfloat16"}:
        policy = _policy()
        if policy.startswith("mixed_"):
            yield (
                f"The policy '{policy}' is set: models and layers compute in {policy[6:]} and give it, "
                f"while the data and the loss stay float32. Cast what the model gives, or give its "
                f"last layer `dtype='float32'`."
            )


def _policy() -> str:
    """The name of Keras's dtype policy, '' without Keras."""
    keras = sys.modules.get("keras")
    asked = getattr(getattr(keras, "config", None), "dtype_policy", None)
    policy = asked() if asked is not None else None
    return str(maybe(policy, "name") or "")


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
    yield from _row_of_loop(case, match[1])


def _row_of_loop(case: Case, text: str) -> Iterator[str]:
    """Which row of a list of dictionaries or lists was being read, by the loop over it."""
    tops: list[ast.AST] = [*statements_of(case.line.scope)]
    for top in tops:
        if not holds(top, case.own.line):
            continue
        for each in ast.walk(top):
            if not isinstance(each, ast.For | ast.comprehension) or not isinstance(
                each.target, ast.Name
            ):
                continue
            row = case.line.maybe(ast.Name(each.target.id, ast.Load()))
            rows = case.line.maybe(each.iter)
            if rows is None and case.callers:
                rows = reader_of(case.callers[0]).maybe(each.iter)
            if type(row) not in (dict, list, tuple) or type(rows) not in (list, tuple):
                continue
            at = next((i for i, item in enumerate(rows[:MOST_ITEMS]) if item is row), None)
            cells = row.items() if type(row) is dict else enumerate(row)
            keys = [key for key, cell in cells if type(cell) is str and cell == text]
            if at is not None and len(keys) == 1:
                yield f"'{text}' is {each.target.id}[{keys[0]!r}] of `{ast.unparse(each.iter)}[{at}]`, entry {at} of {len(rows)}."
                return


def _lists(case: Case) -> list[tuple[str, Any]]:
    return [(n, v) for n, v in case.line.expressions() if type(v) in (list, tuple)]
