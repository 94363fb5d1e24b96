"""The commands to measure: sevviz and its peers on the same program, each as a shell command in a folder of its own."""

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import sevviz
from sevviz.promela import promela

from .smv import smv
from .steps import table

HERE = Path(__file__).parent
FIRST = "sevviz, symbolic"  # the engine that the others are compared with


class Tools(NamedTuple):
    """Where the peers are that no package manager puts on the path; "" for none."""

    nusmv: str  # a Python that has pynusmv
    harmony: str  # the command
    minicheck: str  # a Python that has minicheck


class Peer(NamedTuple):
    """One engine on one program: what to run (by `sh -c`, in the folder), and why it cannot run here ("" if it can).

    One that `visits` states one by one takes time in proportion to their number, so it can be told beforehand.
    """

    name: str
    command: str
    missing: str = ""
    visits: bool = True
    may_fail: bool = False  # its exit status 1 says that something was found


def peers(scheme: str, scenario: str, folder: Path, tools: Tools) -> list[Peer]:
    """All engines, sevviz first; models are written into the folder."""
    program = sevviz.program(scheme, scenario)
    (folder / "x.pml").write_text(promela(program), encoding="utf-8")
    (folder / "x.smv").write_text(smv(program), encoding="utf-8")
    (folder / "x.json").write_text(json.dumps(table(program)), encoding="utf-8")
    shutil.copy(HERE / "flag_ring.hny", folder)
    check = f"{sys.executable} -m sevviz check {scheme} --scenario {scenario} --json --engine"
    return [
        Peer(FIRST, f"{check} symbolic", visits=False, may_fail=True),
        Peer("sevviz, explicit", f"{check} explicit", may_fail=True),
        *_spin(),
        Peer(
            "NuSMV (BDDs)",
            f"{tools.nusmv} {HERE / 'run_smv.py'} x.smv",
            _unless(tools.nusmv, "--nusmv"),
            visits=False,
        ),
        *_harmony(tools.harmony, scheme, scenario),
        Peer(
            "minicheck (Python)",
            f"{tools.minicheck} {HERE / 'run_minicheck.py'} x.json",
            _unless(tools.minicheck, "--minicheck"),
        ),
    ]


def _spin() -> list[Peer]:
    """SPIN with the compiler's time: exact, with another compiler, and with partial order reduction."""
    run = "-DMEMLIM=3000 -o pan pan.c && ./pan -m1000000 -c0 -n"
    return [
        Peer("SPIN, gcc -O2", f"spin -a x.pml && gcc -O2 -DNOREDUCE {run}", _without("spin", "gcc")),
        Peer("SPIN, tcc", f"spin -a x.pml && tcc -DNOREDUCE {run}", _without("spin", "tcc")),
        Peer("SPIN, gcc -O2, reduced", f"spin -DSTOP -a x.pml && gcc -O2 {run}", _without("spin", "gcc")),
    ]


def _harmony(command: str, scheme: str, scenario: str) -> list[Peer]:
    """Harmony on a model written by hand, which there is of one scheme only."""
    digits = "".join(filter(str.isdigit, scenario))
    ring = digits or "2"
    modelled = scheme == "flag_then_mutex" and scenario in ("double", f"ring{digits}")
    missing = _unless(command, "--harmony") if modelled else "no model"
    run = f"{command} -c N={ring} --noweb"
    return [
        Peer("Harmony", f"{run} flag_ring.hny", missing),
        Peer("Harmony, results forgotten", f"{run} -c KEEP=False flag_ring.hny", missing),
    ]


def _unless(given: str, option: str) -> str:
    return "" if given else f"no {option}"


def _without(*programs: str) -> str:
    missing = [program for program in programs if shutil.which(program) is None]
    return f"no {', '.join(missing)}" if missing else ""
