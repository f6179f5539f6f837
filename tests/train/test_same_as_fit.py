"""A compiled model that the trainer adopts learns as it does in `fit`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import CLASSES, FEATURES, Seen, batches, classifier, samples, weights_of

import tfviz

STEPS = 50
WITHIN = 1e-6


def _both(build: Any, data: tf.data.Dataset, **given: Any) -> tuple[Seen, Seen, Any, Any]:
    """The same model trained by fit and by us, for 50 steps in two epochs."""
    seen, models = [], []
    for train in (
        lambda m, s: m.fit(data, epochs=2, steps_per_epoch=25, verbose=0, callbacks=[s], **given),
        lambda m, s: tfviz.Trainer.from_compiled(m).fit(
            data, epochs=2, steps_per_epoch=25, progress="none", callbacks=[s], **given
        ),
    ):
        model, each = build(), Seen()
        train(model, each)
        seen.append(each)
        models.append(model)
    return seen[0], seen[1], models[0], models[1]


def _require_same(theirs: Seen, ours: Seen, model: Any, trained: Any) -> None:
    assert len(ours.logs) == len(theirs.logs) == STEPS
    assert set(ours.logs[0]) == set(theirs.logs[0])
    for name in theirs.logs[0]:
        np.testing.assert_allclose(ours.of(name), theirs.of(name), atol=WITHIN, rtol=WITHIN)
    for a, b in zip(weights_of(trained), weights_of(model), strict=True):
        np.testing.assert_allclose(a, b, atol=WITHIN, rtol=WITHIN)


def _compiled(**more: Any) -> keras.Model:
    model = classifier()
    model.compile(
        keras.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **more,
    )
    return model


def test_dropout_statistics_regularizer_and_metrics_are_those_of_fit() -> None:
    _require_same(*_both(_compiled, batches().repeat()))


def test_class_weights_are_those_of_fit() -> None:
    _require_same(*_both(_compiled, batches().repeat(), class_weight={0: 5.0, 4: 0.25}))


def test_sample_weights_and_weighted_metrics_are_those_of_fit() -> None:
    x, y = samples()
    weight = np.linspace(0, 3, len(x)).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, y, weight)).batch(16).repeat()
    _require_same(*_both(lambda: _compiled(weighted_metrics=["accuracy"]), data))


def test_several_inputs_and_outputs_with_loss_weights_are_those_of_fit() -> None:
    def build() -> keras.Model:
        keras.utils.set_random_seed(1)
        left, right = keras.Input((FEATURES,), name="left"), keras.Input((3,), name="right")
        body = keras.layers.Concatenate()([left, right])
        body = keras.layers.Dropout(0.2)(keras.layers.Dense(8, activation="tanh")(body))
        kind = keras.layers.Dense(CLASSES, activation="softmax", name="kind")(body)
        size = keras.layers.Dense(1, name="size")(body)
        model = keras.Model({"left": left, "right": right}, {"kind": kind, "size": size})
        model.compile(
            keras.optimizers.SGD(0.1, momentum=0.9),
            {"kind": "sparse_categorical_crossentropy", "size": "mse"},
            loss_weights={"kind": 1.0, "size": 0.3},
            metrics={"kind": ["accuracy"]},
        )
        return model

    x, y = samples()
    labels = {"kind": y, "size": x[:, :1]}
    data = tf.data.Dataset.from_tensor_slices(({"left": x, "right": x[:, :3]}, labels))
    _require_same(*_both(build, data.batch(16).repeat()))


def test_validation_is_that_of_evaluate() -> None:
    model = _compiled()
    trainer = tfviz.Trainer.from_compiled(model)
    history = trainer.fit(batches(), epochs=1, validation_data=samples(50, 1), progress="none")
    expected = model.evaluate(*samples(50, 1), verbose=0, return_dict=True)
    for name, value in expected.items():
        assert history.epochs[f"val_{name}"][0] == pytest.approx(value, abs=1e-6)


def test_an_average_inside_the_optimizer_is_handed_over_at_the_end_as_by_fit() -> None:
    def build() -> keras.Model:
        model = classifier(dropout=0)
        model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
        return model

    x, y = samples()
    data = tf.data.Dataset.from_tensor_slices((x, keras.utils.to_categorical(y))).batch(16)
    theirs, ours = build(), build()
    theirs.fit(data, epochs=2, verbose=0)
    tfviz.Trainer.from_compiled(ours).fit(data, epochs=2, progress="none")
    for a, b in zip(weights_of(ours), weights_of(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_many_steps_in_one_call_give_the_bits_of_single_ones() -> None:
    found = []
    for each in (1, 7):
        trainer = tfviz.Trainer.from_compiled(_compiled(), steps_per_call=each)
        history = trainer.fit(batches(), epochs=3, progress="none")
        found.append((history.steps["loss"], weights_of(trainer.model)))
    assert (found[0][0] == found[1][0]).all()
    assert all((a == b).all() for a, b in zip(found[0][1], found[1][1], strict=True))


def test_a_model_that_is_not_compiled_is_refused() -> None:
    with pytest.raises(tfviz.ModelError, match="not compiled"):
        tfviz.Trainer.from_compiled(classifier())


def test_a_model_with_a_train_step_of_its_own_is_refused() -> None:
    class Own(keras.Model):
        def train_step(self, data):
            return {}

    inputs = keras.Input((FEATURES,))
    model = Own(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse")
    with pytest.raises(tfviz.ModelError, match=r"train_step of its own.*step="):
        tfviz.Trainer.from_compiled(model)
