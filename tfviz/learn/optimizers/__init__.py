"""Keras's optimizers on surfaces whose shape is known."""
