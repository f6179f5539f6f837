"""The first layer with a value that isn't finite is named: forward, backward, loss and input."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfviz
from tfviz.probe.nonfinite import first_nonfinite

FEATURES = 6


@keras.saving.register_keras_serializable("tests")
class Faulty(keras.layers.Layer):
    """Makes one kind of fault; `fault` of 'log', 'divide', 'overflow', 'sqrt', 'back'."""

    def __init__(self, fault: str, **options):
        super().__init__(**options)
        self.fault = fault

    def call(self, x):
        if self.fault == "log":
            return tf.math.log(-tf.abs(x) - 1)
        if self.fault == "divide":
            return x + tf.ones_like(x) / tf.zeros_like(x)
        if self.fault == "overflow":
            return tf.exp(x * 0 + tf.cast(1000.0, x.dtype))
        if self.fault == "sqrt":
            return tf.sqrt(x * 0) + x
        return nan_back(x)


@tf.custom_gradient
def nan_back(x):
    return tf.identity(x), lambda upstream: upstream * float("nan")


def batch(count: int = 8):
    random = np.random.default_rng(0)
    x = random.normal(size=(count, FEATURES)).astype(np.float32)
    return tf.constant(x), tf.constant(random.integers(0, 3, count))


def forward_of(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return lambda batch: {"loss": loss(batch[1], model(batch[0], training=True))}


def looked(model, data=None, **options):
    data = batch() if data is None else data
    return first_nonfinite(model, forward_of(model), data, **options)


def middle(k: int, at: int, fault: str):
    """Layer k of a net: the fault at one place, something ordinary elsewhere."""
    if k == at:
        return Faulty(fault, name=f"fault{k}")
    kinds = [
        lambda: keras.layers.Dense(FEATURES, name=f"dense{k}"),
        lambda: keras.layers.BatchNormalization(name=f"norm{k}"),
        lambda: keras.layers.Dropout(0.2, name=f"drop{k}"),
        lambda: keras.layers.Activation("tanh", name=f"tanh{k}"),
    ]
    return kinds[k % 4]()


def sequential(at, fault):
    layers = [middle(k, at, fault) for k in range(6)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers, keras.layers.Dense(3, name="out")])


def functional(at, fault):
    x = inputs = keras.Input((FEATURES,))
    for k in range(6):
        # Every tensor is read twice: by the layer, and around it.
        x = keras.layers.Add(name=f"add{k}")([middle(k, at, fault)(x), x])
    return keras.Model(inputs, keras.layers.Dense(3, name="out")(x))


def nested(at, fault):
    x = inputs = keras.Input((FEATURES,))
    for k in range(6):
        inner = keras.Sequential([keras.Input((FEATURES,)), middle(k, at, fault)], name=f"block{k}")
        x = inner(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="out")(x))


class Subclassed(keras.Model):
    def __init__(self, at, fault):
        super().__init__()
        self.stages = [middle(k, at, fault) for k in range(6)]
        self.out = keras.layers.Dense(3, name="out")

    def call(self, x, training=False):
        for each in self.stages:
            x = each(x)
        return self.out(x)


def subclassed(at, fault):
    model = Subclassed(at, fault)
    model(batch()[0])
    return model


KINDS = [sequential, functional, nested, subclassed]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("at", range(6))
def test_a_forward_fault_is_named_wherever_it_is(make, at):
    fault = ["log", "divide"][at in (0, 3, 4)]
    report = looked(make(at, fault))
    assert report.direction == "forward"
    assert report.layer.rsplit("/", 1)[-1] == f"fault{at}"
    assert report.kind == {"log": "nan", "divide": "inf"}[fault]
    assert report.share == 1.0
    passed = [each.rsplit("/", 1)[-1] for each in report.finite]
    expected = [middle(k, at, fault).name for k in range(at)]
    assert [each for each in passed if not each.startswith(("add", "block", "input"))] == expected


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("at", range(6))
def test_a_backward_fault_is_named_wherever_it_is(make, at):
    fault = ["sqrt", "back"][at % 2]
    report = looked(make(at, fault))
    assert report.direction == "backward"
    assert report.layer.rsplit("/", 1)[-1] == f"fault{at}"
    assert "dense" not in report.layer
    assert all("fault" not in each for each in report.finite)
    assert report.finite[0] == "out"
    assert "forward pass is finite" in report.sentence


@pytest.mark.parametrize("at", [1, 4])
def test_an_overflow_in_float16_is_named_and_its_limit_said(at):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = sequential(at, "overflow")
    finally:
        keras.config.set_dtype_policy("float32")
    report = looked(model)
    assert (report.direction, report.layer, report.kind) == ("forward", f"fault{at}", "inf")
    assert "65504" in report.sentence


def test_inputs_beyond_float16_name_the_layer_that_casts_them():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = functional(-1, "")
    finally:
        keras.config.set_dtype_policy("float32")
    x, y = batch()
    report = looked(model, (x * 1e6, y))
    assert (report.direction, report.layer, report.kind) == ("forward", "dense0", "inf")
    assert "casts to float16" in report.sentence


def test_a_kernel_gradient_that_overflows_names_its_layer():
    """float16: the gradient by the input is finite, that by the kernel is beyond 65504."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        inputs = keras.Input((4,))
        x = keras.layers.Dense(4, name="first", kernel_initializer="zeros")(inputs)
        x = keras.layers.Dense(1, name="second", kernel_initializer="zeros", dtype="float32")(x)
        model = keras.Model(inputs, x)
    finally:
        keras.config.set_dtype_policy("float32")
    model.get_layer("second").kernel.assign(np.full((4, 1), 1e-3, np.float32))
    data = (tf.fill((4, 4), 60000.0), None)
    report = first_nonfinite(
        model, lambda b: {"loss": tf.reduce_sum(model(b[0], training=True)) * 1e4}, data
    )
    assert (report.direction, report.layer) == ("backward", "first")
    assert "first/kernel" in report.sentence


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_shared_layer_is_named_by_its_fault_and_not_by_its_other_calls(at):
    shared = keras.layers.Dense(FEATURES, name="shared")
    x = inputs = keras.Input((FEATURES,))
    for k in range(3):
        x = shared(x)
        if k == at:
            x = Faulty("back", name="fault")(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    report = looked(model)
    assert (report.direction, report.layer) == ("backward", "fault")


def test_a_shared_layer_that_fails_in_its_second_call_is_named():
    shared = keras.layers.Lambda(lambda x: tf.math.log(x), name="shared")
    inputs = keras.Input((FEATURES,))
    x = shared(keras.layers.Lambda(lambda x: tf.abs(x) * 0 + 0.5, name="half")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3)(shared(x)))
    report = looked(model)
    assert (report.direction, report.layer) == ("forward", "shared")
    assert "between -0.6931 and -0.6931" in report.sentence


