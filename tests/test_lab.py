"""JupyterLab as `sevviz` starts it: the true address, no question about news, root, and the reader's own notebooks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from sevviz import launcher

if TYPE_CHECKING:
    from collections.abc import Iterator

START = "import sys; from sevviz.cli import main; raise SystemExit(main(sys.argv[1:]))"
NOTIFICATIONS = "/lab/api/settings/@jupyterlab/apputils-extension:notification"


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def fetched(address: str) -> bytes:
    with urlopen(address) as answer:  # noqa: S310 - our own server
        body: bytes = answer.read()
        return body


@pytest.mark.slow
def test_the_printed_address_is_the_true_one_beside_a_busy_port(busy_port: int, tmp_path: Path) -> None:
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-c", START, "--no-browser", "--ip=127.0.0.1", f"--port={busy_port}"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **folders},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        parts = urlsplit(address)
        assert parts.port != busy_port
        assert parts.path == "/lab/tree/notebooks/00_start_here.ipynb"
        assert b"JupyterLab" in fetched(address)
        token = parse_qs(parts.query)["token"][0]
        settings = json.loads(fetched(f"http://{parts.netloc}{NOTIFICATIONS}?token={token}"))["schema"]["properties"]
        assert settings["fetchNews"]["default"] == "false"
        assert settings["checkForUpdates"]["default"] is False
    finally:
        process.terminate()
        rest, _ = process.communicate()
    assert rest == ""


def test_root_is_told_that_jupyterlab_is_allowed_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert launcher.lab_options(tmp_path, ["--no-browser"])[-2:] == ["--allow-root", "--no-browser"]
    assert capsys.readouterr().err == (
        "sevviz: you are root, whom JupyterLab refuses by default: starting it with --allow-root\n"
    )


def test_nobody_else_is_allowed_what_root_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--allow-root" not in launcher.lab_options(tmp_path, [])
    assert capsys.readouterr().err == ""


def test_the_reader_s_own_jupyter_settings_come_first() -> None:
    ours = str(Path(launcher.__file__).parent / "jupyter")
    assert launcher.config_path(None) == ours
    assert launcher.config_path("my/jupyter") == f"my/jupyter:{ours}"


def test_a_checkout_shows_its_own_notebooks() -> None:
    assert (launcher.notebook_folder() / launcher.FIRST_NOTEBOOK).is_file()


def test_installed_notebooks_are_copied_and_the_reader_s_work_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = tmp_path / "package" / "_data" / "notebooks"
    (installed / "exercises").mkdir(parents=True)
    for name in ("00_start_here.ipynb", "exercises/spot.ipynb"):
        (installed / name).write_text("as shipped")
    mine = tmp_path / "home" / "sevviz-notebooks" / "notebooks"
    mine.mkdir(parents=True)
    (mine / "00_start_here.ipynb").write_text("my work")
    monkeypatch.setattr(launcher, "PACKAGE", tmp_path / "package")
    monkeypatch.chdir(tmp_path / "home")
    assert launcher.notebook_folder() == mine.parent
    assert (mine / "00_start_here.ipynb").read_text() == "my work"
    assert (mine / "exercises" / "spot.ipynb").read_text() == "as shipped"
