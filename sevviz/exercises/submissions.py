"""The answers of a class: one folder (or notebook) for each student, read and never executed.

In a student's folder, at any depth: `NAME.c` or `NAME.txt` with the answer to the exercise NAME, and notebooks in which
`answer_NAME = "..."` is assigned. A file of its own comes before a notebook; later paths come before earlier ones.
"""

from __future__ import annotations

import ast
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevviz.exercises.model import Exercise

__all__ = ["Submission", "answers_of_notebook", "find_submissions"]

MOST_BYTES = 5_000_000  # of a notebook
MOST_CELL = 200_000  # characters of a cell that is looked at


@dataclass(frozen=True, slots=True)
class Submission:
    """What a student handed in for one exercise. `problem` says why the answer could not be read, if so."""

    student: str
    exercise: str
    answer: str = ""
    file: str = ""  # relative to the folder of submissions
    problem: str = ""


def find_submissions(root: Path, exercises: Iterable[Exercise], most: int = MOST_BYTES) -> list[Submission]:
    """One entry for each student and exercise, sorted; of an answer's file up to `most` bytes are read."""
    chosen = list(exercises)
    found: list[Submission] = []
    for student, files in sorted(_students(root).items()):
        found += _answers(root, student, files, chosen, most)
    return found


def _students(root: Path) -> dict[str, list[Path]]:
    """The regular files of each student. Links are not followed: they could lead anywhere."""
    students: dict[str, list[Path]] = {}
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        here = Path(folder)
        if here.parent == root:
            students.setdefault(here.name, [])
        for name in sorted(files):
            path = here / name
            if path.is_symlink() or not path.is_file():
                continue
            if here != root:
                students.setdefault(path.relative_to(root).parts[0], []).append(path)
            elif path.suffix == ".ipynb":
                students.setdefault(path.stem, []).append(path)
    return students


def _answers(root: Path, student: str, files: list[Path], exercises: list[Exercise], most: int) -> Iterator[Submission]:
    variables = {exercise.variable: exercise.name for exercise in exercises}
    found: dict[str, Submission] = {}
    for path in [p for p in files if p.suffix == ".ipynb"]:
        where = str(path.relative_to(root))
        answers, problem = answers_of_notebook(path, list(variables))
        for variable, name in variables.items():
            if variable in answers:
                found[name] = Submission(student, name, answers[variable], where)
            elif problem and name not in found:
                found[name] = Submission(student, name, "", where, problem)
    for path in [p for p in files if p.suffix in (".c", ".txt") and f"answer_{p.stem}" in variables]:
        with path.open("rb") as file:
            data = file.read(most + 1)
        answer = data.decode("utf-8", "surrogateescape")  # what is wrong with it is said when it is marked
        found[path.stem] = Submission(student, path.stem, answer, str(path.relative_to(root)))
    for exercise in exercises:
        yield found.get(exercise.name, Submission(student, exercise.name))


def answers_of_notebook(path: Path, variables: list[str]) -> tuple[dict[str, str], str]:
    """The texts assigned to variables in the cells of a notebook, by reading alone; and what could not be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}, f"{path.name} has more than {MOST_BYTES:,} bytes"
        cells = json.loads(path.read_bytes()).get("cells", [])
        sources = ["".join(cell.get("source", "")) for cell in cells if cell.get("cell_type") == "code"]
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
        return {}, f"{path.name} is not a notebook that can be read ({type(error).__name__})"
    found: dict[str, str] = {}
    problem = ""
    for source in sources:
        if any(variable in source for variable in variables):
            try:
                found |= {n: text for n, text in _assigned(source) if n in variables}
            except (SyntaxError, ValueError, MemoryError, RecursionError):
                problem = f"a cell of {path.name} with an answer in it is not Python that can be read"
    return found, problem


def _assigned(source: str) -> Iterator[tuple[str, str]]:
    """Names that are given a literal text at the top level of a cell."""
    if len(source) > MOST_CELL:
        message = "too long"
        raise ValueError(message)
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))