def test_an_operation_of_a_functional_model_is_named():
    inputs = keras.Input((FEATURES,))
    x = keras.layers.Dense(FEATURES, name="dense")(inputs)
    x = keras.ops.log(x)
    model = keras.Model(inputs, keras.layers.Dense(3, name="out")(x))
    report = looked(model)
    assert (report.direction, report.layer.split("_")[0]) == ("forward", "log")
    assert 0 < report.share < 1


class Between(keras.layers.Layer):
    """Holds a layer, and has operations of its own around it."""

    def __init__(self, where, **options):
        super().__init__(**options)
        self.where = where
        self.inner = keras.layers.Dense(FEATURES, name="inner")

    def call(self, x):
        if self.where == "before":
            x = tf.math.log(-tf.abs(x))
        if self.where == "back before":
            x = nan_back(x)
        x = self.inner(x)
        if self.where == "back after":
            x = nan_back(x)
        return tf.math.log(-tf.abs(x)) if self.where == "after" else x


@pytest.mark.parametrize("where", ["before", "after", "back before", "back after"])
def test_an_operation_between_layers_belongs_to_the_layer_whose_call_holds_it(where):
    inputs = keras.Input((FEATURES,))
    x = keras.layers.Dense(FEATURES, name="dense")(inputs)
    x = Between(where, name="between")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, name="out")(x))
    report = looked(model)
    assert report.layer == "between"
    assert report.direction == ("backward" if "back" in where else "forward")
    assert "operation in the call of layer 'between'" in report.sentence


def test_a_hand_written_loss_with_log_of_zero_is_named_as_the_loss():
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(3, name="out")])
    report = first_nonfinite(
        model,
        lambda b: {"loss": -tf.reduce_mean(tf.math.log(tf.nn.relu(model(b[0]) - 100)))},
        batch(),
    )
    assert (report.direction, report.layer, report.kind) == ("loss", "", "inf")
    assert report.finite == ("out",)
    assert "loss function itself" in report.sentence


