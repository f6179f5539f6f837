"""`DeformableConv2D` as a Keras layer: weights, shapes, files, training, precision."""

from __future__ import annotations

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfviz
from tfviz.errors import InputError
from tfviz.layers import DeformableConv2D, deform_conv2d


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def restless(**more):
    """A layer whose offsets don't start at zero."""
    return DeformableConv2D(
        6, 3, padding="same", offset_initializer=keras.initializers.RandomNormal(0, 0.3, 1), **more
    )


@pytest.mark.parametrize("modulated", [False, True])
@pytest.mark.parametrize("how", [{}, {"strides": 2}, {"dilation_rate": 2}, {"groups": 2}])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_at_the_start_it_is_the_plain_convolution(modulated, how, padding):
    x = noise(2, 12, 10, 4)
    layer = DeformableConv2D(6, 3, padding=padding, modulated=modulated, mask_scale=2.0, **how)
    found = layer(x)
    plain = keras.layers.Conv2D(6, 3, padding=padding, **how)
    plain.build(x.shape)
    plain.set_weights([layer.kernel.numpy(), layer.bias.numpy()])
    np.testing.assert_allclose(found, plain(x), rtol=0, atol=2e-5)


def test_without_a_mask_scale_v2_starts_as_half_of_it():
    x = noise(1, 8, 8, 3)
    layer = DeformableConv2D(6, 3, padding="same", use_bias=False)
    found = layer(x)
    whole = tf.nn.conv2d(x, layer.kernel.numpy(), 1, "SAME")
    np.testing.assert_allclose(found, whole / 2, rtol=0, atol=2e-5)


