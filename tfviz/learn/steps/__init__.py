"""One training step of a model, op by op."""
