"""The largest batch that fits: the search, the prediction, and trials in a process of their own."""

from __future__ import annotations

import errno
import json
import os
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import trial_trainers
from small_training import samples, weights_of

import tfviz
from tfviz.errors import InputError, OutputError, TrainingError
from tfviz.train import batch_probe
from tfviz.train.batch_memory import Need, exhausted, free_bytes, predicted, status
from tfviz.train.batch_probe import Trial
from tfviz.train.batch_size import find_batch_size, searched, sizes_for

X = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
Y = np.zeros(16, np.int64)
GIGA = 2**30


# ---- the search


@pytest.mark.parametrize("start", range(9))
@pytest.mark.parametrize("largest", range(-1, 9))
def test_the_search_finds_the_largest_that_fits_from_any_prediction(start, largest):
    sizes = sizes_for(None, 256)
    tried = []

    def attempt(size):
        place = start if size is None else sizes.index(size)
        tried.append(place)
        return Trial(sizes[place], place <= largest, 0, None, None, "")

    trials = searched(sizes, attempt)
    best = max((each.size for each in trials if each.fits), default=None)
    assert best == (sizes[largest] if largest >= 0 else None)
    assert len(tried) == len(set(tried))
    assert len(tried) <= 8


def test_with_a_right_prediction_two_trials_are_enough():
    sizes = sizes_for(256, 0)

    def attempt(size):
        return Trial(size or 32, (size or 32) <= 32, 0, None, None, "")

    assert [each.size for each in searched(sizes, attempt)] == [32, 64]


def test_a_batch_is_kept_and_halved():
    assert sizes_for(256, 4096) == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert sizes_for(24, 4096) == [1, 2, 3, 6, 12, 24]
    assert sizes_for(1, 4096) == [1]


# ---- what ran out


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("OOM when allocating tensor with shape[256,64,112,112] and type float", "memory"),
        ("Out of memory while trying to allocate 2147483648 bytes", "memory"),
        ("/data/checkpoint/ckpt-1.tempstate; No space left on device", "disk"),
        ("cache.data-00000; Disk quota exceeded", "disk"),
    ],
)
def test_memory_and_disk_are_told_apart_by_what_tensorflow_says(message, expected):
    error = tf.errors.ResourceExhaustedError(None, None, message)
    assert exhausted(error) == expected


