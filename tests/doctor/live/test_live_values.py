"""What is said of one value: NumPy, Pillow, pandas, plain Python; never by the user's code."""

from __future__ import annotations

import enum
import os
import pathlib
import time
from collections import namedtuple

import numpy as np
import pytest

from tfviz.doctor.live.description import Description
from tfviz.doctor.live.safely import UnreadableError, read
from tfviz.doctor.live.values import describe, is_array, is_code


def said(value: object) -> str:
    return str(describe(value))


ROW = np.arange(12.0).reshape(3, 4)


def holed() -> np.ndarray:
    array = ROW.copy()
    array[0, :3] = np.nan
    array[1, 0] = -np.inf
    return array


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ROW, "ndarray (3, 4) float64, 0.0 to 11.0"),
        (holed(), "ndarray (3, 4) float64, 3 NaN of 12, 1 infinite of 12, 3.0 to 11.0"),
        (np.full((2, 2), np.nan), "ndarray (2, 2) float64, all NaN"),
        (np.zeros((0, 3)), "ndarray (0, 3) float64, empty"),
        (np.ones((2, 2)), "ndarray (2, 2) float64, all 1.0"),
        (np.array([1, 2, 9]), "ndarray (3,) int64, [1, 2, 9]"),
        (np.array([[200, 3]], np.uint8), "ndarray (1, 2) uint8, 3 to 200"),
        (np.array(3.5), "ndarray () float64, 3.5"),
        (ROW > 3, "ndarray (3, 4) bool, 8 of 12 True"),
        (np.ones((2, 2), complex) * 2j, "ndarray (2, 2) complex128, magnitude all 2.0"),
        (np.float16([[1, np.inf]]), "ndarray (1, 2) float16, 1 infinite of 2, all 1.0"),
        (np.array(["cat", "mouse"]), "ndarray (2,) <U5, e.g. 'cat'"),
        (np.zeros(3, [("x", "f4"), ("y", "i4")]), "ndarray (3,) structured, fields x, y"),
        (np.zeros(2, "M8[D]"), "ndarray (2,) datetime64[D], 1970-01-01 to 1970-01-01"),
        (
            np.ma.masked_greater(ROW, 6),
            "MaskedArray (3, 4) float64, 0.0 to 6.0, 5 of 12 masked",
        ),
        (
            np.array([np.ones(2), np.ones(3), np.ones(3)], dtype=object),
            "ndarray (3,) object, of ndarray, shapes differ: 2 x (3,), 1 x (2,)",
        ),
        (np.array([None, 3, 4]), "ndarray (3,) object, of 2 int, 1 NoneType"),
        (np.float32(2.5), "float32 2.5"),
        (np.int64(-3), "int64 -3"),
    ],
    ids=str,
)  # fmt: skip
def test_arrays_are_told_by_shape_dtype_range_and_what_is_not_finite(value, text):
    assert said(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "int 3"),
        (-0.25, "float -0.25"),
        (1e-9, "float 1e-09"),
        (True, "bool True"),
        (None, "None"),
        (10**100, "int an int of 333 bits"),
        ([1, 2.5, "a"], "list of 3: 1, 2.5, 'a'"),
        (list(range(100)), "list of 100: int, 0 to 99"),
        ([], "empty list"),
        ([[1, 2], [3]], "list of 2: list, lengths 1 to 2"),
        ([ROW, ROW[:2]], "list of 2: ndarray (3, 4) float64; ndarray (2, 4) float64"),
        (
            [np.ones((2, i % 3 + 1)) for i in range(10)],
            "list of 10: ndarray, shapes differ: 4 x (2, 1), 3 x (2, 2), 3 x (2, 3)",
        ),
        ([ROW, ROW, ROW], "list of 3: ndarray (3, 4) float64 each"),
        (
            [ROW, ROW, ROW[:2], ROW],
            "list of 4: ndarray, shapes differ: 3 x (3, 4), 1 x (2, 4)",
        ),
        ([np.float64(3), np.float64(1)], "list of 2: float64, 1.0 to 3.0"),
        ((ROW, None), "tuple of 2: ndarray (3, 4) float64; None"),
        ({"x": ROW, "y": 3}, "dict of 2: 'x': ndarray (3, 4) float64, 'y': 3"),
        ({}, "empty dict"),
        ({1, 2}, "set of 2"),
        (range(5), "range: 5 numbers, range(0, 5)"),
        (slice(None, 3), "slice :3:"),
        ("hello", "str 'hello'"),
        (b"abc", "bytes of 3: b'abc'"),
    ],
    ids=str,
)  # fmt: skip
def test_plain_values_are_told_in_a_few_words(value, text):
    assert said(value) == text


