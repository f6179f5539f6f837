"""One small file with all patterns of the catalogue, so that explaining an error starts at once.

Reading 150 TOML files takes half a second, reading this a few milliseconds. It is made from them by
`python -m tfviz.catalogue.index`, and a test fails when it is older than they are.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from tfviz.catalogue.diagnosis import DATA, identifiers, path_of, read

INDEX = DATA / "index.json"


@functools.cache
def rules() -> tuple[dict[str, Any], ...]:
    """One row a diagnosis: id, title, beats, and its clauses with the words they need."""
    return tuple(json.loads(INDEX.read_text(encoding="utf-8")))


def build() -> str:
    """The text of the index as it should be."""
    from tfviz.catalogue.literals import required

    rows = []
    for identifier in identifiers():
        entry = read(path_of(identifier))
        clauses = []
        for clause in entry.match:
            pattern = clause.get("message") or clause.get("log") or ""
            clauses.append({**clause, "words": list(required(pattern))})
        rows.append(
            {
                "id": entry.id,
                "title": entry.title,
                "beats": list(entry.beats),
                "severity": entry.severity,
                "match": clauses,
            }
        )
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def main() -> None:
    """Write the index anew."""
    Path(INDEX).write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
