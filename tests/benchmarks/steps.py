"""All moves of a program as a plain list: what the models for other engines are made from."""

from collections.abc import Iterator
from typing import NamedTuple

from sevviz.model import Program
from sevviz.promela.domain import Domain, closure
from sevviz.symbolic.rules import Rules


class Step(NamedTuple):
    """What a task can do in a local state when its object (-1: none) has a value, and what both become."""

    task: int
    place: int
    object: int
    value: int
    next_place: int
    next_value: int


def domain_of(rules: Rules) -> Domain:
    """The local states and values that may occur."""
    domain = closure(rules)
    if domain is None:
        message = "a field of this program grows without a bound"
        raise ValueError(message)
    return domain


def steps_of(rules: Rules, domain: Domain) -> Iterator[Step]:
    """Every move. Those that break a rule are left out, so it is for schemes that break none."""
    for task, places in enumerate(domain.locals):
        for place in sorted(places):
            for number in rules.objects(task, place):
                for value in domain.values_at(task, place, number):
                    for row in rules.rows(task, number, place, value):
                        yield Step(task, place, number, value, row.local, row.value)


def ends_of(rules: Rules, domain: Domain) -> list[list[int]]:
    """For each task the local states in which it has returned."""
    return [
        [place for place in sorted(places) if rules.operation(task, place) is None]
        for task, places in enumerate(domain.locals)
    ]


def table(program: Program) -> dict[str, object]:
    """The moves as a value for JSON."""
    rules = Rules(program)
    domain = domain_of(rules)
    initial = [shared.initial for shared in program.objects]
    return {"initial": initial, "steps": list(steps_of(rules, domain)), "ends": ends_of(rules, domain)}
