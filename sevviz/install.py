"""The slow half of set-up: makes the `.venv` of a checkout with whatever this machine has, and fills it with the pins.

Every command runs in a session of its own, so Ctrl-C reaches this process alone, which then ends the command. The
command also inherits the lock: should this process be killed outright, the next set-up waits for what it left running.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sevviz.checkout import UNFINISHED, Checkout, Level, SetupError, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

TAIL_LINES = 12  # of a failed command's output
GRACE_SECONDS = 5  # between asking a command to end and ending it
# Runs virtualenv from the folder that is the first argument.
RUN_VIRTUALENV = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('virtualenv', None, '__main__')"
)
# What pip would compile in advance, Python compiles when it is first imported: a third of the time.
PIP_INSTALL = ("-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")


@dataclass(frozen=True, slots=True)
class Tool:
    """One way to make a virtual environment and to fill it."""

    name: str
    create: tuple[tuple[str, ...], ...]
    install: tuple[str, ...]


class CommandError(Exception):
    """A command failed; the message is the end of what it printed."""


def set_up(checkout: Checkout, level: Level, lock: int) -> None:
    """Bring the `.venv` to a level: add to a sound one, make any other anew; the record is written last.

    Raises:
        SetupError: No way to do it worked.
    """
    with _sigterm_unwinds(), tempfile.TemporaryDirectory(prefix="sevviz-") as scratch:
        runner = Runner(checkout.root, lock)
        try:
            if not _update(checkout, level, runner):
                _rebuild(checkout, level, runner, Path(scratch))
            checkout.write_record(checkout.wanted(level))
        except OSError as error:
            message = f"cannot write in {checkout.root} ({error.strerror}); is the disk full, or the folder read-only?"
            raise SetupError(message) from error
    say("set-up is done")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs commands in a folder, quietly, holding the lock of the set-up."""

    folder: Path
    lock: int

    def __call__(self, command: Sequence[str]) -> None:
        """Run a command to its end.

        Raises:
            CommandError: It could not be started or its exit status was not 0.
        """
        with tempfile.TemporaryFile() as log:
            try:
                status = self._wait(command, log.fileno())
            except OSError as error:
                raise CommandError(f"{command[0]}: {error.strerror}") from error
            if status != 0:
                log.seek(0)
                lines = log.read().decode(errors="replace").strip().splitlines()
                raise CommandError("\n".join(lines[-TAIL_LINES:]))

    def _wait(self, command: Sequence[str], log: int) -> int:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(self.lock,),
        )
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def available_tools(checkout: Checkout, scratch: Path) -> list[Tool]:
    """The ways to make a virtual environment that this machine has, best first."""
    # Inside a virtual environment this is the Python that made it: the environment may be about to go.
    base = str(getattr(sys, "_base_executable", None) or sys.executable)
    venv = str(checkout.venv)
    tools = []
    if uv := shutil.which("uv"):
        create = (uv, "venv", "--quiet", "--allow-existing", "--python", base, venv)
        tools.append(Tool("uv", (create,), _uv_install(uv, checkout)))
    if _imports(base, "venv, ensurepip"):
        tools.append(Tool("venv and pip", ((base, "-m", "venv", venv),), _pip_install(checkout)))
    elif _imports(base, "pip"):
        # Stock Debian may lack venv and refuses a plain `pip install`, yet lets pip fill a folder.
        pins = str(checkout.root / "requirements.txt")
        fetch = (base, *PIP_INSTALL, "--target", str(scratch), "-c", pins, "virtualenv")
        make = (base, "-c", RUN_VIRTUALENV, str(scratch), "--quiet", venv)
        tools.append(Tool("virtualenv and pip", (fetch, make), _pip_install(checkout)))
    return tools


def _uv_install(uv: str, checkout: Checkout) -> tuple[str, ...]:
    return (uv, "pip", "install", "--quiet", "--python", str(checkout.python))


def _pip_install(checkout: Checkout) -> tuple[str, ...]:
    return (str(checkout.python), *PIP_INSTALL)


def packages(checkout: Checkout, level: Level) -> list[str]:
    """The arguments that tell an installer what a level needs, every version pinned by requirements.txt."""
    pins = str(checkout.root / "requirements.txt")
    if level == "test":
        return ["-r", pins]
    metadata = tomllib.loads((checkout.root / "pyproject.toml").read_text(encoding="utf-8"))
    return ["-c", pins, *metadata["project"]["dependencies"], *metadata["build-system"]["requires"]]


def _update(checkout: Checkout, level: Level, run: Runner) -> bool:
    """Add what a sound `.venv` lacks; False when there is none or it cannot be added to."""
    if not checkout.alive() or not _same_python(checkout):
        return False
    uv = shutil.which("uv")
    if uv is None and not _imports(str(checkout.python), "pip"):
        return False
    say("bringing .venv up to date")
    checkout.write_record(UNFINISHED)
    installer = _uv_install(uv, checkout) if uv else _pip_install(checkout)
    try:
        _fill(checkout, level, Tool("", (), installer), run)
    except CommandError:
        say("that did not work; making .venv anew")
        return False
    return True


def _same_python(checkout: Checkout) -> bool:
    """Whether the `.venv` is finished and of this Python version. One made by hand, without a record, counts."""
    recorded = checkout.recorded()
    return recorded is None or recorded.split()[0] == checkout.wanted("app").split()[0]


def _rebuild(checkout: Checkout, level: Level, run: Runner, scratch: Path) -> None:
    """Make the `.venv` from nothing with the first tool that works."""
    failures: list[str] = []
    for tool in available_tools(checkout, scratch):
        amount = "JupyterLab and the rest" if level == "app" else "JupyterLab, the test tools and the rest"
        say(f"first start: making .venv in the checkout and installing {amount} there, with {tool.name}")
        say("this takes about a minute; nothing outside the checkout is changed")
        _remove(checkout.venv)
        checkout.venv.mkdir()
        checkout.write_record(UNFINISHED)
        try:
            for command in tool.create:
                run(command)
            _fill(checkout, level, tool, run)
        except CommandError as error:
            failures.append(f"{tool.name} failed:\n{error}")
        else:
            return
        say(failures[-1])
    raise SetupError(_advice(failed=bool(failures)))


def _fill(checkout: Checkout, level: Level, tool: Tool, run: Runner) -> None:
    """Install the pins, then the checkout itself as a link, so that its own code is what runs."""
    run((*tool.install, *packages(checkout, level)))
    run((*tool.install, "--no-deps", "--no-build-isolation", "--editable", str(checkout.root)))


def _advice(*, failed: bool) -> str:
    if failed:
        return (
            "set-up failed (above: the last lines of what was tried). If packages could not be fetched, check "
            "the network and pip's settings; if no environment was made, apt-get install python3-venv. Then start again"
        )
    return "this Python has neither venv nor pip, and there is no uv: apt-get install python3-venv, then start again"


def _imports(python: str, modules: str) -> bool:
    """Whether a Python can import modules, named as in an import statement."""
    try:
        done = subprocess.run([python, "-c", f"import {modules}"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and whatever it started; its process group has its number, because it leads a session."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)


@contextlib.contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let a request to end unwind this process too, so that no command is left behind."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
