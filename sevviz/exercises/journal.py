"""Marks that survive: each is on the disk before the next one is waited for, whatever happens to the process."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Self

from sevviz.exercises.mark import Mark

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Journal"]


class Journal:
    """A file with one mark a line, only ever added to. A line that was cut short by a crash is dropped when read.

    The keys say what was marked: the same answer to the same exercise within the same limits has the same key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marks: dict[str, Mark] = {}
        end = self._read()
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(end)
        self._file.seek(end)

    def _read(self) -> int:
        """Take over the marks that are there; returns where the last whole line ends."""
        end = 0
        if not self.path.exists():
            return end
        with self.path.open("rb") as file:
            for line in file:
                try:
                    found = json.loads(line)
                    self.marks[found["key"]] = Mark.from_json(found["mark"])
                except (ValueError, KeyError, TypeError):
                    break
                if not line.endswith(b"\n"):
                    break
                end += len(line)
        return end

    def add(self, key: str, mark: Mark) -> None:
        """Write a mark down; when this returns, it is on the disk."""
        line = json.dumps({"key": key, "mark": mark.to_json()}) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.marks[key] = mark

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
