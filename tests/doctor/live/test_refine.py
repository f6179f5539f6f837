"""What live values add to an answer, and that looking at them changes nothing."""

from __future__ import annotations

import gc
import weakref

import pytest

from tfviz.doctor.explain import explain_error
from tfviz.doctor.live import refine as refining
from tfviz.doctor.live.clues.case import MENDING, SAYING, SETTLING, Clue
from tfviz.doctor.live.frames import frames_of
from tfviz.doctor.live.refine import refine


@pytest.fixture
def examined(tmp_path, monkeypatch):
    """The refined answer to the error that a program ends with."""
    monkeypatch.chdir(tmp_path)

    def run(code, **names):
        path = tmp_path / "script.py"
        path.write_text(code)
        error = None
        try:
            exec(compile(code, str(path), "exec"), {"__name__": "__main__", **names})
        except Exception as raised:
            error = raised
        assert error is not None
        error.__traceback__ = error.__traceback__.tb_next
        return refine(explain_error(error), error, frames_of(error))

    return run


def best(answer):
    return answer.findings[0]


def said(answer):
    return " ".join(best(answer).live)


JOIN = """
import numpy as np
images, noise = np.zeros((32, 10)), np.ones((32, 12))
np.concatenate([images, noise])
"""


def test_the_axis_that_differs_is_named_with_both_arrays(examined):
    assert "`images` is (32, 10) and `noise` is (32, 12)" in said(examined(JOIN))
    assert "axis 1 differs (10 against 12)" in said(examined(JOIN))


def test_the_axis_that_is_joined_along_is_not_called_different(examined):
    code = JOIN.replace("(32, 12)", "(30, 12)")
    assert "axis 0 differs" not in said(examined(code))


def test_the_entry_of_a_list_that_is_unlike_the_others_is_counted(examined):
    code = """
import numpy as np
rows = [[1, 2, 3], [4, 5], [6, 7, 8]]
np.array(rows, dtype="float32")
"""
    assert "entry 1 has length 2" in said(examined(code))


def test_of_a_product_both_inner_sizes_are_told(examined):
    code = "import numpy as np\na, b = np.zeros((2, 3)), np.zeros((4, 3))\na @ b\n"
    assert "3 columns of `a` meet 4 rows of `b`" in said(examined(code))
    assert "would fit if it were transposed" in said(examined(code))


def test_channels_that_stand_first_are_found_in_a_broadcast(examined):
    code = """
import numpy as np
x, mean = np.zeros((5, 3, 8, 8)), np.zeros(3)
x - mean
"""
    assert "stands on axis 1 of `x`" in said(examined(code))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        ("pass", "does not exist"),
        ("os.mkdir('a.png')", "is a folder"),
        ("open('a.png', 'w').close()", "is empty (0 bytes)"),
        ("open('a.png', 'w').write('<html><body>')", "a web page (HTML)"),
        ("open('a.png', 'wb').write(b'\\0\\0\\0\\x18ftypheic' + bytes(range(64)))", "HEIC"),
    ],
)
def test_what_stands_at_the_path_of_an_unread_picture_is_told(examined, make, what):
    code = f"""
import os
import cv2
{make}
path = 'a.png'
image = cv2.imread(path)
image.shape
"""
    answer = examined(code)
    assert best(answer).id == "cv2.imread_none"
    assert "'a.png'" in said(answer)
    assert what in said(answer)


def test_a_path_is_followed_through_helpers_that_have_returned(examined):
    code = """
import os
import cv2

FOLDER = "set"


def where(name):
    return os.path.join(FOLDER, name + ".png")


def load(name):
    path = f"{FOLDER}/{name}.png"
    return cv2.imread(path)


def small(image):
    return cv2.resize(image, (4, 4))


small(load("cat"))
"""
    answer = examined(code)
    assert best(answer).id == "cv2.imread_none"
    assert "'set/cat.png', which does not exist" in said(answer)


def test_an_empty_part_of_a_picture_is_no_unread_file(examined):
    code = """
import cv2
import numpy as np
image = np.zeros((10, 10, 3), np.uint8)
face = image[12:15, 0:5]
cv2.resize(face, (4, 4))
"""
    answer = examined(code)
    assert best(answer).id == "cv2.empty_crop"
    assert "[12:15, 0:5] of `image`, which is 10 high and 10 wide" in said(answer)


def test_none_of_a_function_without_return_is_followed_to_it(examined):
    code = """
import numpy as np


def scaled(x):
    x * 2


y = scaled(np.ones(3))
y.mean()
"""
    answer = examined(code)
    assert best(answer).id == "python.none_attribute"
    assert "line 9 calls `scaled`, and `scaled` (line 5) has no `return`" in said(answer)


def test_the_nearest_key_is_offered(examined):
    answer = examined("sizes = {'height': 1, 'width': 2}\nsizes['heigth']\n")
    assert best(answer).id == "python.key_missing"
    assert "Did you mean 'height'?" in said(answer)


