"""Parameters of a function as a user types them behind its name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tfviz.errors import InputError, nearest

LARGEST = 100.0


def read_parameters(name: str, told: str, accepted: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a user gave behind the colon.

    Args:
        name: Of the function, for messages.
        told: As '0.3', 'alpha=2' or 'threshold=1,default_value=0'.
        accepted: The parameters there are, in order, with their defaults.

    Raises:
        InputError: For a parameter that doesn't exist or a value that can't be.
    """
    given: dict[str, Any] = {}
    parts = [each.strip() for each in told.split(",") if each.strip()]
    if parts and not accepted:
        raise InputError(f"'{name}' has no parameters, but was given '{told}'; leave it out.")
    for position, part in enumerate(parts):
        key, equals, value = part.rpartition("=")
        key = key.strip()
        if not equals:
            if position >= len(accepted):
                raise InputError(
                    f"'{name}' takes {len(accepted)} parameters ({', '.join(accepted)}), "
                    f"but '{told}' gives {len(parts)}."
                )
            key = list(accepted)[position]
        if key not in accepted:
            raise InputError(
                f"'{name}' has no parameter '{key}'.{nearest(key, accepted)} "
                f"There {'is' if len(accepted) == 1 else 'are'} {', '.join(accepted)}."
            )
        given[key] = _value(name, key, value.strip(), accepted[key])
    return given


def _value(name: str, key: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() in ("true", "1", "yes"):
            return True
        if text.lower() in ("false", "0", "no"):
            return False
        raise InputError(f"'{name}' takes true or false for {key}, not '{text}'.")
    if default is None and text.lower() == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= LARGEST:
        raise InputError(
            f"'{name}' takes a number between -{LARGEST:g} and {LARGEST:g} for {key}, not "
            f"'{text}', as in '{name}:{key}=0.5'."
        )
    return number


def typed(value: Any) -> str:
    """A value as it can be typed again."""
    return f"{value:g}" if isinstance(value, (int, float)) and value is not True else str(value)
