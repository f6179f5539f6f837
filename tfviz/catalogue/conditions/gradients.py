"""Conditions on gradients, Keras layers and tf.function."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import predicate
from tfviz.catalogue.report import ErrorBlock, Report

# As people name what a tape gives: grads, gradients, dL_dx, grad_cam(...).
_GRADIENT = re.compile(
    r"(?i)(?<![a-z])grad(?:s|ient|ients)?(?![a-z])|grad_?cam|gradient|saliency|_grads?\b"
)


def _chain(report: Report, block: ErrorBlock | None) -> list[ErrorBlock]:
    """The error and those it is chained to: the frames are often on another link."""
    if block is None:
        return []
    index = report.errors.index(block)
    first = last = index
    while report.errors[first].link and first > 0:
        first -= 1
    while last + 1 < len(report.errors) and report.errors[last + 1].link:
        last += 1
    return list(report.errors[first : last + 1])


def _own_code(report: Report, block: ErrorBlock | None) -> list[str]:
    """The user's own lines and functions on the way to an error."""
    frames = [
        frame for each in _chain(report, block) for frame in each.frames if not frame.installed
    ]
    return [f"{frame.function}: {frame.code}" for frame in frames]


@predicate
def gradient_in_own_code(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The user's code on the way to the error handles gradients."""
    own = _own_code(report, block) or [line.text for line in report.loose]
    return any(_GRADIENT.search(each) for each in own)


@predicate
def no_gradient_in_own_code(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing in the text speaks of gradients."""
    return not gradient_in_own_code(report, block, match)


@predicate
def no_own_code(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text shows none of the user's lines: the error alone, or installed code only."""
    return not any(each.partition(": ")[2] for each in _own_code(report, block))


@predicate
def gradient_on_last_line(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The user's line that failed handles a gradient."""
    if block is None:
        return False
    frame = block.own_frame
    if frame is not None and frame.code:
        return bool(_GRADIENT.search(frame.code))
    # A cut IPython traceback: only the marked line is left.
    marked = [
        line.text for line in report.lines if line.number < block.line and _MARKED.match(line.text)
    ]
    return not block.frames and bool(marked) and bool(_GRADIENT.search(marked[-1]))


_MARKED = re.compile(r"\s*-+>")


# Code that takes outputs from inside a model, as Grad-CAM does.
_INNER = re.compile(
    r"(?i)get_layer\(|\.layers\[[^\]]+\]\.(?:get_)?output|grad_?cam|tf_keras_vis|tf_explain|keract|"
    r"heat_?map|activation_model"
)


@predicate
def takes_inner_outputs(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text shows code that takes the output of a layer inside a model."""
    return bool(_INNER.search(report.flat))


@predicate
def takes_no_inner_outputs(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Nothing in the text takes the output of a layer inside a model."""
    return not _INNER.search(report.flat)


@predicate
def has_frames(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The error came with its traceback."""
    return block is not None and bool(block.frames)


@predicate
def calls_model(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The unknown argument was given to a Model."""
    return "Model" in match.group(0) or bool(re.search(r"Model\(|models?\.py", report.flat))


@predicate
def not_torch(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """Keras is in the text and PyTorch isn't."""
    said = match.group(0)
    if "passed to" in said or "not understood" in said:
        return True
    return "torch" not in report.flat_lower and "keras" in report.flat_lower


@predicate
def keras_object(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The object without the attribute is a model, a layer or a metric of Keras."""
    return match.group("cls") in _KERAS_CLASSES or "keras" in report.flat_lower


_KERAS_CLASSES = frozenset(
    [
        "Sequential",
        "Functional",
        "Model",
        "Dense",
        "Conv2D",
        "Conv1D",
        "Flatten",
        "InputLayer",
        "LSTM",
        "GRU",
        "Embedding",
        "Mean",
        "Accuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "BinaryAccuracy",
        "AUC",
        "Precision",
        "Recall",
        "MeanMetricWrapper",
        "BatchNormalization",
        "MaxPooling2D",
        "Activation",
        "Dropout",
    ]
)


@predicate
def tf_in_text(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The text speaks of TensorFlow."""
    return bool(re.search(r"(?i)tensorflow|keras|\btf\.", report.flat))


@predicate
def symbolic_or_tf(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A tensor without value: named so, or a 'Tensor' in a text that speaks of TensorFlow."""
    if "Symbolic" in match.group(0) or match.group("name") == "numpy":
        return True
    return tf_in_text(report, block, match)


# Names that TensorFlow 2 has: missing, they mean a broken or shadowed installation.
_STILL_THERE = frozenset(
    [
        "Optimizer",
        "cosine_decay",
        "load",
        "utils",
        "loader",
        "batch",
        "Iterator",
        "global_step",
        "streaming",
    ]
)


@predicate
def gone_since_tf1(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The name was public in TensorFlow 1 and isn't in 2."""
    plain = match.groupdict().get("module") == "tensorflow"
    return not (plain and match.group("name") in _STILL_THERE)
