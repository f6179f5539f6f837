"""Models on which a plainer tap, layer rule or logit walk was seen to give a wrong map."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import Contrast, GradCAM, HiResCAM, LayerError, TargetError, function, gradients


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


def test_signal_volume_and_table_models_give_the_map_of_their_equations(built):
    """Pooling and one dense layer behind the map: its kernel over the channels, by the area."""
    for kind, layer in (("conv1d", "conv2"), ("conv3d", "conv1")):
        model, inputs = built(kind), models.inputs_for(built(kind))
        A = keras.Model(model.input, model.get_layer(layer).output)(inputs).numpy()
        expected = A @ model.layers[-1].kernel.numpy()[:, 2] / np.prod(A.shape[1:-1])
        found = GradCAM(model, relu=False)(inputs, 2).maps
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)
    model, (image, table) = built("multi_input"), models.inputs_for(built("multi_input"))
    A = model.get_layer("base")(image).numpy()
    # The first rows of the kernel belong to the picture, the last three to the table.
    expected = A @ model.layers[-1].kernel.numpy()[: A.shape[-1], 2] / (12 * 12)
    found = GradCAM(model, relu=False)([image, table], 2).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV3Small", "ConvNeXtTiny"])
def test_families_that_defeated_the_peers_give_the_map_of_another_way(name):
    """The activations and the logit's gradient by `gradients`, which shares no tap with it."""
    keras.utils.set_random_seed(3)
    model = getattr(keras.applications, name)(
        weights=None, classes=5, classifier_activation=None, input_shape=(64, 64, 3)
    )
    inputs = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    found = GradCAM(model, relu=False)(inputs, 1)
    # ConvNeXt's last addition is an operation that `get_layer` doesn't know.
    (tensor,) = [each.output for each in model.operations if each.name == found.layer.path]
    A, G = function([model.input], [tensor, gradients(model.output[:, 1], tensor)[0]])([inputs])
    expected = (G.mean(axis=(1, 2), keepdims=True) * A).sum(axis=-1)
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(found.maps / scale, expected / scale, atol=1e-4)


@pytest.mark.parametrize("kind", models.KINDS)
def test_listening_does_not_change_what_the_model_says(built, kind):
    model, inputs = built(kind), models.inputs_for(built(kind))
    said = model(inputs, training=False)
    first = said[0] if isinstance(said, (list, tuple)) else said
    found = GradCAM(model)(inputs).outputs
    np.testing.assert_allclose(found, np.asarray(first, np.float32), rtol=2e-3, atol=1e-5)


class OneRelu(keras.Model):
    """The usual subclass: one ReLU object for all blocks."""

    def __init__(self):
        super().__init__()
        self.convs = [layers.Conv2D(4 * (i + 1), 3, strides=2, name=f"c{i}") for i in range(3)]
        self.relu, self.out = layers.ReLU(name="relu"), layers.Dense(5)

    def call(self, x):
        for conv in self.convs:
            x = self.relu(conv(x))
        return self.out(keras.ops.mean(x, axis=(1, 2)))


def test_one_relu_used_all_along_is_explained_at_its_last_call():
    model = OneRelu()
    inputs = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    model(inputs)
    found = GradCAM(model, relu=False)(inputs, 1)
    x = inputs
    for conv in model.convs:
        x = model.relu(conv(x))
    assert found.layer.shape == (None, *x.shape[1:])
    assert len(found.calls) == 1
    expected = x.numpy() @ model.out.kernel.numpy()[:, 1] / (x.shape[1] * x.shape[2])
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-8)


def test_steps_of_a_recurrent_network_are_not_folded():
    image = keras.Input((64, 64, 1))
    x = layers.Conv2D(4, 3, strides=4, padding="same")(image)
    x = layers.Reshape((16, 64))(layers.Permute((2, 1, 3))(x))
    x = layers.LSTM(8, return_sequences=True, name="steps")(x)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    found = GradCAM(model)(np.ones((1, 64, 64, 1), "float32"))
    assert found.layer.path == "steps"
    assert found.maps.shape == (1, 16)


def test_classes_on_axis_one_are_found_there():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="last")(image)
    mask = layers.Softmax(axis=1)(layers.Permute((3, 1, 2))(layers.Conv2D(5, 1, name="m")(x)))
    model = keras.Model(image, mask)
    inputs = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    found = HiResCAM(model, "last", relu=False)(inputs, 4)
    bias = model.get_layer("m").bias.numpy()
    np.testing.assert_allclose(
        found.maps.sum(axis=(1, 2)) + bias[4], found.scores, rtol=1e-4, atol=1e-6
    )
    with pytest.raises(TargetError, match="0 to 4"):
        GradCAM(model, "last")(inputs, 5)


def test_large_float16_logits_still_give_a_finite_map():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu", dtype="mixed_float16")(image)
    x = layers.GlobalMaxPooling2D(dtype="mixed_float16")(x)
    model = keras.Model(image, layers.Dense(3, dtype="mixed_float16")(x))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 300, bias])
    inputs = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    assert np.isfinite(GradCAM(model)(inputs).maps).all()


def test_average_of_two_softmaxes_is_said_to_be_a_probability():
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    heads = [layers.Dense(3, activation="softmax")(x) for _ in range(2)]
    model = keras.Model(image, layers.Average()(heads))
    found = GradCAM(model)(np.ones((1, 8, 8, 3)))
    assert "made of a softmax further up" in found.score_from


def test_model_compiled_by_its_own_decorator_says_so():
    import tensorflow as tf

    class Closed(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.out = layers.Conv2D(4, 3), layers.Dense(3)

        @tf.function
        def call(self, x):
            return self.out(keras.ops.mean(self.conv(x), axis=(1, 2)))

    model = Closed()
    model(np.ones((1, 8, 8, 3), "float32"))
    with pytest.raises(LayerError, match=r"inside a tf\.function of the model's own"):
        GradCAM(model)(np.ones((1, 8, 8, 3), "float32"))


def test_contrast_of_the_top_class_with_itself_says_so(built):
    model, inputs = built("functional"), models.inputs_for(built("functional"))
    best = int(GradCAM(model)(inputs[:1]).units[0])
    found = GradCAM(model)(inputs[:1], Contrast("top1", best))
    assert found.notes == ("blank: the target is the very class that it is set against",)


def test_output_structure_may_hold_none():
    class Partial(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.out = layers.Conv2D(4, 3), layers.Dense(3)

        def call(self, x):
            y = self.conv(x)
            return {"logits": self.out(keras.ops.mean(y, axis=(1, 2))), "attention": None}

    model = Partial()
    found = GradCAM(model, output="logits")(np.ones((1, 8, 8, 3), "float32"))
    assert found.maps.shape == (1, 6, 6)


@pytest.mark.parametrize("family", ["vgg16", "resnet50", "densenet", "mobilenet_v2"])
def test_preprocess_input_of_each_family_may_be_part_of_the_model(family):
    image = keras.Input((32, 32, 3))
    x = getattr(keras.applications, family).preprocess_input(image)
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    found = GradCAM(model)(np.ones((1, 32, 32, 3), "float32"))
    assert (found.layer.path, found.maps.shape) == ("conv", (1, 30, 30))
