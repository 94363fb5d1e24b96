"""What a real kernel did, kept for those who have none: `data/kernel/SCHEME.json`, written by `sevviz kernel record`.

A recording belongs to one text of a scheme (its hash is in it) and tells, for chosen schedules, how the run ended, what
the kernel reported and in which words. Words that differ from boot to boot (addresses, stack traces) are left out, so a
second recording of the same kernel is the same, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from sevviz.catalogue import data_folder
from sevviz.kernel.boot import boot
from sevviz.kernel.build import source_version
from sevviz.kernel.case import make_case
from sevviz.kernel.compare import PLAN, difference, predict
from sevviz.kernel.configuration import KernelError
from sevviz.kernel.schedules import choose
from sevviz.kernel.script import Turn, turns_of
from sevviz.schedule import format_schedule
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sevviz.csource import Scheme
    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Kernel

__all__ = ["digest", "excerpt", "folder", "load_recording", "record", "scheme_hash", "trace_digest"]

FORMAT = 1
MOST_OF_DOUBLE = 20  # schedules of "double" beside the shortest ones; all of them where there are so few


def folder() -> Path:
    """Where the recordings are."""
    return data_folder() / "kernel"


def scheme_hash(scheme: Scheme) -> str:
    """Names the text that a recording belongs to."""
    return digest([scheme.text.text])


def digest(lines: Iterable[str]) -> str:
    """A short name for lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def trace_digest(turns: Sequence[Turn]) -> str:
    """A short name for all that the tasks did, step by step: the model's and the kernel's must be the same."""
    return digest(line for word, lines in turns for line in (f"turn {word}", *lines))


def load_recording(scheme: str) -> dict[str, Any] | None:
    """The recording of a scheme, None if there is none."""
    path = folder() / f"{scheme}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def record(kernel: Kernel, schemes: Sequence[Scheme]) -> list[Path]:
    """Run chosen schedules of each scheme and write its recording; other configurations' runs in it stay.

    Raises:
        KernelError: a run is not as the model says. Only what agrees, or has been explained, is worth keeping.
    """
    folder().mkdir(parents=True, exist_ok=True)
    return [_record(kernel, scheme) for scheme in schemes]


def _record(kernel: Kernel, scheme: Scheme) -> Path:
    words: dict[str, tuple[str, ...]] = {}
    runs = []
    for name in PLAN:
        case = make_case(scheme, name)
        schedules = _schedules(case)
        with ThreadPoolExecutor(2) as pool:
            runs += list(pool.map(partial(_run, kernel, case, words), schedules))
    kept = load_recording(scheme.name)
    old = kept if kept is not None and kept["sha256"] == scheme_hash(scheme) else {"runs": [], "words": {}}
    name = kernel.configuration.name
    runs = [*(run for run in old["runs"] if run["configuration"] != name), *runs]
    used = {key for run in runs for key in run["words"]}
    told = {key: text for key, text in sorted({**old["words"], **words}.items()) if key in used}
    head = {"format": FORMAT, "scheme": scheme.name, "sha256": scheme_hash(scheme), "kernel": source_version()}
    path = folder() / f"{scheme.name}.json"
    path.write_text(_text(head, sorted(runs, key=_order), told), encoding="utf-8")
    return path


def _order(run: dict[str, Any]) -> tuple[object, ...]:
    return (run["configuration"], run["scenario"], len(run["schedule"]), run["schedule"])


def _text(head: dict[str, Any], runs: list[dict[str, Any]], words: dict[str, tuple[str, ...]]) -> str:
    """JSON with a run on each line, so that a change of one is a change of one line."""
    lines = ",\n  ".join(json.dumps(run, ensure_ascii=False) for run in runs)
    opening = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    told = json.dumps(words, ensure_ascii=False, indent=1)
    return f'{opening},\n "runs": [\n  {lines}\n ],\n "words": {told}\n}}\n'


def _schedules(case: Case) -> list[tuple[int, ...]]:
    """A shortest schedule to each outcome and each fault; of double, also a sample or all."""
    verdict = verdict_of(case.program)
    found = [outcome.schedule for outcome in verdict.outcomes] + [fault.schedule for fault in verdict.faults]
    if case.scenario.name == "double":
        found += choose(case.program, MOST_OF_DOUBLE).schedules
    return list(dict.fromkeys(found))


def _run(kernel: Kernel, case: Case, words: dict[str, tuple[str, ...]], schedule: tuple[int, ...]) -> dict[str, Any]:
    turns = turns_of(case.program, schedule)
    run = boot(kernel, case, turns)
    what = difference(predict(case.program, turns, kernel.configuration), run, kernel.configuration)
    if what:
        message = f"{case.scheme.name}/{case.scenario.name} at {format_schedule(turns)!r}: {what}"
        raise KernelError(message)
    said = {digest(report): report for report in excerpt(run.console)}
    words.update(said)
    return {
        "configuration": kernel.configuration.name, "scenario": case.scenario.name,
        "schedule": format_schedule(schedule), "turns": format_schedule(turns),
        "returns": _returns(run, len(case.program.tasks)), "waits": _waits(run),
        "reports": [list(finding) for finding in sorted(run.findings)],
        "trace": trace_digest(run.turns), "words": list(said),
    }  # fmt: skip


def _returns(run: Run, tasks: int) -> list[int | None]:
    lines = [line.split() for turn in run.turns for line in turn.lines]
    returned = {int(words[1]): int(words[2]) for words in lines if words[0] == "return"}
    return [returned.get(task) for task in range(1, tasks + 1)]


def _waits(run: Run) -> list[list[object]]:
    """Who is stuck at the end: task, lock, holder, and how (D, K, S asleep, R spinning, "-": not begun on one CPU)."""
    last = [line.split() for line in run.turns[-1].lines]
    asleep = [[int(w[1]), w[4], int(w[6]), w[5]] for w in last if w[0] == "wait"]
    lines = [line.split() for turn in run.turns for line in turn.lines]
    return asleep + [[int(w[1]), w[4], int(w[5]), "-"] for w in lines if w[0] == "spin"]


# What is left out of the kernel's words: the runner's own, stack traces, registers and dates.
_NOISE = re.compile(
    r"^(sevviz: |Callback from|CPU: \d|Stack:| [0-9a-f]{8}|Call Trace:| \[<|irq event stamp|(hard|soft)irqs last|"
    r"reboot: |Code: |RSP: |R[A-Z0-9]{2}: |FS: |CS: |CR2: |Hardware name|Preemption disabled at|\[<|Tainted: |\s*$| *<|"
    r"INFO: lockdep is turned off|stack backtrace:|={10,}$|-{10,}|Kernel Offset|RIP: |Modules linked|---\[|-{10,}\[| +[a-z_]+\+0x|Workqueue|task:|Not tainted|Sending NMI|NMI)"
)

_BEGINS = re.compile(r"WARNING: |\[ BUG: |BUG: |INFO: task|watchdog: |DEBUG_LOCKS|rcu: ")


def excerpt(console: str) -> list[tuple[str, ...]]:
    """The kernel's own words, a tuple of lines for each report, trimmed: no stack traces, no addresses."""
    reports: list[tuple[str, ...]] = []
    for line in console.replace("\r", "").split("\n"):
        bare = re.sub(r"\b[0-9a-f]{16}\b", "(address)", re.sub(r"^\[ *\d+\.\d+\] ", "", line.rstrip()))
        if _NOISE.match(bare):
            continue
        if not reports or _BEGINS.match(bare):
            reports.append(())
        reports[-1] = (*reports[-1], bare)
    return reports
