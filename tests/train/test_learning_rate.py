"""The range test: its suggestions by their definitions, and everything put back bit for bit."""

from __future__ import annotations

import os
import random

import keras
import numpy as np
import pytest
import range_test as oracle
import tensorflow as tf
from small_training import FEATURES, batches, classifier, samples, weights_of

import tfviz
from tfviz.errors import InputError
from tfviz.train.learning_rate import find_learning_rate
from tfviz.train.rates import smoothed, suggested

LOSS = "sparse_categorical_crossentropy"


def learnable(count=320):
    """Labels that follow from the inputs."""
    x, _ = samples(count)
    return x, (x[:, 0] > 0).astype(np.int64) + 2 * (x[:, 1] > 0)


def curve_of(rates, noise=0.0, seed=0):
    """Flat, down, and up again over the logarithm of the rate."""
    at = np.log10(rates)
    smooth = 2.0 - 1.2 / (1 + np.exp(-3 * (at + 3))) + np.exp(4 * (at - 0.3))
    return smooth + noise * np.random.default_rng(seed).normal(size=len(rates))


# ---- the suggestions


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_the_suggestions_are_those_of_their_definitions(noise, seed):
    rates = np.geomspace(1e-7, 1, 100)
    losses = curve_of(rates, noise, seed)
    found = suggested(rates, losses, 0.9, diverged=True)
    x = list(rates[10:-5])
    curve = oracle.averaged(list(losses), 0.9)
    assert np.allclose(found.smoothed, curve, rtol=1e-12)
    inner = [float(each) for each in found.smoothed[10:-5]]
    assert found.valley == oracle.valley_of(x, inner)
    assert found.steepest == oracle.steepest_of(x, inner)
    assert found.minimum == oracle.tenth_of_minimum(x, inner)


def test_a_plain_curve_is_read_as_a_person_reads_it():
    rates = np.geomspace(1e-7, 10, 200)
    losses = curve_of(rates)
    found = suggested(rates, losses, 0.0, diverged=False)
    assert 3e-4 < found.steepest < 3e-3  # the slope is steepest at 1e-3
    assert 1e-3 < found.minimum * 10 < 1


def test_the_first_smoothed_loss_is_the_first_loss():
    assert smoothed(np.array([3.0, 1.0]), 0.98)[0] == pytest.approx(3.0, rel=1e-12)


def test_it_says_when_the_suggestions_disagree():
    rates = np.geomspace(1e-7, 10, 120)
    at = np.log10(rates)
    # A short steep fall at 1e-6, then a long gentle one that ends at 1.
    losses = 3 - 0.5 / (1 + np.exp(-40 * (at + 6))) - 0.02 * (at + 7)
    found = suggested(rates, losses, 0.0, diverged=False)
    assert not found.agree
    assert "disagree by more than a factor of ten" in found.sentence
    assert f"{found.steepest:.2g}" in found.sentence


def test_suggestions_within_a_factor_of_ten_agree():
    rates = np.geomspace(1e-4, 1e-2, 100)
    found = suggested(rates, np.linspace(2, 1, 100), 0.0, diverged=False)
    numbers = found.suggestions.values()
    assert found.agree == (max(numbers) / min(numbers) <= 10)


def test_where_the_loss_does_not_fall_nothing_is_suggested():
    rates = np.geomspace(1e-7, 10, 100)
    found = suggested(rates, np.full(100, 1.6) + 1e-3 * np.sin(np.arange(100)), 0.9, diverged=False)
    assert found.suggestions == {}
    assert "did not fall at any rate" in found.sentence


def test_a_loss_that_diverges_at_once_suggests_nothing():
    found = suggested(np.geomspace(1, 2, 5), np.array([1.0, 2, 3, 4, 5]), 0.9, diverged=True)
    assert found.suggestions == {}
    assert "diverged at 2, too early" in found.sentence


# ---- the sweep


