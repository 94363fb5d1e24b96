"""The C front end: the only place that knows C. Text in, `Program` out."""

from sevviz.csource.builder import suggest
from sevviz.csource.program import Settings, make_program, vm_order
from sevviz.csource.reader import SIZE_LIMIT
from sevviz.csource.scheme import Scheme, load_scheme

__all__ = ["SIZE_LIMIT", "Scheme", "Settings", "load_scheme", "make_program", "suggest", "vm_order"]
