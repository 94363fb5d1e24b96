"""The exercises as notebooks, made from their files so that nothing is written twice; with nbgrader, and without.

The student's notebook has the task, the starter and a cell that marks. The teacher's source has the solution too, and a
hidden test in each marking cell; `nbgrader generate_assignment` makes the former from the latter.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sevviz.counting import counted
from sevviz.exercises.marking import full_points
from sevviz.exercises.model import KINDS
from sevviz.exercises.reading import exercise_names, load_exercise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sevviz.exercises.model import Criterion, Exercise

__all__ = ["NBGRADER_CONFIG", "STUB", "exercise_cells", "notebook", "notebook_texts", "starter"]

Cell = dict[str, Any]

STUB = "# Change the text above, run this cell, then the next one."

NBGRADER_CONFIG = f'''"""Settings for nbgrader: https://nbgrader.readthedocs.io"""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "sevviz"
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}
c.Execute.timeout = 180
'''

HEADS = {
    "predict": (
        "Predict",
        """Commit yourself before anything runs: name the letters of the endings that can happen. Write them between the
quotes, such as `"a c"`, or `"none"`.""",
    ),
    "construct": (
        "Construct",
        """You are the scheduler, and you mean harm. Write the numbers of the tasks in the order of their steps, such as
`1 1 2`; `2!` is a fatal signal to task 2. `explorer(...)` opens once you have tried.""",
    ),
    "spot": (
        "Spot",
        "Find the line, the rule and the object. Write one `name = value` a line. Lines are numbered in the listings.",
    ),
    "repair": (
        "Repair",
        """Change the C between the quotes. A search of every schedule marks it both ways: what can still go wrong, and
what should be possible and no longer is. Your C is read, never executed.""",
    ),
}


def notebook_texts(where: Path | None = None, *, source: bool = False) -> dict[str, str]:
    """The notebooks of a folder of exercises, one for each kind: file names and JSON texts."""
    exercises = [load_exercise(name, where) for name in exercise_names(where)]
    texts = {}
    for kind in KINDS:
        of_kind = [exercise for exercise in exercises if exercise.kind == kind]
        of_kind.sort(key=lambda exercise: exercise.minutes)  # the short ones first
        if of_kind:
            texts[f"{kind}.ipynb"] = notebook(of_kind, kind, source=source)
    return texts


def notebook(exercises: Iterable[Exercise], kind: str, *, source: bool = False) -> str:
    """One notebook as JSON text, without outputs; for the same exercises the same bytes."""
    title, how = HEADS[kind]
    names = "check, explorer, show" if kind == "construct" else "check, show"
    cells = [_markdown("head", f"# {title}\n\n{how}"), _code("setup", f"from sevviz.classroom import {names}")]
    for exercise in exercises:
        cells += exercise_cells(exercise, source=source)
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def exercise_cells(exercise: Exercise, *, source: bool = False) -> list[Cell]:
    """The cells of one exercise: the task, the listing, the answer, the marking, and a way to look closer."""
    name = exercise.name
    cells = [_markdown(f"{name}_task", _task(exercise))]
    if exercise.kind != "repair":
        cells += [_markdown(f"{name}_listing{n}", text) for n, text in enumerate(_listings(exercise))]
    cells.append(
        _code(f"{name}_answer", _answer(exercise, source=source), _graded(solution=True, name=f"{name}_answer"))
    )
    marking = f'show(check("{name}", {exercise.variable}, hidden=False))'
    if source:
        hidden = f'check("{name}", {exercise.variable}).points'
        marking += f"\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
    points = full_points(exercise)
    cells.append(_code(f"{name}_mark", marking, _graded(solution=False, name=f"{name}_mark", points=points)))
    if exercise.kind == "construct":
        cells.append(_code(f"{name}_explorer", f'explorer("{name}")'))
    return cells


def _graded(*, solution: bool, name: str, points: int = 0) -> dict[str, Any]:
    """The metadata that nbgrader looks for (its schema 3)."""
    table: dict[str, Any] = {"grade": not solution, "grade_id": name, "locked": not solution}
    if not solution:
        table["points"] = points
    return {"nbgrader": {**table, "schema_version": 3, "solution": solution, "task": False}}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _markdown(name: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": _id(name), "metadata": {}, "source": _lines(text)}


def _code(name: str, text: str, metadata: dict[str, Any] | None = None) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": _id(name),
        "metadata": metadata or {},
        "outputs": [],
        "source": _lines(text),
    }


def _id(name: str) -> str:
    return name.replace("_", "-")


def _task(exercise: Exercise) -> str:
    parts = [
        f"## {exercise.title}",
        f"**Goal.** {exercise.goal}",
        f"**Test.** {exercise.test} About {exercise.minutes} minutes.",
        exercise.story,
        *_questions(exercise),
        f"*Source: {exercise.source}*",
    ]
    return "\n\n".join(parts)


def _questions(exercise: Exercise) -> list[str]:
    match exercise.kind:
        case "predict":
            return ["\n".join(f"* **{option.key}**: {option.label}" for option in exercise.options)]
        case "construct":
            fields = [f"* `{name}` can be {' or '.join(map(str, values))}" for name, values in exercise.choose]
            most = [f"* up to {counted(exercise.at_most, 'step')}"] if exercise.at_most else []
            return ["\n".join([f"* {_who(exercise)}", *fields, *most])]
        case "spot":
            rows = [f"* `{ask.field}`: {ask.question}{_choice(ask.options)}" for ask in exercise.asks]
            return ["\n".join([f"* {_who(exercise)}", *rows])]
        case "repair":
            shown = [criterion for criterion in exercise.criteria if not criterion.hidden]
            return ["\n".join(f"* {criterion.name} ({_worth(criterion)})" for criterion in shown)]


def _worth(criterion: Criterion) -> str:
    if criterion.gate:
        return "needed for any points"
    return f"{criterion.points} point{'s' if criterion.points != 1 else ''}"


def _choice(options: tuple[str, ...]) -> str:
    return f" ({', '.join(options)})" if options else ""


def _who(exercise: Exercise) -> str:
    """The tasks of an exercise with their numbers."""
    from sevviz.exercises.search import arena

    tasks = arena(exercise.place).tasks
    signals = "; any of them may get a fatal signal" if exercise.place.signals else ""
    return ", ".join(f"task {number} is `{task}`" for number, task in enumerate(tasks, 1)) + signals


def _listings(exercise: Exercise) -> list[str]:
    """Numbered listings of the schemes to read, the exercise's own first."""
    from sevviz.catalogue import load

    codes = {exercise.code_name: exercise.code}
    for option in exercise.options:
        if option.place.scheme:
            codes.setdefault(f"{option.place.scheme}.c", load(option.place.scheme).text.text)
    return [f"`{name}`\n\n```c\n{_numbered(code)}\n```" for name, code in codes.items()]


def _numbered(code: str) -> str:
    """The C from its first function or definition on, with the numbers that the file has."""
    lines = code.rstrip("\n").split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip() == "*/"), -1) + 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    return "\n".join(f"{n:3}  {line}".rstrip() for n, line in enumerate(lines[first:], first + 1)).expandtabs(4)


def starter(exercise: Exercise) -> str:
    """What the answer begins as: the C without the prose of its header, or a form to fill in."""
    match exercise.kind:
        case "repair":
            return re.sub(r"^ \*\n( \*(?!/).*\n)+(?= \*/)", "", exercise.code, count=1, flags=re.MULTILINE)
        case "construct" if exercise.choose:
            return "\n".join([*(f"{name} = {values[0]}" for name, values in exercise.choose), "schedule ="])
        case "spot":
            return "\n".join(f"{ask.field} =" for ask in exercise.asks)
    return ""


def _answer(exercise: Exercise, *, source: bool) -> str:
    begin = _assignment(exercise, starter(exercise))
    if not source:
        return f"{begin}\n{STUB}"
    solution = next(sample.answer for sample in exercise.samples if sample.verdict == "right")
    return f"{begin}\n### BEGIN SOLUTION\n{_assignment(exercise, solution.strip())}\n### END SOLUTION"


def _assignment(exercise: Exercise, text: str) -> str:
    if "\n" not in text:
        return f'{exercise.variable} = "{text}"'
    text = text.rstrip("\n")
    return f'{exercise.variable} = r"""{text}\n"""'
