"""How tasks are named in sentences and titles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevviz.analysis import show_result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.model import Program

__all__ = ["arrow", "is_move", "listed", "result_words", "task_name", "tasks_title"]

_MOVE = re.compile(r"\bmigrate\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def arrow(label: str) -> str:
    """A task's call as a move: "migrate(B, A)" is "A→B"; all other calls stay as they are."""
    return "; ".join(_MOVE.sub(r"\2→\1", call.strip()) for call in label.split(";"))


def is_move(label: str) -> bool:
    """Whether a task's call moves one VM to another: only that can win a race for two of them."""
    return "→" in arrow(label)


def tasks_title(program: Program) -> str:
    """All tasks side by side: "A→B ‖ B→A"."""
    return " ‖ ".join(arrow(task.label) for task in program.tasks)


def task_name(program: Program, task: int) -> str:
    """A task with its number from 1 and what it does: "task 1 (A→B)"."""
    return f"task {task} ({arrow(program.tasks[task - 1].label)})"


def listed(parts: Iterable[str]) -> str:
    """Parts as English lists them: "A", "A and B", "A, B and C"."""
    *head, last = parts
    return f"{', '.join(head)} and {last}" if head else last


def result_words(result: int | None) -> str:
    """What a task returned: "returned -EBUSY"; a function without a value just "returned"."""
    shown = show_result(result)
    return f"returned {shown}" if shown else "returned"
