"""The checkout that sevviz is run from, and whether its `.venv` is fit for use. Standard library only.

The file `.venv/sevviz-setup` is the only memory. It says `unfinished` from the first moment to the last, and then
names what was installed, so an interrupted set-up is never mistaken for a finished one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["app", "test"]
UNFINISHED = "unfinished"


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A source tree with its `.venv`: where things are, and whether the `.venv` is fit for use."""

    root: Path

    @property
    def venv(self) -> Path:
        """The folder of the virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The Python of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def record(self) -> Path:
        """The file that says what was installed, or that set-up has not finished."""
        return self.venv / "sevviz-setup"

    def alive(self) -> bool:
        """Whether the Python of the `.venv` still exists (a link to a Python since removed does not)."""
        return os.access(self.python, os.X_OK)

    def wanted(self, level: Level) -> str:
        """The record of a finished set-up: the Python version, a digest of the pins and metadata, and the level."""
        digest = hashlib.sha256()
        for name in ("requirements.txt", "pyproject.toml"):
            digest.update((self.root / name).read_bytes())
        return f"{sys.version_info.major}.{sys.version_info.minor} {digest.hexdigest()} {level}"

    def recorded(self) -> str | None:
        """What the record says; None when there is none."""
        try:
            return self.record.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None

    def ready(self, level: Level) -> bool:
        """Whether the `.venv` can be used as it is. The test level has everything that the app level has."""
        fits = self.recorded() in {self.wanted(level), self.wanted("test")}
        return fits and self.alive() and any(self.venv.glob("lib/python*/site-packages/sevviz-*.dist-info"))

    def write_record(self, text: str) -> None:
        """Replace the record in one step: a reader sees the old text or the new one."""
        fresh = self.record.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="ascii")
        fresh.replace(self.record)


def say(text: str) -> None:
    """Tell the person at the terminal what is going on; standard output is kept for results."""
    print(f"sevviz: {text}", file=sys.stderr, flush=True)


def find_checkout() -> Checkout | None:
    """The checkout that this package is run from; None when it was installed from a wheel."""
    root = Path(__file__).resolve().parent.parent
    is_checkout = (root / "pyproject.toml").is_file() and (root / "requirements.txt").is_file()
    return Checkout(root) if is_checkout else None
