from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from tfviz.errors import LayerError
from tfviz.model.tree import find, walk


class Block(layers.Layer):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(2, 3, name="conv")
        self.many = [layers.ReLU(name="relu"), layers.ReLU(name="relu")]

    def call(self, x: object) -> object:
        return self.many[1](self.many[0](self.conv(x)))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    image = keras.Input((8, 8, 3), name="image")
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 1, name="conv")], name="in")
    x = Block(name="block")(inner(image))
    x = ops.relu(x)
    x = layers.Dense(2, name="head")(layers.Flatten(name="flat")(x))
    return keras.Model(image, x, name="outer")


def test_paths_lead_through_models_layers_and_lists_of_layers(model: keras.Model) -> None:
    paths = [node.path for node in walk(model) if "input_layer" not in node.path]
    relu = next(each.name for each in model.operations if type(each).__name__ == "Relu")
    assert paths == [
        "image", "in", "in/conv", "block", "block/conv", "block/relu", "block/relu#2",
        relu, "flat", "head",
    ]  # fmt: skip


def test_a_node_says_how_deep_it_lies(model: keras.Model) -> None:
    assert {node.path: node.depth for node in walk(model)}["block/relu#2"] == 2


def test_a_layer_used_in_two_places_is_listed_under_the_first() -> None:
    shared = layers.Dense(2, name="shared")
    first = keras.Sequential([keras.Input((2,)), shared], name="first")
    second = keras.Sequential([keras.Input((2,)), shared], name="second")
    image = keras.Input((2,), name="x")
    nodes = walk(keras.Model(image, second(first(image))))
    paths = [node.path for node in nodes if "input_layer" not in node.path]
    assert paths == ["x", "first", "first/shared", "second"]


def test_a_subclass_lists_its_layers_in_the_order_they_were_made() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.late = layers.Dense(1, name="late")
            self.early = layers.Dense(2, name="early")

        def call(self, x: object) -> object:
            return self.late(self.early(x))

    made = Own()
    made(np.zeros((1, 2), "float32"))
    assert [node.path for node in walk(made)] == ["late", "early"]


def test_a_path_finds_its_layer(model: keras.Model) -> None:
    assert find(walk(model), "block/conv", model).operation.name == "conv"
    assert find(walk(model), "block/relu#2", model).operation is model.get_layer("block").many[1]


def test_a_name_that_occurs_once_needs_no_path(model: keras.Model) -> None:
    assert find(walk(model), "relu#2", model).path == "block/relu#2"


def test_a_name_that_occurs_twice_lists_the_paths(model: keras.Model) -> None:
    with pytest.raises(LayerError) as caught:
        find(walk(model), "conv", model)
    assert str(caught.value) == (
        "The name 'conv' belongs to 2 layers: 'in/conv', 'block/conv'. Give the path of one."
    )


def test_a_layer_object_finds_its_path(model: keras.Model) -> None:
    assert find(walk(model), model.get_layer("block").conv, model).path == "block/conv"


def test_a_missing_name_offers_the_nearest(model: keras.Model) -> None:
    with pytest.raises(LayerError) as caught:
        find(walk(model), "in/convv", model)
    assert str(caught.value) == (
        "Model 'outer' has no layer 'in/convv'. Did you mean 'in/conv' or 'conv'? "
        "`tfviz layers MODEL` lists those that can give a map."
    )


def test_a_layer_of_another_model_is_refused(model: keras.Model) -> None:
    with pytest.raises(LayerError, match="The layer 'alien' given as layer= is not part of model"):
        find(walk(model), layers.Dense(1, name="alien"), model)


def test_the_model_itself_is_no_layer_of_its_own(model: keras.Model) -> None:
    with pytest.raises(LayerError, match="is the model itself"):
        find(walk(model), model, model)
