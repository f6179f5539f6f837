from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfviz import errors
from tfviz.errors import TfvizError, nearest

KINDS = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if each.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_tfviz_error_and_a_value_error(kind: type[Exception]) -> None:
    assert issubclass(kind, TfvizError)
    assert issubclass(kind, ValueError)


def test_the_tree_on_top_of_the_file_is_the_tree() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        word = next((each for each in line.split() if each.endswith("Error")), None)
        if word is not None and line.startswith("    "):
            drawn.append((line.index(word) // 4 - 1, word))
    real = [(len(kind.__mro__) - len(TfvizError.__mro__), kind.__name__) for kind in KINDS]
    assert sorted(drawn) == sorted(real)


def test_nearest_offers_one_two_and_three_names() -> None:
    assert nearest("conv", ["conf"]) == " Did you mean 'conf'?"
    assert nearest("conv", ["conf", "cone"]) == " Did you mean 'conf' or 'cone'?"
    assert nearest("conv", ["conf", "cone", "con"]) == " Did you mean 'con', 'conf' or 'cone'?"


def test_nearest_offers_nothing_where_nothing_is_near() -> None:
    assert nearest("xyz", ["conv"]) == ""
    assert nearest("", []) == ""


def test_nearest_keeps_the_spelling_of_the_names_whatever_was_typed() -> None:
    assert nearest("MOBILENETV2", ["MobileNetV2"]) == " Did you mean 'MobileNetV2'?"


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=6), st.integers(1, 4))
def test_nearest_only_offers_names_that_are_known(name: str, known: list[str], count: int) -> None:
    clause = nearest(name, known, count=count)
    assert clause == "" or (clause.startswith(" Did you mean '") and clause.endswith("'?"))
    assert clause == "" or any(f"'{each}'" in clause for each in known)
