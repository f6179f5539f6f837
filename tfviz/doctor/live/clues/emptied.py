"""What is empty or shorter, and what made it so: a pattern, a folder, a filter."""

from __future__ import annotations

import ast
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.fitting import fit_of
from tfviz.doctor.live.clues.seen import arrays_on_line, listed, number, shape_of
from tfviz.doctor.live.clues.source import Reader
from tfviz.doctor.live.clues.trees import argument, last_name, statements_of

MOST_NAMES = 2000
_EMPTY = ("data.empty_list_concatenate", "numpy.empty_array", "data.empty_batch",
          "python.index_out_of_range", "data.zero_batches", "python.division_by_zero",
          "numpy.concatenate_shapes")  # fmt: skip


@says(*_EMPTY)
def what_the_search_found(case: Case) -> Iterator[str]:
    """Of an empty list that was filled from a search for files: the pattern, and what is there."""
    for node in _names(case):
        value = case.line.maybe(node)
        if type(value) not in (list, tuple) or value:
            continue
        for search, place in _searches(node, case.line):
            said = _found_by(search, place)
            if said:
                yield f"`{ast.unparse(node)}` comes from line {search.lineno}: {said}."
                return


def _names(case: Case) -> Iterator[ast.AST]:
    for node in ast.walk(case.line.statement) if case.line.statement is not None else ():
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node


def _searches(node: ast.AST, place: Reader) -> Iterator[tuple[ast.Call, Reader]]:
    """Calls that look for files, behind a value or behind the loop that fills it."""
    for origin, there in place.origins(node):
        parts = [origin]
        if isinstance(origin, ast.List) and not origin.elts:
            parts = [e.iter for e in statements_of(there.scope) if isinstance(e, ast.For)]
        elif isinstance(origin, ast.ListComp):
            parts = [each.iter for each in origin.generators]
        for part in parts:
            for each in ast.walk(part):
                if isinstance(each, ast.Call) and last_name(each.func) in (
                    "glob",
                    "rglob",
                    "iglob",
                ):
                    yield each, there


def _found_by(search: ast.Call, place: Reader) -> str:
    """What a search looked for, in which folder, and what the folder holds."""
    pattern = place.maybe(argument(search, 0, "pathname", "pattern"))
    if not isinstance(pattern, str):
        return ""
    base = place.maybe(search.func.value) if isinstance(search.func, ast.Attribute) else None
    if isinstance(base, os.PathLike):
        pattern = os.path.join(os.fspath(base), pattern)
    folder, last = os.path.split(pattern)
    wild = [i for i, part in enumerate(folder.split(os.sep)) if set(part) & set("*?[")]
    if wild:
        folder = os.sep.join(folder.split(os.sep)[: wild[0]])
    if not os.path.isdir(folder or "."):
        return f"`{ast.unparse(search):.60}` looks in '{folder}', which doesn't exist"
    there = contents(folder)
    return (
        f"`{ast.unparse(search):.60}` looks for '{last}' in '{folder or '.'}', which holds {there}"
    )


def contents(folder: str) -> str:
    """What a folder holds: '5 files .npy', 'nothing'."""
    try:
        with os.scandir(folder or ".") as listing:
            entries = list(itertools.islice(listing, MOST_NAMES))
        folders = sum(each.is_dir() for each in entries)
        kinds = Counter(os.path.splitext(e.name)[1] for e in entries if not e.is_dir())
    except OSError:
        return "what can't be listed"
    told = [
        f"{number(count, 'file')} {kind or 'without suffix'}"
        for kind, count in kinds.most_common(3)
    ]
    told += [number(folders, "folder")] if folders else []
    return listed(told) if told else "nothing"


