"""The whole way through nbgrader: generate, release, autograde, feedback, CSV; and the same notebooks without it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from budgets import EXERCISES, seconds_of_children

from sevviz.exercises import exercise_names, folder, load_exercise
from sevviz.exercises.commands import main
from sevviz.exercises.marking import full_points
from sevviz.exercises.model import KINDS
from sevviz.exercises.notebooks import NBGRADER_CONFIG, STUB, exercise_cells, notebook, notebook_texts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks" / "exercises"
REPAIR = "repair_self_move"
NAMES = ["predict_free_mutex", REPAIR]
LONGEST_CELL = 70  # lines: a listing of C

Notebook = dict[str, Any]


def answer_of(name: str, verdict: str) -> str:
    return next(sample.answer for sample in load_exercise(name).samples if sample.verdict == verdict)


# Without nbgrader.


def test_the_notebooks_are_what_the_exercise_files_give() -> None:
    texts = notebook_texts()
    assert sorted(texts) == sorted(f"{kind}.ipynb" for kind in KINDS)
    for name, text in texts.items():
        assert (NOTEBOOKS / name).read_text(encoding="utf-8") == text, "run: sevviz exercises notebooks"
    assert main(["notebooks", "--compare", "-o", str(NOTEBOOKS)]) == 0


@pytest.mark.parametrize("source", [False, True])
def test_the_notebooks_are_valid_without_outputs_and_no_cell_is_too_long(*, source: bool) -> None:
    import nbformat

    for text in notebook_texts(source=source).values():
        book = json.loads(text)
        nbformat.validate(book)
        for cell in book["cells"]:
            assert cell.get("outputs", []) == []
            assert source or len(cell["source"]) <= LONGEST_CELL, cell["id"]


def test_each_exercise_has_a_cell_to_answer_in_and_a_locked_one_that_is_worth_its_points() -> None:
    for name in exercise_names():
        exercise = load_exercise(name)
        marks = [c["metadata"]["nbgrader"] for c in exercise_cells(exercise) if "nbgrader" in c["metadata"]]
        assert [(m["grade"], m["solution"], m["locked"]) for m in marks] == [(False, True, False), (True, False, True)]
        assert [m["grade_id"] for m in marks] == [f"{name}_answer", f"{name}_mark"]
        assert marks[1]["points"] == full_points(exercise)


@pytest.mark.parametrize("name", exercise_names())
def test_students_get_no_solution_and_no_hidden_criterion(name: str) -> None:
    exercise = load_exercise(name)
    text = json.dumps(exercise_cells(exercise), ensure_ascii=False)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert not [criterion.name for criterion in exercise.criteria if criterion.hidden and criterion.name in text]


RUN = """
import sys, nbformat, nbclient
book = nbformat.read("run.ipynb", 4)
nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
nbformat.write(book, "run.ipynb")
"""


def run_notebook(text: str, folder: Path) -> Notebook:
    """Execute a notebook in a kernel of its own; fails where a cell raises."""
    path = folder / "run.ipynb"
    path.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return found


def printed(book: Notebook) -> str:
    outputs = [output for cell in book["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs)


@pytest.mark.slow
def test_the_notebooks_run_from_top_to_bottom_and_say_what_is_missing(tmp_path: Path) -> None:
    books = [json.loads((NOTEBOOKS / f"{kind}.ipynb").read_text(encoding="utf-8")) for kind in KINDS]
    for number, book in enumerate(books):  # one kernel for all of them, which saves time
        for cell in book["cells"]:
            cell["id"] = f"{cell['id']}-{number}"
    books[0]["cells"] = [cell for book in books for cell in book["cells"]]
    begin = seconds_of_children()
    told = printed(run_notebook(json.dumps(books[0]), tmp_path))
    assert seconds_of_children() - begin <= EXERCISES
    for exercise in (load_exercise(name) for name in exercise_names()):
        assert f"{exercise.title}: " in told
        assert f"{exercise.title}: right" not in told
    assert "Locked: check an answer of your own first" in told


@pytest.mark.slow
def test_a_failing_schedule_opens_in_a_stepper_and_a_first_try_opens_the_explorer(tmp_path: Path) -> None:
    cells = exercise_cells(load_exercise("construct_nobody_wins"))
    text = notebook([load_exercise("construct_nobody_wins")], "construct")
    assert cells[-1]["source"] == ['explorer("construct_nobody_wins")']
    book = run_notebook(
        text.replace('answer_construct_nobody_wins = \\"\\"', 'answer_construct_nobody_wins = \\"1 2\\"'), tmp_path
    )
    widgets = [
        output for cell in book["cells"] for output in cell.get("outputs", [])
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    ]  # fmt: skip
    assert len(widgets) == 2, printed(book)


# With nbgrader. The course takes a while, so those who look at it share one worker.

Test = TypeVar("Test", bound="Callable[..., None]")


def nbgrader_course(test: Test) -> Test:
    """Mark a test that looks at the course."""
    marked: Test = pytest.mark.slow(pytest.mark.xdist_group("nbgrader")(test))
    return marked


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one assignment, generated, handed out, handed in by five students, graded and exported."""
    course = tmp_path_factory.mktemp("course")
    (course / "nbgrader_config.py").write_text(NBGRADER_CONFIG)
    source = course / "source" / "classroom"
    source.mkdir(parents=True)
    (source / "classroom.ipynb").write_text(notebook([load_exercise(n) for n in NAMES], "repair", source=True))
    nbgrader(course, "generate_assignment", "classroom")
    released = json.loads((course / "release" / "classroom" / "classroom.ipynb").read_text())
    for student, change in STUDENTS.items():
        book = json.loads(json.dumps(released))
        change(
            {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in book["cells"] if "nbgrader" in cell["metadata"]}
        )
        path = course / "submitted" / student / "classroom"
        path.mkdir(parents=True)
        (path / "classroom.ipynb").write_text(json.dumps(book))
    nbgrader(course, "autograde", "classroom")
    nbgrader(course, "generate_feedback", "classroom")
    nbgrader(course, "export", "--to", "grades.csv")
    return course


