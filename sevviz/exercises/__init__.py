"""Exercises that grade themselves, both ways: an answer that is too weak, and one that is too strong.

>>> from sevviz.exercises import check
>>> check("construct_first_deadlock", "1 2").verdict
'right'
"""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from sevviz.exercises.mark import Mark
from sevviz.exercises.marking import Limits
from sevviz.exercises.model import Exercise, ExerciseError
from sevviz.exercises.reading import exercise_names, folder, load_exercise, read_exercise
from sevviz.exercises.worker import Worker

__all__ = [
    "Exercise", "ExerciseError", "Limits", "Mark", "Worker", "check", "exercise_names", "folder", "load_exercise",
    "read_exercise",
]  # fmt: skip


def check(
    exercise: str | Path, answer: str, *, hidden: bool = True, where: str | Path | None = None,
    limits: Limits | None = None,
) -> Mark:  # fmt: skip
    """Mark an answer to an exercise (its name, or the path of its TOML file) by a search of every schedule.

    `hidden` tells whether criteria that the reader is not told of count; `where` is a folder of exercises. The work is
    done in another process, within `limits`. Raises ExerciseError for an exercise that does not exist, never for a bad
    answer.
    """
    path = Path(exercise)
    if path.suffix != ".toml":
        path = folder(where) / f"{load_exercise(str(exercise), where).name}.toml"
    with _taking_turns:
        return _worker(limits or Limits()).mark(path, str(answer), hidden=hidden)


_workers: dict[Limits, Worker] = {}  # kept from one check to the next: starting one takes longer than marking
_taking_turns = threading.Lock()


def _worker(limits: Limits) -> Worker:
    if limits not in _workers:
        _workers[limits] = Worker(limits)
        atexit.register(_workers[limits].close)
    return _workers[limits]
