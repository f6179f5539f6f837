"""What only Windows' kernel32 can tell."""

from __future__ import annotations

from dataclasses import dataclass

_AVX = 39  # PF_AVX_INSTRUCTIONS_AVAILABLE
_AVX2 = 40  # PF_AVX2_INSTRUCTIONS_AVAILABLE


@dataclass(frozen=True)
class Windows:
    """Facts asked of Windows once.

    Attributes:
        avx: Whether the processor has AVX; None when it doesn't say.
        avx2: The same of AVX2.
        memory: Bytes of memory: all of it, and what is free.
        commit: Bytes that memory and page file can promise: all of it, and what is left.
    """

    avx: bool | None
    avx2: bool | None
    memory: tuple[int, int] | None
    commit: tuple[int, int] | None

    @classmethod
    def here(cls) -> Windows:
        """Ask kernel32; what it doesn't answer is None."""
        try:
            return cls(*_features(), *_memory())
        except (OSError, AttributeError, ImportError):
            return cls(None, None, None, None)


def _features() -> tuple[bool, bool]:
    import ctypes

    present = ctypes.windll.kernel32.IsProcessorFeaturePresent  # type: ignore[attr-defined]
    return bool(present(_AVX)), bool(present(_AVX2))


def _memory() -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("free", ctypes.c_ulonglong),
            ("commit_total", ctypes.c_ulonglong),
            ("commit_free", ctypes.c_ulonglong),
            ("virtual_total", ctypes.c_ulonglong),
            ("virtual_free", ctypes.c_ulonglong),
            ("extended", ctypes.c_ulonglong),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    ask = ctypes.windll.kernel32.GlobalMemoryStatusEx  # type: ignore[attr-defined]
    if not ask(ctypes.byref(status)):
        return None, None
    return (status.total, status.free), (status.commit_total, status.commit_free)
