"""One prediction of a detector, against a float64 twin."""

from __future__ import annotations

import cam as oracle
import cam_targets as twin
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfviz import (
    Card,
    Class,
    Detection,
    FinerCAM,
    GradCAM,
    ScoreCAM,
    TargetError,
    remember,
)
from tfviz.explain.boxes import corners
from tfviz.explain.compiled import traces_of

SIZE, SIDE, CLASSES = 16, 4, 3
COUNT = SIDE * SIDE
# Left, top, right, bottom of one anchor in each cell.
CENTRES = np.stack(np.meshgrid(*[np.arange(SIDE) * 4 + 2.0] * 2), axis=-1).reshape(COUNT, 2)
ANCHORS = np.concatenate([CENTRES - 4, CENTRES + 4], axis=1)
LAYOUTS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")
BOX = (5.0, 3.0, 12.0, 11.0)


def laid(boxes, layout):
    """From corners (left, top, right, bottom) to another layout, arrays or tensors."""
    stack = np.stack if isinstance(boxes, np.ndarray) else keras.ops.stack
    if layout.startswith("rel_"):
        boxes = boxes / SIZE
    a, b, c, d = (boxes[..., i] for i in range(4))
    x, y, w, h = (a + c) / 2, (b + d) / 2, c - a, d - b
    parts = {
        "xyxy": (a, b, c, d),
        "yxyx": (b, a, d, c),
        "xywh": (a, b, w, h),
        "center_xywh": (x, y, w, h),
        "center_yxhw": (y, x, h, w),
    }
    return stack(parts[layout.removeprefix("rel_")], axis=-1)


def detector(layout="xyxy", activation="sigmoid", classes=CLASSES, structure=dict):
    """A stem, boxes about anchors, and scores."""
    keras.utils.set_random_seed(9)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(3, 3, strides=4, padding="same", activation="relu", name="stem")(image)
    moved = layers.Reshape((COUNT, 4))(layers.Conv2D(4, 1, name="moved")(x))
    boxes = laid(moved + ANCHORS.astype("float32"), layout)
    scores = layers.Conv2D(classes, 3, padding="same", name="kinds")(x)
    scores = layers.Reshape((COUNT, classes))(scores)
    if activation:
        scores = layers.Activation(activation)(scores)
    made = {"boxes": boxes, "scores": scores}
    return keras.Model(image, made if structure is dict else structure(made.values()))


@pytest.fixture(scope="module")
def model():
    return detector()


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(4).normal(size=(3, SIZE, SIZE, 2)).astype("float32")


def twin_of(model, inputs):
    """Activations, and a head in float64 from activations to logits (predictions, classes)."""
    front = keras.Model(model.input, model.get_layer("stem").output)
    kernel, bias = (w.astype(np.float64) for w in model.get_layer("kinds").get_weights())

    def head(A):
        padded = np.pad(A, ((1, 1), (1, 1), (0, 0)))
        return oracle.conv_valid(padded, kernel, bias).reshape(COUNT, -1)

    return front(inputs).numpy().astype(np.float64), head


def chosen(model, inputs, box=None, unit=None):
    said = model(inputs)
    return [
        twin.best_prediction(b.numpy().astype(np.float64), s.numpy().astype(np.float64), box, unit)
        for b, s in zip(said["boxes"], said["scores"], strict=True)
    ]


@pytest.mark.parametrize(("box", "unit"), [(BOX, 1), (BOX, None), (None, 2), (None, None)])
def test_prediction_that_fits_best_is_explained(model, inputs, box, unit):
    found = GradCAM(model, relu=False)(inputs, Detection(box, unit))
    assert found.layer.path == "stem"
    activations, head = twin_of(model, inputs)
    for i, (A, (n, c)) in enumerate(
        zip(activations, chosen(model, inputs, box, unit), strict=True)
    ):
        assert found.units[i] == c
        np.testing.assert_allclose(found.scores[i], head(A)[n, c], rtol=1e-4, atol=1e-5)

        def score(a, n=n, c=c):
            return head(a)[n, c]

        expected = oracle.grad_cam(A, oracle.gradient(score, A))
        np.testing.assert_allclose(found.maps[i], expected, atol=1e-5 * np.abs(expected).max())


def test_box_and_class_of_the_prediction_are_said(model, inputs):
    remember(model, Card(class_names=("cat", "dog", "hen")))
    try:
        found = GradCAM(model)(inputs, Detection(BOX, "dog"))
    finally:
        remember(model, Card())
    n, _ = chosen(model, inputs[:1], BOX, 1)[0]
    box = ", ".join(f"{each:.3g}" for each in model(inputs)["boxes"].numpy()[0, n])
    assert found.targets[0] == f"dog in the box ({box})"
    assert found.score_from == "the logit: the input of the final sigmoid"
    assert found.remarks == ()


