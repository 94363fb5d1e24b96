"""`sevviz exercises list | lint | check | notebooks`: for authors and teachers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sevviz.counting import counted
from sevviz.errors import SevvizError
from sevviz.exercises import check
from sevviz.exercises.lint import lint
from sevviz.exercises.notebooks import NBGRADER_CONFIG, notebook_texts
from sevviz.exercises.reading import exercise_names, folder, load_exercise
from sevviz.results import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

GOOD, FOUND, BAD_INPUT = 0, 1, 2


def main(argv: Sequence[str]) -> int:
    """Run `sevviz exercises ARGV` and return its exit status: 0 all well, 1 problems or a wrong answer, 2 bad input."""
    try:
        options = _parser().parse_args(argv)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except (SevvizError, OSError) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sevviz exercises", description="Exercises that grade themselves.")
    parser.add_argument("--exercises", metavar="FOLDER", type=Path, help="your own exercises instead of sevviz's")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="list the exercises")
    listing.set_defaults(run=_list)
    linting = commands.add_parser("lint", help="prove that exercises are fit for students")
    linting.add_argument("names", metavar="NAME", nargs="*", help="an exercise, or the path of its .toml file")
    linting.set_defaults(run=_lint)
    marking = commands.add_parser("check", help="mark one answer")
    marking.add_argument("name", metavar="NAME")
    marking.add_argument("answer", metavar="FILE", help="a file with the answer, - for standard input")
    marking.add_argument("--json", action="store_true", help="print one JSON object")
    marking.set_defaults(run=_check)
    making = commands.add_parser("notebooks", help="write the exercises as notebooks")
    making.add_argument("-o", "--output", metavar="FOLDER", type=Path, default=Path("notebooks/exercises"))
    making.add_argument("--source", action="store_true", help="the teacher's, with solutions, for nbgrader")
    making.add_argument("--compare", action="store_true", help="write nothing; tell what would change")
    making.set_defaults(run=_notebooks)
    return parser


def _list(options: argparse.Namespace) -> int:
    for name in exercise_names(options.exercises):
        exercise = load_exercise(name, options.exercises)
        print(f"{name:26} {exercise.minutes:3} min  {exercise.goal}")
    return GOOD


def _lint(options: argparse.Namespace) -> int:
    names = options.names or exercise_names(options.exercises)
    where = folder(options.exercises)
    problems = []
    for name in names:
        problems += lint(Path(name) if name.endswith(".toml") else where / f"{name}.toml")
    print("\n".join(problems) or f"{counted(len(names), 'exercise')}, no problems")
    return FOUND if problems else GOOD


def _check(options: argparse.Namespace) -> int:
    data = sys.stdin.buffer.read() if options.answer == "-" else Path(options.answer).read_bytes()
    mark = check(options.name, data.decode("utf-8", "replace"), where=options.exercises)
    print_json(mark.to_json()) if options.json else print(mark)
    return GOOD if mark.right else FOUND


def _notebooks(options: argparse.Namespace) -> int:
    texts = notebook_texts(options.exercises, source=options.source)
    if options.source:
        texts["../../nbgrader_config.py"] = NBGRADER_CONFIG
    changed = [name for name, text in texts.items() if not _same(options.output / name, text)]
    if options.compare:
        print("\n".join(f"{name} would change" for name in changed) or "up to date")
        return FOUND if changed else GOOD
    options.output.mkdir(parents=True, exist_ok=True)
    for name in changed:
        (options.output / name).write_text(texts[name], encoding="utf-8")
    print(f"{options.output}: {len(changed)} of {len(texts)} files written")
    return GOOD


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
