# ids = ["data.batch_unequal"]
# says = []
# advises = ["padded_batch"]
# never = ["tf.image.resize"]
# healthy = [["words.batch(3)", "words.padded_batch(3)"]]
"""Sentences of different length in one batch."""

import tensorflow as tf

sentences = [[4, 2], [7, 1, 1], [3]]
words = tf.data.Dataset.from_generator(
    lambda: sentences, output_signature=tf.TensorSpec([None], tf.int32)
)
for batch in words.batch(3):  # <- here
    print(batch.shape)
