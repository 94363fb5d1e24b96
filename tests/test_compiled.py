"""C as sevviz reads it, against C as gcc does: random functions of one task, run by both."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from sequential_c import PRELUDE, random_function

import sevviz

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 150
HEADER = "/*\n * title: Random C\n * source: tests/sequential_c.py\n * entry: f{0}\n */\n"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each function returns, compiled without optimisation, all in one program."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler is not None, "the tests need a C compiler: apt-get install gcc libc6-dev"
    folder: Path = tmp_path_factory.mktemp("compiled")
    calls = "".join(f'{{ struct kvm A = {{0}}, B = {{0}}; printf("%d\\n", f{n}(&A, &B)); }}\n' for n in range(COUNT))
    source = folder / "all.c"
    functions = "\n".join(random_function(n) for n in range(COUNT))
    source.write_text(f"{PRELUDE}{functions}\nint main(void)\n{{\n{calls}return 0;\n}}\n", encoding="utf-8")
    subprocess.run([compiler, "-w", "-O0", "-fwrapv", "-o", str(folder / "all"), str(source)], check=True)
    done = subprocess.run([str(folder / "all")], check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.split()


@pytest.mark.compiler
def test_sevviz_reads_c_as_a_compiler_does(compiled: list[str]) -> None:
    different = []
    for number, wanted in enumerate(compiled):
        scheme = sevviz.load_text(HEADER.format(number) + random_function(number))
        verdict = sevviz.check(scheme, tasks=[f"f{number}(A, B)"])
        if verdict.returns != {(wanted,)}:
            different.append((number, wanted, verdict.returns))
    assert different == []
