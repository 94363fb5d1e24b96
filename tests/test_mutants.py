"""Break the rules of the interpreter one at a time: comparing with the oracle must notice each mutant."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "sevviz"

MUTANTS = tomllib.loads((HERE / "mutants.toml").read_text(encoding="utf-8"))


def notice(folder: Path) -> subprocess.CompletedProcess[str]:
    """Compare the engine in a folder with the oracle."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(HERE)))}
    command = [sys.executable, str(HERE / "notice.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    shutil.copytree(PACKAGE, tmp_path / "sevviz", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE.parent / "data", tmp_path / "data")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_comparing_with_the_oracle_notices(name: str, engine: Path) -> None:
    """The changed engine gives an answer that the oracle contradicts, or none at all."""
    old, new = MUTANTS[name]["old"], MUTANTS[name]["new"]
    texts = {file: file.read_text(encoding="utf-8") for file in (engine / "sevviz" / "interpreter").glob("*.py")}
    places = [file for file, text in texts.items() if old in text]
    assert [texts[file].count(old) for file in places] == [1], f"the rules have changed: write the mutant {name!r} anew"
    places[0].write_text(texts[places[0]].replace(old, new), encoding="utf-8")
    assert notice(engine).returncode == 1


@pytest.mark.slow
def test_nothing_is_noticed_in_the_engine_as_it_is(engine: Path) -> None:
    found = notice(engine)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
