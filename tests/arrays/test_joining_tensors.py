"""TensorFlow and Keras: the same kind comes out that went in."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.arrays import concatenate, stack
from tfviz.errors import InputError

F32 = tf.constant([1.0, 2.0])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_tensors_give_what_tf_gives(axis: int) -> None:
    parts = [tf.random.stateless_uniform((2, 2), [i, 0]) for i in range(3)]
    joined, stacked = concatenate(parts, axis), stack(parts, axis)
    assert isinstance(joined, tf.Tensor)
    np.testing.assert_array_equal(joined, tf.concat(parts, axis))
    np.testing.assert_array_equal(stacked, tf.stack(parts, axis))


def test_text_and_booleans_stay_what_they_are() -> None:
    assert concatenate([tf.constant(["é"]), ["b"]]).numpy().tolist() == ["é".encode(), b"b"]
    assert concatenate([tf.constant([True]), [False]]).dtype == tf.bool


def test_variables_become_a_tensor() -> None:
    assert stack([tf.Variable(F32), F32]).numpy().tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize("other", [np.array([3.0]), [3.0], np.array([3]), [3]], ids=repr)
def test_what_is_no_tensor_takes_the_dtype_of_the_tensors_beside_it(other: Any) -> None:
    for parts in ([F32, other], [other, F32]):
        joined = concatenate(parts)
        assert joined.dtype == tf.float32
        assert sorted(joined.numpy()) == [1, 2, 3]


def test_python_floats_beside_integer_tensors_are_float32_and_numpys_keep_theirs() -> None:
    assert concatenate([tf.constant([1]), [2.5]]).numpy().tolist() == [1.0, 2.5]
    assert concatenate([tf.constant([1]), [2.5]]).dtype == tf.float32
    assert concatenate([tf.constant([1]), np.array([2.5])]).dtype == tf.float64


def test_an_integer_too_large_for_the_tensors_is_refused_where_tf_makes_it_zero() -> None:
    assert tf.concat([tf.constant([1]), np.array([2**40])], 0).numpy().tolist() == [1, 0]
    with pytest.raises(InputError, match=r"part 1 has values from 1099511627776 .* int32 can't"):
        concatenate([tf.constant([1]), np.array([2**40])])


def test_text_beside_numbers_is_refused_and_named() -> None:
    with pytest.raises(InputError, match="2 of 3 are float32, but part 1 is string"):
        concatenate([F32, tf.constant(["a"]), F32])


def test_keras_tensors_give_a_keras_tensor_that_a_model_computes() -> None:
    x = keras.Input((3,))
    out = concatenate([x, 2 * x, np.ones((2, 1))], axis=-1)
    assert isinstance(out, keras.KerasTensor)
    model = keras.Model(x, [out, stack([x, x], axis=1)])
    joined, stacked = model(np.array([[1.0, 2, 3], [4, 5, 6]]))
    assert joined.numpy().tolist() == [[1, 2, 3, 2, 4, 6, 1], [4, 5, 6, 8, 10, 12, 1]]
    assert stacked.shape == (2, 2, 3)


def test_keras_variables_mix_with_tensors_of_the_backend() -> None:
    joined = concatenate([keras.Variable(np.ones(1, "float32")), F32, [3]])
    assert joined.numpy().tolist() == [1, 1, 2, 3]


def test_keras_tensors_that_do_not_fit_are_named() -> None:
    with pytest.raises(InputError, match=r"part 1: \(None, 4\), axis 1 is 4 instead of 3") as error:
        concatenate([keras.Input((3,)), keras.Input((4,))])
    assert "They fit along axis=1." in str(error.value)


def test_ragged_tensors_stay_ragged() -> None:
    parts = [tf.ragged.constant([[1], [2, 3]]), tf.ragged.constant([[4, 5, 6]])]
    assert concatenate(parts).to_list() == [[1], [2, 3], [4, 5, 6]]
    assert stack(parts).to_list() == [[[1], [2, 3]], [[4, 5, 6]]]


def test_a_sparse_tensor_is_named_with_the_way_out() -> None:
    with pytest.raises(InputError, match=r"Part 0 is a SparseTensor: tf\.sparse\.to_dense"):
        concatenate([tf.sparse.from_dense([[1, 0]])])


def test_a_list_of_tensors_among_the_parts_is_stacked() -> None:
    assert concatenate([[F32, F32], [F32]]).shape == (3, 2)


def test_the_gradient_passes_through() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(concatenate([x, 2 * x]) ** 2)
    assert tape.gradient(y, x).numpy().tolist() == [10, 20]


def test_inside_a_function_symbolic_tensors_are_joined() -> None:
    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec(None)])
    def joined(x: Any, y: Any) -> Any:
        return concatenate([x, y, np.ones((1, 3))]), stack((x for _ in range(2)), axis=-1)

    long, deep = joined(tf.zeros((2, 3)), tf.ones((1, 3)))
    assert long.numpy().tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1]]
    assert deep.shape == (2, 3, 2)


def test_inside_a_function_what_does_not_fit_is_found_while_tracing() -> None:
    @tf.function
    def joined(x: Any) -> Any:
        return concatenate([x, x[:, :2]])

    with pytest.raises(InputError, match=r"part 1: \(2, 2\), axis 1 is 2 instead of 3"):
        joined(tf.ones((2, 3)))


def test_one_tensor_of_unknown_length_is_refused() -> None:
    @tf.function(input_signature=[tf.TensorSpec((None, 3))])
    def joined(x: Any) -> Any:
        return concatenate(x)

    with pytest.raises(InputError, match=r"one TensorFlow tensor of shape \(None, 3\)"):
        joined(tf.ones((2, 3)))


def dataset() -> Any:
    return tf.data.Dataset.from_tensor_slices(np.arange(6.0)).batch(4)


def test_a_dataset_is_joined_and_its_numpy_iterator_gives_numpy() -> None:
    assert concatenate(dataset()).numpy().tolist() == [0, 1, 2, 3, 4, 5]
    assert isinstance(concatenate(dataset().as_numpy_iterator()), np.ndarray)


@pytest.mark.parametrize(
    "parts",
    [lambda x: x, lambda x: (each for each in x), lambda x: map(tf.abs, x)],
    ids=["dataset", "generator", "map"],
)
def test_a_dataset_inside_a_function_is_refused_where_python_would_never_end(parts: Any) -> None:
    data = dataset()

    @tf.function
    def joined() -> Any:
        return concatenate(parts(data))

    with pytest.raises(InputError, match="can't be walked through inside a"):
        joined()


def test_an_endless_dataset_is_refused() -> None:
    with pytest.raises(InputError, match=r"The dataset never ends .*dataset\.take\(n\)"):
        concatenate(dataset().repeat())


def test_pairs_of_a_dataset_are_refused_with_the_way_to_take_one() -> None:
    pairs = tf.data.Dataset.zip((dataset(), dataset()))
    with pytest.raises(InputError, match=r"a tuple of 2 .*concatenate\(\[x for x, y in parts\]\)"):
        concatenate(pairs)
    named = dataset().map(lambda x: {"image": x})
    with pytest.raises(InputError, match=r"dict \('image'\): take one, .*each\['image'\]"):
        concatenate(named)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (lambda: dataset().take(0), "The dataset has no elements (cardinality 0)"),
        (lambda: dataset().filter(lambda x: False), "The dataset gave nothing: its filter"),
        (
            lambda: tf.data.Dataset.range(3).batch(8, drop_remainder=True),
            "batch(8, drop_remainder=True) also drops a last batch of fewer than 8",
        ),
        (lambda: tf.zeros((0, 3)), "An array of shape (0, 3) has no items"),
    ],
    ids=["take", "filter", "remainder", "tensor"],
)
def test_an_empty_dataset_says_what_emptied_it(parts: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        concatenate(parts())
    assert said in str(error.value)


def test_an_iterator_of_a_dataset_that_is_used_up_is_told_from_an_empty_one() -> None:
    used = iter(dataset())
    list(used)
    with pytest.raises(InputError, match="An iterator of a dataset is used up"):
        concatenate(used)


@pytest.mark.parametrize(
    ("like", "shape"),
    [
        (tf.zeros((5, 3), tf.int32), (0, 3)),
        (tf.TensorSpec((None, 3), tf.int32), (0, 3)),
        (keras.Variable(np.zeros((5, 3)), dtype="int32"), (0, 3)),
    ],
    ids=["tensor", "spec", "variable"],
)
def test_like_gives_an_empty_tensor(like: Any, shape: tuple[int, ...]) -> None:
    made = concatenate([], like=like)
    assert isinstance(made, tf.Tensor)
    assert (made.shape, made.dtype) == (shape, tf.int32)


def test_like_a_keras_tensor_gives_an_empty_tensor_without_its_batch() -> None:
    made = concatenate([], like=keras.Input((3,)))
    assert made.shape == (0, 3)


def test_dtype_may_be_one_of_tensorflows() -> None:
    assert concatenate([F32], dtype=tf.float16).dtype == tf.float16
    assert stack([np.ones(2)], dtype=tf.bfloat16).dtype == tf.bfloat16.as_numpy_dtype
