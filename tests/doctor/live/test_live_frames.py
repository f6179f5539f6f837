"""The user's own line of an exception, whatever stands around it."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from failing import failing

from tfviz.doctor.live.frames import LiveFrame, frames_of, is_installed, own_frame, told_place


def own(error: BaseException) -> LiveFrame:
    frame = own_frame(frames_of(error))
    assert frame is not None
    return frame


def marked(code: str, mark: str = "# here") -> int:
    lines = code.strip("\n").splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.endswith(mark))


def test_the_users_innermost_line_wins_over_the_librarys(tmp_path):
    code = """
    import numpy as np
    def join(parts):
        return np.concatenate(parts)  # here
    join([np.ones((2, 3)), np.ones((2, 4))])
    """
    error = failing(code, tmp_path)
    frame = own(error)
    assert (frame.file, frame.line) == (str(tmp_path / "script.py"), marked(code))
    assert frame.function == "join"
    assert frame.code == "return np.concatenate(parts)  # here"
    assert list(frame.locals) == ["parts"]


def test_user_code_called_back_by_a_library_is_the_users_innermost(tmp_path):
    code = """
    import json
    class Encoder(json.JSONEncoder):
        def default(self, value):
            return value.missing  # here
    json.dumps({"a": 3j}, cls=Encoder)
    """
    frame = own(failing(code, tmp_path))
    assert (frame.line, frame.function) == (marked(code), "Encoder.default")


@pytest.mark.parametrize(
    ("code", "function"),
    [
        ("f = lambda x: x / 0  # here\nf(1)", "<lambda>"),
        ("def g():\n    yield 1\n    yield 1 / 0  # here\nlist(g())", "g"),
        ("1 / 0  # here", "<module>"),
        ("class A:\n    @property\n    def p(self):\n        return 1 / 0  # here\nA().p", "A.p"),
        (
            "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a):\n"
            "        return f(*a)\n    return inner\n@twice\ndef h():\n    return 1 / 0  # here\nh()",
            "h",
        ),
    ],
    ids=["lambda", "generator", "module", "property", "decorator"],
)
def test_each_kind_of_scope_gives_its_line(code, function, tmp_path):
    frame = own(failing(code, tmp_path))
    assert (frame.line, frame.function) == (marked(code), function)


def test_a_comprehension_gives_its_line(tmp_path):
    code = "values = [1, 0]\nx = [\n    1 / each  # here\n    for each in values\n]"
    assert own(failing(code, tmp_path)).line == 3


def test_the_exact_expression_is_known_by_its_columns(tmp_path):
    frame = own(failing("a, b = 1, 0\nc = a + (a / b) + 3\n", tmp_path))
    assert frame.position == (2, 2, 9, 14)
    assert frame.source(2, 2)[0][9:14] == "a / b"


def test_a_cause_wrapped_by_the_user_is_where_it_happened(tmp_path):
    code = """
    def load(path):
        return open(path)  # here
    try:
        load("nowhere.txt")
    except OSError as error:
        raise RuntimeError("loading failed") from error
    """
    assert own(failing(code, tmp_path)).line == marked(code)


def test_an_error_in_an_except_block_is_told_itself(tmp_path):
    code = """
    try:
        {}["a"]
    except KeyError:
        None.name  # here
    """
    assert own(failing(code, tmp_path)).line == marked(code)


def test_what_from_none_hides_stays_hidden(tmp_path):
    code = """
    try:
        {}["a"]
    except KeyError:
        raise ValueError("no a") from None  # here
    """
    assert own(failing(code, tmp_path)).line == marked(code)


def test_a_group_tells_its_first_error(tmp_path):
    code = """
    def fail():
        return 1 / 0  # here
    try:
        fail()
    except ZeroDivisionError as error:
        first = error
    raise ExceptionGroup("two", [first, ValueError("second")])
    """
    assert own(failing(code, tmp_path)).line == marked(code)


def test_a_syntax_error_names_the_line_that_does_not_compile(tmp_path):
    error = failing("x = 1\ny = (2,\n", tmp_path)
    place = told_place(error, frames_of(error))
    assert isinstance(error, SyntaxError)
    assert place is not None
    assert (place.file, place.line, place.frame) == (str(tmp_path / "script.py"), 2, None)


def test_a_syntax_error_of_an_imported_module_is_told_there(tmp_path, monkeypatch):
    (tmp_path / "helper_with_slip.py").write_text("def f()\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    error = failing("import helper_with_slip", tmp_path)
    place = told_place(error, frames_of(error))
    assert place is not None
    assert (Path(place.file).name, place.line) == ("helper_with_slip.py", 1)
    assert own(error).code == "import helper_with_slip"


def test_an_expression_in_a_string_is_told_where_it_is_evaluated(tmp_path):
    error = failing("text = '1 +'\neval(text)", tmp_path)
    assert told_place(error, frames_of(error)) is None
    assert own(error).line == 2


def test_code_from_a_string_stands_aside_for_its_caller(tmp_path):
    frame = own(failing("code = '1 / 0'\nexec(code)\n", tmp_path))
    assert (frame.line, frame.code) == (2, "exec(code)")


def test_code_from_a_string_alone_is_still_found():
    try:
        exec(compile("1 / 0", "<string>", "exec"))
    except ZeroDivisionError as error:
        alone = frames_of(error)[-1:]
    frame = own_frame(alone)
    assert frame is not None
    assert (frame.file, frame.line, frame.code) == ("<string>", 1, "")


def test_a_recursion_of_thousands_of_frames_stays_bounded(tmp_path):
    code = """
    import sys
    sys.setrecursionlimit(3000)
    def down(n):
        return down(n + 1)  # here
    try:
        down(0)
    finally:
        sys.setrecursionlimit(1000)
    """
    error = failing(code, tmp_path)
    assert isinstance(error, RecursionError)
    frames = frames_of(error)
    assert len(frames) <= 160
    assert own(error).line == marked(code)


def test_the_users_line_is_found_between_thousands_of_library_frames(tmp_path):
    code = """
    import copy
    nested = []
    for _ in range(5000):
        nested = [nested]
    def go():
        return copy.deepcopy(nested)  # here
    go()
    """
    frame = own(failing(code, tmp_path))
    assert (frame.line, frame.function) == (marked(code), "go")


def test_a_file_that_has_vanished_still_gives_file_line_and_values(tmp_path):
    path = tmp_path / "gone.py"
    code = compile("a = 1\nb = a / 0\n", str(path), "exec")
    try:
        exec(code, {})
    except ZeroDivisionError as error:
        frame = own(error)
    assert (frame.file, frame.line, frame.code) == (str(path), 2, "")
    assert frame.value("a") == 1


def fails_in_a_worker(n: int) -> float:
    return n / 0


def test_an_error_from_a_worker_process_is_told_where_the_worker_failed():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(fails_in_a_worker, 3)
        try:
            future.result()
        except ZeroDivisionError as error:
            frames = frames_of(error)
            place = told_place(error, frames)
    assert place is not None
    assert (place.file, place.function) == (__file__, "fails_in_a_worker")
    assert place.code == "return n / 0"


@pytest.mark.parametrize(
    ("file", "installed"),
    [
        ("/home/ann/env/lib/python3.11/site-packages/keras/src/layers/layer.py", True),
        (r"C:\Python311\Lib\site-packages\numpy\core.py", True),
        ("<frozen runpy>", True),
        ("<__array_function__ internals>", True),
        ("<attrs generated init Point>", True),
        ("pandas/_libs/hashtable_class_helper.pxi", True),
        (sys.modules["re"].__file__, True),
        (sys.modules["tfviz.errors"].__file__, True),
        ("/home/ann/train.py", False),
        ("/tmp/ipykernel_12/34.py", False),
        ("<ipython-input-3-abc>", False),
        ("<stdin>", False),
    ],
)  # fmt: skip
def test_installed_files_are_told_from_the_users(file, installed):
    assert is_installed(file) is installed


def test_no_frame_is_found_where_there_is_none():
    assert frames_of(ValueError("never raised")) == []
    assert own_frame([]) is None


def test_an_error_that_cannot_print_itself_is_still_placed(tmp_path):
    code = """
    class Odd(Exception):
        def __str__(self):
            raise ValueError("no text")
    raise Odd  # here
    """
    error = failing(code, tmp_path)
    frames = frames_of(error)
    assert told_place(error, frames) is None
    assert own(error).line == marked(code)
