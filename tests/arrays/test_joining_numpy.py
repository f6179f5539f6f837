"""Where NumPy joins, so do we, with the same values; hypothesis looks for the exception."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfviz.arrays import concatenate, stack
from tfviz.errors import InputError

DTYPES = st.sampled_from(["bool", "uint8", "int8", "int32", "int64", "float16", "float32"])
pytestmark = pytest.mark.filterwarnings("ignore:Integers became floats")


@st.composite
def joinable(draw: st.DrawFn) -> tuple[list[np.ndarray], int]:
    """Arrays that agree in all axes but one, perhaps empty along it, and that axis."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = [
        draw(hnp.arrays(draw(DTYPES), (*shape[:axis], n, *shape[axis + 1 :]))) for n in lengths
    ]
    return parts, axis - draw(st.sampled_from([0, len(shape)]))


@settings(max_examples=80, deadline=None)
@given(joinable())
def test_concatenate_gives_what_numpy_gives(case: tuple[list[np.ndarray], int]) -> None:
    parts, axis = case
    ours, numpys = concatenate(iter(parts), axis), np.concatenate(parts, axis)
    assert ours.dtype == numpys.dtype
    np.testing.assert_array_equal(ours, numpys)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_stack_gives_what_numpy_gives(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
    count = data.draw(st.integers(1, 4))
    parts = [data.draw(hnp.arrays(data.draw(DTYPES), shape)) for _ in range(count)]
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    ours, numpys = stack(iter(parts), axis), np.stack(parts, axis)
    assert ours.dtype == numpys.dtype
    np.testing.assert_array_equal(ours, numpys)


@settings(max_examples=100, deadline=None)
@given(st.lists(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), max_size=4), st.data())
def test_we_refuse_what_numpy_refuses_and_nothing_else(shapes: list[Any], data: Any) -> None:
    parts = [np.zeros(shape) for shape in shapes]
    axis = data.draw(st.integers(-4, 4))
    for ours, numpys in [(concatenate, np.concatenate), (stack, np.stack)]:
        try:
            expected = numpys(parts, axis)
        except ValueError:  # np.exceptions.AxisError is one
            with pytest.raises(InputError):
                ours(parts, axis)
        else:
            np.testing.assert_array_equal(ours(parts, axis), expected)


@pytest.mark.parametrize(
    "parts",
    [
        [["a", "bcd"], ["ef"]],
        [[b"a"], [b"bcd"]],
        [[True, False], [True]],
        [[1, 2], (3.5,)],
        [np.array(["2020-01-01"], "M8[D]"), np.array(["2021-01-01"], "M8[s]")],
        [np.array([{}, None], object), np.array([1], object)],
        [range(3), [4]],
        [np.ones(2, "complex64"), np.ones(2)],
        np.arange(6).reshape(2, 3),
    ],
    ids=str,
)
def test_strings_dates_objects_and_lists_are_joined_as_numpy_does(parts: Any) -> None:
    ours, numpys = concatenate(parts), np.concatenate(parts)
    assert ours.dtype == numpys.dtype
    assert ours.tolist() == numpys.tolist()


def test_no_axis_flattens_first() -> None:
    assert concatenate([[[1, 2]], [3]], axis=None).tolist() == [1, 2, 3]


def test_masks_are_kept() -> None:
    parts = [np.ma.array([1, 2], mask=[False, True]), np.array([3])]
    assert concatenate(parts).tolist() == [1, None, 3]
    assert stack([parts[0], parts[0]]).tolist() == [[1, None], [1, None]]


@pytest.mark.parametrize(
    "parts",
    [
        lambda: (np.full((1, 2), n) for n in (1, 2)),
        lambda: {"a": np.full((1, 2), 1), "b": np.full((1, 2), 2)},
        lambda: {"a": np.full((1, 2), 1), "b": np.full((1, 2), 2)}.values(),
        lambda: (np.full((1, 2), 1), [[2, 2]]),
        lambda: map(np.atleast_2d, ([1, 1], [2, 2])),
        lambda: ((iter(row) for row in rows) for rows in ([[1, 1]], [[2, 2]])),
        lambda: np.array([[[1, 1]], [[2, 2]]]),
    ],
    ids=["generator", "dict", "values", "tuple", "map", "nested", "array"],
)
def test_any_iterable_will_do(parts: Any) -> None:
    assert concatenate(parts()).tolist() == [[1, 1], [2, 2]]


def test_an_array_of_objects_that_are_arrays_becomes_one_array() -> None:
    cells = np.empty(2, object)
    cells[:] = [np.ones(3), np.zeros(3)]
    assert stack(cells).tolist() == [[1, 1, 1], [0, 0, 0]]


def test_an_endless_iterator_beside_a_finite_one_ends() -> None:
    assert stack(map(pow, [1, 2, 3], itertools.repeat(2))).tolist() == [1, 4, 9]
    assert stack(zip([1, 2], itertools.count(), strict=False)).tolist() == [[1, 0], [2, 1]]


def test_something_with_an_index_and_a_length_is_walked_through_to_its_length() -> None:
    class Batches:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> list[int]:
            return [index]

    assert concatenate(Batches()).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({"shape": (None, 32, 3)}, (0, 32, 3), "float64"),
        ({"shape": 5, "dtype": "uint8"}, (0,), "uint8"),
        ({"like": np.ones((5, 3), "int8"), "axis": -1}, (5, 0), "int8"),
        ({"like": np.ones((5, 3), "int8"), "dtype": "float16"}, (0, 3), "float16"),
        ({"like": [[1, 2]], "axis": None}, (0,), "int64"),
        ({"dtype": "float32"}, (0,), "float32"),
    ],
)
def test_nothing_to_concatenate_gives_the_empty_array_asked_for(
    arguments: dict[str, Any], shape: tuple[int, ...], dtype: str
) -> None:
    made = concatenate([], **arguments)
    assert (made.shape, made.dtype) == (shape, dtype)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"shape": (32, 3)}, (0, 32, 3)),
        ({"shape": (32, 3), "axis": -1}, (32, 3, 0)),
        ({"like": np.float32(2)}, (0,)),
        ({"dtype": "int32"}, (0,)),
    ],
)
def test_nothing_to_stack_gives_the_empty_array_asked_for(
    arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    assert stack([], **arguments).shape == shape


def test_an_empty_result_with_an_unknown_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(0, None\) can't be made: give shape="):
        concatenate([], shape=(None, None))


@pytest.mark.parametrize("shape", ["abc", (2, -1), 2.5])
def test_what_is_no_shape_is_refused(shape: Any) -> None:
    with pytest.raises(InputError, match="is no shape: give lengths"):
        stack([], shape=shape)


def test_dtype_is_that_of_the_result() -> None:
    made = concatenate([np.ones(1), np.ones(1, "float32")], dtype="float16")
    assert made.dtype == "float16"
    assert stack([1, 2], dtype="uint8").dtype == "uint8"


def test_joining_numpy_arrays_imports_no_framework() -> None:
    code = (
        "import sys, numpy as np\n"
        "from tfviz.arrays import concatenate, stack\n"
        "from tfviz.files.listing import image_files\n"
        "concatenate(stack([np.ones(2)] * 2) for _ in range(2))\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'jax', 'cv2', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
