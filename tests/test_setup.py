"""`python3 -m sevviz` in a checkout on a fresh machine: what it makes, repairs, survives and says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import uv
from budgets import seconds_of_children
from checkouts import BASE_PYTHON, copy_checkout, machine, report, run, start, toy_checkout

from sevviz import __main__ as entry
from sevviz import bootstrap
from sevviz.checkout import Checkout, SetupError

SECONDS = 60  # more than any wait here takes
# One after the other: they would only take the network and the cores from each other.
pytestmark = pytest.mark.xdist_group("set-up")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return toy_checkout(tmp_path / "checkout")


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    """A machine with a stand-in for uv, and neither venv nor pip."""
    return machine(tmp_path, uv="fake", lacks=("ensurepip", "pip"))


def wait_for(path: Path) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_fresh_machine_is_set_up_and_a_second_start_takes_under_a_second(tmp_path: Path) -> None:
    """The whole of it: every pin that the app needs, with what Debian's python3-venv gives."""
    checkout = copy_checkout(tmp_path / "checkout")
    env = machine(tmp_path)
    first = run(checkout, env, "list")
    assert first.returncode == 0, first.stderr
    assert "with venv and pip" in first.stderr
    assert "naive" in first.stdout
    assert "sevviz:" not in first.stdout
    seconds = []  # on the CPU: what else the machine does is no fault of ours
    for _ in range(3):
        begin = seconds_of_children()
        again = run(checkout, env, "list")
        seconds.append(seconds_of_children() - begin)
        assert (again.stdout, again.stderr) == (first.stdout, "")
    assert min(seconds) < 1
    code = "import sevviz, jupyterlab, matplotlib, anywidget; print(sevviz.__file__)"
    where = subprocess.check_output([checkout / ".venv/bin/python", "-c", code], cwd=tmp_path, text=True)
    assert Path(where.strip()).parent == checkout / "sevviz"
    assert subprocess.check_output([checkout / ".venv/bin/sevviz", "list"], cwd=tmp_path, text=True) == first.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "program", "lacks"),
    [("uv", uv.find_uv_bin(), ()), ("venv and pip", "fake", ()), ("virtualenv and pip", None, ("ensurepip",))],
)
def test_each_tool_that_a_machine_may_have_does(
    toy: Path, tmp_path: Path, name: str, program: str | None, lacks: tuple[str, ...]
) -> None:
    """The second machine has a uv that fails, which is said, and then the next tool is used."""
    done = run(
        toy, machine(tmp_path, uv=program, lacks=lacks, settings={"FAKE_UV": "fails"}), "check", "naive", "--json"
    )
    said = report(done)
    assert said["prefix"] == str(toy / ".venv")
    assert said["argv"] == ["check", "naive", "--json"]
    assert said["file"] == str(toy / "sevviz" / "cli.py")
    assert f"with {name}\n" in done.stderr
    assert ("sevviz: uv failed:\nno such luck\n" in done.stderr) is (program == "fake")


def test_without_any_tool_it_says_what_to_install(toy: Path, tmp_path: Path) -> None:
    done = run(toy, machine(tmp_path, lacks=("ensurepip", "pip")))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "sevviz: this Python has neither venv nor pip, and there is no uv: "
        "apt-get install python3-venv, then start again"
    )


@pytest.mark.slow
def test_without_a_network_it_says_what_to_check(toy: Path, tmp_path: Path) -> None:
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = run(toy, machine(tmp_path, settings=nowhere))
    assert (done.returncode, done.stdout) == (1, "")
    assert "venv and pip failed:\n" in done.stderr
    assert "check the network and pip's settings" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_set_up_with_one_line_and_leaves_nothing_running(toy: Path, fake: dict[str, str]) -> None:
    process = start(toy, {**fake, "FAKE_UV": "sleeps 60"})
    wait_for(toy / "uv.pid")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert err.splitlines()[2:] == ["sevviz: set-up interrupted; the same command starts it again"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((toy / "uv.pid").read_text()), 0)
    assert report(run(toy, fake))["prefix"] == str(toy / ".venv")


