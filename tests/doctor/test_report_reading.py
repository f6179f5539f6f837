"""Any shape in which an error is pasted gives the same report."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfviz.doctor.cleaning import MOST_LINES, clean, clean_stream
from tfviz.doctor.reading import read_text

PLAIN = """\
Traceback (most recent call last):
  File "/home/me/show.py", line 12, in <module>
    plt.imshow(batch)
  File "/usr/lib/python3.11/site-packages/matplotlib/image.py", line 719, in set_data
    raise TypeError(f"Invalid shape {A.shape} for image data")
TypeError: Invalid shape (1, 64, 64, 3) for image data
"""

IPYTHON = """\
---------------------------------------------------------------------------
TypeError                                 Traceback (most recent call last)
Cell In[5], line 2
      1 batch = model(x)
----> 2 plt.imshow(batch)

File /opt/conda/lib/python3.11/site-packages/matplotlib/image.py:719, in _ImageBase.set_data(self, A)
    717     if A.ndim == 3:
--> 719         raise TypeError(f"Invalid shape {A.shape} for image data")

TypeError: Invalid shape (1, 64, 64, 3) for image data
"""

OLD_IPYTHON = """\
TypeError                                 Traceback (most recent call last)
<ipython-input-5-7de1a703fa6f> in <module>
      1 batch = model(x)
----> 2 plt.imshow(batch)

~/venv/lib/python3.7/site-packages/matplotlib/image.py in set_data(self, A)
    650             raise TypeError("Invalid dimensions for image data")
TypeError: Invalid shape (1, 64, 64, 3) for image data
"""

PYTEST = """\
    def test_show():
>       plt.imshow(batch)

show_test.py:12:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
E       TypeError: Invalid shape (1, 64, 64, 3) for image data

.venv/lib/python3.11/site-packages/matplotlib/image.py:719: TypeError
"""


def last(text):
    return read_text(text).errors[-1]


@pytest.mark.parametrize("text", [PLAIN, IPYTHON, OLD_IPYTHON, PYTEST])
def test_type_and_message_are_found_in_each_form(text):
    block = last(text)
    assert (block.type, block.message) == (
        "TypeError",
        "Invalid shape (1, 64, 64, 3) for image data",
    )


@pytest.mark.parametrize("text", [PLAIN, IPYTHON, OLD_IPYTHON])
def test_frames_tell_own_code_from_installed_code(text):
    block = last(text)
    assert len(block.frames) == 2
    assert block.own_frame.code == "plt.imshow(batch)"
    assert block.frames[-1].installed


def changed(kind):
    if kind == "crlf":
        return PLAIN.replace("\n", "\r\n")
    if kind == "quoted":
        return "".join(f"> {line}\n" for line in PLAIN.splitlines())
    if kind == "quoted twice":
        return "".join(f"> > {line}\n" for line in PLAIN.splitlines())
    if kind == "ansi":
        return PLAIN.replace("TypeError", "\x1b[0;31mTypeError\x1b[0m")
    if kind == "half ansi":
        return PLAIN.replace("TypeError:", "[0;31mTypeError[0m:")
    if kind == "ci clock":
        return "".join(f"2026-01-02T03:04:05.1234567Z {line}\n" for line in PLAIN.splitlines())
    if kind == "rank":
        return "".join(f"[rank0]: {line}\n" for line in PLAIN.splitlines())
    if kind == "docker":
        return "".join(f"trainer-1  | {line}\n" for line in PLAIN.splitlines())
    if kind == "utf-16":
        return PLAIN.encode("utf-16")
    if kind == "bom":
        return b"\xef\xbb\xbf" + PLAIN.encode()
    if kind == "json":
        return json.dumps(
            {"name": "TypeError", "message": PLAIN[-52:-1].split(": ", 1)[1], "stack": PLAIN}
        )
    if kind == "notebook":
        return json.dumps(
            {
                "cells": [
                    {
                        "outputs": [
                            {
                                "output_type": "error",
                                "ename": "TypeError",
                                "evalue": "Invalid shape (1, 64, 64, 3) for image data",
                                "traceback": PLAIN.splitlines(),
                            }
                        ]
                    }
                ]
            }
        )
    if kind == "escaped":
        return '{"severity": "ERROR", "payload": ' + json.dumps(PLAIN) + ", broken"
    if kind == "bar glued":
        return "12/40 [=====>......] - loss: 0.3\r13/40 [=====>......] - loss: 0.2\n" + PLAIN
    if kind == "junk":
        return b"\x00\x01\xff\xfe\x02" + PLAIN.encode() + b"\x00\xff"
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    ["crlf", "quoted", "quoted twice", "ansi", "half ansi", "ci clock", "rank", "docker",
     "utf-16", "bom", "json", "notebook", "escaped", "bar glued", "junk"],
)  # fmt: skip
def test_wrapping_changes_nothing(kind):
    block = last(changed(kind))
    assert block.name == "TypeError"
    assert block.message.startswith("Invalid shape (1, 64, 64, 3) for image data")
    assert [frame.code for frame in block.frames][:1] == ["plt.imshow(batch)"]


def test_line_numbers_are_those_of_the_original():
    text = "\n\nsome words\n" + PLAIN
    block = last(text)
    assert text.splitlines()[block.line - 1].startswith("TypeError")
    assert text.splitlines()[block.own_frame.at - 1].strip() == "plt.imshow(batch)"


def test_chains_say_how_one_error_followed_another():
    text = (
        PLAIN
        + "\nDuring handling of the above exception, another exception occurred:\n\n"
        + PLAIN.replace("TypeError: Invalid", "ValueError: Second")
        + "\nThe above exception was the direct cause of the following exception:\n\n"
        + PLAIN.replace("TypeError: Invalid", "RuntimeError: Third")
    )
    assert [(b.name, b.link) for b in read_text(text).errors] == [
        ("TypeError", ""),
        ("ValueError", "context"),
        ("RuntimeError", "cause"),
    ]


def test_message_of_keras_goes_on_after_blank_lines():
    text = """\
