"""The pytest plugin, from outside: small test files run by a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from sevviz.catalogue import data_folder

pytestmark = pytest.mark.xdist_group("plugin")  # they look at one report

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest


def test_good(certify):
    verdict = certify("good.c", "double")
    assert ("0", "0") in verdict.returns


def test_deadlock(certify):
    certify("bad.c", "ring3")


def test_faults(certify):
    certify("v4", "uncontended")


def test_known_faults(certify):
    certify("v4", "double", allow=["sleep-in-atomic"])


def test_livelock(certify):
    certify("flag_then_mutex", "retry")


def test_own_tasks(certify):
    certify("bad.c", tasks=["migrate(B, A)", "ioctl(A)"])


def test_typo(certify):
    certify("broken.c")


def test_small_limit(certify):
    certify("good.c", "ring3", limit=50)


@pytest.mark.sevviz("same", "double", scheme="bad.c")
def test_marked():
    raise AssertionError("the body must not run")


@pytest.mark.sevviz("double", "ring3", scheme="good.c")
def test_marked_good():
    pass


@pytest.mark.sevviz("double")
def test_without_a_scheme():
    pass
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "test_own.py").write_text(TESTS)
    schemes = data_folder() / "schemes"
    (folder / "good.c").write_text((schemes / "flag_then_mutex.c").read_text())
    naive = (schemes / "naive.c").read_text()
    (folder / "bad.c").write_text(naive)
    (folder / "broken.c").write_text(naive.replace("mutex_lock(&src->lock)", "mutex_lok(&src->lock)"))
    # Installed, the plugin is found by its entry point; naming it once more would register it twice.
    named = [] if entry_points(group="pytest11", name="sevviz") else ["-p", "sevviz.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *named, "--strict-markers", "-rA", "-W", "error"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", str(folder), "test_own.py"],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["good", "known_faults", "own_tasks", "marked_good", "without_a_scheme"])
def test_what_is_clean_or_allowed_passes(report: str, name: str) -> None:
    assert f"PASSED test_own.py::test_{name}\n" in report


@pytest.mark.parametrize("name", ["deadlock", "faults", "livelock", "typo", "small_limit", "marked"])
def test_what_is_not_certified_fails(report: str, name: str) -> None:
    assert f"FAILED test_own.py::test_{name} " in report
    assert "6 failed, 5 passed" in report


def section(report: str, name: str) -> str:
    return report.split(f"_ test_{name} _", 1)[1].split("\n____", 1)[0]


def test_a_deadlock_is_told_with_schedule_source_lines_and_cycle(report: str) -> None:
    told = section(report, "deadlock")
    assert "bad in ring3: a deadlock" in told
    assert "schedule: 1 2 3" in told
    assert "mutex_lock(&src->lock);" in told
    for task, lock, holder in ((1, "A", 3), (2, "B", 1), (3, "C", 2)):
        assert f"task {task} waits for {lock}.lock, held by task {holder}" in told


def test_the_other_failures_say_what_and_where(report: str) -> None:
    assert "sleep-in-atomic" in section(report, "faults")
    assert "and then, for ever:" in section(report, "livelock")
    assert "broken.c:" in section(report, "typo")
    assert "mutex_lock" in section(report, "typo")
    assert "inconclusive, nothing in the first" in section(report, "small_limit")
    assert "the body must not run" not in section(report, "marked")


def test_failures_show_no_traceback_of_ours(report: str) -> None:
    assert "pytest_plugin.py:" not in report.replace("sevviz/pytest_plugin.py: ", "")
    assert "Traceback" not in report
