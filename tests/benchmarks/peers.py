"""The commands to measure: sevviz and its peers on the same program, each as a shell command in a folder of its own."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import sevviz
from sevviz.promela import promela

from .smv import smv

HERE = Path(__file__).parent


class Peer(NamedTuple):
    """One engine: its name, what to run (by `sh -c`, in the folder), and why it cannot run here ("" if it can)."""

    name: str
    command: str
    missing: str = ""


def peers(scheme: str, scenario: str, folder: Path, *, nusmv: str, harmony: str) -> list[Peer]:
    """All engines; models go into the folder. `nusmv` is a Python with pynusmv, `harmony` Harmony's command."""
    program = sevviz.program(scheme, scenario)
    (folder / "x.pml").write_text(promela(program), encoding="utf-8")
    (folder / "x.smv").write_text(smv(program), encoding="utf-8")
    check = f"{sys.executable} -m sevviz check {scheme} --scenario {scenario} --json --engine"
    run = "-o pan pan.c && ./pan -m1000000 -c0 -n"
    exact = "-DNOREDUCE -DMEMLIM=3000"
    vms = "".join(filter(str.isdigit, scenario)) or "2"
    ring = scheme == "flag_then_mutex" and scenario == f"ring{vms}"
    return [
        Peer("sevviz symbolic", f"{check} symbolic"),
        Peer("sevviz explicit", f"{check} explicit"),
        Peer("SPIN, gcc -O2", f"spin -a x.pml && gcc -O2 {exact} {run}", _without("spin", "gcc")),
        Peer("SPIN, tcc", f"spin -a x.pml && tcc {exact} {run}", _without("spin", "tcc")),
        Peer("SPIN, gcc -O2, reduced", f"spin -DSTOP -a x.pml && gcc -O2 -DMEMLIM=3000 {run}", _without("spin", "gcc")),
        Peer("NuSMV (BDD)", f"{nusmv} {HERE / 'run_smv.py'} x.smv", "" if nusmv else "no --nusmv PYTHON was given"),
        Peer(
            "Harmony",
            f"cp {HERE / 'flag_ring.hny'} . && {harmony} -c N={vms} --noweb flag_ring.hny",
            "" if harmony and ring else "no --harmony COMMAND" if ring else "there is no Harmony model of this",
        ),
    ]


def _without(*programs: str) -> str:
    missing = [program for program in programs if shutil.which(program) is None]
    return f"no {', '.join(missing)}" if missing else ""