def test_a_loss_whose_gradient_alone_is_infinite_is_named_as_the_loss():
    model = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(3, name="out", kernel_initializer="zeros")]
    )
    report = first_nonfinite(
        model, lambda b: {"loss": tf.reduce_mean(tf.sqrt(model(b[0], training=True)))}, batch()
    )
    assert (report.direction, report.layer) == ("loss", "")
    assert "square root" in report.sentence


class Falling(keras.regularizers.Regularizer):
    def __call__(self, w):
        return tf.math.log(-tf.norm(w))


def test_a_regularizer_that_is_not_finite_names_its_layer():
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(3, name="a"),
            keras.layers.Dense(3, name="b", kernel_regularizer=Falling()),
        ]
    )
    plain = forward_of(model)
    report = first_nonfinite(
        model, lambda b: {"loss": plain(b)["loss"] + tf.add_n(model.losses)}, batch()
    )
    assert (report.direction, report.layer, report.kind) == ("loss", "b", "nan")


def test_a_weight_that_is_nan_already_is_said():
    model = sequential(-1, "")
    model.get_layer("dense4").bias.assign([np.nan, 0, 0, 0, 0, 0])
    report = looked(model)
    assert (report.direction, report.layer) == ("forward", "dense4")
    assert "weight 'bias' already holds NaN in 17 %" in report.sentence


def test_nan_in_the_batch_is_told_with_part_and_samples():
    model = sequential(-1, "")
    x, y = (each.numpy() for each in batch())
    x[[2, 5], 1] = np.nan
    report = looked(model, (tf.constant(x), tf.constant(y)))
    assert (report.direction, report.kind) == ("input", "nan")
    assert report.share == pytest.approx(2 / x.size)
    assert "x holds NaN" in report.sentence
    assert "in samples 2, 5" in report.sentence


def test_nan_in_one_of_several_inputs_is_told_by_name():
    a, b = keras.Input((FEATURES,), name="a"), keras.Input((2,), name="b")
    model = keras.Model({"a": a, "b": b}, keras.layers.Dense(3)(keras.layers.Concatenate()([a, b])))
    second = np.zeros((8, 2), np.float32)
    second[3] = np.inf
    data = ({"a": batch()[0], "b": tf.constant(second)}, batch()[1])
    report = looked(model, data)
    assert report.direction == "input"
    assert "x['b'] holds infinity in 12 % of its values, in sample 3" in report.sentence


def test_nan_among_the_labels_is_told():
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    y = np.zeros((8, 1), np.float32)
    y[7] = np.nan
    report = first_nonfinite(
        model,
        lambda b: {"loss": tf.reduce_mean((model(b[0]) - b[1]) ** 2)},
        (batch()[0], tf.constant(y)),
    )
    assert report.direction == "input"
    assert report.sentence.startswith("The batch itself is not finite: y holds NaN")
    assert "in sample 7" in report.sentence


def test_a_mask_of_minus_infinity_is_not_taken_for_the_fault():
    inputs = keras.Input((FEATURES,))
    x = keras.layers.Lambda(lambda x: tf.concat([x, x[:, :1] - np.inf], 1), name="masked")(inputs)
    x = keras.layers.Softmax(name="softmax")(x)
    x = Faulty("back", name="fault")(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    assert looked(model).layer == "fault"


def test_a_norm_too_large_for_float32_names_the_largest_gradient():
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(3, name="out")])
    report = first_nonfinite(model, lambda b: {"loss": tf.reduce_sum(model(b[0])) * 1e22}, batch())
    assert (report.direction, report.kind) == ("backward", "inf")
    assert "norm of the gradients" in report.sentence
    assert report.layer == "out"
    assert "out/bias" in report.sentence


def test_an_infinity_that_what_follows_takes_away_is_said():
    report = looked(sequential(1, "divide"))  # a tanh makes it 1, with a gradient of 0
    assert report.direction is None
    assert report.finite == ("dense0",)
    assert "layer 'fault1' holds infinity in all of its values" in report.sentence


def test_a_custom_step_inside_a_tf_function_is_opened():
    model = sequential(3, "log")
    report = first_nonfinite(model, tf.function(forward_of(model)), batch())
    assert (report.direction, report.layer) == ("forward", "fault3")
    assert not tf.config.functions_run_eagerly()


