"""The environment: what is installed, what fits together, and what bites."""