@pytest.mark.parametrize("layout", [*LAYOUTS, *(f"rel_{each}" for each in LAYOUTS)])
def test_layouts_mean_the_same_box(layout):
    boxes = np.array([[1.0, 2.0, 4.0, 9.0], [3.0, 0.0, 5.0, 7.0]])
    scale = SIZE if layout.startswith("rel_") else 1
    again = np.stack(corners(laid(boxes, layout), layout), axis=-1) * scale
    np.testing.assert_allclose(again, boxes)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["yxyx", "rel_center_xywh"])
def test_models_of_other_layouts_have_the_same_map(model, inputs, layout):
    other = detector(layout)
    expected = GradCAM(model)(inputs, Detection(BOX, 1))
    own = laid(np.array(BOX), layout)
    for target in (
        Detection(own, 1, layout=layout),
        Detection(BOX, 1, layout=layout, box_layout="xyxy"),
    ):
        found = GradCAM(other)(inputs, target)
        np.testing.assert_allclose(found.maps, expected.maps, atol=1e-6)


def test_relative_box_for_a_model_in_pixels(model, inputs):
    expected = GradCAM(model)(inputs, Detection(BOX))
    relative = np.array(BOX) / SIZE
    found = GradCAM(model)(inputs, Detection(relative, box_layout="rel_xyxy"))
    np.testing.assert_array_equal(found.maps, expected.maps)


def test_one_box_and_class_for_each_input(model, inputs):
    boxes = np.array([BOX, (0, 0, 6, 6), (8, 8, 16, 16)])
    whole = GradCAM(model)(inputs, Detection(boxes, [0, 1, 2]))
    for i in range(3):
        alone = GradCAM(model)(inputs[i : i + 1], Detection(boxes[i], i))
        np.testing.assert_allclose(whole.maps[i], alone.maps[0], atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("structure", [list, tuple])
def test_outputs_may_be_a_list_a_tuple_or_taken_by_functions(model, inputs, structure):
    expected = GradCAM(model)(inputs, Detection(BOX, 1)).maps
    other = detector(structure=structure)
    for keys in ({}, {"boxes": 0, "scores": 1}):
        found = GradCAM(other)(inputs, Detection(BOX, 1, **keys))
        np.testing.assert_allclose(found.maps, expected, atol=1e-7)


@pytest.mark.slow
def test_one_output_that_holds_all_is_taken_apart_by_functions(model, inputs):
    said = model.output
    joined = keras.Model(
        model.input, layers.Concatenate()([said["boxes"], keras.ops.log(said["scores"])])
    )
    target = Detection(BOX, 1, boxes=lambda out: out[..., :4], scores=lambda out: out[..., 4:])
    found = GradCAM(joined, "stem")(inputs, target)
    logs = np.log(model(inputs)["scores"].numpy())
    assert [int(unit) for unit in found.units] == [1, 1, 1]
    assert all(np.isclose(logs[i, :, 1], found.scores[i], atol=1e-5).any() for i in range(3))


def test_scores_that_are_logits_themselves_choose_the_same(model, inputs):
    expected = GradCAM(model)(inputs, Detection(BOX))
    found = GradCAM(detector(activation=None))(inputs, Detection(BOX))
    np.testing.assert_array_equal(found.units, expected.units)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-6)


def test_one_class_without_an_axis_for_it(inputs):
    one = detector(classes=1)
    said = one.output
    flat = {"boxes": said["boxes"], "scores": layers.Reshape((COUNT,))(said["scores"])}
    flat = keras.Model(one.input, flat)
    expected = GradCAM(one)(inputs, Detection(BOX, 0)).maps
    np.testing.assert_allclose(GradCAM(flat)(inputs, Detection(BOX, 0)).maps, expected, atol=1e-7)


def test_masked_inputs_are_scored_at_the_prediction_of_the_plain_one(model, inputs):
    n, c = chosen(model, inputs[:1], BOX)[0]
    found = ScoreCAM(model, "stem")(inputs[:1], Detection(BOX))
    expected = ScoreCAM(model, "stem")(inputs[:1], lambda out: out["scores"][:, n, c])
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-6)


@pytest.mark.slow
def test_mirrored_copies_are_explained_at_the_mirrored_box(model, inputs):
    run = GradCAM(model, relu=False)
    plain = run(inputs, Detection(BOX, 1))
    ns = [n for n, _ in chosen(model, inputs, BOX, 1)]
    boxes = model(inputs)["boxes"].numpy()[np.arange(3), ns]
    across = np.stack([SIZE - boxes[:, 2], boxes[:, 1], SIZE - boxes[:, 0], boxes[:, 3]], axis=1)
    parts = [plain.maps]
    at = [(n, 1) for n in ns]
    for factor in (0.9, 1.1):
        pinned = [
            run(inputs[i : i + 1] * factor, lambda out, n=n, c=c: out["scores"][:, n, c]).maps[0]
            for i, (n, c) in enumerate(at)
        ]
        parts.append(np.stack(pinned))
    for factor in (0.9, 1.0, 1.1):
        turned = run(inputs[:, :, ::-1] * np.float32(factor), Detection(across, 1))
        parts.append(turned.maps[..., ::-1])
    found = GradCAM(model, relu=False, smooth=True)(inputs, Detection(BOX, 1))
    np.testing.assert_allclose(found.maps, np.mean(parts, axis=0), atol=1e-5)


