"""Gradient descent in one dimension."""
