"""A program as a Promela model for SPIN: another engine for the same question, and a way to larger machines.

One step of sevviz is one step of SPIN: a `d_step` for each case of an operation, in a process for each task whose
labels are the lines of the C text. Locks hold the number of their holder, as in a state of sevviz. So without partial
order reduction SPIN stores exactly as many states as the explicit engine visits. What the cases are, the interpreter is
asked; no lock rule is written here.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from sevviz.errors import ScenarioError
from sevviz.model import SIGNALLED, WOKEN
from sevviz.promela.domain import closure, reached_domain
from sevviz.promela.names import identifiers
from sevviz.symbolic.rules import Local, Rules, local_state, mark_of, position_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevviz.model import Operation, Program
    from sevviz.symbolic.limits import Limits

__all__ = ["promela"]

HEADER = """/*
 * {title}
 * {scenario}
 * Scheme {name}; written by sevviz. Each d_step is one step; a lock holds the number of its holder.
 *
 * Deadlocks:  spin -a THIS && gcc -O2 -DNOREDUCE -o pan pan.c && ./pan        (an invalid end state)
 * Shortest:   the same with -DBFS
 * Faults:     spin -DFAULTS -a THIS ...                                     (an assertion)
 * Outcomes:   spin -DOUTCOMES -a THIS ... ; ./pan -E                         (a line for each)
 * Faster:     spin -DSTOP -a THIS && gcc -O2 -o pan pan.c && ./pan        (partial order reduction; fewer states)
 * Larger:     gcc -O2 -DNOREDUCE -DBFS_PAR for several cores; -DBITSTATE and ./pan -hn, n = 1, 2 ..., for a swarm
 */
