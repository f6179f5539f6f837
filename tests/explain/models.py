"""One small model of each kind, with what an explanation of it must look like."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

SIZE = 24


def conv_base(name="base", size=SIZE):
    """A nested model of the kind that transfer learning puts into another model."""
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="conv1")(image)
    x = layers.Conv2D(12, 3, padding="same", use_bias=False, name="conv2")(x)
    x = layers.BatchNormalization(name="bn2")(x)
    x = layers.ReLU(name="relu2")(x)
    return keras.Model(image, x, name=name)


def head(x, units=5, activation="softmax"):
    return layers.Dense(units, activation=activation, name="head")(
        layers.GlobalAveragePooling2D(name="pool")(x)
    )


def functional():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv1")(image)
    x = layers.Conv2D(12, 3, activation="relu", name="conv2")(x)
    return keras.Model(image, head(x))


def conv_bn_relu():
    base = conv_base()
    return keras.Model(base.input, head(base.output))


def sequential():
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="conv1"),
            layers.Conv2D(12, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )


def sequential_without_input():
    model = keras.Sequential(sequential().layers)
    model(np.zeros((1, SIZE, SIZE, 3), "float32"))
    return model


def base_in_sequential():
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            conv_base(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(5, activation="softmax"),
        ]
    )


def base_in_functional():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(image)
    return keras.Model(image, head(conv_base()(x, training=False)))


class Block(layers.Layer):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(filters, 3, padding="same", name="conv")
        self.norm = layers.BatchNormalization(name="norm")

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.norm.build(self.conv.compute_output_shape(input_shape))

    def call(self, x):
        return ops.relu(self.norm(self.conv(x)))


class Subclassed(keras.Model):
    """Layers made in another order than they run, one in a list, one operation without a layer."""

    def __init__(self):
        super().__init__()
        self.out = layers.Dense(5, name="out")
        self.blocks = [Block(8, name="block_a"), Block(12, name="block_b")]
        self.stem = layers.Conv2D(4, 3, strides=2, name="stem")

    def call(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return ops.softmax(self.out(ops.mean(x, axis=(1, 2))))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, SIZE, SIZE, 3), "float32"))
    return model


def multi_input():
    image, table = keras.Input((SIZE, SIZE, 3), name="image"), keras.Input((4,), name="table")
    x = layers.GlobalAveragePooling2D()(conv_base()(image))
    x = layers.Concatenate()([x, layers.Dense(3, activation="relu")(table)])
    return keras.Model([image, table], layers.Dense(5, activation="softmax")(x))


def multi_output():
    image = keras.Input((SIZE, SIZE, 3))
    x = conv_base()(image)
    kind = layers.Dense(5, activation="softmax", name="kind")(layers.GlobalAveragePooling2D()(x))
    y = layers.Conv2D(6, 3, activation="relu", name="age_conv")(x)
    age = layers.Dense(1, name="age")(layers.GlobalAveragePooling2D()(y))
    return keras.Model(image, [kind, age])


def siamese():
    left, right = keras.Input((SIZE, SIZE, 3), name="a"), keras.Input((SIZE, SIZE, 3), name="b")
    base, pool = conv_base(), layers.GlobalAveragePooling2D()
    difference = layers.Subtract()([pool(base(left)), pool(base(right))])
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(difference))


def unet():
    image = keras.Input((SIZE, SIZE, 3))
    down = layers.Conv2D(8, 3, padding="same", activation="relu", name="down")(image)
    deep = layers.Conv2D(12, 3, padding="same", activation="relu", name="deep")(
        layers.MaxPooling2D()(down)
    )
    up = layers.Concatenate()([layers.UpSampling2D()(deep), down])
    last = layers.Conv2D(8, 3, padding="same", activation="relu", name="last")(up)
    return keras.Model(image, layers.Conv2D(3, 1, activation="softmax", name="mask")(last))


class ClassToken(layers.Layer):
    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x):
        return ops.concatenate([ops.repeat(self.token, ops.shape(x)[0], axis=0), x], axis=1)

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] + 1, shape[2])


def vit():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(16, 4, strides=4, name="patches")(image)
    x = layers.Reshape((36, 16))(x)
    x = ClassToken(name="class_token")(x)
    for i in range(2):
        y = layers.LayerNormalization(name=f"before{i}")(x)
        y = layers.MultiHeadAttention(2, 8, name=f"attention{i}")(y, y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(16)(layers.Dense(32, activation="gelu")(y))
        x = layers.Add()([x, y])
    x = layers.LayerNormalization(name="last_norm")(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(x[:, 0]))


def conv1d():
    signal = keras.Input((40, 2))
    x = layers.Conv1D(8, 3, activation="relu", name="conv1")(signal)
    x = layers.Conv1D(12, 3, activation="relu", name="conv2")(x)
    return keras.Model(
        signal, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(x))
    )


def conv3d():
    volume = keras.Input((8, 10, 12, 1))
    x = layers.Conv3D(6, 3, activation="relu", name="conv1")(volume)
    return keras.Model(
        volume, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling3D()(x))
    )


def mixed_float16():
    with_policy = {"dtype": "mixed_float16"}
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv1", **with_policy)(image)
    x = layers.Conv2D(12, 3, activation="relu", name="conv2", **with_policy)(x)
    x = layers.GlobalAveragePooling2D(**with_policy)(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", dtype="float32")(x))


def token_model():
    tokens = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, 8, name="embedding")(tokens)
    x = layers.Conv1D(8, 3, padding="same", activation="relu", name="conv")(x)
    return keras.Model(tokens, layers.Dense(3)(layers.GlobalMaxPooling1D()(x)))


# kind: (builder, layer that is right by itself, shape of one map)
KINDS = {
    "functional": (functional, "conv2", (9, 9)),
    "conv_bn_relu": (conv_bn_relu, "relu2", (12, 12)),
    "sequential": (sequential, "conv2", (9, 9)),
    "sequential_without_input": (sequential_without_input, "conv2", (9, 9)),
    "base_in_sequential": (base_in_sequential, "base/relu2", (12, 12)),
    "base_in_functional": (base_in_functional, "base/relu2", (12, 12)),
    "subclassed": (subclassed, "block_b", (11, 11)),
    "multi_input": (multi_input, "base/relu2", (12, 12)),
    "multi_output": (multi_output, "base/relu2", (12, 12)),
    "siamese": (siamese, "base/relu2", (12, 12)),
    "unet": (unet, "last", (SIZE, SIZE)),
    "vit": (vit, "before1", (6, 6)),
    "conv1d": (conv1d, "conv2", (36,)),
    "conv3d": (conv3d, "conv1", (6, 8, 10)),
    "mixed_float16": (mixed_float16, "conv2", (9, 9)),
    "token_model": (token_model, "conv", (12,)),
}


def inputs_for(model, count=3, seed=0):
    """Random inputs in the structure that a model takes."""
    random = np.random.default_rng(seed)
    shapes = getattr(model, "inputs", None)
    if not shapes:
        return random.normal(size=(count, SIZE, SIZE, 3)).astype("float32")
    made = [
        random.integers(0, 50, (count, *each.shape[1:]))
        if "int" in str(each.dtype)
        else random.normal(size=(count, *each.shape[1:])).astype("float32")
        for each in shapes
    ]
    return made[0] if len(made) == 1 else made