ValueError: Exception encountered when calling Sequential.call().

[1mInput 0 of layer "dense" is incompatible with the layer: expected axis -1 of input shape to have
value 4, but received input with shape (2, 5)[0m

Arguments received by Sequential.call():
  • inputs=tf.Tensor(shape=(2, 5), dtype=float32)

I have tried everything, please help.
"""
    message = last(text).message
    assert "to have value 4, but received input with shape (2, 5)" in message
    assert "inputs=tf.Tensor" in message
    assert "please help" not in message


def test_in_user_code_gives_the_error_inside():
    text = """\
ValueError: in user code:

    File "/usr/lib/python3.10/site-packages/keras/engine/training.py", line 1249, in train_function  *
        return step_function(self, iterator)
    File "/home/me/model.py", line 7, in call
        return self.dense(x)

    ValueError: Input 0 of layer "lstm" is incompatible with the layer: expected ndim=3, found ndim=2.
"""
    block = last(text)
    assert block.message.startswith('Input 0 of layer "lstm"')
    assert block.own_frame.function == "call"


def test_graph_execution_error_holds_the_cause_below():
    text = """\
tensorflow.python.framework.errors_impl.InvalidArgumentError: Graph execution error:

Detected at node 'gradient_tape/loss/Sum' defined at (most recent call last):
    File "train.py", line 3, in <module>
      model.fit(x, y)
Node: 'gradient_tape/loss/Sum'
Received a label value of 5 which is outside the valid range of [0, 3).  Label values: 5
\t [[{{node loss/Sum}}]] [Op:__inference_train_function_987]
"""
    assert "label value of 5 which is outside the valid range" in last(text).message


def test_cut_traceback_says_that_its_end_is_missing():
    report = read_text("\n".join(PLAIN.splitlines()[:4]))
    assert report.errors == ()
    assert "its last line, with the error itself, is missing" in report.cut


def test_text_that_begins_inside_a_traceback_keeps_its_frames():
    block = last("\n".join(PLAIN.splitlines()[3:]))
    assert block.frames[0].function == "set_data"
    assert block.name == "TypeError"


def test_code_that_raises_is_no_error():
    assert read_text('    raise ValueError("no")\n    except KeyError: pass\n').errors == ()


def test_noise_is_counted_and_dropped():
    line = "E0000 00:00:17.1 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register"
    report = read_text(f"{line}\n{line}\n{PLAIN}")
    assert report.noise == {"CUDA plugin registration": 2}
    assert all("factory" not in each.text for each in report.lines)


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_can_be_read(data):
    read_text(data)


@given(st.text(max_size=600))
@settings(max_examples=150, deadline=None)
def test_any_words_around_leave_the_error_as_it_is(words):
    quiet = "\n".join("" if ":" in w or '"' in w else w for w in words.splitlines())
    blocks = read_text(f"{quiet}\n\n{PLAIN}").errors
    assert (blocks[-1].name, blocks[-1].message) == (
        "TypeError",
        "Invalid shape (1, 64, 64, 3) for image data",
    )


def long_log(lines):
    yield b"start\n"
    for i in range(lines):
        yield f"step {i} of {lines}: loss 0.{i:06d} accuracy 0.{i * 7:07d} word{i % 977}\n".encode()
    yield PLAIN.encode()


def test_memory_does_not_grow_with_the_log():
    class Stream(io.RawIOBase):
        def __init__(self, count):
            self.parts = long_log(count)

        def readline(self, size=-1):
            return next(self.parts, b"")

    peaks = []
    for count in (60_000, 180_000):
        tracemalloc.start()
        lines = clean_stream(Stream(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(lines) <= MOST_LINES
    assert peaks[1] < 1.1 * peaks[0]


def test_progress_bars_are_not_kept_twice():
    bar = "".join(f"\r{i}/40 [====>...] - loss: 0.{i}" for i in range(40))
    lines = clean(f"{bar}\nValueError: x\n")
    assert lines[-1].text == "ValueError: x"
    assert lines[-1].number == 2
