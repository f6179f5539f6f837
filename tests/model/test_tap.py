from __future__ import annotations

import threading

import keras
import numpy as np
import pytest
from keras import layers, ops

from tfviz.errors import LayerError
from tfviz.model.tap import TRACING, listening, replacing


@pytest.fixture
def dense() -> keras.layers.Layer:
    layer = layers.Dense(2, kernel_initializer="ones", use_bias=False)
    layer.build((None, 3))
    return layer


ONES = np.ones((1, 3), "float32")


def test_a_call_is_heard_with_what_went_in_and_what_came_out(dense: keras.layers.Layer) -> None:
    with listening([dense]) as calls:
        dense(ONES)
    assert calls[0].operation is dense
    assert calls[0].inputs[0].numpy().tolist() == [[1, 1, 1]]
    assert calls[0].outputs[0].numpy().tolist() == [[3, 3]]


def test_call_is_put_back_and_nothing_is_heard_after_the_block(dense: keras.layers.Layer) -> None:
    with listening([dense]) as calls:
        pass
    dense(ONES)
    assert "call" not in dense.__dict__
    assert calls == []


def test_call_is_put_back_after_an_error_in_the_block(dense: keras.layers.Layer) -> None:
    with pytest.raises(KeyboardInterrupt), listening([dense]):
        raise KeyboardInterrupt
    assert "call" not in dense.__dict__


def test_call_is_put_back_after_an_error_inside_the_layer(dense: keras.layers.Layer) -> None:
    with pytest.raises(ValueError, match="incompatible"), listening([dense]) as calls:
        dense(np.ones((1, 5), "float32"))
    assert "call" not in dense.__dict__
    assert calls == []


def test_call_is_put_back_when_a_later_operation_has_none(dense: keras.layers.Layer) -> None:
    with pytest.raises(AttributeError), listening([dense, object()]):
        pass
    assert "call" not in dense.__dict__


def test_a_call_of_the_instances_own_is_heard_and_stays(dense: keras.layers.Layer) -> None:
    def own(x: object) -> object:
        return ops.multiply(x, 7.0)

    dense.call = own
    with listening([dense]) as calls:
        dense(ONES)
    assert calls[0].outputs[0].numpy().tolist() == [[7, 7, 7]]
    assert dense.__dict__["call"] is own


def test_listening_inside_listening_puts_each_wrapper_back(dense: keras.layers.Layer) -> None:
    with listening([dense]) as outer:
        with listening([dense]) as inner:
            dense(ONES)
        dense(ONES)
    assert (len(outer), len(inner)) == (2, 1)
    assert "call" not in dense.__dict__


def test_keras_does_not_track_the_wrapper(dense: keras.layers.Layer) -> None:
    before = set(dense.__dict__), [each.path for each in dense.variables]
    with listening([dense]):
        dense(ONES)
    assert (set(dense.__dict__), [each.path for each in dense.variables]) == before


def test_another_threads_call_is_answered_and_not_recorded(dense: keras.layers.Layer) -> None:
    answers = []
    with listening([dense]) as calls:
        thread = threading.Thread(target=lambda: answers.append(dense(2 * ONES).numpy().tolist()))
        thread.start()
        thread.join()
    assert answers == [[[6, 6]]]
    assert calls == []


def test_a_second_thread_listens_after_the_first_has_put_everything_back(
    dense: keras.layers.Layer,
) -> None:
    order = []

    def second() -> None:
        with listening([dense]) as calls:
            order.append("second in")
            dense(ONES)
        order.append(f"second heard {len(calls)}")

    with listening([dense]) as calls:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first out")
    thread.join()
    assert order == ["first out", "second in", "second heard 1"]
    assert calls == []
    assert "call" not in dense.__dict__
    assert TRACING.acquire(blocking=False)
    TRACING.release()


def test_a_shared_layer_is_heard_once_a_call_in_order() -> None:
    image, other = keras.Input((3,)), keras.Input((3,))
    shared = layers.Dense(2, kernel_initializer="ones", name="shared")
    model = keras.Model([image, other], layers.Subtract()([shared(image), shared(other)]))
    with listening([shared]) as calls:
        model([ONES, 10 * ONES])
    assert [each.outputs[0].numpy().tolist() for each in calls] == [[[3, 3]], [[30, 30]]]


def test_an_operation_that_is_no_layer_is_heard() -> None:
    image = keras.Input((3,))
    model = keras.Model(image, ops.relu(image - 2.0))
    relu = next(each for each in model.operations if type(each).__name__ == "Relu")
    with listening([relu]) as calls:
        model(np.array([[1.0, 2.0, 5.0]], "float32"))
    assert calls[0].outputs[0].numpy().tolist() == [[0, 0, 3]]
    assert "call" not in relu.__dict__


def test_a_quantised_layer_is_heard_and_put_back(dense: keras.layers.Layer) -> None:
    dense.quantize("int8")
    with listening([dense]) as calls:
        dense(ONES)
    np.testing.assert_allclose(calls[0].outputs[0], [[3, 3]], rtol=0.02)
    assert "quantized_call" not in dense.__dict__
    assert "call" not in dense.__dict__


def test_inner_calls_are_complete_before_the_outer_one() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="in")], name="inner")
    with listening([inner, inner.layers[0]]) as calls:
        inner(ONES)
    assert [each.operation.name for each in calls] == ["in", "inner"]


def test_a_replaced_call_returns_what_was_given_and_is_heard_so(dense: keras.layers.Layer) -> None:
    given = ops.convert_to_tensor([[7.0, 8.0]])
    with replacing(dense, {1: given}), listening([dense]) as calls:
        returned = [dense(ONES).numpy().tolist() for _ in range(3)]
    assert returned == [[[3, 3]], [[7, 8]], [[3, 3]]]
    assert calls[1].outputs[0].numpy().tolist() == [[7, 8]]
    assert "call" not in dense.__dict__
    assert dense(ONES).numpy().tolist() == [[3, 3]]


def test_a_replaced_tensor_takes_the_type_and_the_place_of_the_first_of_floating_type() -> None:
    class Several(layers.Layer):
        def call(self, x: object) -> dict[str, object]:
            return {"index": ops.argmax(x, axis=1), "half": ops.cast(x, "float16"), "x": x}

    layer = Several()
    given = ops.convert_to_tensor(np.full((1, 3), 5.0, "float32"))
    with replacing(layer, {0: given}):
        returned = layer(ONES)
    assert returned["half"].dtype == "float16"
    assert returned["half"].numpy().tolist() == [[5, 5, 5]]
    assert returned["x"].numpy().tolist() == [[1, 1, 1]]


def test_a_call_that_never_comes_can_not_be_replaced(dense: keras.layers.Layer) -> None:
    given = ops.convert_to_tensor([[7.0, 8.0]])
    with (
        pytest.raises(LayerError, match="called 1 times where it was called 2 times before"),
        replacing(dense, {1: given}),
    ):
        dense(ONES)
    assert "call" not in dense.__dict__


def test_a_replaced_call_is_put_back_after_an_error(dense: keras.layers.Layer) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(dense, {}):
        raise KeyboardInterrupt
    assert "call" not in dense.__dict__


def test_calls_of_another_thread_are_not_replaced(dense: keras.layers.Layer) -> None:
    found: list[list[list[float]]] = []
    with replacing(dense, {0: ops.convert_to_tensor([[7.0, 8.0]])}):
        other = threading.Thread(target=lambda: found.append(dense(ONES).numpy().tolist()))
        other.start()
        other.join()
        dense(ONES)
    assert found == [[[3, 3]]]