@pytest.mark.slow
def test_finer_cam_takes_the_classes_nearest_at_the_prediction(model, inputs):
    n, _ = chosen(model, inputs[:1], BOX, 1)[0]
    activations, head = twin_of(model, inputs[:1])
    logits = head(activations[0])[n]
    other = oracle.nearest_classes(logits, 1, 1)[0]

    def difference(out):
        return out["scores"][:, n, 1] - 0.5 * out["scores"][:, n, other]

    found = FinerCAM(model, similar=1, strength=0.5)(inputs[:1], Detection(BOX, 1))
    expected = GradCAM(model)(inputs[:1], difference)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-6)


def test_other_boxes_and_classes_trace_nothing_again(model, inputs):
    GradCAM(model)(inputs, Detection(BOX, 1))
    before = traces_of(model)
    GradCAM(model)(inputs, Detection((0, 0, 4, 9), 2))
    GradCAM(model)(inputs[:2], Detection([BOX, (1, 1, 9, 9)]))
    GradCAM(model, batch_size=1)(inputs, Detection(BOX, Class((0, 1, 2))))
    assert traces_of(model) == before


def test_box_that_no_prediction_overlaps_has_a_blank_map_that_says_so(inputs):
    model = detector()
    kernel, bias = model.get_layer("moved").get_weights()
    model.get_layer("moved").set_weights([kernel, bias - 1000])
    found = GradCAM(model)(inputs, Detection(BOX, 1))
    assert found.maps.max() == 0
    assert found.notes[0] == "blank: no prediction of the model overlaps the box"


class Suppress(layers.Layer):
    def call(self, boxes, scores):
        found = tf.image.combined_non_max_suppression(boxes[:, :, None], scores, 5, 5)
        return found[0], found[1]


class MyNMS(layers.Layer):
    def call(self, scores):
        return tf.sort(scores, axis=1)[:, :5]


def suppressed(kind):
    raw = detector()
    boxes, scores = raw.output["boxes"], raw.output["scores"]
    if kind == "op":
        boxes, scores = Suppress(name="suppress")(boxes, scores)
    else:
        boxes, scores = boxes[:, :5], MyNMS(name="mine")(scores)
    return keras.Model(raw.input, {"boxes": boxes, "scores": scores})


@pytest.mark.parametrize("kind", ["op", "layer"])
def test_predictions_after_suppression_are_refused_with_what_to_take(inputs, kind):
    with pytest.raises(TargetError, match=r"after non-maximum suppression.*Take the raw"):
        GradCAM(suppressed(kind), "stem")(inputs, Detection(BOX, boxes="boxes", scores="scores"))


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (lambda: Detection(BOX, 3), "Class 3 is out of range: the model's are 0 to 2"),
        (lambda: Detection((20, 20, 30, 30)), "lies outside the model's input, which is 16 wide"),
        (lambda: Detection((4, 4, 2, 9)), "which is no area"),
        (lambda: Detection(BOX, box_layout="rel_xyxy"), "lies outside .* which is 1 wide"),
        (lambda: Detection((1, 2, 3)), "four numbers"),
        (lambda: Detection([BOX] * 2), "2 boxes for 3 inputs"),
        (lambda: Detection(BOX, layout="xyhw"), r"Did you mean 'xywh'|layout='xyhw' is none of"),
        (lambda: Detection(BOX, "top1"), "is no class"),
        (lambda: Detection(BOX, boxes="boxes"), "name both"),
        (lambda: Detection(BOX, boxes="box", scores="scores"), r"boxes='box'.*'boxes'"),
        (lambda: Detection(BOX, boxes="scores", scores="boxes"), "takes boxes"),
        (lambda: Detection(BOX, boxes=lambda o: 3, scores=lambda o: 3), "must return one tensor"),
    ],
)
def test_detections_that_do_not_fit_are_refused(model, inputs, target, says):
    with pytest.raises(TargetError, match=says):
        GradCAM(model)(inputs, target())


def test_model_that_is_no_detector_is_refused_with_its_outputs():
    image = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(image))
    model = keras.Model(image, layers.Dense(3, name="kind")(x))
    with pytest.raises(TargetError, match=r"no pair of the outputs .*'kind' \(batch, 3\)"):
        GradCAM(model)(np.ones((1, 8, 8, 1)), Detection((0, 0, 4, 4)))
