"""A run that was killed goes on where it was, bit for bit; Ctrl-C loses nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfviz

KILLING = Path(__file__).with_name("killing.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize(("kind", "kills"), [("dataset", 10), ("arrays", 3)])
def test_a_run_that_was_killed_again_and_again_ends_with_the_same_bits(tmp_path, kind, kills):
    said = subprocess.run(
        [sys.executable, KILLING, kind, str(kills), tmp_path], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr[-3000:]
    first, second, killed = (
        np.load(tmp_path / f"{name}.npz") for name in ("first", "second", "killed")
    )
    assert len(first.files) > 30
    for name in first.files:
        assert first[name].tobytes() == second[name].tobytes(), f"two unbroken runs: {name}"
    lives = json.loads((tmp_path / "lives.json").read_text())
    assert sum(each["ended_by"] == signal.SIGKILL for each in lives) >= kills - 1
    assert sorted(killed.files) == sorted(first.files)
    for name in first.files:
        # Of the steps, the last life made only the last ones.
        there = first[name][-len(killed[name]) :] if name == "steps loss" else first[name]
        assert there.tobytes() == killed[name].tobytes(), f"{name} after {lives}"
    assert len(killed["steps loss"]) < len(first["steps loss"])


def data():
    keras.utils.set_random_seed(4)
    rows = tf.random.stateless_normal((60, 4), (1, 2))
    indices = tf.data.Dataset.range(60).shuffle(60, seed=1)
    return indices.map(lambda i: (rows[i], i % 3)).batch(6).prefetch(2)


def trainer():
    layers = [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dropout(0.2)]
    model = keras.Sequential([*layers, keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return tfviz.Trainer(model, loss, keras.optimizers.Adam(0.01), ["accuracy"])


def weights(made):
    return [np.asarray(v) for v in (*made.model.variables, *made.optimizer.variables)]


def equal(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def fit(folder, *, seed=4, **options):
    given = data()
    keras.utils.set_random_seed(seed)
    made = trainer()
    options = {"epochs": 3, "progress": "none", "checkpoint_dir": folder, **options}
    return made, made.fit(given, **options)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_finishes_the_step_saves_and_the_next_run_ends_as_an_unbroken_one(tmp_path):
    unbroken, history = fit(tmp_path / "unbroken")

    def press(run):
        if run.step == 14:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        fit(tmp_path / "stopped", hooks={"step_end": press})
    assert caught.value.code == 130
    state = json.loads((tmp_path / "stopped" / "checkpoint-000002" / "state.json").read_text())
    assert state["counters"]["step"] == 14
    resumed, rest = fit(tmp_path / "stopped", seed=99)
    assert equal(weights(unbroken), weights(resumed))
    assert rest.epochs == history.epochs


def test_a_run_that_was_finished_is_not_run_again(tmp_path):
    made, _ = fit(tmp_path)
    again, history = fit(tmp_path, seed=5)
    assert equal(weights(made), weights(again))
    assert len(history.epochs["loss"]) == 3


def test_more_epochs_of_a_finished_run_are_those_of_a_longer_one(tmp_path):
    longer, _ = fit(tmp_path / "longer")
    fit(tmp_path / "shorter", epochs=2)
    shorter, _ = fit(tmp_path / "shorter", seed=5)
    assert equal(weights(longer), weights(shorter))


def test_another_model_is_refused_before_the_first_step(tmp_path):
    fit(tmp_path, epochs=1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    made = tfviz.Trainer(model, "sparse_categorical_crossentropy", "sgd")
    before = [np.asarray(v) for v in model.variables]
    with pytest.raises(tfviz.TrainingError, match="is a checkpoint of something else: optimizer"):
        made.fit(data(), checkpoint_dir=tmp_path, progress="none")
    assert equal(before, [np.asarray(v) for v in model.variables])
