"""A model as it is: load it, walk its layers in execution order, listen to one, find the logits."""
