"""Other programs that the code starts: which one there is not."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator

from tfviz.doctor.live.clues.case import Case, Mended, Settled, mends, says, settles


@settles(errors=["FileNotFoundError"])
def program_missing(case: Case) -> Settled | None:
    """The very call that starts programs found no file of that name."""
    name = _program(case)
    return Settled("fs.program_missing", {"name": f"'{name}'"}) if name else None


def _program(case: Case) -> str:
    starts = any(
        os.path.basename(each.file) == "subprocess.py" and each.function.endswith("_execute_child")
        for each in case.inner
    )
    name = getattr(case.error, "filename", None)
    if not starts or not isinstance(name, str):
        return ""
    folders = [each.locals.get("cwd") for each in case.inner]
    # The folder to start in may be what is missing, or the interpreter that a script names.
    if name in [os.fspath(f) for f in folders if isinstance(f, str | os.PathLike)]:
        return ""
    return "" if shutil.which(name) else name


@says("fs.program_missing")
def where_its_name_comes_from(case: Case) -> Iterator[str]:
    """The name as the line writes it, and whether it is a whole command in one text."""
    name = _program(case)
    if not name:
        return
    if " " in name:
        yield f"'{name:.60}' was taken for the name of one program: give a list, {name.split()[:3]!r}..., one entry a word."
        return
    absent = "no such program is on PATH" if os.sep not in name else "there is no such file"
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            continue
        value = case.line.maybe(node)
        first = value[0] if type(value) in (list, tuple) and value else value
        if first == name:
            of = (
                f"`{ast.unparse(node)}`"
                if first is value
                else f"The first entry of `{ast.unparse(node)}`"
            )
            yield f"{of} is '{name}': {absent}."
            return
    yield f"'{name}': {absent}."


@mends("fs.program_missing")
def look_for_it(case: Case) -> Mended | None:
    """The very name to look for."""
    name = _program(case)
    return Mended(commands=(f"which {name.split()[0]}",)) if name.split() else None
