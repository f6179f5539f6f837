"""What the doctor answers, on real reports and however they are pasted."""

from __future__ import annotations

import io
import json
import random

import pytest
import score
from test_report_reading import PLAIN

import tfviz
from tfviz.catalogue import matching
from tfviz.catalogue.diagnosis import diagnosis, identifiers
from tfviz.doctor.echo import Echo
from tfviz.doctor.explain import explain_error, explain_stream


@pytest.fixture(scope="module")
def reports(shared):
    return score.load(shared / "errors" / "dev.jsonl")


def test_real_reports_are_explained_rightly(reports):
    figures = score.score(reports)
    assert figures["right"] >= 0.95
    assert figures["confident and wrong"] <= 0.02
    assert figures["out of scope, quiet"] == 1.0


def ansi(text):
    return "".join(f"\x1b[31m{line}\x1b[0m\n" for line in text.splitlines())


def quoted(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


def windows(text):
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("wrap", [ansi, quoted, windows])
def test_the_answer_is_the_same_however_it_is_wrapped(reports, wrap):
    changed = []
    for row in reports:
        before = [each.id for each in explain_error(row["text"]).findings[:1]]
        after = [each.id for each in explain_error(wrap(row["text"])).findings[:1]]
        if before != after:
            changed.append((row["id"], before, after))
    assert changed == []


def test_the_answer_is_the_same_for_the_last_4000_characters(reports):
    changed = []
    for row in reports:
        # A long log in front, so that there is something to cut away.
        text = "epoch 1 step 2 loss 0.25\n" * 200 + row["text"]
        if len(row["text"]) > 4000:
            continue
        before = [each.id for each in explain_error(row["text"]).findings[:1]]
        after = [each.id for each in explain_error(text[-4000:]).findings[:1]]
        if before != after:
            changed.append((row["id"], before, after))
    assert changed == []


def test_evidence_is_quoted_from_the_users_own_text(reports):
    for row in reports:
        lines = row["text"].splitlines()
        for finding in explain_error(row["text"]).findings:
            assert 1 <= len(finding.evidence) <= 3
            for number, text in finding.evidence:
                assert text in tfviz_clean(lines[number - 1])


def tfviz_clean(line):
    from tfviz.doctor.cleaning import clean

    return " ".join(each.text for each in clean(line))


def test_nothing_is_claimed_about_prose_and_foreign_errors():
    for text in (
        "",
        "Dear all,\nthe meeting is on Tuesday. Best, Ann\n",
        "KeyError: 'name'\n",
        "ValueError: invalid literal for int() with base 10: 'x'\n",
        "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1\n",
        "java.lang.NullPointerException: null\n\tat Main.main(Main.java:5)\n",
        "django.core.exceptions.ImproperlyConfigured: SECRET_KEY must not be empty.\n",
        "error[E0308]: mismatched types\n --> src/main.rs:2:18\n",
        "psycopg2.OperationalError: could not connect to server\n",
        "AttributeError: 'str' object has no attribute 'foo'\n",
        "IndexError: list index out of range\n",
        "TypeError: 'NoneType' object is not callable\n",
    ):
        answer = explain_error(text)
        assert answer.findings == (), (text, answer.findings)


def test_an_exception_is_explained_with_its_traceback():
    import matplotlib.pyplot as plt
    import numpy as np

    try:
        plt.imshow(np.zeros((1, 64, 64, 3)))
    except TypeError as error:
        answer = tfviz.explain_error(error)
    finding = answer.findings[0]
    assert finding.id == "viz.imshow_shape.batch_dim"
    assert any("plt.imshow(np.zeros((1, 64, 64, 3)))" in text for _, text in finding.evidence)
    assert answer.exit_code == 1


def test_shapes_stand_below_each_other_with_a_caret_under_the_culprit():
    lines = str(explain_error(PLAIN)).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  is "))
    assert lines[at] == "  is      (1, 64, 64, 3)"
    assert lines[at + 1] == "           ^"
    assert lines[at + 2].startswith("  needed  (height, width)")


def test_json_answer_has_the_promised_form():
    data = explain_error(PLAIN).to_dict()
    assert data["schema"] == 1
    assert data["recognised"] is True
    finding = data["findings"][0]
    assert set(finding) >= {"id", "title", "cause", "evidence", "confidence", "fix", "links"}
    assert set(finding["fix"]) == {"text", "code", "commands"}
    assert finding["evidence"][0] == {"line": 3, "text": "plt.imshow(batch)"}
    assert json.loads(json.dumps(data)) == data


def test_cut_text_is_asked_for_the_rest():
    answer = explain_error("\n".join(PLAIN.splitlines()[:4]))
    assert answer.exit_code == 3
    assert "Paste the rest" in str(answer)


def test_unknown_error_is_said_to_be_unknown():
    answer = explain_error(
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n'
        "    x\nmylib.BoomError: kaboom\n"
    )
    assert answer.exit_code == 3
    assert str(answer).startswith("Not recognised: mylib.BoomError: kaboom (line 4)")


def test_a_rule_that_crashes_is_left_out_and_named(monkeypatch):
    rows = [*matching.rules(), {"id": "bad.rule", "beats": [], "match": [{"words": None}]}]
    rows[-1]["match"][0] = {"words": [], "message": "(unclosed"}
    monkeypatch.setattr(matching, "rules", lambda: tuple(rows))
    answer = explain_error(PLAIN)
    assert answer.broken == ("bad.rule",)
    assert answer.findings[0].id == "viz.imshow_shape.batch_dim"


def test_several_errors_in_one_log_give_the_first_cause_first():
    other = PLAIN.replace(
        "TypeError: Invalid shape (1, 64, 64, 3) for image data",
        "ValueError: need at least one array to concatenate",
    )
    found = [each.id for each in explain_error(f"{other}\nsome words\n\n{PLAIN}").findings]
    assert found[0].startswith("data.empty_list")
    assert "viz.imshow_shape.batch_dim" in found


def test_ten_thousand_lines_of_log_around_change_nothing():
    shuffled = random.Random(0)
    log = "".join(
        f"step {i} loss {shuffled.random():.5f} lr {shuffled.random():.6f}\n" for i in range(30_000)
    )
    answer = explain_stream(io.BytesIO((log + PLAIN + log[:2000]).encode()), "log")
    assert answer.findings[0].id == "viz.imshow_shape.batch_dim"
    assert answer.findings[0].evidence[-1][0] == 30_006


def test_echo_shows_every_byte_and_reads_every_line():
    data = b"1/3 [=>]\r2/3 [==>]\r3/3\nhello\nno end"
    screen = io.BytesIO()
    echo = Echo(io.BytesIO(data), screen)
    assert [echo.readline(), echo.readline(), echo.readline(), echo.readline()] == [
        b"1/3 [=>]\r2/3 [==>]\r3/3\n",
        b"hello\n",
        b"no end",
        b"",
    ]
    assert screen.getvalue() == data


@pytest.mark.parametrize("identifier", identifiers())
def test_every_diagnosis_can_be_shown(identifier):
    from tfviz.doctor.showing import show

    text = show(identifier)
    assert f"[{identifier}]" in text
    assert diagnosis(identifier).fix.text.split()[0] in text
