"""Runs the command line where its dependencies are: here, or in a `.venv` that is set up first.

Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sevviz.checkout import Checkout, Level, SetupError, find_checkout, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Import names of the direct dependencies in pyproject.toml (a test compares the two); graphviz-pure has none, being a
# program alone.
APP_MODULES = (
    "tree_sitter",
    "tree_sitter_c",
    "jupyterlab",
    "ipywidgets",
    "anywidget",
    "matplotlib",
    "graphviz",
    "nbconvert",
    "nbclient",
    "nbformat",
    "bs4",
    "IPython",
    "traitlets",
)
TEST_MODULES = ("pytest", "xdist", "hypothesis", "playwright", "ruff", "mypy", "importlinter", "rattler", "hatchling")


def missing_modules(level: Level) -> list[str]:
    """The import names that this Python does not have of those that the level needs."""
    names = APP_MODULES if level == "app" else APP_MODULES + TEST_MODULES
    return [name for name in names if find_spec(name) is None]


def run(argv: Sequence[str]) -> int:
    """Run the command line where its dependencies are: here, or in the `.venv` of the checkout, set up if need be.

    Returns:
        The exit status: of the command, 1 when set-up failed, 130 when it was interrupted.
    """
    level: Level = "test" if list(argv[:1]) == ["test"] else "app"
    if list(argv) in (["-h"], ["--help"], ["--version"]):
        return _command_line(argv)  # needs no dependency
    checkout = find_checkout()
    inside = checkout is not None and Path(sys.prefix) == checkout.venv
    if checkout is None or (not inside and not missing_modules(level)):
        return _command_line(argv)
    try:
        changed = ensure(checkout, level)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("set-up interrupted; the same command starts it again")
        return 128 + signal.SIGINT
    if inside and not changed:
        return _command_line(argv)
    return _hand_over(checkout, argv)


def ensure(checkout: Checkout, level: Level) -> bool:
    """Make the `.venv` of a checkout fit for a level, waiting for another set-up of the same checkout if there is one.

    Returns:
        Whether anything had to be done.

    Raises:
        SetupError: It could not be done.
    """
    if checkout.ready(level):
        return False
    # Imported late: a warm start does not pay for it.
    from sevviz.install import set_up

    with _locked(checkout.root) as lock:
        if checkout.ready(level):
            return False
        set_up(checkout, level, lock)
    return True


def _command_line(argv: Sequence[str]) -> int:
    from sevviz.cli import main

    return main(list(argv))


def _hand_over(checkout: Checkout, argv: Sequence[str]) -> NoReturn:
    python = str(checkout.python)
    if sys.stdout is not None:  # it is None where standard output is closed
        sys.stdout.flush()
    os.execv(python, [python, "-m", "sevviz", *argv])  # noqa: S606 - our own Python, no shell


@contextmanager
def _locked(root: Path) -> Iterator[int]:
    """Keep other set-ups of the same checkout out; yields the descriptor that carries the lock."""
    try:
        import fcntl
    except ImportError as error:
        message = "set-up by one command needs Linux or macOS; here: make an environment and `pip install -e .` in it"
        raise SetupError(message) from error
    try:
        descriptor = os.open(root / ".venv.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        message = f"cannot write in {root} ({error.strerror}); use a copy of the checkout that you may write in"
        raise SetupError(message) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is under way; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