def test_a_real_full_disk_is_a_full_disk():
    """/dev/full refuses every byte, as a disk without space does."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with (
        pytest.raises(tf.errors.OpError) as caught,
        tf.io.gfile.GFile("/dev/full", "w") as file,
    ):
        file.write("x" * 10_000)
    assert isinstance(caught.value, tf.errors.ResourceExhaustedError)
    assert exhausted(caught.value) == "disk"
    assert exhausted(OSError(errno.ENOSPC, "No space left on device")) == "disk"


def test_other_errors_ran_out_of_nothing():
    assert exhausted(tf.errors.InvalidArgumentError(None, None, "shapes")) is None
    assert exhausted(ValueError("OOM")) is None
    assert exhausted(MemoryError()) == "memory"
    message = "Failed to allocate scratch space: CUDNN_STATUS_ALLOC_FAILED"
    assert exhausted(tf.errors.InternalError(None, None, message)) == "memory"


# ---- the prediction


def test_the_prediction_is_the_sum_of_what_the_layers_return():
    """Dense 32 and 4 in float32: 144 bytes kept, twice the larger (128) on the way back."""
    trainer = trial_trainers.ordinary()
    trainer.prepare(X, Y)
    need = predicted(trainer, (tf.constant(X), tf.constant(Y)), base=1000, parts=False)
    weights = (64 * 32 + 32 + 32 * 4 + 4) * 4
    assert need == Need(1000 + weights, 144 + 2 * 128)
    both = predicted(trainer, (tf.constant(X), tf.constant(Y)), base=1000, parts=True)
    assert both.fixed == 1000 + 2 * weights


def test_what_is_only_reshaped_is_counted_once():
    def need_of(*more):
        layers = [keras.Input((64,)), keras.layers.Dense(32), *more]
        trainer = tfviz.Trainer(keras.Sequential(layers), "mse", "sgd")
        y = np.zeros((16, 32), np.float32) if not more else np.zeros((16, 4, 8), np.float32)
        trainer.prepare(X, y)
        return predicted(trainer, (tf.constant(X), tf.constant(y)), base=0, parts=False)

    assert need_of(keras.layers.Reshape((4, 8))).per_sample == need_of().per_sample


def test_half_precision_is_predicted_to_need_about_half():
    def need_of(precision):
        model = keras.Sequential([keras.Input((64,))] + [keras.layers.Dense(64) for _ in range(9)])
        trainer = tfviz.Trainer(model, "mse", "sgd", precision=precision)
        y = np.zeros((16, 64), np.float32)
        trainer.prepare(X, y)
        return predicted(trainer, (tf.constant(X), tf.constant(y)), base=0, parts=False).per_sample

    assert 0.5 <= need_of("mixed_float16") / need_of(None) <= 0.7


def test_the_largest_predicted_size_is_the_last_that_fits():
    need = Need(fixed=100, per_sample=10)
    assert need.largest([1, 2, 4, 8], 140) == 4
    assert need.largest([1, 2, 4, 8], 50) == 1
    assert need.largest([1, 2, 4, 8], None) == 8


def test_memory_of_this_process_is_read():
    if status("VmRSS") is None:
        pytest.skip("only on Linux")
    assert 10_000_000 < status("VmRSS") <= status("VmHWM")
    assert free_bytes() > 0


# ---- trials in another process


def test_a_plain_trainer_is_tried_in_a_process_of_its_own_and_nothing_is_left(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    trainer = trial_trainers.ordinary()
    before = weights_of(trainer.model)
    found = find_batch_size(trainer, X, Y, batch_size=6, memory=8 * GIGA)
    assert (found.batch_size, found.micro_batch_size) == (6, None)
    (trial,) = found.trials
    assert trial.fits
    assert trial.peak > 100_000_000
    assert 0.5 < trial.predicted / trial.peak < 2
    assert "fits in one piece" in found.sentence
    assert f"{trial.peak / GIGA:8.2f} GB" in str(found)
    assert os.listdir(tmp_path) == []
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_of(trainer.model), strict=True))


@pytest.mark.slow
def test_a_process_that_the_kernel_ends_halves_the_micro_batch():
    found = find_batch_size(trial_trainers.killed, X, Y, batch_size=4)
    assert (found.batch_size, found.micro_batch_size) == (4, 2)
    assert [(each.size, each.fits) for each in found.trials] == [(4, False), (2, True)]
    assert "SIGKILL, which the kernel sends when memory runs out" in found.trials[0].why
    assert "micro_batch_size=2" in found.sentence


@pytest.mark.slow
def test_a_full_disk_is_told_and_nothing_is_halved():
    with pytest.raises(OutputError, match=r"ran out of disk, not of memory.*No space left"):
        find_batch_size(trial_trainers.full_disk, X, Y, batch_size=6)


@pytest.mark.slow
def test_with_a_memory_limit_the_largest_batch_stays_within_it_and_the_next_does_not():
    keras.utils.set_random_seed(0)
    convolutions = [keras.layers.Conv2D(32, 3, padding="same") for _ in range(4)]
    model = keras.Sequential(
        [keras.Input((64, 64, 3)), *convolutions, keras.layers.GlobalAveragePooling2D()]
    )
    trainer = tfviz.Trainer(model, "mse", "sgd")
    x, y = np.zeros((8, 64, 64, 3), np.float32), np.zeros((8, 32), np.float32)
    limit = int(1.2 * GIGA)
    found = find_batch_size(trainer, x, y, memory=limit)
    fitting = {each.size for each in found.trials if each.fits}
    failing = {each.size for each in found.trials if not each.fits}
    assert found.batch_size == max(fitting)
    assert min(failing) == 2 * found.batch_size
    best = next(each for each in found.trials if each.size == found.batch_size)
    assert best.peak <= limit
    assert 0.6 < best.predicted / best.peak < 1.6


@pytest.mark.slow
def test_where_not_one_sample_fits_it_says_so():
    with pytest.raises(TrainingError, match="Not even a step with 1 sample at a time fits"):
        find_batch_size(trial_trainers.ordinary, X, Y, batch_size=1, memory=1000)


@pytest.mark.slow
def test_a_builder_that_fails_is_told_with_its_own_error():
    with pytest.raises(TrainingError, match="the weights were not there"):
        find_batch_size(trial_trainers.broken, X, Y)


def test_a_builder_that_makes_no_trainer_is_told(tmp_path):
    from tfviz.train.batch_child import ANSWER, main

    request = batch_probe.write_request(
        tmp_path, trial_trainers.no_trainer, (X, Y), whole=None, sizes=[1], memory=None
    )
    (tmp_path / "request.json").write_text(json.dumps({**request, "size": 1}), encoding="utf-8")
    main(str(tmp_path))
    told = json.loads((tmp_path / ANSWER).read_text(encoding="utf-8"))
    assert "must return a tfviz.Trainer" in told["failed"]


# ---- what can't be tried


def test_a_function_that_can_not_be_imported_is_refused_at_once():
    def inside():
        return trial_trainers.ordinary()

    with pytest.raises(InputError, match="at the top of a file of its own"):
        find_batch_size(inside, X, Y)
    with pytest.raises(InputError, match="can't be imported"):
        find_batch_size(lambda: None, X, Y)


def test_a_step_of_ones_own_asks_for_a_builder():
    model = trial_trainers.model()
    trainer = tfviz.Trainer(model, step=lambda b: {"loss": model(b[0])[0, 0]}, optimizer="sgd")
    with pytest.raises(InputError, match="pass a function in its place that makes the Trainer"):
        find_batch_size(trainer, X, Y)


def test_a_loss_that_can_not_be_imported_asks_for_a_builder():
    trainer = tfviz.Trainer(trial_trainers.model(), lambda y, p: p[:, 0], "sgd")
    with pytest.raises(InputError, match=r"loss .*can't be imported"):
        find_batch_size(trainer, X, Y)


def test_losses_come_through_as_they_were():
    from tfviz.train.batch_child import unpacked

    given = {
        "a": "mse",
        "b": keras.losses.Huber(delta=0.3),
        "c": [trial_trainers.loss, None],
    }
    found = unpacked(batch_probe.packed(given))
    assert found["a"] == "mse"
    assert found["b"].get_config() == given["b"].get_config()
    assert found["c"] == [trial_trainers.loss, None]


@pytest.mark.parametrize("name", ["batch_size", "memory", "most"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True])
def test_sizes_that_can_not_be_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name}={value}"):
        find_batch_size(trial_trainers.ordinary, *samples(), **{name: value})


def test_a_generator_that_runs_once_is_not_used_up():
    data = iter([samples(8)])
    with pytest.raises(InputError, match="runs once"):
        find_batch_size(trial_trainers.ordinary, data)
    assert next(data) is not None
