"""A round of checks: side by side, in order, never failing, never hanging."""

from __future__ import annotations

import threading
import time

import pytest
from machines import healthy, program

from tfviz.doctor.env.check import Check, examine
from tfviz.doctor.env.checks.registry import CHECKS, chosen
from tfviz.doctor.env.checkup import Checkup, checkup
from tfviz.doctor.env.result import Result, State, warning, wrong
from tfviz.errors import InputError


@pytest.fixture
def machine(tmp_path):
    return healthy(tmp_path)[0]


def check(name, look, seconds=5.0):
    return Check(name, name.title(), "", look, seconds)


def test_results_come_in_the_order_of_the_checks(machine):
    def slow(machine):
        time.sleep(0.2)
        return Result("slow")

    names = [
        each.check
        for each in examine([check("a", slow), check("b", lambda _: Result("quick"))], machine)
    ]
    assert names == ["a", "b"]


def test_checks_run_side_by_side(machine):
    # Each waits for the other: one after the other they would never end.
    meeting = threading.Barrier(2, timeout=5)

    def meets(machine):
        meeting.wait()
        return Result("met")

    results = list(examine([check("a", meets), check("b", meets)], machine))
    assert [each.summary for each in results] == ["met", "met"]


def test_a_result_is_told_before_those_after_it_are_there(machine):
    released = threading.Event()

    def waits(machine):
        released.wait(5)
        return Result("late")

    coming = examine([check("a", lambda _: Result("early")), check("b", waits)], machine)
    assert next(coming).summary == "early"
    released.set()
    assert next(coming).summary == "late"


def test_a_check_that_fails_could_not_find_out(machine):
    def fails(machine):
        raise RuntimeError("/home/ana/secret")

    (result,) = examine([check("a", fails)], machine)
    assert result.state is State.UNKNOWN
    assert result.summary == "could not find out: RuntimeError in the check itself"
    assert "secret" not in str(result.to_dict())


def test_a_check_that_hangs_could_not_find_out(machine):
    forever = threading.Event()

    def waits(machine):
        forever.wait(30)
        return Result("")

    began = time.monotonic()
    (result,) = examine([check("a", waits, seconds=0.2)], machine)
    assert time.monotonic() - began < 2
    assert result.summary == "could not find out: no answer within 0.2 s"
    forever.set()


def test_children_end_with_the_round(machine):
    program(machine, "forever", "echo $$ > pid; exec /bin/sleep 60")
    ran = []

    def starts(machine):
        ran.append(machine.run(["forever"], 30))
        return Result("")

    list(examine([check("a", starts, seconds=0.5)], machine))
    for _ in range(50):
        if ran:
            break
        time.sleep(0.1)
    assert ran[0].code == -9
    # And none is started afterwards.
    assert machine.run(["forever"], 30).trouble == "stopped"


def test_a_child_that_does_not_exist_or_may_not_run_is_an_answer(machine):
    assert machine.run(["no-such-program"], 1).trouble == "missing"
    path = program(machine, "locked", "exit 0")
    path.write_bytes(b"\x00\x01 no program")
    assert machine.run([str(path)], 1).code is None
    assert machine.run(["a\0b"], 1).trouble


def test_a_childs_answer_has_code_and_words(machine):
    program(machine, "says", "echo out; echo err >&2; exit 7")
    ran = machine.run(["says"], 5)
    assert (ran.code, ran.out, ran.err) == (7, "out\n", "err\n")


def test_the_worst_problem_is_the_state():
    assert Result("").state is State.FINE
    assert Result("", known=False).state is State.UNKNOWN
    assert Result("", (warning(""),), known=False).state is State.WARNING
    assert Result("", (warning(""), wrong(""))).state is State.WRONG


@pytest.mark.parametrize(
    ("states", "code", "counted", "begins"),
    [
        ("f", 0, "1 check: 1 fine.", "Nothing stands in the way."),
        ("fw", 0, "2 checks: 1 fine, 1 to look at.", "Programs will run"),
        ("fu", 0, "2 checks: 1 fine, 1 not found out.", "Nothing wrong was found"),
        ("wfx", 1, "3 checks: 1 fine, 1 to look at, 1 wrong.", "Begin with X;"),
        ("xx", 1, "2 checks: 0 fine, 2 wrong.", "Begin with X, then"),
    ],
)
def test_the_count_the_sentence_and_the_exit_code(states, code, counted, begins):
    made = {
        "f": Result(""),
        "u": Result("", known=False),
        "w": Result("", (warning(""),)),
        "x": Result("", (wrong(""),), title="X"),
    }
    found = Checkup(tuple(made[each] for each in states))
    assert found.exit_code == code
    assert found.counted == counted
    assert found.closing.startswith(begins)


def test_the_json_has_a_schema_number_counts_and_plain_texts(machine):
    data = checkup(chosen(), machine).to_dict()
    assert data["schema"] == 1
    assert data["exit_code"] == 0
    assert data["counts"] == {"fine": 16, "unknown": 0, "warning": 0, "wrong": 0}
    by_name = {each["check"]: each for each in data["checks"]}
    assert by_name["packages"]["details"]["tensorflow"] == "2.21.0"
    assert by_name["python"]["details"]["interpreter"] == str(machine.executable)
    assert "\x01" not in str(data)


def test_checks_are_chosen_by_name_in_our_order():
    assert [each.name for each in chosen(["gpu", "python"])] == ["python", "gpu"]
    assert "start" not in [each.name for each in chosen()]
    assert chosen(deep=True) == CHECKS
    assert [each.name for each in chosen(["start"])] == ["start"]
    with pytest.raises(InputError, match="Did you mean 'opencv'"):
        chosen(["opencvv"])


def test_names_are_unique_and_every_check_says_what_it_looks_at():
    assert len({each.name for each in CHECKS}) == len(CHECKS)
    assert all(each.about for each in CHECKS)


def test_every_diagnosis_that_a_check_names_is_in_the_catalogue():
    import re
    from pathlib import Path

    import tfviz.doctor.env.checks as package
    from tfviz.catalogue.diagnosis import FAMILIES, identifiers

    named = set()
    for file in Path(package.__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        named |= set(re.findall(rf'"((?:{"|".join(FAMILIES)})\.[a-z]\w*(?:\.\w+)*)"', text))
    assert len(named) > 40
    files = {"keras.json", "tf.keras", "memory.stat", "memory.max", "memory.current"}
    files |= {"memory.limit_in_bytes", "memory.usage_in_bytes"}
    assert named - set(identifiers()) - files == set()
