"""The examination of an exception: the scene as it is printed, the diagnosis, its bounds."""

from __future__ import annotations

import gc
import importlib.util
import json
import subprocess
import sys
import time
import weakref

import numpy as np
import pytest
from failing import failing

from tfviz.doctor.explain import explain_error
from tfviz.doctor.live import examine as examining
from tfviz.doctor.live.examine import Examination, examine
from tfviz.doctor.live.scene import Scene, scene_of
from tfviz.doctor.live.telling import text_of

has_tensorflow = importlib.util.find_spec("tensorflow") is not None


def scene(code: str, folder) -> Scene:
    found = scene_of(failing(code, folder))
    assert found is not None
    return found


def told(code: str, folder) -> dict[str, str]:
    return {each.name: str(each.description) for each in scene(code, folder).values}


JOIN = """
import numpy as np
def make_batch(a, b):
    y = np.concatenate([a, b], axis=0)
    return y
make_batch(np.full((3, 10), 2.0), np.array([[np.nan, 1.0], [0.5, 0.0]]))
"""


def test_the_scene_is_printed_as_place_code_and_aligned_values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(scene(JOIN, tmp_path)) == (
        "script.py, line 3, in make_batch\n"
        "    y = np.concatenate([a, b], axis=0)\n"
        "        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  a  ndarray (3, 10) float64, all 2.0\n"
        "  b  ndarray (2, 2) float64, 1 NaN of 4, 0.0 to 1.0"
    )


def test_the_examination_is_the_scene_and_the_diagnosis(tmp_path):
    error = failing(JOIN, tmp_path)
    examination = examine(error)
    text = str(examination)
    assert text.startswith(f"{tmp_path / 'script.py'}, line 3, in make_batch\n")
    assert examination.answer.findings[0].id == explain_error(error).findings[0].id
    assert f"[{examination.answer.findings[0].id}, " in text


def test_the_examination_as_json_holds_answer_and_scene(tmp_path):
    data = json.loads(json.dumps(examine(failing(JOIN, tmp_path)).to_dict()))
    assert data["recognised"] is True
    assert data["scene"]["line"] == 3
    assert data["scene"]["values"][1]["name"] == "b"
    assert data["scene"]["values"][1]["nan"] == 1


def test_an_unknown_error_has_a_scene_and_no_guess(tmp_path):
    code = "class Odd(Exception):\n    pass\nweight = 3\nraise Odd(f'{weight} is odd')\n"
    text = str(examine(failing(code, tmp_path)))
    assert "  weight  int 3\n" in text
    assert text.endswith("No diagnosis in the catalogue fits this error, and none is guessed.")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("self.data['x'] + 1 / 0", ["self.data", "self.data['x']"]),
        ("pair[0] / (n - n)", ["n", "pair", "pair[0]"]),
        ("pair[-1] / 0", ["pair", "pair[-1]"]),
        ("images[n] / 0", ["images", "images[n]", "n"]),
        ("array[2:n] * 0 + 1 / 0", ["array", "n"]),
        ("np.reshape(array, (n, 5))", ["array", "n"]),
        ("array.reshape(n, 5)", ["array", "n"]),
        ("array.shape[7]", ["array"]),
        ("f'{n}' + array.nothing", ["array", "n"]),
        ("missing + n", ["n"]),
        ("[len(each) + n / 0 for each in pair]", ["n", "pair"]),
        ("(lambda n: n)(array) / 0 + undefined", ["array"]),
        ("config.rate / 0", ["config.rate"]),
        ("config.method() / 0", []),
        ("os.sep / n", ["n"]),
    ],
)
def test_the_names_that_stand_on_the_line_are_told(line, values, tmp_path):
    code = f"""
import os
import numpy as np
class Config:
    rate = 0.1
    def method(self):
        return 1
class Net:
    def __init__(self):
        self.data = {{"x": np.ones(3)}}
    def run(self, n, pair, images, array, config):
        return {line}
Net().run(3, (1, [2]), [[1], [2], [3], [4]], np.ones(4), Config())
"""
    found = scene(code, tmp_path)
    if found.function == "Net.run":
        assert sorted(each.name for each in found.values) == sorted(values)
    else:  # up to Python 3.11 a comprehension is a function of its own
        assert found.function == "<listcomp>"


