"""The mean map of mirrored and scaled copies."""

from __future__ import annotations

import models
import numpy as np
import pytest

from tfviz import GradCAM, InputError, LayerCAM, Top
from tfviz.explain.compiled import traces_of


@pytest.fixture(scope="module")
def model():
    return models.functional()


def test_smoothed_map_is_the_mean_over_six_copies_mirrored_back(model):
    inputs = models.inputs_for(model)
    explain = GradCAM(model, relu=False)
    copies = []
    for factor in (0.9, 1.0, 1.1):
        scaled = (inputs * factor).astype("float32")
        copies.append(explain(scaled, 2).maps)
        copies.append(explain(scaled[:, :, ::-1], 2).maps[:, :, ::-1])
    signed = np.mean(copies, axis=0)
    found = GradCAM(model, smooth=True, relu=False)(inputs, 2)
    np.testing.assert_allclose(found.maps, signed, rtol=1e-4, atol=1e-7)
    cut = GradCAM(model, smooth=True)(inputs, 2)
    np.testing.assert_allclose(cut.maps, np.maximum(signed, 0), rtol=1e-4, atol=1e-7)
    assert "mean over mirrored and scaled copies of each input" in found.remarks


def test_class_of_the_input_itself_is_explained_in_all_copies(model):
    inputs = models.inputs_for(model, count=6)
    found = GradCAM(model, smooth=True, relu=False)(inputs)
    plain = GradCAM(model)(inputs)
    np.testing.assert_array_equal(found.units, plain.units)
    np.testing.assert_array_equal(found.scores, plain.scores)
    expected = GradCAM(model, smooth=True, relu=False)(inputs, plain.units.tolist())
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-7)


def test_smoothing_adds_one_trace_and_keeps_to_the_batch_size(model):
    fresh = models.functional()
    inputs = models.inputs_for(fresh, count=5)
    expected = GradCAM(fresh, smooth=True)(inputs, Top(2)).maps
    assert traces_of(fresh) == 2  # top-k, and what it picked
    found = GradCAM(fresh, smooth=True, batch_size=2)(inputs, Top(2)).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    assert traces_of(fresh) == 2


def test_signals_are_scaled_and_not_mirrored():
    model = models.conv1d()
    inputs = models.inputs_for(model)
    copies = [GradCAM(model, relu=False)(inputs * f, 1).maps for f in (0.9, 1.0, 1.1)]
    found = GradCAM(model, smooth=True, relu=False)(inputs, 1).maps
    np.testing.assert_allclose(found, np.mean(copies, axis=0), rtol=1e-4, atol=1e-7)


def test_each_picture_of_a_siamese_model_is_mirrored_back():
    model = models.siamese()
    left, right = models.inputs_for(model)
    found = LayerCAM(model, smooth=True, relu=False)([left, right], 1)
    for call in (0, 1):
        copies = []
        for factor in (0.9, 1.0, 1.1):
            a, b = (left * factor).astype("float32"), (right * factor).astype("float32")
            explain = LayerCAM(model, relu=False)
            copies.append(explain([a, b], 1).calls[call].maps)
            mirrored = explain([a[:, :, ::-1], b[:, :, ::-1]], 1).calls[call].maps
            copies.append(mirrored[:, :, ::-1])
        expected = np.mean(copies, axis=0)
        np.testing.assert_allclose(found.calls[call].maps, expected, rtol=1e-4, atol=1e-7)


def test_tokens_of_words_can_not_be_smoothed():
    model = models.token_model()
    with pytest.raises(InputError, match="integers or have no places"):
        GradCAM(model, smooth=True)(models.inputs_for(model))
