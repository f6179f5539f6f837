"""Reading objects without running the user's code: only what known libraries define is called."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any

# Packages whose properties and methods only tell, as far as they are read here.
_KNOWN = frozenset(
    ("numpy", "tensorflow", "keras", "tf_keras", "torch", "jax", "jaxlib", "pandas", "PIL",
     "builtins", "pathlib", "collections", "ml_dtypes")
)  # fmt: skip
_PLAIN = (types.MemberDescriptorType, types.GetSetDescriptorType)
_TUPLE_FIELD = "_tuplegetter"


class UnreadableError(Exception):
    """The attribute isn't there, or reading it would run the user's code."""


def classes(value: Any) -> Iterator[tuple[str, str]]:
    """(package, class name) of the classes of an object, its own first."""
    for each in mro(type(value)):
        yield _package(each), name_of(each)


def is_a(value: Any, package: str, *names: str) -> bool:
    """Whether an object is of a class, by name: no package is imported or asked."""
    return any(root == package and name in names for root, name in classes(value))


def known(value: Any) -> bool:
    """Whether the class of an object itself is one of a known library."""
    return next(classes(value))[0] in _KNOWN


def own_code(value: Any, name: str) -> bool:
    """Whether a method of an object is the user's, not a known library's."""
    _, owner = _static(type(value), name)
    return owner is not None and _package(owner) not in _KNOWN


def static(value: Any, name: str) -> Any:
    """What the classes of an object have under a name, as it stands there; None for nothing."""
    return _static(type(value), name)[0]


def read(value: Any, name: str) -> Any:
    """An attribute, as far as it can be read without running the user's code.

    Instance attributes, slots, fields of named tuples, class attributes, and properties and
    methods that a known library defines.

    Raises:
        UnreadableError: When there is none, or only code of the user's could tell.
        Exception: What a library's property raises in an object that is half built.
    """
    if is_kind(value, types.ModuleType):
        # A module's own __getattr__ may import half a framework.
        if name in vars(value):
            return vars(value)[name]
        raise UnreadableError(name)
    found, owner = _static(type(value), name)
    data = _instance(value)
    if owner is None or not _is_data_descriptor(found):
        for names in _stores(value, data):
            if name in names:
                return names[name]
    if owner is None:
        raise UnreadableError(name)
    kind = type(found)
    if not hasattr(kind, "__get__"):
        return found
    if kind in _PLAIN or name_of(kind) == _TUPLE_FIELD:
        return found.__get__(value, type(value))
    if _package(owner) in _KNOWN:
        return found.__get__(value, type(value))
    raise UnreadableError(name)


def maybe(value: Any, name: str, default: Any = None) -> Any:
    """As `read`, with a default for what can't be read for any reason."""
    try:
        return read(value, name)
    except Exception:  # whatever a half-built object's property raises
        return default


# By `type` itself: a metaclass of the user's could answer otherwise, or count who asks.
_MRO = type.__dict__["__mro__"]
_NAME = type.__dict__["__name__"]
_NAMES = type.__dict__["__dict__"]


def mro(kind: type) -> tuple[type, ...]:
    """The classes of a class."""
    found: tuple[type, ...] = _MRO.__get__(kind)
    return found


def name_of(kind: type) -> str:
    """The name of a class."""
    return str(_NAME.__get__(kind))


def is_kind(value: Any, *kinds: type) -> bool:
    """As `isinstance`, which asks `value.__class__`: that of a lazy object computes it."""
    return any(each is kind for each in mro(type(value)) for kind in kinds)


def is_just(value: Any, *kinds: type) -> bool:
    """Whether an object is of one of these classes, and of no class made from it."""
    return any(type(value) is kind for kind in kinds)


def _names(kind: type) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _NAMES.__get__(kind)
    return found


def _package(kind: type) -> str:
    # Of the type itself: a metaclass or a class attribute of the user's could answer otherwise.
    module = type.__dict__["__module__"].__get__(kind)
    return module.split(".", 1)[0] if isinstance(module, str) else ""


def _static(kind: type, name: str) -> tuple[Any, type | None]:
    for each in mro(kind):
        names = _names(each)
        if name in names:
            return names[name], each
    return None, None


def _is_data_descriptor(found: Any) -> bool:
    return hasattr(type(found), "__set__") or hasattr(type(found), "__delete__")


def _instance(value: Any) -> dict[str, Any]:
    found, owner = _static(type(value), "__dict__")
    if owner is not None and not isinstance(found, types.GetSetDescriptorType):
        return {}  # a class that shows other attributes than it has
    try:
        data = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return data if isinstance(data, dict) else {}


def _stores(value: Any, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield data
    # Where torch keeps what it takes out of the instance.
    for store in ("_parameters", "_buffers", "_modules"):
        if type(data.get(store)).__name__ in ("dict", "OrderedDict"):
            yield data[store]
