# ids = ["pil.fromarray"]
# says = ["`board` is an array (8, 24, 3) of float64", "`board.astype('uint8')`"]
# advises = ["Image.fromarray(board.astype(\"uint8\"))"]
# never = ["255 *", "when it runs"]
# healthy = [["Image.fromarray(board)", "Image.fromarray(board.astype('uint8'))"]]
"""Several pictures side by side in one file."""

import numpy as np
from PIL import Image

rng = np.random.default_rng(3)
tiles = [rng.uniform(0, 255, (8, 8, 3)) for _ in range(3)]


def side_by_side(parts):
    board = np.hstack(parts)
    return Image.fromarray(board)  # <- here


print(side_by_side(tiles).size)
