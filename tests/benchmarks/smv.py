"""A program as a NuSMV model: one variable for each task and object, a task chosen by an input in each step."""

from sevviz.model import Program
from sevviz.promela.domain import closure
from sevviz.symbolic.order import order_variables
from sevviz.symbolic.rules import Rules

Cases = dict[str, list[str]]


def smv(program: Program) -> str:
    """The model. Its invariant is broken in a state in which tasks are left and none can step.

    Steps that break a rule are left out, so it is for schemes that break none.
    """
    rules = Rules(program)
    domain = closure(rules)
    if domain is None:
        message = "a field of this program grows without a bound"
        raise ValueError(message)
    cases: Cases = {}
    enabled: list[str] = []
    for task, places in enumerate(domain.locals):
        own = []
        for place in sorted(places):
            for number in rules.objects(task, place):
                for value in domain.values_at(task, place, number):
                    for row in rules.rows(task, number, place, value):
                        at = f"task{task} = {place}" + (f" & object{number} = {value}" if number >= 0 else "")
                        own.append(f"({at})")
                        cases.setdefault(f"task{task}", []).append(f"actor = {task} & {at} : {row.local};")
                        if number >= 0 and row.value != value:
                            cases.setdefault(f"object{number}", []).append(f"actor = {task} & {at} : {row.value};")
        ended = [f"task{task} = {place}" for place in sorted(places) if rules.operation(task, place) is None]
        enabled.append(" | ".join(own))
        cases.setdefault("done", []).append("(" + " | ".join(ended) + ")")
    return "\n".join([*_variables(rules, domain.locals, domain.values), *_changes(program, cases, enabled)]) + "\n"


def _variables(rules: Rules, places: list[set[int]], values: list[set[int]]) -> list[str]:
    """In the same order as the diagrams of sevviz have them: NuSMV's size depends on it as well."""
    lines = ["MODULE main", f"IVAR actor : 0..{len(places) - 1};", "VAR"]
    for is_task, number in order_variables(rules).variables:
        name, found = (f"task{number}", places[number]) if is_task else (f"object{number}", values[number])
        lines.append(f"  {name} : {{{', '.join(map(str, sorted(found)))}}};")
    return lines


def _changes(program: Program, cases: Cases, enabled: list[str]) -> list[str]:
    first = {f"task{task}": 0 for task in range(len(program.tasks))}
    first |= {f"object{number}": shared.initial for number, shared in enumerate(program.objects)}
    lines = ["ASSIGN"]
    for name, value in first.items():
        changes = "\n    ".join([*cases.get(name, []), f"TRUE : {name};"])
        lines.append(f"  init({name}) := {value};\n  next({name}) := case\n    {changes}\n  esac;")
    return [*lines, "INVARSPEC (" + " & ".join(cases["done"]) + ") | " + " | ".join(enabled) + ";"]
