"""A program as a NuSMV model: one variable for each task and object, one relation that is the union of all steps.

Written that way NuSMV is many times faster than with a `next` for each variable.
"""

from sevviz.model import Program
from sevviz.symbolic.order import order_variables
from sevviz.symbolic.rules import Rules

from .steps import Step, domain_of, ends_of, steps_of


def smv(program: Program) -> str:
    """The model. Its invariant is broken in a state in which tasks are left and none can step."""
    rules = Rules(program)
    domain = domain_of(rules)
    values = {f"task{number}": places for number, places in enumerate(domain.locals)}
    values |= {f"object{number}": found for number, found in enumerate(domain.values)}
    steps = list(steps_of(rules, domain))
    order = _order(rules, steps)
    first = [f"task{number} = 0" for number in range(len(program.tasks))]
    first += [f"object{number} = {shared.initial}" for number, shared in enumerate(program.objects)]
    ended = [
        " | ".join(f"task{task} = {place}" for place in places) for task, places in enumerate(ends_of(rules, domain))
    ]
    done = " & ".join(f"({places})" for places in ended)
    lines = ["MODULE main", "VAR"]
    lines += [f"  {name} : {{{', '.join(map(str, sorted(values[name])))}}};" for name in order]
    lines += ["INIT " + " & ".join(first) + ";"]
    lines += ["TRANS " + "\n | ".join([*_relations(steps, order), f"({done} & {_unchanged(order)})"]) + ";"]
    lines += [f"INVARSPEC ({done}) | " + " | ".join(f"({_at(step)})" for step in steps) + ";"]
    return "\n".join(lines) + "\n"


def _order(rules: Rules, steps: list[Step]) -> list[str]:
    """The tasks as the diagrams of sevviz have them, each above the VMs that it is the first to use.

    Sevviz has VMs lower, which suits it better; NuSMV needs two times as long with that.
    """
    objects = rules.program.objects
    found: dict[str, None] = {}
    for task in (number for is_task, number in order_variables(rules).variables if is_task):
        found[f"task{task}"] = None
        used = dict.fromkeys(objects[step.object].vm for step in steps if step.task == task and step.object >= 0)
        for vm in used:
            found |= {f"object{number}": None for number, shared in enumerate(objects) if shared.vm == vm}
    return list(found)


def _relations(steps: list[Step], order: list[str]) -> list[str]:
    """The steps of each task on each object, and that all else stays as it is."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        task, thing = f"task{step.task}", f"object{step.object}"
        after = f"next({task}) = {step.next_place}" + (
            f" & next({thing}) = {step.next_value}" if step.object >= 0 else ""
        )
        found.setdefault((task, thing), []).append(f"({_at(step)} & {after})")
    return [
        f"(({' | '.join(made)}) & {_unchanged([name for name in order if name not in pair])})"
        for pair, made in found.items()
    ]


def _at(step: Step) -> str:
    return f"task{step.task} = {step.place}" + (f" & object{step.object} = {step.value}" if step.object >= 0 else "")


def _unchanged(names: list[str]) -> str:
    return " & ".join(f"next({name}) = {name}" for name in names)
