"""What a checkpoint holds comes back bit for bit; what doesn't fit or isn't whole is refused."""

import json
import os
import random
import re
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.errors import InputError, OutputError, TrainingError
from tfviz.train.checkpoint import Checkpoint
from tfviz.train.checkpoint_random import shared_seed
from tfviz.train.state import TrainState

KINDS = [
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "int64",
    "int8",
    "uint16",
    "int4",
    "qint8",
    "bool",
    "complex64",
]


def build(units=8, seed=0, optimizer="adam", name=None):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3),
        ],
        name=name,
    )
    optimizer = keras.optimizers.get(optimizer)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def trained(steps=3, **options):
    """A model that has made a few steps, so that nothing is as it was at first."""
    model, optimizer = build(**options)
    x = np.random.default_rng(steps).normal(size=(16, 6)).astype("float32")
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return model, optimizer


def values(*owners):
    return [np.asarray(v) for owner in owners for v in owner.variables]


def equal(first, second):
    pairs = zip(first, second, strict=True)
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def tree(folder):
    """Every file below a folder with its content."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()
    }


# ---- what comes back


def test_model_optimizer_and_dropout_seeds_come_back_in_a_fresh_model(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save({"step": 3})
    fresh, fresh_optimizer = build(seed=1)
    assert not equal(values(model, optimizer), values(fresh, fresh_optimizer))
    counters = Checkpoint(tmp_path, model=fresh, optimizer=fresh_optimizer).restore()
    assert counters == {"step": 3}
    assert equal(values(model, optimizer), values(fresh, fresh_optimizer))
    seeds = [v for v in fresh.variables if "seed_generator" in v.path]
    assert len(seeds) == 1
    assert int(np.asarray(seeds[0])[1]) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_every_dtype_comes_back_with_its_bits(tmp_path, kind):
    dtype = tf.as_dtype(kind)
    size = np.dtype(dtype.as_numpy_dtype).itemsize
    data = np.random.default_rng(1).integers(0, 8 if kind == "int4" else 2, 6 * size, np.uint8)
    array = np.frombuffer(data.tobytes(), dtype.as_numpy_dtype).reshape(2, 3)
    try:
        variable = tf.Variable(array, dtype=dtype)
        other = tf.Variable(np.zeros_like(array), dtype=dtype)
    except (TypeError, tf.errors.OpError):
        pytest.skip(f"this TensorFlow has no variables of {kind}")
    Checkpoint(tmp_path, it=variable).save()
    Checkpoint(tmp_path, it=other).restore()
    assert other.numpy().tobytes() == data.tobytes()


def test_nan_payloads_signed_zeros_and_subnormals_keep_their_bits(tmp_path):
    bits = np.array([0x7FC01234, 0x80000000, 0x00000001, 0xFF800000], np.uint32)
    variable, other = tf.Variable(bits.view(np.float32)), tf.Variable(np.zeros(4, np.float32))
    Checkpoint(tmp_path, it=variable).save()
    Checkpoint(tmp_path, it=other).restore()
    assert other.numpy().view(np.uint32).tolist() == bits.tolist()


def test_texts_of_any_bytes_come_back(tmp_path):
    texts = [["", "ä€"], [b"\x00\xff", "a" * 1000]]
    variable, other = tf.Variable(texts), tf.Variable([["", ""], ["", ""]])
    one, other_one = tf.Variable(b"\xfe"), tf.Variable("")
    Checkpoint(tmp_path, it=variable, one=one).save()
    Checkpoint(tmp_path, it=other, one=other_one).restore()
    assert other.numpy().tolist() == variable.numpy().tolist()
    assert other_one.numpy() == b"\xfe"


def test_a_variable_of_any_shape_comes_back_in_the_shape_it_had(tmp_path):
    variable = tf.Variable(np.arange(6.0).reshape(2, 3), shape=tf.TensorShape(None))
    other = tf.Variable(0.0, dtype=tf.float64, shape=tf.TensorShape(None))
    Checkpoint(tmp_path, it=variable, none=tf.Variable(np.zeros((0, 3)))).save()
    Checkpoint(tmp_path, it=other, none=tf.Variable(np.zeros((0, 3)))).restore()
    assert other.numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_counters_come_back_as_plain_numbers_and_exactly(tmp_path):
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(0))
    checkpoint.save({"step": np.int64(7), "loss": 0.1 + 0.2, "losses": tf.constant([1.5, 2.5])})
    assert checkpoint.restore() == {"step": 7, "loss": 0.1 + 0.2, "losses": [1.5, 2.5]}


def test_counters_that_json_cannot_hold_leave_nothing_behind(tmp_path):
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(0))
    with pytest.raises(TypeError, match="can't be kept as JSON"):
        checkpoint.save({"what": object()})
    assert list(tmp_path.iterdir()) == []


def draw_all():
    return [
        random.random(),
        random.gauss(0, 1),
        *np.random.normal(size=3),
        *tf.random.get_global_generator().normal([2]).numpy(),
        *keras.ops.convert_to_numpy(keras.random.uniform((2,))),
    ]


def test_random_states_come_back(tmp_path):
    draw_all()
    checkpoint = Checkpoint(tmp_path, v=tf.Variable(0))
    checkpoint.save()
    first = draw_all()
    assert draw_all() != first
    checkpoint.restore()
    assert draw_all() == first


def test_saving_draws_no_random_number(tmp_path):
    def sequence(save):
        keras.utils.set_random_seed(5)
        tf.random.set_global_generator(tf.random.Generator.from_seed(5))
        # Keras 3.12 keeps this one when the process gets another seed.
        shared_seed().assign([5, 0])
        drawn = draw_all()
        for _ in range(3):
            if save:
                Checkpoint(tmp_path, v=tf.Variable(0)).save()
            drawn += draw_all()
        return drawn

    assert sequence(save=True) == sequence(save=False)


def test_random_generators_given_by_name_come_back(tmp_path):
    own = {
        "numbers": np.random.default_rng(1),
        "python": random.Random(2),
        "keras_seed": keras.random.SeedGenerator(3),
        "tf_generator": tf.random.Generator.from_seed(4),
    }

    def draw():
        return [
            own["numbers"].normal(),
            own["python"].random(),
            float(keras.random.uniform((), seed=own["keras_seed"])),
            float(own["tf_generator"].normal([])),
        ]

    draw()
    checkpoint = Checkpoint(tmp_path, **own)
    checkpoint.save()
    first = draw()
    checkpoint.restore()
    assert draw() == first


def test_metrics_and_layers_are_given_by_name(tmp_path):
    metric, layer = keras.metrics.Mean(), keras.layers.Dense(2)
    layer.build((None, 3))
    metric.update_state([1.0, 4.0])
    Checkpoint(tmp_path, metric=metric, parts=[layer, tf.Variable(5)]).save()
    other, other_layer, number = keras.metrics.Mean(), keras.layers.Dense(2), tf.Variable(0)
    other_layer.build((None, 3))
    Checkpoint(tmp_path, metric=other, parts=[other_layer, number]).restore()
    assert float(other.result()) == 2.5
    assert int(number) == 5
    assert equal(values(layer), values(other_layer))


def test_two_models_with_an_optimizer_each_come_back(tmp_path):
    first, second = trained(2), trained(4, units=5)
    Checkpoint(tmp_path, model=[first[0], second[0]], optimizer=[first[1], second[1]]).save()
    a, b = build(seed=8), build(seed=9, units=5)
    Checkpoint(tmp_path, model=[a[0], b[0]], optimizer=[a[1], b[1]]).restore()
    assert equal(values(*first, *second), values(*a, *b))


def test_a_loss_scale_comes_back(tmp_path):
    def scaled():
        model, inner = build()
        optimizer = keras.optimizers.LossScaleOptimizer(inner)
        optimizer.build(model.trainable_variables)
        return model, optimizer

    model, optimizer = scaled()
    optimizer.dynamic_scale.assign(512.0)
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    model, optimizer = scaled()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).restore()
    assert float(optimizer.dynamic_scale.value) == 512.0


def test_an_optimizer_that_made_no_step_yet_is_built(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    fresh, other = build()[0], keras.optimizers.Adam()
    Checkpoint(tmp_path, model=fresh, optimizer=other).restore()
    assert equal(values(optimizer), values(other))


def test_the_model_alone_is_read_from_a_checkpoint_of_more(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path, model=model, optimizer=optimizer).save()
    fresh, _ = build(seed=1)
    Checkpoint(tmp_path, model=fresh).restore()
    assert equal(values(model), values(fresh))


def test_an_empty_or_absent_folder_holds_nothing_to_restore(tmp_path):
    checkpoint = Checkpoint(tmp_path / "new", v=tf.Variable(0))
    assert checkpoint.restore() is None
    assert checkpoint.latest is None
    assert not (tmp_path / "new").exists()


# ---- files


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


# ---- what is not finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["kernel", "moving statistic", "optimizer"])
def test_weights_that_are_not_finite_are_never_written(tmp_path, bad, where):
    model, optimizer = trained()
    checkpoint = Checkpoint(tmp_path, model=model, optimizer=optimizer, keep=1)
    checkpoint.save()
    before, before_files = values(model, optimizer), tree(tmp_path)
    variable = {
        "kernel": model.layers[0].kernel,
        "moving statistic": model.layers[1].moving_variance,
        "optimizer": optimizer.variables[-1],
    }[where]
    array = np.asarray(variable).copy()
    array.flat[-1] = bad
    variable.assign(array)
    with pytest.warns(UserWarning, match=r"no checkpoint was written.*isn't finite"):
        assert checkpoint.save() is None
    assert tree(tmp_path) == before_files
    checkpoint.restore()
    assert equal(values(model, optimizer), before)


def test_a_metric_may_be_nan(tmp_path):
    metric = keras.metrics.Mean()
    metric.update_state(np.nan)
    assert Checkpoint(tmp_path, model=build()[0], metrics=metric).save() is not None


class Masked(keras.layers.Layer):
    def build(self, shape):
        self.mask = self.add_weight(shape=(4, 4), trainable=False, name="mask")
        self.mask.assign(np.triu(np.full((4, 4), -np.inf), 1))

    def call(self, x):
        return x


def test_a_constant_that_was_never_finite_is_no_reason_to_refuse(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Masked(), keras.layers.Dense(2)])
    assert Checkpoint(tmp_path, model=model).save() is not None


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


# ---- what can't be saved at all


@pytest.mark.parametrize("keep", [0, -1, 1.5, True, "3"])
def test_keep_is_a_count(tmp_path, keep):
    with pytest.raises(InputError, match="keep="):
        Checkpoint(tmp_path, v=tf.Variable(0), keep=keep)


@pytest.mark.parametrize("thing", [3, "text", object(), {1, 2}])
def test_something_without_variables_is_refused(tmp_path, thing):
    with pytest.raises(InputError, match=r"thing= has no variables.*save\(counters\)"):
        Checkpoint(tmp_path, thing=thing)


def test_a_model_without_variables_yet_is_refused(tmp_path):
    model = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(InputError, match=r"has no variables yet: call it once"):
        Checkpoint(tmp_path, model=model)


def test_nothing_is_warned_of_in_an_ordinary_life(tmp_path):
    model, optimizer = trained()
    data = iter(tf.data.Dataset.range(9).shuffle(9).repeat().batch(2))
    checkpoint = Checkpoint(tmp_path, model=model, optimizer=optimizer, iterator=data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoint.restore()
        checkpoint.save({"step": 1})
        checkpoint.restore()
