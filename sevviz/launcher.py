"""Starts JupyterLab on the first notebook and prints its true address to standard output."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sevviz.checkout import say

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
WORKING_COPY = "sevviz-notebooks"
PACKAGE = Path(__file__).resolve().parent


def start_lab(argv: Sequence[str]) -> int:
    """Run JupyterLab until it is stopped and return the exit status 0.

    The address that is printed has the port really bound: JupyterLab tries the next ones where its own is taken.

    Args:
        argv: Options of JupyterLab, handed on as they are; `--no-browser` is one.
    """
    os.environ["JUPYTER_CONFIG_PATH"] = config_path(os.environ.get("JUPYTER_CONFIG_PATH"))
    # Imported late: the rest of the command line does not pay for it.
    from jupyterlab.labapp import LabApp

    server = LabApp.initialize_server(argv=lab_options(notebook_folder(), argv))
    # Not printed at once: JupyterLab listens only when its loop runs, and who reads the address may use it at once.
    server.io_loop.add_callback(lambda: print(server.public_url, flush=True))
    server.start()
    return 0


def config_path(given: str | None) -> str:
    """Where Jupyter looks for settings: ours (no pop-up about news on the first screen) after the reader's own."""
    ours = str(PACKAGE / "jupyter")
    return os.pathsep.join([given, ours]) if given else ours


def lab_options(folder: Path, argv: Sequence[str]) -> list[str]:
    """JupyterLab's options: ours first, so that what was typed has the last word."""
    options = [f"--ServerApp.root_dir={folder}"]
    if (folder / FIRST_NOTEBOOK).is_file():
        options.append(f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}")
    if os.geteuid() == 0 and "--allow-root" not in argv:
        say("you are root, whom JupyterLab refuses by default: starting it with --allow-root")
        options.append("--allow-root")
    return [*options, *argv]


def notebook_folder() -> Path:
    """The folder that JupyterLab shows: the checkout, or else a working copy of the notebooks that were installed.

    A file that is already in the working copy is left alone: it may hold the reader's own work.
    """
    installed = PACKAGE / "_data" / "notebooks"
    if not installed.is_dir():
        return PACKAGE.parent
    copy = Path.cwd() / WORKING_COPY
    for source in sorted(path for path in installed.rglob("*") if path.is_file()):
        target = copy / "notebooks" / source.relative_to(installed)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    say(f"the notebooks are in {copy}; what you change there is yours")
    return copy
