"""Training with a GradientTape: the loop, and the pieces it is built from."""
