"""See why a Keras model says what it says.

    >>> import tfviz
    >>> model = tfviz.load_model("everyday10")                     # doctest: +SKIP
    >>> inputs = tfviz.preprocess(model, [photo])                  # doctest: +SKIP
    >>> tfviz.GradCAM(model)(inputs, images=[photo]).plot()        # doctest: +SKIP

The names below are loaded on first use: importing tfviz imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.errors import (
    GradientError,
    InputError,
    LayerError,
    MethodError,
    MissingError,
    ModelError,
    OutputError,
    TargetError,
    TfvizError,
    TrainingError,
)
from tfviz.lazy import on_first_use
from tfviz.version import __version__

if TYPE_CHECKING:
    from tfviz.arrays.joining import concatenate, stack
    from tfviz.autodiff.function import function
    from tfviz.autodiff.gradients import gradients
    from tfviz.doctor.explain import explain_error
    from tfviz.doctor.live.hooks import diagnose, install_excepthook
    from tfviz.doctor.live.ipython import load_ipython_extension, unload_ipython_extension
    from tfviz.draw.displayable import displayable
    from tfviz.draw.imshow import imshow
    from tfviz.draw.overlay import overlay
    from tfviz.explain.ablation import AblationCAM
    from tfviz.explain.cam import CAM, ElementwiseCAM, GradCAM, HiResCAM, LayerCAM, XGradCAM
    from tfviz.explain.dff import DeepFeatureFactorization, Factorization
    from tfviz.explain.eigen import EigenCAM, EigenGradCAM
    from tfviz.explain.explanation import Explanation
    from tfviz.explain.fem import FEM
    from tfviz.explain.finer import FinerCAM
    from tfviz.explain.fullgrad import FullGrad
    from tfviz.explain.gradcampp import GradCAMPlusPlus, SmoothGradCAMPlusPlus
    from tfviz.explain.guided import Deconvnet, GuidedBackprop, GuidedGradCAM
    from tfviz.explain.legrad import LeGrad
    from tfviz.explain.method import ActivationMap
    from tfviz.explain.refine import RefineCAM
    from tfviz.explain.rollout import AttentionRollout
    from tfviz.explain.scorecam import ISCAM, SSCAM, FasterScoreCAM, ScoreCAM
    from tfviz.explain.shapley import ShapleyCAM
    from tfviz.explain.survey import layers_of
    from tfviz.explain.target_detection import Detection
    from tfviz.explain.target_region import Region
    from tfviz.explain.target_similarity import Similarity
    from tfviz.explain.target_sum import Sum
    from tfviz.explain.targets import Class, Contrast, Function, Side, Target, Top
    from tfviz.files.listing import image_files
    from tfviz.image.letterbox import letterbox
    from tfviz.image.reading import read_rgb
    from tfviz.image.samples import sample_path
    from tfviz.model.card import Card, card_of, remember, write_card
    from tfviz.model.pixels import preprocess
    from tfviz.probe.nonfinite import first_nonfinite
    from tfviz.train.batch_size import find_batch_size
    from tfviz.train.checkpoint import Checkpoint
    from tfviz.train.gradients import checked_gradients
    from tfviz.train.history import History
    from tfviz.train.learning_rate import find_learning_rate
    from tfviz.train.lookahead import Lookahead
    from tfviz.train.pieces import train_step
    from tfviz.train.trainer import Trainer
    from tfviz.train.update import Update
    from tfviz.zoo.loading import load_model
    from tfviz.zoo.porting.loading import load_torch_weights

_LAZY = {
    "AblationCAM": "tfviz.explain.ablation",
    "ActivationMap": "tfviz.explain.method",
    "AttentionRollout": "tfviz.explain.rollout",
    "CAM": "tfviz.explain.cam",
    "Card": "tfviz.model.card",
    "Checkpoint": "tfviz.train.checkpoint",
    "Class": "tfviz.explain.targets",
    "Contrast": "tfviz.explain.targets",
    "Deconvnet": "tfviz.explain.guided",
    "DeepFeatureFactorization": "tfviz.explain.dff",
    "Detection": "tfviz.explain.target_detection",
    "EigenCAM": "tfviz.explain.eigen",
    "EigenGradCAM": "tfviz.explain.eigen",
    "ElementwiseCAM": "tfviz.explain.cam",
    "Explanation": "tfviz.explain.explanation",
    "FEM": "tfviz.explain.fem",
    "Factorization": "tfviz.explain.dff",
    "FasterScoreCAM": "tfviz.explain.scorecam",
    "FinerCAM": "tfviz.explain.finer",
    "FullGrad": "tfviz.explain.fullgrad",
    "Function": "tfviz.explain.targets",
    "GradCAM": "tfviz.explain.cam",
    "GradCAMPlusPlus": "tfviz.explain.gradcampp",
    "GuidedBackprop": "tfviz.explain.guided",
    "GuidedGradCAM": "tfviz.explain.guided",
    "HiResCAM": "tfviz.explain.cam",
    "History": "tfviz.train.history",
    "ISCAM": "tfviz.explain.scorecam",
    "LayerCAM": "tfviz.explain.cam",
    "LeGrad": "tfviz.explain.legrad",
    "Lookahead": "tfviz.train.lookahead",
    "RefineCAM": "tfviz.explain.refine",
    "Region": "tfviz.explain.target_region",
    "SSCAM": "tfviz.explain.scorecam",
    "ScoreCAM": "tfviz.explain.scorecam",
    "ShapleyCAM": "tfviz.explain.shapley",
    "Side": "tfviz.explain.targets",
    "Similarity": "tfviz.explain.target_similarity",
    "SmoothGradCAMPlusPlus": "tfviz.explain.gradcampp",
    "Sum": "tfviz.explain.target_sum",
    "Target": "tfviz.explain.targets",
    "Top": "tfviz.explain.targets",
    "Trainer": "tfviz.train.trainer",
    "Update": "tfviz.train.update",
    "XGradCAM": "tfviz.explain.cam",
    "card_of": "tfviz.model.card",
    "checked_gradients": "tfviz.train.gradients",
    "concatenate": "tfviz.arrays.joining",
    "diagnose": "tfviz.doctor.live.hooks",
    "displayable": "tfviz.draw.displayable",
    "explain_error": "tfviz.doctor.explain",
    "find_batch_size": "tfviz.train.batch_size",
    "find_learning_rate": "tfviz.train.learning_rate",
    "first_nonfinite": "tfviz.probe.nonfinite",
    "function": "tfviz.autodiff.function",
    "gradients": "tfviz.autodiff.gradients",
    "image_files": "tfviz.files.listing",
    "imshow": "tfviz.draw.imshow",
    "install_excepthook": "tfviz.doctor.live.hooks",
    "layers_of": "tfviz.explain.survey",
    "letterbox": "tfviz.image.letterbox",
    "load_ipython_extension": "tfviz.doctor.live.ipython",
    "load_model": "tfviz.zoo.loading",
    "load_torch_weights": "tfviz.zoo.porting.loading",
    "overlay": "tfviz.draw.overlay",
    "preprocess": "tfviz.model.pixels",
    "read_rgb": "tfviz.image.reading",
    "remember": "tfviz.model.card",
    "sample_path": "tfviz.image.samples",
    "stack": "tfviz.arrays.joining",
    "train_step": "tfviz.train.pieces",
    "unload_ipython_extension": "tfviz.doctor.live.ipython",
    "write_card": "tfviz.model.card",
}

# Packages with public names of their own: tfviz.zoo.resnet18, tfviz.layers.DeformableConv2D.
_PACKAGES = ("layers", "learn", "zoo")

__all__ = [  # noqa: RUF022 - by letters alone, as people look them up
    "AblationCAM",
    "ActivationMap",
    "AttentionRollout",
    "CAM",
    "Card",
    "Checkpoint",
    "Class",
    "Contrast",
    "Deconvnet",
    "DeepFeatureFactorization",
    "Detection",
    "EigenCAM",
    "EigenGradCAM",
    "ElementwiseCAM",
    "Explanation",
    "FEM",
    "Factorization",
    "FasterScoreCAM",
    "FinerCAM",
    "FullGrad",
    "Function",
    "GradCAM",
    "GradCAMPlusPlus",
    "GradientError",
    "GuidedBackprop",
    "GuidedGradCAM",
    "HiResCAM",
    "History",
    "ISCAM",
    "InputError",
    "LayerCAM",
    "LayerError",
    "LeGrad",
    "Lookahead",
    "MethodError",
    "MissingError",
    "ModelError",
    "OutputError",
    "RefineCAM",
    "Region",
    "SSCAM",
    "ScoreCAM",
    "ShapleyCAM",
    "Side",
    "Similarity",
    "SmoothGradCAMPlusPlus",
    "Sum",
    "Target",
    "TargetError",
    "TfvizError",
    "Top",
    "Trainer",
    "TrainingError",
    "Update",
    "XGradCAM",
    "__version__",
    "card_of",
    "checked_gradients",
    "concatenate",
    "diagnose",
    "displayable",
    "explain_error",
    "find_batch_size",
    "find_learning_rate",
    "first_nonfinite",
    "function",
    "gradients",
    "image_files",
    "imshow",
    "install_excepthook",
    "layers_of",
    "letterbox",
    "load_ipython_extension",
    "load_model",
    "load_torch_weights",
    "overlay",
    "preprocess",
    "read_rgb",
    "remember",
    "sample_path",
    "stack",
    "train_step",
    "unload_ipython_extension",
    "write_card",
]

__getattr__, __dir__ = on_first_use(__name__, _LAZY, _PACKAGES)
