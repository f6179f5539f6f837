"""LeGrad and attention rollout: the weights the model uses, wherever its attention stands."""

from __future__ import annotations

import cam_deeper as twin
import keras
import models
import numpy as np
import pytest
from keras import layers, ops

from tfviz import AttentionRollout, LeGrad, MethodError
from tfviz.explain.method import ActivationMap

SIZE, PATCH, FEATURES, HEADS, HEAD = 12, 4, 6, 2, 3
ROWS = SIZE // PATCH


class Own(layers.Layer):
    """Attention of dense layers and operations."""

    def __init__(self, fused=False, **kwargs):
        super().__init__(**kwargs)
        self.parts = [layers.Dense(HEADS * HEAD, name=name) for name in "qkv"]
        self.last = layers.Dense(FEATURES, name="o")

    def call(self, x):
        tokens = x.shape[1]
        q, k, v = (
            ops.transpose(ops.reshape(each(x), (-1, tokens, HEADS, HEAD)), (0, 2, 1, 3))
            for each in self.parts
        )
        weights = ops.softmax(ops.matmul(q, ops.swapaxes(k, 2, 3)) / np.sqrt(HEAD), axis=-1)
        joined = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))
        return self.last(ops.reshape(joined, (-1, tokens, HEADS * HEAD)))


class Block(layers.Layer):
    """A block of a transformer as a layer of its own, sums without layers."""

    def __init__(self, own=False, **kwargs):
        super().__init__(**kwargs)
        self.norm1, self.norm2 = layers.LayerNormalization(), layers.LayerNormalization()
        self.own = own
        self.attend = Own() if own else layers.MultiHeadAttention(HEADS, HEAD)
        self.dense1, self.dense2 = layers.Dense(8, activation="relu"), layers.Dense(FEATURES)

    def call(self, x):
        y = self.norm1(x)
        x = x + (self.attend(y) if self.own else self.attend(y, y))
        return x + self.dense2(self.dense1(self.norm2(x)))


def functional_block(x):
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(HEADS, HEAD)(y, y)])
    y = layers.LayerNormalization()(x)
    y = layers.Dense(FEATURES)(layers.Dense(8, activation="relu")(y))
    return layers.Add()([x, layers.Dropout(0.1)(y)])


def nested_block(x):
    inner = keras.Input(x.shape[1:])
    return keras.Model(inner, functional_block(inner))(x)


BLOCKS = {
    "functional": functional_block,
    "subclassed": lambda x: Block()(x),
    "own attention": lambda x: Block(own=True)(x),
    "nested": nested_block,
}


def transformer(block, class_token, depth=2, seed=5):
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(FEATURES, PATCH, strides=PATCH, name="patches")(image)
    x = layers.Reshape((ROWS * ROWS, FEATURES))(x)
    x = models.ClassToken()(x) if class_token else x
    for _ in range(depth):
        x = BLOCKS[block](x)
    x = layers.LayerNormalization(name="last")(x)
    x = x[:, 0] if class_token else layers.GlobalAveragePooling1D()(x)
    model = keras.Model(image, layers.Dense(4, name="head")(x))
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(size=each.shape) / 1.5 for each in model.get_weights()])
    return model


def taken_apart(model, block, class_token, image, depth=2):
    """The tokens, the blocks, and the head of a transformer in float64 NumPy."""
    weights = [each.astype(np.float64) for each in model.get_weights()]
    patches, bias = weights.pop(0), weights.pop(0)
    tokens = np.stack([
        np.einsum("ijc,ijcf->f", image[a : a + PATCH, b : b + PATCH], patches) + bias
        for a in range(0, SIZE, PATCH) for b in range(0, SIZE, PATCH)
    ])  # fmt: skip
    if class_token:
        tokens = np.concatenate([weights.pop(0)[0], tokens])
    blocks = []
    for _ in range(depth):
        w = {}
        order = ["gamma1", "beta1", "wq", "bq", "wk", "bk", "wv", "bv", "wo", "bo",
                 "gamma2", "beta2", "w1", "b1", "w2", "b2"]  # fmt: skip
        if block in ("subclassed", "own attention"):
            # Keras lists the weights of sub-layers in the order in which they were made.
            order = order[:2] + order[10:12] + order[2:10] + order[12:]
        for name in order:
            w[name] = weights.pop(0)
        for name in ("wq", "wk", "wv"):
            w[name] = w[name].reshape(FEATURES, HEADS, HEAD)
        for name in ("bq", "bk", "bv"):
            w[name] = w[name].reshape(HEADS, HEAD)
        w["wo"] = w["wo"].reshape(HEADS, HEAD, FEATURES)
        blocks.append(twin.Block(w))
    gamma, beta, kernel, last = weights

    def head(x):
        y = twin.layer_norm(x, gamma, beta, 1e-3)
        return (y[0] if class_token else y.mean(axis=0)) @ kernel + last

    return tokens, blocks, head


def folded(values, class_token):
    return values[1 if class_token else 0 :].reshape(ROWS, ROWS)


def pictures(seed=0, count=2):
    return np.random.default_rng(seed).normal(size=(count, SIZE, SIZE, 3)).astype("float32")


CASES = [*((block, True) for block in BLOCKS), ("functional", False), ("subclassed", False)]
ids = [f"{block}, {'class token' if token else 'pooled'}" for block, token in CASES]


