"""The wheel, built and installed into an environment of its own: it finds its data and does its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
import uv
from checkouts import BASE_PYTHON, ROOT
from packaging.metadata import Metadata

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]
NOT_DATA = {"__pycache__", ".ipynb_checkpoints"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Path:
    """A new environment with the wheel alone; its dependencies are lent by the one that runs the tests.

    The line in the .pth file adds their folder, but not what that folder's own .pth files add: the checkout.
    """
    folder = wheel.parent / "elsewhere"
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    target = ["--offline", "--python", str(folder / "bin/python")]
    subprocess.run([uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", *target, wheel], check=True)
    library = next(folder.glob("lib/python*/site-packages"))
    (library / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def sevviz(environment: Path, *argv: str) -> str:
    return subprocess.check_output([environment / "bin/sevviz", *argv], cwd=environment, text=True)


def test_the_wheel_has_all_data_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for source, target in (("sevviz", "sevviz"), ("data", "sevviz/_data"), ("notebooks", "sevviz/_data/notebooks")):
        for path in (ROOT / source).rglob("*"):
            if path.is_file() and not NOT_DATA & set(path.parts):
                assert f"{target}/{path.relative_to(ROOT / source)}" in names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_the_wheel_asks_for_what_is_installed_here(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"sevviz-{version('sevviz')}.dist-info/METADATA")
    required = Metadata.from_email(text).requires_dist or []
    assert required
    for requirement in required:
        assert requirement.specifier.contains(version(requirement.name)), requirement


def test_the_installed_package_is_the_one_that_runs(environment: Path) -> None:
    code = "import sevviz; print(sevviz.__file__)"
    found = subprocess.check_output([environment / "bin/python", "-c", code], cwd=environment, text=True)
    assert Path(found).is_relative_to(environment)


def test_the_installed_command_lists_what_the_checkout_has(environment: Path) -> None:
    listed = sevviz(environment, "list")
    for scheme in (ROOT / "data" / "schemes").glob("*.c"):
        assert scheme.stem in listed


def test_the_installed_command_checks_a_scheme(environment: Path) -> None:
    found = json.loads(sevviz(environment, "check", "flag_then_mutex", "--json"))
    assert found["complete"] is True
    returns = {tuple(outcome["returns"]) for outcome in found["outcomes"]}
    assert returns == {("0", "0"), ("0", "-EBUSY"), ("-EBUSY", "0"), ("-EBUSY", "-EBUSY")}
    assert found["faults"] == []


def test_python_m_sevviz_does_the_same_and_sets_nothing_up(environment: Path) -> None:
    command = [str(environment / "bin/python"), "-m", "sevviz", "list"]
    done = subprocess.run(command, cwd=environment, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (sevviz(environment, "list"), "")


def test_nbconvert_knows_the_exporter_by_name(environment: Path) -> None:
    """`jupyter nbconvert --to sevviz_html --execute` writes the page that `sevviz export` writes, players included."""
    cell = nbformat.v4.new_code_cell("import sevviz\nsevviz.Stepper('naive', figures=False)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), environment / "one.ipynb")
    command = [str(environment / "bin/python"), "-m", "nbconvert", "--to", "sevviz_html", "--execute", "one.ipynb"]
    # nbconvert's own files, which it looks for in the environment that it runs in, are lent as well.
    lent = {**os.environ, "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter")}
    subprocess.run(command, cwd=environment, env=lent, check=True, capture_output=True, timeout=120)
    sevviz(environment, "export", "one.ipynb", "-o", "same.html")
    converted, exported = ((environment / name).read_text(encoding="utf-8") for name in ("one.html", "same.html"))
    assert 'id="stepper-1-data"' in converted
    assert converted == exported
