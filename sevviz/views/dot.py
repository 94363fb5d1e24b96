"""Graphviz, whichever there is: the one that pip installed, then `dot` on PATH, then none.

The engine that comes from pip (the package graphviz-pure) is a program among the scripts of this Python, which need not
be on PATH: a notebook's kernel is often started without its environment being activated. It is run directly; DOT text
in, SVG out, no state anywhere.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Literal

__all__ = ["engines", "render_dot"]

Layout = Literal["dot", "circo", "neato"]

TIMEOUT = 30  # seconds
BUNDLED = "graphviz-pure"


def render_dot(source: str, engine: Layout = "dot") -> str | None:
    """The SVG that Graphviz draws from DOT text; None where no Graphviz works, so that callers fall back to text.

    `engine` is the layout: ranks (dot), a circle (circo), or springs and fixed places (neato).
    """
    for command in engines():
        try:
            done = subprocess.run(
                [command, f"-K{engine}", "-Tsvg"],
                input=source, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT, check=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            continue
        _, tag, drawing = done.stdout.partition("<svg")
        if tag:
            return tag + drawing
    return None


def engines() -> list[str]:
    """The Graphviz programs of this machine, in the order in which they are tried."""
    bundled = _bundled() or shutil.which(BUNDLED)
    return [command for command in (bundled, shutil.which("dot")) if command]


def _bundled() -> str | None:
    """The program that pip installed, wherever this Python keeps its scripts."""
    try:
        listed = files(BUNDLED) or []
    except PackageNotFoundError:
        listed = []
    paths = [Path(str(file.locate())) for file in listed if file.stem == BUNDLED]
    paths += [Path(sys.executable).parent / BUNDLED, Path(sys.executable).parent / f"{BUNDLED}.exe"]
    return next((str(path.resolve()) for path in paths if path.is_file()), None)
