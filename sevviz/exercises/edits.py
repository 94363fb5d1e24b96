"""Changes to a C text that are written down as old and new pieces, and lines that are named by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.exercises.model import ExerciseError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["apply_edits", "line_of"]


def apply_edits(code: str, edits: Iterable[Iterable[str]], where: str) -> str:
    """The text with each old piece, which must occur exactly once, replaced by its new one."""
    for old, new in edits:
        if code.count(old) != 1:
            message = f"{where}: the text to replace occurs {code.count(old)} times, not once: {old!r}"
            raise ExerciseError(message)
        code = code.replace(old, new)
    return code


def line_of(code: str, text: str, where: str) -> int:
    """The number of the one line that has `text` in it."""
    found = [number for number, line in enumerate(code.split("\n"), 1) if text in line]
    if len(found) != 1:
        message = f"{where}: {len(found)} lines have the text {text!r}; it must be exactly one"
        raise ExerciseError(message)
    return found[0]
