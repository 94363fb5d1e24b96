"""The model against the kernel: the same turns, line by line, and the kernel's reports against the predicted ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sevviz.kernel.boot import boot, end_all
from sevviz.kernel.comparison import Comparison, Difference
from sevviz.kernel.limits import TooLongError
from sevviz.kernel.schedules import Choice, choose
from sevviz.kernel.script import follow
from sevviz.kernel.together import grouped, joined
from sevviz.kernel.transcript import WITHOUT_LOCK_CHECKS
from sevviz.kernel.turns import is_followed, turns_of
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration, Kernel
    from sevviz.kernel.transcript import Finding, Prediction
    from sevviz.model import Program

__all__ = [
    "PLAN", "SMP_PLAN", "Plan", "compare", "difference", "expected", "planned", "predict", "same_reports",
    "sample_for_smp", "until_fault",
]  # fmt: skip

Predict = Callable[["Program", tuple[int, ...], "Configuration"], "Prediction"]

# The scenarios of a full comparison, and how many schedules of each at most.
OTHERS = (
    "uncontended", "in-turn", "same", "shared-source", "shared-destination", "chain", "ring3", "self", "bystander",
    "ioctl", "signal", "running", "retry",
)  # fmt: skip
PLAN = {"double": 5000, **dict.fromkeys(OTHERS, 60)}
# Several CPUs take seconds for a run instead of hundredths, and differ for schemes with spinlocks only.
SMP_PLAN = {"double": 8, **dict.fromkeys(OTHERS, 3), "cpus": 6}
LOOKED_AT = 1000  # schedules among which those are looked for that lead to spinning


def planned(configuration: Configuration, scenario: str) -> int:
    """How many schedules of a scenario, where nobody says it."""
    plan = SMP_PLAN if configuration.smp else PLAN
    return plan.get(scenario, min(plan.values()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many schedules at most; the seed of the sample where there are more; how many kernels run at a time."""

    most: int
    seed: int = 1
    workers: int = 2


def predict(program: Program, turns: tuple[int, ...], configuration: Configuration) -> Prediction:
    """What the model says of a kernel of this configuration."""
    return follow(program, turns, up=not configuration.smp)


def until_fault(turns: tuple[int, ...], prediction: Prediction) -> tuple[int, ...]:
    """The turns up to the fault at which the model's run ends, if it does: of later ones the model says nothing."""
    return joined(islice(grouped(turns), len(prediction.turns) - 1))


def expected(prediction: Prediction, configuration: Configuration) -> frozenset[Finding]:
    """The reports of a kernel of this configuration: without the check for something, it says nothing of it."""
    if configuration.name == "plain":
        return frozenset(finding for finding in prediction.findings if finding.kind in WITHOUT_LOCK_CHECKS)
    return prediction.findings


def difference(prediction: Prediction, run: Run, configuration: Configuration) -> str:
    """The first thing in which a run is not as predicted, "" if there is none."""
    if run.ended:
        return f"the run has no end: {run.ended}"
    for number, predicted in enumerate(prediction.turns):
        seen = run.turns[number] if number < len(run.turns) else None
        if seen is None or seen.word != predicted.word:
            return f"turn {number}: the model has {predicted.word!r}, the kernel {seen.word if seen else 'nothing'!r}"
        last = bool(prediction.ends) and number == len(prediction.turns) - 1
        what = _in_turn(predicted.lines, seen.lines, prediction.ends if last else "", configuration)
        if what:
            return f"turn {number} ({seen.word}): {what}"
    wanted = expected(prediction, configuration)
    if not same_reports(wanted, run.findings, configuration):
        return f"reports: the model has {_listed(wanted)}, the kernel {_listed(run.findings)}"
    return ""


def _in_turn(predicted: tuple[str, ...], seen: tuple[str, ...], fault: str, configuration: Configuration) -> str:
    if fault == "exclusion" and not any(line.startswith("exclusion") for line in seen):
        return "the model has two tasks inside the work, the kernel has not"
    if fault:
        seen = seen[: len(predicted)]  # what follows a fault is not the model's
    if configuration.smp:
        predicted, seen = _without_order(predicted), _without_order(seen)
    return f"the model says {_first(predicted, seen)}" if predicted != seen else ""


def _without_order(lines: tuple[str, ...]) -> tuple[str, ...]:
    # Who is woken may be faster than who wakes. How one waits for a mutex is left out: while its owner runs, a waiter
    # spins a little; and one whose CPU a spinner wants calls the scheduler while it is runnable still (R), before it
    # has put itself to sleep (mutex_optimistic_spin() in kernel/locking/mutex.c). No detector counts it as hung then.
    words = [line.split() for line in lines]
    return tuple(sorted(" ".join(w[:6] if w[0] == "step" else w[:5] if w[0] == "wait" else w) for w in words))


