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
    "PyFunc": "a Python function (tf.numpy_function)",
    "PyFuncStateless": "a Python function (tf.numpy_function)",
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


def why_closed(model: str) -> str:
    """For a model whose layers run in a graph of their own."""
    return (
        f"The layers of model '{model}' run inside a tf.function of the model's own (a decorator "
        f"on its `call`?), a graph that is closed: take the decorator away, Keras compiles the "
        f"model anyway, or explain it under tf.config.run_functions_eagerly(True)."
    )


def why_in_loop(path: str) -> str:
    """For a layer whose output belongs to the body of a loop or of a branch."""
    return (
        f"Layer '{path}' runs inside a loop or a branch of the graph (TimeDistributed with unknown "
        f"steps, a recurrent layer, tf.while_loop) or inside a tf.function of the model's own, "
        f"where its output can't be reached: choose the layer around it or one after it."
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
    found = obstacle(tensor, score)
    if found is None:
        return (
            f"The score does not depend on layer '{path}': it lies on another branch or after the "
            f"output that is explained. Choose another layer, or another output with output=."
        )
    return (
        f"There is no gradient from the score back to layer '{path}': {found}. Choose a layer "
        f"nearer to the output."
    )


def why_not_by(name: str, tensor: tf.Tensor, result: tf.Tensor) -> str:
    """Why a result has no gradient by a tensor of the same graph.

    Args:
        name: What the tensor is called: 'xs[1]', a layer's output.
        tensor: What was differentiated by.
        result: What was differentiated.
    """
    found = obstacle(tensor, result)
    if found is None:
        return (
            f"There is no gradient by {name}: the result is not computed from it. Compute the "
            f"result from this very tensor, inside the function or model that is differentiated "
            f"(tfviz doctor show autodiff.tape_gradient_none)."
        )
    return (
        f"There is no gradient by {name}: {found}. Differentiate what stands before that, or take "
        f"a smooth operation in its place."
    )


def obstacle(tensor: tf.Tensor, result: tf.Tensor) -> str | None:
    """What stops the gradient between two tensors of a graph, as a clause; None if nothing joins.

    Args:
        tensor: What is differentiated by.
        result: What is differentiated.
    """
    between = _between(tensor, result)
    if not between:
        return None
    by_kind = {each.type: each for each in reversed(between)}
    for kind, words in _NO_DERIVATIVE.items():
        if kind in by_kind:
            return f"on the way stands {words} ('{by_kind[kind].name}'), which has no derivative"
    for each in between:
        if each.type == "Cast" and not each.outputs[0].dtype.is_floating:
            return f"on the way values are cast to {each.outputs[0].dtype.name} ('{each.name}')"
    return f"an operation on the way defines none ({', '.join(sorted(by_kind)[:5])})"


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


def why_possibly_none(name: str) -> str:
    """The possible reasons, most frequent first, where only a tape is left and no graph to walk."""
    return (
        f"There is no gradient by {name}. In order of frequency: the result is not computed from "
        f"it (check: change its value and see whether the result changes); a value leaves "
        f"TensorFlow on the way, by NumPy, .numpy(), float() or model.predict() (check: search the "
        f"function for them); or an operation without derivative stands between, an argmax, a "
        f"rounding, a cast to an integer, a stop_gradient."
    )
