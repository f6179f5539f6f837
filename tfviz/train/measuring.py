"""Loss and metrics over data that is not trained on, and what TensorFlow says about a bad batch."""

from __future__ import annotations

import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train.callbacks import Callbacks
from tfviz.train.step import Step
from tfviz.train.stream import Stream


def measured(step: Step, stream: Stream, callbacks: Callbacks | None = None) -> dict[str, float]:
    """Loss and metrics over one pass of a stream.

    Args:
        step: The compiled step; reset before.
        stream: The data.
        callbacks: Who is told of each batch.

    Raises:
        InputError: When the data is empty, or a label out of range.
    """
    told = callbacks is not None and callbacks.between_steps
    number = 0
    for batch in stream.dataset:
        if stream.steps is not None and number >= stream.steps:
            break
        if told and callbacks is not None:
            callbacks.call("on_test_batch_begin", number)
        try:
            step.measure(batch)
        except tf.errors.InvalidArgumentError as error:
            raise explained(error, f"in batch {number + 1} of {stream.name}=") or error from error
        if told and callbacks is not None:
            callbacks.call("on_test_batch_end", number, logs=step.results())
        number += 1
    if number == 0:
        raise InputError(f"{stream.name}= is empty: it gave no batch.")
    return step.results()


def explained(error: Exception, where: str) -> Exception | None:
    """A sentence for what TensorFlow says about a batch inside a compiled step.

    Args:
        error: What it raised.
        where: Which batch it was, as 'in epoch 2, after step 7'.

    Returns:
        What to raise in its place; None where nothing better is known.
    """
    text = str(error)
    if "outside the valid range" in text and "label" in text:
        start = text.index("Received a label value")
        return InputError(
            f"A label is out of range {where}: {text[start:].split(chr(10))[0]} A class index is "
            f"from 0 to the number of units less 1; correct the labels, or give the last layer "
            f"more units."
        )
    if "generator" in text and ("shape" in text or "type" in text):
        line = next((each for each in text.splitlines() if "yielded" in each), text.splitlines()[0])
        return InputError(
            f"The generator gave a batch of another kind {where}: {line.strip()} Every batch "
            f"needs the dtypes and the shape of the first one, the number of samples apart."
        )
    return None