def test_a_long_list_is_asked_for_its_first_thousand_only():
    values = [ROW] * 5_000 + [ROW[:1]]
    assert said(values) == "list of 5001: ndarray (3, 4) (the first 1,000 of 5,001)"


def test_a_path_is_told_with_whether_it_is_there(tmp_path):
    there = tmp_path / "photo.jpg"
    there.write_bytes(b"123")
    (tmp_path / "empty.jpg").touch()
    assert said(str(there)).endswith("photo.jpg', a file of 3 bytes")
    assert said(there) == f"{'Path'} {str(there)!r}, a file of 3 bytes"
    assert said(str(tmp_path / "phot.jpg")).endswith("phot.jpg', doesn't exist")
    assert said(str(tmp_path / "empty.jpg")).endswith("an empty file")
    assert said(str(tmp_path)).endswith("a folder")


def test_a_relative_path_is_looked_up_where_the_program_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said("weights.h5") == "str 'weights.h5', doesn't exist"


def test_words_and_addresses_are_no_paths():
    assert said("a cat") == "str 'a cat'"
    assert said("https://example.org/a.zip") == "str 'https://example.org/a.zip'"


def test_what_looks_like_a_token_is_not_shown():
    assert said("hf_abcdefgh1234567890abcdefgh") == "str 'hf_a'... of 29 characters"


def test_a_long_text_is_shortened():
    text = said("word " * 1_000)
    assert text == "str 'word word word word word word word w'... of 5,000 characters"


def test_a_generator_that_has_ended_says_so():
    ended = (i for i in ())
    list(ended)
    assert said(ended) == "generator, has ended"
    assert said(i for i in (1, 2)) == "generator"


def test_a_large_array_is_sampled_and_says_so():
    array = np.zeros((4_000, 3_000), np.float32)
    array[:] = np.arange(3_000)
    described = describe(array)
    numbers = described.statistics
    assert numbers is not None
    assert numbers.size == 12_000_000
    assert 20_000 <= numbers.looked_at <= 100_000
    assert f"in a sample of {numbers.looked_at:,}" in str(described)
    assert (numbers.low, numbers.high) == (0.0, pytest.approx(2_999, abs=250))


def test_an_array_that_is_no_block_of_memory_is_not_copied():
    array = np.zeros((20, 1_000, 1_000), np.float32).transpose(2, 0, 1)
    started = time.perf_counter()
    numbers = describe(array).statistics
    assert numbers is not None
    assert numbers.looked_at <= 100_000
    assert time.perf_counter() - started < 0.05


def test_an_array_in_a_file_is_hardly_read(tmp_path):
    array = np.memmap(tmp_path / "x.bin", np.float32, "w+", shape=(1_000, 1_000))
    array[:] = 1
    assert said(array).startswith("memmap (1000, 1000) float32, all 1.0, in a sample of ")
    numbers = describe(array).statistics
    assert numbers is not None
    assert numbers.looked_at <= 2_000


def test_the_sample_of_a_picture_does_not_keep_to_one_channel():
    array = np.zeros((4_000, 4_000, 3), np.uint8)
    array[..., 1], array[..., 2] = 100, 200
    numbers = describe(array).statistics
    assert numbers is not None
    assert (numbers.low, numbers.high) == (0, 200)


def test_a_picture_of_pillow_is_told_by_width_and_height():
    from PIL import Image

    assert said(Image.new("RGB", (64, 48))) == "PIL image, 64 wide, 48 high, mode RGB"


def test_a_table_of_pandas_tells_its_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.0, 2.0], "b": np.array(["x", None], object)})
    assert said(table["a"]) == "Series (2,) float64, [1.0, 2.0], column 'a'"
    assert said(table).startswith("DataFrame (2, 2), 1 float64; 1 ")
    assert "(b); 1 missing of 4" in said(table)


# ---- the user's own classes


class UserCode(BaseException):
    """Code of the user's ran; nothing that swallows errors swallows this."""


def told(*_: object) -> object:
    raise UserCode


METHODS = (
    "__repr__", "__str__", "__len__", "__iter__", "__bool__", "__eq__", "__getitem__", "__format__",
    "__add__", "__float__", "__index__", "__hash__", "__getattr__", "__array__", "__dir__", "items",
    "keys", "__array_finalize__", "__contains__",
)  # fmt: skip


