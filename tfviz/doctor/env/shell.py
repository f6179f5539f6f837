"""Commands to paste, as the user's own shell wants them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from tfviz.doctor.env.private import own, printable

_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/\\:~[]=")


@dataclass(frozen=True)
class Shell:
    """How the running shell is spoken to.

    Attributes:
        kind: 'posix', 'fish', 'cmd' or 'powershell'.
        python: What starts the running interpreter there, quoted.
        installer: What stands before 'install' and 'uninstall': `python -m pip`, or `uv pip`.
    """

    kind: str
    python: str
    installer: str

    def quote(self, word: str) -> str:
        """One argument."""
        if self.kind in ("posix", "fish"):
            return shlex.quote(printable(word))
        return word if set(word) <= _HARMLESS else '"' + printable(word) + '"'

    def pip(self, *words: str) -> str:
        """`python -m pip ...` of the interpreter that is running."""
        if self.installer.startswith("uv ") and words[:1] == ("uninstall",):
            words = tuple(word for word in words if word != "-y")
        return " ".join([self.installer, *map(self.quote, words)])

    def program(self, path: str) -> str:
        """A program by its path, to begin a command with."""
        quoted = self.quote(path)
        # PowerShell takes a quoted path for a piece of text, unless it is called.
        return f"& {quoted}" if self.kind == "powershell" and quoted != path else quoted

    def set(self, name: str, value: str) -> str:
        """Give an environment variable a value in this shell."""
        return {
            "posix": f"export {name}={self.quote(value)}",
            "fish": f"set -x {name} {self.quote(value)}",
            "cmd": f"set {name}={value}",
            "powershell": f'$env:{name} = "{value}"',
        }[self.kind]

    def unset(self, name: str) -> str:
        """Take an environment variable away in this shell."""
        return {
            "posix": f"unset {name}",
            "fish": f"set -e {name}",
            "cmd": f"set {name}=",
            "powershell": f"Remove-Item Env:{name}",
        }[self.kind]

    def remove(self, path: object, label: str) -> str:
        """Delete a file."""
        verb = {"cmd": "del", "powershell": "Remove-Item"}.get(self.kind, "rm")
        return f"{verb} {own(self.quote(str(path)), label)}"

    def rename(self, path: PurePath | str, new: str, label: str) -> str:
        """Rename a file or folder within its folder; with label '' its path is public."""
        quoted = self.quote(str(path))
        old = own(quoted, label) if label else quoted
        if self.kind in ("cmd", "powershell"):
            verb = "ren" if self.kind == "cmd" else "Rename-Item"
            return f"{verb} {old} {self.quote(new)}"
        # `mv` takes a path of its own for the new name.
        folder = str(PurePath(path).parent)
        there = self.quote(str(PurePath(path).with_name(new)))
        return f"mv {old} {own(there, label) if label and folder != '.' else self.quote(new)}"
