"""Several outputs at once: the weighted sum of a target for each."""

from __future__ import annotations

import keras
import models
import numpy as np
import pytest

from tfviz import (
    Card,
    Contrast,
    Detection,
    GradCAM,
    MethodError,
    Region,
    ScoreCAM,
    Similarity,
    Sum,
    TargetError,
    remember,
)
from tfviz.explain.compiled import traces_of
from tfviz.explain.family import METHODS

LAYER = "base/relu2"
# Methods that explain none of the targets of a segmentation and an embedding, with the reason.
FEW = {"cam": "segmentations have no pooling", "legrad": "no attention", "rollout": "no attention"}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(11)
    return models.multi_output()


@pytest.fixture(scope="module")
def inputs(model):
    return models.inputs_for(model)


def test_sum_is_the_weighted_sum_of_scores_and_maps(model, inputs):
    kind = GradCAM(model, LAYER, output="kind", relu=False)(inputs, 2)
    age = GradCAM(model, LAYER, output="age", relu=False)(inputs)
    found = GradCAM(model, LAYER, relu=False)(inputs, Sum({"kind": 2, "age": 0}, {"age": -0.5}))
    np.testing.assert_allclose(found.scores, kind.scores - 0.5 * age.scores, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.maps, kind.maps - 0.5 * age.maps, rtol=1e-3, atol=1e-7)
    assert found.targets[0] == "kind: class 2 + -0.5 x age: the output"
    assert found.score_from.startswith("a sum: of 'kind' the logit")


def test_list_is_in_the_order_of_the_outputs(model, inputs):
    expected = GradCAM(model)(inputs, Sum({"kind": 3, "age": 0}))
    np.testing.assert_array_equal(GradCAM(model)(inputs, Sum([3, 0])).maps, expected.maps)
    found = GradCAM(model)(inputs, Sum([3, 0], [1, 1]))
    np.testing.assert_array_equal(found.maps, expected.maps)


def test_layer_by_itself_is_one_that_all_outputs_depend_on(model, inputs):
    assert GradCAM(model)(inputs, Sum([None, 0])).layer.path == LAYER
    assert GradCAM(model)(inputs, Sum({"age": 0})).layer.path == "age_conv"


def test_named_layer_that_an_output_does_not_depend_on_says_so(model, inputs):
    found = GradCAM(model, "age_conv")(inputs, Sum([None, 0]))
    assert "1 of the 2 outputs don't depend on it" in found.layer.reason


def test_each_output_takes_any_kind_of_target(model, inputs):
    remember(model, Card(class_names=("a", "b", "c", "d", "e")))
    try:
        found = GradCAM(model)(inputs, Sum({"kind": Contrast("b", "c"), "age": lambda z: z[:, 0]}))
    finally:
        remember(model, Card())
    assert found.targets[0] == "kind: b rather than c + age: function <lambda>"
    alone = GradCAM(model, LAYER, output="kind")(inputs, Contrast(1, 2)).scores
    age = model(inputs)[1].numpy()[:, 0]
    np.testing.assert_allclose(found.scores, alone + age, rtol=1e-4, atol=1e-6)


def test_regions_and_embeddings_may_be_summed():
    keras.utils.set_random_seed(1)
    unet = models.unet()
    deep = keras.layers.GlobalAveragePooling2D(name="vector")(unet.get_layer("deep").output)
    model = keras.Model(unet.input, {"mask": unet.output, "vector": deep})
    inputs = models.inputs_for(model)
    reference = np.ones(12)
    found = GradCAM(model)(inputs, Sum({"mask": Region(), "vector": Similarity(reference)}))
    assert found.layer.path == "deep"
    region = GradCAM(model, "deep", output="mask")(inputs, Region())
    near = GradCAM(model, "deep", output="vector")(inputs, Similarity(reference))
    np.testing.assert_allclose(found.scores, region.scores + near.scores, rtol=1e-4)
    expected = [f"mask: {each} + vector: {near.targets[0]}" for each in region.targets]
    assert list(found.targets) == expected
    # Pinned: the same class and region for masked inputs.
    units, mask = [int(unit) for unit in region.units], model(inputs)["mask"].numpy()
    masks = [mask[i].argmax(-1) == unit for i, unit in enumerate(units)]
    settled = Sum({"mask": Region(units, masks), "vector": Similarity(reference)})
    expected = ScoreCAM(model, "deep")(inputs, settled).maps
    found = ScoreCAM(model, "deep")(
        inputs, Sum({"mask": Region(), "vector": Similarity(reference)})
    )
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)


def test_what_was_most_likely_stays_explained(model, inputs):
    units = [int(unit) for unit in model(inputs)[0].numpy().argmax(axis=1)]
    expected = ScoreCAM(model, LAYER)(inputs, Sum([units, 0])).maps
    found = ScoreCAM(model, LAYER)(inputs, Sum(["top1", 0])).maps
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_other_classes_and_weights_trace_nothing_again(model, inputs):
    GradCAM(model)(inputs, Sum([1, 0]))
    before = traces_of(model)
    GradCAM(model, batch_size=2)(inputs, Sum([[0, 1, 2], 0], [2.0, -1]))
    assert traces_of(model) == before


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (lambda: Sum({"sort": 1}), "output='sort' is not one of the model's 2 outputs"),
        (lambda: Sum([1, 0, 2]), "output=2 is not one of"),
        (lambda: Sum({"kind": 7}), "Class 7 is out of range"),
        (lambda: Sum({"age": 1}), "Class 1 is out of range"),
        (lambda: Sum({}), "of no target"),
        (lambda: Sum("kind"), "is no collection"),
        (lambda: Sum({"kind": 1}, {"age": 2}), "holds 'age', for which there is no target"),
        (lambda: Sum({"kind": 1}, {"kind": "much"}), "give a number"),
        (lambda: Sum({"kind": Sum([1])}), "can't be part of a Sum"),
        (lambda: Sum({"kind": Detection()}), "can't be part of a Sum"),
        (lambda: {"kind": 1, "age": 0}, r"Sum\(\{output: target\}\)"),
    ],
)
def test_sums_that_do_not_fit_are_refused(model, inputs, target, says):
    with pytest.raises(TargetError, match=says):
        GradCAM(model)(inputs, target())


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_every_method_explains_these_targets_or_says_why_not(name):
    keras.utils.set_random_seed(1)
    unet = models.unet()
    deep = keras.layers.GlobalAveragePooling2D(name="vector")(unet.get_layer("deep").output)
    model = keras.Model(unet.input, {"mask": unet.output, "vector": deep})
    inputs, near = models.inputs_for(model, count=2), Similarity(np.arange(12) - 5.0)
    cases = {"mask": Region(1), "vector": near}
    explained = 0
    for output, target in (*cases.items(), (None, Sum(cases))):
        try:
            found = METHODS[name](model, output=output)(inputs, target)
        except MethodError:
            continue
        explained += 1
        assert np.isfinite(found.maps).all()
        alone = METHODS[name](model, output=output)(inputs[1:], target).maps
        scale = max(float(np.abs(alone).max()), 1e-6)
        np.testing.assert_allclose(found.maps[1:] / scale, alone / scale, atol=1e-2)
    assert explained > 0 or name in FEW
