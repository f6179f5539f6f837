"""The small writer of SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tfviz.draw.svg import Svg, text_width

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(str(svg))


def test_what_is_drawn_is_there_in_its_place():
    svg = Svg(100, 50, "a box")
    svg.box(1, 2.5, 30, 10, fill="#fff", radius=3)
    svg.circle(5, 6, 2, fill="red")
    root = parsed(svg)
    assert root.get("viewBox") == "0 0 100 50"
    assert root.get("aria-label") == "a box"
    box, disc = root[0], root[1]
    assert [box.get(name) for name in ("x", "y", "width", "height", "rx")] == [
        "1",
        "2.5",
        "30",
        "10",
        "3",
    ]
    assert (disc.tag, disc.get("r")) == (f"{SPACE}circle", "2")


def test_words_keep_their_signs():
    svg = Svg(10, 10, 'a "b" & c')
    svg.text(0, 0, 'x < y && "z"', bold=True, mono=True)
    root = parsed(svg)
    assert root.get("aria-label") == 'a "b" & c'
    assert root[0].text == 'x < y && "z"'


def test_the_head_of_an_arrow_ends_where_the_line_does_and_is_symmetric():
    svg = Svg(100, 100)
    svg.line([(0, 0), (50, 0)], stroke="black", thick=2, arrow=True)
    points = parsed(svg)[1].get("points").split()
    corners = [tuple(map(float, each.split(","))) for each in points]
    assert corners[0] == (50, 0)
    assert corners[1][0] == corners[2][0] == 41
    assert corners[1][1] == -corners[2][1] != 0


def test_a_curve_goes_from_start_to_end():
    svg = Svg(100, 100)
    svg.curve((0, 10), (40, 30), stroke="black")
    assert parsed(svg)[0].get("d") == "M0,10 C20,10 20,30 40,30"


def test_the_same_drawing_gives_the_same_bytes():
    def draw():
        svg = Svg(10, 10)
        svg.line([(1 / 3, 2 / 3), (9, 9)], stroke="red", dashed=True, arrow=True)
        return str(svg)

    assert draw() == draw()
    assert "0.33,0.67" in draw()


@pytest.mark.parametrize("mono", [False, True])
def test_the_width_of_words_is_not_less_than_that_of_a_common_font(mono):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    family = "DejaVu Sans Mono" if mono else "DejaVu Sans"
    for text in ("sigmoid(x)", "dout * y * (1 - y)", "0.298371109", "W2 = 3.5e-05", "illi"):
        wide = TextPath((0, 0), text, size=14, prop=FontProperties(family=family))
        assert text_width(text, 14, mono=mono) >= 0.93 * wide.get_extents().width


def test_where_to_look_is_told_as_a_part_of_the_width() -> None:
    svg = Svg(200, 100)
    assert "data-at" not in str(svg)
    svg.at = 0.25
    assert 'data-at="0.25"' in str(svg)