def test_each_step_is_made_at_its_rate_and_gives_its_loss():
    """Against SGD in NumPy on w: the loss is (w - 3)², the gradient 2 (w - 3)."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.layers[0].kernel.assign([[0.0]])
    trainer = tfviz.Trainer(model, "mse", keras.optimizers.SGD(0.5))
    x, y = np.ones((4, 1), np.float32), np.full((4, 1), 3.0, np.float32)
    found = find_learning_rate(
        trainer, x, y, batch_size=4, lowest=1e-3, highest=0.4, steps=30, smoothing=0.9
    )
    weight, expected = 0.0, []
    for rate in np.geomspace(1e-3, 0.4, 30):
        expected.append((weight - 3) ** 2)
        weight -= rate * 2 * (weight - 3)
    assert np.allclose(found.losses, expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(found.rates, np.geomspace(1e-3, 0.4, 30))


def test_it_ends_where_the_loss_has_grown_to_four_times_its_lowest():
    trainer = tfviz.Trainer(classifier(dropout=0.0), LOSS, keras.optimizers.SGD(0.1))
    found = find_learning_rate(trainer, *learnable(), highest=1e5, steps=60, smoothing=0.5)
    assert found.diverged
    assert len(found.rates) < 60
    assert found.smoothed[-1] > 4 * found.smoothed.min() or len(found.losses) < 60
    assert "diverged at" in found.sentence


def test_a_loss_that_becomes_nan_ends_the_test_and_raises_nothing():
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    trainer = tfviz.Trainer(
        model,
        step=lambda batch: {"loss": tf.reduce_mean(tf.exp(model(batch) ** 2))},
        optimizer=keras.optimizers.SGD(0.1),
    )
    found = find_learning_rate(trainer, samples()[0], highest=1e6, steps=40)
    assert found.diverged
    assert np.isfinite(found.losses).all()
    found_again = find_learning_rate(trainer, samples()[0], highest=1e6, steps=40)
    assert np.array_equal(found.losses, found_again.losses)


# ---- everything put back


def everything(trainer):
    return [each.numpy() for each in [*trainer.model.variables, *trainer.optimizer.variables]]


@pytest.mark.parametrize("precision", [None, pytest.param("mixed_float16", marks=pytest.mark.slow)])
def test_model_optimizer_seeds_and_random_states_are_put_back_bit_for_bit(precision):
    trainer = tfviz.Trainer(
        classifier(),
        LOSS,
        keras.optimizers.Adam(0.01),
        ["accuracy"],
        average=0.9,
        precision=precision,
    )
    trainer.fit(*samples(), epochs=1, seed=0, progress="none")
    average = [each.numpy() for each in trainer.average.averages]
    before, python, numpy = everything(trainer), random.getstate(), np.random.get_state()
    generator = tf.random.get_global_generator().state.numpy()
    find_learning_rate(trainer, *samples(), steps=20)
    assert all(np.array_equal(a, b) for a, b in zip(before, everything(trainer), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(average, trainer.average.averages, strict=True))
    assert random.getstate() == python
    assert np.array_equal(np.random.get_state()[1], numpy[1])
    assert np.array_equal(tf.random.get_global_generator().state.numpy(), generator)


@pytest.mark.parametrize("kind", ["arrays", pytest.param("dataset", marks=pytest.mark.slow)])
def test_training_afterwards_is_the_training_without_it(kind):
    def run(first):
        model = classifier()  # sets all seeds
        trainer = tfviz.Trainer(model, LOSS, keras.optimizers.Adam(0.01), ["accuracy"])
        data = samples() if kind == "arrays" else (batches(),)
        if first:
            find_learning_rate(trainer, *data, steps=20)
        history = trainer.fit(*data, epochs=2, progress="none")
        return history, weights_of(model)

    (plain, weights), (after, same) = run(False), run(True)
    assert plain.epochs == after.epochs
    assert np.array_equal(plain.steps["loss"], after.steps["loss"])
    assert all(np.array_equal(a, b) for a, b in zip(weights, same, strict=True))


def test_an_iterator_of_the_users_stays_where_it_is():
    dataset = batches(size=4)
    iterator = iter(dataset)
    next(iterator)
    expected = [x.numpy() for x, _ in dataset.skip(1).take(3)]
    trainer = tfviz.Trainer(classifier(), LOSS, keras.optimizers.Adam(0.01))
    find_learning_rate(trainer, dataset, steps=20)
    assert all(np.array_equal(next(iterator)[0], each) for each in expected)


def test_everything_is_put_back_after_an_error_too():
    model = classifier()

    def gives_up():
        for i in range(30):
            if i == 12:
                raise RuntimeError("the disk is gone")
            yield samples(8)

    trainer = tfviz.Trainer(model, LOSS, keras.optimizers.Adam(0.01))
    before = weights_of(model)
    with pytest.raises(Exception, match="the disk is gone"):
        find_learning_rate(trainer, gives_up, steps=40)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_of(model), strict=True))
    assert float(trainer.optimizer.learning_rate) == np.float32(0.01)


def test_it_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = tfviz.Trainer(classifier(), LOSS, keras.optimizers.Adam(0.01))
    find_learning_rate(trainer, *samples(), steps=16)
    assert os.listdir(tmp_path) == []


# ---- what it can't do


def test_a_schedule_is_told():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    trainer = tfviz.Trainer(classifier(), LOSS, keras.optimizers.Adam(schedule))
    with pytest.raises(InputError, match=r"schedule \(CosineDecay\).*Adam\(learning_rate=1e-3\)"):
        find_learning_rate(trainer, *samples())


def test_a_schedule_inside_lookahead_is_told():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    optimizer = tfviz.Lookahead(keras.optimizers.Adam(schedule))
    with pytest.raises(InputError, match=r"schedule \(CosineDecay\)"):
        find_learning_rate(tfviz.Trainer(classifier(), LOSS, optimizer), *samples())


def test_a_generator_that_runs_once_is_refused():
    trainer = tfviz.Trainer(classifier(), LOSS, keras.optimizers.Adam(0.01))
    with pytest.raises(InputError, match="pass the function that makes it"):
        find_learning_rate(trainer, iter([samples(8)]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lowest": 0.0}, "lowest=0.0"),
        ({"lowest": 1.0, "highest": 0.1}, "the first below the second"),
        ({"steps": 3}, "steps=3"),
        ({"smoothing": 1.0}, "smoothing=1.0"),
    ],
)
def test_arguments_that_can_not_be_are_refused(given, message):
    trainer = tfviz.Trainer(classifier(), LOSS, keras.optimizers.Adam(0.01))
    with pytest.raises(InputError, match=message):
        find_learning_rate(trainer, *samples(), **given)


# ---- the plot


def test_the_plot_shows_curve_and_suggestions_and_pyplot_knows_nothing(tmp_path):
    import matplotlib.pyplot as plt

    rates = np.geomspace(1e-7, 10, 100)
    found = suggested(rates, curve_of(rates, 0.05), 0.9, diverged=True)
    figure = found.plot(path=tmp_path / "rates.png")
    axis = figure.axes[0]
    assert axis.get_xscale() == "log"
    assert np.array_equal(axis.lines[1].get_ydata(), found.smoothed)
    marked = [line.get_xdata()[0] for line in axis.lines if line.get_marker() in ("o", "D", "s")]
    assert marked == list(found.suggestions.values())
    assert (tmp_path / "rates.png").stat().st_size > 1000
    assert plt.get_fignums() == []