def test_a_request_to_end_leaves_nothing_running(toy: Path, fake: dict[str, str]) -> None:
    process = start(toy, {**fake, "FAKE_UV": "sleeps 60"})
    wait_for(toy / "uv.pid")
    process.terminate()
    process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int((toy / "uv.pid").read_text()), 0)


def test_a_killed_set_up_is_begun_anew_once_what_it_left_running_has_ended(toy: Path, fake: dict[str, str]) -> None:
    process = start(toy, {**fake, "FAKE_UV": "waits"})
    wait_for(toy / "uv.pid")
    process.kill()
    process.communicate()
    (toy / ".venv" / "half-written").touch()
    second = start(toy, fake)
    assert second.stderr is not None
    said = second.stderr.readline()
    (toy / "go").touch()
    out, err = second.communicate(timeout=SECONDS)
    assert said == "sevviz: another set-up of this checkout is under way; waiting for it\n"
    assert second.returncode == 0, err
    assert json.loads(out)["prefix"] == str(toy / ".venv")
    assert not (toy / ".venv" / "half-written").exists()


def test_two_set_ups_at_once_make_one_environment(toy: Path, fake: dict[str, str]) -> None:
    processes = [start(toy, {**fake, "FAKE_UV": "sleeps 0.3"}) for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
    assert (toy / "uv.log").read_text().split("\n") == ["venv --quiet", "pip install", "pip install", ""]


@pytest.mark.parametrize("broken", [".venv/bin/python", ".venv/sevviz-setup", ".venv/lib", ".venv"])
def test_a_broken_environment_is_repaired(toy: Path, fake: dict[str, str], broken: str) -> None:
    report(run(toy, fake))
    path = toy / broken
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if broken.endswith("python"):
        path.symlink_to("/gone/python3")
    assert report(run(toy, fake))["prefix"] == str(toy / ".venv")
    assert run(toy, fake).stderr == ""


def test_other_pins_are_added_to_the_environment(toy: Path, fake: dict[str, str]) -> None:
    report(run(toy, fake))
    (toy / "uv.log").unlink()
    with (toy / "requirements.txt").open("a") as pins:
        pins.write("six==1.17.0\n")
    assert "sevviz: bringing .venv up to date\n" in run(toy, fake).stderr
    assert (toy / "uv.log").read_text() == "pip install\npip install\n"
    assert run(toy, fake).stderr == ""


def test_the_test_level_adds_to_the_app_level_and_serves_it(toy: Path, fake: dict[str, str]) -> None:
    report(run(toy, fake))
    assert "bringing .venv up to date" in run(toy, fake, "test").stderr
    assert run(toy, fake, "test").stderr == ""
    assert run(toy, fake).stderr == ""


def test_an_environment_made_by_hand_is_added_to_and_not_thrown_away(toy: Path, fake: dict[str, str]) -> None:
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", toy / ".venv"], check=True)
    (toy / ".venv" / "mine").touch()
    assert report(run(toy, fake))["prefix"] == str(toy / ".venv")
    assert (toy / ".venv" / "mine").exists()


def test_help_needs_no_set_up(toy: Path, fake: dict[str, str]) -> None:
    done = run(toy, fake, "--help")
    assert report(done)["argv"] == ["--help"]
    assert done.stderr == ""
    assert not (toy / ".venv").exists()


def test_an_environment_that_has_the_dependencies_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "missing_modules", lambda _level: [])
    monkeypatch.setattr(bootstrap, "ensure", lambda *_: pytest.fail("it set something up"))
    monkeypatch.setattr(bootstrap, "_command_line", len)
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert bootstrap.run(["check", "naive"]) == 2


def test_a_folder_that_may_not_be_written_in_is_named(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SetupError, match=r"cannot write in .*checkout \(Permission denied\); use a copy"):
        bootstrap.ensure(Checkout(toy), "app")


def test_an_old_python_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "version", "3.9.2 (default)")
    assert entry.main() == 2
    assert capsys.readouterr().err == "sevviz: this is Python 3.9.2; sevviz needs Python 3.11 or newer\n"


def test_importing_sevviz_loads_no_library() -> None:
    code = "import sys; old = set(sys.modules); import sevviz; print(*(set(sys.modules) - old))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) == {"sevviz"}
