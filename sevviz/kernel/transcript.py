"""What a run is told in: turns, and the reports that the kernel makes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Finding", "Turn"]


class Finding(NamedTuple):
    """One report of the kernel and the task that it names (0 where it names none)."""

    kind: str
    task: int


class Turn(NamedTuple):
    """A turn ("2", "2!", or "" for what happens before the first) and what the tasks did in it."""

    word: str
    lines: tuple[str, ...]
