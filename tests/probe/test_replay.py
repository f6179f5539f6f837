"""A kept batch comes back bit for bit, and meets the same seeds."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.probe import replay
from tfviz.probe.nonfinite import first_nonfinite


def round_trip(folder, batch):
    return replay.load(replay.save(folder, batch, {"step": 3})).batch


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool", "complex64"]
)
def test_every_type_comes_back_bit_for_bit(tmp_path, kind):
    value = tf.cast(tf.constant([[0.1, -3.7], [1e4, 2.0]]), kind)
    back = round_trip(tmp_path, (value,))
    assert back[0].dtype == value.dtype
    assert np.array_equal(tf.io.serialize_tensor(back[0]), tf.io.serialize_tensor(value))


def test_nan_infinity_and_minus_zero_come_back(tmp_path):
    value = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)
    assert round_trip(tmp_path, value).numpy().tobytes() == value.tobytes()


def test_nesting_comes_back(tmp_path):
    batch = ({"a": tf.zeros((2, 1)), "b": [tf.ones(2), None]}, tf.constant([1, 2]), None)
    back = round_trip(tmp_path, batch)
    assert isinstance(back, tuple)
    assert back[2] is None
    assert list(back[0]) == ["a", "b"]
    assert back[0]["b"][1] is None
    assert np.array_equal(back[1], [1, 2])


def test_strings_come_back_with_zeros_at_their_end(tmp_path):
    batch = tf.constant([[b"a\x00", b""], ["größe".encode(), b"\xff\x00\x00"]])
    assert np.array_equal(round_trip(tmp_path, batch).numpy(), batch.numpy())


def test_ragged_and_sparse_tensors_come_back(tmp_path):
    ragged = tf.ragged.constant([[[1.0, 2.0]], [[3.0], [4.0, 5.0]]])
    sparse = tf.SparseTensor([[0, 1], [2, 0]], [1.5, 2.5], (3, 2))
    back = round_trip(tmp_path, (ragged, sparse))
    assert back[0].to_list() == ragged.to_list()
    assert np.array_equal(tf.sparse.to_dense(back[1]), tf.sparse.to_dense(sparse))


def test_a_report_is_kept_with_its_batch_and_says_the_same_again(tmp_path):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    x = keras.layers.Dropout(0.5, name="drop")(inputs)
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: tf.math.log(x), name="log")(x))

    def forward(batch):
        return {"loss": tf.reduce_mean(model(batch[0], training=True))}

    report = first_nonfinite(model, forward, (tf.ones((8, 4)),))
    kept = replay.load(report.save(tmp_path / "bad"))
    assert kept.about == json.loads(json.dumps(report.to_dict()))
    for variable in model.variables:  # other seeds by now
        variable.assign(variable + 5)
    again = kept.again(model, forward)
    assert (again.layer, again.share) == (report.layer, report.share) == ("log", again.share)


def test_files_hold_no_pickle(tmp_path):
    replay.save(tmp_path, (tf.zeros(3), tf.constant(["text"])), {})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["batch.json", "batch.npz"]
    with np.load(tmp_path / "batch.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_an_empty_folder_and_a_broken_file_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no kept batch"):
        replay.load(tmp_path)
    replay.save(tmp_path, tf.zeros(3), {})
    (tmp_path / "batch.npz").write_bytes((tmp_path / "batch.npz").read_bytes()[:50])
    with pytest.raises(InputError, match="changed or cut off"):
        replay.load(tmp_path)
