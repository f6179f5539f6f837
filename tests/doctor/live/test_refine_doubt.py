"""What the values don't prove isn't told as certain, and nobody is accused who did nothing."""

from __future__ import annotations

import pytest

from tfviz.catalogue.conditions.training import void_label
from tfviz.doctor.explain import explain_error
from tfviz.doctor.live.frames import frames_of
from tfviz.doctor.live.refine import refine

PAST = "exactly one past the end"


@pytest.fixture
def first(tmp_path, monkeypatch):
    """The refined first finding on the error that a program ends with."""
    monkeypatch.chdir(tmp_path)

    def run(code):
        path = tmp_path / "script.py"
        path.write_text(code)
        try:
            exec(compile(code, str(path), "exec"), {"__name__": "__main__"})
        except Exception as error:
            error.__traceback__ = error.__traceback__.tb_next
            answer = refine(explain_error(error), error, frames_of(error))
            assert answer.broken == ()
            return answer.findings[0]
        raise AssertionError("it ran")

    return run


VALUES = [({0, 3, 20, 255}, 21, 255), ({0, 1, 255}, 2, 255), ({0, 255}, 2, None),
          ({0, 1, 128, 255}, 2, None), ({0, 1, 4}, 4, None), ({0, 1, 300}, 256, None)]  # fmt: skip


@pytest.mark.parametrize(("values", "classes", "label"), VALUES)
def test_255_alone_beside_classes_marks_pixels_without_a_class(values, classes, label):
    assert void_label(values, classes) == label


COUNTED = [
    "for i in range(len(a) + 1):\n    a[i]\n",
    "i = 0\nwhile True:\n    a[i]\n    i += 1\n",
    "def at(k):\n    return a[k + 1]\n\n\n[at(j) for j in range(3)]\n",
    "for i, each in enumerate(a):\n    a[i + 1]\n",
    "k = len(a)\na[k]\n",
]


@pytest.mark.parametrize("end", COUNTED)
@pytest.mark.parametrize("start", ["a = [1, 2, 3]\n", "import numpy as np\na = np.ones(3)\n"])
def test_an_index_that_counts_goes_one_too_far(first, start, end):
    assert PAST in " ".join(first(start + end).live)


NOT_COUNTED = [
    "k = 3\na[k]\n",
    "for k in [0, 3]:\n    a[k]\n",
    "best = sorted(range(4))\na[best[3]]\n",
    "best = max(range(4))\na[best]\n",
]


@pytest.mark.parametrize("end", NOT_COUNTED)
@pytest.mark.parametrize("start", ["a = [1, 2, 3]\n", "import numpy as np\na = np.ones(3)\n"])
def test_an_index_that_does_not_count_is_not_said_to(first, start, end):
    found = first(start + end)
    assert PAST not in " ".join(found.live)
    assert "range" not in found.fix


def test_the_index_of_an_item_counts_where_a_length_is_told(first):
    code = (
        "class Pairs:\n    rows = [1, 2]\n\n    def __len__(self):\n        return 3\n\n"
        "    def __getitem__(self, i):\n        return self.rows[i]\n\n\nPairs()[2]\n"
    )
    assert PAST in " ".join(first(code).live)


def test_a_none_of_unknown_origin_is_told_as_likely(first):
    found = first("import json\nimg = json.loads('null')\nimg.shape\n")
    assert (found.id, found.confidence) == ("python.none_attribute", "likely")
    assert all("`img` is None." not in each for each in found.live)


def test_a_none_that_a_function_gave_is_told_as_certain(first):
    found = first("def made():\n    pass\n\n\nimg = made()\nimg.shape\n")
    assert (found.id, found.confidence) == ("python.none_attribute", "certain")


def test_the_layer_that_refuses_is_not_said_to_give_its_last_step(first):
    found = first(
        "import keras\nkeras.Sequential([keras.Input((4,)), keras.layers.Dense(3), "
        "keras.layers.LSTM(2)])\n"
    )
    assert found.id != "shape.missing_return_sequences"
    assert "its last step" not in " ".join(found.live)


def test_rows_divided_by_their_sums_keep_the_axis(first):
    live = first("import numpy as np\nx = np.ones((4, 3))\ns = x.sum(axis=1)\nx / s\n").live
    assert "those of the rows with `keepdims=True`" in " ".join(live)


def test_a_table_for_the_classes_that_occur_is_told_only_of_that_table(first):
    start = "import numpy as np\ny = np.array([0, 2])\nn, m = len(np.unique(y)), 5\n"
    made = start + "seen, other = np.zeros((n, n)), np.zeros((m, 3))\n"
    assert "different values in `y`" in first(made + "seen[y[1], 0] + other[0, 0]\n").cause
    assert "different values" not in first(made + "seen[0, 0] + other[0, 3]\n").cause


def test_a_side_longer_by_one_along_another_axis_is_not_said_to_be_joined(first):
    code = "import numpy as np\np = np.zeros((4, 2))\nx = np.concatenate([p, p], axis={})\nx + {}\n"
    live = " ".join(first(code.format(1, "np.zeros((3, 4))")).live)
    assert "one entry more" not in live
    code = code.replace("x + {}", "q = np.zeros({})\nx + q")
    assert "one entry more along axis -1" in " ".join(first(code.format(1, (4, 3))).live)
    assert "one entry more" not in " ".join(first(code.format(1, (3, 4))).live)


def test_a_vector_that_is_no_statistic_is_fitted_to_the_rows(first):
    live = first("import numpy as np\nx, s = np.ones((4, 3)), np.arange(4.0)\nx / s\n").live
    assert "`s` fits the rows of `x`: `s[:, None]`." in live


def test_a_picture_stored_under_a_key_is_followed_to_its_reader(first):
    found = first("import cv2\nkept = {}\nkept['a'] = cv2.imread('sun.png')\nkept['a'].shape\n")
    assert found.id == "cv2.imread_none"
    assert "'sun.png'" in " ".join(found.live)


LAZY = """
asked = []


class Lazy:
    @property
    def __class__(self):
        asked.append(1)
        return dict


a, d = Lazy(), {1: 2}
"""


@pytest.mark.parametrize(
    "line", ["a.shape", "a(1)", "a[0] + a", "[1, 2][a]", "d[3], a", "f'{a.x}'", "a.get(1, b=2)"]
)
def test_an_object_is_not_asked_for_its_class(tmp_path, line):
    path, names = tmp_path / "lazy.py", {"__name__": "__main__"}
    path.write_text(f"{LAZY}{line}\n")
    with pytest.raises((TypeError, AttributeError, KeyError)) as caught:
        exec(compile(path.read_text(), str(path), "exec"), names)
    frames = frames_of(caught.value)[-1:]
    answer = explain_error(caught.value)
    names["asked"].clear()
    refine(answer, caught.value, frames)
    assert names["asked"] == []
