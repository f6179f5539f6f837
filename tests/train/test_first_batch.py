"""Data that can't be right: a sentence, before the first step where that is possible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import CLASSES, FEATURES, batches, classifier, linear, samples

import tfviz

SPARSE = "sparse_categorical_crossentropy"


def _fit(loss: Any, x: Any, y: Any = None, model: Any = None, **given: Any) -> tfviz.History:
    trainer = tfviz.Trainer(model or classifier(), loss, "sgd")
    return trainer.fit(x, y, progress="none", shuffle=False, **given)


X, Y = samples(40)
ONE_HOT = keras.utils.to_categorical(Y, CLASSES)


@pytest.mark.parametrize(
    ("loss", "y", "said"),
    [
        (SPARSE, Y + 1, "hold 5, and the model's output has 5 units.*subtracting 1"),
        (SPARSE, Y + 7, "last layer 12 units"),
        (SPARSE, Y - 1, "ignore_class=-1"),
        (SPARSE, ONE_HOT, "look one-hot: use loss='categorical_crossentropy'"),
        ("categorical_crossentropy", Y, "look like indices: use loss='sparse_categorical"),
        ("categorical_crossentropy", ONE_HOT[:, :3], "takes a row of 5 values"),
        ("mse", np.zeros((40, 3), np.float32), "compares them value by value"),
        ("mse", np.zeros(40, np.float32), "Give the last layer 1 unit,"),
        (SPARSE, None, "batches of \\(x, y\\)"),
    ],
)
def test_labels_that_do_not_fit_the_loss_are_named(loss: str, y: Any, said: str) -> None:
    model = classifier()
    before = model.get_weights()
    with pytest.raises(tfviz.InputError, match=said):
        _fit(loss, X, y, model)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("loss", [SPARSE, "categorical_crossentropy"])
def test_logits_given_to_a_loss_of_probabilities_are_named(loss: str) -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
    y = Y if loss == SPARSE else ONE_HOT
    with pytest.raises(tfviz.InputError, match=r"these are logits.*from_logits=True"):
        _fit(loss, X, y, model)


def test_logits_given_to_binary_crossentropy_are_named() -> None:
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    with pytest.raises(tfviz.InputError, match="activation='sigmoid'"):
        _fit("binary_crossentropy", X, (Y > 2).astype(np.float32), model)


def test_probabilities_given_to_a_loss_of_logits_are_warned_of() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.warns(UserWarning, match="softmax is taken twice"):
        _fit(loss, X, Y)


def test_softmax_as_a_layer_of_its_own_and_right_logits_pass() -> None:
    inputs = keras.Input((FEATURES,))
    logits = keras.layers.Dense(CLASSES)(inputs)
    _fit(SPARSE, X, Y, keras.Model(inputs, keras.layers.Softmax()(logits)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _fit(loss, X, Y, keras.Model(inputs, logits))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named_with_their_sample(value: float) -> None:
    x = X.copy()
    x[[7, 9], 2] = value
    with pytest.raises(tfviz.InputError, match=r"x of the first batch .* 2 of 384 .* number 7"):
        _fit(SPARSE, x, Y)


def test_labels_that_are_not_finite_are_named() -> None:
    with pytest.raises(tfviz.InputError, match="y of the first batch holds NaN"):
        _fit("mse", X, np.full((40, 2), np.nan, np.float32), linear())


def test_a_label_out_of_range_in_a_later_batch_is_named_with_its_place() -> None:
    y = Y.copy()
    y[36] = 9
    with pytest.raises(tfviz.InputError, match=r"label value of 9 .*in epoch 1|in epoch 1.* 9 "):
        _fit(SPARSE, X, y, batch_size=8)


@pytest.mark.parametrize(
    "empty",
    [
        lambda: (X[:0], Y[:0]),
        lambda: (batches().take(0), None),
        lambda: (batches().filter(lambda x, y: False), None),
        lambda: (iter([]), None),
    ],
)
def test_empty_data_are_named(empty: Any) -> None:
    with pytest.raises(tfviz.InputError, match="data= is empty"):
        _fit(SPARSE, *empty())


def test_samples_in_place_of_batches_are_named() -> None:
    data = tf.data.Dataset.from_tensor_slices((X, Y))
    with pytest.raises(tfviz.InputError, match=r"samples, not batches.*batch\(32\)"):
        _fit(SPARSE, data)


def test_data_that_never_end_need_steps() -> None:
    with pytest.raises(tfviz.InputError, match="steps_per_epoch="):
        _fit(SPARSE, batches().repeat())


def test_parts_of_different_length_are_named() -> None:
    with pytest.raises(tfviz.InputError, match="40, 39 samples"):
        _fit(SPARSE, X, Y[:39])


def _generated(count: int, *, turns: int = 10**9) -> Iterator[Any]:
    for i in range(count):
        width = FEATURES if i < turns else FEATURES + 1
        yield np.ones((4, width), np.float32), np.zeros(4, np.int64)


def test_a_generator_that_ends_early_is_said_and_nothing_is_lost() -> None:
    with pytest.warns(UserWarning, match="ended at step 1 of 3 in epoch 3"):
        history = _fit(SPARSE, _generated(7), epochs=5, steps_per_epoch=3)
    assert len(history.steps["loss"]) == 7
    assert len(history.epochs["loss"]) == 3
    assert "fewer batches" in history.stopped


def test_a_generator_that_runs_once_can_not_serve_two_epochs() -> None:
    with pytest.warns(UserWarning, match="runs only once.*without brackets"):
        history = _fit(SPARSE, _generated(4), epochs=2)
    assert len(history.epochs["loss"]) == 1


def test_a_function_that_makes_the_generator_serves_every_epoch() -> None:
    history = _fit(SPARSE, lambda: _generated(4), epochs=3)
    assert len(history.steps["loss"]) == 12


def test_a_batch_of_another_shape_is_named() -> None:
    with pytest.raises(tfviz.InputError, match="another kind in epoch 1"):
        _fit(SPARSE, lambda: _generated(6, turns=4))


def test_a_class_weight_with_a_name_for_a_key_is_refused() -> None:
    with pytest.raises(tfviz.InputError, match="key 'cat'"):
        _fit(SPARSE, X, Y, class_weight={"cat": 2.0})


def test_a_loss_of_one_number_a_sample_is_refused() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="none")
    with pytest.raises(tfviz.InputError, match="one number a batch"):
        _fit(loss, X, Y)


def test_a_model_without_trainable_variables_is_refused() -> None:
    model = classifier()
    model.trainable = False
    with pytest.raises(tfviz.InputError, match=r"layer\.trainable = True"):
        _fit(SPARSE, X, Y, model)


def test_layers_thawed_between_two_fits_need_a_new_trainer() -> None:
    model = classifier()
    model.layers[0].trainable = False
    trainer = tfviz.Trainer(model, SPARSE, "sgd")
    trainer.fit(X, Y, progress="none")
    model.layers[0].trainable = True
    with pytest.raises(tfviz.TrainingError, match="new Trainer"):
        trainer.fit(X, Y, progress="none")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"validation_data": (X, Y + 1)}, r"^validation_data=: The labels hold 5"),
        (
            {"validation_data": iter([(X, Y)]), "epochs": 2},
            "validation_data=make, without brackets",
        ),
        ({"validation_data": batches().repeat()}, r"repeats for ever.*\.take\(100\)"),
        ({"checkpoint_every": "step"}, "must be 'epoch', or a number of steps"),
        ({"checkpoint_every": 0}, "must be 'epoch', or a number of steps"),
        ({"seed": "a"}, "seed='a' must be a whole number"),
    ],
)
def test_arguments_of_fit_are_refused_before_the_first_step(given: Any, said: str) -> None:
    model = classifier()
    before = model.get_weights()
    with pytest.raises(tfviz.InputError, match=said):
        _fit(SPARSE, X, Y, model, **given)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_label_out_of_range_in_a_validation_dataset_names_it() -> None:
    wrong = tf.data.Dataset.from_tensor_slices((X, Y + 1)).batch(8)
    with pytest.raises(tfviz.InputError, match=r"in batch 1 of validation_data=.*value of 5"):
        _fit(SPARSE, X, Y, validation_data=wrong)


@pytest.mark.parametrize("x", [X[:, :5], np.zeros((40, FEATURES, 3), np.float32)])
def test_inputs_of_another_shape_than_the_model_takes_are_named(x: Any) -> None:
    with pytest.raises(tfviz.InputError, match=r"takes \('batch', 12\)"):
        _fit(SPARSE, x, Y)


def test_a_column_is_taken_as_keras_takes_it() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    assert _fit("mse", np.arange(20.0), np.arange(20.0), model).epochs["loss"]


def test_a_loss_that_does_not_exist_is_refused_with_names_near_it() -> None:
    with pytest.raises(tfviz.InputError, match="'sparse_categorical_crossentropy'"):
        tfviz.Trainer(classifier(), "sparse_crossentropy", "sgd")


def test_batches_of_one_fixed_size_are_compiled_for_once() -> None:
    whole = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16, drop_remainder=True)
    assert _fit(SPARSE, whole, epochs=2).traces == 1
