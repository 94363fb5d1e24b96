"""The splat of a schedule: what a kernel would print at the reader's own interleaving, and why it prints no more.

>>> import sevviz
>>> shown = sevviz.splat("naive_killable", "double", "1 2")
>>> shown.reports
()
>>> shown.silences[0]
'This is a deadlock, and the log stays empty.'
"""

from __future__ import annotations

from sevviz.splats.log import KernelReport, Splat, splat, splat_of
from sevviz.splats.scene import Machine

__all__ = ["KernelReport", "Machine", "Splat", "splat", "splat_of"]
