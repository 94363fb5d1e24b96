"""The marking process: reads one JSON object a line, {"exercise": path, "answer": text, "hidden": bool}, writes a mark.

It is started by `worker.Worker`, with its limits as its one argument, and sets the limit on memory itself. The time for
one answer is kept by whoever waits for the mark.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import IO

from sevviz.exercises.marking import Limits, mark_here, undecided
from sevviz.exercises.reading import read_exercise

__all__ = ["serve"]

MEGABYTE = 1 << 20


def serve(lines: IO[str], out: IO[str], limits: Limits) -> None:
    """Mark what comes in, line by line, until the other side closes."""
    for line in lines:
        order = json.loads(line)
        exercise = read_exercise(Path(order["exercise"]))
        try:
            mark = mark_here(exercise, order["answer"], limits, hidden=order["hidden"])
        except MemoryError:
            text = f"The search needs more memory than {limits.megabytes:,} MB."
            mark = undecided(exercise, text, hidden=order["hidden"])
        except Exception as error:  # noqa: BLE001 - a fault of ours is never the student's
            what = f"{type(error).__name__}: {error}"
            text = f"Marking met a fault of its own ({what}): a person has to look at this answer."
            mark = undecided(exercise, text, hidden=order["hidden"])
        out.write(json.dumps(mark.to_json()) + "\n")
        out.flush()


def _limit_memory(megabytes: int) -> None:
    """Have allocations fail beyond a limit; not every system has one (Windows has none, macOS does not keep it)."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGABYTE, megabytes * MEGABYTE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(argv: list[str]) -> None:
    limits = Limits(**{name: int(value) for name, value in json.loads(argv[0]).items()})
    _limit_memory(limits.megabytes)
    # Whatever else is printed by accident must not be taken for a mark.
    marks, sys.stdout = sys.stdout, sys.stderr
    marks.write("ready\n")
    marks.flush()
    serve(sys.stdin, marks, limits)


if __name__ == "__main__":
    _main(sys.argv[1:])
