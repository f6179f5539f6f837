"""Lookahead: the algorithm, around every kind of optimizer, saved and restored."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from lookahead_sgd import lookahead_sgd
from small_training import classifier, samples, weights_of

import tfviz
from tfviz.errors import InputError
from tfviz.train.lookahead import Lookahead

CURVATURE = np.array([1.0, 10.0, 0.3])
START = np.array([2.0, -1.0, 4.0])


def descended(optimizer, steps, *, compiled=True):
    """The weights after each step on ½ Σ cᵢ wᵢ²."""
    variable = keras.Variable(START.astype(np.float32))
    optimizer.build([variable])

    def step():
        optimizer.apply([CURVATURE.astype(np.float32) * variable.value], [variable])

    call = tf.function(step) if compiled else step
    found = []
    for _ in range(steps):
        call()
        found.append(variable.numpy())
    return np.array(found)


@pytest.mark.parametrize("period", [1, 2, 5, 6])
@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.8])
def test_it_is_algorithm_1(period, alpha):
    sgd = keras.optimizers.SGD(0.05, momentum=0.9)
    found = descended(Lookahead(sgd, period, alpha), 20)
    expected = lookahead_sgd(
        START,
        lambda w: CURVATURE * w,
        steps=20,
        rate=0.05,
        momentum=0.9,
        period=period,
        alpha=alpha,
    )
    assert np.abs(found - expected).max() < 2e-6


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Nadam", "Lion"])
def test_alpha_1_is_the_plain_optimizer_to_the_last_bit(kind):
    make = getattr(keras.optimizers, kind)
    plain, around = descended(make(0.03), 13), descended(Lookahead(make(0.03), 4, 1.0), 13)
    assert np.array_equal(plain, around)


def test_compiled_and_eager_steps_are_the_same():
    one = descended(Lookahead(keras.optimizers.SGD(0.05), 3), 8)
    two = descended(Lookahead(keras.optimizers.SGD(0.05), 3), 8, compiled=False)
    assert np.allclose(one, two, rtol=1e-6)


def test_a_step_in_a_branch_that_is_not_taken_changes_nothing():
    variable = keras.Variable(np.ones(3, np.float32))
    optimizer = Lookahead(keras.optimizers.Adam(0.1), 2)
    optimizer.build([variable])

    @tf.function
    def step(taken):
        def apply():
            optimizer.apply([tf.ones(3)], [variable])
            return tf.constant(True)

        return tf.cond(taken, apply, lambda: tf.constant(False))

    before = [each.numpy() for each in [variable, *optimizer.variables]]
    step(tf.constant(False))
    after = [each.numpy() for each in [variable, *optimizer.variables]]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    step(tf.constant(True))
    assert int(optimizer.iterations) == 1
    assert variable.numpy()[0] == pytest.approx(0.9, abs=1e-5)


def test_accumulated_gradients_count_as_the_steps_that_were_made():
    """Two gradients a step: the slow weights move after 2 x period of them."""
    inner = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    variable = keras.Variable(np.zeros(1, np.float32))
    optimizer = Lookahead(inner, period=3, alpha=0.5)
    optimizer.build([variable])
    found = []
    for _ in range(8):
        optimizer.apply([tf.constant([-1.0])], [variable])
        found.append(float(variable.numpy()[0]))
    assert found == pytest.approx([0, 0.1, 0.1, 0.2, 0.2, 0.15, 0.15, 0.25], abs=1e-6)


def test_weights_that_were_set_between_periods_are_where_it_starts():
    variable = keras.Variable(np.zeros(1, np.float32))
    optimizer = Lookahead(keras.optimizers.SGD(1.0), period=2, alpha=0.5)
    optimizer.build([variable])
    variable.assign([10.0])
    for _ in range(2):
        optimizer.apply([tf.constant([1.0])], [variable])
    assert variable.numpy()[0] == 9.0


def test_a_constraint_holds_after_the_step_back():
    variable = keras.Variable(np.array([[1.0], [0.0]], np.float32))
    variable.constraint = keras.constraints.UnitNorm(axis=0)
    optimizer = Lookahead(keras.optimizers.SGD(5.0), period=1, alpha=0.5)
    optimizer.build([variable])
    optimizer.apply([tf.constant([[0.0], [1.0]])], [variable])
    assert np.linalg.norm(variable.numpy()) == pytest.approx(1, abs=1e-5)


def test_the_average_inside_is_that_of_the_fast_weights():
    inner = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    variable = keras.Variable(np.zeros(1, np.float32))
    optimizer = Lookahead(inner, period=2, alpha=0.5)
    optimizer.build([variable])
    for _ in range(3):
        optimizer.apply([tf.constant([-1.0])], [variable])
    # Fast weights 1, 2 (then back to 1), 2; their average 1, 1.5, 1.75.
    assert variable.numpy()[0] == 2.0
    average = next(v for v in optimizer.variables if "average" in v.path)
    assert average.numpy()[0] == 1.75
    optimizer.finalize_variable_values([variable])
    assert variable.numpy()[0] == 1.75


def test_the_average_of_the_trainer_is_that_after_the_step_back():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.layers[0].kernel.assign([[0.0]])
    trainer = tfviz.Trainer(
        model,
        step=lambda batch: {"loss": -tf.reduce_sum(model(batch))},
        optimizer=Lookahead(keras.optimizers.SGD(1.0), period=2, alpha=0.5),
        average=0.5,
    )
    trainer.fit(np.ones((3, 1), np.float32), batch_size=1, progress="none")
    assert model.layers[0].kernel.numpy().item() == 2.0
    # 1, then back from 2 to 1, then 2.
    assert trainer.average.averages[0].numpy().item() == 1.5


def test_the_learning_rate_is_that_inside():
    optimizer = Lookahead(keras.optimizers.SGD(0.5))
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate) == 0.25
    assert float(optimizer.learning_rate) == 0.25


def test_inside_a_loss_scale_optimizer_a_skipped_step_does_not_count():
    variable = keras.Variable(np.zeros(1, np.float32))
    inner = Lookahead(keras.optimizers.SGD(1.0), period=2, alpha=0.5)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=4.0)
    optimizer.build([variable])
    apply = tf.function(lambda gradient: optimizer.apply([gradient], [variable]))
    apply(tf.constant([-4.0]))
    apply(tf.constant([np.inf]))
    assert (variable.numpy()[0], int(inner.iterations)) == (1.0, 1)
    apply(tf.constant([-2.0]))  # the scale is halved by now
    assert variable.numpy()[0] == 1.0
    assert int(inner.iterations) == 2


def test_mixed_float16_trains_with_it():
    model = classifier()
    trainer = tfviz.Trainer(
        model,
        "sparse_categorical_crossentropy",
        Lookahead(keras.optimizers.Adam(1e-2), 3),
        precision="mixed_float16",
    )
    history = trainer.fit(*samples(), epochs=4, seed=1, progress="none")
    assert isinstance(trainer.optimizer, keras.optimizers.LossScaleOptimizer)
    assert history.epochs["loss"][-1] < history.epochs["loss"][0]


def trained(model, steps, start=0):
    x, y = samples(16 * 40)
    for i in range(start, start + steps):
        rows = slice(16 * i, 16 * (i + 1))
        model.train_on_batch(x[rows], y[rows])


def compiled(optimizer):
    model = classifier(dropout=0.0)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def test_a_saved_model_goes_on_bit_for_bit_in_the_middle_of_a_period(tmp_path):
    make = lambda: Lookahead(keras.optimizers.Adam(0.01), 5, 0.4)  # noqa: E731
    whole = compiled(make())
    trained(whole, 13)
    model = compiled(make())
    trained(model, 7)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, Lookahead)
    assert (loaded.optimizer.period, loaded.optimizer.alpha) == (5, 0.4)
    trained(loaded, 6, start=7)
    pairs = zip(weights_of(whole), weights_of(loaded), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_a_tensorflow_checkpoint_goes_on_bit_for_bit(tmp_path):
    whole = compiled(Lookahead("adam", 5))
    trained(whole, 13)
    model = compiled(Lookahead("adam", 5))
    trained(model, 7)
    place = tf.train.Checkpoint(model=model, opt=model.optimizer).save(str(tmp_path / "c"))
    other = compiled(Lookahead("adam", 5))
    trained(other, 2, start=20)
    status = tf.train.Checkpoint(model=other, opt=other.optimizer).restore(place)
    status.assert_existing_objects_matched()
    trained(other, 6, start=7)
    pairs = zip(weights_of(whole), weights_of(other), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_a_trainer_checkpoint_goes_on_bit_for_bit(tmp_path):
    def run(epochs, folder):
        model = classifier()
        optimizer = Lookahead(keras.optimizers.Adam(0.01), 5)
        trainer = tfviz.Trainer(model, "sparse_categorical_crossentropy", optimizer)
        trainer.fit(*samples(), epochs=epochs, seed=1, checkpoint_dir=folder, progress="none")
        return weights_of(model)

    whole = run(3, tmp_path / "a")
    run(1, tmp_path / "b")
    resumed = run(3, tmp_path / "b")
    assert all(np.array_equal(a, b) for a, b in zip(whole, resumed, strict=True))


def test_its_config_makes_an_equal_one():
    one = Lookahead(keras.optimizers.AdamW(0.02, weight_decay=0.1), 7, 0.3, name="ahead")
    config = one.get_config()
    two = Lookahead.from_config(config)
    assert two.get_config() == config == one.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("adam", 0), "period=0"),
        (("adam", 2.5), "period=2.5"),
        (("adam", 6, 0.0), "alpha=0.0"),
        (("adam", 6, 1.5), "alpha=1.5"),
        ((None,), "optimizer= must be"),
    ],
)
def test_arguments_that_can_not_be_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Lookahead(*arguments)


def test_a_loss_scale_inside_is_refused_with_the_right_order():
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    with pytest.raises(InputError, match=r"LossScaleOptimizer\(Lookahead\(optimizer\)\)"):
        Lookahead(scaled)