#ifdef STOP
#define BREAKS(task) assert(false)
#define UNLESS_FAULT
#else
#define BREAKS(task) fault = task
#define UNLESS_FAULT provided (!fault)
#endif
#ifdef FAULTS
#define FORBID(condition) assert(!(condition))
#else
#define FORBID(condition) skip
#endif
#define RUNNING {running}
"""

SHORT = range(-(1 << 15), 1 << 15)  # the values of Promela's type of that name


def promela(program: Program, limits: Limits | None = None) -> str:
    """The Promela model of a program.

    Raises ScenarioError for a scenario that counts CPUs: who may step there depends on all tasks at once. Where fields
    have very many values, those that occur are searched for; raises SevvizError if that search meets its limits.
    """
    if program.cpus is not None:
        message = "a scenario with cpus has no Promela model; take it out, or use the explicit engine"
        raise ScenarioError(message)
    return _Writer(program, limits).text()


class _Writer:
    """Writes one model."""

    def __init__(self, program: Program, limits: Limits | None) -> None:
        self.program = program
        self.rules = Rules(program)
        self.domain = closure(self.rules) or reached_domain(program, limits)
        self.names = identifiers([shared.name for shared in program.objects])
        self.tasks = range(len(program.tasks))
        ends = (self.rules.position(task, place).result for task in self.tasks for place in self.domain.locals[task])
        self.results = {result for result in ends if result is not None}
        self.running = next(number for number in count(SHORT[-1], -1) if number not in self.results)
        self.may_end = any(self._breaks(t, place) for t in self.tasks for place in self.domain.locals[t])

    def text(self) -> str:
        """The whole model."""
        title = HEADER.format(
            title=self.program.title,
            scenario=self.program.scenario or "tasks",
            name=self.program.name,
            running=self.running,
        )
        parts = [title, *self._declarations(), *(line for task in self.tasks for line in self._process(task))]
        return "\n".join(parts) + "\n"

    def _declarations(self) -> Iterator[str]:
        for shared, name, values in zip(self.program.objects, self.names, self.domain.values, strict=True):
            kind, first = ("byte", "") if shared.is_lock else (_type_of(values), f" = {shared.initial}")
            yield f"{kind} {name}{first}; /* {shared.kind} {shared.name} */"
        for task in self.tasks:
            result = self.rules.position(task, local_state(0, 0)).result  # of a task that returns without a step
            yield f"{_type_of(self.results)} result_{task + 1} = {'RUNNING' if result is None else result};"
            if self._inside(task):
                yield f"byte inside_{task + 1}; /* which work it is inside, 0 for none */"
        if self.may_end:
            yield "byte fault; /* the task whose step broke a rule that ends the schedule, 0 for none */"
        yield from self._outcome_lines()

    def _outcome_lines(self) -> Iterator[str]:
        """The printing of outcomes: what all tasks have returned."""
        results = [f"now.result_{task + 1}" for task in self.tasks]
        yield "#ifdef OUTCOMES"
        places = " ".join(["%d"] * len(results))
        finished = " && ".join(f"{result} != {self.running}" for result in results)
        yield f'#define REPORT c_code {{ if ({finished}) printf("outcome {places}\\n", {", ".join(results)}); }}'
        yield "#else\n#define REPORT skip\n#endif"

    def _process(self, task: int) -> Iterator[str]:
        yield f"\n/* {self.program.tasks[task].label} */"
        yield f"active proctype task_{task + 1}()" + (" UNLESS_FAULT" if self.may_end else "")
        yield "{"
        first = local_state(0, 0)
        for place in sorted(self.domain.locals[task], key=lambda place: (place != first, place)):
            operation = self.rules.operation(task, place)
            yield f"{self._label(task, place)}:" + (f" /* {operation.text} */" if operation else "")
            if operation is None:
                yield "    false;"
            else:
                yield "    if"
                yield from list(self._cases(task, place, operation)) or ["    :: false /* waits for ever */"]
                yield "    fi;"
        yield "}"

    # The cases of one operation.

    def _cases(self, task: int, place: Local, operation: Operation) -> Iterator[str]:
        for number in self.rules.objects(task, place):
            yield from self._cases_on(task, place, number)
        yield from self._fault_cases(task, place, operation)

    def _cases_on(self, task: int, place: Local, number: int) -> Iterator[str]:
        """One d_step for all values of an object that lead to the same place with the same effect."""
        values = self.domain.values_at(task, place, number)
        effects: dict[tuple[int, Local, int | None], list[int]] = {}
        for value in values:
            for row in self.rules.rows(task, number, place, value):
                changed = None if row.value == value else row.value
                effects.setdefault((row.actor, row.local, changed), []).append(value)
        for (actor, target, changed), found in effects.items():
            guards = [] if len(found) == len(values) else [_one_of(self.names[number], found)]
            does = [f"{self.names[number]} = {changed}"] if changed is not None else []
            if actor > 0:
                guards += [f"!({test})" for test in self._excluded(task, place)]
                does = self._forbidden(task, place, number, found[0]) + does + self._entering(task, place, target)
            does += self._returning(task, target)
            note = "" if actor > 0 else " /* a fatal signal */" if actor == -(task + 1) else " /* a store overtakes */"
            yield self._case(guards, does, f"goto {self._label(task, target)}", note)

    @staticmethod
    def _case(guards: list[str], does: list[str], goto: str, note: str = "") -> str:
        guard = " && ".join(guards) if guards else "true"
        return f"    :: d_step {{ {guard} -> {'; '.join(does) if does else 'skip'} }}; {goto}{note}"

    def _fault_cases(self, task: int, place: Local, operation: Operation) -> Iterator[str]:
        """The cases that break a rule and end the schedule."""
        here = f"goto {self._label(task, place)} /* {operation.primitive}: a fault */"
        wrong = self._wrong_values(task, place, operation)
        if wrong:
            yield self._case([_one_of(self.names[operation.object], wrong)], [f"BREAKS({task + 1})"], here)
        tests = self._excluded(task, place)
        if tests:
            yield self._case([" || ".join(tests)], [f"BREAKS({task + 1})"], here)

    def _wrong_values(self, task: int, place: Local, operation: Operation) -> list[int]:
        if operation.object < 0:
            return []
        values = self.domain.values_at(task, place, operation.object)
        kinds = {value: self.rules.fault_kinds(task, place, {operation.object: value}) for value in values}
        return [value for value in values if "unlock-not-held" in kinds[value]]

    def _breaks(self, task: int, place: Local) -> bool:
        operation = self.rules.operation(task, place)
        return operation is not None and bool(self._wrong_values(task, place, operation) or self._excluded(task, place))

    def _excluded(self, task: int, place: Local) -> list[str]:
        """Tests for the tasks that must not be inside when a task enters the work."""
        operation = self.rules.operation(task, place)
        if operation is None or operation.action != "enter":
            return []
        found = []
        for other in self.tasks:
            inside = self._inside(other)
            kinds = sorted({inside[there] for there in inside if self.rules.excludes(task, place, other, there)})
            if kinds:
                found.append(_one_of(f"inside_{other + 1}", kinds))
        return found

    def _inside(self, task: int) -> dict[Local, int]:
        """The places inside the work, and a number from 1 for the VMs that the work is on."""
        found, sorts = {}, list[tuple[int, ...]]()
        for place in sorted(self.domain.locals[task]):
            operation = self.rules.operation(task, place)
            if operation is not None and operation.action == "leave":
                if operation.vms not in sorts:
                    sorts.append(operation.vms)
                found[place] = sorts.index(operation.vms) + 1
        return found

    def _entering(self, task: int, place: Local, target: Local) -> list[str]:
        inside = self._inside(task)
        before, after = inside.get(place, 0), inside.get(target, 0)
        return [f"inside_{task + 1} = {after}"] if before != after else []

    def _returning(self, task: int, target: Local) -> list[str]:
        result = self.rules.position(task, target).result
        if self.rules.operation(task, target) is not None:
            return []
        done = [f"result_{task + 1} = {result}"]
        finished = " && ".join(f"result_{other + 1} != RUNNING" for other in self.tasks)
        for shared, name in zip(self.program.objects, self.names, strict=True):
            if not shared.is_lock and not shared.persistent:
                done.append(f"FORBID({finished} && {name} != {shared.initial})")
        return [*done, "REPORT"]

    def _forbidden(self, task: int, place: Local, number: int, value: int) -> list[str]:
        """What must not be held at a step: the locks with which the interpreter finds fault in it."""
        found = []
        values = {number: value} if number >= 0 else {}
        for lock in self.program.locks:
            held = {**values, lock: task + 1}
            possible = lock != number and task + 1 in self.domain.values[lock]
            if possible and self.rules.fault_kinds(task, place, held):
                found.append(f"FORBID({self.names[lock]} == {task + 1})")
        return found

    def _label(self, task: int, place: Local) -> str:
        operation, mark = self.rules.operation(task, place), mark_of(place)
        marks = ("_signalled" if mark & SIGNALLED else "") + ("_woken" if mark & WOKEN else "")
        if operation is None:
            return f"end_{position_of(place)}{marks}"
        builtin = "" if operation.source == 0 else f"{operation.function}_"
        return f"{builtin}line_{operation.span.line}_{position_of(place)}{marks}"


def _type_of(values: Iterable[int]) -> str:
    return "short" if all(value in SHORT for value in values) else "int"


def _one_of(name: str, values: list[int]) -> str:
    tests = " || ".join(f"{name} == {value}" for value in values)
    return f"({tests})" if len(values) > 1 else tests
