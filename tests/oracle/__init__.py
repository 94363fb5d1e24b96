"""A second, stupider engine: the same questions answered without a line of code from sevviz.

It shares nothing with the engine it checks: pycparser reads the C, a task is a Python generator, and schedules
are explored by plain recursion. It is slow, has no error messages worth reading, and believes its input.

What a result looks like: ``Result.outcomes`` maps ``(kind, returns)`` to a number of interleavings, with kind
"returned", "deadlock" or "fault:KIND", and returns as contract 3 prints them (None: not finished).
"""

from .frontend import Scheme, parse_scheme
from .scenario import Scenario, scenario_from_table
from .search import Result, TooLarge, enumerate_schedules, reachable

__all__ = [
    "Result",
    "Scenario",
    "Scheme",
    "TooLarge",
    "enumerate_schedules",
    "parse_scheme",
    "reachable",
    "scenario_from_table",
]
