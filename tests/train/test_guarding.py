"""A loss or gradient that isn't finite: found in the compiled step, nothing else is touched."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import classifier, linear, samples, weights_of

import tfviz

BAD_STEP = 5


def _poisoned() -> tf.data.Dataset:
    """12 batches of 16, the sixth with one NaN."""
    x, y = samples(192)
    x[BAD_STEP * 16 + 3, 2] = np.nan
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(16)


def _without() -> tf.data.Dataset:
    data = list(_poisoned())
    del data[BAD_STEP]
    return tf.data.Dataset.from_generator(
        lambda: iter(data), output_signature=_poisoned().element_spec
    )


def _trainer(policy: str, **more: Any) -> tfviz.Trainer:
    # No dropout: a skipped step leaves the seed as it was, so the next one draws the same.
    return tfviz.Trainer(
        classifier(),
        "sparse_categorical_crossentropy",
        keras.optimizers.Adam(0.01),
        ["accuracy"],
        on_nonfinite=policy,
        average=0.9,
        **more,
    )


@pytest.mark.parametrize("per_call", [1, 4, None])
def test_raise_leaves_everything_as_it_was_before_the_step(per_call: int | None) -> None:
    trainer = _trainer("raise", steps_per_call=per_call)
    with pytest.raises(tfviz.TrainingError, match="step 6") as caught:
        trainer.fit(_poisoned(), epochs=3, progress="none")
    other = _trainer("raise")
    other.fit(_poisoned().take(BAD_STEP), progress="none")
    for a, b in zip(weights_of(trainer.model), weights_of(other.model), strict=True):
        assert (a == b).all()
    for a, b in zip(trainer.optimizer.variables, other.optimizer.variables, strict=True):
        assert (a.numpy() == b.numpy()).all()
    for a, b in zip(trainer.average.averages, other.average.averages, strict=True):
        assert (a.numpy() == b.numpy()).all()
    kept = np.asarray(caught.value.report.batch[0])
    assert np.argwhere(np.isnan(kept)).tolist() == [[3, 2]]


def test_skip_goes_on_as_if_the_batch_had_not_been_there() -> None:
    trainer, other = _trainer("skip"), _trainer("skip")
    history = trainer.fit(_poisoned(), epochs=2, progress="none")
    expected = other.fit(_without(), epochs=2, progress="none")
    for a, b in zip(weights_of(trainer.model), weights_of(other.model), strict=True):
        assert (a == b).all()
    assert history.epochs == expected.epochs
    assert len(history.nonfinite) >= 1
    assert "step 6" in history.nonfinite[0]
    assert np.isnan(history.steps["grad_norm"]).sum() == 2


def test_record_makes_the_step_and_notes_it() -> None:
    trainer = _trainer("record")
    history = trainer.fit(_poisoned(), epochs=1, progress="none")
    assert history.nonfinite
    assert np.isnan(trainer.model.get_weights()[0]).any()


def test_a_finite_loss_with_infinite_gradients_is_found() -> None:
    @tf.custom_gradient
    def steep(value: Any) -> Any:
        return value, lambda slope: slope * np.inf

    model = linear()
    trainer = tfviz.Trainer(
        model,
        step=lambda batch: {"loss": tf.reduce_mean(steep(model(batch[0], training=True)) ** 2)},
        optimizer="sgd",
    )
    before = weights_of(model)
    with pytest.raises(tfviz.TrainingError, match="gradients are not finite"):
        trainer.fit(*samples(32), progress="none")
    assert all((a == b).all() for a, b in zip(before, weights_of(model), strict=True))


def test_the_event_gets_the_report() -> None:
    seen = []
    trainer = _trainer("skip", hooks={"nonfinite": lambda run: seen.append(run.report)})
    trainer.fit(_poisoned(), progress="none")
    assert len(seen) == 1
    assert seen[0].step == BAD_STEP


def test_a_step_of_ones_own_loop_raises_and_nothing_has_changed_since() -> None:
    model = classifier(dropout=0)
    step = tfviz.train_step(model, "sparse_categorical_crossentropy", "sgd")
    good, bad = next(iter(_poisoned())), list(_poisoned())[BAD_STEP]
    step(good)
    before = weights_of(model)
    logs = step(bad)
    step(good)
    assert not bool(logs["finite"])
    assert all((a == b).all() for a, b in zip(before, weights_of(model), strict=True))
    with pytest.raises(tfviz.TrainingError, match="step 2"):
        step.look()
    step(good)
    assert any((a != b).any() for a, b in zip(before, weights_of(model), strict=True))


def test_an_unknown_policy_is_refused_with_the_nearest() -> None:
    with pytest.raises(tfviz.InputError, match="Did you mean 'skip'"):
        tfviz.Trainer(linear(), "mse", "sgd", on_nonfinite="skipp")


def test_batches_of_several_parts_and_strings_are_kept_whole() -> None:
    class Reads(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs["a"])

    x = samples(16)[0]
    x[4, 4] = np.inf
    batch = ({"a": x, "s": np.array([b"word"] * 16)}, np.ones((16, 1), np.float32))
    step = tfviz.train_step(Reads(), "mse", "sgd", on_nonfinite="skip")
    with warnings.catch_warnings():
        # At the step, or when asked: a tenth of a second decides.
        warnings.filterwarnings("ignore", message=".*That step was skipped")
        step(batch)
        step.look()
    assert step.report.batch[0]["s"][3] == b"word"
    assert (np.asarray(step.report.batch[0]["a"]) == x).all()
