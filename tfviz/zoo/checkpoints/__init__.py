"""Files of weights that PyTorch wrote, read without PyTorch and without running anything."""
