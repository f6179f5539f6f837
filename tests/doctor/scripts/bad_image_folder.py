# ids = ["pil.not_an_image"]
# says = ["notes.png"]
# healthy = [["(folder / \"notes.png\").write_text(\"to do: label these\")", "pass"]]
"""All pictures of a folder, one is none."""

from pathlib import Path

import keras
from PIL import Image

folder = Path("set")
folder.mkdir()
for index in range(2):
    Image.new("RGB", (6, 6)).save(folder / f"{index}.png")
(folder / "notes.png").write_text("to do: label these")


def arrays(folder):
    for path in sorted(folder.glob("*.png")):
        image = keras.utils.load_img(path, target_size=(6, 6))  # <- here
        yield keras.utils.img_to_array(image)


print(len(list(arrays(folder))))
