"""Every callback that comes with Keras works unchanged in our loop."""

from __future__ import annotations

import http.server
import importlib.util
import json
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_training import batches, classifier, samples

import tfviz


def _fit(callbacks: Any, *, epochs: int = 4, **given: Any) -> tuple[tfviz.Trainer, tfviz.History]:
    trainer = tfviz.Trainer(
        classifier(),
        "sparse_categorical_crossentropy",
        keras.optimizers.SGD(0.1),
        ["accuracy"],
    )
    history = trainer.fit(
        batches(),
        epochs=epochs,
        validation_data=samples(40, 1),
        callbacks=callbacks,
        progress="none",
        **given,
    )
    return trainer, history


def test_all_callbacks_of_keras_are_covered_here() -> None:
    own = {n for n in dir(keras.callbacks) if n[0].isupper()} - {"Callback", "CallbackList"}
    tested = {
        "BackupAndRestore", "CSVLogger", "EarlyStopping", "History", "LambdaCallback",
        "LearningRateScheduler", "ModelCheckpoint", "OrbaxCheckpoint", "ProgbarLogger",
        "ReduceLROnPlateau", "RemoteMonitor", "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
    }  # fmt: skip
    assert own <= tested


def test_early_stopping_stops_and_brings_the_best_weights_back() -> None:
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="max", patience=1, restore_best_weights=True
    )
    trainer, history = _fit(stopping, epochs=9)
    assert len(history.epochs["loss"]) < 9
    assert history.stopped == "a callback asked for it"
    best = max(history.epochs["val_loss"])
    assert trainer.evaluate(*samples(40, 1))["loss"] == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("name", ["best.keras", "each-{epoch}.weights.h5"])
def test_model_checkpoint_writes_models_that_load(tmp_path: Path, name: str) -> None:
    weights = name.endswith(".weights.h5")
    trainer, _ = _fit(
        keras.callbacks.ModelCheckpoint(tmp_path / name, save_weights_only=weights), epochs=2
    )
    if weights:
        loaded = classifier(seed=1)
        loaded.load_weights(tmp_path / "each-2.weights.h5")
    else:
        loaded = keras.models.load_model(tmp_path / name)
    for a, b in zip(loaded.get_weights(), trainer.model.get_weights(), strict=True):
        assert (a == b).all()


def test_model_checkpoint_by_steps_is_called_at_each(tmp_path: Path) -> None:
    saving = keras.callbacks.ModelCheckpoint(
        tmp_path / "at-{batch}.weights.h5", save_weights_only=True, save_freq=5
    )
    _fit(saving, epochs=1)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "at-10.weights.h5",
        "at-5.weights.h5",
    ]


def test_csv_logger_has_a_row_for_each_epoch(tmp_path: Path) -> None:
    _, history = _fit(keras.callbacks.CSVLogger(tmp_path / "log.csv"), epochs=3)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert float(rows[3].split(",")[2]) == history.epochs["loss"][2]


def test_terminate_on_nan_ends_at_the_step() -> None:
    x, y = samples(160)
    x[40] = np.nan  # the loss is finite there, for a fused relu makes 0 of it; the weights aren't
    trainer = tfviz.Trainer(
        classifier(), "sparse_categorical_crossentropy", "sgd", on_nonfinite="record"
    )
    history = trainer.fit(
        x,
        y,
        batch_size=16,
        shuffle=False,
        callbacks=keras.callbacks.TerminateOnNaN(),
        progress="none",
    )
    assert np.isnan(history.steps["loss"]).tolist() == [False, False, False, True]


def test_learning_rate_scheduler_and_plateau_move_the_rate() -> None:
    rates = []
    trainer, _ = _fit(
        [
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5**epoch),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"])
            ),
        ],
        epochs=3,
    )
    assert rates == [1.0, 0.5, 0.25]
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", mode="max", factor=0.1, patience=1, min_delta=0
    )
    trainer, _ = _fit(plateau, epochs=3)
    assert float(trainer.optimizer.learning_rate) == pytest.approx(0.1 * 0.1**2)


def test_swap_ema_weights_validates_with_the_average() -> None:
    losses = {}
    for swaps in (False, True):
        trainer = tfviz.Trainer(
            classifier(),
            "sparse_categorical_crossentropy",
            keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
        )
        history = trainer.fit(
            batches(),
            validation_data=samples(40, 1),
            callbacks=[keras.callbacks.SwapEMAWeights()] if swaps else [],
            progress="none",
        )
        losses[swaps] = history.epochs["val_loss"][0]
    assert losses[True] != losses[False]


def test_backup_and_restore_goes_on_at_its_epoch(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def die(run: Any) -> None:
        if run.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        _fit(keras.callbacks.BackupAndRestore(tmp_path), hooks={"epoch_begin": die})
    epochs = []
    _fit(
        keras.callbacks.BackupAndRestore(tmp_path),
        hooks={"epoch_begin": lambda run: epochs.append(run.epoch)},
    )
    assert epochs == [2, 3]


def test_history_and_progbar_see_every_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    theirs = keras.callbacks.History()
    bar = keras.callbacks.ProgbarLogger()
    _, history = _fit([theirs, bar], epochs=2)
    assert theirs.history == history.epochs
    assert "Epoch 2/2" in capsys.readouterr().out


def test_remote_monitor_posts_each_epoch() -> None:
    pytest.importorskip("requests")
    posted = []

    class Listen(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listen)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}"
        _fit(keras.callbacks.RemoteMonitor(root=root, send_as_json=True), epochs=2)
    finally:
        server.shutdown()
        server.server_close()
    assert [each["epoch"] for each in posted] == [0, 1]


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="not installed")
def test_tensorboard_writes_its_files(tmp_path: Path) -> None:
    _fit(keras.callbacks.TensorBoard(tmp_path, update_freq="epoch"), epochs=1)
    assert list(tmp_path.rglob("events.out.*"))


@pytest.mark.skipif(importlib.util.find_spec("orbax") is None, reason="not installed")
def test_orbax_checkpoint_writes_a_checkpoint(tmp_path: Path) -> None:
    _fit(keras.callbacks.OrbaxCheckpoint(directory=str(tmp_path), save_freq="epoch"), epochs=1)
    assert any(tmp_path.iterdir())


def test_a_callback_sees_the_methods_in_the_order_of_fit() -> None:
    orders = []
    for ours in (False, True):
        called: list[str] = []

        class Order(keras.callbacks.Callback):
            def __getattribute__(self, name: str) -> Any:
                if name.startswith("on_") and not name.startswith(("on_batch", "on_test_batch")):
                    called.append(name)  # noqa: B023
                return super().__getattribute__(name)

            def on_train_batch_end(self, batch, logs=None):
                pass

        model = classifier()
        model.compile("sgd", "sparse_categorical_crossentropy")
        given = {"epochs": 2, "validation_data": samples(20, 1), "callbacks": [Order()]}
        if ours:
            tfviz.Trainer.from_compiled(model).fit(batches(), progress="none", **given)
        else:
            model.fit(batches(), verbose=0, **given)
        start = called.index("on_train_begin")
        orders.append(called[start:])
    assert orders[0] == orders[1]


def test_the_model_is_given_back_as_it_was() -> None:
    trainer, _ = _fit(None, epochs=1)
    for name in ("optimizer", "stop_training", "history"):
        assert not hasattr(trainer.model, name)
    assert not trainer.model.compiled


def test_a_plain_function_among_the_callbacks_is_pointed_to_hooks() -> None:
    with pytest.raises(tfviz.InputError, match="hooks="):
        _fit([print])
