"""The public face, and the floors of the house: who may import whom."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tfviz

ROOT = Path(tfviz.__file__).parents[1]
LIBRARY = sorted((ROOT / "tfviz").rglob("*.py"))
# The public face hands on names from all floors.
INSIDE = [each for each in LIBRARY if each != ROOT / "tfviz" / "__init__.py"]
COMMAND = sorted((ROOT / "cli").rglob("*.py"))
MOST_LINES = 400

# Lowest first, as in the design; what shares a line may not import its neighbours.
FLOORS = [
    ["errors", "lazy", "version"],
    ["files"],
    ["image", "arrays", "catalogue"],
    ["draw"],
    ["model"],
    ["autodiff", "layers"],
    ["zoo", "explain", "probe"],
    ["train"],
    ["watch", "learn"],
    ["report", "jobs"],
    ["doctor"],
]
FLOOR = {package: level for level, packages in enumerate(FLOORS) for package in packages}


def _imports(tree: ast.AST, path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            if node.module in ("tfviz", "tfviz_cli"):
                yield from (f"{node.module}.{each.name}" for each in node.names)
            else:
                yield node.module or ""


def _package(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT / "tfviz").with_suffix("").parts
    return parts[0]


def _type_checking_imports() -> dict[str, str]:
    tree = ast.parse((ROOT / "tfviz" / "__init__.py").read_text(encoding="utf-8"))
    guarded = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    return {
        name.name: node.module or ""
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def test_the_lazy_table_and_the_imports_for_type_checkers_agree() -> None:
    assert _type_checking_imports() == tfviz._LAZY


def test_all_is_the_lazy_names_and_the_errors_in_order() -> None:
    from tfviz import errors

    kinds = [
        n
        for n, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__
    ]
    assert tfviz.__all__ == sorted({*tfviz._LAZY, *kinds, "__version__"})


def test_dir_shows_every_public_name() -> None:
    assert set(tfviz.__all__) <= set(dir(tfviz))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tfviz' has no attribute 'GradCamm'"):
        _ = tfviz.GradCamm


@pytest.mark.parametrize("name", [each for each in tfviz.__all__ if each != "__version__"])
def test_a_public_name_is_explained_with_its_public_methods(name: str) -> None:
    found = getattr(tfviz, name)
    assert (found.__doc__ or "").strip()
    assert not found.__doc__.startswith(f"{name}("), "the docstring is dataclass's own"
    if inspect.isclass(found):
        methods = inspect.getmembers(
            found, lambda m: inspect.isfunction(m) or isinstance(m, property)
        )
        for method, value in methods:
            module = getattr(value, "__module__", None) or value.fget.__module__
            if not method.startswith("_") and module.startswith("tfviz"):
                assert inspect.getdoc(value), f"{name}.{method}"


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_public_class_and_function_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, kinds) and node.name[0] != "_" and not ast.get_docstring(node)
    ]
    assert bare == []


@pytest.mark.parametrize("path", INSIDE, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_lead_only_to_lower_floors(path: Path) -> None:
    own = _name(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for module in _imports(tree, path):
        assert module.split(".")[0] != "tfviz_cli", "the library never imports the command"
        if module == "tfviz" or module.startswith("tfviz."):
            other = _package(module)
            assert other == own or FLOOR[other] < FLOOR[own], f"{own} imports {module}"


def test_every_package_has_its_floor() -> None:
    assert {_name(each) for each in INSIDE} <= set(FLOOR)


@pytest.mark.parametrize("path", [*LIBRARY, *COMMAND], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_fits_in_a_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def _files_with(pattern: str) -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for path in [*LIBRARY, *COMMAND]
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def test_opencv_is_imported_in_one_place() -> None:
    found = _files_with(r"""^\s*(import cv2|from cv2 import)|import_module\(.cv2""")
    assert found == ["tfviz/image/opencv.py"]


def test_below_the_floor_of_the_model_nobody_imports_tensorflow() -> None:
    for each in _files_with(r"^\s*(import|from) (tensorflow|keras)\b"):
        assert each.startswith("tfviz/")
        assert FLOOR[each.split("/")[1]] >= FLOOR["model"]


@pytest.mark.parametrize("name", sorted(tfviz._LAZY))
def test_a_lazy_name_is_what_its_module_has(name: str) -> None:
    assert getattr(tfviz, name) is getattr(importlib.import_module(tfviz._LAZY[name]), name)
