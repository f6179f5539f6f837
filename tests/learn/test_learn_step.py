"""One training step, op by op: its gradients are the tape's, its rules are TensorFlow's."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz.errors import GradientError, InputError, LayerError, ModelError
from tfviz.learn.steps import tracing
from tfviz.learn.steps.data import load_compiled
from tfviz.learn.steps.lesson import StepLesson
from tfviz.learn.steps.making import step
from tfviz.learn.steps.nudging import nudge_op
from tfviz.learn.steps.picture import rows_of
from tfviz.learn.steps.records import BEHIND
from tfviz.model.tree import walk
from tfviz.zoo.loading import load_model

SPARSE = "sparse_categorical_crossentropy"
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Twice(keras.Model):
    """A subclass that calls one layer twice, attends, and adds a loss of its own."""

    def __init__(self) -> None:
        super().__init__(name="twice")
        self.shared = layers.Dense(8, activation="tanh", name="shared")
        self.attend = layers.MultiHeadAttention(2, 4, name="attend")
        self.head = layers.Dense(1, name="head")

    def call(self, x: Any) -> Any:
        x = x[:, :, 0, :]
        hidden = self.shared(x) * self.shared(x + 1.0)
        hidden = self.attend(hidden, hidden)
        self.add_loss(0.01 * tf.reduce_mean(tf.square(hidden)))
        return self.head(tf.reduce_mean(hidden, axis=1))


def normalised() -> keras.Model:
    """Convolution, batch normalisation, dropout, a regularizer."""
    body = [
        layers.Conv2D(4, 3, name="conv"),
        layers.BatchNormalization(name="bn"),
        layers.ReLU(name="relu"),
        layers.Dropout(0.5, seed=3, name="drop"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(3, activation="softmax", kernel_regularizer="l2", name="head"),
    ]
    return keras.Sequential([keras.Input((8, 8, 3)), *body], name="normalised")


def branched() -> keras.Model:
    """A functional model with a shortcut, depthwise convolution and a custom gradient (silu)."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    y = layers.Conv2D(4, 3, padding="same", activation="gelu", name="second")(x)
    y = layers.Add(name="add")([x, y])
    y = layers.DepthwiseConv2D(3, name="depthwise")(y)
    y = layers.LayerNormalization(name="norm")(y)
    y = layers.Activation("silu", name="silu")(y)
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    return keras.Model(inputs, layers.Dense(3, name="head")(y), name="branched")


def nested() -> keras.Model:
    inputs = keras.Input((8, 8, 3))
    outputs = layers.Dense(3, activation="softmax", name="top")(branched()(inputs))
    return keras.Model(inputs, outputs, name="outer")


def recurrent() -> keras.Model:
    body = [layers.Embedding(10, 4, name="embed"), layers.LSTM(3, name="lstm"), layers.Dense(1)]
    return keras.Sequential([keras.Input((5,)), *body], name="recurrent")


def halved() -> keras.Model:
    policy = keras.DTypePolicy("mixed_float16")
    body = [
        layers.Conv2D(4, 3, dtype=policy, name="conv"),
        layers.BatchNormalization(dtype=policy),
        layers.ReLU(dtype=policy),
        layers.GlobalAveragePooling2D(dtype=policy),
        layers.Dense(3, dtype=policy),
        layers.Activation("softmax", dtype="float32"),
    ]
    return keras.Sequential([keras.Input((8, 8, 3)), *body], name="halved")


RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((4, 8, 8, 3)).astype("float32")
CLASSES = np.array([0, 1, 2, 0])
VALUES = RANDOM.random((4, 1)).astype("float32")
WORDS = RANDOM.integers(0, 10, (4, 5))
CASES = {
    "normalised": (normalised, IMAGES, CLASSES, SPARSE),
    "branched": (branched, IMAGES, CLASSES, LOGITS),
    "nested": (nested, IMAGES, CLASSES, SPARSE),
    "subclassed": (Twice, IMAGES, VALUES, "mse"),
    "recurrent": (recurrent, WORDS, VALUES, "mse"),
    "halved": (halved, IMAGES, CLASSES, SPARSE),
}


@pytest.fixture(scope="module")
def stepped() -> dict[str, tuple[keras.Model, StepLesson, list[np.ndarray]]]:
    """Each model with its step, and what its variables were before."""
    found = {}
    for name, (build, x, y, loss) in CASES.items():
        keras.utils.set_random_seed(1)
        model = build()
        model(x[:1])
        before = [each.numpy() for each in model.variables]
        found[name] = (model, step(model, x, y, loss), before)
    return found


