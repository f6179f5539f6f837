"""The place in the data comes back; what can't be saved, or isn't the same, is said."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.errors import InputError, TrainingError
from tfviz.train.checkpoint import Checkpoint
from tfviz.train.checkpoint_position import shuffles

COUNT = 40


def numbers(seed=5):
    return tf.data.Dataset.range(COUNT).shuffle(COUNT, seed=seed)


def draw(iterator, count):
    return [next(iterator).numpy().tolist() for _ in range(count)]


@pytest.mark.parametrize("taken", [0, 1, 3, 7, 10, 13])
def test_the_next_batches_are_those_of_an_unbroken_run(tmp_path, taken):
    def batches():
        # As the guide says: repeat straight after shuffle.
        data = numbers().repeat().map(lambda i: i + 1, num_parallel_calls=2)
        return iter(data.batch(8).prefetch(2))

    keras.utils.set_random_seed(1)
    unbroken = draw(batches(), 30)
    keras.utils.set_random_seed(1)
    killed = batches()
    first = draw(killed, taken)
    Checkpoint(tmp_path, iterator=killed).save()
    draw(killed, 2)
    keras.utils.set_random_seed(1)
    resumed = batches()
    checkpoint = Checkpoint(tmp_path, iterator=resumed)
    checkpoint.restore()
    assert first + draw(resumed, 30 - taken) == unbroken
    assert checkpoint.data_restored


def generated():
    def make():
        yield from np.arange(COUNT)

    return tf.data.Dataset.from_generator(make, output_signature=tf.TensorSpec((), tf.int64))


def with_layer():
    layer = keras.layers.RandomFlip(seed=1)
    return numbers().map(lambda i: layer(tf.ones((2, 2, 1)), training=True))


def with_generator():
    generator = tf.random.Generator.from_seed(1)
    return numbers().map(lambda i: generator.normal(()))


UNSAVEABLE = {
    "tf.random": (
        lambda: numbers().map(lambda i: tf.random.normal(())),
        r"draws random numbers inside `map` \(RandomStandardNormal.*enumerate.*stateless",
    ),
    "from_generator": (generated, r"calls Python \(from_generator.*load with tf functions"),
    "augmentation layer": (with_layer, r"reads a variable.*augmentation layers into the model"),
    "tf.random.Generator": (with_generator, r"draws from a tf.random.Generator.*stateless"),
}


@pytest.mark.parametrize("kind", UNSAVEABLE)
def test_a_dataset_that_cannot_be_saved_is_told_with_the_mend_and_the_rest_is_saved(tmp_path, kind):
    make, mend = UNSAVEABLE[kind]
    number = tf.Variable(3)
    iterator = iter(make().batch(4))
    next(iterator)
    checkpoint = Checkpoint(tmp_path, iterator=iterator, v=number)
    with pytest.warns(UserWarning, match=f"can't be saved with this dataset: it {mend}"):
        folder = checkpoint.save({"step": 1})
    assert not list(folder.glob("iterator*"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoint.save({"step": 2})  # told once
    number.assign(0)
    with pytest.warns(UserWarning, match="holds no place in the data"):
        assert checkpoint.restore() == {"step": 2}
    assert int(number) == 3
    assert not checkpoint.data_restored


def test_the_mend_of_stateless_random_numbers_can_be_saved(tmp_path):
    def batches():
        noisy = (
            numbers()
            .enumerate()
            .map(lambda i, x: tf.cast(x, tf.float32) + tf.random.stateless_normal((), (i, 7)))
        )
        return iter(noisy.batch(4))

    iterator = batches()
    draw(iterator, 3)
    Checkpoint(tmp_path, iterator=iterator).save()
    upcoming = draw(iterator, 5)
    resumed = batches()
    Checkpoint(tmp_path, iterator=resumed).restore()
    assert draw(resumed, 5) == upcoming


def test_a_shuffle_buffer_of_images_is_told_with_the_mend(tmp_path):
    image = np.random.default_rng(1).integers(0, 256, (640, 512, 320, 1), np.uint8)
    iterator = iter(tf.data.Dataset.from_tensor_slices(image).shuffle(640, seed=1).batch(2))
    next(iterator)
    with pytest.warns(UserWarning, match=r"takes 10\d MB in each checkpoint.*shuffle\(n\).map"):
        Checkpoint(tmp_path, iterator=iterator).save()


@pytest.mark.parametrize("setting", ["map", "options"])
def test_an_order_that_depends_on_timing_is_told(tmp_path, setting):
    data = numbers()
    if setting == "map":
        data = data.map(lambda i: i, num_parallel_calls=2, deterministic=False)
    else:
        options = tf.data.Options()
        options.deterministic = False
        data = data.with_options(options)
    with pytest.warns(UserWarning, match=rf"whatever order they are ready \({setting}.*False"):
        Checkpoint(tmp_path, iterator=iter(data.batch(2))).restore()


def test_a_shuffle_without_a_seed_is_told_where_none_was_set(tmp_path):
    tf.random.set_seed(None)
    iterator = iter(numbers(seed=None).repeat().batch(2))
    with pytest.warns(UserWarning, match="shuffles without a seed"):
        Checkpoint(tmp_path, iterator=iterator).restore()


def test_the_seeds_of_shuffles_are_read_from_the_dataset():
    tf.random.set_seed(7)
    assert shuffles(numbers(5).batch(2).shuffle(3, seed=6).prefetch(1)) == [[7, 6], [7, 5]]


def test_other_seeds_than_in_the_checkpoint_are_told(tmp_path):
    tf.random.set_seed(7)
    Checkpoint(tmp_path, iterator=iter(numbers().repeat().batch(2))).save()
    tf.random.set_seed(8)
    with pytest.warns(UserWarning, match=r"other seeds \(\[\[8, 5\]\]\) than .* \(\[\[7, 5\]\]\)"):
        Checkpoint(tmp_path, iterator=iter(numbers().repeat().batch(2))).restore()


def test_batches_of_another_size_are_refused(tmp_path):
    def batches(size):
        return iter(tf.data.Dataset.range(COUNT).batch(size, drop_remainder=True))

    number = tf.Variable(1)
    Checkpoint(tmp_path, iterator=batches(4), v=number).save()
    number.assign(2)
    with pytest.raises(TrainingError, match=r"a batch was .*4.*, now .*8"):
        Checkpoint(tmp_path, iterator=batches(8), v=number).restore()
    assert int(number) == 2


def test_a_dataset_of_other_steps_is_refused_and_nothing_is_changed(tmp_path):
    number = tf.Variable(1)
    iterator = iter(numbers().batch(4))
    next(iterator)
    Checkpoint(tmp_path, iterator=iterator, v=number).save()
    number.assign(2)
    other = iter(tf.data.Dataset.range(COUNT).batch(4))
    with pytest.raises(TrainingError, match=r"doesn't fit this dataset.*Build it as it was"):
        Checkpoint(tmp_path, iterator=other, v=number).restore()
    assert int(number) == 2


def test_a_dataset_in_place_of_its_iterator_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is a dataset.*iter\(dataset.repeat\(\)\)"):
        Checkpoint(tmp_path, iterator=numbers())


def test_a_generator_of_python_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is a generator, whose place can't be saved"):
        Checkpoint(tmp_path, iterator=(i for i in range(3)))


def test_steps_between_shuffle_and_repeat_are_told_with_the_mend(tmp_path):
    wrong = numbers().batch(2).prefetch(2).repeat()
    with pytest.warns(UserWarning, match=r"between shuffle and repeat: write `shuffle\(...\).rep"):
        Checkpoint(tmp_path, iterator=iter(wrong)).restore()


def test_a_second_shuffle_is_told_with_the_mend(tmp_path):
    with pytest.warns(UserWarning, match="the first one reshuffle_each_iteration=False"):
        Checkpoint(tmp_path, iterator=iter(numbers().shuffle(3, seed=1))).restore()


def test_the_mended_orders_are_not_warned_of(tmp_path):
    first = tf.data.Dataset.range(9).shuffle(9, seed=1, reshuffle_each_iteration=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Checkpoint(tmp_path, iterator=iter(numbers().repeat().batch(2).prefetch(1))).restore()
        Checkpoint(tmp_path, iterator=iter(first.map(lambda i: i).shuffle(3, seed=2))).restore()
