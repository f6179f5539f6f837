"""What only the running process knows: the failing line with the values on it."""
