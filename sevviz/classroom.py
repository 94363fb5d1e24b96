"""What the exercise notebooks use: mark an answer, show what the mark found, and explore after a first try.

>>> from sevviz.classroom import check, show
>>> show(check("construct_first_deadlock", "1 2"))  # doctest: +ELLIPSIS
Your first deadlock: right, 5 of 5 points...
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sevviz import exercises
from sevviz.catalogue import make_scenario
from sevviz.exercises.reading import load_exercise
from sevviz.exercises.search import arena

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.exercises.mark import Evidence, Mark
    from sevviz.stepper import Stepper

__all__ = ["check", "explorer", "show", "stepper_of"]

NO_TRY = ("unanswered", "unreadable", "too large")

_tried: set[str] = set()  # the exercises that this reader has tried, in this session


def check(exercise: str, answer: str, *, hidden: bool = True, where: str | Path | None = None) -> Mark:
    """Mark an answer; see `sevviz.exercises.check`. From then on the exercise can be explored."""
    mark = exercises.check(exercise, answer, hidden=hidden, where=where)
    if mark.verdict not in NO_TRY:
        _tried.add(exercise)
    return mark


def show(mark: Mark) -> None:
    """Print the mark, and open the schedule that it found in a stepper, where there is a notebook to open it in."""
    print(mark)
    if mark.evidence is not None and _in_notebook():
        from IPython.display import display

        display(stepper_of(mark.evidence))  # type: ignore[no-untyped-call]


def _in_notebook() -> bool:
    """Whether somebody looks at this: not when nbgrader runs it, not in a plain interpreter."""
    if os.environ.get("NBGRADER_EXECUTION"):
        return False
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and "zmqshell" in type(shell).__module__


def stepper_of(evidence: Evidence) -> Stepper:
    """A stepper on a schedule that marking found; a loop is shown twice."""
    from sevviz.stepper import Stepper

    table = {
        "tasks": list(evidence.tasks),
        "signals": evidence.signals,
        "initial": dict(evidence.initial),
        "retry": "forever" if evidence.retry is None else evidence.retry,
        **({"cpus": evidence.cpus} if evidence.cpus else {}),
    }
    schedule = f"{evidence.schedule} {evidence.loop} {evidence.loop}".strip()
    return Stepper(evidence.scheme, make_scenario("", table), schedule=schedule)


def explorer(exercise: str, *, where: str | Path | None = None) -> Stepper | None:
    """A stepper on the scheme of an exercise, with all its endings; locked until an answer has been tried."""
    loaded = load_exercise(exercise, where)
    if exercise not in _tried:
        print("Locked: check an answer of your own first, then come back and run this cell again.")
        return None
    if not _in_notebook():
        return None
    from sevviz.stepper import Stepper

    return Stepper(loaded.code, arena(loaded.place))