@pytest.mark.parametrize(("block", "class_token"), CASES, ids=ids)
def test_both_are_those_of_the_slow_twin(block, class_token):
    model, images = transformer(block, class_token), pictures()
    legrad, rolled = LeGrad(model)(images, 2), AttentionRollout(model)(images)
    for i, image in enumerate(images):
        tokens, blocks, head = taken_apart(model, block, class_token, image)
        x = tokens
        attentions = []
        for each in blocks:
            A, v = each.values(x)
            attentions.append(A)
            x = each.after(x, A, v)
        assert head(x)[2] == pytest.approx(legrad.scores[i], rel=1e-4, abs=1e-4)
        wanted = folded(twin.rollout(attentions, int(class_token)), class_token)
        np.testing.assert_allclose(rolled.maps[i], wanted, atol=1e-5 * wanted.max())
        wanted = folded(twin.legrad(blocks, lambda x, h=head: h(x)[2], tokens), class_token)
        np.testing.assert_allclose(legrad.maps[i], wanted, atol=1e-4 * wanted.max())
    assert legrad.remarks[0] == f"2 attentions of {ROWS**2 + class_token} tokens"
    assert ("read at the class token" in rolled.remarks[0]) == class_token


def test_blocks_in_a_model_whose_sums_are_no_layers_fall_back_and_say_so():
    class Bare(keras.Model):
        def __init__(self):
            super().__init__()
            self.patches = layers.Conv2D(FEATURES, PATCH, strides=PATCH)
            self.attend = [layers.MultiHeadAttention(HEADS, HEAD) for _ in range(2)]
            self.head = layers.Dense(4)

        def call(self, x):
            x = self.patches(x)
            x = ops.reshape(x, (-1, ROWS * ROWS, FEATURES))
            for each in self.attend:
                x = x + each(x, x)
            return self.head(ops.mean(x, axis=1))

    keras.utils.set_random_seed(2)
    model = Bare()
    found = LeGrad(model)(pictures(), 1)
    assert found.maps.shape == (2, ROWS, ROWS)
    assert found.maps.any()
    assert "by the gradient of the final score" in found.remarks[0]


def test_most_likely_class_is_explained_in_all_layers():
    """The head may find another class most likely in an earlier block's tokens."""
    model, images = transformer("functional", True), pictures(3, count=6)
    by_itself = LeGrad(model)(images)
    named = LeGrad(model)(images, by_itself.units.tolist())
    np.testing.assert_allclose(by_itself.maps, named.maps, rtol=1e-5)


def test_rollout_of_attention_that_sees_only_itself_is_uniform():
    """With equal keys every token attends to all alike, and R's rows add up to 1."""
    model = transformer("functional", False)
    for layer in model.layers:
        if isinstance(layer, layers.MultiHeadAttention):
            layer.key_dense.set_weights([np.zeros_like(w) for w in layer.key_dense.get_weights()])
    maps = AttentionRollout(model)(pictures()).maps
    np.testing.assert_allclose(maps, 1 / ROWS**2, rtol=1e-5)


def test_windows_of_attention_are_refused():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(FEATURES, 2, strides=2)(image)
    x = ops.reshape(x, (-1, 4, 9, FEATURES))
    x = ops.reshape(x, (-1, 9, FEATURES))
    x = layers.MultiHeadAttention(HEADS, HEAD)(x, x)
    x = ops.reshape(x, (-1, 36, FEATURES))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    with pytest.raises(MethodError, match="the 9 tokens that its attentions see can't be laid in"):
        AttentionRollout(model)(pictures())


def test_attention_without_a_softmax_is_refused_with_methods_that_fit():
    class LinearAttention(layers.Layer):
        def call(self, x):
            return ops.matmul(ops.matmul(x, ops.swapaxes(x, 1, 2)), x)

    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(FEATURES, PATCH, strides=PATCH)(image)
    x = LinearAttention(name="linear")(layers.Reshape((ROWS * ROWS, FEATURES))(x))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    with pytest.raises(MethodError, match="'linear' has no softmax over its own tokens") as caught:
        LeGrad(model)(pictures())
    fitting = str(caught.value).rsplit(": ", 1)[1].rstrip(".").split(", ")
    assert "gradcam" in fitting
    assert not {"legrad", "rollout"} & set(fitting)


def test_signal_of_tokens_has_a_map_over_its_steps():
    keras.utils.set_random_seed(4)
    signal = keras.Input((20, 2))
    x = layers.Conv1D(FEATURES, 2, strides=2)(signal)
    x = functional_block(functional_block(x))
    model = keras.Model(signal, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    x = np.random.default_rng(0).normal(size=(2, 20, 2)).astype("float32")
    for method in (LeGrad, AttentionRollout):
        found = method(model)(x, 1)
        assert found.maps.shape == (2, 10)
        assert found.maps.any()


def test_grouped_heads_and_half_precision_have_maps():
    keras.utils.set_random_seed(4)
    image = keras.Input((SIZE, SIZE, 3))
    with_policy = {"dtype": "mixed_float16"}
    x = layers.Conv2D(FEATURES, PATCH, strides=PATCH, **with_policy)(image)
    x = layers.Reshape((ROWS * ROWS, FEATURES), **with_policy)(x)
    for _ in range(2):
        attend = layers.GroupQueryAttention(HEAD, 4, 2, **with_policy)
        x = layers.Add(**with_policy)([x, attend(x, x)])
    x = layers.GlobalAveragePooling1D(**with_policy)(x)
    model = keras.Model(image, layers.Dense(3, dtype="float32")(x))
    assert issubclass(LeGrad, ActivationMap)
    for method in (LeGrad, AttentionRollout):
        maps = method(model)(pictures(), 1).maps
        assert np.isfinite(maps).all()
        assert maps.max() > 0