@says("data.no_images_found")
def what_the_folder_holds(case: Case) -> Iterator[str]:
    """Sub-folders and the suffixes of the files in them."""
    for call in case.line.calls("image_dataset_from_directory", "flow_from_directory"):
        folder = case.line.maybe(argument(call, 0, "directory"))
        if not isinstance(folder, str | os.PathLike) or not os.path.isdir(folder):
            continue
        top = os.fspath(folder)
        said = f"'{top}' holds {contents(top)}"
        inner = sorted(e.path for e in os.scandir(top) if e.is_dir())[:50]
        kinds: Counter[str] = Counter()
        for each in inner:
            with os.scandir(each) as listing:
                names = [e.name for e in itertools.islice(listing, MOST_NAMES) if e.is_file()]
            kinds.update(os.path.splitext(name)[1] for name in names)
        told = [
            f"{number(n, 'file')} {kind or 'without suffix'}" for kind, n in kinds.most_common(3)
        ]
        if inner:
            shown = listed([f"'{os.path.basename(each)}'" for each in inner])
            said += f" ({shown}), and in them {listed(told) if told else 'no files'}"
        yield f"{said}."
        return


@says("data.zero_batches", "data.empty_batch")
def what_the_source_holds(case: Case) -> Iterator[str]:
    """Of a Sequence or PyDataset of the user's: its arrays that have no rows."""
    fit = fit_of(case)
    if fit is None or fit.x is None or shape_of(fit.x[1]) is not None:
        return
    name, value = fit.x
    try:
        held = dict(object.__getattribute__(value, "__dict__"))
    except AttributeError:  # an object with slots
        return
    empty = [f"`{name}.{key}`" for key, each in held.items() if _is_empty(each)]
    if empty:
        yield f"{listed(empty)} of {type(value).__name__} {'has' if len(empty) == 1 else 'have'} no entries: nothing was left when it was made."
        for statement in _set_where(case, value, [key for key, e in held.items() if _is_empty(e)]):
            yield f"Line {statement.lineno} made it: `{ast.unparse(statement):.80}`."
            return


def _is_empty(value: Any) -> bool:
    shape = shape_of(value)
    return (shape is not None and shape[:1] == (0,)) or (type(value) in (list, tuple) and not value)


def _set_where(case: Case, value: Any, names: list[str]) -> Iterator[ast.stmt]:
    for each in ast.walk(case.line.tree):
        if isinstance(each, ast.ClassDef) and each.name == type(value).__name__:
            made = [n for n in ast.walk(each) if isinstance(n, ast.Assign)]
            for inner in made:
                targets = {ast.unparse(target) for target in inner.targets}
                if isinstance(inner.value, ast.Subscript) and targets & {
                    f"self.{n}" for n in names
                }:
                    yield inner


@says("numpy.boolean_index", "loss.lengths_differ", "data.cardinality")
def which_was_filtered(case: Case) -> Iterator[str]:
    """One array was cut to some rows, and the other that goes with it wasn't."""
    names = [name for name, value in arrays_on_line(case) if shape_of(value)]
    fit = fit_of(case)
    if fit is not None:
        names = [name for name, _ in fit.arrays()]
    cut = {name: _cut(case, name) for name in names}
    done = [name for name in names if cut[name] is not None]
    whole = [name for name in names if cut[name] is None]
    if len(done) == 1 and len(whole) == 1:
        statement = cut[done[0]]
        assert statement is not None
        yield (
            f"`{done[0]}` was cut to some of its rows on line {statement.lineno}, "
            f"`{ast.unparse(statement):.60}`, and `{whole[0]}` wasn't."
        )


def _cut(case: Case, name: str) -> ast.Assign | None:
    """The statement that keeps some rows of a name under the same name."""
    own = name.startswith("self.")
    for each in ast.walk(case.line.tree) if own else statements_of(case.line.scope):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Subscript):
            same = name in map(ast.unparse, each.targets) and ast.unparse(each.value.value) == name
            if same and isinstance(each.value.slice, ast.Name | ast.UnaryOp | ast.Compare):
                return each
    return None
