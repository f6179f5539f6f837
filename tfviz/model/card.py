"""What a model knows about itself beyond its weights: class names, input size, value range.

It travels with the model: a member `tfviz.json` inside a `.keras` archive, which Keras loads as
ever, and a file `NAME.tfviz.json` beside a model in any other format.
"""

from __future__ import annotations

import json
import shutil
import weakref
import zipfile
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from tfviz.errors import InputError, TargetError, nearest
from tfviz.files.atomic import writing
from tfviz.model.labels import find_class, top_rank

MEMBER = "tfviz.json"
VALUE_RANGES = ("none", "0-1", "tf", "torch", "caffe")
RESIZES = ("stretch", "crop", "letterbox")


@dataclass(frozen=True)
class Card:
    """What is known of a model; empty where nothing is.

    Attributes:
        class_names: In the order of the output units.
        input_size: (height, width) in pixels that photos are brought to.
        resize: 'stretch', 'crop' or 'letterbox'.
        value_range: What the model expects of pixel values: 'none' (0 to 255), '0-1', 'tf' (-1 to
            1), 'torch' or 'caffe', as in `keras.applications.imagenet_utils.preprocess_input`.
        knows: A sentence on what the model can and can't tell, for the user.
        source: Where this comes from, in words.
    """

    class_names: tuple[str, ...] = ()
    input_size: tuple[int, int] | None = None
    resize: str | None = None
    value_range: str | None = None
    knows: str = ""
    source: str = ""

    def name_of(self, index: int, units: int | None = None) -> str:
        """The name of a class, or its index where the names don't fit the model."""
        if self.class_names and (units is None or units == len(self.class_names)):
            return self.class_names[index]
        return f"class {index}"

    def find_class(self, name: str) -> str | int:
        """An index for a class name or for digits; 'top1' and the like are handed through.

        Raises:
            TargetError: When the names are known and none, or more than one, is this.
        """
        if top_rank(name) is not None:
            return name
        if name.isdecimal():
            index = int(name)
            if name in self.class_names and self.class_names.index(name) != index:
                raise TargetError(
                    f"'{name}' is an index and also the name of class "
                    f"{self.class_names.index(name)}: from Python, Class({index}) or "
                    f"Class({self.class_names.index(name)}) says which."
                )
            return index
        return find_class(name, self.class_names) if self.class_names else name


_cards: weakref.WeakKeyDictionary[Any, Card] = weakref.WeakKeyDictionary()


def card_of(model: Any) -> Card:
    """What is known of a model that was loaded by tfviz; an empty card for any other."""
    return _cards.get(model, Card())


def remember(model: Any, card: Card) -> None:
    """Tell tfviz what is known of a model in memory: class names, value range, resize.

    Args:
        model: A `keras.Model`; it is not touched.
        card: Kept for as long as the model lives.
    """
    _cards[model] = card


def read_card(path: str | Path) -> Card | None:
    """The card that travels with a model file, None when there is none.

    Raises:
        InputError: When it is there and is no card.
    """
    path = Path(path)
    sidecar = path.with_name(f"{path.name}.{MEMBER}")
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if MEMBER in archive.namelist():
                return _parse(archive.read(MEMBER), f"{MEMBER} in '{path.name}'")
    if sidecar.is_file():
        return _parse(sidecar.read_bytes(), f"'{sidecar.name}'")
    return None


def write_card(path: str | Path, card: Card) -> None:
    """Put a card into a `.keras` archive, or beside a file of another format.

    The archive is copied and replaced whole, so an interrupted write leaves it as it was.
    """
    path = Path(path)
    data = json.dumps(_plain(card), indent=1, ensure_ascii=False).encode()
    if not zipfile.is_zipfile(path):
        with writing(path.with_name(f"{path.name}.{MEMBER}")) as temporary:
            temporary.write_bytes(data)
        return
    with writing(path) as temporary:
        _with_member(path, temporary, data)


def _with_member(archive: Path, copy: Path, data: bytes) -> None:
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for item in old.infolist():
            if item.filename != MEMBER:
                with old.open(item) as source, new.open(item, "w") as member:
                    shutil.copyfileobj(source, member)
        # A fixed date, so that the same card gives the same bytes.
        new.writestr(zipfile.ZipInfo(MEMBER, (1980, 1, 1, 0, 0, 0)), data)


def _plain(card: Card) -> dict[str, Any]:
    return {k: v for k, v in asdict(card).items() if k != "source" and v not in ((), None, "")}


def _parse(data: bytes, source: str) -> Card:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise InputError(f"{source} is no valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{source} must hold an object with class_names, input_size, ...")
    known = {each.name for each in fields(Card)} - {"source"}
    for name in found:
        # What a later version may add is passed over, what was misspelt is not.
        if name not in known and nearest(name, known):
            raise InputError(
                f"{source} has '{name}', which is none of {', '.join(sorted(known))}."
                f"{nearest(name, known)}"
            )
    if not isinstance(found.get("knows", ""), str):
        raise InputError(f"{source} gives knows {found['knows']!r}, which is no sentence.")
    given = {name: value for name, value in found.items() if name in known and value is not None}
    for name, allowed in (("value_range", VALUE_RANGES), ("resize", RESIZES)):
        if name in given and given[name] not in allowed:
            raise InputError(
                f"{source} gives {name} {given[name]!r}; known are {', '.join(allowed)}."
            )
    names, size = given.get("class_names", []), given.get("input_size", [1, 1])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise InputError(f"{source} gives class_names {names!r}, which is no list of names.")
    if not isinstance(size, list) or len(size) != 2 or not all(map(_is_length, size)):
        raise InputError(
            f"{source} gives input_size {size!r}, which is no [height, width] in pixels."
        )
    given |= {name: tuple(given[name]) for name in ("class_names", "input_size") if name in given}
    return replace(Card(**given), source=source)


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
