"""A class within a region of a segmentation, against a float64 twin and closed forms."""

from __future__ import annotations

import cam as oracle
import cam_targets as twin
import keras
import numpy as np
import pytest
from keras import layers

from tfviz import (
    Card,
    Contrast,
    FinerCAM,
    GradCAM,
    HiResCAM,
    Region,
    ScoreCAM,
    Side,
    TargetError,
    remember,
)
from tfviz.explain.compiled import traces_of

SIZE, PLACES, CLASSES = 9, (5, 5), 4


def segmenter(classes=CLASSES, activation="softmax", seed=5):
    """9 x 9 in, 7 x 7 at the layer, 5 x 5 out."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(3, 3, activation="relu", bias_initializer="normal", name="feat")(image)
    out = layers.Conv2D(classes, 3, bias_initializer="normal", name="out", activation=activation)
    return keras.Model(image, out(x))


def activations_of(model, inputs):
    front = keras.Model(model.input, model.get_layer("feat").output)
    return front(inputs).numpy().astype(np.float64)


def head_of(model):
    kernel, bias = (w.astype(np.float64) for w in model.get_layer("out").get_weights())
    return lambda activations: oracle.conv_valid(activations, kernel, bias)


@pytest.fixture(scope="module")
def model():
    return segmenter()


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(3).normal(size=(3, SIZE, SIZE, 2)).astype("float32")


@pytest.fixture(scope="module")
def mask():
    made = np.zeros(PLACES, bool)
    made[1:3, 1:4] = True
    made[4, 3] = True
    return made


def check(found, model, inputs, score_of):
    """Scores and Grad-CAM maps as the twin has them; `score_of(i, logits)` is its score."""
    head = head_of(model)
    for i, A in enumerate(activations_of(model, inputs)):

        def score(a, i=i):
            return score_of(i, head(a))

        expected = oracle.grad_cam(A, oracle.gradient(score, A))
        np.testing.assert_allclose(found.scores[i], score(A), rtol=1e-4, atol=1e-5)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found.maps[i] / scale, expected / scale, atol=1e-4)


def test_mask_of_the_outputs_size_is_the_mean_over_it(model, inputs, mask):
    found = GradCAM(model, "feat", relu=False)(inputs, Region(2, mask))
    check(found, model, inputs, lambda i, z: twin.region_score(z, mask, 2))
    assert found.targets == ("class 2 within the mask",) * 3
    assert found.remarks == ("the score is the mean of the class over the region",)


def test_mask_of_the_inputs_size_covers_places_in_part(model, inputs):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[2:6, 3:7] = True
    weights = twin.mask_on(mask, PLACES)
    assert 0 < weights[weights > 0].min() < 1
    found = GradCAM(model, "feat", relu=False)(inputs, Region(1, mask))
    check(found, model, inputs, lambda i, z: twin.region_score(z, weights, 1))


def test_box_is_in_pixels_of_the_input(model, inputs):
    box = (2, 1, 8, 5)
    weights = twin.box_on(box, (SIZE, SIZE), PLACES)
    found = GradCAM(model, "feat", relu=False)(inputs, Region(0, box=box))
    check(found, model, inputs, lambda i, z: twin.region_score(z, weights, 0))


def test_one_region_for_each_input(model, inputs, mask):
    masks = np.stack([mask, ~mask, np.roll(mask, 2, axis=1)])
    found = GradCAM(model, "feat", relu=False)(inputs, Region([0, 1, 2], masks))
    check(found, model, inputs, lambda i, z: twin.region_score(z, masks[i], i))
    listed = GradCAM(model, "feat", relu=False)(inputs, Region([0, 1, 2], list(masks)))
    np.testing.assert_array_equal(listed.maps, found.maps)
    boxes = np.array([[0, 0, 4, 4], [2, 3, 7, 9], [3, 0, 9, 5]])
    spread = [twin.box_on(box, (SIZE, SIZE), PLACES) for box in boxes]
    found = GradCAM(model, "feat", relu=False)(inputs, Region(3, box=boxes))
    check(found, model, inputs, lambda i, z: twin.region_score(z, spread[i], 3))


def test_without_a_region_it_is_where_the_class_is_predicted(model, inputs):
    head = head_of(model)
    plain = [head(A) for A in activations_of(model, inputs)]
    regions = [twin.predicted(z, 1) for z in plain]
    assert all(region.any() for region in regions)
    found = GradCAM(model, "feat", relu=False)(inputs, Region(1))
    check(found, model, inputs, lambda i, z: twin.region_score(z, regions[i], 1))
    assert found.targets == ("class 1 where it is predicted",) * 3


def test_without_a_class_it_is_the_one_that_takes_most_places(model, inputs):
    head = head_of(model)
    plain = [head(A) for A in activations_of(model, inputs)]
    counts = [np.bincount(z.argmax(axis=-1).ravel(), minlength=CLASSES) for z in plain]
    found = GradCAM(model, "feat")(inputs, Region())
    np.testing.assert_array_equal(found.units, [each.argmax() for each in counts])
    second = GradCAM(model, "feat")(inputs, Region("top2"))
    np.testing.assert_array_equal(second.units, [np.argsort(-c, kind="stable")[1] for c in counts])


def test_top_within_a_mask_is_the_class_with_the_largest_mean_there(model, inputs, mask):
    head = head_of(model)
    means = [head(A)[mask].mean(axis=0) for A in activations_of(model, inputs)]
    found = GradCAM(model, "feat")(inputs, Region("top1", mask))
    np.testing.assert_array_equal(found.units, [each.argmax() for each in means])
    np.testing.assert_allclose(found.scores, [each.max() for each in means], rtol=1e-4)


def test_contrast_within_a_region_is_the_difference_of_its_classes(model, inputs, mask):
    run = GradCAM(model, "feat", relu=False)
    a, b = run(inputs, Region(0, mask)), run(inputs, Region(3, mask))
    both = run(inputs, Region(Contrast(0, 3), mask))
    np.testing.assert_allclose(both.maps, a.maps - b.maps, atol=1e-6)
    assert both.targets[0] == "class 0 rather than class 3 within the mask"


@pytest.mark.slow
def test_finer_cam_takes_the_classes_nearest_within_the_region(model, inputs, mask):
    head, strength = head_of(model), 0.6
    found = FinerCAM(model, "feat", relu=False, similar=1, strength=strength)
    found = found(inputs, Region(2, mask))
    for i, A in enumerate(activations_of(model, inputs)):
        other = oracle.nearest_classes(head(A)[mask].mean(axis=0), 2, 1)[0]

        def score(a, other=other):
            z = head(a)
            own, near = twin.region_score(z, mask, 2), twin.region_score(z, mask, other)
            return own - strength * near

        expected = oracle.grad_cam(A, oracle.gradient(score, A))
        np.testing.assert_allclose(found.maps[i], expected, atol=1e-5)


def test_whole_picture_is_what_a_class_alone_explains(model, inputs):
    run = GradCAM(model, relu=False)
    expected = run(inputs, 2)
    for whole in (
        Region(2, np.ones(PLACES, bool)),
        Region(2, np.ones((SIZE, SIZE))),
        Region(2, box=(0, 0, SIZE, SIZE)),
    ):
        found = run(inputs, whole)
        np.testing.assert_allclose(found.maps, expected.maps, atol=1e-6)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_regions_that_share_nothing_add_up_by_their_sizes(model, inputs, mask):
    run = HiResCAM(model, relu=False)
    parts = [run(inputs, Region(1, each)).maps * each.mean() for each in (mask, ~mask)]
    np.testing.assert_allclose(sum(parts), run(inputs, 1).maps, atol=1e-6)


@pytest.mark.parametrize("target", [None, 0, 1, Side(False)])
def test_single_sigmoid_mask_has_two_sides(inputs, target):
    model = segmenter(1, "sigmoid")
    head = head_of(model)
    sign = -1 if target in (0, Side(False)) else 1
    regions = [(head(A)[..., 0] > 0) == (sign > 0) for A in activations_of(model, inputs)]
    found = GradCAM(model, "feat", relu=False)(inputs, Region(target))
    check(found, model, inputs, lambda i, z: sign * twin.region_score(z, regions[i], 0))
    word = "positive" if sign > 0 else "negative"
    assert found.targets[0] == f"{word} where it is predicted"


@pytest.mark.slow
def test_sigmoids_side_by_side_are_each_predicted_by_themselves(inputs):
    model = segmenter(3, "sigmoid")
    head = head_of(model)
    regions = [twin.predicted(head(A), 2, sigmoid=True) for A in activations_of(model, inputs)]
    found = GradCAM(model, "feat", relu=False)(inputs, Region(2))
    check(found, model, inputs, lambda i, z: twin.region_score(z, regions[i], 2))


def test_output_without_an_axis_for_its_one_class_takes_a_mask(inputs, mask):
    model = segmenter(1, "sigmoid")
    flat = keras.Model(model.input, layers.Reshape(PLACES)(model.output))
    expected = GradCAM(model, "feat")(inputs, Region(1, mask))
    found = GradCAM(flat, "feat")(inputs, Region(1, mask))
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-7)
    assert found.targets == expected.targets


@pytest.mark.parametrize("target", [Region(1), Region(1, box=(1, 2, 9, 7))])
def test_classes_may_stand_on_axis_one(model, inputs, target):
    first = keras.Model(model.input, layers.Permute((3, 1, 2))(model.output))
    expected = GradCAM(model, "feat")(inputs, target)
    found = GradCAM(first, "feat")(inputs, target)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-7)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-6)


@pytest.mark.slow
def test_signals_and_volumes_have_regions_too():
    signal = keras.Input((10, 2))
    x = layers.Conv1D(4, 3, padding="same", activation="relu", name="feat")(signal)
    steps = keras.Model(signal, layers.Conv1D(3, 1, name="out")(x))
    x = np.random.default_rng(0).normal(size=(2, 10, 2)).astype("float32")
    mask = np.arange(10) > 6
    found = GradCAM(steps)(x, Region(2, mask))
    np.testing.assert_allclose(found.scores, steps(x).numpy()[:, mask, 2].mean(1), rtol=1e-4)
    each = [mask, ~mask]
    scores = GradCAM(steps)(x, Region(2, each)).scores
    expected = [steps(x).numpy()[i, each[i], 2].mean() for i in range(2)]
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
    volume = keras.Input((4, 5, 6, 1))
    x = layers.Conv3D(4, 3, padding="same", activation="relu", name="feat")(volume)
    voxels = keras.Model(volume, layers.Conv3D(2, 1, name="out")(x))
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 6, 1)).astype("float32")
    mask = np.random.default_rng(1).random((1, 4, 5, 6)) > 0.5
    found = GradCAM(voxels)(x, Region(1, mask))
    np.testing.assert_allclose(found.scores, voxels(x).numpy()[:, mask[0], 1].mean(1), rtol=1e-4)


def test_class_predicted_nowhere_has_a_blank_map_that_says_so(model, inputs):
    out = model.get_layer("out")
    kernel, bias = out.get_weights()
    try:
        out.set_weights([kernel, bias - [0, 1000, 0, 0]])
        found = GradCAM(model, relu=False)(inputs, Region(1))
    finally:
        out.set_weights([kernel, bias])
    assert np.abs(found.maps).max() == 0
    assert (found.scores == 0).all()
    assert "predicts this class nowhere" in found.notes[0]


def test_masked_inputs_are_scored_by_class_and_region_of_the_plain_one(model, inputs):
    head = head_of(model)
    plain = [head(A) for A in activations_of(model, inputs)]
    units = [int(np.bincount(z.argmax(-1).ravel()).argmax()) for z in plain]
    regions = [twin.predicted(z, unit) for z, unit in zip(plain, units, strict=True)]
    expected = ScoreCAM(model, "feat")(inputs, Region(units, regions))
    found = ScoreCAM(model, "feat")(inputs, Region())
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-5)


@pytest.mark.slow
def test_mirrored_copies_have_mirrored_regions(model, inputs, mask):
    run = GradCAM(model, "feat", relu=False)
    box = (1, 2, 6, 9)
    across = (SIZE - 6, 2, SIZE - 1, 9)
    for target, mirrored in (
        (Region(1, mask), Region(1, mask[:, ::-1])),
        (Region(1, box=box), Region(1, box=across)),
    ):
        parts = [run(inputs * f, target).maps for f in (0.9, 1, 1.1)]
        parts += [run(inputs[:, :, ::-1] * f, mirrored).maps[..., ::-1] for f in (0.9, 1, 1.1)]
        found = GradCAM(model, "feat", relu=False, smooth=True)(inputs, target)
        np.testing.assert_allclose(found.maps, np.mean(parts, axis=0), atol=1e-6)


def test_other_masks_boxes_and_classes_trace_nothing_again(model, inputs, mask):
    run = GradCAM(model, "feat")
    for target in (Region(0, mask), Region(0, box=(0, 0, 3, 3)), Region(0)):
        run(inputs, target)
    before = traces_of(model)
    masks = [~mask] * 3
    for target in (
        Region(1, ~mask),
        Region([0, 1, 2], masks),
        Region(3, box=(1, 1, 5, 5)),
        Region(2),
    ):
        run(inputs, target)
        GradCAM(model, "feat", batch_size=2)(inputs[:2], Region(1, mask))
    assert traces_of(model) == before


@pytest.mark.slow
def test_map_depends_on_no_other_input_and_on_no_batch_size(model, inputs, mask):
    masks = np.stack([mask, ~mask, mask])
    whole = ScoreCAM(model, "feat")(inputs, Region(1, masks)).maps
    parts = ScoreCAM(model, "feat", batch_size=2)(inputs, Region(1, masks)).maps
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    alone = ScoreCAM(model, "feat")(inputs[1:2], Region(1, masks[1])).maps
    np.testing.assert_allclose(alone, whole[1:2], atol=1e-5)


def test_classes_have_names(inputs, mask):
    model = segmenter()
    remember(model, Card(class_names=("sky", "road", "car", "tree")))
    assert GradCAM(model)(inputs, Region("road", mask)).targets[0] == "road within the mask"
    contrast = Region(Contrast("road", "car"))
    said = GradCAM(model)(inputs, contrast).targets[0]
    assert said == "road rather than car where it is predicted"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (
            lambda: Region(1, np.ones((7, 7))),
            r"size \(7, 7\), and must have .*\(5, 5\) or \(9, 9\)",
        ),
        (lambda: Region(1, np.zeros((8, 8))), "is empty: no place is in it"),
        (lambda: Region(1, [np.ones((8, 8)), np.zeros((8, 8))]), "of input 1 is empty"),
        (lambda: Region(1, [np.ones((8, 8)), np.ones((7, 8))]), "masks of different shapes"),
        (lambda: Region(1, np.full((8, 8), 255)), r"holds 255 to 255.*mask > 0"),
        (lambda: Region(1, np.full((8, 8), np.nan)), "must be bool"),
        (lambda: Region(1, np.ones((2, 5, 5))), "2 masks for 3 inputs"),
        (lambda: Region(1, np.ones(8)[None, None, None]), "has 3 axes of places"),
        (lambda: Region(1, "mask.png"), "it must be bool"),
        (lambda: Region(4), "Class 4 is out of range"),
        (lambda: Region(Side(True)), r"Side\(\) is for a model with one output unit"),
        (lambda: Region(lambda z: z), "is no class"),
        (lambda: Region(1, np.ones((8, 8)), box=(0, 0, 1, 1)), "names two regions"),
        (lambda: Region(1, box=(0, 0, 10, 5)), "lies outside the model's input, which is 9 wide"),
        (lambda: Region(1, box=(5, 5, 3, 8)), "which is no area"),
        (lambda: Region(1, box=(5, 5, 3)), "four numbers"),
        (lambda: Region(1, box=[(0, 0, 1, 1)] * 2), "2 boxes for 3 inputs"),
    ],
)
def test_regions_that_do_not_fit_are_refused(model, inputs, target, says):
    with pytest.raises(TargetError, match=says):
        GradCAM(model)(inputs, target())


def test_output_without_places_is_refused():
    image = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(image))
    model = keras.Model(image, layers.Dense(3, name="kind")(x))
    with pytest.raises(TargetError, match=r"needs an output with places.*'kind' is \(batch, 3\)"):
        GradCAM(model)(np.ones((1, 8, 8, 1)), Region(1))
