"""Clipping, accumulation, averaging, precision, several optimizers, against NumPy."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import training as oracle
from small_training import CLASSES, FEATURES, batches, classifier, linear, samples, weights_of

import tfviz


def _linear_data(count: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    x = random.normal(size=(count, FEATURES)).astype(np.float32)
    y = (10 * random.normal(size=(count, 2))).astype(np.float32)
    return x, y, random.uniform(0, 2, count).astype(np.float32)


def test_one_step_with_clipping_is_that_of_numpy() -> None:
    model = linear()
    x, y, weight = _linear_data()
    kernel, bias = (each.astype(np.float64) for each in model.get_weights())
    step = tfviz.train_step(model, "mse", keras.optimizers.SGD(0.5), clip_norm=1.5)
    logs = step((x, y, weight))
    loss, gradients = oracle.linear_gradients(x, y, kernel, bias, weight)
    assert float(logs["loss"]) == pytest.approx(loss, rel=1e-5)
    assert float(logs["grad_norm"]) == pytest.approx(oracle.norm_of(gradients), rel=1e-5)
    expected = [
        w - 0.5 * g for w, g in zip((kernel, bias), oracle.clipped(gradients, 1.5), strict=True)
    ]
    for a, b in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_norm_below_the_limit_clips_nothing() -> None:
    found = []
    for limit in (None, 1e6):
        model = linear()
        tfviz.train_step(model, "mse", "sgd", clip_norm=limit)(_linear_data())
        found.append(model.get_weights())
    assert all((a == b).all() for a, b in zip(*found, strict=True))


def test_the_norm_of_a_sparse_gradient_counts_a_row_looked_up_twice_once() -> None:
    from tfviz.train.norms import global_norm, summed

    table = tf.Variable(np.ones((4, 3), np.float32))
    with tf.GradientTape() as tape:
        rows = tf.gather(table, [1, 1, 2])
        loss = tf.reduce_sum(rows * [[1.0], [2.0], [3.0]])
    gradient = tape.gradient(loss, table)
    dense = tf.convert_to_tensor(gradient).numpy()
    assert float(global_norm([summed(gradient)])) == pytest.approx(oracle.norm_of([dense]))


LOSSES = {
    "mean": keras.losses.SparseCategoricalCrossentropy,
    "sum": lambda: keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
    "weighted mean": lambda: keras.losses.SparseCategoricalCrossentropy(
        reduction="mean_with_sample_weight"
    ),
}


@functools.cache
def _three_steps(kind: str, size: int | None) -> tuple[Any, Any, Any]:
    x, y = samples(30)
    weight = np.random.default_rng(2).uniform(0, 3, 30).astype(np.float32)
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(9, activation="tanh", kernel_regularizer="l2"),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    step = tfviz.train_step(
        model, LOSSES[kind](), keras.optimizers.SGD(0.01), ["accuracy"], micro_batch_size=size
    )
    logs = [step((x, y, weight)) for _ in range(3)]
    numbers = [(float(each["loss"]), float(each["grad_norm"])) for each in logs]
    return numbers, model.get_weights(), step.results()


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("size", [8, 7, 64])
def test_micro_batches_give_the_step_of_the_whole_batch(kind: str, size: int) -> None:
    whole, parts = _three_steps(kind, None), _three_steps(kind, size)
    np.testing.assert_allclose(whole[0], parts[0], rtol=2e-6)
    # The mean loss that is shown too: of a sum, and of one divided by the sum of weights.
    assert whole[2] == pytest.approx(parts[2], rel=2e-6)
    for a, b in zip(whole[1], parts[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_micro_batches_of_masked_sequences_give_the_step_of_the_whole_batch() -> None:
    random = np.random.default_rng(0)
    words = random.integers(1, 20, (13, 6))
    for row, length in enumerate(random.integers(1, 7, 13)):
        words[row, length:] = 0
    labels = random.integers(0, 4, (13, 6))
    found = []
    for size in (None, 5):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((6,), dtype="int32")
        body = keras.layers.Embedding(20, 4, mask_zero=True)(inputs)
        model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(body))
        step = tfviz.train_step(
            model,
            "sparse_categorical_crossentropy",
            keras.optimizers.SGD(0.5),
            micro_batch_size=size,
        )
        step((words, labels))
        logs = step((words, labels))
        found.append((float(logs["loss"]), float(logs["grad_norm"]), model.get_weights()))
    assert found[0][:2] == pytest.approx(found[1][:2], rel=1e-6)
    for a, b in zip(found[0][2], found[1][2], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_losses_that_do_not_add_up_are_refused_for_micro_batches() -> None:
    inputs = keras.Input((FEATURES,))
    model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])
    losses = [keras.losses.MeanSquaredError(), keras.losses.MeanSquaredError(reduction="sum")]
    step = tfviz.train_step(model, losses, "sgd", micro_batch_size=4)
    x = samples(10)[0]
    with pytest.raises(tfviz.InputError, match="reduced in different ways"):
        step((x, (x[:, :1], x[:, :1])))


def test_the_average_moves_once_an_optimizer_step_also_with_micro_batches() -> None:
    model = linear()
    step = tfviz.train_step(model, "mse", "sgd", average=0.9, micro_batch_size=8)
    kernels = []
    for _ in range(6):
        step(_linear_data())
        kernels.append(model.get_weights()[0])
    np.testing.assert_allclose(
        step.average.averages[0].numpy(), oracle.averages(kernels, 0.9), atol=1e-6
    )
    last = model.get_weights()[0]
    with step.average.swapped():
        np.testing.assert_allclose(model.get_weights()[0], oracle.averages(kernels, 0.9), atol=1e-6)
    assert (model.get_weights()[0] == last).all()


def test_the_average_is_that_of_keras_where_nothing_is_accumulated() -> None:
    model = linear()
    optimizer = keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.8)
    step = tfviz.train_step(model, "mse", optimizer, average=0.8)
    for _ in range(5):
        step(_linear_data())
    theirs = [each for each in optimizer.variables if each.path.endswith("average")]
    for a, b in zip(step.average.averages, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


# ---- precision


def test_float16_multiplies_the_loss_and_gives_the_gradients_of_float32() -> None:
    norms = {}
    for precision in (None, "mixed_float16"):
        model = classifier(dropout=0)
        step = tfviz.train_step(
            model, "sparse_categorical_crossentropy", "adam", precision=precision
        )
        norms[precision] = float(step(samples(64))["grad_norm"])
    assert norms["mixed_float16"] == pytest.approx(norms[None], rel=5e-3)
    assert norms["mixed_float16"] != norms[None]
    assert isinstance(step.optimizer, keras.optimizers.LossScaleOptimizer)
    assert float(step.optimizer.dynamic_scale) == 2.0**15


def test_a_scale_that_is_too_high_is_halved_and_the_step_is_not_reported() -> None:
    model = classifier(dropout=0)
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=2.0**40
    )
    step = tfviz.train_step(
        model,
        "sparse_categorical_crossentropy",
        optimizer,
        precision="mixed_float16",
        average=0.9,
        clip_norm=1.0,
    )
    before = model.get_weights()[0]
    step(samples(64))
    assert step.look() is None
    assert float(optimizer.dynamic_scale) == 2.0**39
    assert (model.get_weights()[0] == before).all()
    assert int(step.average.steps) == 0


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_the_model_computes_in_16_bits_while_training_and_is_float32_afterwards(
    precision: str,
) -> None:
    seen = []

    class Peek(keras.layers.Layer):
        def call(self, inputs):
            seen.append(inputs.dtype)
            return inputs

    inputs = keras.Input((FEATURES,))
    body = Peek()(keras.layers.Dense(8, activation="relu")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax")(body))
    seen.clear()
    trainer = tfviz.Trainer(model, "sparse_categorical_crossentropy", "sgd", precision=precision)
    history = trainer.fit(batches(), epochs=2, progress="none")
    assert seen[-1] == precision.removeprefix("mixed_")
    assert np.isfinite(history.steps["loss"]).all()
    assert {each.dtype_policy.name for each in model.layers} == {"float32"}
    assert model(samples(2)[0]).dtype == "float32"


def test_an_unknown_precision_is_refused_with_the_nearest() -> None:
    with pytest.raises(tfviz.InputError, match="mixed_float16"):
        tfviz.Trainer(linear(), "mse", "sgd", precision="float16")


# ---- a step of one's own, and several optimizers


def test_a_step_of_ones_own_is_trained_with_the_losses_of_the_model() -> None:
    def own(model: Any) -> Any:
        loss_of = keras.losses.SparseCategoricalCrossentropy()

        def step(batch: Any) -> dict[str, Any]:
            x, y = batch
            predicted = model(x, training=True)
            right = tf.equal(tf.argmax(predicted, -1), tf.cast(y, tf.int64))
            return {
                "loss": loss_of(y, predicted),
                "right": tf.reduce_mean(tf.cast(right, "float32")),
            }

        return step

    found = []
    for custom in (False, True):
        model = classifier()
        given = {"step": own(model)} if custom else {"loss": "sparse_categorical_crossentropy"}
        trainer = tfviz.Trainer(model, optimizer="sgd", **given)
        found.append(trainer.fit(batches(), epochs=2, progress="none"))
    assert (found[0].steps["loss"] == found[1].steps["loss"]).all()
    assert found[1].epochs["right"][0] == pytest.approx(
        np.average(found[1].steps["right"][:13], weights=[16] * 12 + [8]), abs=1e-6
    )


class Pair(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.forge = keras.Sequential([keras.Input((3,)), keras.layers.Dense(FEATURES)])
        self.judge = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])

    def call(self, noise):
        return self.forge(noise)


def _pair() -> tuple[Pair, Any, Any]:
    keras.utils.set_random_seed(9)
    pair = Pair()
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True)

    def judge_step(batch: Any) -> dict[str, Any]:
        real, noise = batch
        true, false = pair.judge(real), pair.judge(pair.forge(noise))
        return {"loss": loss_of(tf.ones_like(true), true) + loss_of(tf.zeros_like(false), false)}

    def forge_step(batch: Any) -> dict[str, Any]:
        judged = pair.judge(pair.forge(batch[1]))
        return {"loss": loss_of(tf.ones_like(judged), judged), "judged": tf.reduce_mean(judged)}

    return pair, judge_step, forge_step


def test_two_optimizers_make_the_steps_of_two_tapes() -> None:
    x = samples(32)[0]
    noise = np.random.default_rng(3).normal(size=(32, 3)).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, noise)).batch(8)

    pair, judge_step, forge_step = _pair()
    trainer = tfviz.Trainer(
        pair,
        updates=[
            tfviz.Update(judge_step, keras.optimizers.Adam(0.02), pair.judge),
            tfviz.Update(forge_step, keras.optimizers.SGD(0.1), pair.forge),
        ],
    )
    history = trainer.fit(data, epochs=2, progress="none")
    ours = weights_of(pair)

    pair, judge_step, forge_step = _pair()
    judge_with, forge_with = keras.optimizers.Adam(0.02), keras.optimizers.SGD(0.1)
    losses = []
    for batch in data.repeat(2):
        for step, optimizer, part in (
            (judge_step, judge_with, pair.judge),
            (forge_step, forge_with, pair.forge),
        ):
            with tf.GradientTape() as tape:
                loss = step(batch)["loss"]
            by = part.trainable_variables
            optimizer.apply(tape.gradient(loss, by), by)
            losses.append(float(loss))
    np.testing.assert_allclose(history.steps["judge_loss"], losses[::2], atol=1e-6)
    np.testing.assert_allclose(history.steps["forge_loss"], losses[1::2], atol=1e-6)
    for a, b in zip(ours, weights_of(pair), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert set(history.epochs) == {"loss", "judge_loss", "forge_loss", "forge_judged"}


def test_one_optimizer_for_two_updates_is_refused() -> None:
    pair, judge_step, forge_step = _pair()
    shared = keras.optimizers.SGD()
    with pytest.raises(tfviz.InputError, match="share an optimizer"):
        tfviz.Trainer(
            pair,
            updates=[
                tfviz.Update(judge_step, shared, pair.judge),
                tfviz.Update(forge_step, shared, pair.forge),
            ],
        )


def test_a_step_that_returns_a_tensor_is_told_what_to_return() -> None:
    model = linear()
    trainer = tfviz.Trainer(model, step=lambda batch: model(batch[0]), optimizer="sgd")
    with pytest.raises(tfviz.InputError, match="'loss': loss"):
        trainer.fit(batches(), progress="none")


def test_a_step_that_takes_training_serves_for_validation_and_one_that_does_not_is_told() -> None:
    model = classifier()
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    def step(batch: Any, training: bool) -> dict[str, Any]:
        return {"loss": loss_of(batch[1], model(batch[0], training=training))}

    trainer = tfviz.Trainer(model, step=step, optimizer="sgd")
    history = trainer.fit(batches(), validation_data=batches(20), progress="none")
    same = tfviz.Trainer(classifier(), "sparse_categorical_crossentropy", "sgd")
    expected = same.fit(batches(), validation_data=batches(20), progress="none")
    assert history.epochs == expected.epochs
    alone = tfviz.Trainer(model, step=lambda batch: step(batch, True), optimizer="sgd")
    with pytest.raises(tfviz.InputError, match=r"\(batch, training\)"):
        alone.fit(batches(), validation_data=batches(20), progress="none")


def test_class_weights_beside_a_step_of_ones_own_are_refused() -> None:
    model = linear()
    trainer = tfviz.Trainer(
        model, step=lambda batch: {"loss": tf.reduce_mean(model(batch[0]))}, optimizer="sgd"
    )
    with pytest.raises(tfviz.InputError, match="weigh the samples there"):
        trainer.fit(batches(), class_weight={0: 2.0}, progress="none")
