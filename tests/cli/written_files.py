"""What a command has written."""

from pathlib import Path

RECORD = {"results.jsonl", "settings.json", "manifest.json"}


def names(folder: Path) -> list[str]:
    """All files below a folder but the job's own record."""
    found = (str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())
    return sorted(each for each in found if each not in RECORD)
