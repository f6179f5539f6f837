"""PyTorch's weights in Keras models: what fits where, what doesn't and why, and the proof."""
