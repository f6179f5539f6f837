"""A method that a model can't be explained by says so, and which can."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfviz import CAM, Function, LayerError, MethodError
from tfviz.explain.applicable import WHY_NOT
from tfviz.explain.family import FAMILY, METHODS, NEEDS


def built(head, size=8):
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(image)
    return keras.Model(image, head(x))


POOL = layers.GlobalAveragePooling2D
WITH_CAM = {
    "dense": lambda x: layers.Dense(3)(POOL()(x)),
    "softmax": lambda x: layers.Dense(3, activation="softmax")(POOL()(x)),
    "no bias": lambda x: layers.Dense(3, use_bias=False)(POOL()(x)),
    "dropout": lambda x: layers.Dense(3)(layers.Dropout(0.5)(POOL()(x))),
    "kept axes, a 1x1 convolution": lambda x: layers.Softmax()(
        layers.Reshape((3,))(layers.Conv2D(3, 1)(POOL(keepdims=True)(x)))
    ),
    "an average as an operation": lambda x: layers.Dense(3)(keras.ops.mean(x, axis=(1, 2))),
    "float16": lambda x: layers.Dense(3, dtype="float32")(POOL(dtype="mixed_float16")(x)),
}
WITHOUT_CAM = {
    "two dense layers": (
        lambda x: layers.Dense(3)(layers.Dense(4)(POOL()(x))),
        "2 linear layers follow layer 'conv'",
    ),
    "a flattening": (
        lambda x: layers.Dense(3)(layers.Flatten()(x)),
        "layer 'conv' leads to the logits in another way",
    ),
    "a maximum": (
        lambda x: layers.Dense(3)(layers.GlobalMaxPooling2D()(x)),
        r"behind layer 'conv' stands '.*' \(Max\)",
    ),
    "an activation": (
        lambda x: layers.Dense(3)(layers.ReLU()(layers.Dense(3)(POOL()(x)))),
        r"behind layer 'conv' stands '.*' \(Relu\)",
    ),
    "two averages": (
        lambda x: layers.Dense(3)(keras.ops.mean(keras.ops.mean(x, axis=1), axis=1)),
        r"behind layer 'conv' stands '.*' \(Mean\)",
    ),
    "two branches": (
        lambda x: layers.Add()([layers.Dense(3)(POOL()(x)), layers.Dense(3)(POOL()(x))]),
        "two branches are added",
    ),
}


def gated(x):
    """Averages weighed by what a dense layer makes of the same averages."""
    means = POOL()(x)
    kernel = layers.Reshape((4, 3))(layers.Dense(12)(means))
    return layers.Reshape((3,))(keras.ops.matmul(layers.Reshape((1, 4))(means), kernel))


def adapted(x):
    """A kernel that is a sum: what LoRA adds to a weight."""
    means, dense = POOL()(x), layers.Dense(3)
    dense.build(means.shape)
    dense.enable_lora(2)
    return dense(means)


WITHOUT_CAM["weights of its own"] = (
    gated,
    r"behind layer 'conv' stands '.*' \(BatchMatMulV2\), both sides of which come from it",
)
WITH_CAM["a kernel that is a sum"] = adapted


@pytest.mark.parametrize("head", WITH_CAM)
def test_cam_is_the_kernel_over_the_channels_where_pooling_and_one_linear_layer_follow(head):
    keras.utils.set_random_seed(2)
    model = built(WITH_CAM[head])
    inputs = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    found = CAM(model, "conv")(inputs, 1)
    A = model.get_layer("conv")(inputs).numpy()
    kernel = next(w.numpy() for w in model.weights[2:] if len(w.shape) > 1)
    scale = 2e-3 if head == "float16" else 1e-5
    np.testing.assert_allclose(found.maps, A @ kernel.reshape(4, 3)[:, 1], atol=scale)


@pytest.mark.parametrize("head", WITHOUT_CAM)
def test_cam_names_what_stands_in_its_way_and_the_methods_that_can(head):
    make, reason = WITHOUT_CAM[head]
    with pytest.raises(MethodError, match=reason) as caught:
        CAM(built(make), "conv")(np.ones((1, 8, 8, 3), "float32"))
    said = str(caught.value)
    assert said.startswith("Method 'cam' needs global average pooling and one linear layer")
    fitting = said.rsplit(": ", 1)[1].rstrip(".").split(", ")
    assert {"gradcam", "hirescam", "eigencam"} <= set(fitting)
    assert not {"cam", "refinecam"} & set(fitting)


def test_cam_at_an_earlier_layer_is_refused():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="early")(image)
    x = layers.Conv2D(4, 3, activation="relu", name="late")(x)
    model = keras.Model(image, layers.Dense(3)(POOL()(x)))
    assert CAM(model)(np.ones((1, 8, 8, 3))).layer.path == "late"
    with pytest.raises(MethodError, match=r"behind layer 'early' stands '.*' \(Mean\)"):
        CAM(model, "early")(np.ones((1, 8, 8, 3)))


def test_target_that_is_a_function_has_no_similar_classes():
    model = built(WITH_CAM["dense"])
    with pytest.raises(MethodError, match="the target is a function of the outputs"):
        METHODS["finercam"](model)(np.ones((1, 8, 8, 3)), Function(lambda y: y[:, 0]))


def test_layer_that_is_not_there_is_said_first():
    with pytest.raises(LayerError, match="no layer 'cnv'"):
        CAM(built(WITHOUT_CAM["a flattening"][0]), "cnv")


def test_every_need_has_words_and_a_test():
    assert set(NEEDS) == set(WHY_NOT)
    assert {need for entry in FAMILY.values() for need in entry.needs} <= set(NEEDS)


def test_cam_on_a_siamese_difference_is_refused():
    model = models.siamese()
    with pytest.raises(MethodError, match=r"stands '.*' \(Sub\)"):
        CAM(model)(models.inputs_for(model))
