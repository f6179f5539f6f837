"""The model is left as it was; what is traced is traced once, and keeps nothing alive."""

from __future__ import annotations

import gc
import threading
import weakref

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import Contrast, GradCAM, HiResCAM, Side, Top
from tfviz.explain.compiled import MOST_PER_MODEL, traces_of
from tfviz.model.tree import walk


def fresh(seed=2):
    keras.utils.set_random_seed(seed)
    return models.base_in_functional()


def snapshot(model):
    """Weights, configuration, and what every layer has of its own."""
    own = {node.path: set(node.operation.__dict__) for node in walk(model)}
    calls = {node.path: node.operation.call.__func__ for node in walk(model)}
    weights = [w.copy() for w in model.get_weights()]
    return own, calls, model.get_config(), weights


def assert_unchanged(model, before):
    own, calls, config, weights = snapshot(model)
    assert own == before[0]
    assert calls == before[1]
    assert config == before[2]
    for found, expected in zip(weights, before[3], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_model_is_bit_for_bit_what_it_was():
    model = fresh()
    inputs = models.inputs_for(model)
    before, says = snapshot(model), model.predict(inputs, verbose=0)
    GradCAM(model)(inputs)
    HiResCAM(model, "conv1")(inputs, "top2")
    assert_unchanged(model, before)
    np.testing.assert_array_equal(model.predict(inputs, verbose=0), says)


class Moody(layers.Layer):
    angry = True

    def call(self, x):
        if Moody.angry:
            raise RuntimeError("not today")
        return x * 2.0


def test_model_is_what_it_was_after_an_error_inside_its_call():
    Moody.angry = False
    image = keras.Input((models.SIZE, models.SIZE, 3))
    model = keras.Model(image, models.head(Moody(name="moody")(models.conv_base()(image))))
    inputs = models.inputs_for(model)
    before = snapshot(model)
    Moody.angry = True
    with pytest.raises(RuntimeError, match="not today"):
        GradCAM(model)(inputs)
    assert_unchanged(model, before)
    Moody.angry = False
    assert GradCAM(model)(inputs).maps.max() > 0


def test_global_settings_are_what_they_were():
    model = fresh()
    policy = keras.config.dtype_policy()
    layout, floatx = keras.config.image_data_format(), keras.config.floatx()
    GradCAM(model)(models.inputs_for(model))
    assert keras.config.dtype_policy() == policy
    assert (keras.config.image_data_format(), keras.config.floatx()) == (layout, floatx)


def test_two_threads_explaining_at_once_agree_with_one():
    model = fresh()
    inputs = models.inputs_for(model)
    expected = {name: GradCAM(fresh(), name)(inputs, 1).maps for name in ("conv1", "base/relu2")}
    before, found, errors = snapshot(model), {}, []

    def work(name):
        try:
            # Half of the calls go through `predict`, which runs the same layers meanwhile.
            for _ in range(3):
                found[name] = GradCAM(model, name)(inputs, 1).maps
                model(inputs)
        except Exception as error:  # reported in the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in list(expected) * 2]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    for name, maps in expected.items():
        np.testing.assert_allclose(found[name], maps, rtol=1e-5, atol=1e-9)
    assert_unchanged(model, before)


def test_set_weights_changes_the_next_map_without_a_new_trace():
    model = fresh()
    inputs = models.inputs_for(model)
    explain = GradCAM(model)
    first = explain(inputs, 1).maps
    dense = model.layers[-1]
    kernel, bias = dense.get_weights()
    dense.set_weights([3 * kernel, bias])
    np.testing.assert_allclose(explain(inputs, 1).maps, 3 * first, rtol=1e-4)
    assert traces_of(model) == 1


def test_new_class_new_explainer_and_smaller_batch_do_not_trace_again():
    model = fresh()
    inputs = models.inputs_for(model, count=7)
    GradCAM(model, batch_size=4)(inputs, 0)
    assert traces_of(model) == 1
    GradCAM(model)(inputs, 3)
    GradCAM(model)(inputs[:2], [1, 2])
    GradCAM(model, batch_size=1)(inputs[:1].astype("float64"), 4)
    assert traces_of(model) == 1


def test_each_kind_of_target_is_traced_once():
    model = fresh()
    inputs = models.inputs_for(model)
    for k in (1, 2, 3):
        GradCAM(model)(inputs, Top(k))
    assert traces_of(model) == 1
    for a, b in ((0, 1), (3, 2)):
        GradCAM(model)(inputs, Contrast(Top(a + 1), Top(b + 1)))
    assert traces_of(model) == 2


def test_one_function_is_traced_once_and_another_again():
    model = fresh()
    inputs = models.inputs_for(model)

    def first(logits):
        return logits[:, 0]

    for _ in range(3):
        GradCAM(model)(inputs, first)
    assert traces_of(model) == 1
    GradCAM(model)(inputs, lambda logits: logits[:, 1])
    assert traces_of(model) == 2


def test_quantising_a_model_is_seen_by_the_next_explanation():
    model = fresh()
    inputs = models.inputs_for(model)
    explain = GradCAM(model, relu=False)
    before = explain(inputs, 1).maps
    with pytest.warns(UserWarning, match="quantize"):
        model.quantize("int8")
    after = explain(inputs, 1).maps
    assert not np.array_equal(before, after)


def test_cache_is_bounded():
    model = fresh()
    inputs = models.inputs_for(model)
    functions = [lambda y, i=i: y[:, i % 5] * (i + 1.0) for i in range(MOST_PER_MODEL + 3)]
    for each in functions:
        GradCAM(model)(inputs, each)
    assert traces_of(model) == MOST_PER_MODEL


def closing_over(model):
    return lambda logits: logits[:, 0] * float(model.count_params() > 0)


def test_deleted_model_is_collected_although_it_was_explained():
    model = fresh()
    inputs = models.inputs_for(model)
    found = GradCAM(model)(inputs)
    GradCAM(model, model.get_layer("base"))(inputs)
    # A function that closes over the model must not keep it alive either.
    GradCAM(model)(inputs, closing_over(model))
    gone = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None
    assert found.maps.max() > 0


def test_explainer_does_not_survive_in_the_cache():
    model = fresh()
    explain = GradCAM(model)
    explain(models.inputs_for(model))
    gone = weakref.ref(explain)
    del explain
    gc.collect()
    assert gone() is None


def test_single_unit_sides_share_a_trace():
    image = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(image))
    model = keras.Model(image, layers.Dense(1, activation="sigmoid")(x))
    inputs = np.ones((2, 8, 8, 1), "float32")
    for positive in (True, False):
        GradCAM(model)(inputs, Side(positive))
    assert traces_of(model) == 1


