# ids = ["data.undecodable_image"]
# says = ["b_2.png", "web page"]
# healthy = [["b\"<html><body>Not found</body></html>\"", "tf.io.encode_png(np.zeros((9, 9, 3), 'uint8')).numpy()"]]
"""Pictures through tf.data, one of which is a page of the server."""

import pathlib

import numpy as np
import tensorflow as tf

where = pathlib.Path("fetched")
for kind in ("a", "b"):
    (where / kind).mkdir(parents=True)
    for i in range(3):
        data = tf.io.encode_png(np.full((9, 9, 3), i, np.uint8)).numpy()
        (where / kind / f"{kind}_{i}.png").write_bytes(data)
(where / "b" / "b_2.png").write_bytes(b"<html><body>Not found</body></html>")


def read(path):
    return tf.io.decode_png(tf.io.read_file(path), channels=3)


pictures = tf.data.Dataset.list_files("fetched/*/*.png", shuffle=False).map(read)
for picture in pictures:  # <- here
    print(picture.shape)
