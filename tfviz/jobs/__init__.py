"""Many inputs, one command: reading, explaining and writing."""
