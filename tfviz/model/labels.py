"""Class names: the 1,000 of ImageNet, or the user's own from a file or a folder of classes."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfviz.errors import InputError, TargetError, nearest

# More names than this no longer help in an error.
MOST_NAMED = 20


@functools.cache
def imagenet_names() -> tuple[str, ...]:
    """The 1,000 names in the order of `keras.applications`; 'crane' and 'maillot' occur twice.

    >>> imagenet_names()[281]
    'tabby'
    """
    text = (Path(__file__).parent / "data" / "imagenet.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(line.split(" ", 1)[1] for line in lines)


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Class names in the order of their indices.

    Args:
        path: A `.json` file (a list; a dict index -> name or index -> [id, name], as in Keras; a
            dict name -> index, as `class_indices`), a `.csv` or `.tsv` file (one column of names,
            or an index and a name), any other text file (a name a line), or a folder whose
            sub-folders, sorted, are the classes (`keras.utils.image_dataset_from_directory`).

    Raises:
        InputError: When nothing of the kind is there.
    """
    path = Path(path)
    if path.is_dir():
        names = sorted(each.name for each in path.iterdir() if each.is_dir())
        names = [name for name in names if not name.startswith((".", "__"))]
        if not names:
            raise InputError(
                f"The folder '{path}' given as labels has no sub-folders: each is a class."
            )
        return tuple(names)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"There is no labels file '{path}'.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The labels file '{path}' can't be read as text ({type(error).__name__}): give a "
            f".json, .txt or .csv file of class names, or a folder of class folders."
        ) from error
    suffix = path.suffix.lower()
    if suffix == ".json":
        names_read = _from_json(text, path)
    elif suffix in (".csv", ".tsv"):
        names_read = _from_table(text, path, "\t" if suffix == ".tsv" else ",")
    else:
        names_read = [line.strip() for line in text.splitlines() if line.strip()]
    if not names_read:
        raise InputError(f"The labels file '{path}' holds no names.")
    return tuple(names_read)


def _from_json(text: str, path: Path) -> list[str]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"The labels file '{path}' is no valid JSON: {error}.") from error
    if isinstance(data, dict) and isinstance(data.get("class_names"), list):
        data = data["class_names"]
    if isinstance(data, list):
        return [_name(each) for each in data]
    if isinstance(data, dict) and data:
        if all(isinstance(value, int) for value in data.values()):
            return _ordered([(index, name) for name, index in data.items()], path)
        if all(key.isdecimal() for key in data):
            return _ordered([(int(key), _name(value)) for key, value in data.items()], path)
    raise InputError(
        f"The labels file '{path}' must hold a list of names, or a dict of index to name or name "
        f"to index."
    )


def _name(value: Any) -> str:
    """Keras's own index has [WordNet id, name]."""
    return str(value[-1]) if isinstance(value, list) and value else str(value)


def _from_table(text: str, path: Path, delimiter: str) -> list[str]:
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    if rows and len(rows[0]) >= 2:
        # The index may stand in either column; a first row without one is the header.
        for index, name in ((0, 1), (1, 0)):
            body = rows if rows[0][index].strip().isdecimal() else rows[1:]
            if body and all(len(r) > 1 and r[index].strip().isdecimal() for r in body):
                return _ordered([(int(r[index]), r[name].strip()) for r in body], path)
        raise InputError(
            f"The labels file '{path}' has several columns and none of whole numbers: give "
            f"'index,name' rows, or one column of names."
        )
    names = [row[0].strip() for row in rows]
    if names and names[0].lower() in ("name", "label", "class", "class_name"):
        names = names[1:]
    return names


def _ordered(pairs: Sequence[tuple[int, str]], path: Path) -> list[str]:
    by_index: dict[int, str] = {}
    for index, name in pairs:
        if index in by_index:
            raise InputError(
                f"The labels file '{path}' gives index {index} twice: to '{by_index[index]}' and "
                f"to '{name}'."
            )
        by_index[index] = name
    missing = sorted(set(range(len(by_index))) - set(by_index))
    if missing:
        raise InputError(
            f"The labels file '{path}' has {len(by_index)} names but none for index {missing[0]}: "
            f"indices must run from 0 without gaps."
        )
    return [by_index[i] for i in range(len(by_index))]


def top_rank(text: str) -> int | None:
    """The k of 'topk', None for any other text.

    >>> top_rank("top3"), top_rank("topaz")
    (3, None)
    """
    return int(text[3:]) if text[:3] == "top" and text[3:].isdecimal() else None


def find_class(name: str, names: Sequence[str]) -> int:
    """The index of a class name; case, and '_' for a blank, don't matter.

    Raises:
        TargetError: When no class is called that, or several are: they are listed.

    >>> find_class("tiger cat", imagenet_names())
    282
    """
    wanted = _plain(name)
    hits = [i for i, each in enumerate(names) if each == name]
    hits = hits or [i for i, each in enumerate(names) if _plain(each) == wanted]
    if len(hits) == 1:
        return hits[0]
    if hits:
        listed = " and ".join(str(i) for i in hits)
        raise TargetError(
            f"'{name}' is the name of {len(hits)} classes, {listed}: give the index of the one."
        )
    inside = [each for each in names if wanted in _plain(each)]
    # 'cat' means a tiger cat rather than an oystercatcher.
    inside = sorted(inside, key=lambda each: wanted not in _plain(each).split())[:5]
    hint = f" Classes with it in their name: {', '.join(inside)}." if inside else ""
    raise TargetError(
        f"No class of the model is called '{name}'.{nearest(name, names)}{hint} "
        f"{_all_of(names)}: give a name or an index."
    )


def _all_of(names: Sequence[str]) -> str:
    """How many there are, and which, where they fit into a sentence."""
    shown = f" ({', '.join(names)})" if len(names) <= MOST_NAMED else ""
    return f"There are {len(names)}{shown}"


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ")
