"""The catalogue as data: whole, in its form, and no entry takes another's text."""

from __future__ import annotations

import re

import pytest
import running

from tfviz.catalogue.conditions import PREDICATES
from tfviz.catalogue.diagnosis import DATA, FAMILIES, diagnosis, fill, identifiers, path_of
from tfviz.catalogue.index import INDEX, build
from tfviz.catalogue.literals import required
from tfviz.doctor.explain import explain_error

ALL = identifiers()
WITH_TEXT = [each for each in ALL if "text" in diagnosis(each).example]
CLAUSE_KEYS = {"types", "message", "log", "all", "none", "frames", "no_frames", "framework",
               "predicate", "confidence"}  # fmt: skip
UNSAFE = re.compile(
    r"strict\s*=\s*False|requires_grad\s*=\s*True|rm -rf|weights_only\s*=\s*False|"
    r"verify\s*=\s*False|_create_unverified_context|filterwarnings\(.ignore"
)


def test_the_index_is_what_the_files_say():
    assert INDEX.read_text(encoding="utf-8") == build(), "run: python -m tfviz.catalogue.index"


@pytest.mark.parametrize("identifier", ALL)
def test_entry_is_whole(identifier):
    entry = diagnosis(identifier)
    assert entry.id == identifier
    assert entry.family in FAMILIES
    assert path_of(identifier).parent.parent == DATA
    assert entry.cause.endswith((".", "?"))
    assert len(entry.title) < 100
    assert entry.fix.text
    assert entry.severity in ("error", "harmless")
    assert set(entry.beats) <= set(ALL), set(entry.beats) - set(ALL)
    for clause in entry.match:
        assert set(clause) <= CLAUSE_KEYS
        assert ("message" in clause) != ("log" in clause)
        assert clause.get("confidence", "certain") in ("certain", "likely")
        assert clause.get("predicate") in {None, *PREDICATES}
        assert clause.get("framework") in (None, "tensorflow", "torch")
        for key in ("all", "none", "frames", "no_frames"):
            for pattern in clause.get(key, ()):
                re.compile(pattern)
        pattern = clause.get("message") or clause.get("log")
        re.compile(pattern)
        assert required(pattern), f"no literal word in {pattern!r}: every text would be searched"


@pytest.mark.parametrize("identifier", ALL)
def test_names_in_braces_are_found_by_every_clause_or_have_a_default(identifier):
    entry = diagnosis(identifier)
    said = " ".join([entry.title, entry.cause, entry.fix.text, entry.instead, *entry.fix.commands])
    names = set(re.findall(r"\{([a-z_]\w*)\}", said))
    for clause in entry.match:
        groups = set(re.compile(clause.get("message") or clause.get("log")).groupindex)
        assert names - groups <= set(entry.defaults), names - groups - set(entry.defaults)


DESCRIBED = [each for each in ALL if diagnosis(each).defaults]
CLUMSY = re.compile(
    r"[{}]|\b(\w+) \1\b(?<!that that)|\s,|\s\.\s|\b(?:the|a|an|no) (?:the|a|an|of|in|see|that|and)\b(?!-)"
    r"|\bshape (?:one|another)\b|'(?:The|A|An|One|What|Some|of|in|see) [^']*'"
    r"|[a-z,] (?:The|A|An|What|Some|Class) (?!Number|Hub)[a-z]"
)


@pytest.mark.parametrize("identifier", DESCRIBED)
def test_text_of_which_nothing_is_known_reads_as_sentences(identifier):
    entry = diagnosis(identifier)
    # Of the names in braces that stay, every clause finds a value; those are another test's.
    known = {
        name: "value"
        for clause in entry.match
        for name in re.findall(r"\(\?P<(\w+)>", clause.get("message") or clause.get("log"))
        if name not in entry.defaults
    }
    for text in (entry.title, entry.cause, entry.fix.text, entry.instead):
        said = fill(text, known, entry.defaults)
        outside = re.sub(r"`[^`]*`|'[^']*'(?=\W)|\{\w+: [^}]*\}", "x", said)
        assert not CLUMSY.search(said if "{" in said and "`" not in said else outside), said
        named_first = text[:1] in ("'", "`", "{") and not said.startswith("tensorflow")
        assert not named_first or said[0] == said[0].upper(), said


def test_a_default_that_describes_stands_without_the_quotes_of_a_name():
    entry = {"layer": "The layer", "n": "smaller"}
    assert fill("'{layer}' is {n}.", {}, entry) == "The layer is smaller."
    assert fill("It is `{layer}`.", {}, entry) == "It is the layer."
    assert fill("It is `{layer}`.", {"layer": "conv"}, entry) == "It is `conv`."
    assert fill("It is `{layer}`.", {"layer": "`conv`"}, entry) == "It is `conv`."
    assert fill("f('{layer}')", {}, entry, code=True) == "f('The layer')"


@pytest.mark.parametrize("identifier", ALL)
def test_nothing_unsafe_is_advised(identifier):
    entry = diagnosis(identifier)
    advice = " ".join([entry.fix.code, *entry.fix.commands])
    assert not UNSAFE.search(advice)


@pytest.mark.parametrize("identifier", WITH_TEXT)
def test_text_of_an_entry_is_explained_by_it_alone(identifier):
    assert running.problem_with(identifier) == ""


@pytest.mark.slow
@pytest.mark.parametrize("identifier", [each for each in ALL if each not in WITH_TEXT])
def test_wrong_script_is_explained_and_its_right_twin_runs(identifier):
    assert running.problem_with(identifier) == ""


def test_no_entry_claims_the_text_of_another_with_certainty():
    stolen = []
    for identifier in WITH_TEXT:
        findings = explain_error(diagnosis(identifier).example["text"]).findings
        # Several errors may stand in one text; what counts is who answers.
        stolen += [(identifier, findings[0].id)] if findings[0].id != identifier else []
    assert stolen == []


@pytest.mark.parametrize("pattern", ["Invalid shape .* for image data", "a+b|cdef", "(?:xx|yy)*"])
def test_required_words_stand_in_what_matches(pattern):
    words = required(pattern)
    if "image" in pattern:
        assert words == (" for image data",)
    else:
        assert words == ()