def test_what_failed_comes_first_and_what_is_assigned_not_at_all(tmp_path):
    code = "a, b, c = 1, 0, 2\nd = 7\nd = c + (a / b)\n"
    assert list(told(code, tmp_path)) == ["a", "b", "c"]


def test_what_is_added_to_is_told(tmp_path):
    code = "import numpy as np\ntotal = np.zeros(3)\ntotal += np.ones((2, 2))\n"
    assert told(code, tmp_path) == {"total": "ndarray (3,) float64, [0.0, 0.0, 0.0]"}


def test_of_a_loop_only_the_head_counts(tmp_path):
    code = "batches, other = 5, 7\nfor batch in batches:\n    print(other)\n"
    assert told(code, tmp_path) == {"batches": "int 5"}


def test_a_statement_of_several_lines_is_shown_where_it_failed(tmp_path):
    code = """
import numpy as np
a, b = np.ones((2, 3)), np.ones((2, 4))
c = max(
    1,
    np.concatenate(
        [a, b],
        axis=0,
    ),
)
"""
    found = scene(code, tmp_path)
    assert found.line == 5
    assert found.code == ("np.concatenate(", "    [a, b],", "    axis=0,", "),")
    assert [each.name for each in found.values] == ["a", "b"]


def test_a_long_statement_is_cut(tmp_path):
    rows = "\n".join(f"    {i}," for i in range(40))
    found = scene(f"print(\n{rows}\n    nothing=1,\n)\n", tmp_path)
    assert found.code[0] == "print("
    assert found.code[-1] == "..."
    assert len(found.code) == 7


def test_a_long_line_is_cut_around_what_failed(tmp_path):
    line = f"values = [{', '.join('1' for _ in range(60))}, 1 / 0, {', '.join('2' for _ in range(60))}]"
    code, carets = scene(line, tmp_path).code
    assert max(len(code), len(carets)) <= 84
    assert code[carets.index("^") : carets.rindex("^") + 1] == "1 / 0"


def test_carets_stand_right_below_letters_of_more_bytes(tmp_path):
    code, carets = scene("größe = 0\nüber = 'äöü' + str(1 / größe)\n", tmp_path).code
    assert code[carets.index("^") : carets.rindex("^") + 1] == "1 / größe"


def test_a_syntax_error_has_its_line_and_carets(tmp_path):
    found = scene("x = 3\nprint 'a', x\n", tmp_path)
    assert (found.line, found.code[0]) == (2, "print 'a', x")
    assert found.values == ()


def test_at_most_twelve_values_are_told_and_arrays_first(tmp_path):
    names = [f"n{i}" for i in range(20)]
    code = "import numpy as np\n"
    code += "".join(f"{name} = {i}\n" for i, name in enumerate(names))
    code += "array = np.ones(2)\n"
    code += f"print({' + '.join(names)} + array / None)\n"
    found = told(code, tmp_path)
    assert len(found) == 12
    assert "array" in found


def test_no_line_is_wider_than_88_columns(tmp_path):
    code = "data = {f'a long key number {i}': i for i in range(20)}\ndata['absent']\n"
    assert max(map(len, str(scene(code, tmp_path)).splitlines()[1:])) <= 88


def test_secrets_are_not_shown(tmp_path):
    code = (
        "api_key, token, password = 'abc def', 'word', b'hunter2'\n"
        "login = {'user': 'ann', 'password': 'hunter2'}\n"
        "print(api_key + password + token + login)\n"
    )
    assert told(code, tmp_path) == {
        "api_key": "str, 7 characters, not shown here",
        "password": "bytes, 7 characters, not shown here",
        "token": "str 'word'",
        "login": "dict of 2: 'user': 'ann', 'password': not shown here",
    }


