"""Run SPIN on the Promela model of a program, and read what it says."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from sevviz.model import Program
from sevviz.promela import promela

# tcc makes a verifier of a small model in a twentieth of gcc's time.
COMPILER = "tcc" if shutil.which("tcc") else "gcc"
# A stack of 100,000 steps and a table of 2^18 entries: to clear the usual ones, 180 MB, takes longer than a search.
# Both only bound what is kept at hand: the search is exact with any table, and a stack that is too short is told.
ROOM = ("-m100000", "-w18")


class SpinResult(NamedTuple):
    """The states stored, the result tuples printed, and the depth at which the first error was met (None: no error)."""

    states: int
    outcomes: set[tuple[int, ...]]
    first_error: int | None


def run_spin(program: Program, folder: Path, *, spin: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> SpinResult:
    """Make a verifier in a folder and run it; `flags` are for the C compiler."""
    (folder / "model.pml").write_text(promela(program), encoding="utf-8")
    run(folder, "spin", *spin, "-a", "model.pml")
    run(folder, COMPILER, "-DMEMLIM=1000", *flags, "-o", "pan", "pan.c")
    said = run(folder, "./pan", *ROOM, "-c1" if "-DBFS" in flags else "-c0")
    assert "max search depth too small" not in said, said
    stored = re.search(r"(\d+) states, stored", said)
    assert stored is not None, said
    error = re.search(r"at depth (\d+)", said)
    outcomes = {tuple(map(int, line.split()[1:])) for line in said.splitlines() if line.startswith("outcome ")}
    return SpinResult(int(stored[1]), outcomes, int(error[1]) if error else None)


def run(folder: Path, *command: str) -> str:
    """Run a command in a folder and return what it printed; it must end well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout
