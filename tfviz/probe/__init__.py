"""Statistics inside a compiled step, and where a value stopped being finite."""
