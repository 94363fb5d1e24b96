"""What README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import sevviz
from sevviz.cli import main
from sevviz.kernel.configuration import CONFIGURATIONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_runs() -> None:
    example = next(block for block in blocks("python") if "import sevviz" in block)
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert len(sevviz.check("flag_then_mutex").graph.states) == 101


def commands() -> list[str]:
    """The `sevviz check` and `sevviz list` lines of README, without their comments."""
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if re.match(r"sevviz (check|list)", line)]


@pytest.mark.parametrize("command", commands())
def test_a_command_line_of_the_readme_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`my_scheme.c` is the scheme that README shows how to write."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_scheme.c").write_text(blocks("c")[0])
    assert main(shlex.split(command)[1:]) in (0, 1)
    assert capsys.readouterr().out


def test_the_scheme_of_the_readme_is_certified() -> None:
    assert sevviz.check(blocks("c")[0], "double").status == "clean"
    assert sevviz.check(blocks("c")[0], "self").faults[0].fault.kind == "self-deadlock"


def test_what_a_kernel_is_built_with_is_named() -> None:
    said = next(part for part in README.split("\n\n") if part.startswith("`sevviz kernel` builds"))
    plain, several = (" ".join(CONFIGURATIONS[name].packages) for name in ("debug", "smp"))
    assert f"`apt-get install {plain}`" in " ".join(said.split())
    assert f"`{several.removeprefix(plain).strip()}`" in said
    assert "`SEVVIZ_CACHE`" in said
