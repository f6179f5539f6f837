"""Numbers as JSON can hold them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """A value with only dictionaries, lists, text, finite numbers, booleans and None in it.

    Arrays become nested lists. What JSON has no number for becomes text: 'nan', 'inf', '-inf'.

    Args:
        value: Of any kind; what is unknown becomes its `str`.

    >>> plain({"a": (1, float("nan"))})
    {'a': [1, 'nan']}
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {each.name: plain(getattr(value, each.name)) for each in fields}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=str)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
