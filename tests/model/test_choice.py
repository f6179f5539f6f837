"""The rule for the layer, on records made by hand: no model, no tracing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tfviz.errors import LayerError
from tfviz.model.choice import Choice, candidates, choose, layout, spatial_shape
from tfviz.model.heard import Heard


def heard(
    path: str, kind: str, *shape: int | None, made_from: str = "", tensor: str = "", **more: object
) -> Heard:
    """A call with a batch axis in front, named after its path and made from the tensors named."""
    made = tuple(made_from.split())
    return Heard(path, kind, (None, *shape), tensor or path, made, **more)  # type: ignore[arg-type]


def conv(path: str, *shape: int | None, made_from: str = "image", **more: object) -> Heard:
    return heard(path, "Conv2D", *shape, made_from=made_from, weighted=True, **more)


def choice(calls: Sequence[Heard], leads: str = "", head: str = "logits") -> Choice:
    """The choice where everything leads to the score, or only what is named."""
    used = frozenset(leads.split()) or frozenset(each.tensor for each in calls)
    return choose(calls, used, frozenset(head.split()), model_name="m")[0]


DENSE = heard("dense", "Dense", 10, made_from="flat", weighted=True)


def test_the_map_before_a_pooling_is_taken_and_the_pooling_is_named() -> None:
    calls = [
        conv("block5_conv3", 14, 14, 512),
        heard("block5_pool", "MaxPooling2D", 7, 7, 512, made_from="block5_conv3"),
        heard("flat", "Flatten", 25088, made_from="block5_pool"),
        DENSE,
    ]
    assert choice(calls).path == "block5_conv3"
    assert choice(calls).reason == (
        "the last operation that still has places in it, before 'block5_pool' (MaxPooling2D)"
    )


def test_the_activation_after_the_normalisation_is_taken_not_the_convolution() -> None:
    calls = [
        conv("conv", 7, 7, 8),
        heard("bn", "BatchNormalization", 7, 7, 8, made_from="conv", weighted=True),
        heard("relu", "ReLU", 7, 7, 8, made_from="bn"),
        heard("gap", "GlobalAveragePooling2D", 8, made_from="relu"),
    ]
    assert choice(calls).path == "relu"


def test_a_global_pooling_that_keeps_its_axes_leaves_no_places() -> None:
    calls = [
        conv("conv_pw_13", 7, 7, 1024),
        heard("gap", "GlobalAveragePooling2D", 1, 1, 1024, made_from="conv_pw_13"),
        conv("conv_preds", 1, 1, 1000, made_from="gap"),
        heard("reshape", "Reshape", 1000, made_from="conv_preds"),
    ]
    assert choice(calls).path == "conv_pw_13"


def test_a_dropout_that_passes_its_input_on_does_not_hide_who_computed_it() -> None:
    calls = [
        conv("conv", 7, 7, 8),
        heard("dropout", "Dropout", 7, 7, 8, tensor="conv", made_from="conv"),
        heard("noise", "MyNoise", 7, 7, 8, tensor="conv", made_from="conv"),
        heard("gap", "GlobalAveragePooling2D", 8, made_from="conv"),
    ]
    assert choice(calls).path == "conv"
    assert "before 'gap'" in choice(calls).reason


def test_the_last_layer_inside_a_nested_model_is_taken_not_the_nested_model() -> None:
    calls = [
        conv("base/conv", 7, 7, 8),
        heard("base", "Functional", 7, 7, 8, tensor="base/conv", weighted=True),
        heard("gap", "GlobalAveragePooling2D", 8, made_from="base/conv"),
    ]
    assert [each.path for each in choice(calls).candidates] == ["base/conv"]


@pytest.mark.parametrize(
    "kind", ["Reshape", "ZeroPadding2D", "UpSampling2D", "Cropping2D", "Permute", "GetItem", "Cast"]
)
def test_what_only_moves_values_is_not_taken(kind: str) -> None:
    calls = [
        conv("conv", 7, 7, 8),
        heard("moved", kind, 14, 14, 8, made_from="conv"),
        heard("gap", "GlobalAveragePooling2D", 8, made_from="moved"),
    ]
    assert choice(calls).path == "conv"


def test_the_head_of_a_segmentation_is_not_its_own_evidence() -> None:
    calls = [
        conv("last", 24, 24, 8),
        conv("mask", 24, 24, 3, made_from="last", tensor="probabilities"),
    ]
    assert choice(calls, head="probabilities logits").path == "last"


def test_the_inside_of_an_attention_is_no_picture_but_the_attention_is_a_candidate() -> None:
    calls = [
        heard("patches", "Conv2D", 6, 6, 16, weighted=True),
        heard("attention/query", "EinsumDense", 36, 2, 8, weighted=True),
        heard("attention/softmax", "Softmax", 2, 36, 36),
        heard("attention", "MultiHeadAttention", 36, 16, weighted=True),
    ]
    assert [each.path for each in choice(calls).candidates] == ["patches", "attention"]


def test_a_branch_that_does_not_lead_to_the_score_is_left_out() -> None:
    calls = [conv("conv", 7, 7, 8), conv("other_branch", 7, 7, 8, made_from="conv")]
    assert choice(calls, leads="conv").path == "conv"


def test_what_stands_before_the_first_weights_is_no_evidence() -> None:
    calls = [
        heard("rescaling", "Rescaling", 24, 24, 3),
        heard("contrast", "RandomContrast", 24, 24, 3, made_from="rescaling"),
        conv("conv", 12, 12, 8, made_from="contrast"),
    ]
    assert [each.path for each in choice(calls).candidates] == ["conv"]


def test_weights_of_a_table_beside_the_image_do_not_make_the_image_evidence() -> None:
    calls = [
        heard("table", "Dense", 3, weighted=True),
        heard("rescaling", "Rescaling", 24, 24, 3),
        conv("conv", 12, 12, 8, made_from="rescaling"),
    ]
    assert [each.path for each in choice(calls).candidates] == ["conv"]


def test_an_unknown_height_and_width_count_as_places() -> None:
    assert choice([conv("conv", None, None, 8)]).path == "conv"


@pytest.mark.parametrize("shape", [(36, 12), (12, 8, 10, 4)])
def test_signals_and_volumes_have_places_too(shape: tuple[int, ...]) -> None:
    assert choice([conv("conv", *shape)]).path == "conv"


def test_candidates_stand_in_execution_order_and_a_shared_layer_once() -> None:
    calls = [
        conv("stem", 9, 9, 4, tensor="stem:0"),
        conv("conv", 7, 7, 8, tensor="conv:0", made_from="stem:0"),
        conv("stem", 9, 9, 4, tensor="stem:1"),
        conv("conv", 7, 7, 8, tensor="conv:1", made_from="stem:1"),
    ]
    leads = frozenset(each.tensor for each in calls)
    made, used = choose(calls, leads, frozenset(), model_name="m")
    assert [each.path for each in made.candidates] == ["stem", "conv"]
    assert made.calls == 2
    assert [each.tensor for each in used] == ["conv:0", "conv:1"]


def test_nothing_with_places_names_what_the_layers_give() -> None:
    calls = [heard(f"dense{i}", "Dense", 10 + i, weighted=True) for i in range(5)]
    with pytest.raises(LayerError) as caught:
        choice(calls)
    assert str(caught.value).startswith(
        "Model 'm' has no layer with places in it before its score: its layers give "
        "'dense0' (batch, 10), 'dense1' (batch, 11), 'dense2' (batch, 12), 'dense3' (batch, 13), "
        "... A heatmap needs"
    )


FIRST = {"data_format": "channels_first"}


def test_the_layout_of_an_activation_is_that_of_the_convolution_behind_it() -> None:
    calls = [
        conv("conv", 64, 7, 9, **FIRST),
        heard("add", "Add", 64, 7, 9, made_from="conv image"),
        heard("relu", "Activation", 64, 7, 9, made_from="add"),
    ]
    assert layout(calls, calls[-1]) == "channels_first"
    assert spatial_shape(calls[-1], layout(calls, calls[-1])) == (7, 9)


def test_the_nearest_layer_with_a_say_decides_the_layout() -> None:
    calls = [
        conv("conv", 64, 7, 9, **FIRST),
        heard(
            "permute", "BatchNormalization", 7, 9, 64, made_from="conv", data_format="channels_last"
        ),
        heard("relu", "ReLU", 7, 9, 64, made_from="permute"),
    ]
    assert layout(calls, calls[-1]) == "channels_last"


def test_a_layer_of_another_rank_has_no_say_in_the_layout() -> None:
    calls = [
        conv("patches", 16, 6, 6, **FIRST),
        heard("tokens", "Reshape", 36, 16, made_from="patches"),
        heard("norm", "LayerNormalization", 36, 16, made_from="tokens", weighted=True),
    ]
    assert layout(calls, calls[-1]) == "channels_last"


def test_without_anyone_with_a_say_channels_stand_last() -> None:
    loop = heard("relu", "ReLU", 7, 9, 64, made_from="relu")
    assert layout([loop], loop) == "channels_last"


def test_channels_first_maps_of_one_place_are_no_candidates() -> None:
    calls = [
        conv("conv", 8, 5, 5, **FIRST),
        conv("logits", 1000, 1, 1, made_from="conv", **FIRST),
        heard("relu", "ReLU", 1000, 1, 1, made_from="logits"),
    ]
    found = candidates(calls, frozenset(each.tensor for each in calls), frozenset())
    assert [each.path for each in found] == ["conv"]
