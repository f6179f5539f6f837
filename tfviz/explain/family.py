"""The methods there are: their names, what they cost and need, and when to use which.

Without TensorFlow, which the command line can't wait for to list them: a method's class is imported
when it is taken from `METHODS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What is known of a method before it is imported.

    Attributes:
        name: As on the command line.
        module: Where its class is.
        kind: The name of its class.
        cost: Passes for one input: `forward` through the model, `head` behind the layer, forward
            or backward; K is the number of channels at the layer, n a number of samples.
        when: When to use it, in a line.
        needs: What a model must have, of `NEEDS`; any model that has a map will do where empty.
    """

    name: str
    module: str
    kind: str
    cost: str
    when: str
    needs: tuple[str, ...] = ()


NEEDS = {
    "pooling": "global average pooling and one linear layer behind it",
    "classes": "several classes",
    "stages": "layers of several sizes",
    "attention": "attention between its tokens",
    "input": "an input of floating-point numbers with places",
    "relu": "ReLU activations",
    "masks": "an input that can be masked by the layer's channels",
}

_ONE_BACKWARD = "1 forward, 1 head backward"

# One look: formulas of activations and gradients.
ONE_PASS = (
    Entry(
        "cam",
        "tfviz.explain.cam",
        "CAM",
        _ONE_BACKWARD,
        "the plain weights of the last layer, where the model is built for it",
        needs=("pooling",),
    ),
    Entry(
        "gradcam",
        "tfviz.explain.cam",
        "GradCAM",
        _ONE_BACKWARD,
        "the one everybody knows; at the last layer before pooling",
    ),
    Entry(
        "gradcam++",
        "tfviz.explain.gradcampp",
        "GradCAMPlusPlus",
        _ONE_BACKWARD,
        "several objects of the class in one picture",
    ),
    Entry(
        "xgradcam",
        "tfviz.explain.cam",
        "XGradCAM",
        _ONE_BACKWARD,
        "like gradcam, with weights that add up; after a ReLU",
    ),
    Entry(
        "hirescam",
        "tfviz.explain.cam",
        "HiResCAM",
        _ONE_BACKWARD,
        "shows only what was used; at earlier layers, and before a flattening",
    ),
    Entry(
        "elementwise",
        "tfviz.explain.cam",
        "ElementwiseCAM",
        _ONE_BACKWARD,
        "all evidence for, nothing cancelled by evidence against",
    ),
    Entry(
        "layercam",
        "tfviz.explain.cam",
        "LayerCAM",
        _ONE_BACKWARD,
        "early layers, fine maps, and several layers joined",
    ),
    Entry(
        "eigencam",
        "tfviz.explain.eigen",
        "EigenCAM",
        "1 forward, an eigenvector",
        "the strongest pattern, whatever the class; needs no gradient",
    ),
    Entry(
        "eigengradcam",
        "tfviz.explain.eigen",
        "EigenGradCAM",
        f"{_ONE_BACKWARD}, an eigenvector",
        "a cleaner hirescam: its strongest pattern alone",
    ),
    Entry(
        "fem",
        "tfviz.explain.fem",
        "FEM",
        "1 forward",
        "unusually active places, whatever the class; needs no gradient",
    ),
    Entry(
        "finercam",
        "tfviz.explain.finer",
        "FinerCAM",
        _ONE_BACKWARD,
        "look-alike classes: what makes it this one and not the next",
        needs=("classes",),
    ),
    Entry(
        "shapleycam",
        "tfviz.explain.shapley",
        "ShapleyCAM",
        "1 forward, 2 head backward",
        "gradcam behind curved layers: gelu, swish, attention, or a probability as target",
    ),
    Entry(
        "refinecam",
        "tfviz.explain.refine",
        "RefineCAM",
        "1 forward, 1 backward to the finest layer",
        "fine edges: layers of several sizes must agree",
        needs=("stages",),
    ),
    Entry(
        "smoothgradcam++",
        "tfviz.explain.gradcampp",
        "SmoothGradCAMPlusPlus",
        "1 + n forward, n head backward",
        "gradcam++ where its maps jump from frame to frame",
        needs=("input",),
    ),
)

# Many passes: masked inputs, or the head with changed activations.
MANY_PASSES: tuple[Entry, ...] = (
    Entry(
        "scorecam",
        "tfviz.explain.scorecam",
        "ScoreCAM",
        "1 + K forward",
        "no gradients: what each channel shows the model by itself; slow",
        needs=("masks",),
    ),
    Entry(
        "fasterscorecam",
        "tfviz.explain.scorecam",
        "FasterScoreCAM",
        "1 + 10 forward",
        "scorecam in seconds: the ten channels that vary most",
        needs=("masks",),
    ),
    Entry(
        "sscam",
        "tfviz.explain.scorecam",
        "SSCAM",
        "1 + n K forward",
        "scorecam where single masks mislead: each tried under noise; very slow",
        needs=("masks",),
    ),
    Entry(
        "iscam",
        "tfviz.explain.scorecam",
        "ISCAM",
        "1 + n K forward",
        "scorecam where its few largest channels take all: masks from faint to full; very slow",
        needs=("masks",),
    ),
    Entry(
        "ablationcam",
        "tfviz.explain.ablation",
        "AblationCAM",
        "1 forward, K head forward",
        "no gradients: what the score loses without a channel; behind saturated layers",
    ),
)

# Gradients down to the input, factors, and tokens.
DEEPER: tuple[Entry, ...] = (
    Entry(
        "guidedbackprop",
        "tfviz.explain.guided",
        "GuidedBackprop",
        "1 forward, 1 backward",
        "fine edges at the input, of what excites the score; hardly of one class alone",
        needs=("input", "relu"),
    ),
    Entry(
        "deconvnet",
        "tfviz.explain.guided",
        "Deconvnet",
        "1 forward, 1 backward",
        "the older guidedbackprop, to compare with",
        needs=("input", "relu"),
    ),
    Entry(
        "guidedgradcam",
        "tfviz.explain.guided",
        "GuidedGradCAM",
        "1 forward, 1 backward, 1 head backward",
        "fine edges where gradcam sees the class",
        needs=("input", "relu"),
    ),
    Entry(
        "fullgrad",
        "tfviz.explain.fullgrad",
        "FullGrad",
        "1 forward, 1 backward",
        "everything that adds up to the score: the input's part and every bias's",
        needs=("input",),
    ),
    Entry(
        "dff",
        "tfviz.explain.dff",
        "DeepFeatureFactorization",
        f"{_ONE_BACKWARD}, a factorization",
        "whole parts of the picture: the one that speaks most for the target",
    ),
    Entry(
        "legrad",
        "tfviz.explain.legrad",
        "LeGrad",
        "2 forward, n head forward and backward",
        "vision transformers, for a class: all their layers",
        needs=("input", "attention"),
    ),
    Entry(
        "rollout",
        "tfviz.explain.rollout",
        "AttentionRollout",
        "1 forward",
        "vision transformers, whatever the class; needs no gradient",
        needs=("input", "attention"),
    ),
)

FAMILY: dict[str, Entry] = {each.name: each for each in (*ONE_PASS, *MANY_PASSES, *DEEPER)}


class _Methods(Mapping[str, Any]):
    """Classes by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        entry = FAMILY[name]
        return getattr(importlib.import_module(entry.module), entry.kind)

    def __iter__(self) -> Iterator[str]:
        return iter(FAMILY)

    def __len__(self) -> int:
        return len(FAMILY)


METHODS: Mapping[str, Any] = _Methods()
"""Every method's class, by its name on the command line."""
