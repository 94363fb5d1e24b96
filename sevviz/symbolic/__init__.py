"""Many VMs at once: reachable states as decision diagrams, closed by saturation.

>>> from sevviz.catalogue import program
>>> check_symbolic(program("flag_then_mutex", "ring8")).states
117988449
"""

from sevviz.symbolic.limits import Limits
from sevviz.symbolic.verdict import SymbolicVerdict, check_symbolic

__all__ = ["Limits", "SymbolicVerdict", "check_symbolic"]
