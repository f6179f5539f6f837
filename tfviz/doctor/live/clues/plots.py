"""Grids of pictures: how many cells there are, and which one was asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, says


@says("viz.subplot_num")
def which_cell(case: Case) -> Iterator[str]:
    """Rows, columns and index of the call, and a division that rounds down."""
    for call in case.line.calls("subplot", "add_subplot"):
        values = [case.line.maybe(each) for each in call.args]
        if len(values) != 3 or not all(type(each) is int for each in values):
            continue
        rows, columns, index = values
        named = ast.unparse(call.args[2])
        asked = named if named == str(index) else f"`{named}`"
        told = f"{asked} is {index}" if asked != str(index) else f"Cell {index} was asked for"
        said = f"{told}, and {rows} x {columns} makes {rows * columns} cells, 1 to {rows * columns}"
        made = case.line.assigned(call.args[0].id) if isinstance(call.args[0], ast.Name) else None
        value = getattr(made, "value", None)
        if made is not None and isinstance(value, ast.BinOp) and isinstance(value.op, ast.FloorDiv):
            of = value.left
            if isinstance(of, ast.Call) and len(of.args) == 1 and ast.unparse(of.func) == "len":
                held = case.line.maybe(of.args[0])
                count = len(held) if type(held) in (list, tuple, dict) else None
            else:
                count = case.line.maybe(of)
            exact = f", {count} // {columns} = {rows}" if type(count) is int else ""
            said += f": line {made.lineno} rounds the rows down, `{ast.unparse(made):.60}`{exact}"
        yield f"{said}."
        return