def loud(base: type, *args: object) -> object:
    """An object of a user's class in which everything that can be asked runs its code."""
    kind = type(f"Loud{base.__name__}", (base,), {"__module__": "__main__"})
    value = args[0].view(kind) if base is np.ndarray else kind(*args)
    for name in METHODS:
        setattr(kind, name, told)
    kind.shape = property(told)
    return value


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: loud(object), "Loudobject, an object"),
        (
            lambda: loud(np.ndarray, np.ones((2, 3))),
            "Loudndarray (ndarray) (2, 3) float64, all 1.0",
        ),
        (lambda: loud(list, [1, 2]), "Loudlist (list of 2): 1, 2"),
        (lambda: loud(dict, {"a": 1}), "Louddict (dict of 1): 'a': 1"),
        (lambda: loud(str, "abc"), "Loudstr (str) 'abc'"),
        (lambda: loud(float, 2.5), "Loudfloat (float) 2.5"),
        (lambda: [loud(object), loud(object)], "list of 2: Loudobject"),
        (lambda: {"a": loud(object)}, "dict of 1: 'a': Loudobject"),
        (lambda: {"a": loud(list, [1])}, "dict of 1: 'a': Loudlist"),
    ],
    ids=["object", "ndarray", "list", "dict", "str", "float", "in list", "in dict", "list in dict"],
)
def test_no_code_of_the_users_runs(make, text):
    assert said(make()) == text


def test_no_code_of_the_users_runs_inside_an_array_of_objects():
    array = np.empty(2, object)
    array[:] = [None, None]
    array[0] = array[1] = loud(float, 1.0)
    assert said(array) == "ndarray (2,) object, of Loudfloat"


def test_an_attribute_is_read_from_the_instance_a_slot_and_a_named_tuple():
    class Slotted:
        __slots__ = ("x",)

    slotted = Slotted()
    slotted.x = 3
    Point = namedtuple("Point", "a b")
    assert read(slotted, "x") == 3
    assert read(Point(1, 2), "b") == 2
    assert read(os.path, "sep") == os.sep


def test_a_property_of_the_users_is_not_read():
    class Own:
        limit = 7

        @property
        def value(self) -> int:
            raise SystemExit("the user's code ran")

        def __getattr__(self, name: str) -> int:
            raise SystemExit("the user's code ran")

    assert read(Own(), "limit") == 7
    for name in ("value", "missing"):
        with pytest.raises(UnreadableError):
            read(Own(), name)


def test_a_number_of_an_enumeration_is_told_as_a_number():
    class Colour(enum.IntEnum):
        RED = 4

    assert said(Colour.RED) == "Colour (int) 4"


def test_an_object_that_is_half_built_still_has_its_kind():
    from PIL import Image

    broken = Image.Image.__new__(Image.Image)
    assert said(broken) == "Image, can't be read"


def test_functions_classes_and_modules_are_code():
    assert all(is_code(each) for each in (len, np.add, np, int, lambda: 0, "".join, np.concatenate))
    assert not any(is_code(each) for each in (3, ROW, "a", [], None))


def test_arrays_are_known_by_their_class():
    assert is_array(ROW)
    assert is_array(np.ma.masked_greater(ROW, 3))
    assert not is_array([1, 2])
    assert not is_array(pathlib.Path())


def test_a_description_as_json_has_numbers():
    assert describe(holed()).to_dict() == {
        "kind": "ndarray",
        "text": "ndarray (3, 4) float64, 3 NaN of 12, 1 infinite of 12, 3.0 to 11.0",
        "shape": [3, 4],
        "dtype": "float64",
        "device": "",
        "size": 12,
        "looked_at": 12,
        "low": 3.0,
        "high": 11.0,
        "nan": 3,
        "inf": 1,
    }
    assert Description("None").to_dict()["size"] is None


def test_a_lazy_object_is_not_computed_and_a_metaclass_not_asked():
    asked = []

    class Watching(type):
        def __getattribute__(cls, name):
            asked.append(name)
            return super().__getattribute__(name)

        def __eq__(cls, other):
            asked.append("__eq__")
            return cls is other

        __hash__ = type.__hash__

    class Lazy(metaclass=Watching):
        @property
        def __class__(self):
            asked.append("__class__")
            return dict

    lazy = Lazy()
    asked.clear()
    texts = [said(lazy), said([lazy, lazy]), said({"k": lazy}), said((lazy,) * 9)]
    assert not is_code(lazy)
    assert not is_array(lazy)
    assert asked == []
    assert texts[:2] == ["Lazy, an object", "list of 2: Lazy"]
