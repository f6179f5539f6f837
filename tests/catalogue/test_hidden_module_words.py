"""A file of the user's that hides a module, by the words of the error alone."""

from __future__ import annotations

import pytest

from tfviz.doctor.explain import explain_error

HEAD = 'Traceback (most recent call last):\n  File "/home/ann/net/train.py", line 3, in <module>\n'
OWN, THEIRS = "python.local_file_shadows", "env.local_file_shadows"


def found(said: str, code: str = "    go()\n") -> list[str]:
    return [each.id for each in explain_error(f"{HEAD}{code}{said}").findings]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("AttributeError: module 'random' has no attribute 'shuffle'", OWN),
        ("AttributeError: module 'json' has no attribute 'loads'", OWN),
        ("ImportError: cannot import name 'shuffle' from 'random' (/home/ann/net/random.py)", OWN),
        (r"ImportError: cannot import name 'dumps' from 'json' (C:\Users\ann\json.py)", OWN),
        ("ModuleNotFoundError: No module named 'email.mime'; 'email' is not a package", OWN),
        ("AttributeError: module 'keras' has no attribute '__version__'", THEIRS),
    ],
)
def test_words_that_only_a_hidden_module_has_are_recognised(said: str, wanted: str) -> None:
    assert found(said)[0] == wanted


@pytest.mark.parametrize(
    "said",
    [
        "AttributeError: module 'random' has no attribute 'shufle'",
        "ImportError: cannot import name 'Mapping' from 'collections' "
        "(/usr/lib/python3.11/collections/__init__.py)",
        "ImportError: cannot import name 'abc' from 'types' "
        r"(C:\Program Files\Python313\Lib\types.py)",
        "ImportError: cannot import name 'gcd' from 'fractions' (/opt/x/lib/python3.12/random.py)",
        "AttributeError: module 'keras' has no attribute 'preprocesing'",
    ],
)
def test_a_name_that_the_true_module_lacks_is_not_called_hidden(said: str) -> None:
    assert not {OWN, THEIRS} & set(found(said))


def test_a_library_that_finds_no_room_is_want_of_memory() -> None:
    said = "ImportError: libtensorflow_cc.so.2: failed to map segment from shared object"
    assert found(said)[0] == "memory.bad_alloc"


def test_a_library_on_a_disk_that_forbids_programs_is_not_want_of_memory() -> None:
    said = (
        "ImportError: /scratch/cv2.abi3.so: failed to map segment from shared object: "
        "Operation not permitted"
    )
    assert "memory.bad_alloc" not in found(said)


def test_an_expression_that_is_nested_too_deep_is_no_endless_call() -> None:
    said = "RecursionError: maximum recursion depth exceeded during compilation"
    assert "python.recursion" not in found(said)
