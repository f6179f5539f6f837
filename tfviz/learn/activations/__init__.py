"""Activations: curves, derivatives, where the gradient dies, computed by the Keras installed."""