def taped(model: Any, x: Any, y: Any, loss: Any) -> list[np.ndarray]:
    """The gradients of an ordinary tape in an ordinary tf.function; the model is put back."""
    judge = keras.losses.get(loss) if isinstance(loss, str) else loss
    kept = [(each, each.numpy()) for each in model.variables]

    @tf.function(autograph=False)
    def gradients() -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(judge(y, model(x, training=True)))
            value += sum(tf.cast(each, value.dtype) for each in model.losses)
        return tape.gradient(value, [each.value for each in model.trainable_variables])

    with tracing.as_written():
        found = [tf.convert_to_tensor(each).numpy() for each in gradients()]
    for each, value in kept:
        each.assign(value)
    return found


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_tape_bit_for_bit(stepped: Any, name: str) -> None:
    model, lesson, _ = stepped[name]
    _, x, y, loss = CASES[name]
    tape = taped(model, tf.constant(x), tf.constant(y), loss)
    assert list(lesson.gradients) == [each.path for each in model.trainable_variables]
    for (path, mine), theirs in zip(lesson.gradients.items(), tape, strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=path)
        assert np.any(theirs != 0), path


@pytest.mark.parametrize("name", CASES)
def test_the_model_is_left_as_it_was(stepped: Any, name: str) -> None:
    model, _, before = stepped[name]
    for each, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(each.numpy(), value, err_msg=each.path)
    assert all("call" not in each.__dict__ for each in model._flatten_layers())


@pytest.mark.parametrize("name", CASES)
def test_every_formula_gives_tensorflows_numbers(stepped: Any, name: str) -> None:
    wrong = [
        (op.name, op.kind, each.letter, each.off_by)
        for op in stepped[name][1].ops
        for each in op.inputs
        if each.follows is False
    ]
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
def test_no_finite_difference_contradicts_a_gradient(stepped: Any, name: str) -> None:
    told = [each.agrees for each in stepped[name][1].nudges()]
    assert told.count(False) == 0
    assert told.count(True) > 0.85 * len(told) > 0


@pytest.mark.parametrize("name", CASES)
def test_what_comes_back_from_several_uses_adds_up(stepped: Any, name: str) -> None:
    outputs = [each for op in stepped[name][1].ops for each in op.outputs]
    close = 2e-3 if name == "halved" else 1e-6
    assert max(each.sum_off_by for each in outputs) < close
    assert any(len(each.uses) > 1 for each in outputs) == (name != "recurrent")


def test_a_batch_seen_twice_by_a_layer_gives_its_kernel_two_gradients(stepped: Any) -> None:
    lesson = stepped["subclassed"][1]
    calls = [each.call for each in lesson.layers if each.path == "shared"]
    assert calls == [1, 2]
    kernel = next(op for op in lesson.ops if op.layer == "shared" and op.short == "kernel")
    assert len(kernel.outputs[0].uses) == 2


def test_a_step_worked_out_by_hand() -> None:
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, name="d")])
    model.layers[0].set_weights([np.array([[2.0]])])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    lesson = step(model, np.array([[3.0]]), np.array([[5.0]]))
    # (2 * 3 - 5)^2 = 1, of which the derivative by the weight is 2 * (6 - 5) * 3.
    assert lesson.loss == 1.0
    assert [each.tolist() for each in lesson.gradients.values()] == [[[6.0]]]
    assert lesson.weights[0].ratio == pytest.approx(0.1 * 6 / 2)
    product = next(op for op in lesson.ops if op.kind == "MatMul")
    assert product.outputs[0].value.first == (6.0,)
    assert product.outputs[0].gradient.first == (2.0,)
    into_kernel = product.inputs[1]
    assert into_kernel.part.first == (6.0,)
    assert into_kernel.put_in == "3 · 2 = 6"
    assert into_kernel.nudges[0].difference == pytest.approx(6.0)


