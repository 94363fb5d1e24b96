"""A whole class: every wrong kind of submission, crashes in the middle, and a cluster."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from sevviz.exercises import Mark, exercise_names, load_exercise
from sevviz.exercises.feedback import page_name
from sevviz.exercises.journal import Journal
from sevviz.exercises.mark import Verdict
from sevviz.exercises.marking import mark_here
from sevviz.exercises.notebooks import notebook
from sevviz.exercises.submissions import find_submissions
from sevviz.grade import main

STUDENTS = 200
COMMAND = [sys.executable, "-c", "import sys; from sevviz.grade import main; sys.exit(main(sys.argv[1:]))"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
HEADER = "/*\n * title: An answer\n * source: a test\n * entry: migrate\n */\n"
COUNTS_ON = f"""{HEADER}static int migrate(struct kvm *dst, struct kvm *src)
{{
	int i = 0;

	while (i >= 0)
		WRITE_ONCE(dst->seen, i++);
	return 0;
}}
"""
HOSTILE = {
    "counts-on": COUNTS_ON,
    "loops": f"{HEADER}static int migrate(struct kvm *dst, struct kvm *src)\n{{\n\tfor (;;)\n\t\tcpu_relax();\n}}\n",
    "ten-megabytes": "x" * 10_000_000,
    "binary": "\0\1\2" * 1000,
    "nested": COUNTS_ON.replace("i >= 0", f"{'(' * 9000}1{')' * 9000}"),
}
HOSTILE_VERDICTS = {
    "counts-on": "undecided", "loops": "endless", "ten-megabytes": "too large", "binary": "unreadable",
    "nested": "unreadable",
}  # fmt: skip


class Class(NamedTuple):
    """A folder of submissions, and the verdict that each answer deserves."""

    folder: Path
    expected: dict[tuple[str, str], str]


def assignment(exercise: str, answer: str, was_run: Path) -> dict[str, object]:
    """A notebook that gives an answer, with a cell that must never be run."""
    source = f"answer_{exercise} = {answer!r}\n"
    raising = f"raise SystemExit(open({str(was_run)!r}, 'w'))\n"
    return {"cells": [{"cell_type": "code", "source": [source]}, {"cell_type": "code", "source": raising}]}


def hand_in(folder: Path, student: str, exercise: str, answer: str, *, as_notebook: bool) -> None:
    path = folder / student / "classroom"
    path.mkdir(parents=True, exist_ok=True)
    if as_notebook:
        (path / f"{exercise}.ipynb").write_text(json.dumps(assignment(exercise, answer, folder.parent / "was-run")))
    else:
        suffix = ".c" if exercise.startswith("repair") else ".txt"
        (path / f"{exercise}{suffix}").write_text(answer, errors="surrogateescape")


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """Two hundred students with three answers each: every sample of every exercise, and every kind of harm."""
    folder = tmp_path_factory.mktemp("class") / "submissions"
    expected: dict[tuple[str, str], str] = {}
    samples = [(load_exercise(name), sample) for name in exercise_names() for sample in load_exercise(name).samples]
    for number in range(STUDENTS - len(HOSTILE) - 3):
        student = f"student-{number:03}"
        (folder / student).mkdir(parents=True)
        for exercise, sample in (samples[(4 * number + i) % len(samples)] for i in range(3)):
            if (student, exercise.name) in expected:
                continue
            # Two students never hand in the same C: what is measured is marking, not remembering.
            answer = sample.answer + (f"\n/* {student} */\n" if exercise.kind == "repair" else "")
            hand_in(folder, student, exercise.name, answer, as_notebook=bool(number % 2))
            expected[student, exercise.name] = sample.verdict
    for student, answer in HOSTILE.items():
        hand_in(folder, student, "repair_v4", answer, as_notebook=False)
        expected[student, "repair_v4"] = HOSTILE_VERDICTS[student]
    odd = "=HYPERLINK(1) a b"
    hand_in(folder, odd, "predict_free_mutex", "a d", as_notebook=False)
    expected[odd, "predict_free_mutex"] = "right"
    (folder / "handed-in-nothing").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "repair.ipynb").write_text('{"cells": [')
    expected["broken", "repair_v4"] = "unreadable"
    (folder / "broken" / "predict_free_mutex.txt").symlink_to("/dev/zero")
    return Class(folder, expected)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_two_hundred_submissions_are_graded_each_as_it_deserves(
    everybody: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks.csv"
    begun = time.monotonic()
    assert (
        main([str(everybody.folder), "-o", str(marks), "--html", str(tmp_path / "feedback"), "--states", "12000"]) == 0
    )
    seconds = time.monotonic() - begun
    told = capsys.readouterr().out
    with capsys.disabled():
        sys.stdout.write(f"\n{STUDENTS / seconds:.1f} submissions a second: {told.splitlines()[0]}\n")
    rows = rows_of(marks)
    assert len({row["student"] for row in rows}) == STUDENTS
    assert len(rows) == STUDENTS * len(exercise_names())
    found = {(row["student"].removeprefix("'"), row["exercise"]): row["verdict"] for row in rows}
    assert {key: found[key] for key in everybody.expected} == everybody.expected
    rest = Counter(verdict for key, verdict in found.items() if key not in everybody.expected and key[0] != "broken")
    assert set(rest) == {"unanswered"}
    assert set(found.values()) == set(get_args(Verdict)), "every verdict there is was given"
    assert not (everybody.folder.parent / "was-run").exists(), "no submitted notebook was run"
    assert len(list((tmp_path / "feedback").glob("*.html"))) == STUDENTS + 1

    # Once more: nothing is left to do, and the table is the same to the byte.
    first = marks.read_bytes()
    assert main([str(everybody.folder), "-o", str(marks), "--states", "12000"]) == 0
    assert " 0 marked now" in capsys.readouterr().out
    assert marks.read_bytes() == first


@pytest.fixture
def few(everybody: Class, tmp_path: Path) -> Path:
    """Twenty students of the class."""
    folder = tmp_path / "few"
    for number in range(20):
        shutil.copytree(everybody.folder / f"student-{number:03}", folder / f"student-{number:03}")
    return folder


def test_the_same_input_gives_the_same_marks_with_any_number_of_processes(few: Path, tmp_path: Path) -> None:
    tables = []
    for processes in ("1", "3"):
        marks = tmp_path / f"marks-{processes}.csv"
        assert main([str(few), "-o", str(marks), "--processes", processes]) == 0
        tables.append(marks.read_bytes())
    assert tables[0] == tables[1]


def test_after_kill_9_no_mark_is_lost_and_a_restart_goes_on(few: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.csv"
    assert main([str(few), "-o", str(whole)]) == 0
    marks, journal = tmp_path / "marks.csv", tmp_path / "marks.csv.journal"
    kept = 0
    for _ in range(3):
        with subprocess.Popen(
            [*COMMAND, str(few), "-o", str(marks), "--processes", "1"], env=ENVIRONMENT, stdout=subprocess.DEVNULL
        ) as grading:
            until = time.monotonic() + 60
            while lines(journal) < kept + 5 and grading.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(grading.pid, signal.SIGKILL)
        assert lines(journal) >= kept
        kept = lines(journal)
        with journal.open("ab") as file:
            file.write(b'{"key": "cut sho')  # what a crash in the middle of a write leaves
    assert kept >= 5
    before = journal.read_bytes().splitlines()[:kept]
    assert main([str(few), "-o", str(marks)]) == 0
    assert journal.read_bytes().splitlines()[:kept] == before, "what was marked was not marked again"
    assert marks.read_bytes() == whole.read_bytes()


def lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_a_changed_answer_is_marked_again_and_nothing_else(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks.csv"
    assert main([str(few), "-o", str(marks)]) == 0
    capsys.readouterr()
    hand_in(few, "student-003", "predict_free_mutex", "a e", as_notebook=False)
    assert main([str(few), "-o", str(marks)]) == 0
    assert " 1 marked now" in capsys.readouterr().out
    row = next(r for r in rows_of(marks) if (r["student"], r["exercise"]) == ("student-003", "predict_free_mutex"))
    assert row["verdict"] == "too narrow"


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.mark.slow
def test_a_dask_cluster_of_processes_gives_the_same_marks(few: Path, tmp_path: Path) -> None:
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    with subprocess.Popen(
        [sys.executable, str(script)], env=ENVIRONMENT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        done = subprocess.run(
            [*COMMAND, str(few), "-o", str(there), "--cluster", address],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert cluster.stdin is not None
        cluster.stdin.close()
    assert done.returncode == 0, done.stderr
    assert " 0 marked now" not in done.stdout
    assert main([str(few), "-o", str(here)]) == 0
    assert there.read_bytes() == here.read_bytes()


def test_a_cluster_that_is_not_there_is_said_so(few: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(few), "-o", str(tmp_path / "marks.csv"), "--cluster", "not an address"],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no Dask scheduler answers at not an address" in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_input_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "is not a folder; give the one that has a folder for each student" in capsys.readouterr().err
    (tmp_path / "class").mkdir()
    assert main([str(tmp_path / "class"), "--exercise", "repair_v44"]) == 2
    assert "repair_v4" in capsys.readouterr().err


def test_an_empty_class_gives_a_table_with_a_head(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    assert main([str(tmp_path / "class"), "-o", str(tmp_path / "new" / "marks.csv")]) == 0
    assert (tmp_path / "new" / "marks.csv").read_text().startswith("student,exercise,verdict")


# Reading submissions.


def test_answers_are_read_from_notebooks_without_running_them(tmp_path: Path) -> None:
    exercise = load_exercise("repair_v4")
    source = json.loads(notebook([exercise], "repair", source=True))
    (tmp_path / "ada.ipynb").write_text(json.dumps(source))
    found = find_submissions(tmp_path, [exercise])
    right = next(sample.answer for sample in exercise.samples if sample.verdict == "right")
    assert [(s.student, s.answer.strip()) for s in found] == [("ada", right.strip())]
    assert mark_here(exercise, found[0].answer).right


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("answer_repair_v4 = (", "not Python that can be read"),
        ("answer_repair_v4 = " + "(" * 5000, "not Python that can be read"),
        ("answer_repair_v4 = '" + "x" * 300_000 + "'", "not Python that can be read"),
        ("answer_repair_v4 = input()", ""),
        ("answer_repair_v4 = f'{1}'", ""),
    ],
)
def test_cells_that_cannot_be_read_are_a_problem_and_not_a_crash(tmp_path: Path, cell: str, problem: str) -> None:
    (tmp_path / "ada.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": cell}]}))
    found = find_submissions(tmp_path, [load_exercise("repair_v4")])
    assert found[0].answer == ""
    assert problem in found[0].problem
    assert bool(problem) == bool(found[0].problem)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"cells": 3}', '{"cells": [1]}', "[" * 100_000, "\udcff"])
def test_files_that_are_no_notebooks_are_a_problem_and_not_a_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "ada.ipynb").write_text(text, errors="surrogateescape")
    assert find_submissions(tmp_path, [load_exercise("repair_v4")])[0].problem


def test_a_file_of_its_own_comes_before_a_notebook(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", "repair_v4", "in a notebook", as_notebook=True)
    hand_in(tmp_path, "ada", "repair_v4", "in a file", as_notebook=False)
    assert find_submissions(tmp_path, [load_exercise("repair_v4")])[0].answer == "in a file"


def test_feedback_pages_are_harmless_and_named_safely(tmp_path: Path) -> None:
    student = "../<script>alert(1)</script>"
    assert "/" not in page_name(student)
    assert page_name("a/b") != page_name("a_b") != page_name("a b")
    assert page_name("index") != "index.html"
    folder = tmp_path / "class"
    hand_in(folder, "<img src=x onerror=alert(1)>", "repair_v4", "<script>alert(1)</script>", as_notebook=False)
    assert main([str(folder), "-o", str(tmp_path / "marks.csv"), "--html", str(tmp_path / "html")]) == 0
    for page in (tmp_path / "html").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "<img" not in text
        assert "http" not in text


def test_a_journal_keeps_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    mark = Mark("e", "E", "right", 1, 1, "ok")
    with Journal(path) as journal:
        journal.add("one", mark)
        journal.add("two", mark)
    path.write_bytes(path.read_bytes()[:-5])
    with Journal(path) as journal:
        assert list(journal.marks) == ["one"]
        journal.add("two", mark)
    with Journal(path) as journal:
        assert journal.marks == {"one": mark, "two": mark}
