"""Why a gradient is missing: the one place that says so.

A gradient is `None` when the score doesn't depend on the layer, or does so only through something
that has no derivative; and a layer isn't heard at all when the model doesn't call it, or calls it
inside a loop. Each sentence names what was found and what to do instead.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

# Operations without a useful derivative that people put into models, by TensorFlow's names.
_NO_DERIVATIVE = {
    "ArgMax": "an argmax",
    "ArgMin": "an argmin",
    "PyFunc": "a Python function (tf.py_function or tf.numpy_function)",
    "PyFuncStateless": "a Python function (tf.numpy_function)",
    "EagerPyFunc": "a Python function (tf.py_function)",
    "StopGradient": "a stop_gradient",
    "Round": "a rounding",
    "Floor": "a floor",
    "Ceil": "a ceil",
    "Sign": "a sign",
    "OneHot": "a one-hot encoding",
    "Bucketize": "a bucketing",
    # Last: an argmax is made with some of these.
    "Greater": "a comparison",
    "GreaterEqual": "a comparison",
    "Less": "a comparison",
    "LessEqual": "a comparison",
    "Equal": "a comparison",
}
_LOOPS = ("TimeDistributed", "RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM", "Bidirectional")


def why_unheard(path: str, around: list[tuple[str, Any]]) -> str:
    """Why a layer of the model was not heard while the model ran.

    Args:
        path: The layer's path in the model.
        around: Path and object of each layer that it lies in, outermost first.
    """
    for name, each in around:
        if type(each).__name__.startswith(_LOOPS):
            return (
                f"Layer '{path}' runs inside the loop of '{name}' ({type(each).__name__}), where "
                f"its output can't be reached: choose '{name}' itself or a layer after it."
            )
    return (
        f"Layer '{path}' is part of the model but the model does not call it for these inputs: "
        f"choose one of those that `tfviz layers` lists."
    )


def why_untraceable(model: str, error: Exception) -> str | None:
    """Why a model can't be traced at all, None when the error has to speak for itself.

    Args:
        model: The model's name.
        error: What was raised while it was traced.
    """
    if "custom_gradient decorator currently supports keywords" in str(error):
        return (
            f"Model '{model}' was built inside a keras.RematScope, which TensorFlow can't trace "
            f"(`fit` fails in the same way): build it again without the scope and load its weights."
        )
    return None


def why_in_loop(path: str) -> str:
    """For a layer whose output belongs to the body of a loop or of a branch."""
    return (
        f"Layer '{path}' runs inside a loop or a branch of the graph (TimeDistributed with unknown "
        f"steps, a recurrent layer, tf.while_loop), where its output can't be reached: choose the "
        f"layer around it or one after it."
    )


def why_no_gradient(path: str, operation: Any, tensor: tf.Tensor, score: tf.Tensor) -> str:
    """Why the score has no gradient at a layer that was heard.

    Args:
        path: The layer's path in the model.
        operation: The layer.
        tensor: Its symbolic output.
        score: The symbolic score, in the same graph.
    """
    if getattr(operation, "_remat_mode", None):
        return (
            f"Layer '{path}' was made inside a keras.RematScope, which computes it again on the "
            f"way back and hides its output: choose the layer after it, or build the model without "
            f"the scope."
        )
    between = _between(tensor, score)
    if not between:
        return (
            f"The score does not depend on layer '{path}': it lies on another branch or after the "
            f"output that is explained. Choose another layer, or another output with output=."
        )
    by_kind = {each.type: each for each in reversed(between)}
    for kind, words in _NO_DERIVATIVE.items():
        if kind in by_kind:
            return (
                f"There is no gradient from the score back to layer '{path}': on the way stands "
                f"{words} ('{by_kind[kind].name}'), which has no derivative. Choose a layer after "
                f"it."
            )
    for each in between:
        if each.type == "Cast" and not each.outputs[0].dtype.is_floating:
            return (
                f"There is no gradient from the score back to layer '{path}': on the way values "
                f"are cast to {each.outputs[0].dtype.name} ('{each.name}'). Choose a layer after "
                f"it."
            )
    return (
        f"There is no gradient from the score back to layer '{path}': an operation between them "
        f"defines none. Choose a layer nearer to the output."
    )


def _between(tensor: tf.Tensor, score: tf.Tensor) -> list[tf.Operation]:
    """Operations on the ways from a tensor to a score, nearest to the tensor first."""
    reaches: dict[str, bool] = {tensor.op.name: True}
    order: list[tf.Operation] = []
    # Iterative, with the operation visited again once its inputs are known: graphs are deep.
    stack: list[tuple[tf.Operation, bool]] = [(score.op, False)]
    entered: set[str] = set()
    while stack:
        operation, done = stack.pop()
        if done:
            hit = any(reaches.get(each.op.name, False) for each in operation.inputs)
            reaches[operation.name] = hit
            if hit:
                order.append(operation)
            continue
        if operation.name in reaches or operation.name in entered:
            continue
        entered.add(operation.name)
        stack.append((operation, True))
        stack.extend((each.op, False) for each in operation.inputs)
    return order