def nbgrader(course: Path, *arguments: str) -> None:
    # nbgrader calls alembic by its name.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def answers(predicted: str, repaired: str) -> Callable[[dict[str, Notebook]], None]:
    """A student who writes these two answers."""

    def change(cells: dict[str, Notebook]) -> None:
        for name, text in zip(NAMES, (predicted, repaired), strict=True):
            cells[f"{name}_answer"]["source"] = f"answer_{name} = {text!r}"

    return change


def raises(cells: dict[str, Notebook]) -> None:
    """A student whose Python raises where one answer should be, and whose other answer is not C."""
    answers("", answer_of(REPAIR, "right").replace("mutex_unlock", "mutex_unlok"))(cells)
    cells["predict_free_mutex_answer"]["source"] = "raise RuntimeError('no answer')"


def edits_tests(cells: dict[str, Notebook]) -> None:
    """A student with weak answers who replaces the marking cells, and says that they are worth more."""
    answers("a", answer_of(REPAIR, "too weak"))(cells)
    for name in NAMES:
        cells[f"{name}_mark"]["source"] = "1000"
        cells[f"{name}_mark"]["metadata"]["nbgrader"]["points"] = 1000


ENDLESS = answer_of(REPAIR, "right").replace("\tif (dst == src)\n", "\tfor (;;)\n\t\t;\n\tif (dst == src)\n")
STUDENTS: dict[str, Callable[[dict[str, Notebook]], None]] = {
    "good": answers("a d", answer_of(REPAIR, "right")),
    "strong": answers("a d e", answer_of(REPAIR, "too strong")),
    "broken": raises,
    "hostile": answers("a" * 10_000_000, ENDLESS),
    "weak and edits": edits_tests,
}
POINTS = {"good": (5, 12), "strong": (3, 10), "broken": (0, 0), "hostile": (0, 0), "weak and edits": (2, 0)}


@nbgrader_course
def test_what_nbgrader_releases_is_the_students_notebook(course: Path) -> None:
    released = json.loads((course / "release" / "classroom" / "classroom.ipynb").read_text())
    ours = json.loads(notebook([load_exercise(n) for n in NAMES], "repair"))
    assert [text(cell) for cell in released["cells"]] == [text(cell) for cell in ours["cells"]]
    assert STUB in text(released["cells"][4])


def text(cell: Notebook) -> str:
    return "".join(cell["source"]).strip()


@nbgrader_course
def test_good_weak_strong_broken_and_hostile_submissions_get_the_points_that_marking_gives(course: Path) -> None:
    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {student: float(sum(points)) for student, points in POINTS.items()}


@nbgrader_course
@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("weak and edits", "unlock-not-held"),
        ("strong", "no schedule has both inside"),
        ("broken", "mutex_unlok"),
        ("hostile", "never ends"),
        ("hostile", "10,000,000 bytes"),
    ],
)
def test_the_feedback_page_of_nbgrader_has_what_marking_found(course: Path, student: str, words: str) -> None:
    page = (course / "feedback" / student / "classroom" / "classroom.html").read_text(encoding="utf-8")
    assert words in page


def test_the_command_writes_the_teachers_source_and_the_settings(tmp_path: Path) -> None:
    output = tmp_path / "course" / "source" / "classroom"
    assert main(["notebooks", "--source", "-o", str(output)]) == 0
    assert sorted(path.name for path in output.iterdir()) == sorted(f"{kind}.ipynb" for kind in KINDS)
    assert (tmp_path / "course" / "nbgrader_config.py").read_text() == NBGRADER_CONFIG
    assert "BEGIN HIDDEN TESTS" in (output / "repair.ipynb").read_text()
    assert folder().is_dir()
