"""Copies of the checkout, whole or with a toy command line, and machines that lack something, for the set-up tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
# The Python that set-up starts from, also when the tests run in a virtual environment.
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
SETUP_MODULES = ("__main__.py", "bootstrap.py", "checkout.py", "install.py")
SETUP_TOOLS = {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"}
VIRTUALENV = {"virtualenv", "distlib", "filelock", "platformdirs", "python-discovery"}

TOY_CLI = '''"""Says where it runs."""
import json, sys
def main(argv=None):
    print(json.dumps({"prefix": sys.prefix, "argv": argv, "file": __file__}))
    return 0
'''
TOY_METADATA = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "sevviz"
version = "0.1.0"
dependencies = []
[tool.hatch.build]
dev-mode-dirs = ["."]
"""

# Stands in for uv: makes real environments, "installs" by leaving the mark of an installed checkout, and keeps a log.
FAKE_UV = """#!{python}
import os, pathlib, subprocess, sys, time
root = pathlib.Path.cwd()
mode = os.environ.get("FAKE_UV", "")
with (root / "uv.log").open("a") as log:
    log.write(" ".join(sys.argv[1:3]) + "\\n")
if mode == "fails":
    sys.exit("no such luck")
if mode.startswith("sleeps"):
    (root / "uv.pid").write_text(str(os.getpid()))
    time.sleep(float(mode.split()[1]))
if mode == "waits":
    (root / "uv.pid").write_text(str(os.getpid()))
    while root.is_dir() and not (root / "go").exists():
        time.sleep(0.02)
if sys.argv[1] == "venv":
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", sys.argv[-1]], check=True)
elif "--editable" in sys.argv:
    library = next(root.glob(".venv/lib/python*/site-packages"))
    (library / "sevviz-0.1.0.dist-info").mkdir(exist_ok=True)
"""


def copy_checkout(target: Path) -> Path:
    """A copy of what the package is made of."""
    target.mkdir()
    for name in ("sevviz", "data", "notebooks"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("README.md", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, target)
    return target


def toy_checkout(target: Path) -> Path:
    """A checkout with the real set-up, a command line that says where it runs, and next to no dependencies."""
    package = target / "sevviz"
    package.mkdir(parents=True)
    for name in SETUP_MODULES:
        shutil.copy(ROOT / "sevviz" / name, package)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(TOY_CLI, encoding="utf-8")
    (target / "pyproject.toml").write_text(TOY_METADATA, encoding="utf-8")
    wanted = SETUP_TOOLS | VIRTUALENV
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    kept = [pin for pin in pins if pin.partition("==")[0] in wanted]
    (target / "requirements.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return target


def machine(
    folder: Path, *, uv: str | None = None, lacks: Iterable[str] = (), settings: Mapping[str, str] = NO_SETTINGS
) -> dict[str, str]:
    """The environment of a machine with this uv or none, and whose Python lacks some modules.

    Args:
        folder: Where to keep what makes it so.
        uv: A program, or "fake" for one that installs nothing.
        lacks: Modules that cannot be imported.
        settings: Environment variables.
    """
    programs, shadows = folder / "programs", folder / "shadows"
    for part in (programs, shadows):
        part.mkdir(parents=True, exist_ok=True)
    if uv == "fake":
        (programs / "uv").write_text(FAKE_UV.format(python=BASE_PYTHON), encoding="utf-8")
        (programs / "uv").chmod(0o755)
    elif uv is not None:
        (programs / "uv").symlink_to(uv)
    for module in lacks:
        (shadows / f"{module}.py").write_text(f"raise ImportError('there is no {module} here')\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "FAKE"))}
    return {**kept, "PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(shadows), **settings}


def start(checkout: Path, env: dict[str, str], *argv: str) -> subprocess.Popen[str]:
    """`python3 -m sevviz` in a checkout, as a shell starts it: in a process group of its own."""
    return subprocess.Popen(
        [BASE_PYTHON, "-m", "sevviz", *argv],
        cwd=checkout,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def run(checkout: Path, env: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = start(checkout, env, *argv)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the toy command line said; what set-up said goes with the failure if it said nothing."""
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