def test_a_key_of_another_type_is_noticed(examined):
    assert "as a number, not as text" in said(examined("names = {3: 'a'}\nnames['3']\n"))


def test_an_index_past_the_end_is_told_with_the_length(examined):
    answer = examined("names = ['a', 'b']\nbest = 3\nnames[best]\n")
    assert best(answer).id == "python.index_out_of_range"
    assert (
        said(answer) == "`best` is 3, and `names` is a list of 2 entries: they are numbered 0 to 1."
    )


def test_a_variable_that_hides_a_builtin_is_named_with_its_line(examined):
    answer = examined("str = 'cat'\nstr(3)\n")
    assert best(answer).id == "python.shadowed_builtin"
    assert "`str` is a str since line 1" in said(answer)


def test_a_name_that_is_assigned_later_is_told(examined):
    answer = examined("print(total)\ntotal = 3\n")
    assert "`total` is assigned on line 2, which hadn't run" in said(answer)


def test_a_name_of_another_function_is_told(examined):
    code = "def load():\n    rows = [1]\n\n\nload()\nprint(rows)\n"
    assert "is a name of `load` alone (line 2)" in said(examined(code))


def test_a_float_where_an_index_is_needed_is_named(examined):
    answer = examined("data = [1, 2, 3]\nhalf = len(data) / 2\ndata[:half]\n")
    assert best(answer).id == "numpy.float_index"
    assert "`half` is 1.5" in said(answer)


def test_an_error_that_no_values_explain_stays_as_it_was(examined):
    answer = examined("raise RuntimeError('odd')\n")
    assert answer.findings == ()
    assert answer.broken == ()
    assert "odd" in answer.unknown


def test_what_competed_is_settled_into_one(examined):
    code = """
import cv2
capture = cv2.VideoCapture('none.avi')
ok, frame = capture.read()
cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
"""
    answer = examined(code)
    assert [each.id for each in answer.findings] == ["cv2.no_camera_frame"]
    assert best(answer).confidence == "certain"
    assert "'none.avi' does not exist" in said(answer)


class Guarded:
    """Tells when any of its code runs."""

    ran = False

    def _mark(self, *_):
        type(self).ran = True
        raise AssertionError("the user's code ran")

    __eq__ = __len__ = __repr__ = __str__ = __iter__ = __bool__ = __hash__ = _mark
    __getitem__ = __contains__ = __format__ = __index__ = __array__ = _mark
    shape = dtype = name = layers = property(_mark)


@pytest.mark.parametrize(
    "line",
    [
        "[1, 2][5] if guarded is not None else 0",
        "{'a': guarded}['b']",
        "None.fit(guarded, y=guarded)",
        "np.concatenate([np.zeros((2, 3)), np.zeros((2, 4))], axis=0) + guarded",
        "guarded_undefined(guarded)",
        "open('nowhere/' + str(1) + '.txt') and guarded",
        "guarded.missing",
    ],
)
def test_no_code_of_the_users_runs(examined, line):
    Guarded.ran = False
    guarded = Guarded()
    answer = examined(
        f"import numpy as np\nx = [guarded]\nd = {{1: guarded}}\n{line}\n", guarded=guarded
    )
    assert not Guarded.ran
    assert answer.broken == ()


def test_a_clue_that_fails_is_skipped_and_told(examined, monkeypatch):
    def fails(case):
        raise ValueError("a faulty clue")

    monkeypatch.setattr(refining, "SAYING", [Clue(fails, ("numpy.",), ()), *SAYING])
    monkeypatch.setattr(refining, "SETTLING", [Clue(fails, ("numpy.",), ()), *SETTLING])
    answer = examined(JOIN)
    assert [each.rsplit(".", 1)[-1] for each in answer.broken] == ["fails", "fails"]
    assert "axis 1 differs" in said(answer)


def test_nothing_of_the_user_is_kept_alive(tmp_path):
    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)
    path = tmp_path / "script.py"
    path.write_text("names = ['a']\nheld = big\nnames[3]\n")
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"big": big})
    except IndexError as error:
        answer = refine(explain_error(error), error, frames_of(error))
    del big
    gc.collect()
    assert gone() is None
    assert answer.findings


def test_frames_that_tell_nothing_leave_the_answer(examined):
    answer = explain_error("KeyError: 'a'")
    assert refine(answer, KeyError("a"), []) is answer


def test_every_clue_has_a_sentence_about_what_it_looks_for():
    assert all(each.look.__doc__ for each in [*SETTLING, *SAYING])


def test_every_diagnosis_a_clue_names_exists():
    from tfviz.catalogue.diagnosis import FAMILIES, identifiers

    known = set(identifiers())
    prefixes = {each.rsplit(".", 1)[0] for each in known}
    named = {name for clue in [*SETTLING, *MENDING, *SAYING] for name in clue.ids}
    unknown = {n for n in named if n not in known and n not in prefixes}
    assert {n for n in unknown if n.rstrip(".") not in FAMILIES} == set()
