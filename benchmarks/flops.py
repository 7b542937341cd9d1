"""Floating-point operations of a network, counted from its graph. Nothing is run.

A multiplication and an addition are two. A convolution counts 2 k k c_in c_out for every place it
is taken at. A training step is three forward passes, as usual: the backward pass takes the
products once for the inputs and once for the weights (Kaplan et al., arXiv 2001.08361, 2020).
"""

from __future__ import annotations

import contextlib
import io

TRAINING = 3  # forward passes that a training step counts as


def of_forward_pass(network, size: int) -> int:
    """Operations for one image in inference mode, by TensorFlow's own profiler.

    Parameters
    ----------
    network : keras.Model
        Takes float32 (n, size, size, 3).
    size : int
        Side of the image in pixels.
    """
    import tensorflow as tf

    spec = tf.TensorSpec((1, size, size, 3), tf.float32)
    graph = tf.function(lambda x: network(x, training=False)).get_concrete_function(spec).graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(
        profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    with contextlib.redirect_stdout(io.StringIO()):
        return int(profiler.profile(graph, options=options).total_float_ops)
