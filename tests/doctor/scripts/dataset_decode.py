# ids = ["data.undecodable_image"]
# says = []
# healthy = [["tf.io.write_file(\"photos/2.jpg\", \"<html>not found</html>\")", "tf.io.write_file(\"photos/2.jpg\", jpeg)"]]
"""A dataset of photos, one of them broken."""

import tensorflow as tf

jpeg = tf.io.encode_jpeg(tf.zeros((8, 8, 3), tf.uint8))
for number in range(2):
    tf.io.write_file(f"photos/{number}.jpg", jpeg)
tf.io.write_file("photos/2.jpg", "<html>not found</html>")


def decode(path):
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(image, (8, 8)) / 255.0


def pipeline():
    files = tf.data.Dataset.list_files("photos/*.jpg", shuffle=False)
    return files.map(decode, num_parallel_calls=2).batch(2)


total = 0
for batch in pipeline():  # <- here
    total += int(batch.shape[0])
print(total)
