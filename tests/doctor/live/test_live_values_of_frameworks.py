"""What is said of tensors, datasets, layers and optimizers of each framework."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.doctor.live.values import describe, is_array

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


def said(value: object) -> str:
    return str(describe(value))


def inside_a_graph(make) -> object:
    seen = []

    @tf.function(autograph=False)
    def step(x):
        seen.append(make(x))
        return x

    step.get_concrete_function(tf.TensorSpec((None, 3)))
    return seen[0]


def test_an_eager_tensor_tells_its_range_and_device():
    tensor = tf.constant([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
    assert said(tensor) == "Tensor (2, 3) float32, 1 NaN of 6, 1.0 to 6.0, on CPU:0"
    assert said(tf.constant([1, 2])) == "Tensor (2,) int32, [1, 2], on CPU:0"
    assert said(tf.constant(True)) == "Tensor () bool, True, on CPU:0"
    assert said(tf.constant(["cat"])) == "Tensor (1,) string, e.g. b'cat', on CPU:0"
    assert said(tf.cast(tensor[1:], tf.bfloat16)) == "Tensor (1, 3) bfloat16, 4.0 to 6.0, on CPU:0"


def test_a_symbolic_tensor_has_no_values_yet():
    text = "Tensor (None, 3) float32, its values are known when it runs"
    assert said(inside_a_graph(lambda x: x)) == text
    unknown = inside_a_graph(lambda x: tf.numpy_function(np.abs, [x], tf.float32))
    assert said(unknown) == "Tensor float32, its values are known when it runs"


def test_variables_are_told_with_whether_they_train():
    assert said(tf.Variable([1.0, 2.0])) == "Variable (2,) float32, [1.0, 2.0], on CPU:0"
    fixed = tf.Variable(tf.ones((2, 2)), trainable=False)
    assert said(fixed) == "Variable (2, 2) float32, all 1.0, not trainable, on CPU:0"


def test_ragged_and_sparse_tensors_are_told():
    ragged = tf.ragged.constant([[1, 2], [3]])
    assert said(ragged) == "RaggedTensor (2, None) int32, [1, 2, 3], rows of 1 to 2"
    sparse = tf.sparse.from_dense([[0, 1], [2, 0]])
    assert said(sparse) == "SparseTensor (2, 2) int32, [1, 2], 2 of 4 present"
    symbolic = inside_a_graph(tf.sparse.from_dense)
    assert said(symbolic) == "SparseTensor (None, 3) float32, its values are known when it runs"


def test_a_dataset_tells_its_elements_and_its_length():
    data = tf.data.Dataset.from_tensor_slices((np.ones((5, 4)), np.arange(5)))
    assert said(data) == "Dataset, elements ((4,) float64, () int64), 5 of them"
    assert said(data.batch(2)) == (
        "Dataset, elements ((None, 4) float64, (None,) int64), 3 of them"
    )
    named = tf.data.Dataset.from_tensor_slices({"x": [1.0]}).repeat()
    assert said(named) == "Dataset, elements {'x': () float32}, endless"


def test_a_keras_tensor_has_no_values():
    assert said(keras.Input((3,))) == "KerasTensor (None, 3) float32, symbolic, it has no values"


def test_a_layer_tells_its_name_settings_and_shapes():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="out")])
    assert said(model.layers[0]) == "Dense 'out', units 4, input (None, 3), output (None, 4)"
    assert said(keras.layers.Dropout(0.5, name="d")) == "Dropout 'd', rate 0.5"
    fresh = keras.layers.Conv2D(3, 3, name="c")
    assert said(fresh) == (
        "Conv2D 'c', filters 3, kernel_size (3, 3), strides (1, 1), padding valid, not built yet"
    )


def test_a_model_tells_what_goes_in_and_comes_out():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)], name="small")
    assert said(model) == "Sequential 'small', input (None, 3), output (None, 4)"
    pair = keras.Model(model.inputs, {"a": model.outputs[0], "b": model.outputs[0]}, name="pair")
    assert said(pair).startswith("Functional 'pair', input (None, 3), output ")


def test_a_subclassed_model_runs_none_of_its_code():
    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.dense = keras.layers.Dense(3)

        @property
        def inputs(self):
            raise SystemExit("the user's code ran")

        def call(self, x):
            return self.dense(x)

    net = Net()
    assert said(net) == "Net 'net', not built yet"
    net(np.ones((2, 5)))
    assert said(net) == "Net 'net', 1 layer"


def test_an_optimizer_tells_its_learning_rate():
    assert said(keras.optimizers.Adam(0.001)) == "Adam, learning rate 0.001"
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    assert said(keras.optimizers.SGD(schedule)) == "SGD, learning rate by CosineDecay"


def test_a_loss_tells_whether_it_takes_logits():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, name="loss")
    assert said(loss) == "SparseCategoricalCrossentropy 'loss', from_logits=True"


def test_ten_million_numbers_of_a_tensor_are_read_without_a_copy():
    tensor = tf.zeros((10_000_000,))
    assert said(tensor) == "Tensor (10000000,) float32, all 0.0, on CPU:0"


def test_tensors_of_each_kind_are_arrays():
    values = (tf.ones(2), keras.Input((3,)), tf.Variable(1.0), tf.ragged.constant([[1]]))
    assert all(is_array(each) for each in values)
    assert not is_array(keras.layers.Dense(3))


def test_a_tensor_of_torch_tells_device_and_gradient():
    torch = pytest.importorskip("torch")
    tensor = torch.ones(2, 3, requires_grad=True)
    assert said(tensor) == "Tensor (2, 3) float32, all 1.0, requires grad, on cpu"
    assert said(torch.ones(2, device="meta")) == "Tensor (2,) float32, no values, on meta"
    assert said(torch.nn.Linear(3, 4)) == "Linear, in_features 3, out_features 4"


def test_an_array_of_jax_tells_its_device():
    jax = pytest.importorskip("jax")
    assert said(jax.numpy.ones((2, 3))) == "Array (2, 3) float32, all 1.0, on cpu:0"