def test_losses_of_regularizers_are_left_as_they_were():
    image = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(image))
    model = keras.Model(image, layers.Dense(2, activity_regularizer="l2")(x))
    model(np.ones((1, 8, 8, 1), "float32"))
    before = [float(each) for each in model.losses]
    GradCAM(model)(np.zeros((2, 8, 8, 1), "float32"))
    assert [float(each) for each in model.losses] == before


@pytest.mark.skipif(
    keras.__version__ < "3.13", reason="a stateful LSTM of Keras 3.12 needs a closed batch axis"
)
def test_states_that_the_model_writes_are_put_back():
    signal = keras.Input(batch_shape=(2, 9, 4))
    lstm = layers.LSTM(5, stateful=True)
    model = keras.Model(signal, layers.Dense(3)(lstm(layers.Conv1D(4, 3, padding="same")(signal))))
    GradCAM(model)(np.ones((2, 9, 4), "float32"))
    assert not np.any(lstm.states[0].numpy())


class AlwaysTraining(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = layers.Conv2D(4, 3), layers.BatchNormalization()
        self.out = layers.Dense(3)

    def call(self, x):
        return self.out(keras.ops.mean(self.norm(self.conv(x), training=True), axis=(1, 2)))


def test_averages_of_a_layer_told_to_train_are_put_back():
    model = AlwaysTraining()
    inputs = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    model(inputs)
    before = [each.copy() for each in model.get_weights()]
    GradCAM(model)(inputs)
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_another_activation_is_seen_by_the_next_explainer():
    model = fresh()
    inputs = models.inputs_for(model)
    before = GradCAM(model)(inputs)
    model.layers[-1].activation = keras.activations.sigmoid
    after = GradCAM(model)(inputs)
    assert (before.activation, after.activation) == ("softmax", "sigmoid")
    np.testing.assert_allclose(after.outputs, model(inputs).numpy(), rtol=1e-5)


class Scaled(GradCAM):
    name = "scaled"

    def __init__(self, model, factor):
        self.factor = factor
        super().__init__(model)

    @property
    def settings(self):
        return (self.factor,)

    def combine(self, activations, gradients):
        return self.factor * GradCAM.combine(activations, gradients)


def test_methods_with_parameters_have_a_trace_each():
    model = fresh()
    inputs = models.inputs_for(model)
    one, ten = Scaled(model, 1.0)(inputs, 1).maps, Scaled(model, 10.0)(inputs, 1).maps
    np.testing.assert_allclose(ten, 10 * one, rtol=1e-5)
    assert traces_of(model) == 2