def test_a_step_of_eager_tape_is_the_same_to_rounding() -> None:
    keras.utils.set_random_seed(2)
    model = branched()
    lesson = step(model, IMAGES, CLASSES, LOGITS, checks=False)
    with tf.GradientTape() as tape:
        loss = LOGITS(CLASSES, model(IMAGES, training=True))
    eager = tape.gradient(loss, [each.value for each in model.trainable_variables])
    for mine, theirs in zip(lesson.gradients.values(), eager, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert lesson.loss == pytest.approx(float(loss), rel=1e-6)


def test_dropout_uses_the_seed_that_fit_would_use_next() -> None:
    keras.utils.set_random_seed(3)
    model = normalised()
    first = step(model, IMAGES, CLASSES, SPARSE, checks=False)
    again = step(model, IMAGES, CLASSES, SPARSE, checks=False)
    assert first.loss == again.loss
    model.layers[3](IMAGES, training=True)
    assert step(model, IMAGES, CLASSES, SPARSE, checks=False).loss != first.loss


def test_a_loop_is_one_op_and_its_cell_has_gradients(stepped: Any) -> None:
    lesson = stepped["recurrent"][1]
    loops = [op for op in lesson.ops if op.kind in ("While", "StatelessWhile")]
    assert len(loops) == 1
    into = {each.made_by: each for each in loops[0].inputs if each.part is not None}
    assert {name.rsplit("/", 1)[-1] for name in into} == {"kernel", "recurrent_kernel", "bias"}
    assert all("graph of its own" in each.unchecked for each in into.values())
    assert any("A loop over time steps" in each for each in lesson.notes)
    kernels = [each for each in lesson.weights if "lstm" in each.path]
    assert len(kernels) == 3
    assert all(each.gradient.norm > 0 for each in kernels)
    assert any(each.nudge.agrees for each in kernels)


def test_a_custom_gradient_is_told_as_its_authors(stepped: Any) -> None:
    lesson = stepped["branched"][1]
    carriers = [op for op in lesson.ops if op.kind == "IdentityN"]
    assert carriers
    assert all("tf.custom_gradient" in op.words for op in carriers)
    assert any("author's rule" in each for each in lesson.notes)


def test_softmax_that_the_loss_goes_around_is_told(stepped: Any) -> None:
    assert any("no gradient passes softmax" in each for each in stepped["normalised"][1].notes)
    assert not any("sigmoid" in each for each in stepped["branched"][1].notes)


def test_half_precision_is_told_and_no_weight_is_nudged(stepped: Any) -> None:
    lesson = stepped["halved"][1]
    assert any("float16" in each for each in lesson.notes)
    assert all(each.nudge is None for each in lesson.weights)


def test_regularizers_stand_behind_the_model(stepped: Any) -> None:
    lesson = stepped["normalised"][1]
    behind = lesson.layer("loss")
    assert behind.opened == BEHIND
    assert {"Square", "SparseSoftmaxCrossEntropyWithLogits"} <= {op.kind for op in behind.ops}
    kernel = next(op for op in lesson.ops if op.layer == "head" and op.short == "kernel")
    assert len(kernel.outputs[0].uses) == 2


def test_a_wrong_gradient_is_found_by_its_finite_difference() -> None:
    graph = tf.Graph()
    with graph.as_default():
        op = tf.sigmoid(tf.compat.v1.placeholder(tf.float32, (3,))).op
    x, dy = np.array([0.1, -2.0, 3.0], np.float32), np.array([1.0, 2.0, -1.0], np.float32)
    y = 1 / (1 + np.exp(-np.float64(x)))
    right = np.float32(dy * y * (1 - y))
    for part, agrees in ((right, True), (right * np.float32(1.01), False)):
        (found,) = nudge_op(op, [x], {0: dy}, [0], part, [(1,)])
        assert found.agrees is agrees


def test_at_a_kink_nothing_is_claimed() -> None:
    graph = tf.Graph()
    with graph.as_default():
        op = tf.nn.relu(tf.compat.v1.placeholder(tf.float32, (1,))).op
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    (found,) = nudge_op(op, [zero], {0: one}, [0], zero, [(0,)])
    assert found.agrees is None
    assert found.note == "a kink: the slope is 0 to the left and 1 to the right"


def test_the_compiled_loss_and_the_optimizer_of_the_model_are_used_and_left() -> None:
    keras.utils.set_random_seed(4)
    model = normalised()
    model.compile(keras.optimizers.Adam(0.01), SPARSE, metrics=["accuracy"])
    model.fit(IMAGES, CLASSES, verbose=0)
    kept = [each.numpy() for each in (*model.variables, *model.optimizer.variables)]
    lesson = step(model, IMAGES, CLASSES, checks=False)
    now = [each.numpy() for each in (*model.variables, *model.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(kept, now, strict=True))
    assert lesson.updated_by == "the model's Adam"
    before = [each.numpy() for each in model.trainable_variables]
    model.optimizer.apply_gradients(
        zip(lesson.gradients.values(), model.trainable_variables, strict=True)
    )
    for old, each, weight in zip(before, model.trainable_variables, lesson.weights, strict=True):
        moved = np.linalg.norm(each.numpy() - old)
        if weight.ratio is not None:
            assert weight.ratio == pytest.approx(moved / np.linalg.norm(old), rel=1e-4)


def test_a_layers_ratio_is_of_all_its_weights_together_and_not_of_a_bias_near_zero() -> None:
    keras.utils.set_random_seed(4)
    model = normalised()
    model.get_layer("conv").bias.assign(np.full(4, 1e-3))
    model.compile(keras.optimizers.Adam(0.01), SPARSE)
    lesson = step(model, IMAGES, CLASSES, checks=False)
    conv = model.get_layer("conv")
    before = np.concatenate([each.numpy().ravel() for each in conv.trainable_variables])
    model.optimizer.apply_gradients(
        zip(lesson.gradients.values(), model.trainable_variables, strict=True)
    )
    after = np.concatenate([each.numpy().ravel() for each in conv.trainable_variables])
    expected = np.linalg.norm(after - before) / np.linalg.norm(before)
    told = next(each for each in lesson.layers if each.path == "conv")
    assert told.ratio == pytest.approx(expected, rel=1e-4)
    bias = next(each for each in lesson.weights if each.path.endswith("conv/bias"))
    assert bias.ratio is not None
    assert bias.ratio > 10 * expected
    row = next(each for each in str(lesson).splitlines() if "conv Conv2D" in each)
    assert row.endswith(f"{expected:.1e}")
    drawn = {name: ratio for name, _, ratio in rows_of(lesson)}
    assert drawn["conv"] == told.ratio
    twin = next(each for each in lesson.to_dict()["layers"] if each["path"] == "conv")
    assert twin["ratio"] == told.ratio


def test_tensorflows_optimizer_option_is_put_back_also_after_an_error() -> None:
    before = tf.config.optimizer.get_experimental_options()

    def fail() -> None:
        with tracing.as_written():
            assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"]
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert tf.config.optimizer.get_experimental_options() == before


def test_a_model_without_loss_says_what_to_type() -> None:
    with pytest.raises(ModelError, match=r"has no loss.*loss='mse' \(--loss NAME"):
        step(branched(), IMAGES, CLASSES)


def test_bad_input_is_refused_in_a_sentence() -> None:
    model = branched()
    with pytest.raises(InputError, match="Did you mean 'mse'"):
        step(model, IMAGES, CLASSES, "mse_")
    with pytest.raises(InputError, match="equally many samples; here x 4, y 3"):
        step(model, IMAGES, CLASSES[:3], LOGITS)
    with pytest.raises(InputError, match="holds no samples"):
        step(model, IMAGES[:0], CLASSES[:0], LOGITS)
    model.trainable = False
    with pytest.raises(GradientError, match="every layer frozen"):
        step(model, IMAGES, CLASSES, LOGITS)


def test_a_step_too_large_for_the_memory_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "MOST_NUMBERS", 10_000)
    with pytest.raises(InputError, match=r"values and gradients \(.* give 1 samples or fewer"):
        step(branched(), IMAGES, CLASSES, LOGITS)


def test_an_unknown_layer_is_told_with_its_neighbours(stepped: Any) -> None:
    lesson = stepped["nested"][1]
    assert lesson.find("second") == "branched/second"
    with pytest.raises(LayerError, match="Did you mean 'depthwise'"):
        lesson.layer("depthwize")


@pytest.mark.parametrize("name", CASES)
def test_the_terminal_needs_eighty_columns(stepped: Any, name: str) -> None:
    lesson = stepped[name][1]
    opened = [lesson.layer(each.path or lesson.model) for each in lesson.layers]
    for each in (lesson, *opened):
        assert max(map(len, str(each).splitlines())) <= 80


def test_the_twin_page_and_picture_tell_the_same(stepped: Any, tmp_path: Any) -> None:
    lesson = stepped["normalised"][1]
    png, svg, page, twin = lesson.save(tmp_path, ["png", "svg", "html", "json"])
    numbers = json.loads(twin.read_text())
    assert numbers["loss"] == lesson.loss
    assert [each["path"] for each in numbers["weights"]] == list(lesson.gradients)
    assert numbers["checks"]["formulas"] == numbers["checks"]["formulas_right"] > 20
    text = page.read_text()
    assert "dy · (softmax(a) − one_hot(b))" in text
    assert text.count("<section") == text.count('class="step finer"') + text.count('class="step"')
    assert "update / weight" in svg.read_text()
    assert png.stat().st_size > 10_000


@pytest.mark.slow
def test_the_command_explains_everyday10_on_a_photo(tfviz_cli: Any, tmp_path: Any) -> None:
    said = tfviz_cli(
        "learn", "step", "everyday10", "--image", "sample:cat", "--label", "cat", "--out", tmp_path
    )
    assert said.code == 0, said.err
    twin = json.loads((tmp_path / "step-everyday10-image-sample.cat-label-cat.json").read_text())
    assert twin["checks"]["differ"] == 0
    assert twin["checks"]["formulas_right"] == twin["checks"]["formulas"] > 100
    assert f"loss {twin['loss']:.6g}" in said.out
    assert "logits Dense" in said.out


def test_the_command_takes_a_compiled_model_and_arrays(tfviz_cli: Any, tmp_path: Any) -> None:
    model = normalised()
    model.compile("adam", SPARSE)
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", x_train=IMAGES, y_train=CLASSES)
    said = tfviz_cli(
        "learn", "step", tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--samples", "2",
        "--layer", "bn", "--save", "none",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "on 2 samples" in said.out
    assert "dx = -dy · y³ / 2" in said.out


@keras.saving.register_keras_serializable("tests")
class Unnamed(keras.Model):
    """A subclass whose layers Keras names."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.one, self.two = layers.Conv2D(2, 3), layers.Conv2D(3, 3)
        self.pool = layers.GlobalAveragePooling2D()

    def call(self, x: Any) -> Any:
        return self.pool(self.two(self.one(x)))


def _unheard_of(y: Any, p: Any) -> Any:
    return tf.reduce_sum(tf.square(p - tf.cast(y, p.dtype)), -1)


@pytest.mark.parametrize("loss", ["mse", _unheard_of])
def test_layers_without_a_name_are_called_as_by_tfviz_layers(loss: Any, tmp_path: Any) -> None:
    made = Unnamed()
    made.compile("adam", loss)
    made.fit(IMAGES, np.zeros((len(IMAGES), 3)), verbose=0)
    made.save(tmp_path / "sub.keras")
    names = []
    for load in (load_model, load_compiled):
        keras.utils.clear_session(free_memory=False)
        found = load(str(tmp_path / "sub.keras"))
        names.append([each.path for each in walk(found)])
    assert names[0] == names[1]
    assert found.compiled is (loss == "mse")


def test_the_command_refuses_in_one_sentence(tfviz_cli: Any, tmp_path: Any) -> None:
    np.savez(tmp_path / "d.npz", a=IMAGES)
    np.savez(tmp_path / "s.npz", x=IMAGES, y=CLASSES[:-1])
    for arguments, words in (
        (["--data", tmp_path / "d.npz"], "has the arrays a and no 'x'"),
        (["--data", tmp_path / "e.npz"], "There is no data file"),
        (["--data", tmp_path], "is a folder"),
        (["--data", tmp_path / "s.npz"], "different numbers of samples"),
        (["--image", "sample:cat"], "--label CLASS"),
        (["--image", "sample:cat", "--label", "catt"], "Did you mean 'cat'"),
        ([], "Give --data FILE.npz, or --image PHOTO"),
    ):
        said = tfviz_cli("learn", "step", "everyday10", *arguments)
        assert said.code == 2
        assert words in said.err


def test_beside_a_loop_the_rest_of_a_gradient_is_the_loops() -> None:
    keras.utils.set_random_seed(5)
    recurrent_layer = layers.LSTM(3, kernel_regularizer="l2", name="lstm")
    model = keras.Sequential([keras.Input((5, 4)), recurrent_layer, layers.Dense(1)])
    lesson = step(model, RANDOM.random((4, 5, 4)), VALUES, "mse", checks=False)
    kernel = next(op for op in lesson.ops if op.layer.startswith("lstm") and op.short == "kernel")
    kinds = {each.name: each.kind for each in lesson.ops}
    assert sorted(kinds[each.op] for each in kernel.outputs[0].uses) == ["Square", "StatelessWhile"]
    square = next(each for each in kernel.outputs[0].uses if kinds[each.op] == "Square")
    values = model.trainable_variables[0].numpy()
    assert square.part.norm == pytest.approx(2 * 0.01 * np.linalg.norm(values), rel=1e-5)
