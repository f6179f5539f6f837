"""`deform_conv2d`, against SciPy, PyTorch, plain convolution and finite differences."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from deformable import deform_conv2d as slow
from deformable import output_size

from tfviz.errors import InputError
from tfviz.layers import deform_conv2d, dilated, random_offsets, rotated

REFERENCES = Path(__file__).parent / "data" / "grid_sample.npz"
STRIDES = [(1, 1), (2, 1), (2, 3)]
PADDINGS = ["same", "valid", (2, 1)]
DILATIONS = [(1, 1), (2, 1)]
# (groups, offset groups): independent of each other
GROUPS = [(1, 1), (2, 1), (1, 2), (2, 4), (4, 2)]
MATRIX = [
    pytest.param(*case, id="-".join(str(each).replace(" ", "") for each in case))
    for case in itertools.product(STRIDES, PADDINGS, DILATIONS, GROUPS, [False, True])
]


def problem(strides, padding, dilation, groups, modulated, *, size=(8, 7), kernel=(3, 2), seed=0):
    """Arrays of float64 with offsets that reach far outside, and how to convolve them."""
    random = np.random.default_rng(seed)
    pads = (padding, padding) if isinstance(padding, str) else padding
    rows, columns = (
        output_size(*each) for each in zip(pads, size, kernel, strides, dilation, strict=True)
    )
    weight_groups, offset_groups = groups
    taps = kernel[0] * kernel[1]
    arrays = {
        "x": random.normal(size=(2, *size, 4)),
        "offset": random.normal(size=(2, rows, columns, 2 * offset_groups * taps)) * 3,
        "kernel": random.normal(size=(*kernel, 4 // weight_groups, 8)),
    }
    if modulated:
        arrays["mask"] = random.random((2, rows, columns, offset_groups * taps))
    return arrays, {"strides": strides, "padding": padding, "dilation_rate": dilation}


@pytest.mark.parametrize(("strides", "padding", "dilation", "groups", "modulated"), MATRIX)
def test_it_is_scipys_sampling_tap_by_tap(strides, padding, dilation, groups, modulated):
    arrays, how = problem(strides, padding, dilation, groups, modulated)
    pads = (padding, padding) if isinstance(padding, str) else padding
    expected = slow(**arrays, strides=strides, padding=pads, dilation=dilation)
    found = deform_conv2d(**arrays, **how)
    assert found.dtype == tf.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("strides", "padding", "dilation", "groups", "modulated"), MATRIX)
def test_gradients_are_finite_differences(strides, padding, dilation, groups, modulated):
    arrays, how = problem(strides, padding, dilation, groups, modulated, seed=1)
    given = {name: tf.constant(value) for name, value in arrays.items()}
    random = np.random.default_rng(2)
    with tf.GradientTape() as tape:
        tape.watch(given)
        result = deform_conv2d(**given, **how)
        upstream = random.normal(size=result.shape)
        total = tf.reduce_sum(result * upstream)
    gradients = tape.gradient(total, given)
    step = 1e-6
    for name, value in arrays.items():
        # Along a random direction: all derivatives at once, and none can hide.
        direction = random.choice([-1.0, 1.0], value.shape) * random.random(value.shape)
        if name == "offset":
            # Where a whole pixel lies within the step, the difference is of two slopes.
            fraction = (value % 1) - np.rint(value % 1)
            direction[np.abs(fraction) < 1e-5] = 0
        ends = [
            np.sum(
                deform_conv2d(**{**arrays, name: value + sign * step * direction}, **how) * upstream
            )
            for sign in (1, -1)
        ]
        expected = (ends[0] - ends[1]) / (2 * step)
        found = np.sum(gradients[name] * direction)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), name


def test_each_single_derivative_is_its_finite_difference():
    arrays, how = problem((1, 1), "same", (1, 1), (2, 2), True, size=(4, 3), kernel=(2, 2), seed=4)
    given = {name: tf.constant(value) for name, value in arrays.items()}
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(tf.sin(deform_conv2d(**given, **how)))
    for name, gradient in tape.gradient(total, given).items():
        for place in np.random.default_rng(5).choice(gradient.numpy().size, 12, replace=False):
            ends = []
            for sign in (1, -1):
                moved = arrays[name].copy()
                moved.flat[place] += sign * 1e-6
                ends.append(np.sum(np.sin(deform_conv2d(**{**arrays, name: moved}, **how))))
            expected = (ends[0] - ends[1]) / 2e-6
            assert gradient.numpy().flat[place] == pytest.approx(expected, rel=1e-6, abs=1e-7), name


@pytest.mark.parametrize(
    "name", ["plain", "modulated", "strided", "dilated", "grouped", "depthwise"]
)
@pytest.mark.parametrize("recompute", [False, True])
def test_values_and_gradients_are_those_of_grid_sample(name, recompute):
    with np.load(REFERENCES) as stored:
        arrays = {
            key.split(".")[1]: stored[key] for key in stored.files if key.startswith(f"{name}.")
        }
    strides, padding, dilation = (tuple(each) for each in arrays["how"].reshape(3, 2).tolist())
    given = {
        key: tf.constant(arrays[key]) for key in ("x", "offset", "kernel", "mask") if key in arrays
    }
    with tf.GradientTape() as tape:
        tape.watch(given)
        found = deform_conv2d(
            **given, strides=strides, padding=padding, dilation_rate=dilation, recompute=recompute
        )
    np.testing.assert_allclose(found, arrays["out"], rtol=0, atol=1e-12)
    for key, gradient in tape.gradient(found, given, arrays["upstream"]).items():
        np.testing.assert_allclose(gradient, arrays[f"d{key}"], rtol=0, atol=1e-11, err_msg=key)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("kind", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_zero_offsets_are_a_plain_convolution(padding, strides, groups, kind, tolerance):
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 11, 10, 4)).astype(kind)
    kernel = random.normal(size=(3, 3, 4 // groups, 6)).astype(kind)
    expected = tf.nn.conv2d(x, kernel, strides, padding.upper())
    offset = np.zeros((*expected.shape[:3], 18), kind)
    found = deform_conv2d(x, offset, kernel, strides=strides, padding=padding)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_offsets_that_spread_the_kernel_are_dilation():
    random = np.random.default_rng(1)
    x, kernel = random.normal(size=(1, 12, 12, 3)), random.normal(size=(3, 3, 3, 5))
    offset = np.broadcast_to(dilated(3, 2).reshape(-1), (1, 12, 12, 18))
    expected = tf.nn.conv2d(x, kernel, 1, "SAME", dilations=2)
    found = deform_conv2d(x, offset, kernel, padding="same")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_offsets_that_turn_the_kernel_by_a_right_angle_are_the_turned_kernel():
    random = np.random.default_rng(2)
    x, kernel = random.normal(size=(1, 9, 9, 2)), random.normal(size=(3, 3, 2, 4))
    offset = np.broadcast_to(rotated(3, 90).reshape(-1), (1, 9, 9, 18))
    # Taps that move a quarter turn to the left carry their weights along.
    expected = tf.nn.conv2d(x, np.rot90(kernel).copy(), 1, "SAME")
    found = deform_conv2d(x, offset, kernel, padding="same")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_random_offsets_are_the_same_for_the_same_seed_and_spread_as_asked():
    first = random_offsets((40, 50), 2.5, seed=3)
    assert (first == random_offsets((40, 50), 2.5, seed=3)).all()
    assert first.std() == pytest.approx(2.5, rel=0.05)
    assert first.shape == (2000, 2)


@pytest.mark.parametrize(
    ("y", "expected"), [(-2, 0), (-1, 0), (-0.75, 0.25), (0, 1), (1.25, 0.75), (1.75, 0.25), (2, 0)]
)
def test_the_image_fades_to_zero_over_one_pixel_outside(y, expected):
    found = deform_conv2d(
        np.ones((1, 2, 1, 1)),
        np.broadcast_to([y, 0.0], (1, 2, 1, 2)),
        np.ones((1, 1, 1, 1)),
    )
    assert float(found[0, 0, 0, 0]) == pytest.approx(expected, abs=1e-15)


def test_on_whole_pixels_the_derivative_is_that_from_the_right():
    x = np.array([1.0, 4.0, 9.0]).reshape(1, 3, 1, 1)
    for kind in ("float32", "float64"):
        offset = tf.zeros((1, 3, 1, 2), kind)
        with tf.GradientTape() as tape:
            tape.watch(offset)
            result = deform_conv2d(x.astype(kind), offset, np.ones((1, 1, 1, 1), kind))
        found = tape.gradient(result, offset)[0, :, 0, 0]
        np.testing.assert_allclose(found, [3, 5, -9], atol=1e-6)


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("modulated", [False, True])
def test_every_precision_is_that_of_float64(kind, modulated):
    arrays, how = problem((2, 1), "same", (1, 2), (2, 2), modulated, seed=6)
    given = {
        name: tf.cast(value, kind if name in ("x", "kernel") else "float32")
        for name, value in arrays.items()
    }
    back = {name: tf.cast(value, "float64") for name, value in given.items()}
    results = []
    for each in (given, back):
        with tf.GradientTape() as tape:
            tape.watch(each)
            result = deform_conv2d(**each, **how)
            total = tf.reduce_sum(tf.cast(result, "float64") ** 2)
        results.append([result, *tape.gradient(total, each).values()])
    assert results[0][0].dtype == kind
    tolerance = {"float64": 1e-5, "float32": 1e-5, "float16": 5e-3, "bfloat16": 4e-2}[kind]
    for found, expected in zip(*results, strict=True):
        scale = float(tf.reduce_max(tf.abs(expected)))
        np.testing.assert_allclose(
            tf.cast(found, "float64"), expected, rtol=0, atol=tolerance * scale
        )


def test_half_precision_does_not_lose_pixels_far_from_the_corner():
    # Float16 can't tell 4095.5 from 4096.
    x = np.zeros((1, 1, 5000, 1), "float16")
    x[0, 0, 4095] = 1
    offset = np.zeros((1, 1, 5000, 2), "float16")
    offset[..., 1] = 0.5
    found = deform_conv2d(x, offset, np.ones((1, 1, 1, 1), "float16"))[0, 0, :, 0]
    assert np.flatnonzero(found).tolist() == [4094, 4095]
    np.testing.assert_allclose(found[4094:4096], [0.5, 0.5], atol=2e-3)


def test_compiled_by_xla_it_is_the_same():
    arrays, how = problem((1, 2), "same", (1, 1), (1, 2), True, seed=7)
    given = {name: tf.constant(value, "float32") for name, value in arrays.items()}

    def run(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            result = deform_conv2d(**given, **how)
        return result, tape.gradient(result, given)

    for found, expected in zip(
        tf.nest.flatten(tf.function(run, jit_compile=True)(given)),
        tf.nest.flatten(run(given)),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def kept_for_the_way_back(given, **how):
    """Numbers that the operations of the backward pass take from those of the forward pass."""

    @tf.function
    def run(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            with tf.name_scope("forward"):
                result = deform_conv2d(**given, **how)
        with tf.name_scope("backward"):
            return tape.gradient(result, given)

    concrete = run.get_concrete_function(given)
    kept = {
        tensor.name: tensor.shape.num_elements()
        for operation in concrete.graph.get_operations()
        for tensor in operation.inputs
        if not operation.name.startswith("forward/") and tensor.op.name.startswith("forward/")
    }
    return sum(each or 0 for each in kept.values()), run(given)


@pytest.mark.parametrize("modulated", [False, True])
def test_recomputing_gives_the_same_gradients_and_keeps_no_columns(modulated):
    arrays, how = problem((1, 1), "same", (1, 1), (1, 1), modulated, size=(24, 24), kernel=(3, 3))
    given = {name: tf.constant(value, "float32") for name, value in arrays.items()}
    columns = 2 * 24 * 24 * 9 * 4
    much, plain = kept_for_the_way_back(given, **how)
    little, lean = kept_for_the_way_back(given, **how, recompute=True)
    assert much >= columns
    # Beside what was given.
    assert little < columns / 100
    for name in given:
        np.testing.assert_allclose(plain[name], lean[name], rtol=1e-5, atol=1e-5)


def test_no_share_of_a_gradient_is_lost_where_all_samples_fall_on_the_same_pixels():
    # Every tap of every output pixel looks at the same four pixels: threads that add there without
    # waiting for each other lose a part.
    size, kernel = 48, np.ones((3, 3, 8, 1))
    places = np.mgrid[:size, :size].transpose(1, 2, 0)[None, :, :, None]
    taps = np.mgrid[-1:2, -1:2].reshape(2, 9).T
    offset = (10.5 - places - taps).reshape(1, size, size, 18)
    x = tf.random.stateless_normal((1, size, size, 8), (1, 2))
    expected = np.zeros((1, size, size, 8))
    expected[:, 10:12, 10:12] = size * size * 9 / 4
    for _ in range(20):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = deform_conv2d(
                x, offset.astype("float32"), kernel.astype("float32"), padding="same"
            )
        np.testing.assert_allclose(tape.gradient(result, x), expected, rtol=1e-6)


def test_a_second_derivative_in_float32_is_that_of_float64():
    arrays, how = problem((1, 1), "same", (1, 1), (2, 2), True, size=(6, 5), seed=10)
    found = []
    for kind in ("float32", "float64"):
        given = {name: tf.cast(value, kind) for name, value in arrays.items()}
        with tf.GradientTape() as outer:
            outer.watch(given)
            with tf.GradientTape() as inner:
                inner.watch(given)
                total = tf.reduce_sum(deform_conv2d(**given, **how) ** 2)
            first = inner.gradient(total, given)
            penalty = tf.add_n([tf.reduce_sum(each**2) for each in first.values()])
        found.append(outer.gradient(penalty, given))
    for name, expected in found[1].items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[0][name], expected, rtol=0, atol=1e-4 * scale)


def test_a_second_derivative_is_a_finite_difference():
    arrays, how = problem((1, 1), "same", (1, 1), (1, 1), True, size=(5, 4), kernel=(2, 2), seed=8)
    given = {name: tf.constant(value) for name, value in arrays.items()}

    def penalty(given):
        with tf.GradientTape() as inner:
            inner.watch(given)
            total = tf.reduce_sum(deform_conv2d(**given, **how) ** 2)
        return tf.add_n([tf.reduce_sum(each**2) for each in inner.gradient(total, given).values()])

    with tf.GradientTape() as tape:
        tape.watch(given)
        value = penalty(given)
    random = np.random.default_rng(9)
    for name, gradient in tape.gradient(value, given).items():
        direction = random.normal(size=gradient.shape)
        ends = [penalty({**given, name: given[name] + sign * 1e-6 * direction}) for sign in (1, -1)]
        expected = float(ends[0] - ends[1]) / 2e-6
        assert float(np.sum(gradient * direction)) == pytest.approx(expected, rel=1e-5), name


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_an_offset_that_is_nan_shows_in_its_output_pixel_and_nowhere_else(kind):
    offset = np.zeros((1, 4, 4, 18), kind)
    offset[0, 2, 1, 5] = np.nan
    found = deform_conv2d(
        np.ones((1, 4, 4, 2), kind), offset, np.ones((3, 3, 2, 3), kind), padding="same"
    )
    assert np.argwhere(np.isnan(found[0, :, :, 0])).tolist() == [[2, 1]]
    assert np.isnan(found[0, 2, 1]).all()


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("far", [1e9, 1e30, np.inf, -np.inf])
def test_an_offset_out_of_all_bounds_samples_zero_and_has_no_gradient(kind, far):
    offset = tf.constant(np.full((1, 2, 2, 2), far, kind))
    x = tf.ones((1, 2, 2, 1), kind)
    with tf.GradientTape() as tape:
        tape.watch([x, offset])
        found = deform_conv2d(x, offset, np.ones((1, 1, 1, 1), kind))
    np.testing.assert_array_equal(found, 0)
    for gradient in tape.gradient(found, [x, offset]):
        np.testing.assert_array_equal(gradient, 0)


def test_height_and_width_may_be_unknown_while_tracing():
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, None, 4), tf.float64),
            tf.TensorSpec((None, None, None, 24), tf.float64),
        ]
    )
    def run(x, offset):
        return deform_conv2d(x, offset, kernel, padding="same", strides=(2, 3))

    kernel = np.random.default_rng(0).normal(size=(3, 2, 2, 8))
    for size in ((8, 7), (5, 9), (4, 4)):
        arrays, how = problem((2, 3), "same", (1, 1), (2, 2), False, size=size)
        arrays["kernel"] = kernel
        np.testing.assert_allclose(
            run(arrays["x"], arrays["offset"]), deform_conv2d(**arrays, **how), atol=1e-13
        )
    assert run.experimental_get_tracing_count() == 1


def test_a_bias_is_added():
    x, offset = np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 2))
    found = deform_conv2d(x, offset, np.ones((1, 1, 1, 2)), bias=np.array([3.0, -1.0]))
    np.testing.assert_array_equal(found[0, 1, 1], [3, -1])


GOOD = {"x": (1, 6, 6, 4), "offset": (1, 6, 6, 18), "kernel": (3, 3, 4, 8)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"offset": (1, 6, 6, 17)}, "offset has 17 channels, and a 3x3 kernel moves its 9 taps"),
        ({"offset": (1, 6, 6, 54)}, "makes 3 offset groups .* 4 channels of x can't be divided"),
        ({"offset": (1, 4, 4, 18)}, r"gives an output of \(1, 6, 6\)"),
        ({"offset": (6, 6, 18)}, "offset has the shape .* four axes are needed"),
        ({"mask": (1, 6, 6, 18)}, "mask has 18 channels, and 1 offset groups of 9 taps need 9"),
        ({"kernel": (3, 3, 3, 8)}, "kernel takes 3 channels and x has 4"),
        ({"kernel": (3, 3, 1, 6)}, "makes 6 filters in 4 groups .* 4 doesn't divide 6"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_in_one_sentence(change, says):
    shapes = {**GOOD, **change}
    with pytest.raises(InputError, match=says):
        deform_conv2d(**{name: np.zeros(shape) for name, shape in shapes.items()}, padding="same")


@pytest.mark.parametrize("name", ["x", "offset", "kernel", "mask"])
def test_integers_are_refused_by_name(name):
    arrays = {each: np.zeros(shape) for each, shape in GOOD.items()}
    arrays["mask"] = np.zeros((1, 6, 6, 9))
    arrays[name] = arrays[name].astype("uint8")
    with pytest.raises(InputError, match=f"{name} holds uint8.* give floats"):
        deform_conv2d(**arrays, padding="same")


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"padding": "full"}, "padding='full' is none: use 'same', 'valid'"),
        ({"padding": -1}, "padding=-1 doesn't say how many: give an integer of 0 or more"),
        ({"strides": 0}, "strides=0 doesn't say how many: give an integer of 1 or more"),
        ({"dilation_rate": (1, 2, 3)}, r"dilation_rate=\(1, 2, 3\) doesn't say"),
        ({"dilation_rate": 4}, "smaller than the reach of a 3x3 kernel"),
    ],
)
def test_a_walk_that_makes_no_sense_is_refused(how, says):
    with pytest.raises(InputError, match=says):
        deform_conv2d(**{name: np.zeros(shape) for name, shape in GOOD.items()}, **how)
