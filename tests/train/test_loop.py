"""The loop: its events in order, its data, its history, what it shows, what it saves."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import rich.console
import tensorflow as tf
from small_training import CLASSES, batches, classifier, linear, samples

import tfviz
from tfviz.train.events import HOST
from tfviz.train.progress import Bar, Lines, Notebook, Silent, choose
from tfviz.train.stream import stream_of

SPARSE = "sparse_categorical_crossentropy"


def _trainer(**given: Any) -> tfviz.Trainer:
    return tfviz.Trainer(classifier(), SPARSE, "sgd", ["accuracy"], **given)


# ---- events


def test_events_come_in_the_order_of_the_docstring() -> None:
    called: list[str] = []
    hooks = {name: (lambda run, name=name: called.append(name)) for name in HOST}
    _trainer().fit(
        batches(100), epochs=2, validation_data=samples(20), hooks=hooks, progress="none"
    )
    step = ["step_begin", "step_end"]
    epoch = ["epoch_begin", *step, *step, "validation_begin", "validation_end", "epoch_end"]
    assert called == ["fit_begin", *epoch, *epoch, "fit_end"]


def test_every_event_stands_in_the_docstring() -> None:
    for name in (*HOST, "gradients", "updated"):
        assert name in (tfviz.Trainer.__doc__ or "")


def test_a_hook_reads_numbers_and_stops_the_run() -> None:
    seen: list[tuple[int, int, float]] = []

    def look(run: Any) -> None:
        seen.append((run.epoch, run.step, run.logs["loss"]))
        if run.step == 15:
            run.stop("enough")

    history = _trainer().fit(batches(), epochs=5, hooks={"step_end": look}, progress="none")
    assert [each[:2] for each in seen] == [(int(i > 13), i) for i in range(1, 16)]
    assert history.stopped == "enough"
    assert seen[-1][2] == pytest.approx(np.average(history.steps["loss"][13:]), abs=1e-6)


def test_a_hook_on_gradients_changes_them_and_one_on_the_update_adds_numbers() -> None:
    hooks = {
        "gradients": lambda gradients, variables: [0.0 * each for each in gradients],
        "updated": lambda scope: {"count": tf.cast(len(scope["gradients"]), tf.float32)},
    }
    trainer = tfviz.Trainer(linear(), "mse", "sgd", hooks=hooks)
    before = trainer.model.get_weights()
    x, _ = samples()
    history = trainer.fit(x, x[:, :2], progress="none")
    assert all((a == b).all() for a, b in zip(before, trainer.model.get_weights(), strict=True))
    assert (history.steps["count"] == 2).all()
    assert (history.steps["grad_norm"] == 0).all()


def test_an_unknown_event_is_refused_with_the_nearest() -> None:
    with pytest.raises(tfviz.InputError, match="Did you mean 'epoch_end'"):
        _trainer(hooks={"epoch_ended": print})


def test_nobody_between_the_steps_means_many_in_one_call() -> None:
    trainer = _trainer()
    calls: list[int] = []
    trainer.fit(batches(), epochs=2, progress="none")
    run = trainer.step.run
    trainer.step.run = lambda iterator, count: calls.append(count) or run(iterator, count)
    trainer.fit(batches(4), epochs=4, progress="none")
    assert max(calls) > 1
    assert sum(calls) + 1 == 200


# ---- data


def test_arrays_are_shuffled_anew_each_epoch_and_the_same_for_one_seed() -> None:
    x = np.arange(10)
    orders = []
    for _ in range(2):
        stream = stream_of(x, batch_size=4, shuffle=True, seed=3)
        stream.start()
        taken = [stream.next() for _ in range(6)]
        orders.append(np.concatenate([np.ravel(each) for each in taken]))
    assert (orders[0] == orders[1]).all()
    assert sorted(orders[0][:10]) == sorted(orders[0][10:]) == list(range(10))
    assert (orders[0][:10] != orders[0][10:]).any()


def test_the_shuffle_of_arrays_holds_indices_not_images(tmp_path: Path) -> None:
    stream = stream_of(np.zeros((400, 32, 32, 3), np.uint8), batch_size=2, shuffle=True, seed=1)
    stream.start()
    tf.train.Checkpoint(iterator=stream.iterator).write(str(tmp_path / "position"))
    # The 1.2 MB of images aren't in it; a few batches that were prefetched are.
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 400_000


def test_each_pass_over_a_dataset_has_an_iterator_of_its_own() -> None:
    stream = stream_of(batches().shuffle(5))
    stream.start()
    first = stream.iterator
    stream.next_epoch()
    assert stream.iterator is not first
    assert (stream.passes, stream.steps) == (2, 13)


def test_batches_of_a_pydataset_and_several_inputs_are_read() -> None:
    class Data(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index >= 3:
                raise IndexError
            return np.full((2, 4), index, np.float32), np.full((2, 1), index, np.float32)

    stream = stream_of(Data())
    stream.start()
    taken = []
    for _ in range(2):
        taken += [int(stream.next()[0][0, 0]) for _ in range(3)]
        stream.next_epoch()
    assert taken == [0, 1, 2, 0, 1, 2]
    stream = stream_of({"a": np.zeros((5, 2)), "b": [np.zeros(5)]}, [0, 1, 2, 3, 4], batch_size=2)
    stream.start()
    x, y = stream.next()
    assert x["a"].dtype == tf.float32
    assert y.numpy().tolist() == [0, 1]


def test_the_step_is_compiled_once_for_a_run_with_a_smaller_last_batch() -> None:
    history = _trainer().fit(batches(), epochs=2, validation_data=batches(7), progress="none")
    assert history.traces == 1


def test_a_second_fit_and_another_batch_size_do_not_compile_again() -> None:
    trainer = _trainer()
    trainer.fit(*samples(), batch_size=16, progress="none")
    history = trainer.fit(*samples(), batch_size=32, progress="none")
    assert history.traces == 1


# ---- history


def test_the_history_has_every_step_and_epoch_as_json() -> None:
    history = _trainer().fit(batches(), epochs=2, validation_data=samples(20), progress="none")
    assert set(history.epochs) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(history.steps["loss"]) == len(history.steps["grad_norm"]) == 26
    again = json.loads(json.dumps(history.to_dict()))
    assert again["epochs"] == history.epochs
    weighted = np.average(history.steps["loss"][:13], weights=[16] * 12 + [8])
    assert history.epochs["loss"][0] == pytest.approx(weighted, abs=1e-6)


def test_the_plot_draws_training_and_validation_of_each_number(tmp_path: Path) -> None:
    history = tfviz.History(
        epochs={"loss": [3.0, 2.0, 1.0], "val_loss": [3.5, 2.5, 2.25], "accuracy": [0.1, 0.5, 0.7]},
        steps={"loss": np.linspace(3, 1, 30)},
    )
    figure = history.plot(path=tmp_path / "curves.png")
    loss, accuracy = figure.axes[:2]
    assert [line.get_label() for line in loss.lines] == ["each step", "training", "validation"]
    assert loss.lines[1].get_ydata().tolist() == [3, 2, 1]
    assert loss.lines[2].get_xdata().tolist() == [1, 2, 3]
    assert accuracy.get_title(loc="left") == "accuracy"
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    with pytest.raises(tfviz.InputError, match="Did you mean 'loss'"):
        history.plot(["los"])


def test_a_history_is_frozen() -> None:
    with pytest.raises(AttributeError):
        tfviz.History().seconds = 3  # type: ignore[misc]


# ---- what is shown


def test_a_terminal_gets_a_bar_a_pipe_lines_a_notebook_a_table() -> None:
    console = rich.console.Console
    terminal = console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    assert isinstance(choose("auto", terminal), Bar)
    assert isinstance(choose("auto", console(file=io.StringIO())), Lines)
    notebook = console(file=io.StringIO(), force_jupyter=True)
    assert isinstance(choose("auto", notebook), Notebook)
    assert type(choose("none")) is Silent
    assert type(choose(False)) is Silent
    with pytest.raises(tfviz.InputError, match="progress="):
        choose("loud")


def test_the_bar_shows_loss_rate_and_remaining_time() -> None:
    out = io.StringIO()
    bar = Bar(rich.console.Console(file=out, force_terminal=True, width=120))
    bar.begin(2, 100)
    bar.epoch(0)
    bar.step(1, 100, {"loss": 2.0})
    bar.step(50, 100, {"loss": 1.25})
    said = bar._bar.tasks[0].fields["said"]
    bar.epoch_end(0, {"loss": 1.125, "val_loss": 1.5})
    bar.end()
    assert "loss 1.25" in said
    assert "steps/s" in said
    assert said.endswith("left")
    assert "epoch 1/2: loss 1.125  val_loss 1.5" in out.getvalue()


def test_lines_are_one_an_epoch() -> None:
    lines: list[str] = []
    trainer = _trainer()
    history = trainer.fit(batches(), epochs=2, progress=Lines(lines.append))
    assert len(lines) == 2
    assert lines[1].startswith(f"epoch 2/2: loss {history.epochs['loss'][1]:.4g}")


def test_the_notebook_updates_one_table_in_place() -> None:
    shown: list[Any] = []

    class Handle:
        def update(self, data: Any, raw: bool) -> None:
            shown.append(data)

    def display(data: Any, raw: bool, display_id: bool) -> Handle:
        shown.append(data)
        return Handle()

    _trainer().fit(batches(), epochs=3, progress=Notebook(display))
    page = shown[-1]["text/html"]
    assert page.count("<tr>") == 4
    assert "<th>accuracy</th>" in page
    assert any("<progress" in each["text/html"] for each in shown)


# ---- saving


def test_a_saved_model_knows_its_classes_and_loads(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    trainer = tfviz.Trainer(model, SPARSE, "sgd", average=0.5)
    images = np.random.default_rng(0).random((8, 24, 20, 3)).astype(np.float32)
    trainer.fit(images, np.arange(8) % 3, batch_size=4, progress="none")
    given = {"labels": ["hat", "shirt", "dress"], "resize": "crop", "value_range": "0-1"}
    path = trainer.save(tmp_path / "model.keras", average=True, **given)
    loaded = tfviz.load_model(path)
    card = tfviz.card_of(loaded)
    assert card.class_names == ("hat", "shirt", "dress")
    assert (card.input_size, card.resize, card.value_range) == ((24, 20), "crop", "0-1")
    with trainer.average.swapped():
        assert (loaded.get_weights()[0] == model.get_weights()[0]).all()
    assert (loaded.get_weights()[0] != model.get_weights()[0]).any()
    assert [each.name for each in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": ["a", "b"]}, "2 names, and the model's output has 5 units"),
        ({"resize": "croop"}, "Did you mean 'crop'"),
        ({"value_range": "0-2"}, "value_range='0-2'"),
        ({"average": True}, "average=0.999"),
    ],
)
def test_a_card_that_can_not_be_right_is_refused(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(tfviz.InputError, match=said):
        _trainer().save(tmp_path / "model.keras", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_format_of_keras_is_refused(tmp_path: Path) -> None:
    with pytest.raises(tfviz.OutputError, match=r"\.keras"):
        _trainer().save(tmp_path / "model")


# ---- arguments


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"loss": SPARSE, "optimizer": None}, "optimizer= is missing"),
        ({"loss": SPARSE, "optimizer": "adamm"}, "Did you mean 'Adam'"),
        ({"loss": SPARSE, "optimizer": 0.01}, "float was given"),
        ({"loss": SPARSE, "optimizer": "sgd", "step": print}, "loss= and step= were given"),
        ({"loss": SPARSE, "optimizer": "sgd", "steps_per_call": 0}, "positive whole number"),
        ({"loss": SPARSE, "optimizer": "sgd", "average": 1.5}, "average=1.5"),
        ({"loss": SPARSE, "optimizer": "sgd", "clip_norm": -1}, "clip_norm=-1"),
        ({"loss": SPARSE, "optimizer": "sgd", "micro_batch_size": 0}, "micro_batch_size=0"),
    ],
)
def test_arguments_that_can_not_be_right_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(tfviz.InputError, match=said):
        tfviz.Trainer(classifier(), **given).prepare(*samples(10))


def test_a_loss_only_of_the_model_itself_is_minimised() -> None:
    class Adds(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(tf.reduce_mean(inputs**2))
            return inputs

    inputs = keras.Input((12,))
    model = keras.Model(inputs, Adds()(keras.layers.Dense(CLASSES)(inputs)))
    history = tfviz.Trainer(model, optimizer="sgd").fit(samples()[0], epochs=3, progress="none")
    assert history.epochs["loss"][2] < history.epochs["loss"][0]
    with pytest.raises(tfviz.ModelError, match="nothing to minimise"):
        tfviz.Trainer(linear(), optimizer="sgd").fit(samples()[0], progress="none")
