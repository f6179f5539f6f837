"""Gradients, and why one is missing."""
