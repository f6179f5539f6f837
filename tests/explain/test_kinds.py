"""A right map on every kind of model, and one sentence where there can be none."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import (
    GradCAM,
    HiResCAM,
    InputError,
    LayerError,
    ModelError,
    TargetError,
    function,
    gradients,
)


@pytest.fixture(scope="module")
def built():
    """Each kind once, with weights that are not at their start."""
    made = {}

    def get(kind):
        if kind not in made:
            keras.utils.set_random_seed(11)
            made[kind] = models.KINDS[kind][0]()
        return made[kind]

    return get


@pytest.mark.parametrize("kind", models.KINDS)
def test_layer_and_shape_are_right_by_themselves(built, kind):
    _, layer, shape = models.KINDS[kind]
    found = GradCAM(built(kind), relu=False)(models.inputs_for(built(kind)))
    assert found.layer.path == layer
    assert found.maps.shape == (3, *shape)
    assert found.maps.dtype == np.float32
    assert (np.abs(found.maps).reshape(3, -1).max(axis=1) > 0).all()
    assert found.notes == ("", "", "")


def cut(model, layer):
    """The model from a layer on, for those kinds where Keras can cut it: tensor in, logit out."""
    names = [each.name for each in model.layers]
    start = names.index(layer) + 1
    tail = keras.Sequential(model.layers[start:])

    def logits(activations):
        for each in tail.layers[:-1]:
            activations = each(activations)
        last = tail.layers[-1]
        return activations @ last.kernel + last.bias

    return logits


@pytest.mark.parametrize("kind", ["functional", "sequential", "conv_bn_relu"])
def test_map_equals_a_plain_tape_on_a_model_cut_in_two(built, kind):
    import tensorflow as tf

    model, inputs = built(kind), models.inputs_for(built(kind))
    layer = models.KINDS[kind][1]
    front = keras.Model(model.inputs, model.get_layer(layer).output)
    logits = cut(model, layer)
    activations = front(inputs)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        score = logits(activations)[:, 2]
    gradients = tape.gradient(score, activations)
    expected = (gradients.numpy().mean(axis=(1, 2), keepdims=True) * activations.numpy()).sum(-1)
    found = GradCAM(model, relu=False)(inputs, 2).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["base_in_sequential", "base_in_functional"])
def test_nested_base_gives_the_map_of_the_same_model_without_nesting(built, kind):
    model, inputs = built(kind), models.inputs_for(built(kind))
    scaled = inputs / 127.5 - 1 if kind == "base_in_functional" else inputs
    base, dense = model.get_layer("base"), model.layers[-1]
    flat = keras.Model(
        base.input, dense(layers.GlobalAveragePooling2D()(base.get_layer("relu2").output))
    )
    found, expected = GradCAM(model)(inputs, 1), GradCAM(flat, "relu2")(scaled, 1)
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-8)


def test_subclass_gives_the_map_of_its_equations(built):
    model, inputs = built("subclassed"), models.inputs_for(built("subclassed"))
    x = model.stem(inputs)
    for block in model.blocks:
        x = block(x)
    kernel = model.out.kernel.numpy()
    area = x.shape[1] * x.shape[2]
    expected = x.numpy() @ kernel[:, 3] / area
    found = GradCAM(model, relu=False)(inputs, 3)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["sequential", "base_in_sequential", "base_in_functional"])
def test_reloaded_from_disk_gives_the_same_map(built, kind, tmp_path):
    model, inputs = built(kind), models.inputs_for(built(kind))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    before, after = GradCAM(model)(inputs), GradCAM(again)(inputs)
    assert after.layer.path == before.layer.path
    np.testing.assert_allclose(after.maps, before.maps, rtol=1e-5, atol=1e-8)


def test_layer_by_name_by_path_and_as_object_are_one(built):
    model, inputs = built("base_in_functional"), models.inputs_for(built("base_in_functional"))
    layer = model.get_layer("base").get_layer("conv2")
    maps = [GradCAM(model, each)(inputs).maps for each in ("conv2", "base/conv2", layer)]
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


def test_whole_nested_base_can_be_named(built):
    model, inputs = built("base_in_functional"), models.inputs_for(built("base_in_functional"))
    expected = GradCAM(model, "base/relu2")(inputs).maps
    np.testing.assert_array_equal(GradCAM(model, "base")(inputs).maps, expected)


def test_siamese_gives_one_map_per_input_each_of_its_own(built):
    model, (left, right) = built("siamese"), models.inputs_for(built("siamese"))
    found = GradCAM(model, relu=False)([left, right], 1)
    assert len(found.calls) == 2
    kernel = model.layers[-1].kernel.numpy()[:, 0]
    base = model.get_layer("base")
    for call, image, sign in ((0, left, 1), (1, right, -1)):
        expected = sign * (base(image).numpy() @ kernel) / (12 * 12)
        np.testing.assert_allclose(found.calls[call].maps, expected, rtol=1e-4, atol=1e-8)


def test_multi_input_takes_a_dict_by_name(built):
    model, (image, table) = built("multi_input"), models.inputs_for(built("multi_input"))
    expected = GradCAM(model)([image, table]).maps
    found = GradCAM(model)({"image": image, "table": table}).maps
    np.testing.assert_array_equal(found, expected)


def test_each_output_has_its_own_layer_and_map(built):
    model, inputs = built("multi_output"), models.inputs_for(built("multi_output"))
    assert GradCAM(model)(inputs).layer.path == "base/relu2"
    age = GradCAM(model, output="age")(inputs)
    assert age.layer.path == "age_conv"
    assert age.targets == ("the output",) * 3
    np.testing.assert_allclose(age.scores, model(inputs)[1].numpy()[:, 0], rtol=1e-4, atol=1e-6)


def test_segmentation_explains_the_mean_of_a_class(built):
    model, inputs = built("unet"), models.inputs_for(built("unet"))
    last = keras.Model(model.input, model.get_layer("last").output)(inputs).numpy()
    kernel, bias = (w.numpy() for w in model.get_layer("mask").weights)
    found = HiResCAM(model, relu=False)(inputs, 1)
    expected = last @ kernel[0, 0, :, 1] / (models.SIZE**2)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)) + bias[1], found.scores, rtol=1e-4)


def test_token_maps_fold_without_the_class_token(built):
    model, inputs = built("vit"), models.inputs_for(built("vit"))
    found = GradCAM(model, "last_norm", relu=False)(inputs)
    tokens = keras.Model(model.input, model.get_layer("last_norm").output)(inputs).numpy()
    kernel = model.layers[-1].kernel.numpy()
    for i, unit in enumerate(found.units):
        expected = tokens[i] @ kernel[:, unit] / 37
        np.testing.assert_allclose(found.maps[i].reshape(-1), expected[1:], rtol=1e-3, atol=1e-6)


def test_where_only_the_class_token_is_read_the_input_of_the_last_attention_is_explained(built):
    model, inputs = built("vit"), models.inputs_for(built("vit"))
    found = HiResCAM(model, relu=False)(inputs, 1)
    assert found.layer.path == "before1"
    assert "only one token is read" in found.layer.reason
    # The same by another way: the logit as a symbolic tensor, differentiated by `gradients`.
    dense = model.layers[-1]
    logit = keras.ops.matmul(dense.input, dense.kernel.numpy()[:, 1:2])
    tokens = model.get_layer("before1").output
    gradient = gradients(logit, tokens)[0]
    A, G = function([model.input], [tokens, gradient])([inputs])
    expected = (A * G).sum(axis=-1)[:, 1:].reshape(3, 6, 6)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-6)
    # After the attention the patches count no more, and the map says so.
    assert "gradient is zero" in HiResCAM(model, "last_norm")(inputs).notes[0] or (
        np.abs(HiResCAM(model, "last_norm", relu=False)(inputs).maps).max() == 0
    )


def test_unbuilt_sequential_is_built_by_its_first_explanation():
    model = keras.Sequential(
        [layers.Conv2D(4, 3, name="c"), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )
    found = GradCAM(model)(np.ones((2, 8, 8, 3)))
    assert found.maps.shape == (2, 6, 6)
    assert model.built


def test_time_distributed_frames_are_explained_around_it():
    frames = keras.Input((None, 16, 16, 1))
    x = layers.TimeDistributed(layers.Conv2D(3, 3), name="each_frame")(frames)
    model = keras.Model(frames, layers.Dense(2)(layers.GlobalAveragePooling3D()(x)))
    found = GradCAM(model)(np.ones((1, 4, 16, 16, 1)))
    assert found.layer.path == "each_frame"
    assert found.maps.shape == (1, 4, 14, 14)


def in_rematscope():
    with keras.RematScope(mode="full"):
        return models.functional()


def with_argmax():
    image = keras.Input((24, 24, 3))
    x = layers.Conv2D(4, 3, name="c")(image)
    x = layers.Flatten()(keras.ops.cast(keras.ops.argmax(x, axis=-1), "float32"))
    return keras.Model(image, layers.Dense(5)(x))


def in_a_loop():
    signal = keras.Input((None, 4))
    cell = layers.RNN(layers.GRUCell(3, name="cell"), name="rnn", return_sequences=True)
    x = layers.GlobalAveragePooling1D()(cell(layers.Conv1D(4, 3, name="c")(signal)))
    return keras.Model(signal, layers.Dense(2)(x))


def plain_vectors():
    image = keras.Input((24, 24, 3))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    return keras.Model(image, layers.Dense(5)(layers.Dense(20)(x)))


@pytest.mark.parametrize(
    ("build", "layer", "error", "says"),
    [
        (in_rematscope, None, ModelError, "built inside a keras.RematScope"),
        (with_argmax, "c", LayerError, "stands an argmax"),
        (plain_vectors, None, LayerError, "no layer with places in it"),
        (models.functional, "head", LayerError, "no places are left in it"),
        (models.functional, "conv_1", LayerError, "Did you mean 'conv1' or 'conv2'?"),
        (models.multi_output, "age_conv", LayerError, "does not depend on layer 'age_conv'"),
    ],
)
def test_where_there_is_no_map_one_sentence_says_why(build, layer, error, says):
    model = build()
    with pytest.raises(error, match=says.replace("?", r"\?")):
        GradCAM(model, layer)(models.inputs_for(model))


def test_layer_inside_a_loop_is_named_with_the_way_out():
    model = in_a_loop()
    with pytest.raises(LayerError, match=r"loop.*choose"):
        GradCAM(model, "rnn/cell")(np.ones((1, 9, 4), "float32"))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (np.zeros((24, 24, 3)), r"batch axis is missing: pass x\[None\]"),
        (np.zeros((1, 32, 32, 3)), r"takes \(batch, 24, 24, 3\)"),
        (np.zeros((1, 3, 24, 24)), "channels stand first"),
        (np.zeros((0, 24, 24, 3)), "holds no input"),
        ([np.zeros((1, 24, 24, 3))] * 2, "takes 1 inputs"),
        (7, "single number"),
        ([[1, 2], [3]], "no array of numbers|differ|inhomogeneous|takes 1 inputs"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_the_remedy(built, inputs, says):
    with pytest.raises(InputError, match=says):
        GradCAM(built("functional"))(inputs)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (5, "Class 5 is out of range: the model's are 0 to 4"),
        (-1, "out of range"),
        ("cat", "neither 'top1'"),
        ("top6", "asks for more classes than the model's 5"),
        ([0, 1], "2 classes for 3 inputs"),
        (True, "ambiguous"),
        (lambda y: 3, "returned 3"),
        (lambda y: y, "one number per input"),
        (1.5, "not understood"),
    ],
)
def test_targets_the_model_does_not_have_are_refused(built, target, says):
    with pytest.raises(TargetError, match=says):
        GradCAM(built("functional"))(models.inputs_for(built("functional")), target)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("net.keras", "is a name, not a model"),
        (layers.Dense(2), "Wrap the layer"),
        (3, "int was given"),
    ],
)
def test_what_is_no_keras_model_is_refused(model, says):
    with pytest.raises(ModelError, match=says):
        GradCAM(model)


def test_blank_map_says_that_everything_speaks_against():
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones", name="c")(image)
    out = layers.Dense(2, kernel_initializer=keras.initializers.Constant(-1.0))
    model = keras.Model(image, out(layers.GlobalAveragePooling2D()(x)))
    found = GradCAM(model)(np.ones((1, 8, 8, 1)), 0)
    assert found.maps.max() == 0
    assert "all evidence at this layer speaks against the target" in found.notes[0]


def test_dead_layer_says_that_its_gradient_is_zero():
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, name="c")(image)
    x = layers.ReLU(negative_slope=0.0)(x - 1000.0)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    found = GradCAM(model, "c")(np.ones((1, 8, 8, 1)), 0)
    assert "gradient is zero everywhere" in found.notes[0]
