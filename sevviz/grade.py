"""`sevviz grade SUBMISSIONS/ -o marks.csv`: the marks of a whole class.

Nothing that students wrote is executed. Every mark is in a journal before the next one; after a crash, or a kill -9,
the same command goes on where it was. Marks depend on nothing but the answers, the exercises and the limits.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import sys
import time
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sevviz
from sevviz.counting import counted
from sevviz.errors import SevvizError
from sevviz.exercises.feedback import write_feedback
from sevviz.exercises.journal import Journal
from sevviz.exercises.mark import Mark, Verdict
from sevviz.exercises.marking import Limits, full_points
from sevviz.exercises.pool import Order, files_of, mark_here_and_now, mark_on_cluster
from sevviz.exercises.reading import exercise_names, folder, load_exercise
from sevviz.exercises.submissions import find_submissions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevviz.exercises.model import Exercise
    from sevviz.exercises.submissions import Submission

__all__ = ["main"]

GOOD, BAD_INPUT, INTERRUPTED = 0, 2, 130
COLUMNS = ("student", "exercise", "verdict", "points", "out_of", "undecided", "states", "message", "file")
BAR = 30  # characters


class Marked(NamedTuple):
    """A submission with its mark."""

    submission: Submission
    mark: Mark


def main(argv: Sequence[str]) -> int:
    """Run `sevviz grade ARGV` and return its exit status: 0 all marked, 2 bad input."""
    try:
        return _grade(_parser().parse_args(argv))
    except (SevvizError, OSError) as error:
        print(f"sevviz grade: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("\nsevviz grade: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    limits = Limits()
    parser = argparse.ArgumentParser(prog="sevviz grade", description="Mark the submissions of a class.")
    parser.add_argument(
        "submissions", metavar="SUBMISSIONS", type=Path, help="a folder with one folder for each student"
    )
    parser.add_argument("-o", "--output", metavar="MARKS.csv", type=Path, default=Path("marks.csv"))
    parser.add_argument("--html", metavar="FOLDER", type=Path, help="write a feedback page for each student")
    parser.add_argument("--exercise", metavar="NAME", action="append", help="only this one; repeat it")
    parser.add_argument("--exercises", metavar="FOLDER", type=Path, help="your own exercises instead of sevviz's")
    parser.add_argument("--processes", metavar="N", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cluster", metavar="ADDRESS", help="mark on the Dask cluster with this scheduler")
    parser.add_argument("--states", metavar="N", type=int, default=limits.states, help="of each search (%(default)s)")
    parser.add_argument("--seconds", metavar="N", type=int, default=limits.seconds, help="for an answer (%(default)s)")
    parser.add_argument("--memory", metavar="MB", type=int, default=limits.megabytes, help="(%(default)s)")
    parser.add_argument("--no-progress", action="store_true", help="no bar, only the last line")
    return parser


def _grade(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    if not options.submissions.is_dir():
        message = f"{options.submissions} is not a folder; give the one that has a folder for each student"
        raise SevvizError(message)
    limits = Limits(options.states, options.seconds, options.memory)
    where = folder(options.exercises)
    exercises = {name: load_exercise(name, where) for name in options.exercise or exercise_names(where)}
    found = find_submissions(options.submissions, exercises.values(), limits.answer_bytes)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with Journal(options.output.with_name(options.output.name + ".journal")) as journal:
        keys = [_key(where / f"{submission.exercise}.toml", submission, limits) for submission in found]
        fresh = _mark_fresh(options, found, keys, journal, limits)
        marked = [_marked(exercises, s, journal.marks.get(key)) for s, key in zip(found, keys, strict=True)]
    _write_csv(options.output, marked)
    pages = write_feedback(options.html, [(m.submission.student, m.mark) for m in marked]) if options.html else 0
    _report(options, marked, fresh, pages, time.monotonic() - begun)
    return GOOD


def _key(exercise: Path, submission: Submission, limits: Limits) -> str:
    """What decides a mark: the engine, the exercise, the limits, the answer. Not the student."""
    parts = (sevviz.__version__, sorted(files_of(exercise).items()), astuple(limits), submission.answer)
    return hashlib.sha256(repr((exercise.name, *parts)).encode()).hexdigest()[:32]


def _mark_fresh(
    options: argparse.Namespace, found: list[Submission], keys: list[str], journal: Journal, limits: Limits
) -> int:
    """Mark what is not in the journal yet; the same answer of two students only once. Returns how many were marked."""
    where, orders = folder(options.exercises), dict[str, Order]()
    for submission, key in zip(found, keys, strict=True):
        if key not in journal.marks and _has_answer(submission):
            orders.setdefault(key, Order(key, where / f"{submission.exercise}.toml", submission.answer))
    waiting = list(orders.values())
    if options.cluster:
        marks = mark_on_cluster(waiting, limits, options.cluster)
    else:
        marks = mark_here_and_now(waiting, limits, max(1, options.processes))
    for order, mark in _with_progress(marks, len(waiting), quiet=options.no_progress):
        journal.add(order.key, mark)
    return len(waiting)


def _has_answer(submission: Submission) -> bool:
    return not submission.problem and bool(submission.answer.strip())


def _with_progress(marks: Iterator[tuple[Order, Mark]], total: int, *, quiet: bool) -> Iterator[tuple[Order, Mark]]:
    """Passes marks on, and draws a bar on standard error."""
    begun, draws = time.monotonic(), not quiet and sys.stderr.isatty()
    for number, pair in enumerate(marks, 1):
        yield pair
        if draws:
            done, rate = BAR * number // total, number / max(1e-9, time.monotonic() - begun)
            bar = "#" * done + "." * (BAR - done)
            print(
                f"\r[{bar}] {number:,} of {total:,} answers, {rate:.1f} a second", end="", file=sys.stderr, flush=True
            )
    if draws and total:
        print(file=sys.stderr)


def _marked(exercises: dict[str, Exercise], submission: Submission, mark: Mark | None) -> Marked:
    if _has_answer(submission):
        assert mark is not None  # everything with an answer is in the journal by now
        return Marked(submission, mark)
    exercise = exercises[submission.exercise]
    text = submission.problem or "There is no answer."
    verdict: Verdict = "unreadable" if submission.problem else "unanswered"
    return Marked(submission, Mark(exercise.name, exercise.title, verdict, 0, full_points(exercise), text))


def _write_csv(path: Path, marked: list[Marked]) -> None:
    """Replace the table in one step: whoever reads it sees the old one or the new one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for submission, mark in marked:
        message = mark.message.split("\n")[0]
        row = (submission.student, mark.exercise, mark.verdict, mark.points, mark.out_of, mark.undecided, mark.states)
        writer.writerow([_harmless(str(value)) for value in (*row, message, submission.file)])
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(out.getvalue(), encoding="utf-8", errors="replace")
    fresh.replace(path)


def _harmless(text: str) -> str:
    """A spreadsheet takes a cell that begins with = + - or @ for a formula; a student's folder may be called so."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _report(options: argparse.Namespace, marked: list[Marked], fresh: int, pages: int, seconds: float) -> None:
    students = len({entry.submission.student for entry in marked})
    rate = f"{students / max(seconds, 1e-9):.1f} submissions a second"
    handed_in = f"{counted(students, 'submission')} with {counted(len(marked), 'answer')}"
    told = f"{handed_in}: {fresh:,} marked now, {rate}, in {seconds:.1f} s"
    written = f", {counted(pages, 'page')} in {options.html}" if pages else ""
    print(f"{told}\n{options.output}{written}")
    undecided = sum(entry.mark.verdict == "undecided" for entry in marked)
    if undecided:
        print(f"undecided, so that somebody has to look: {counted(undecided, 'answer')}")
