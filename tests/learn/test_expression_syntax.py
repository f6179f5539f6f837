"""Expressions as text: what they mean, and what is said where they mean nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfviz.errors import InputError
from tfviz.learn.expressions.given import read_list, read_values
from tfviz.learn.expressions.graph import build
from tfviz.learn.expressions.lesson import backprop
from tfviz.learn.expressions.passes import forward

FUNCTIONS = {"exp": math.exp, "log": math.log, "tanh": math.tanh, "max": max}

NUMBERS = st.sampled_from(["2", "0.5", "1e-1", ".25", "3.", "1"])
LEAVES = st.one_of(NUMBERS, st.sampled_from(["a", "b"]))


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        # Without parentheses, so that precedence is what is tested.
        st.tuples(inner, st.sampled_from([" + ", "-", "*", " / ", "**"]), inner).map("".join),
        inner.map(lambda x: f"-{x}"),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"tanh({x})"),
        st.tuples(inner, inner).map(lambda xy: f"max({xy[0]}, {xy[1]})"),
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=st.recursive(LEAVES, _grow, max_leaves=8))
def test_a_value_is_that_of_python(text: str) -> None:
    names = {"a": 1.5, "b": 0.75}
    used = {name: value for name, value in names.items() if name in text.replace("tanh", "")
            .replace("max", "")}  # fmt: skip
    try:
        wanted = eval(text, {**FUNCTIONS, **names})
    except (ArithmeticError, ValueError):
        wanted = math.nan
    if not used or isinstance(wanted, complex) or not math.isfinite(wanted):
        with pytest.raises(InputError):
            backprop(text, **used)
        return
    # The value alone: one that exists may have no slope.
    assert forward(build(text, used), used)[-1] == wanted


@pytest.mark.parametrize(
    ("text", "said", "line", "carets"),
    [
        ("a + * b", "'*' stands where", "a + * b", "    ^"),
        ("(a + b", "never closed", "(a + b", "^"),
        ("a*b)", "never opened", "a*b)", "   ^"),
        ("a b", "operator is missing before 'b'", "a b", "  ^"),
        ("2a", "operator is missing before 'a'", "2a", " ^"),
        ("a ^ 2", "write ** instead", "a ^ 2", "  ^"),
        ("a × b", "write * instead", "a × b", "  ^"),
        ("a² + b", "write **2 instead", "a² + b", " ^"),
        ("a * * b", "without a blank", "a * * b", "    ^"),
        ("sigmid(a)", "Did you mean 'sigmoid'?", "sigmid(a)", "^^^^^^"),
        ("b + sqrt(a)", "write (...)**0.5", "b + sqrt(a)", "    ^^^^"),
        ("exp + a", "write exp(...)", "exp + a", "^^^"),
        ("exp(a, b)", "takes one argument, not 2", "exp(a, b)", "^^^^^^^^^"),
        ("max(a) + b", "two arguments or more", "max(a) + b", "^^^^^^"),
        ("a == b", "'==' compares", "a == b", "   ^"),
        ("a + b =", "gives a name to a result", "a + b =", "      ^"),
        ("exp()", "nothing between", "exp()", "    ^"),
        ("a +", "the expression ends", "a +", "   ^"),
        ("a $ b", "'$' is not understood", "a $ b", "  ^"),
        ("a + 1e999", "largest float64", "a + 1e999", "    ^^^^^"),
        ("c = a\nd = c + \nb", "the expression ends", "d = c +", "        ^"),
        ("a + hidden*b", "'hidden' has no value", "a + hidden*b", "    ^^^^^^"),
        ("c = a; c = b", "already stands for", "c = a; c = b", "       ^"),
        ("a = a + 1", "can't be computed from itself", "a = a + 1", "^"),
        ("a = b + 1", "also given the value 2", "a = b + 1", "^"),
    ],
)
def test_a_mistake_is_told_with_a_caret_under_its_place(
    text: str, said: str, line: str, carets: str
) -> None:
    with pytest.raises(InputError) as caught:
        backprop(text, a=2.0, b=1.0)
    sentence, *shown = str(caught.value).split("\n")
    assert said in sentence
    assert shown == [f"  {line}", f"  {carets}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" ;\n", "is empty"),
        ("3 + 4", "numbers only"),
        ("a", "'b' has a value but does not occur"),
    ],
)
def test_what_has_no_place_is_told_in_a_sentence(text: str, said: str) -> None:
    values = {} if "3" in text or not text.strip(" ;\n") else {"a": 1.0, "b": 2.0}
    with pytest.raises(InputError, match=said):
        backprop(text, **values)


@pytest.mark.parametrize("text", ["(" * 500 + "a" + ")" * 500, "a" + "+a" * 500, "-" * 500 + "a"])
def test_endless_nesting_is_refused_and_not_a_crash(text: str) -> None:
    with pytest.raises(InputError, match=r"deeper|too many"):
        backprop(text, a=1.0)


def test_a_long_line_is_cut_around_its_place() -> None:
    with pytest.raises(InputError) as caught:
        backprop("a + " * 40 + "$" + " + a" * 10, a=1.0)
    _, line, carets = str(caught.value).split("\n")
    assert len(line) <= 80
    assert line[carets.index("^")] == "$"


def test_a_minus_before_a_number_makes_no_node() -> None:
    nodes = backprop("a**-2 + -3*a", a=2.0).graph.nodes
    assert [node.number for node in nodes if node.op == "constant"] == [-2.0, -3.0]
    assert not [node for node in nodes if node.op == "neg"]


def test_a_name_is_one_node_and_what_is_written_twice_is_two() -> None:
    shared = backprop("c = a + 1; e = c * c", a=2.0).graph
    twice = backprop("e = (a + 1) * (a + 1)", a=2.0).graph
    assert [node.op for node in shared.nodes].count("add") == 1
    assert [node.op for node in twice.nodes].count("add") == 2
    add = next(node.index for node in shared.nodes if node.op == "add")
    assert shared.children[add] == ((3, 0), (3, 1))


def test_made_names_keep_out_of_the_way_of_given_ones() -> None:
    nodes = backprop("n1 * 2 + n1", n1=1.0).graph.nodes
    assert len({node.name for node in nodes}) == len(nodes)


def test_values_are_read_as_typed_and_as_formulas() -> None:
    assert read_values(["a=2", "b = -1e-3", "c=1/4", "θ=exp(0)"]) == {
        "a": 2.0,
        "b": -1e-3,
        "c": 0.25,
        "θ": 1.0,
    }
    assert read_list("0.05, 1/10", "--input") == [0.05, 0.1]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a"], "'a' is no value"),
        (["2=a"], "'2=a' is no value"),
        (["a="], "lacks its number"),
        (["a=b"], "'b' is no number"),
        (["a=1", "a=2"], "two values"),
        (["a=1/0"], "there is no 1 / 0"),
        (["exp=1"], "is a function"),
        (["a=1;2"], "is no number"),
    ],
)
def test_a_value_that_is_none_is_told(texts: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_values(texts)


@pytest.mark.parametrize("value", [math.nan, math.inf, "two", None])
def test_values_must_be_finite_numbers(value: object) -> None:
    with pytest.raises(InputError, match="number"):
        backprop("a + 1", a=value)  # type: ignore[arg-type]
