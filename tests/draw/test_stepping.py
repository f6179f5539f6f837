"""The page to step through: what a reader of any kind finds in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tfviz.draw.stepping import Step, stepping_page

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><rect width="2"/></svg>'


class Outline(HTMLParser):
    """Elements with their attributes, and the text in them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def outline(page):
    found = Outline()
    found.feed(page)
    return found


def test_steps_stand_in_order_and_none_is_hidden_from_who_has_no_javascript():
    page = stepping_page("Three", [Step("one"), Step("two"), Step("three", level=1)])
    found = outline(page)
    sections = found.all("section")
    assert [each["aria-label"] for each in sections] == [f"Step {i} of 3" for i in (1, 2, 3)]
    assert not any("hidden" in each for each in sections)
    assert [word for word in found.words if re.match(r"\d\. ", word)] == [
        "1. one",
        "2. two",
        "3. three",
    ]


def test_nothing_is_loaded_from_elsewhere():
    page = stepping_page("t", [Step("s", PICTURE), Step("p", b"\x89PNG")], data={"a": 1})
    for tag, attributes in outline(page).elements:
        for name in ("src", "href", "action"):
            value = attributes.get(name) or "data:"
            assert value.startswith("data:"), (tag, value)
    assert "@import" not in page
    assert "url(" not in page


def test_a_picture_says_in_words_what_it_shows():
    page = stepping_page("t", [Step("s", PICTURE, "a small square"), Step("p", b"png", "dots")])
    figures = outline(page).all("figure")
    assert [each["aria-label"] for each in figures] == ["a small square", "dots"]
    assert outline(page).all("img")[0]["alt"] == "dots"


def test_words_are_words_and_no_markup():
    wicked = "<script>alert('x')</script> & \"more\""
    page = stepping_page(wicked, [Step(wicked, text=[wicked], table=[[wicked], [wicked]])])
    assert "<script>alert" not in page
    assert "".join(outline(page).words).count("alert('x')") == 6


def test_numbers_are_carried_along_and_cannot_end_their_element():
    data = {"text": "</script><b>", "list": [1, 2.5, None]}
    page = stepping_page("t", [Step("s")], data=data)
    carried = re.search(r'id="numbers">(.*?)</script>', page, re.DOTALL)
    assert json.loads(carried[1]) == data


def test_an_xml_declaration_in_front_of_a_picture_is_left_out():
    page = stepping_page("t", [Step("s", f'<?xml version="1.0"?>\n<!DOCTYPE svg>\n{PICTURE}')])
    assert "<?xml" not in page
    assert PICTURE in page


def test_numbers_cannot_begin_a_comment_that_swallows_the_page():
    page = stepping_page("t", [Step("s")], data={"text": "<!-- <script>"})
    carried = re.search(r'id="numbers">(.*?)</script>', page, re.DOTALL)
    assert "<" not in carried[1]
    assert json.loads(carried[1]) == {"text": "<!-- <script>"}


def test_the_buttons_have_names():
    found = outline(stepping_page("t", [Step("s"), Step("t")]))
    assert all(each.get("aria-label") for each in found.all("button"))
    assert found.all("input")[0]["aria-label"] == "Step"


def test_what_is_announced_holds_no_picture_and_no_table():
    step = Step("s", PICTURE, "a square", ["words"], [["a"], ["1"]], "code")
    page = stepping_page("t", [step, Step("t")])
    (said,) = (each for each in outline(page).all("p") if each.get("role") == "status")
    assert said["id"] == "said"
    # It begins empty; nothing else on the page is read out by itself.
    assert '<p class="unseen" id="said" role="status"></p>' in page
    assert "aria-live" not in page


def test_no_button_is_ever_disabled_because_that_loses_the_focus():
    page = stepping_page("t", [Step("s"), Step("t")])
    assert ".disabled" not in page
    assert "aria-disabled" in page


def test_the_first_cell_of_a_row_is_its_head():
    page = stepping_page("t", [Step("s", table=[["node", "value"], ["a", "2"], ["b", "1"]])])
    scopes = [each.get("scope") for each in outline(page).all("th")]
    assert scopes == ["col", "col", "row", "row"]


def test_a_page_without_steps_is_refused():
    with pytest.raises(ValueError, match="at least one step"):
        stepping_page("t", [])
