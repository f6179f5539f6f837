"""What a person sees of an expression: text, drawing, page, files, command."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tfviz.learn.expressions.layered import layered
from tfviz.learn.expressions.lesson import backprop

NEURON = "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
AT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
LONG = "; ".join(f"a{i} = tanh(a{i - 1} * w{i}) + exp(-a{i - 1}**2)" for i in range(1, 12))
LONG_AT = {"a0": 0.3} | {f"w{i}": 0.1 * i for i in range(1, 12)}
SVG = "{http://www.w3.org/2000/svg}"


def _shown(page: str) -> list[list[str]]:
    """The texts of every picture of a page, those included that it refers to."""
    pictures = [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", page, re.S)]
    defined = {
        f"#{each.attrib['id']}": [str(text.text) for text in each.iter(f"{SVG}text") if text.text]
        for each in pictures[0].iter(f"{SVG}g")
    }
    return [
        [text for each in picture.findall(f"{SVG}use") for text in defined[each.attrib["href"]]]
        + [str(each.text) for each in picture.findall(f"{SVG}text")]
        for picture in pictures
    ]


def test_the_text_has_values_gradients_rules_sums_and_counts() -> None:
    text = str(backprop("e = (a + b) * (b + 1)", a=2, b=1))
    assert "  b     given         1         5       5  ok" in text
    assert "de/db = de/dn1 * dn1/db + de/dn2 * dn2/db = 2 * 1 + 3 * 1 = 5" in text
    assert "a product hands its gradient to each factor times the other factor" in text
    assert "both inputs at once: 5\n  multiplications, 1 addition." in text
    assert "Forward mode: 2 passes, one for each input, give the same: 6 multiplications" in text


@pytest.mark.parametrize(
    ("text", "values"),
    [(NEURON, AT), (LONG, LONG_AT), ("y = relu(a) + max(a, b)", {"a": 0.0, "b": 0.0})],
)
def test_the_text_fits_80_columns_and_every_pipe(text: str, values: dict[str, float]) -> None:
    told = str(backprop(text, **values))
    assert told.isascii()
    assert max(len(line) for line in told.split("\n")) <= 80


def test_a_kink_is_told_with_its_place() -> None:
    text = str(backprop("y = b + relu(a)", a=0.0, b=1.0))
    assert "TensorFlow takes 0." in text
    assert "  y = b + relu(a)\n          ^^^^^^^" in text


def test_the_collapse_is_told_with_both_numbers() -> None:
    text = " ".join(str(backprop("y = 1/(1 + exp(-x))", x=0.5)).split())
    assert "dy/dx = (-0.387456) * 1 * 0.606531 * (-1) = 0.235004" in text
    assert "y * (1 - y) = 0.622459 * (1 - 0.622459) = 0.235004" in text


def test_the_data_twin_has_all_numbers_and_is_json() -> None:
    twin = backprop("e = (a + b) * (b + 1)", a=2, b=1).to_dict()
    again = json.loads(json.dumps(twin, allow_nan=False))
    assert again["gradients"] == {"a": 2.0, "b": 5.0}
    b = next(each for each in again["nodes"] if each["name"] == "b")
    assert [share["amount"] for share in b["shares"]] == [2.0, 3.0]
    assert b["difference"]["verdict"] == "ok"
    assert again["reverse_mode"] == {"passes": 1, "multiplications": 5, "additions": 1}
    assert again["forward_mode"]["work"]["multiplications"] == 6


def test_the_page_goes_forward_then_backward_node_by_node() -> None:
    page = backprop("e = (a + b) * (b + 1)", a=2, b=1).page()
    titles = re.findall(r"<h2>\d+\. (.*?)</h2>", page)
    assert titles[:9] == [
        "What is given",
        "Forward: n1 = a + b",
        "Forward: n2 = b + 1",
        "Forward: e = n1 · n2",
        "Backward begins: ∂e/∂e = 1",
        "Backward: ∂e/∂n2",
        "Backward: ∂e/∂n1",
        "Backward: ∂e/∂b",
        "Backward: ∂e/∂a",
    ]


def test_the_page_shows_a_number_from_its_step_on() -> None:
    shown = _shown(backprop("e = a**2", a=3).page())
    # Given, forward, seed, backward to a.
    assert ["9" in texts for texts in shown[:4]] == [False, True, True, True]
    assert ["1" in texts for texts in shown[:4]] == [False, False, True, True]
    assert ["6" in texts for texts in shown[:4]] == [False, False, False, True]


def test_the_page_ends_in_what_forward_mode_computes() -> None:
    page = backprop("e = (a + b) * (b + 1)", a=2, b=1).page()
    block = page.split("<pre")[-1].split(">", 1)[1].split("</pre>")[0].split("\n")
    assert [line.split() for line in block] == [
        ["forward", "mode", "d/da", "d/db"],
        ["a", "1", "0"],
        ["b", "0", "1"],
        ["n1", "1", "1"],
        ["n2", "0", "1"],
        ["e", "2", "5"],
    ]


def test_the_page_is_self_contained_and_says_its_pictures_in_words() -> None:
    page = backprop(NEURON, **AT).page()
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    descriptions = re.findall(r'<figure role="img" aria-label="(.*?)"', page)
    assert len(descriptions) == len(re.findall("<section", page))
    assert any("gradient -0.196612" in each for each in descriptions)


def test_the_drawing_has_values_above_and_gradients_below_the_wires() -> None:
    root = ElementTree.fromstring(backprop("e = (a + b) * (b + 1)", a=2, b=1).svg())
    at = {each.text: each.attrib for each in root.iter(f"{SVG}text")}
    # b is the only one with 5 below; its 1 above stands at the same x.
    five = at["5"]
    above = [
        each.attrib
        for each in root.iter(f"{SVG}text")
        if each.text == "1" and each.attrib["x"] == five["x"]
    ]
    assert any(float(each["y"]) < float(five["y"]) for each in above)
    assert five["fill"] != above[0]["fill"]


def test_the_same_lesson_gives_the_same_bytes() -> None:
    first, second = (backprop(NEURON, **AT) for _ in "12")
    assert first.svg() == second.svg()
    assert first.page() == second.page()


def test_png_and_svg_are_one_drawing() -> None:
    lesson = backprop(NEURON, **AT)
    figure = lesson.figure()
    drawn = {each.get_text().replace("$", "") for each in figure.axes[0].texts}
    root = ElementTree.fromstring(lesson.svg())
    assert {each.text for each in root.iter(f"{SVG}text")} - drawn <= {"", None}
    assert min(each.get_fontsize() for each in figure.axes[0].texts) >= 10
    assert figure.get_size_inches()[0] / figure.get_size_inches()[1] == pytest.approx(16 / 9)


def _boxes(svg: str) -> list[tuple[float, float, float, float]]:
    root = ElementTree.fromstring(svg)
    whole = float(root.attrib["width"])
    sides = [
        [float(each.attrib[name]) for name in ("x", "y", "width", "height")]
        for each in root.iter(f"{SVG}rect")
    ]
    return [(x, y, x + w, y + h) for x, y, w, h in sides if w < whole]


@pytest.mark.parametrize(("text", "values"), [(NEURON, AT), (LONG, LONG_AT)])
def test_no_boxes_overlap_and_all_are_on_the_paper(text: str, values: dict[str, float]) -> None:
    svg = backprop(text, **values).svg()
    root = ElementTree.fromstring(svg)
    boxes = _boxes(svg)
    assert boxes
    for x1, y1, x2, y2 in boxes:
        assert x1 >= 0
        assert y1 >= 0
        assert x2 <= float(root.attrib["width"])
        assert y2 <= float(root.attrib["height"])
    for (a1, b1, a2, b2), (c1, d1, c2, d2) in itertools.combinations(boxes, 2):
        assert a2 <= c1 or c2 <= a1 or b2 <= d1 or d2 <= b1


def test_wires_that_need_not_cross_do_not() -> None:
    # Two pairs whose order would cross if it stayed as written.
    parents = [(), (), (), (), (0, 3), (1, 2), (4, 5)]
    layout = layered(parents)
    wires = [(layout.height[p], layout.height[c]) for c, each in enumerate(parents) for p in each
             if c < 6]  # fmt: skip
    crossed = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(wires, 2))
    assert crossed == 0


def test_a_wire_over_columns_has_a_lane_in_each() -> None:
    layout = layered([(), (0,), (1,), (2, 0)])
    assert layout.column == (0, 1, 2, 3)
    assert [column for column, _ in layout.lanes[0]] == [1, 2]
    for column, height in layout.lanes[0]:
        others = [h for c, h in zip(layout.column, layout.height, strict=True) if c == column]
        assert all(abs(height - each) > 0.4 for each in others)


def test_a_single_name_is_a_graph_too() -> None:
    lesson = backprop("y = x", x=3.0)
    assert lesson.gradients == {"x": 1.0}
    assert "dx/dx = 1, to begin with" in str(lesson)
    assert "<svg" in lesson.page()


def test_the_largest_page_has_the_weight_of_a_photo() -> None:
    text = "; ".join(f"a{i} = tanh(a{i - 1} * w) + a{i - 1} / 2" for i in range(1, 21))
    lesson = backprop(text, a0=0.3, w=0.7)
    assert len(lesson.graph.nodes) == 102
    assert len(lesson.page()) < 2_000_000


def test_all_four_files_are_written(tmp_path: Path) -> None:
    paths = backprop("e = a * b", a=2, b=3).save(tmp_path, ["png", "svg", "html", "json"])
    assert len({path.stem for path in paths}) == 1
    assert paths[0].name.startswith("backprop-e-a-b-a-2-b-3-")
    assert [path.suffix for path in paths] == [".png", ".svg", ".html", ".json"]


def test_the_command_writes_page_and_twin(tfviz_cli: Callable[..., object], tmp_path: Path) -> None:
    said = tfviz_cli("learn", "backprop", "e = (a + b) * (b + 1)", "a=2", "b=1", "--out", tmp_path)
    assert said.code == 0  # type: ignore[attr-defined]
    page, twin = sorted(tmp_path.iterdir())
    assert page.name.startswith("backprop-e-a+b-b+1-a-2-b-1-")
    assert page.stem == twin.stem
    assert json.loads(twin.read_text())["gradients"]["b"] == 5.0


def test_another_expression_or_another_value_has_files_of_another_name() -> None:
    asked = [("1/(1 + exp(-x))", 1), ("relu(x) - relu(-x)", 1), ("1/(1 + exp(-x))", 2)]
    names = [backprop(text, x=value).name for text, value in asked]
    assert len(set(names)) == 3
    assert backprop("1 / (1+exp(-x))", x=1).name == names[0]


def test_a_formula_may_begin_with_a_minus(tfviz_cli: Callable[..., object]) -> None:
    said = tfviz_cli("learn", "backprop", "-theta*x", "theta=2", "x=-3", "--save", "none")
    assert said.code == 0  # type: ignore[attr-defined]
    assert "-theta*x" in said.out  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a + (b",), "Error: This '(' is never closed; add a ')'.\n  a + (b\n      ^"),
        (("log(a)", "a=0"), "Error: There is no log(0)"),
        (("a + 1", "a=x"), "'x' is no number"),
        ((), "Give an expression"),
        (("a", "a=1", "--net", "2-2-2"), "not both"),
        (("a", "a=1", "--rate", "1"), "--rate belongs to a worked net"),
        (("--net", "3-3"), "no worked net '3-3'"),
        (("--net", "2-2-2", "--input", "1,,2"), "lacks a number"),
        (("--net", "2-2-2", "--input", "1,2,3"), "Inputs must be 2 numbers"),
        (("--net", "2-2-2", "--regularisation", "1"), "no option 'regularisation'"),
    ],
)
def test_bad_input_to_the_command_is_one_sentence(
    tfviz_cli: Callable[..., object], arguments: tuple[str, ...], said: str
) -> None:
    found = tfviz_cli("learn", "backprop", *arguments, "--save", "none")
    assert found.code == 2  # type: ignore[attr-defined]
    assert said in found.err  # type: ignore[attr-defined]


def test_a_local_derivative_that_is_not_all_of_it_says_so() -> None:
    text = str(backprop("c = a * b; e = c * c + c", a=2, b=-1))
    # dn1/dc is 2 c, and each factor of c * c brings one c of it; e needs c by n1 as well.
    assert "dn1/dc (left) = c = -2" in text
    assert "dn1/dc (right) = c = -2" in text
    assert "de/dc (direct) = 1" in text
    assert "(left)" not in str(backprop("e = (a + b) * (b + 1)", a=2, b=1))
    assert "(direct)" not in str(backprop("e = (a + b) * (b + 1)", a=2, b=1))


def test_a_long_chain_of_squares_is_told_at_once() -> None:
    chain = "; ".join(f"c{i + 1} = c{i} * c{i}" for i in range(60))
    assert "c60" in str(backprop(chain, c0=1.0))


def test_an_expression_and_its_page_import_no_tensorflow_and_no_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys; from tfviz_cli.main import run; "
        f"run(['learn', 'backprop', 'e = a*b', 'a=2', 'b=3', '--out', {str(tmp_path)!r}]); "
        "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_a_page_looks_at_the_box_that_each_step_is_about() -> None:
    page = backprop("; ".join(f"c{i + 1} = c{i} * x" for i in range(20)), c0=1.0, x=1.0).page()
    looks = [float(each) for each in re.findall(r'data-at="([\d.]+)"', page)]
    forward, backward = looks[1:21], looks[21:40]
    assert forward == sorted(forward)
    assert backward == sorted(backward, reverse=True)
    assert forward[-1] > 0.9