def test_a_recurrent_model_with_masking_is_run_like_itself():
    inputs = keras.Input((5,), dtype="int64")
    x = keras.layers.Embedding(7, 4, mask_zero=True, name="embed")(inputs)
    x = keras.layers.LSTM(4, name="lstm")(x)
    x = Faulty("log", name="fault")(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    data = (tf.constant([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0]]), tf.constant([0, 1]))
    report = looked(model, data)
    assert report.layer == "fault"
    assert {"embed", "lstm"} <= set(report.finite)


def test_masks_reach_the_layers_inside_a_nested_model():
    """Were the mask lost on the way in, the loss would differ from that of a plain call."""
    inputs = keras.Input((5, 4))
    inner = keras.Sequential([keras.Input((5, 4)), keras.layers.GlobalAveragePooling1D()])
    model = keras.Model(inputs, inner(keras.layers.Masking()(inputs)))
    x = np.ones((2, 5, 4), np.float32)
    x[:, 3:] = 0
    seen = []

    def forward(batch):
        seen.append(model(batch[0]).numpy())
        return {"loss": tf.reduce_sum(model(batch[0]))}

    first_nonfinite(model, forward, (tf.constant(x),))
    assert np.array_equal(seen[0], np.ones((2, 4)))


def test_everything_is_put_back():
    model = sequential(5, "back")
    before = [each.numpy() for each in model.variables]
    calls = {id(each): dict(vars(each)).get("call") for each in model.layers}
    looked(model)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(before, [v.numpy() for v in model.variables], strict=True)
    )
    assert {id(each): vars(each).get("call") for each in model.layers} == calls
    assert model.losses == []


def test_metrics_that_a_step_updates_are_put_back_where_they_are_given():
    model, seen = sequential(3, "log"), keras.metrics.Mean()
    seen.update_state(5.0)
    plain = forward_of(model)

    def step(data):
        loss = plain(data)["loss"]
        seen.update_state(loss)
        return {"loss": loss}

    first_nonfinite(model, step, batch(), restore=[(v, v.numpy()) for v in seen.variables])
    assert float(seen.result()) == 5.0


def test_a_report_of_the_trainer_leaves_the_metrics_of_a_step_alone():
    model, seen = sequential(-1, ""), keras.metrics.Mean(name="seen")
    plain = forward_of(model)

    def step(data):
        loss = plain(data)["loss"]
        seen.update_state(loss)
        return {"loss": loss}

    x, y = (np.array(each) for each in batch(64))
    x[50] = np.nan
    trainer = tfviz.Trainer(model, step=step, optimizer="sgd", metrics=[seen], on_nonfinite="skip")
    history = trainer.fit(x, y, batch_size=8, shuffle=False, progress="none")
    assert len(history.nonfinite) == 1
    assert np.isfinite(history.epochs["seen"][0])


def test_dropout_falls_as_it_fell():
    """NaN only where the unit that divides by 0 isn't dropped: the same seed, the same answer."""
    x = inputs = keras.Input((FEATURES,))
    x = keras.layers.Dropout(0.5, seed=3, name="drop")(x)
    x = keras.layers.Lambda(lambda x: tf.math.log(x[:, :1]), name="log")(x)
    model = keras.Model(inputs, x)
    seed = next(v for v in model.variables if "seed_generator" in v.path)
    found = set()
    for number in range(6):
        state = np.array([number, 0], np.uint32)
        report = first_nonfinite(
            model,
            lambda b: {"loss": tf.reduce_mean(model(b[0], training=True))},
            (tf.ones((1, FEATURES)),),
            restore=[(seed, state)],
        )
        again = first_nonfinite(
            model,
            lambda b: {"loss": tf.reduce_mean(model(b[0], training=True))},
            (tf.ones((1, FEATURES)),),
            restore=[(seed, state)],
        )
        assert report.direction == again.direction
        found.add(report.direction)
    assert found == {None, "forward"}


def test_it_never_raises_and_says_what_was_seen():
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(3)])

    def forward(batch):
        raise RuntimeError("no such thing")

    report = first_nonfinite(model, forward, batch())
    assert report.direction is None
    assert "RuntimeError: no such thing" in report.sentence


def test_a_healthy_batch_is_said_to_be_healthy():
    report = looked(sequential(-1, ""))
    assert report.direction is None
    assert "all gradients are finite" in report.sentence
