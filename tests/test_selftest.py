"""`sevviz test`: every check runs, a failure anywhere is the result, and what did not run is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from sevviz import selftest
from sevviz.needs import NEEDS, Need, provide

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest
def test_one(): pass
@pytest.mark.browser
def test_page(): pass
"""
BROWSER = next(need for need in NEEDS if need.marker == "browser")
SETTINGS = (selftest.ROOT / "pyproject.toml").read_text(encoding="utf-8")
LAYERS = """
[tool.importlinter]
root_package = "sevviz"
[[tool.importlinter.contracts]]
name = "Layers"
type = "layers"
layers = ["sevviz.above", "sevviz.below"]
"""
METADATA = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nmarkers = ["browser: ", "kernel: ", "spin: "]\n'


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two tests, one of which needs a browser, and two checks that always pass."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_toy.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text(METADATA)
    monkeypatch.setattr(selftest, "STATIC_CHECKS", {"first": ("-c", "pass"), "second": ("-c", "pass")})
    monkeypatch.setattr(selftest, "provide", lambda _need: True)
    # No other plugin has a part in this, and some take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist")
    return tmp_path


def output(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """The last lines: the stages, without their times, and pytest's closing line without its own."""
    lines = capfd.readouterr().out.splitlines()
    last = len(lines) - 1 - lines[::-1].index("---")
    return [re.sub(r" +([\d.]+ s$|in [\d.]+s ?)", "", line).strip("= ") for line in lines[last + 1 :]]


def test_every_check_passes_and_pytest_has_the_last_line(toy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert selftest.run_tests([], toy) == 0
    assert output(capfd) == ["first          passed", "second         passed", "pytest         passed", "2 passed"]


def test_a_failing_check_fails_the_run_and_the_others_still_run(
    toy: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(selftest.STATIC_CHECKS, "first", ("-c", "exit(3)"))
    assert selftest.run_tests([], toy) == 1
    assert output(capfd) == ["first          FAILED", "second         passed", "pytest         passed", "2 passed"]


def test_a_failing_test_fails_the_run(toy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (toy / "tests" / "test_more.py").write_text("def test_two(): assert False\n")
    assert selftest.run_tests([], toy) == 1
    assert output(capfd)[-2:] == ["pytest         FAILED", "1 failed, 2 passed"]


def test_without_a_browser_the_gap_is_named_and_fails_the_run(
    toy: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "provide", lambda need: need is not BROWSER)
    assert selftest.run_tests([], toy) == 1
    said = capfd.readouterr()
    assert said.err == "sevviz: these browser tests are not run:\n  tests/test_toy.py::test_page\n"
    assert "browser tests  FAILED  not run" in said.out
    assert "1 passed" in said.out.splitlines()[-1]


def test_the_gap_may_be_asked_for(toy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert selftest.run_tests(["--no-browser-tests", "--", "-k", "toy"], toy) == 0
    assert "  tests/test_toy.py::test_page\n" in capfd.readouterr().err


def test_several_kinds_of_tests_may_be_left_out(toy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert selftest.run_tests(["--no-browser-tests", "--no-kernel-tests"], toy) == 0
    stages = ["browser tests  passed  not run", "kernel tests   passed  not run", "pytest         passed", "1 passed"]
    assert output(capfd)[2:] == stages


VIOLATIONS = {
    "ruff check": "import os\n",
    "ruff format": "x = [1,2]\n",
    "mypy": "def f(x): return x\n",
    "import-linter": "import sevviz.above\n",
}


@pytest.mark.parametrize("name", selftest.STATIC_CHECKS)
def test_each_check_can_fail(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    """With our own settings: clean code passes, and one violation of the one rule fails."""
    package = tmp_path / "sevviz"
    package.mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "empty.py").touch()
    for module in ("__init__", "above", "below"):
        (package / f"{module}.py").write_text('"""Part of a package."""\n')
    (tmp_path / "pyproject.toml").write_text(re.sub(r"(?ms)^\[tool.importlinter\]\n.*", LAYERS, SETTINGS))
    check = selftest.STATIC_CHECKS[name]
    assert selftest.static_check(tmp_path, name, check).passed, capfd.readouterr().out
    with (package / "below.py").open("a") as module_file:
        module_file.write("\n" + VIOLATIONS[name])
    assert not selftest.static_check(tmp_path, name, check).passed


def test_tests_of_one_group_take_turns_in_one_worker(toy: Path) -> None:
    """On which the tests that share a browser, a kernel or the network rely."""
    text = "import pytest\n@pytest.mark.xdist_group('one')\n@pytest.mark.parametrize('number', range(6))\n"
    code = "def test_turn(number, worker_id):\n    with open('workers', 'a') as log: log.write(worker_id + '\\n')\n"
    (toy / "tests" / "test_group.py").write_text(text + code)
    assert selftest.run_tests([], toy) == 0
    assert len(set((toy / "workers").read_text().split())) == 1


def test_an_interruption_ends_the_run_without_a_traceback(
    toy: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        selftest.STATIC_CHECKS, "first", ("-c", "import os, signal; os.kill(os.getppid(), signal.SIGINT)")
    )
    assert selftest.run_tests([], toy) == 130
    assert capfd.readouterr().err == "sevviz: interrupted\n"


def test_running_no_test_at_all_fails(toy: Path) -> None:
    assert selftest.run_tests(["--", "-k", "nothing_like_it"], toy) == 1


def test_an_installed_package_has_no_tests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert selftest.run_tests([], tmp_path) == 2
    assert "the tests are in the checkout" in capsys.readouterr().err


class Machine:
    """A machine without Chromium whose apt-get installs it, or does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, user: int, works: bool) -> None:
        self.commands: list[list[str]] = []
        self.has = {"apt-get"}
        self.works = works
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(shutil, "which", lambda name: name if name in self.has else None)
        monkeypatch.setattr(subprocess, "run", self._run)

    def _run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append(command)
        if self.works and "install" in command:
            self.has.add("chromium")
        return subprocess.CompletedProcess(command, 0 if self.works else 100)


def test_root_gets_debian_s_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, user=0, works=True)
    assert provide(BROWSER)
    install = ["apt-get", "-q", "-y", "install", "chromium", "fonts-dejavu-core"]
    assert machine.commands == [["apt-get", "-q", "update"], install]


def test_an_installation_that_fails_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Machine(monkeypatch, user=0, works=False)
    assert not provide(BROWSER)
    assert "sevviz: apt-get -q update failed\n" in capsys.readouterr().err


def test_one_program_or_file_of_each_group_is_enough(tmp_path: Path) -> None:
    there, missing = tmp_path / "there", str(tmp_path / "missing")
    there.touch()
    assert Need("some", (("no-such-program", "sh"), (missing, str(there))), ()).met()
    assert not Need("some", (("sh",), (missing,)), ()).met()


def test_anybody_else_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, user=1000, works=True)
    assert not provide(BROWSER)
    assert machine.commands == []
    assert capsys.readouterr().err == (
        "sevviz: the browser tests need more than is here: apt-get install chromium fonts-dejavu-core\n"
    )