def test_secrets_in_collections_and_addresses_are_not_shown(tmp_path):
    code = (
        "passwords, secrets, pwd = ['hunter2'], {'db': 'hunter2'}, 'hunter2'\n"
        "url = 'https://ann:hunter2@example.com/data.zip'\n"
        "sent = {'Authorization': 'Bearer hunter2hunter2'}\n"
        "keys = ['a', 'hf_hunter2hunter2hunter2']\n"
        "print(passwords + secrets + pwd + url + sent + keys)\n"
    )
    values = told(code, tmp_path)
    assert "hunter2" not in str(values)
    assert values["passwords"] == "list, not shown here"
    assert values["url"] == "str 'https://...@example.com/data.zip'"
    assert values["keys"] == "list of 2: 'a', 'hf_h...'"


def test_code_that_is_only_a_string_is_read_by_its_tokens(tmp_path):
    path = tmp_path / "broken_later.py"
    path.write_text("x = 3\ny = x / 0\n")
    code = compile(path.read_text(), str(path), "exec")
    path.write_text("x = 3\ny = x / 0\ndef broken(:\n")
    try:
        exec(code, {})
    except ZeroDivisionError as error:
        found = scene_of(error)
    assert found is not None
    assert [each.name for each in found.values] == ["x"]


def test_examining_keeps_none_of_the_programs_objects_alive():
    class Big:
        pass

    def fail(big: Big) -> None:
        raise ValueError(f"{big is None}")

    big = Big()
    seen = weakref.ref(big)
    try:
        fail(big)
    except ValueError as error:
        examination = examine(error)
    del big
    gc.collect()
    assert seen() is None
    assert isinstance(examination, Examination)


@pytest.mark.parametrize("part", ["frames_of", "read_text", "text_of", "explain_report"])
def test_a_slip_of_the_doctor_never_becomes_an_error(part, tmp_path, monkeypatch):
    def slip(*_: object) -> None:
        raise RuntimeError("a slip")

    error = failing(JOIN, tmp_path)
    monkeypatch.setattr(examining, part, slip)
    examination = examine(error)
    assert isinstance(str(examination), str)
    assert json.dumps(examination.to_dict())


def test_an_error_that_was_never_raised_is_examined():
    examination = examine(ValueError("need at least one array to concatenate"))
    assert examination.scene is None
    assert examination.answer.recognised


def test_the_text_of_an_error_has_all_its_links():
    try:
        try:
            {}["a"]
        except KeyError as error:
            raise ValueError("no a") from error
    except ValueError as error:
        text = text_of(error)
    lines = text.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Traceback (most recent call last):",
        "KeyError: 'a'",
        "The above exception was the direct cause of the following exception:",
        "Traceback (most recent call last):",
        "ValueError: no a",
    ]


def test_the_diagnosis_is_that_of_the_whole_text(tmp_path):
    codes = (
        "import numpy as np\nnp.ones(3).reshape(2, 2)\n",
        "import numpy as np\nnp.ones(3)[7]\n",
        "x = None\nx.shape\n",
        "import nothing_of_this_name\n",
        "open('nowhere.txt')\n",
        "{'a': 1}['b']\n",
        "try:\n    {}['a']\nexcept KeyError:\n    [][3]\n",
        "raise ExceptionGroup('both', [ValueError('need at least one array to concatenate')])\n",
    )
    for code in codes:
        error = failing(code, tmp_path)
        whole = [each.id for each in explain_error(error).findings]
        assert {each.id for each in examine(error).answer.findings} >= set(whole[:1]), code


