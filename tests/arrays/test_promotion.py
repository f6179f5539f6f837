"""The dtype of the result, and when it is worth a note."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.arrays import concatenate, stack
from tfviz.arrays.promotion import promoted

INTEGERS = ["uint8", "uint16", "int8", "int16", "int32", "int64"]
NAMES = ["bool", *INTEGERS, "float16", "bfloat16", "float32", "float64"]


def note(*parts: Any, **arguments: Any) -> str:
    with pytest.warns(UserWarning, match="became") as caught:
        concatenate(parts, **arguments)
    assert caught[0].filename == __file__
    return str(caught[0].message)


def no_note(*parts: Any, **arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return concatenate(parts, **arguments)


@pytest.mark.parametrize("one", NAMES)
def test_tensors_are_promoted_as_keras_does(one: str) -> None:
    for other in NAMES:
        assert promoted([one, other]) == keras.backend.result_type(one, other), other


@pytest.mark.filterwarnings("ignore:Integers became floats")
def test_the_rule_holds_for_tensors_of_every_pair() -> None:
    for one in NAMES:
        for other in NAMES:
            parts = [tf.cast([1], one), tf.cast([1], other)]
            assert concatenate(parts).dtype.name == promoted([one, other]), (one, other)


def test_complex_numbers_count_the_floats_beside_them() -> None:
    assert promoted(["complex64", "float64"]) == "complex128"
    assert promoted(["complex64", "int64"]) == "complex64"


def test_text_and_numbers_have_no_dtype_in_common() -> None:
    assert promoted(["string", "int8"]) is None


def test_order_does_not_matter() -> None:
    names = ["float16", "int64", "bfloat16"]
    assert promoted(names) == promoted(names[::-1]) == "float32"


def test_bfloat16_of_numpy_is_joined_where_numpy_refuses() -> None:
    bfloat16 = tf.bfloat16.as_numpy_dtype
    joined = concatenate([np.ones(1, bfloat16), np.ones(1, "float16")])
    assert joined.dtype == np.float32


def test_integers_that_became_floats_are_noted_at_the_callers_line() -> None:
    told = note(np.ones(1, "int64"), np.ones(1, "float32"))
    assert told == (
        "Integers became floats: the parts are int64 (1) and float32 (1), the result is float64. "
        "Integers beyond 9,007,199,254,740,992 are rounded. Pass dtype='float64' if that is "
        "right, or convert the parts first."
    )


def test_tensors_are_noted_with_their_own_rule() -> None:
    told = note(tf.constant([1]), tf.constant([1.0]), tf.constant([1.0]))
    assert "int32 (1) and float32 (2), the result is float32. Integers beyond 16,777,216" in told


def test_images_of_two_ranges_are_noted() -> None:
    told = note(np.ones(1, "uint8"), np.ones(1, "float32"))
    assert "Images in uint8 count 0..255, those in floats often 0..1" in told
    assert "rounded" not in told


def test_numbers_that_became_text_are_noted() -> None:
    assert note(np.array(["a"]), np.ones(1)).startswith("Numbers became text")


def test_an_array_of_objects_is_noted_with_its_diagnosis() -> None:
    assert "data.object_dtype" in note(np.array([{}]), np.ones(1))


def test_lists_and_numbers_are_no_reason_for_a_note() -> None:
    assert no_note(np.ones(1), [1, 2]).dtype == np.float64
    assert no_note(tf.constant([1.0]), [1, 2]).dtype == tf.float32
    assert stack([1, 2.5]).tolist() == [1, 2.5]


def test_a_dtype_asked_for_is_no_reason_for_a_note() -> None:
    assert no_note(np.ones(1, "int64"), np.ones(1), dtype="float32").dtype == np.float32


def test_floats_of_two_sizes_and_booleans_are_no_reason_for_a_note() -> None:
    assert no_note(np.ones(1, "float32"), np.ones(1), np.ones(1, bool)).dtype == np.float64
