"""One file a question to a machine."""