def test_what_it_computes_is_deform_conv2d_of_its_offsets():
    x = noise(2, 9, 8, 4)
    layer = restless(offset_groups=2, groups=2, activation="relu", bias_initializer="ones")
    found = layer(x)
    offset, mask = layer.offsets(x)
    assert offset.shape == (2, 9, 8, 36)
    assert mask.shape == (2, 9, 8, 18)
    assert float(tf.reduce_max(tf.abs(offset))) > 1
    expected = deform_conv2d(x, offset, layer.kernel.numpy(), mask, bias=np.ones(6), padding="same")
    np.testing.assert_allclose(found, tf.nn.relu(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_offsets_are_a_convolution_of_the_same_geometry(dilation):
    x = noise(1, 9, 8, 4)
    layer = restless(strides=(2, 1), dilation_rate=dilation, modulated=False)
    layer(x)
    expected = tf.nn.conv2d(x, layer.offset_kernel.numpy(), (2, 1), "SAME", dilations=dilation)
    np.testing.assert_allclose(layer.offsets(x)[0], expected, rtol=0, atol=1e-5)


def test_pixels_of_padding_are_those_of_a_padded_image():
    x = noise(1, 7, 6, 2)
    layer = DeformableConv2D(3, 3, padding=(2, 1), modulated=False)
    found = layer(x)
    padded = np.pad(x, ((0, 0), (2, 2), (1, 1), (0, 0)))
    expected = tf.nn.conv2d(padded, layer.kernel.numpy(), 1, "VALID")
    assert found.shape == layer.compute_output_shape(x.shape) == (1, 9, 6, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid", 0, (1, 2)])
@pytest.mark.parametrize("strides", [1, 2, (2, 3)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_the_output_shape_is_told_before_it_is_computed(padding, strides, dilation):
    layer = DeformableConv2D(5, (3, 2), strides=strides, padding=padding, dilation_rate=dilation)
    for size in ((9, 8), (10, 7)):
        x = noise(1, *size, 2)
        assert layer.compute_output_shape(x.shape) == tuple(layer(x).shape)
    assert layer.compute_output_shape((None, None, 8, 2))[:2] == (None, None)


def test_a_model_takes_images_of_any_size():
    inputs = keras.Input((None, None, 3))
    outputs = restless(strides=2)(inputs)
    assert outputs.shape == (None, None, None, 6)
    model = keras.Model(inputs, outputs)
    for size in ((8, 9), (15, 4)):
        x = noise(2, *size, 3)
        np.testing.assert_allclose(model.predict(x, verbose=0), model(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_saved_model_comes_back_the_same(tmp_path, suffix):
    model = keras.Sequential(
        [
            keras.Input((12, 12, 4)),
            restless(
                strides=(2, 1),
                groups=2,
                offset_groups=2,
                mask_scale=2.0,
                mask_activation="tanh",
                kernel_regularizer=keras.regularizers.L2(1e-3),
                offset_constraint=keras.constraints.MaxNorm(3),
                activation="relu",
                recompute=True,
                name="bends",
            ),
        ]
    )
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    loaded = tfviz.load_model(path)
    x = noise(2, 12, 12, 4)
    np.testing.assert_array_equal(loaded(x), model(x))
    first, second = (each.get_layer("bends").get_config() for each in (model, loaded))
    assert json.dumps(first) == json.dumps(second)


def test_a_model_file_is_loaded_by_a_process_that_never_named_the_layer(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), restless()]).save(tmp_path / "model.keras")
    code = "import tfviz; print(tfviz.load_model('model.keras').layers[0].__class__.__name__)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "DeformableConv2D"


def test_importing_the_package_imports_no_tensorflow():
    code = "import sys, tfviz; tfviz.layers.dilated(3, 2); print('tensorflow' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_under_mixed_precision_offsets_stay_float32(policy):
    x = noise(2, 10, 10, 4)
    layer, full = restless(dtype=policy), restless()
    found, expected = layer(x), full(x)
    layer.set_weights(full.get_weights())
    found = layer(x)
    assert found.dtype == layer.compute_dtype
    assert layer.offset_kernel.dtype == "float32"
    assert layer.offsets(x)[0].dtype == tf.float32
    tolerance = {"mixed_float16": 0.02, "mixed_bfloat16": 0.15}[policy]
    np.testing.assert_allclose(tf.cast(found, "float32"), expected, rtol=0, atol=tolerance)


def test_regularizers_constraints_and_initializers_act_on_their_weights():
    layer = DeformableConv2D(
        4,
        3,
        kernel_initializer="ones",
        offset_initializer="ones",
        kernel_regularizer=keras.regularizers.L1(1.0),
        bias_regularizer=keras.regularizers.L1(1.0),
        offset_regularizer=keras.regularizers.L1(0.5),
        bias_initializer="ones",
        kernel_constraint=keras.constraints.NonNeg(),
        offset_constraint=keras.constraints.MaxNorm(2),
        bias_constraint=keras.constraints.NonNeg(),
    )
    layer.build((None, 8, 8, 2))
    # 3x3 taps, 2 channels in: 4 filters, and 27 channels of offsets and mask.
    assert sorted(float(each) for each in layer.losses) == [4, 72, 0.5 * 9 * 2 * 27]
    assert isinstance(layer.kernel.constraint, keras.constraints.NonNeg)
    assert isinstance(layer.offset_kernel.constraint, keras.constraints.MaxNorm)
    assert isinstance(layer.bias.constraint, keras.constraints.NonNeg)


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_shifted_image_is_learned_by_moving_the_taps(jit):
    # All that can learn is where the one tap stands: it has to move by (1.5, -2).
    keras.utils.set_random_seed(1)
    layer = DeformableConv2D(
        1,
        1,
        modulated=False,
        use_bias=False,
        kernel_initializer="ones",
        offset_constraint=keras.constraints.MaxNorm(0),
    )
    layer.build((None, 16, 16, 1))
    layer.kernel.trainable = False
    smooth = tf.nn.avg_pool2d(noise(16, 24, 24, 1), 7, 1, "SAME").numpy()
    x = smooth[:, 4:20, 4:20]
    target = (smooth[:, 5:21, 2:18] + smooth[:, 6:22, 2:18]) / 2
    model = keras.Sequential([keras.Input((16, 16, 1)), layer])

    def inner(truth, found):
        # At the border the image ends.
        return keras.ops.mean(keras.ops.square(truth - found)[:, 3:-3, 3:-3])

    rate = keras.optimizers.schedules.CosineDecay(0.2, 120)
    model.compile(keras.optimizers.Adam(rate), inner, jit_compile=jit)
    model.fit(x, target, epochs=120, batch_size=16, verbose=0)
    np.testing.assert_allclose(layer.offset_bias.numpy(), [1.5, -2], atol=0.05)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"groups": 4}, "groups=4 doesn't divide filters=6"),
        ({"filters": 0}, "filters=0 doesn't say how many"),
        ({"offset_groups": 1.5}, "offset_groups=1.5 doesn't say how many"),
        ({"padding": "causal"}, "padding='causal' is none"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(how, says):
    with pytest.raises(InputError, match=says):
        DeformableConv2D(**{"filters": 6, "kernel_size": 3, **how})


@pytest.mark.parametrize("name", ["groups", "offset_groups"])
def test_groups_that_do_not_divide_the_channels_are_refused_by_name(name):
    layer = DeformableConv2D(6, 3, name="bends", **{name: 3})
    with pytest.raises(
        InputError, match=f"^{name}=3 of layer 'bends' doesn't divide the 4 channels"
    ):
        layer.build((None, 8, 8, 4))


def test_unknown_channels_are_refused():
    with pytest.raises(InputError, match="channels of the input of layer 'bends' are not known"):
        DeformableConv2D(6, 3, name="bends").build((None, 8, 8, None))


def test_whole_numbers_are_cast_by_keras_or_refused():
    layer = DeformableConv2D(6, 3, autocast=False)
    layer.build((None, 8, 8, 2))
    with pytest.raises(InputError, match="x holds int32"):
        layer(tf.ones((1, 8, 8, 2), tf.int32))


def deformable_model(path):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    x = restless(activation="relu", name="bends", mask_scale=2.0)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))
    model.save(path)
    return model


def test_grad_cam_takes_the_layer_and_is_its_gradient_times_activation(tmp_path):
    model = deformable_model(tmp_path / "deformable.keras")
    loaded = tfviz.load_model(tmp_path / "deformable.keras")
    x = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    found = tfviz.GradCAM(loaded)(x, 1)
    assert found.layer.path == "bends"
    maps = keras.Model(model.input, model.get_layer("bends").output)(x).numpy()
    # Behind a mean over all places the gradient of a logit is the class's weight over their number.
    weights = model.layers[-1].kernel.numpy()[:, 1] / maps[0, ..., 0].size
    np.testing.assert_allclose(found.maps, np.maximum(maps @ weights, 0), rtol=1e-3, atol=1e-6)


def test_tfviz_heatmap_explains_a_model_file_with_the_layer(tmp_path, tfviz_cli):
    deformable_model(tmp_path / "deformable.keras")
    said = tfviz_cli(
        "heatmap", "sample:cat", "--model", tmp_path / "deformable.keras", "--out", tmp_path / "out"
    )
    assert said.code == 0, said.err
    heat = np.load(tmp_path / "out" / "cat.map.npy")
    assert np.isfinite(heat).all()
    assert heat.max() > 0
