"""The loss around the weights of a model."""
