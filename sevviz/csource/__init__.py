"""The C front end: the only place that knows C. Text in, `Program` out."""

from sevviz.csource.builder import suggest
from sevviz.csource.scheme import Scheme, Settings, load_scheme, make_program, vm_order

__all__ = ["Scheme", "Settings", "load_scheme", "make_program", "suggest", "vm_order"]
