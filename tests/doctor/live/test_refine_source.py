"""What is read of the failing statement, and how far back a value is followed."""

from __future__ import annotations

import pytest

from tfviz.doctor.live.clues.source import reader_of
from tfviz.doctor.live.clues.trees import argument
from tfviz.doctor.live.frames import frames_of, own_frame
from tfviz.doctor.live.safely import UnreadableError


@pytest.fixture
def line(tmp_path):
    """The failing line of a program that ends with an error."""

    def run(code):
        path = tmp_path / "script.py"
        path.write_text(code)
        try:
            exec(compile(code, str(path), "exec"), {"__name__": "__main__"})
        except Exception as error:
            frames = frames_of(error)[1:]
            own = own_frame(frames)
            callers = [each for each in reversed(frames) if not each.installed][1:]
            return reader_of(own, callers)
        raise AssertionError("it did not fail")

    return run


def call_on(reader, name):
    return reader.calls(name)[0]


def origin(reader, name):
    """The value that a call of `name` was given, found behind the first argument on the line."""
    first = reader.calls("use")[0].args[0]
    for node, place in reader.origins(first):
        if type(node).__name__ == "Call" and node.func.id == name:
            return place.maybe(argument(node, 0))
    return None


USE = "\n\ndef use(x):\n    raise ValueError\n\n\ndef read(path):\n    return None\n\n\n"


def failing_in_caller(code):
    """The line of `use(...)` itself fails, not one inside of it."""
    return USE.replace("raise ValueError", "return x") + code.replace("use(", "1 / 0, use(")


def test_a_name_is_followed_to_its_assignment(line):
    reader = line(failing_in_caller("a = read('one')\nuse(a)\n"))
    assert origin(reader, "read") == "one"


def test_a_parameter_is_followed_to_the_caller(line):
    code = "def show(x):\n    use(x)\n\n\nshow(read('two'))\n"
    assert origin(line(failing_in_caller(code)), "read") == "two"


def test_a_keyword_is_followed_to_the_caller(line):
    code = "def show(*, x):\n    use(x)\n\n\nname = 'three'\nshow(x=read(name))\n"
    assert origin(line(failing_in_caller(code)), "read") == "three"


def test_a_function_that_has_returned_is_followed_by_its_source(line):
    code = "def load(n):\n    p = f'set/{n:02d}.png'\n    return read(p)\n\n\nuse(load(7))\n"
    assert origin(line(failing_in_caller(code)), "read") == "set/07.png"


def test_an_attribute_is_followed_to_the_init_that_set_it(line):
    code = """
class Pair:
    def __init__(self, name):
        self.left = read(name + ".png")

    def show(self):
        use(self.left)


Pair("four").show()
"""
    assert origin(line(failing_in_caller(code)), "read") == "four.png"


def test_a_name_that_is_assigned_twice_has_its_last_value_before_the_line(line):
    code = "a = read('old')\na = read('new')\nuse(a)\na = read('later')\n"
    assert origin(line(failing_in_caller(code)), "read") == "new"


def test_of_a_loop_the_value_of_this_turn_is_read(line):
    reader = line("names = ['a', 'b']\nfor n in names:\n    {'a': 1}[n]\n")
    assert dict(reader.expressions())["n"] == "b"


def test_the_expression_that_failed_is_told_from_its_neighbours(line):
    reader = line("a, b = [1], [2]\nprint(a[0], b[3])\n")
    assert reader.node.value.id == "b"


@pytest.mark.parametrize(
    "expression",
    ["open('x')", "obj.prop", "obj[0]", "obj + 1", "f'{obj}'", "-obj", "len(obj)", "str(obj)"],
)
def test_what_would_run_code_is_unreadable(line, expression):
    code = f"""
class Loud:
    prop = property(lambda self: loud.append("prop"))

    def _(self, *_):
        loud.append("ran")
        return 0

    __getitem__ = __add__ = __format__ = __neg__ = __len__ = _

    def __str__(self):
        loud.append("str")
        return ""


loud = []
obj = Loud()
1 / 0, {expression}
"""
    reader = line(code)
    node = reader.statement.value.elts[1]
    with pytest.raises(UnreadableError):
        reader.value(node)
    assert reader.names("loud") == []


def test_paths_are_joined(line):
    code = """
import os
from pathlib import Path
root = Path("data")
1 / 0, root / "a.png", os.path.join("x", str(root)), "b" + ".png"
"""
    reader = line(code)
    _, one, two, three = reader.statement.value.elts
    assert str(reader.value(one)).replace("\\", "/") == "data/a.png"
    assert reader.value(two).replace("\\", "/") == "x/data"
    assert reader.value(three) == "b.png"


def test_a_view_of_an_array_is_read_and_a_copy_is_not_made(line):
    code = "import numpy as np\nimage = np.zeros((9, 8, 3))\ny = 4\n1 / 0, image[y:, 2:5], image[[1, 2]]\n"
    reader = line(code)
    _, view, copy = reader.statement.value.elts
    assert reader.value(view).shape == (5, 3, 3)
    assert reader.value(view).base is reader.names("image")
    with pytest.raises(UnreadableError):
        reader.value(copy)


def test_a_file_without_source_has_nothing_to_read():
    try:
        exec(compile("1 / 0", "<string>", "exec"), {})
    except ZeroDivisionError as error:
        reader = reader_of(frames_of(error)[-1])
    assert reader.statement is None
    assert list(reader.expressions()) == []
