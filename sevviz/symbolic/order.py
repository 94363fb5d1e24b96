"""The order of variables: what is used together should stand together, since the size of diagrams depends on it.

Below a cut between two levels a diagram must remember what the variables above say about those below. So the tasks are
ordered such that few VMs are used on both sides of a cut, and the objects of a VM stand just below its middle user.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from sevviz.errors import SevvizError
from sevviz.symbolic.rules import Local, Rules, local_state

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Order", "order_variables"]

FEW = 10  # tasks for which the best order is looked for
TRIES = 6_000  # orders to look at for more tasks; about 0.2 s
PEEK = 200  # local states of a task to look at; what is not seen costs speed only
Uses = tuple[str, ...]  # the VMs that a task uses, or file-scope objects; first used first
WEIGHT = 4  # how many times larger a diagram becomes for each VM that a cut divides, roughly


class Order(NamedTuple):
    """The level of each task and of each object, and the reverse: at each level (True, task) or (False, object)."""

    tasks: tuple[int, ...]
    objects: tuple[int, ...]
    variables: tuple[tuple[bool, int], ...]


def order_variables(rules: Rules) -> Order:
    """An order of the tasks and objects of a program; the objects of one VM stay together."""
    program = rules.program
    groups: dict[str, list[int]] = {}
    for number, shared in enumerate(program.objects):
        groups.setdefault(shared.vm or shared.name, []).append(number)
    group_of = {number: name for name, numbers in groups.items() for number in numbers}
    uses = [tuple(dict.fromkeys(group_of[o] for o in _objects_of(rules, task))) for task in range(len(program.tasks))]
    variables: list[tuple[bool, int]] = []
    for task, below in _place_groups(_arrange(uses), uses):
        variables.append((True, task))
        variables += [(False, number) for name in below for number in groups[name]]
    variables += [(False, o) for o in range(len(program.objects)) if (False, o) not in variables]
    level = {variable: number for number, variable in enumerate(variables)}
    tasks = tuple(level[True, t] for t in range(len(program.tasks)))
    return Order(tasks, tuple(level[False, o] for o in range(len(program.objects))), tuple(variables))


def _objects_of(rules: Rules, task: int) -> list[int]:
    """The objects that a task may use, first used first, as far as a short look at its program tells."""
    start = local_state(0, 0)
    todo: list[Local] = [start]
    seen, found = {start}, dict[int, None]()
    for local in todo:
        for number in rules.objects(task, local) if len(seen) < PEEK else ():
            found[number] = None
            for value in (0, 1, task + 1):  # free, taken or set, its own
                for following in _following(rules, task, number, local, value):
                    if following not in seen:
                        seen.add(following)
                        todo.append(following)
    return [number for number in found if number >= 0]


def _following(rules: Rules, task: int, number: int, local: Local, value: int) -> list[Local]:
    try:
        return [row.local for row in rules.rows(task, number, local, value)]
    except SevvizError:  # a place that is refused, and that no schedule may reach
        return []


def _arrange(uses: Sequence[Uses]) -> list[int]:
    """The tasks in a good order: the best one where there are few of them."""
    return _best_order(uses) if len(uses) <= FEW else _improved_order(uses)


def _best_order(uses: Sequence[Uses]) -> list[int]:
    """The cheapest order, by the cheapest orders of all sets of tasks (Held and Karp 1962). Sets are bit masks."""
    users: dict[str, int] = {}
    for task, names in enumerate(uses):
        for name in names:
            users[name] = users.get(name, 0) | 1 << task
    everyone, limit = (1 << len(uses)) - 1, _cost(range(len(uses)), uses)
    best: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 0, ())}
    for chosen in range(1, everyone + 1):
        added = WEIGHT ** sum([1 for mask in users.values() if mask & chosen and mask & ~chosen])
        found = []
        for task in range(len(uses)) if added <= limit else ():
            cost, late, order = best.get(chosen & ~(1 << task), (limit, 0, ()))
            if chosen >> task & 1 and cost + added <= limit:  # else the order of the program is cheaper
                found.append((cost + added, late + _lateness(uses[task], task, users, chosen), (*order, task)))
        if found:
            best[chosen] = min(found)
    return list(best[everyone][2])


def _lateness(names: Uses, task: int, users: dict[str, int], chosen: int) -> int:
    """How late in its program the task that was chosen last uses the VMs that will stand below it.

    Of equal orders the one is better in which tasks stand above the VMs that they use first: these decide how far they
    come.
    """
    before = chosen ^ 1 << task
    return sum(
        place for place, name in enumerate(names) if (users[name] & before).bit_count() == users[name].bit_count() // 2
    )


def _improved_order(uses: Sequence[Uses]) -> list[int]:
    """The order of the program, improved by moving one task at a time until no such move helps."""
    order = list(range(len(uses)))
    least, tries, improved = _cost(order, uses), 0, True
    while improved and tries < TRIES:
        improved = False
        for source in range(len(order)):
            for target in range(len(order)):
                tries += 1
                moved = order[:source] + order[source + 1 :]
                moved.insert(target, order[source])
                cost = _cost(moved, uses)
                if cost < least:
                    order, least, improved = moved, cost, True
    return min(order, order[::-1], key=lambda either: _all_lateness(either, uses))  # they cost the same


def _cost(order: Sequence[int], uses: Sequence[Uses]) -> int:
    """What the order costs: exponential in the number of VMs that each cut divides."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for place, task in enumerate(order):
        for name in uses[task]:
            first.setdefault(name, place)
            last[name] = place
    changes = [0] * (len(order) + 1)
    for name, place in first.items():
        changes[place] += 1
        changes[last[name]] -= 1
    return sum([WEIGHT**divided for divided in accumulate(changes)])


def _all_lateness(order: Sequence[int], uses: Sequence[Uses]) -> int:
    return sum(uses[task].index(name) for task, names in _place_groups(order, uses) for name in names)


def _place_groups(order: Sequence[int], uses: Sequence[Uses]) -> list[tuple[int, list[str]]]:
    """Each task with the groups of objects that stand just below it: those whose middle user it is."""
    users: dict[str, list[int]] = {}
    for task in order:
        for name in sorted(uses[task]):
            users.setdefault(name, []).append(task)
    middle = {name: tasks[len(tasks) // 2] for name, tasks in users.items()}
    return [(task, [name for name, user in middle.items() if user == task]) for task in order]
