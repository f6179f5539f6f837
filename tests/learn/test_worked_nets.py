"""The worked nets: published numbers, the tape, and what is shown of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.expressions.lesson import backprop
from tfviz.learn.nets.worked import worked_net


@pytest.fixture(scope="module")
def two() -> Any:
    return worked_net("2-2-2")


@pytest.fixture(scope="module")
def three() -> Any:
    return worked_net("three-layer", steps=50)


PUBLISHED = {
    "w1": 0.149780716,
    "w2": 0.19956143,
    "w3": 0.24975114,
    "w4": 0.29950229,
    "w5": 0.35891648,
    "w6": 0.408666186,
    "w7": 0.511301270,
    "w8": 0.561370121,
}


def test_the_total_error_is_the_published_one(two: Any) -> None:
    assert round(two.forward.error, 9) == 0.298371109
    assert [round(each, 9) for each in two.forward.output] == [0.75136507, 0.772928465]


@pytest.mark.parametrize(("name", "value"), PUBLISHED.items())
def test_each_new_weight_is_the_published_one(two: Any, name: str, value: float) -> None:
    digits = len(str(value).split(".")[1])
    assert round(two.new_weights[int(name[1]) - 1], digits) == value


def test_after_10000_steps_the_error_is_the_published_one(two: Any) -> None:
    # Published is the error that the 10,000th step starts from.
    assert round(two.training.errors[9_999], 10) == 0.0000351085
    assert len(two.training.errors) == 10_001
    assert two.training.errors[-1] == pytest.approx(3.510187783e-05, rel=1e-9)


def test_the_published_outputs_are_those_of_updating_the_output_layer_first(two: Any) -> None:
    assert [round(each, 9) for each in two.output_first.output] == [0.015912196, 0.984065734]
    assert round(two.output_first.errors[1], 9) == 0.291027924
    # A true step of gradient descent ends next to them.
    assert two.training.output == pytest.approx((0.015912196, 0.984065734), abs=2e-6)


def test_the_biases_stay_unless_asked(two: Any) -> None:
    assert two.training.biases == (0.35, 0.60)
    moved = worked_net("2-2-2", update_bias=True, steps=10)
    assert moved.training.biases != (0.35, 0.60)  # type: ignore[attr-defined]
    assert two.other_bias.errors[:11] == moved.training.errors  # type: ignore[attr-defined]


def test_all_gradients_are_those_of_differences_and_of_the_tape() -> None:
    found: Any = worked_net("2-2-2", tape=True, steps=1)
    gradients = (*found.gradients.weights, *found.gradients.biases)
    assert gradients == pytest.approx(found.tape, rel=1e-13)
    assert gradients == pytest.approx(found.differences, rel=1e-7)


def test_the_net_as_an_expression_has_the_same_gradients(two: Any) -> None:
    lesson = backprop(
        "h1 = sigmoid(w1*i1 + w2*i2 + b1); h2 = sigmoid(w3*i1 + w4*i2 + b1);"
        "o1 = sigmoid(w5*h1 + w6*h2 + b2); o2 = sigmoid(w7*h1 + w8*h2 + b2);"
        "E = (t1 - o1)**2 / 2 + (t2 - o2)**2 / 2",
        **{f"w{i}": value for i, value in enumerate(two.weights, 1)},
        i1=0.05, i2=0.1, t1=0.01, t2=0.99, b1=0.35, b2=0.6,
    )  # fmt: skip
    assert lesson.value == pytest.approx(two.forward.error, rel=1e-14)
    names = [*(f"w{i}" for i in range(1, 9)), "b1", "b2"]
    wanted = (*two.gradients.weights, *two.gradients.biases)
    assert [lesson.gradients[name] for name in names] == pytest.approx(wanted, rel=1e-12)


def test_every_line_of_the_story_computes_to_its_result(two: Any) -> None:
    from math import exp

    lines = [line for chapter in two.chapters() for line in chapter.lines]
    assert len(lines) == 37
    for line in lines:
        # Nine digits were put in.
        assert eval(line.numbers, {"exp": exp}) == pytest.approx(line.result, rel=2e-7, abs=1e-9)


def test_own_numbers_take_the_place_of_the_examples() -> None:
    found: Any = worked_net("2-2-2", inputs=(1, -1), targets=(0, 1), rate=0.1, steps=5,
                            weights=[0.1] * 8, biases=(0, 0))  # fmt: skip
    assert found.forward.hidden == (0.5, 0.5)
    assert found.steps == 5
    assert found.new_weights[0] == 0.1 - 0.1 * found.gradients.weights[0]


def test_the_terminal_has_80_columns(two: Any, three: Any) -> None:
    for lesson in (two, three):
        assert max(len(line) for line in str(lesson).split("\n")) <= 80
        assert str(lesson).isascii()


def test_the_page_has_every_formula_with_its_numbers(two: Any) -> None:
    page = two.page()
    assert len(re.findall("<section", page)) == 10
    assert "0.4 − 0.5 · 0.0821670406" in page
    assert "0.35891648" in page


@pytest.mark.parametrize("net", ["2-2-2", "three-layer"])
def test_one_step_is_enough_for_a_page_and_a_picture(net: str, tmp_path: Path) -> None:
    lesson = worked_net(net, steps=1)
    assert len(lesson.save(tmp_path, ["png", "svg", "html", "json"])) == 4


def test_the_curve_of_many_steps_is_on_the_page(two: Any) -> None:
    last = re.findall(r"<svg.*?</svg>", two.page(), re.S)[-1]
    assert "biases fixed" in last
    assert ">10,000<" in last


def test_the_twin_is_json_and_not_a_megabyte(two: Any, three: Any, tmp_path: Path) -> None:
    for lesson in (two, three):
        (path,) = lesson.save(tmp_path, ["json"])
        assert path.stat().st_size < 60_000
        assert json.loads(path.read_text())["name"] == lesson.name


# Exercise 4 of the course prints these for lambda = 1 and 3.
COURSE_1 = """-0.0092783 0.0088991 -0.0083601 0.0076281 -0.0067480 -0.0055914 0.0131540 0.0197612
0.0082794 -0.0109273 -0.0201749 -0.0104983 0.0081159 0.0201475 0.0126295 -0.0058543 -0.0191100
-0.0151569 0.0031508 0.0180923 0.3145450 0.1110566 0.0974007 0.1489548 0.0383952 0.0448693
0.1777077 0.0775739 0.0589954 0.1474589 0.0359237 0.0384306 0.1595309 0.0735088 0.0601514
0.1438103 0.0339263 0.0315400"""
COURSE_3 = """-9.2783e-03 8.8991e-03 -8.3601e-03 7.6281e-03 -6.7480e-03 -1.6768e-02 3.9433e-02
5.9336e-02 2.4764e-02 -3.2688e-02 -6.0174e-02 -3.1961e-02 2.4923e-02 5.9772e-02 3.8641e-02
-1.7370e-02 -5.7566e-02 -4.5196e-02 9.1459e-03 5.4610e-02 3.1454e-01 1.1106e-01 9.7401e-02
1.1868e-01 3.8193e-05 3.3693e-02 2.0399e-01 1.1715e-01 7.5480e-02 1.2570e-01 -4.0759e-03
1.6968e-02 1.7634e-01 1.1313e-01 8.6163e-02 1.3229e-01 -4.5296e-03 1.5005e-03"""


@pytest.mark.parametrize(("held", "printed"), [(1, COURSE_1), (3, COURSE_3)])
def test_the_three_layers_have_the_gradients_that_the_course_prints(
    held: float, printed: str
) -> None:
    found: Any = worked_net("three-layer", regularisation=held, steps=1)
    ours = np.concatenate([found.at.gradient1.ravel("F"), found.at.gradient2.ravel("F")])
    wanted = [float(each) for each in printed.split()]
    np.testing.assert_allclose(ours, wanted, rtol=5e-5, atol=6e-8)


def test_the_deltas_are_those_of_the_formulas(three: Any) -> None:
    at = three.at
    np.testing.assert_array_equal(at.delta3, at.a3 - three.y)
    for sample in range(len(three.x)):
        # One sample as a column: theta2^T delta3 * s'(z2), the bias row removed.
        s = 1 / (1 + np.exp(-at.z2[sample]))
        wanted = (three.theta2.T @ at.delta3[sample])[1:] * s * (1 - s)
        np.testing.assert_allclose(at.delta2[sample], wanted, rtol=1e-12)


@pytest.mark.parametrize("held", [0.0, 2.5])
def test_the_three_layers_agree_with_differences_and_with_the_tape(held: float) -> None:
    found: Any = worked_net("three-layer", regularisation=held, tape=True, steps=1)
    assert max(found.disagreement) < 1e-8
    np.testing.assert_allclose(found.at.gradient1, found.tape[0], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.at.gradient2, found.tape[1], rtol=1e-10, atol=1e-15)


def test_a_batch_is_the_mean_of_its_samples(three: Any) -> None:
    alone = [
        worked_net("three-layer", inputs=x, targets=y, steps=1)
        for x, y in zip(three.x, three.y, strict=True)
    ]
    mean = np.mean([each.at.gradient1 for each in alone], axis=0)  # type: ignore[attr-defined]
    np.testing.assert_allclose(three.at.gradient1, mean, rtol=1e-9, atol=1e-14)


def test_far_logits_give_a_finite_cost() -> None:
    found: Any = worked_net("three-layer", inputs=[[1e6, -1e6]], targets=[[0, 1]], steps=1)
    assert np.isfinite(found.at.cost)


def test_the_graph_of_the_three_layers_has_the_shapes(three: Any) -> None:
    marks = three.diagram().marks
    told = {(each.label, each.above, each.below) for each in marks}
    assert ("matmul", "z3 (5, 3)", "δ3 (5, 3)") in told
    assert ("θ1", "(5, 4)", "(5, 4)") in told
    assert ("[1 ·]", "a2 (5, 6)", "(5, 6)") in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"net": "two"}, "no worked net 'two'"),
        ({"net": "2-2-2", "rates": 1}, "Did you mean 'rate'"),
        ({"net": "2-2-2", "targets": (0, 2)}, "must be from 0 to 1"),
        ({"net": "2-2-2", "weights": [1, 2]}, "must be 8 numbers, and 2 came"),
        ({"net": "2-2-2", "biases": (0, float("nan"))}, "finite"),
        ({"net": "2-2-2", "steps": 0}, "whole number from 1"),
        ({"net": "2-2-2", "rate": "fast"}, "rate must be a number"),
        ({"net": "three-layer", "inputs": [[1, 2], [3]]}, "same length"),
        ({"net": "three-layer", "inputs": [[1, 2]], "targets": [[1], [0]]}, "don't go together"),
        ({"net": "three-layer", "targets": [0, 1, 2, 0, 0.5]}, "whole numbers"),
        ({"net": "three-layer", "regularisation": -1}, "must not be below 0"),
        ({"net": "three-layer", "hidden": 100_000}, "more than one can look at"),
    ],
)
def test_what_does_not_fit_is_told(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        worked_net(**options)
