"""Models by name: the embedded one and those of keras.applications."""
