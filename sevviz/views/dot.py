"""Graphviz, whichever there is: the one that pip installed, then `dot` on PATH, then none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

__all__ = ["render_dot"]

Engine = Literal["dot", "circo", "neato"]

TIMEOUT = 30  # seconds


def render_dot(source: str, engine: Engine = "dot") -> str | None:
    """The SVG that Graphviz draws from DOT text; None where no Graphviz works, so that callers fall back to text."""
    for command in _commands():
        try:
            done = subprocess.run(
                [command, f"-K{engine}", "-Tsvg"],
                input=source, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT, check=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            continue
        return done.stdout[done.stdout.index("<svg") :]
    return None


def _commands() -> list[str]:
    """Graphviz executables to try: beside this Python first, since PATH need not have its scripts."""
    beside = Path(sys.executable).parent / "graphviz-pure"
    found = [str(beside) if beside.exists() else shutil.which("graphviz-pure"), shutil.which("dot")]
    return [command for command in found if command]
