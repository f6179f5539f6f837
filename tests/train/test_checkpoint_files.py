"""Files of a checkpoint: whole or skipped, verified, and refused where another model's."""

import json
import os
import re
import shutil
import subprocess
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_checkpoint import build, equal, trained, tree, values

from tfviz.errors import OutputError, TrainingError
from tfviz.train.checkpoint import Checkpoint
from tfviz.train.state import TrainState


def test_the_variables_are_a_safetensors_file(tmp_path):
    model, _ = trained()
    folder = Checkpoint(tmp_path, model=model).save()
    data = (folder / "variables.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    kernel = header["model/" + model.layers[0].kernel.path]
    low, high = kernel["data_offsets"]
    assert (kernel["dtype"], kernel["shape"]) == ("F32", [6, 8])
    assert data[8 + size + low : 8 + size + high] == np.asarray(model.layers[0].kernel).tobytes()
    ends = sorted(tuple(each["data_offsets"]) for each in header.values())
    assert [low for low, _ in ends] == [0, *(high for _, high in ends[:-1])]
    assert ends[-1][1] == len(data) - 8 - size


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_sha256sum_verifies_a_checkpoint(tmp_path):
    folder = Checkpoint(
        tmp_path, v=tf.Variable(1.0), iterator=iter(tf.data.Dataset.range(3))
    ).save()
    said = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert said.returncode == 0
    assert said.stdout.count(b": OK") == len(list(folder.iterdir())) - 1 == 4


def test_the_newest_are_kept(tmp_path):
    number = tf.Variable(0)
    checkpoint = Checkpoint(tmp_path, keep=2, v=number)
    for i in range(5):
        number.assign(i)
        checkpoint.save()
    names = ["checkpoint-000004", "checkpoint-000005"]
    assert sorted(each.name for each in tmp_path.iterdir()) == names
    checkpoint.restore()
    assert int(number) == 4


@pytest.mark.parametrize(
    "name", ["state.json", "variables.safetensors", "iterator.index", "SHA256SUMS"]
)
@pytest.mark.parametrize("how", ["one bit", "cut", "gone"])
def test_a_damaged_newest_checkpoint_is_skipped_with_a_warning(tmp_path, name, how):
    number = tf.Variable(1)
    checkpoint = Checkpoint(tmp_path, v=number, iterator=iter(tf.data.Dataset.range(9)))
    checkpoint.save({"step": 1})
    number.assign(2)
    path = checkpoint.save({"step": 2}) / name
    data = bytearray(path.read_bytes())
    if how == "one bit":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[: len(data) // 2] if how == "cut" else data)
    if how == "gone":
        path.unlink()
    # In the list of hashes it is the name of a file that isn't there, or a hash that differs.
    blamed = "" if name == "SHA256SUMS" else name
    said = f"'checkpoint-000002' is damaged.*{blamed}.*going on from 'checkpoint-000001'"
    with pytest.warns(UserWarning, match=said):
        assert checkpoint.restore() == {"step": 1}
    assert int(number) == 1
    assert checkpoint.save().name == "checkpoint-000003"


def test_a_damaged_checkpoint_does_not_push_a_whole_one_out(tmp_path):
    checkpoint = Checkpoint(tmp_path, keep=2, v=tf.Variable(1))
    first, second = checkpoint.save(), checkpoint.save()
    (second / "state.json").unlink()
    with pytest.warns(UserWarning, match="damaged"):
        checkpoint.restore()
    checkpoint.save()
    assert first.exists()


def test_a_folder_without_a_whole_checkpoint_is_refused(tmp_path):
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(1))
    for _ in range(2):
        (checkpoint.save() / "variables.safetensors").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"no checkpoint in .* is whole.*hash differs"):
        checkpoint.restore()


def test_what_a_killed_process_began_is_removed(tmp_path):
    (tmp_path / ".tfviz-saving-old").mkdir()
    (tmp_path / ".tfviz-saving-old" / "state.json").write_text("{")
    long_ago = time.time() - 1000
    os.utime(tmp_path / ".tfviz-saving-old", (long_ago, long_ago))
    (tmp_path / ".tfviz-saving-young").mkdir()
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(1))
    assert checkpoint.restore() is None
    checkpoint.save()
    names = [".tfviz-saving-young", "checkpoint-000001"]
    assert sorted(each.name for each in tmp_path.iterdir()) == names


@pytest.mark.parametrize("part", ["variables", "iterator"])
def test_no_room_is_one_sentence_and_leaves_older_checkpoints_untouched(tmp_path, part):
    resource = pytest.importorskip("resource")
    data = tf.data.Dataset.range(9).map(lambda i: tf.random.stateless_normal([9000], [i, 1]))
    iterator = iter(data.shuffle(9)) if part == "iterator" else None
    weights = tf.Variable(np.random.default_rng(1).normal(size=9000 if iterator is None else 9))
    checkpoint = Checkpoint(tmp_path, v=weights, iterator=iterator)
    checkpoint.save()
    before = tree(tmp_path)
    if iterator is not None:
        next(iterator)
    # The same refusal as a full disk's, at the same calls: no file may grow beyond this.
    _, hard = limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(OutputError, match=r"can't write the checkpoint .* Older checkpoints"):
            checkpoint.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert tree(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 1
    assert checkpoint.save().name == "checkpoint-000002"


def test_a_place_that_is_a_file_is_refused_before_training(tmp_path):
    (tmp_path / "taken").write_text("")
    state = TrainState.of(more={"v": tf.Variable(0)})
    with pytest.raises(OutputError, match="is a file, not a folder"):
        Checkpoint.over(state, tmp_path / "taken")


# ---- what is another's


def refused(tmp_path, *, model, optimizer):
    """What is said; and nothing was changed."""
    before = values(model, optimizer)
    with pytest.raises(TrainingError) as caught:
        Checkpoint(tmp_path, model=model, optimizer=optimizer).restore()
    assert equal(values(model, optimizer), before)
    return str(caught.value)


def test_another_shape_is_refused_and_named(tmp_path):
    model, optimizer = trained(name="m")
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    other, other_optimizer = build(units=9, name="m")
    said = refused(tmp_path, model=other, optimizer=other_optimizer)
    assert re.search(
        r"'model/m/dense\S*/kernel' is float32 \(6, 8\), now float32 \(6, 9\)", said
    ) or ("only in the checkpoint" in said)


def test_another_shape_of_a_named_layer_is_told_with_both_shapes(tmp_path):
    def named(units):
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(units, name="d")], name="m")
        optimizer = keras.optimizers.SGD()
        optimizer.build(model.trainable_variables)
        return model, optimizer

    model, optimizer = named(8)
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    said = refused(tmp_path, model=(m := named(9))[0], optimizer=m[1])
    kernel = model.layers[0].kernel.path
    assert f"'model/{kernel}' is float32 (6, 8), now float32 (6, 9)" in said


def test_another_dtype_is_refused_and_named(tmp_path):
    Checkpoint(tmp_path, v=tf.Variable([1.0])).save()
    other = tf.Variable([1.0], dtype=tf.bfloat16)
    with pytest.raises(TrainingError, match=r"'v/0' is float32 \(1,\), now bfloat16 \(1,\)"):
        Checkpoint(tmp_path, v=other).restore()


def test_another_optimizer_is_refused_and_named(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    other, sgd = build(optimizer="sgd")
    assert "optimizer: Adam, now SGD" in refused(tmp_path, model=other, optimizer=sgd)


def test_a_layer_more_is_refused_and_named(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    model.add(keras.layers.Dense(2, name="one_more"))
    model.build((None, 6))
    other = keras.optimizers.Adam()
    other.build(model.trainable_variables)
    said = refused(tmp_path, model=model, optimizer=other)
    assert "only in what is trained now" in said
    assert "one_more" in said


def test_layers_of_other_names_are_refused_even_with_the_same_shapes(tmp_path):
    def named(name):
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, name=name)])

    Checkpoint(tmp_path, model=named("left")).save()
    with pytest.raises(TrainingError, match=r"only in the checkpoint: 'model/.*left"):
        Checkpoint(tmp_path, model=named("right")).restore()


@pytest.mark.parametrize("form", [0, 2, None])
def test_another_format_is_refused_with_both_versions(tmp_path, form):
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(0))
    folder = checkpoint.save()
    state = json.loads((folder / "state.json").read_text())
    state["format"], state["versions"]["tfviz"] = form, "0.0.1"
    (folder / "state.json").write_text(json.dumps(state))
    seal(folder)
    said = rf"is written in format {form} \(by tfviz 0\.0\.1\).*reads format 1"
    with pytest.raises(TrainingError, match=said):
        checkpoint.restore()


def seal(folder):
    import hashlib

    names = sorted(each.name for each in folder.iterdir() if each.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_a_name_that_leads_out_of_the_folder_is_no_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(0))
    folder = checkpoint.save()
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{'0' * 64}  ../../etc/passwd\n")
    with pytest.raises(TrainingError, match="isn't the list of hashes"):
        checkpoint.restore()