# Reports that on several CPUs depend on who is how fast; each of them says that a task does not get on.
STUCK = frozenset({"hung-task", "soft-lockup", "scheduling-while-atomic"})


def same_reports(wanted: frozenset[Finding], seen: frozenset[Finding], configuration: Configuration) -> bool:
    """Whether the reports are the expected ones; on several CPUs, those that do not depend on who is how fast."""
    if not configuration.smp:
        return wanted == seen
    certain = {finding for finding in wanted if finding.kind not in STUCK}
    stuck = {finding.task for finding in wanted if finding.kind in ("hung-task", "soft-lockup")}
    told = {finding.task for finding in seen if finding.kind in ("hung-task", "soft-lockup")}
    if not {finding for finding in seen if finding.kind in STUCK and finding.task} <= wanted:
        return False
    # The detectors need CPUs themselves: one of the stuck tasks is reported in time, not always each.
    noticed = bool(stuck & told) if stuck else not told
    return noticed and certain == {f for f in seen if f.kind not in STUCK and f.kind != "rcu-stall"}


def _first(predicted: tuple[str, ...], seen: tuple[str, ...]) -> str:
    for number in range(max(len(predicted), len(seen))):
        ours = predicted[number] if number < len(predicted) else "nothing more"
        theirs = seen[number] if number < len(seen) else "nothing more"
        if ours != theirs:
            return f"{ours!r}, the kernel {theirs!r}"
    return ""


def _listed(findings: frozenset[Finding]) -> str:
    return ", ".join(f"{kind} (task {task})" for kind, task in sorted(findings)) or "none"


def compare(
    kernel: Kernel, case: Case, plan: Plan, *,
    model: Predict = predict, progress: Callable[[Comparison], None] | None = None,
) -> Comparison:  # fmt: skip
    """Run schedules of a case and compare each with what the model says; gives up after a few runs without an end.

    `model` makes the predictions; a test puts a broken one in its place.
    """
    configuration = kernel.configuration
    chosen = sample_for_smp(case, plan) if configuration.smp else choose(case.program, plan.most, plan.seed)
    found = Comparison(case, configuration, chosen.total, len(chosen.schedules), chosen.endless)

    def one(schedule: tuple[int, ...]) -> tuple[Difference, bool]:
        turns = turns_of(case.program, schedule, spinning=configuration.smp)
        prediction = model(case.program, turns, configuration)
        turns = until_fault(turns, prediction)
        try:
            run = boot(kernel, case, turns)
        except TooLongError as error:
            return Difference(schedule, turns, "", not_run=str(error)), prediction.spins
        what = difference(prediction, run, configuration)
        return Difference(schedule, turns, what, lost=bool(run.ended)), prediction.spins

    say = progress or (lambda _: None)
    say(found)
    with closing(_in_parallel(one, chosen.schedules, plan.workers)) as results:
        for seen, spins in results:
            found.add(seen, spins=spins)
            say(found)
            if found.given_up:
                break
    return found


def _in_parallel(
    work: Callable[[tuple[int, ...]], tuple[Difference, bool]], schedules: Sequence[tuple[int, ...]], workers: int
) -> Generator[tuple[Difference, bool]]:
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(work, schedule) for schedule in schedules]
        try:
            for future in futures:
                yield future.result()
        except BaseException:  # Ctrl-C, here or in who asks for the next one, or nobody asks any more
            left = [future for future in futures if not future.cancel()]
            while wait(left, timeout=0.05).not_done:
                end_all()
            raise


def sample_for_smp(case: Case, plan: Plan) -> Choice:
    """A sample for several CPUs: first what only they can show, shortest ways to deadlocks and waiters that spin."""
    wide = choose(case.program, max(plan.most, LOOKED_AT), plan.seed)
    schedules = list(wide.schedules)
    random.Random(plan.seed).shuffle(schedules)  # noqa: S311 - a sample, not a secret
    schedules.sort(key=lambda schedule: not _spins(case.program, schedule))
    deadlocks = (found for found in verdict_of(case.program).deadlocks if found.deadlock and found.deadlock.final)
    schedules = list(dict.fromkeys([*(found.schedule for found in deadlocks), *schedules]))
    followed = (schedule for schedule in schedules if is_followed(case.program, schedule))
    return Choice(tuple(islice(followed, plan.most)), wide.total, wide.endless)


def _spins(program: Program, schedule: tuple[int, ...]) -> bool:
    return follow(program, turns_of(program, schedule, spinning=True), up=False).spins
