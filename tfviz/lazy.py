"""Names that are loaded on first use, so that importing a package imports no TensorFlow."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def on_first_use(
    package: str, table: Mapping[str, str], packages: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """What a package needs to hand on names of its modules without importing them.

        __getattr__, __dir__ = on_first_use(__name__, _LAZY)

    Source: PEP 562.

    Args:
        package: Its full name.
        table: The full name of the module that holds each name.
        packages: Names of packages inside it that are imported when asked for.

    Returns:
        Its `__getattr__` and `__dir__`.
    """

    def get(name: str) -> Any:
        if name in packages:
            return importlib.import_module(f"{package}.{name}")
        if name not in table:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(importlib.import_module(table[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        module = vars(sys.modules[package])
        return sorted({*module, *module.get("__all__", ()), *packages})

    return get, names
