"""How near an embedding is to a reference, against a float64 twin."""

from __future__ import annotations

import cam as oracle
import cam_targets as twin
import keras
import numpy as np
import pytest
from keras import layers

from tfviz import GradCAM, InputError, ScoreCAM, Similarity, TargetError
from tfviz.explain.compiled import traces_of

SIZE, LENGTH = 8, 5


def embedder():
    keras.utils.set_random_seed(2)
    image = keras.Input((SIZE, SIZE, 2))
    x = layers.Conv2D(4, 3, activation="relu", name="feat")(image)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(LENGTH, activation="tanh", name="embedding")(x))


@pytest.fixture(scope="module")
def model():
    return embedder()


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(3).normal(size=(3, SIZE, SIZE, 2)).astype("float32")


@pytest.fixture(scope="module")
def references():
    return np.random.default_rng(8).normal(size=(3, LENGTH)).astype("float32")


@pytest.mark.parametrize("measure", ["cosine", "dot", "distance"])
def test_each_measure_has_the_map_of_its_equation(model, inputs, references, measure):
    front = keras.Model(model.input, model.get_layer("feat").output)
    kernel, bias = (w.astype(np.float64) for w in model.get_layer("embedding").get_weights())
    found = GradCAM(model, relu=False)(inputs, Similarity(references, measure))
    for i, A in enumerate(front(inputs).numpy().astype(np.float64)):
        reference = references[i].astype(np.float64)

        def score(a, reference=reference):
            embedding = np.tanh(a.mean(axis=(0, 1)) @ kernel + bias)
            return getattr(twin, measure)(embedding, reference)

        expected = oracle.grad_cam(A, oracle.gradient(score, A))
        np.testing.assert_allclose(found.scores[i], score(A), rtol=1e-4)
        np.testing.assert_allclose(found.maps[i], expected, atol=1e-4 * np.abs(expected).max())
    assert (found.units == -1).all()
    assert found.targets[0] in found.score_from


def test_cosine_is_the_same_for_a_longer_reference_and_dot_grows_with_it(model, inputs, references):
    run = GradCAM(model, relu=False)
    short, long = references[0], 3 * references[0]
    plain, longer = run(inputs, Similarity(short)), run(inputs, Similarity(long))
    np.testing.assert_allclose(longer.maps, plain.maps, atol=1e-6)
    plain, longer = run(inputs, Similarity(short, "dot")), run(inputs, Similarity(long, "dot"))
    np.testing.assert_allclose(longer.maps, 3 * plain.maps, rtol=1e-4, atol=1e-6)


def test_reference_may_be_another_input(model, inputs):
    other = inputs[::-1]
    target = Similarity.to(model, other[:1])
    np.testing.assert_allclose(target.reference, model(other[:1]).numpy(), rtol=1e-6)
    found = GradCAM(model)(inputs, target)
    expected = GradCAM(model)(inputs, Similarity(model(other[:1]).numpy()[0]))
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-7)
    each = GradCAM(model)(inputs, Similarity.to(model, other, measure="distance"))
    assert each.scores[1] == pytest.approx(0, abs=1e-5)


def test_input_nearest_to_itself_is_blank_and_finite(model, inputs):
    for measure in ("cosine", "distance"):
        target = Similarity.to(model, inputs, measure=measure)
        found = GradCAM(model, relu=False)(inputs, target)
        assert np.abs(found.maps).max() < 1e-5


def test_embedding_of_zeros_has_a_finite_map(inputs, references):
    model = embedder()
    model.get_layer("embedding").set_weights([np.zeros((4, LENGTH)), np.zeros(LENGTH)])
    for measure in ("cosine", "dot", "distance"):
        found = GradCAM(model, relu=False)(inputs, Similarity(references, measure))
        assert np.isfinite(found.maps).all()


def test_making_a_reference_leaves_states_as_they_were():
    frames = keras.Input(batch_shape=(1, 4, 3))
    x = layers.LSTM(LENGTH, stateful=True)(frames)
    model = keras.Model(frames, x)
    before = [each.numpy() for each in model.variables]
    Similarity.to(model, np.ones((1, 4, 3), "float32"))
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_one_of_several_outputs_may_be_the_embedding(model, inputs, references):
    kind = layers.Dense(3, name="kind")(model.get_layer("embedding").output)
    both = keras.Model(model.input, {"kind": kind, "vector": model.output})
    expected = GradCAM(model)(inputs, Similarity.to(model, inputs[:1]))
    target = Similarity.to(both, inputs[:1], output="vector")
    found = GradCAM(both, output="vector")(inputs, target)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-7)


def test_other_references_trace_nothing_again(model, inputs, references):
    GradCAM(model)(inputs, Similarity(references))
    before = traces_of(model)
    GradCAM(model, batch_size=2)(inputs, Similarity(-references[0]))
    GradCAM(model)(inputs[:1], Similarity(references[1:2]))
    assert traces_of(model) == before


def test_methods_that_look_several_times_keep_the_reference_of_each_input(
    model, inputs, references
):
    whole = ScoreCAM(model)(inputs, Similarity(references)).maps
    alone = ScoreCAM(model)(inputs[1:2], Similarity(references[1])).maps
    np.testing.assert_allclose(whole[1:2], alone, atol=1e-6)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (lambda: Similarity(np.ones(7)), "has 7 numbers, and output .* of the model 5"),
        (lambda: Similarity(np.ones((2, LENGTH))), "2 references for 3 inputs"),
        (lambda: Similarity(np.ones((1, 2, 3))), "must be an embedding"),
        (lambda: Similarity("cat"), "must be an embedding"),
        (lambda: Similarity(np.zeros(LENGTH)), "is zero, which has no direction"),
        (lambda: Similarity(np.full(LENGTH, np.nan)), "NaN or infinity"),
        (lambda: Similarity(np.ones(LENGTH), "angle"), "is none of cosine, dot, distance"),
    ],
)
def test_references_that_do_not_fit_are_refused(model, inputs, target, says):
    with pytest.raises(TargetError, match=says):
        GradCAM(model)(inputs, target())


def test_output_with_places_is_no_embedding(inputs):
    image = keras.Input((SIZE, SIZE, 2))
    model = keras.Model(image, layers.Conv2D(4, 3, name="map")(image))
    with pytest.raises(TargetError, match=r"needs an embedding.*'map' is \(batch, 6, 6, 4\)"):
        GradCAM(model)(inputs, Similarity(np.ones(4)))


def test_inputs_of_a_reference_must_fit_the_model(model):
    with pytest.raises(InputError, match="takes"):
        Similarity.to(model, np.ones((1, 3, 3, 2)))
