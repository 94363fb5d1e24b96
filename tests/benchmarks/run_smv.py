"""Run by a Python that has pynusmv: read a model, check its invariant, tell that and the number of reachable states."""

import importlib
import sys

# Only there in the Python that --nusmv names, and published without types.
pynusmv = importlib.import_module("pynusmv")

with pynusmv.init.init_nusmv():
    pynusmv.glob.load(sys.argv[1])
    pynusmv.glob.compute_model()
    machine = pynusmv.glob.prop_database().master.bddFsm
    reachable = machine.reachable_states
    for prop in pynusmv.glob.prop_database():
        states = pynusmv.mc.eval_simple_expression(machine, str(prop.expr))
        holds = (reachable - states).is_false()
        sys.stdout.write("invariant holds\n" if holds else "invariant is broken\n")
    sys.stdout.write(f"{machine.count_states(reachable)} states\n")
