"""Losses: their gradients, and which form of them stays true in float32."""
