"""What every lesson can do: be saved as a picture, a page and numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass

import matplotlib
import numpy as np
import pytest

from tfviz.draw.figure import new_figure
from tfviz.draw.stepping import Step, stepping_page
from tfviz.errors import InputError, OutputError
from tfviz.learn import Lesson
from tfviz.learn.lesson import check_saving
from tfviz.learn.palette import BLUE, FAINT, GRADIENT, INK, VALUE, slide
from tfviz.learn.twin import plain


@dataclass(frozen=True)
class Line(Lesson):
    name: str = "a line: y = x"
    y: tuple[float, ...] = (0.0, 1.0, float("inf"))

    def numbers(self):
        return {"y": np.array(self.y)}

    def figure(self):
        with slide():
            figure = new_figure(4, 3)
            figure.add_subplot().plot(self.y[:2])
        return figure


@dataclass(frozen=True)
class Walk(Line):
    def page(self):
        return stepping_page(self.name, [Step("one")])


def test_the_data_twin_is_strict_json_with_a_schema():
    twin = json.loads(json.dumps(Line().to_dict(), allow_nan=False))
    assert twin == {"schema": 1, "lesson": "Line", "name": Line().name, "y": [0.0, 1.0, "inf"]}


def test_files_are_named_after_the_lesson_and_the_twin_comes_last(tmp_path):
    written = Walk().save(tmp_path / "new", ["json", "html", "svg", "PNG "])
    assert [each.name for each in written] == [
        f"a-line-y-x.{each}" for each in ("png", "svg", "html", "json")
    ]
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == sorted(
        each.name for each in written
    )


def test_a_lesson_without_steps_has_no_page_and_says_so(tmp_path):
    assert Line().formats() == ("png", "svg", "json")
    assert Walk().formats() == ("png", "svg", "html", "json")
    with pytest.raises(InputError, match="nothing to step through and so no html; give png"):
        Line().save(tmp_path, ["html"])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"'pgn' is no format of a lesson\. Did you mean 'png'"):
        Line().save(tmp_path, ["json", "pgn"])
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file"):
        Line().save(tmp_path / "file")


def test_what_cannot_be_saved_is_told_before_any_work_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    check_saving(tmp_path / "new" / "deep", ["png"])
    with pytest.raises(OutputError, match="file"):
        check_saving(tmp_path / "file" / "deep", ["png"])
    with pytest.raises(InputError, match="Did you mean 'png'"):
        check_saving(tmp_path, ["json", "pgn"])
    with pytest.raises(InputError, match="no format was named"):
        check_saving(tmp_path, [])
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_command_refuses_what_it_cannot_save_before_it_begins(tfviz_cli, tmp_path):
    for options in (("--save", "pgn"), ("--save", ""), ("--out", tmp_path / "file" / "deep")):
        (tmp_path / "file").write_text("x")
        said = tfviz_cli("learn", "backprop", "a * 2", "a=1", *options)
        assert said.code == 2
        assert said.out == ""
        assert len(said.err.strip().splitlines()) == 1


def test_a_place_that_does_not_matter_is_not_asked_for(tfviz_cli, tmp_path):
    (tmp_path / "file").write_text("x")
    out = ("--out", tmp_path / "file" / "deep")
    assert tfviz_cli("learn", "backprop", "a * 2", "a=1", "--save", "none", *out).code == 0


def test_the_svg_is_the_same_each_time_and_its_words_are_text():
    one = Line().svg()
    assert one == Line().svg()
    assert "<text" in one
    assert "<dc:date>" not in one


def test_numbers_are_written_in_colours_that_stand_out_from_white():
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    # WCAG 2.2, 1.4.3: contrast of small text.
    for colour in (VALUE, GRADIENT, INK, FAINT):
        assert 1.05 / (light(colour) + 0.05) >= 4.5


def test_a_slide_is_set_up_and_put_back():
    with matplotlib.rc_context({"font.size": 7.0, "axes.prop_cycle": matplotlib.cycler("lw", [1])}):
        before = dict(matplotlib.rcParams)
        with slide():
            assert matplotlib.rcParams["font.size"] == 13
            assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"][0] == BLUE
        assert dict(matplotlib.rcParams) == before


def test_numbers_of_every_kind_become_plain():
    from pathlib import Path

    assert plain({1: np.float32(0.5), "b": (np.int64(3), np.bool_(True), {2, 1})}) == {
        "1": 0.5,
        "b": [3, True, [1, 2]],
    }
    assert plain([float("nan"), -np.inf, None, Path("a")]) == ["nan", "-inf", None, "a"]
    assert plain(np.array([[1.5, np.nan]])) == [[1.5, "nan"]]


def test_no_public_name_is_hidden_by_a_package():
    # Importing tfviz.learn.losses.lesson makes `losses` of tfviz.learn that package.
    from pathlib import Path

    from tfviz import learn

    folders = {each.name for each in Path(learn.__file__).parent.iterdir() if each.is_dir()}
    modules = {each.stem for each in Path(learn.__file__).parent.glob("*.py")}
    assert set(learn.__all__).isdisjoint(folders | modules)
    assert all(callable(getattr(learn, name)) for name in learn.__all__)
