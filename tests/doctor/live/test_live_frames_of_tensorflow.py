"""The user's own line in errors of TensorFlow and Keras: graphs, AutoGraph, datasets, layers."""

from __future__ import annotations

import pytest
from failing import failing

from tfviz.doctor.live.frames import frames_of, own_frame, told_place

pytest.importorskip("tensorflow")
HEAD = "import tensorflow as tf, keras, numpy as np\n"


def place(body: str, folder) -> tuple[int, str, list[str]]:
    """Line and function of the user's place, and the names that are alive there."""
    error = failing(HEAD + body.lstrip("\n"), folder)
    frames = frames_of(error)
    own, told = own_frame(frames), told_place(error, frames)
    assert own is not None
    found = told or own
    assert found.file == str(folder / "script.py")
    return found.line, found.function, [] if told else list(found.locals)


def test_a_layers_call_below_keras_is_the_place(tmp_path):
    body = """
class Net(keras.Model):
    def call(self, x):
        w = tf.ones((7, 3))
        return tf.matmul(x, w)
Net()(tf.ones((2, 3)))
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (5, "Net.call")
    assert {"x", "w"} <= set(names)


def test_a_layers_call_inside_fit_is_the_place(tmp_path):
    body = """
class Scale(keras.layers.Layer):
    def call(self, x):
        return tf.matmul(x, tf.ones((7, 3)))
model = keras.Sequential([Scale()])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 3)), verbose=0)
"""
    assert place(body, tmp_path)[:2] == (4, "Scale.call")


def test_lines_that_autograph_rewrote_are_the_users_with_live_names(tmp_path):
    body = """
def join(a, b):
    c = tf.concat([a, b],
                  axis=0)
    return c
@tf.function
def step(a, b):
    if tf.reduce_sum(a) > 0:
        y = join(a, b)
    else:
        y = a
    return y
step(tf.ones((2, 3)), tf.ones((2, 4)))
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (3, "join")
    assert {"a", "b"} <= set(names)


def test_a_branch_that_autograph_rewrote_is_the_users_line(tmp_path):
    body = """
@tf.function
def step(a, b):
    total = tf.constant(0.0)
    for i in tf.range(3):
        total += tf.reduce_sum(a + b)
    return total
step(tf.ones((2, 3)), tf.ones((2, 4)))
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (6, "step")
    assert {"a", "b"} <= set(names)


def test_a_function_mapped_over_a_dataset_is_the_place(tmp_path):
    body = """
def prepare(x):
    return tf.reshape(x, (2, 2))
data = tf.data.Dataset.from_tensor_slices(np.ones((4, 3))).map(prepare)
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (3, "prepare")
    assert "x" in names


def test_a_mapped_lambda_is_the_place(tmp_path):
    body = """
data = tf.data.Dataset.from_tensor_slices(np.ones((4, 3)))
data = data.map(lambda row: tf.reshape(row, (2, 2)))
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (3, "<lambda>")
    assert "row" in names


def test_an_operation_of_a_graph_is_told_where_it_was_written(tmp_path):
    body = """
@tf.function
def pick(labels):
    return tf.gather(tf.ones((3, 2)), labels)
def main():
    pick(tf.constant([9]))
main()
"""
    assert place(body, tmp_path)[:2] == (4, "pick")
    error = failing(HEAD + body.lstrip("\n"), tmp_path)
    own = own_frame(frames_of(error))
    assert own is not None
    assert (own.line, own.function) == (6, "main")


def test_a_label_out_of_range_is_told_at_the_users_fit(tmp_path):
    body = """
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(np.ones((8, 3)), np.full(8, 5), verbose=0)
"""
    line, _, names = place(body, tmp_path)
    assert line == 4
    assert "model" in names


def test_a_generator_inside_a_dataset_is_told_by_its_quoted_traceback(tmp_path):
    body = """
def rows():
    for i in range(3):
        yield np.zeros(2)[i]
spec = tf.TensorSpec((), tf.float64)
for _ in tf.data.Dataset.from_generator(rows, output_signature=spec):
    pass
"""
    assert place(body, tmp_path)[:2] == (4, "rows")


def test_a_function_of_python_inside_a_dataset_is_told_by_its_quoted_traceback(tmp_path):
    body = """
def look(x):
    return np.zeros(3)[int(x) + 5]
data = tf.data.Dataset.from_tensor_slices(np.ones(4))
for _ in data.map(lambda x: tf.py_function(look, [x], tf.float64)):
    pass
"""
    assert place(body, tmp_path)[:2] == (3, "look")


def test_a_sequence_that_keras_asks_is_the_place(tmp_path):
    body = """
class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3
    def __getitem__(self, i):
        return np.zeros((2, 3))[i + 2], np.zeros((2, 3))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
model.compile("sgd", "mse")
model.fit(Batches(), verbose=0)
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (6, "Batches.__getitem__")
    assert "i" in names


def test_a_loss_of_the_users_is_the_place_when_it_is_traced(tmp_path):
    body = """
def loss(labels, outputs):
    return tf.reduce_mean(tf.concat([labels, outputs], axis=0)[:, 5])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
model.compile("sgd", loss)
model.fit(np.ones((8, 3)), np.ones((8, 3)), verbose=0)
"""
    assert place(body, tmp_path)[:2] == (3, "loss")


def test_a_callback_of_the_users_is_the_place(tmp_path):
    body = """
class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(logs["accuracy"])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 3)), verbose=0, callbacks=[Watch()])
"""
    line, function, names = place(body, tmp_path)
    assert (line, function) == (4, "Watch.on_epoch_end")
    assert "logs" in names


def test_a_graph_that_an_earlier_fit_had_traced_fails_where_it_is_run_now(tmp_path):
    body = """
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
def warm_up():
    model.fit(np.ones((8, 3)), np.full(8, 1), verbose=0)
def train():
    model.fit(np.ones((8, 3)), np.full(8, 5), verbose=0)
warm_up()
train()
"""
    assert place(body, tmp_path)[:2] == (7, "train")


def test_an_earlier_line_of_the_same_function_is_not_told(tmp_path):
    body = """
rows = 3
gather = tf.function(tf.gather)
table = tf.ones((3, 2))
gather(table, tf.constant([1]))
gather(table, tf.constant([9]))
"""
    assert place(body, tmp_path)[0] == 6


def test_values_inside_a_traced_function_add_nothing_to_its_graph(tmp_path):
    import tensorflow as tf

    from tfviz.doctor.live.values import describe

    variable = tf.Variable([1.0])
    data = tf.data.Dataset.range(3)

    @tf.function(autograph=False)
    def step(x):
        before = len(tf.compat.v1.get_default_graph().get_operations())
        described = [str(describe(each)) for each in (variable, data, x)]
        after = len(tf.compat.v1.get_default_graph().get_operations())
        assert before == after
        assert described[0] == "Variable (1,) float32, on CPU:0"
        return x

    step(tf.ones(2))
