"""Whether what is being traced will be compiled by XLA."""

from __future__ import annotations

import tensorflow as tf


def inside_xla() -> bool:
    """True while a function with `jit_compile=True`, or one called by it, is traced.

    TensorFlow tells nobody in public; its own layers ask here. Seen in TensorFlow 2.18 to 2.21.
    Where that has moved, the answer is True, and what every compiler has is used.
    """
    if tf.executing_eagerly():
        return False
    try:
        from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext
    except ImportError:
        return True
    return bool(GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()))
