"""The pieces for a loop of one's own: `checked_gradients`, `train_step`, what they notice."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import FEATURES, batches, classifier, linear, samples

import tfviz
from tfviz.train import tracing

X, Y = samples(16)


def test_gradients_that_exist_are_those_of_the_tape() -> None:
    model = linear()
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(model(X) ** 2)
    found = tfviz.checked_gradients(tape, loss, model.trainable_variables)
    expected = tape.gradient(loss, [each.value for each in model.trainable_variables])
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(found, expected, strict=True))


def test_a_variable_that_the_loss_does_not_know_is_named() -> None:
    model, other = linear(), linear()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X) ** 2)
    variables = model.trainable_variables + other.trainable_variables
    with pytest.raises(tfviz.GradientError, match="2 of 4 gradients are None") as caught:
        tfviz.checked_gradients(tape, loss, variables)
    assert f"'{other.trainable_variables[0].path}'" in str(caught.value)
    assert f"'{model.trainable_variables[0].path}'" not in str(caught.value)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (lambda y: tf.cast(tf.argmax(y, -1), tf.float32), "an argmax"),
        (tf.stop_gradient, "a stop_gradient"),
        (tf.round, "a rounding"),
        (lambda y: tf.cast(y > 0, tf.float32), "a comparison"),
        (lambda y: tf.numpy_function(np.sin, [y], tf.float32), "a Python function"),
    ],
)
def test_in_a_compiled_step_the_operation_in_between_is_named(blocks, said) -> None:
    model = linear()

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(blocks(model(x)))
        return tfviz.checked_gradients(tape, loss, model.trainable_variables)

    with pytest.raises(tfviz.GradientError, match=f"All gradients are None.*{said}"):
        step(X)


def test_a_statistic_and_a_loss_that_left_tensorflow_are_told_apart() -> None:
    model = classifier()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X, training=True) ** 2)
    with pytest.raises(tfviz.GradientError, match=r"moving_mean.*not trainable"):
        tfviz.checked_gradients(tape, loss, model.weights)
    with pytest.raises(tfviz.GradientError, match="variables= is empty"):
        tfviz.checked_gradients(tape, loss, [])
    with pytest.raises(tfviz.GradientError, match=r"float.*not a tensor"):
        tfviz.checked_gradients(tape, float(loss), model.weights)


def test_a_missing_gradient_can_be_warned_of_or_kept() -> None:
    model, other = linear(), linear()
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(model(X) ** 2)
    variables = model.trainable_variables + other.trainable_variables
    with pytest.warns(UserWarning, match="2 of 4"):
        tfviz.checked_gradients(tape, loss, variables, none="warn")
    found = tfviz.checked_gradients(tape, loss, variables, none="keep")
    assert [each is None for each in found] == [False, False, True, True]


def test_an_eager_step_is_noticed_at_the_third_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_eager_calls", 0)
    model = linear()

    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(X) ** 2)
        tfviz.checked_gradients(tape, loss, model.trainable_variables)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step()
        step()
    with pytest.warns(UserWarning, match="@tf.function"):
        step()


def test_a_model_compiled_to_run_eagerly_is_noticed() -> None:
    model = classifier()
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="run_eagerly=True"):
        tfviz.Trainer.from_compiled(model)


def test_functions_run_eagerly_is_noticed_and_trains_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "_eager_calls", 0)
    tf.config.run_functions_eagerly(True)
    try:
        step = tfviz.train_step(linear(), "mse", "sgd")
        with pytest.warns(UserWarning, match="run_functions_eagerly"):
            losses = [float(step((X, X[:, :2]))["loss"]) for _ in range(4)]
        trainer = tfviz.Trainer(linear(), "mse", "sgd")
        history = trainer.fit(X, X[:, :2], batch_size=16, epochs=4, progress="none")
    finally:
        tf.config.run_functions_eagerly(False)
    assert losses[3] < losses[0]
    np.testing.assert_allclose(history.steps["loss"], losses, rtol=1e-5)


def test_a_smaller_last_batch_does_not_compile_again() -> None:
    step = tfviz.train_step(classifier(), "sparse_categorical_crossentropy", "sgd")
    for batch in batches():
        step(batch)
    assert step.traces == 1


def test_the_argument_that_makes_it_compile_again_is_named() -> None:
    inputs = keras.Input((None, FEATURES))
    pooled = keras.layers.GlobalAveragePooling1D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
    step = tfviz.train_step(model, "mse", "sgd")
    for length in (4, 5):
        step((np.zeros((2, length, FEATURES), np.float32), np.zeros((2, 1), np.float32)))
    with pytest.warns(
        UserWarning, match=r"compiled 3 times.*batch\[0\] changed from float32 \(None, 5"
    ):
        step((np.zeros((2, 6, FEATURES), np.float32), np.zeros((2, 1), np.float32)))
    step((np.zeros((9, 5, FEATURES), np.float32), np.zeros((9, 1), np.float32)))
    assert step.traces == 3
    assert step.changes[0].startswith("batch[0] changed from float32 (None, 4, 12)")


def test_a_loop_of_ones_own_is_the_trainer() -> None:
    data = batches()
    model = classifier()
    step = tfviz.train_step(model, "sparse_categorical_crossentropy", "sgd", ["accuracy"])
    own = []
    for _ in range(2):
        for batch in data:
            step(batch)
        own.append(step.results())
        step.reset()
    trainer = tfviz.Trainer(classifier(), "sparse_categorical_crossentropy", "sgd", ["accuracy"])
    history = trainer.fit(data, epochs=2, progress="none")
    for name in ("loss", "accuracy"):
        assert [each[name] for each in own] == history.epochs[name]


def test_validating_in_a_loop_of_ones_own_changes_no_weight() -> None:
    model = classifier()
    step = tfviz.train_step(model, "sparse_categorical_crossentropy", "sgd", ["accuracy"])
    step((X, Y))
    step.reset()
    before = [each.numpy() for each in model.variables]
    step.measure((X, Y))
    assert all((a == b.numpy()).all() for a, b in zip(before, model.variables, strict=True))
    loss = keras.losses.sparse_categorical_crossentropy(Y, model(X, training=False))
    expected = float(tf.reduce_mean(loss) + tf.add_n(model.losses))
    assert step.results()["loss"] == pytest.approx(expected, abs=1e-6)


def test_asking_for_results_before_a_step_is_said() -> None:
    with pytest.raises(tfviz.TrainingError, match="No step was made yet"):
        tfviz.train_step(linear(), "mse", "sgd").results()