def test_three_thousand_frames_and_a_huge_message_are_examined_in_no_time(tmp_path):
    code = """
import sys
sys.setrecursionlimit(4000)
def even(n):
    return odd(n + 1)
def odd(n):
    if n > 3000:
        raise ValueError("x" * 10_000_000)
    return even(n + 1)
even(0)
"""
    limit = sys.getrecursionlimit()
    try:
        error = failing(code, tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert isinstance(error, ValueError)
    examine(ValueError("warm"))
    started = time.perf_counter()
    examination = examine(error)
    seconds = time.perf_counter() - started
    assert examination.scene is not None
    assert examination.scene.line == 7
    assert len(text_of(error)) < 40_000
    assert seconds < 1.0


def test_large_arrays_on_the_line_take_little_time(tmp_path):
    error = failing("import numpy as np\na = np.zeros(10_000_000)\na + a[:-1]\n", tmp_path)
    examine(error)
    started = time.perf_counter()
    examine(error)
    assert time.perf_counter() - started < 0.3


@pytest.mark.skipif(not has_tensorflow, reason="TensorFlow isn't installed")
def test_a_graphs_operation_is_shown_with_the_line_that_ran_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = """
import tensorflow as tf
@tf.function
def pick(rows):
    return tf.gather(tf.ones((3, 2)), rows)
def main():
    wanted = tf.constant([0, 9])
    pick(wanted)
main()
"""
    assert str(scene(code, tmp_path)) == (
        "script.py, line 4, in pick\n"
        "    return tf.gather(tf.ones((3, 2)), rows)\n"
        "run by script.py, line 7, in main\n"
        "    pick(wanted)\n"
        "  wanted  Tensor (2,) int32, [0, 9], on CPU:0"
    )


@pytest.mark.skipif(not has_tensorflow, reason="TensorFlow isn't installed")
def test_a_layer_on_the_line_is_told_with_what_it_was_built_for(tmp_path):
    code = """
import keras, numpy as np
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(4, name="head")
    def call(self, x):
        return self.head(x)
net = Net()
net(np.ones((2, 3)))
net(np.ones((2, 5)))
"""
    assert told(code, tmp_path) == {
        "self.head": "Dense 'head', units 4, input (None, 3)",
        "x": "Tensor (2, 5) float32, all 1.0, on CPU:0",
    }


PLAIN = """
import sys
{first}
from tfviz.doctor.live.examine import examine
from tfviz.doctor.live.scene import scene_of
try:
    x = [1, 'a']
    None + x
except TypeError as error:
    scene = str(scene_of(error))
    before = set(sys.modules)
    text = str(examine(error))
assert scene in text, text
assert "list of 2: 1, 'a'" in text, text
print(sorted({{'numpy', 'tensorflow', 'keras', 'torch', 'IPython', 'pandas'}} & {looked_at}))
"""


def alone(folder, first: str = "", looked_at: str = "set(sys.modules)") -> str:
    path = folder / "light.py"
    path.write_text(PLAIN.format(first=first, looked_at=looked_at))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_scene_of_a_program_without_arrays_imports_not_even_numpy(tmp_path):
    assert alone(tmp_path, looked_at="before") == "[]\n"


def test_examining_imports_no_framework(tmp_path):
    assert alone(tmp_path) in ("[]\n", "['numpy']\n")


def test_a_program_whose_numpy_is_broken_still_gets_its_scene(tmp_path):
    said = alone(tmp_path, first="sys.modules['numpy'] = None")
    assert said == "['numpy']\n"


def test_the_program_is_left_as_found(tmp_path):
    array = np.ones((3, 3))
    array.flags.writeable = False
    with pytest.raises(ValueError, match="3, 3") as caught:
        raise ValueError(f"{array.shape}")
    error = caught.value
    before = (error.args, error.__traceback__, error.__context__, dict(vars(error)))
    examine(error)
    assert (error.args, error.__traceback__, error.__context__, dict(vars(error))) == before
