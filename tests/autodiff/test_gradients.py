"""`gradients` and `function`: values against closed forms and plain tapes; reasons."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

import tfviz
from tfviz import GradientError, InputError


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(6)
    return models.functional()


@pytest.fixture(scope="module")
def nested():
    keras.utils.set_random_seed(6)
    return models.base_in_functional()


def by_tape(model, layer, unit, inputs):
    """Activations of a layer and the gradient of a probability by them, with a plain tape."""
    layers_after = model.layers[model.layers.index(model.get_layer(layer)) + 1 :]
    activations = keras.Model(model.input, model.get_layer(layer).output)(inputs)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        x = activations
        for each in layers_after:
            x = each(x)
        y = x[:, unit]
    return activations.numpy(), tape.gradient(y, activations).numpy()


def test_code_of_the_book_gives_the_numbers_of_a_tape(model):
    inputs = models.inputs_for(model, count=1)
    last_conv = model.get_layer("conv2")
    grads = tfviz.gradients(model.output[:, 2], last_conv.output)[0]
    pooled = keras.ops.mean(grads, axis=(0, 1, 2))
    iterate = tfviz.function([model.input], [pooled, last_conv.output[0]])
    pooled_value, conv_value = iterate([inputs])
    activations, gradients = by_tape(model, "conv2", 2, inputs)
    np.testing.assert_allclose(pooled_value, gradients.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(conv_value, activations[0], rtol=1e-5, atol=1e-7)
    assert pooled_value.flags.writeable


def test_code_of_the_book_runs_on_a_layer_of_a_nested_base(nested):
    inputs = models.inputs_for(nested, count=1)
    base = nested.get_layer("base")
    last_conv = base.get_layer("relu2")
    grads = tfviz.gradients(nested.output[:, 1], last_conv.output)[0]
    pooled = keras.ops.mean(grads, axis=(0, 1, 2))
    iterate = tfviz.function([nested.input], [pooled, last_conv.output[0]])
    pooled_value, conv_value = iterate([inputs])

    activations = base(inputs / 127.5 - 1)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        y = nested.layers[-1](nested.layers[-2](activations))[:, 1]
    expected = tape.gradient(y, activations).numpy().mean(axis=(0, 1, 2))
    np.testing.assert_allclose(pooled_value, expected, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(conv_value, activations[0], rtol=1e-4, atol=1e-6)


def test_gradient_by_an_inner_layer_of_a_nested_base_goes_through_the_rest_of_it(nested):
    inputs = models.inputs_for(nested, count=2)
    base = nested.get_layer("base")
    found = tfviz.gradients(nested.output[:, 0], base.get_layer("conv1").output)[0]
    value = tfviz.function([nested.input], found)([inputs])
    conv1 = base.get_layer("conv1")
    activations = conv1(inputs / 127.5 - 1)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        x = activations
        for each in ("conv2", "bn2", "relu2"):
            x = base.get_layer(each)(x)
        y = nested.layers[-1](nested.layers[-2](x))[:, 0]
    np.testing.assert_allclose(value, tape.gradient(y, activations), rtol=1e-4, atol=1e-9)


def test_skip_connections_around_the_layer_are_taken_along():
    image = keras.Input((6,))
    middle = layers.Dense(4, activation="tanh", name="middle")(image)
    joined = layers.Concatenate()([middle, image])
    out = layers.Dense(1)(layers.Dense(5, activation="tanh")(joined))
    model = keras.Model(image, out)
    x = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    by_middle, by_input = tfviz.gradients(model.output, [middle, model.input])
    found = tfviz.function([model.input], [by_middle, by_input])([x])
    with tf.GradientTape(persistent=True) as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        m = model.get_layer("middle")(inputs)
        y = model.layers[-1](model.layers[-2](tf.concat([m, inputs], axis=1)))
    np.testing.assert_allclose(found[0], tape.gradient(y, m), rtol=1e-5)
    # With both asked for, the input's gradient is the part that doesn't go through the middle.
    through = tape.gradient(m, inputs, output_gradients=tape.gradient(y, m))
    np.testing.assert_allclose(found[1], tape.gradient(y, inputs) - through, rtol=1e-4, atol=1e-6)


def test_function_keeps_the_form_of_its_outputs(model):
    run = tfviz.function([model.input], {"p": model.output, "c": model.get_layer("conv1").output})
    found = run(models.inputs_for(model, count=2))
    assert set(found) == {"p", "c"}
    expected = model.predict(models.inputs_for(model, count=2), verbose=0)
    np.testing.assert_allclose(found["p"], expected, atol=1e-6)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_function_and_values_give_the_derivative(values):
    x = np.array(values)
    found = tfviz.gradients(lambda z: tf.reduce_sum(z**3 + 2 * z), x)[0]
    np.testing.assert_allclose(found, 3 * x**2 + 2, atol=1e-9)


def test_nesting_gives_the_second_derivative():
    x = np.array([1.0, -2.0, 0.5])

    def slope(z):
        return tfviz.gradients(lambda v: tf.reduce_sum(tf.sin(v)), z)[0]

    np.testing.assert_allclose(tfviz.gradients(slope, x)[0], -np.sin(x), atol=1e-12)


def test_jacobian_has_a_row_for_each_element():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = tfviz.gradients(lambda x: tf.linalg.matvec(matrix, x), [np.ones(2)], jacobian=True)[0]
    np.testing.assert_allclose(found, matrix)


def test_variables_are_differentiated_by_without_an_argument(model):
    inputs = tf.constant(models.inputs_for(model, count=2))
    found = tfviz.gradients(lambda: tf.reduce_sum(model(inputs)), model.trainable_variables)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(model(inputs))
    for ours, theirs in zip(found, tape.gradient(y, model.trainable_variables), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_inside_a_tf_function_it_works_on_tensors():
    @tf.function
    def slope(x):
        return tfviz.gradients(x**2, x)[0]

    np.testing.assert_allclose(slope(tf.constant([1.0, 3.0])), [2.0, 6.0])


X = np.array([1.0, 2.0, 3.0], np.float32)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: tf.stop_gradient(x) * 2, "stands a stop_gradient"),
        (lambda x: tf.round(x) * 2, "stands a rounding"),
        (lambda x: tf.cast(tf.argmax(x), tf.float32), "stands an argmax"),
        (lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32), "cast to int32"),
        (lambda x: tf.constant(np.sum(x.numpy() ** 2)), "a value leaves TensorFlow"),
        (lambda x: float(tf.reduce_sum(x)), "returned float, not a tensor"),
        (lambda x: np.asarray(x) * 2, "returned ndarray, not a tensor"),
        (lambda x: tf.argmax(x), "returned int64, which has no derivative"),
        (lambda x: tf.constant(2.0), "the result is not computed from it"),
    ],
)
def test_a_missing_gradient_is_explained_by_its_cause(function, says):
    with pytest.raises(GradientError, match=says):
        tfviz.gradients(function, X)


def test_the_argument_that_has_no_gradient_is_named():
    with pytest.raises(GradientError, match=r"no gradient by xs\[1\]: the result is not computed"):
        tfviz.gradients(lambda a, b: a * 2, [X, X])


def test_missing_gradients_are_zero_or_kept_when_asked_for():
    assert tfviz.gradients(lambda a, b: a * 2, [X, X], none="keep")[1] is None
    zero = tfviz.gradients(lambda a, b: a * 2, [X, X], none="zero")[1]
    np.testing.assert_array_equal(zero, np.zeros(3))
    rows = tfviz.gradients(lambda a, b: a * 2, [X, X], none="zero", jacobian=True)[1]
    np.testing.assert_array_equal(rows, np.zeros((3, 3)))


def test_integers_are_refused_with_the_cast():
    with pytest.raises(GradientError, match=r"xs is int64: .* tf\.cast\(x, tf\.float32\)"):
        tfviz.gradients(lambda x: x * 2, np.array([1, 2]))


def test_values_that_are_computed_already_are_refused_with_the_way_out():
    x = tf.constant(X)
    with pytest.raises(GradientError, match=r"computed already.*gradients\(f, x\)"):
        tfviz.gradients(x * 2, x)


def test_error_inside_a_tf_function_keeps_its_type_and_names_the_cause():
    @tf.function
    def slope(x):
        return tfviz.gradients(tf.cast(tf.argmax(x), tf.float32), x)[0]

    with pytest.raises(GradientError, match="stands an argmax"):
        slope(tf.constant(X))


def test_tensor_of_another_model_is_told_to_be_one(model):
    other = models.functional().get_layer("conv2").output
    with pytest.raises(GradientError, match="belongs to another model"):
        tfviz.gradients(model.output, other)


def test_symbolic_argmax_is_found_before_anything_runs(model):
    best = keras.ops.cast(keras.ops.argmax(model.output, axis=-1), "float32")
    conv = model.get_layer("conv2").output
    with pytest.raises(GradientError, match=r"'conv2'.*stands an argmax"):
        tfviz.gradients(best, conv)
    assert tfviz.gradients(best, conv, none="keep") == [None]
    zero = tfviz.gradients(best, conv, none="zero")[0]
    value = tfviz.function([model.input], zero)(models.inputs_for(model, count=1))
    assert np.abs(value).max() == 0


def test_integer_input_of_a_token_model_is_explained():
    model = models.token_model()
    with pytest.raises(GradientError, match="its type is int32"):
        tfviz.gradients(model.output, model.input)


def test_layer_of_a_nested_model_alone_asks_for_an_output_of_the_outer_one(nested):
    inner = nested.get_layer("base").get_layer("relu2").output
    with pytest.raises(GradientError, match="ask for an output of the outer model as well"):
        tfviz.function([nested.input], [inner])
    both = tfviz.function([nested.input], [inner, nested.output])
    inputs = models.inputs_for(nested, count=1)
    expected = nested.get_layer("base")(inputs / 127.5 - 1)
    np.testing.assert_allclose(both([inputs])[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: tfviz.function([np.ones(3)], [m.output]), "must hold KerasTensors"),
        (lambda m: tfviz.function([m.input], [np.ones(3)]), "must hold KerasTensors"),
        (lambda m: tfviz.function([m.input], [m.output])([1, 2]), "takes 1 inputs, and 2 were"),
    ],
)
def test_what_function_cannot_take_is_refused(model, call, says):
    with pytest.raises(InputError, match=says):
        call(model)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: tfviz.gradients(m.output, []), "xs= is empty"),
        (lambda m: tfviz.gradients(m.output, np.ones(3)), "mix"),
        (lambda m: tfviz.gradients(m.output, m.input, none="nan"), "is unknown"),
        (lambda m: tfviz.gradients(m.output, m.input, jacobian=True), "needs a function"),
        (lambda m: tfviz.gradients(lambda x: x, m.input), "a placeholder without values"),
    ],
)
def test_what_gradients_cannot_take_is_refused(model, call, says):
    with pytest.raises(GradientError, match=says):
        call(model)


def test_the_model_is_left_as_it_was(nested):
    weights = [w.copy() for w in nested.get_weights()]
    inner = nested.get_layer("base").get_layer("relu2")
    grads = tfviz.gradients(nested.output[:, 1], inner.output)[0]
    tfviz.function([nested.input], [grads])([models.inputs_for(nested, count=1)])
    assert "call" not in inner.__dict__
    for before, after in zip(weights, nested.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_diagnoses_that_errors_name_exist():
    import re
    from pathlib import Path

    import tfviz.autodiff
    from tfviz.catalogue.diagnosis import identifiers

    code = "".join(each.read_text() for each in Path(tfviz.autodiff.__path__[0]).glob("*.py"))
    named = re.findall(r"(autodiff\.[a-z_]+)\)", code)
    assert len(named) >= 2
    assert set(named) <= set(identifiers())


@pytest.mark.slow
def test_the_book_s_elephant_is_found_where_it_stands(shared):
    """The sample on the photo and the kind of model that the book shows."""
    import runpy
    from pathlib import Path

    sample = runpy.run_path(str(Path(__file__).parents[2] / "samples" / "gradcam_of_the_book.py"))
    model = tfviz.load_model(
        "MobileNetV2", weights=shared / "models" / "mobilenet_v2_1.0_224.weights.h5"
    )
    photo = tfviz.read_rgb(shared / "photos" / "creative_commons_elephant.jpg")
    x = tfviz.preprocess(model, [photo])
    index, heatmap = sample["heatmap_of_the_book"](model, x, model.get_layer("out_relu"))
    assert tfviz.card_of(model).name_of(index) == "African_elephant"
    # The elephants stand in the middle and on the right; sky and grass are above and below.
    assert heatmap[1:5, 2:].sum() > 0.75 * heatmap.sum()
