"""JupyterLab for tests: a server with nothing of this user's settings, notebooks, and a page whose kernel is ready."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sevviz
from browser.chromium import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page

__all__ = ["jupyter_lab", "open_notebook", "write_notebook"]

STOP = 10  # seconds that JupyterLab may take to end
TOKEN = "a-token-for-tests"  # noqa: S105 - of a server that lives for these tests
START = 60  # seconds that JupyterLab may take to answer
ROOT = Path(sevviz.__file__).parents[1]


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """A notebook of code cells."""
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"cell-{n}", "execution_count": None, "metadata": {}, "outputs": [], "source": code}
        for n, code in enumerate(sources, 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    path.write_text(json.dumps(notebook), encoding="utf-8")


@contextmanager
def jupyter_lab(home: Path) -> Iterator[str]:
    """The address of a JupyterLab that shows a folder, and keeps its settings there too."""
    news = home / "labconfig"
    news.mkdir()
    quiet = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}
    (news / "default_setting_overrides.json").write_text(json.dumps(quiet), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(home / "ipython"), "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"), "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        f"--ServerApp.root_dir={home}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0",
    ]  # fmt: skip
    with (home / "log").open("w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, home / "log")
        yield address
        server.terminate()
        try:
            server.wait(timeout=STOP)
        except subprocess.TimeoutExpired:  # a kernel that is still starting can hold it up; kernels follow their parent
            server.kill()


def _wait_for(address: str, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer within {START} s:\n{log.read_text(encoding='utf-8')}")


def open_notebook(browser: Browser, address: str, name: str, *, fragment: str = "") -> Page:
    """A page with a notebook whose kernel is ready: a cell that is run before that is run for nothing."""
    context = browser.new_context(
        viewport={"width": 1400, "height": 1000}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    # A workspace of its own: JupyterLab would open again what other tests have opened.
    page.goto(f"{address}/lab/workspaces/{Path(name).stem}/tree/{name}?token={TOKEN}{fragment}")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()
    return page
