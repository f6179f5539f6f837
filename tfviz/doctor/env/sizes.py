"""Amounts of memory in words."""

from __future__ import annotations

KB, MB, GB = 1024, 1024**2, 1024**3


def size(amount: int) -> str:
    """Bytes for people.

    >>> size(512), size(64 * MB), size(int(23.46 * GB)), size(240 * GB)
    ('512 bytes', '64 MB', '23.5 GB', '240 GB')
    """
    if amount < KB:
        return f"{amount} bytes"
    for unit, name in ((KB, "kB"), (MB, "MB")):
        # What would be rounded to 1024 of one unit is one of the next.
        if amount < 1023.5 * unit:
            return f"{amount / unit:.0f} {name}"
    number = amount / GB
    return f"{number:.1f} GB" if number < 99.95 else f"{number:.0f} GB"
