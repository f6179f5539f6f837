"""How good the doctor is on reports it was not written for.

    python tests/doctor/score.py                        # shared/data/errors/dev.jsonl
    python tests/doctor/score.py my.jsonl --verbose     # rows: text, expected_cause, in_scope,
                                                        # expected_fix_keywords

Right: the best finding has the expected id (or one that refines it: `a.b` for `a`), or, where ids
differ, its words hold all expected keywords. Confident and wrong: a 'certain' finding that is not.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path

from tfviz.doctor.explain import explain_error


def words_of(finding) -> str:
    parts = [finding.title, finding.cause, finding.fix, finding.code, finding.instead]
    return " ".join([*parts, *finding.commands]).lower()


def holds(keywords, text) -> bool:
    """Each keyword is a list of alternatives, parted by '|'."""
    return all(any(each.lower() in text for each in key.split("|")) for key in keywords)


def judge(row) -> tuple[str, list]:
    """'right', 'wrong', 'unsure' (a wrong answer that is not certain), 'missed', 'quiet', 'noisy'."""
    findings = explain_error(row["text"]).findings
    if not row.get("in_scope", True):
        return ("noisy" if findings else "quiet"), findings
    if not findings:
        return "missed", findings
    best = [findings[0]]
    if best[0].confidence == "one of":
        best = [each for each in findings if each.confidence == "one of"]
    for each in best:
        expected = row["expected_cause"]
        same = each.id == expected or each.id.startswith(f"{expected}.")
        if same or holds(row["expected_fix_keywords"], words_of(each)):
            return "right", findings
    return ("wrong" if findings[0].confidence == "certain" else "unsure"), findings


def score(rows, verbose=False) -> dict[str, float]:
    counts: dict[str, int] = {}
    exact = told = 0
    for row in rows:
        verdict, findings = judge(row)
        counts[verdict] = counts.get(verdict, 0) + 1
        if row.get("in_scope", True) and findings:
            exact += findings[0].id == row["expected_cause"]
            told += holds(row["expected_fix_keywords"], words_of(findings[0]))
        if verbose and verdict not in ("right", "quiet"):
            got = [(each.id, each.confidence) for each in findings]
            print(f"{verdict:7} {row.get('id')} expected {row['expected_cause']} got {got}")
            last = re.sub(r"\s+", " ", row.get("final_error", row["text"][-200:]))
            print(f"        {last[:200]}")
    inside = sum(1 for row in rows if row.get("in_scope", True))
    outside = len(rows) - inside
    return {
        "rows": len(rows),
        "right": counts.get("right", 0) / max(inside, 1),
        "confident and wrong": counts.get("wrong", 0) / max(inside, 1),
        "missed": counts.get("missed", 0) / max(inside, 1),
        "out of scope, quiet": counts.get("quiet", 0) / max(outside, 1),
        "id exact": exact / max(inside, 1),
        "keywords held": told / max(inside, 1),
    }


def load(path) -> list[dict]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def main() -> None:
    shared = Path(os.environ.get("TFVIZ_SHARED", Path(__file__).parents[3] / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=shared / "errors" / "dev.jsonl")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    for name, value in score(load(arguments.file), arguments.verbose).items():
        print(f"{name:22}{value:8.3f}" if isinstance(value, float) else f"{name:22}{value:8}")


if __name__ == "__main__":
    main()
