"""The names of `tfviz.zoo`, loaded on first use like those of `tfviz` itself."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import tfviz
from tfviz import zoo


def test_the_lazy_table_the_imports_for_type_checkers_and_all_agree() -> None:
    tree = ast.parse(Path(zoo.__file__).read_text(encoding="utf-8"))
    guarded = next(each for each in tree.body if isinstance(each, ast.If))
    imported = {
        name.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert imported == zoo._LAZY
    assert sorted(zoo.__all__) == sorted(zoo._LAZY)


@pytest.mark.parametrize("name", zoo.__all__)
def test_a_name_is_what_its_module_has_and_is_explained(name: str) -> None:
    found = getattr(zoo, name)
    assert found is getattr(importlib.import_module(zoo._LAZY[name]), name)
    if callable(found):
        assert inspect.getdoc(found)


def test_tfviz_hands_on_the_zoo() -> None:
    assert tfviz.zoo.resnet18 is zoo.resnet18
    assert tfviz.load_torch_weights is zoo.load_torch_weights


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'tfviz.zoo' has no attribute 'resnet19'"):
        _ = zoo.resnet19
