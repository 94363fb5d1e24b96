"""Runs every check of a checkout: `sevviz test`. The static checks come first, pytest last."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING

from sevviz.checkout import say
from sevviz.needs import NEEDS, Need, provide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
# What Python is given for each check. (import-linter has no module to run with -m.)
STATIC_CHECKS = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "mypy": ("-m", "mypy"),
    "import-linter": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One finished check: its name, whether it passed, and how long it took or why it did not run."""

    name: str
    passed: bool
    note: str

    def __str__(self) -> str:
        return f"{self.name:<14} {'passed' if self.passed else 'FAILED'}  {self.note}"


def run_tests(argv: Sequence[str], root: Path = ROOT) -> int:
    """Run all checks and return 0 if each passed, 1 if one failed, 2 without tests, 130 if interrupted.

    Args:
        argv: `--no-browser-tests` and its like, and after `--` what pytest is to be given.
        root: The checkout.
    """
    left_out, pytest_options = parse(argv)
    if not (root / "tests").is_dir():
        say("the tests are in the checkout, not in the installed package")
        return 2
    try:
        return 0 if _run_all(root, left_out, pytest_options) else 1
    except KeyboardInterrupt:
        say("interrupted")
        return 128 + signal.SIGINT


def _run_all(root: Path, left_out: set[str], pytest_options: Sequence[str]) -> bool:
    stages = [static_check(root, name, command) for name, command in STATIC_CHECKS.items()]
    missing = [need for need in NEEDS if need.marker in left_out or not provide(need)]
    for need in missing:
        _name_tests(root, need)
        stages.append(Stage(f"{need.marker} tests", need.marker in left_out, "not run"))
    return _pytest(root, _pytest_command(pytest_options, missing), stages)


def parse(argv: Sequence[str]) -> tuple[set[str], list[str]]:
    """Split the command line into the markers whose tests are left out and, after `--`, pytest's options."""
    parser = argparse.ArgumentParser(prog="sevviz test", description="Run every check of this checkout.")
    for need in NEEDS:
        what = f"leave out the tests that need {need.packages[0]}"
        parser.add_argument(need.option, action="append_const", dest="left_out", const=need.marker, help=what)
    parser.add_argument("pytest", nargs="*", metavar="-- PYTEST-OPTION", help="handed on to pytest")
    words = list(argv)
    cut = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:cut])
    return set(options.left_out or ()), [*options.pytest, *words[cut + 1 :]]


def static_check(root: Path, name: str, command: Sequence[str]) -> Stage:
    """Run one static check in a checkout."""
    return _timed(name, lambda: _python(root, command).returncode == 0)


def _timed(name: str, check: Callable[[], bool]) -> Stage:
    print(f"--- {name}", flush=True)
    start = time.monotonic()
    passed = check()
    return Stage(name, passed, f"{time.monotonic() - start:.1f} s")


def _python(root: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, *arguments], cwd=root, stdin=DEVNULL, check=False)


def _name_tests(root: Path, need: Need) -> None:
    """Say which tests are left out: a gap has to be seen."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", need.marker]
    found = subprocess.run(command, cwd=root, stdin=DEVNULL, capture_output=True, text=True, check=False)
    names = [line for line in found.stdout.splitlines() if "::" in line]
    say("\n  ".join([f"these {need.marker} tests are not run:", *names]))


def _pytest_command(extra: Sequence[str], missing: Sequence[Need]) -> list[str]:
    # "loadgroup": tests that share a resource (the browser) stay in one worker and take turns.
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *extra]
    if sys.stdout.isatty():
        command.append("--color=yes")
    return [*command, "-m", " and ".join(f"not {need.marker}" for need in missing)] if missing else command


def _pytest(root: Path, command: Sequence[str], stages: list[Stage]) -> bool:
    """Run pytest, then print the result of every stage; pytest's closing line is kept for the very end."""
    closing = ""

    def stream() -> bool:
        nonlocal closing
        with subprocess.Popen(command, cwd=root, stdin=DEVNULL, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                print(closing, end="", flush=True)
                closing = line
        return process.returncode == 0

    stages = [*stages, _timed("pytest", stream)]
    print("---", *stages, closing.rstrip("\n"), sep="\n", flush=True)
    return all(stage.passed for stage in stages)
