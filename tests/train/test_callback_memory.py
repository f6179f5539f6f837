"""What callbacks remember survives a kill: a resumed run stops where an unbroken one would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_training import batches, classifier, samples

import tfviz
from tfviz.train.callback_memory import Memory

Plateau = keras.callbacks.ReduceLROnPlateau


class KilledError(Exception):
    """Stands for a kill: nothing is saved on the way out."""


def fit(folder: Path, *, kill_after: int = 99, epochs: int = 12, more: Any = (), **given: Any):
    stopping = keras.callbacks.EarlyStopping(
        # Nothing is better by so much: the first epoch stays the best.
        monitor="val_loss", mode="max", min_delta=10.0, patience=5, restore_best_weights=True
    )  # fmt: skip
    plateau = Plateau(monitor="val_loss", mode="max", min_delta=10.0, patience=3, factor=0.5)
    trainer = tfviz.Trainer(
        classifier(), "sparse_categorical_crossentropy", keras.optimizers.SGD(0.1)
    )

    def kill(run: Any) -> None:
        if run.epoch == kill_after:
            raise KilledError

    history = trainer.fit(
        batches(),
        epochs=epochs,
        validation_data=samples(40, 1),
        callbacks=[stopping, plateau, *more],
        hooks={"epoch_begin": kill},
        checkpoint_dir=folder,
        progress="none",
        **given,
    )
    weights = [np.asarray(v) for v in trainer.model.variables]
    return history, weights, float(trainer.optimizer.learning_rate), stopping


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("unbroken"))


def test_early_stopping_and_plateau_act_at_the_epoch_of_an_unbroken_run(tmp_path, unbroken):
    history, weights, rate, stopping = unbroken
    with pytest.raises(KilledError):
        fit(tmp_path, kill_after=4)
    resumed, again, its_rate, its_stopping = fit(tmp_path)
    assert 5 < len(history.epochs["loss"]) < 12
    assert resumed.epochs == history.epochs
    assert its_rate == rate == pytest.approx(0.05)
    # The best weights, which lay before the kill, are back.
    assert its_stopping.best_epoch == stopping.best_epoch == 0
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights, again, strict=True))


def test_a_run_that_was_stopped_stays_stopped_with_the_same_best_weights(tmp_path, unbroken):
    history, weights, _, _ = unbroken
    fit(tmp_path)
    again, its, _, _ = fit(tmp_path)
    assert again.epochs == history.epochs
    assert again.stopped == history.stopped == "a callback asked for it"
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights, its, strict=True))


def test_more_epochs_go_on_after_a_stop(tmp_path):
    def stop(run: Any) -> None:
        if run.epoch == 1:
            run.stop()

    trainer = tfviz.Trainer(classifier(), "sparse_categorical_crossentropy", "sgd")
    given = {"checkpoint_dir": tmp_path, "progress": "none"}
    made = [
        trainer.fit(batches(), epochs=epochs, hooks=hooks, **given).epochs["loss"]
        for epochs, hooks in ((3, {"epoch_end": stop}), (3, None), (4, None))
    ]
    assert [len(each) for each in made] == [2, 2, 4]


def test_the_table_of_csv_logger_is_written_on(tmp_path):
    table = tmp_path / "log.csv"
    for kill_after in (2, 99):
        logger = keras.callbacks.CSVLogger(str(table))
        try:
            fit(tmp_path / "run", kill_after=kill_after, epochs=4, more=[logger])
        except KilledError:
            logger.csv_file.close()
    rows = table.read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2", "3"]


class Own(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []
        self.file: Any = None

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["loss"])
        self.file = self.file or object()


def test_a_callback_of_ones_own_keeps_numbers_and_is_told_what_begins_anew(tmp_path):
    with pytest.raises(KilledError):
        fit(tmp_path, kill_after=2, epochs=3, more=[Own()])
    own = Own()
    with pytest.warns(UserWarning, match=r"^Own\.file can't be saved in a checkpoint"):
        history, *_ = fit(tmp_path, epochs=3, more=[own])
    assert own.seen == history.epochs["loss"]


def test_settings_are_the_new_ones_and_only_what_changed_is_kept():
    kept = Plateau(patience=3)
    memory = Memory([kept, Plateau()])
    kept.wait, kept.best = 2, np.float32(0.25)
    found, arrays = memory.read()
    assert found == {"kept": {"ReduceLROnPlateau": {"wait": 2, "best": 0.25}}, "lost": []}
    other = Plateau(patience=7)
    assert Memory([other]).write(found, arrays) == []
    assert (other.wait, other.best, other.patience) == (2, 0.25, 7)


def test_arrays_and_nested_values_come_back_as_they_were():
    own = Own()
    memory = Memory([own])
    weights = [np.eye(3, dtype=np.float32), np.arange(4)]
    own.seen, own.file = weights, {"a": (1, [True, None])}
    found, arrays = memory.read()
    again = Own()
    Memory([again]).write(found, arrays)
    for mine, its in zip(weights, again.seen, strict=True):
        assert mine.dtype == its.dtype
        assert (mine == its).all()
    assert again.file == {"a": (1, [True, None])}
