"""sevviz: see, step through and check the two-VM locking of KVM SEV intra-host migration.

>>> import sevviz
>>> verdict = sevviz.check("naive", "double")
>>> verdict.deadlocks[0].schedule
(1, 2)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevviz.analysis import lock_order
    from sevviz.catalogue import load, load_text, program, scenario, scenario_names, scheme_names
    from sevviz.errors import ScenarioError, ScheduleError, SchemeError, SevvizError
    from sevviz.explorer import explore
    from sevviz.kernelwords import kernel_words
    from sevviz.labpanel import lab
    from sevviz.liveviews import ProgressView, StateMapView, compare
    from sevviz.matrixboard import matrix
    from sevviz.prediction import Prediction, ask, predict
    from sevviz.schedule import format_schedule, parse_schedule
    from sevviz.splats import splat
    from sevviz.stepper import Stepper
    from sevviz.traces import replay, run
    from sevviz.verdict import Verdict, check
    from sevviz.views.census import draw_census
    from sevviz.views.claimcard import show_claim, show_claims
    from sevviz.views.lock_classes import lock_classes
    from sevviz.views.noreturn import no_return_words
    from sevviz.views.progress_figure import draw_progress
    from sevviz.views.scale_figure import draw_scale
    from sevviz.views.statemap_figure import draw_state_map
    from sevviz.views.timeline import draw_timeline
    from sevviz.views.waitfor import draw_wait_for
    from sevviz.views.why import why_it_passes

# Each name and the module it comes from: loaded when first asked for, so that `import sevviz` costs nothing.
_HOME = {
    "no_return_words": "views.noreturn",
    "why_it_passes": "views.why",
    "draw_state_map": "views.statemap_figure",
    "draw_scale": "views.scale_figure",
    "draw_progress": "views.progress_figure",
    "lab": "labpanel",
    "matrix": "matrixboard",
    "compare": "liveviews",
    "ProgressView": "liveviews",
    "StateMapView": "liveviews",
    "show_claims": "views.claimcard",
    "show_claim": "views.claimcard",
    "draw_wait_for": "views.waitfor",
    "draw_timeline": "views.timeline",
    "draw_census": "views.census",
    "lock_classes": "views.lock_classes",
    "splat": "splats",
    "Stepper": "stepper",
    "ScenarioError": "errors",
    "ScheduleError": "errors",
    "SchemeError": "errors",
    "SevvizError": "errors",
    "Verdict": "verdict",
    "check": "verdict",
    "explore": "explorer",
    "format_schedule": "schedule",
    "kernel_words": "kernelwords",
    "load": "catalogue",
    "load_text": "catalogue",
    "lock_order": "analysis",
    "Prediction": "prediction",
    "predict": "prediction",
    "ask": "prediction",
    "parse_schedule": "schedule",
    "program": "catalogue",
    "replay": "traces",
    "run": "traces",
    "scenario": "catalogue",
    "scenario_names": "catalogue",
    "scheme_names": "catalogue",
}

__all__ = [
    "Prediction",
    "ProgressView",
    "ScenarioError",
    "ScheduleError",
    "SchemeError",
    "SevvizError",
    "StateMapView",
    "Stepper",
    "Verdict",
    "ask",
    "check",
    "compare",
    "draw_census",
    "draw_progress",
    "draw_scale",
    "draw_state_map",
    "draw_timeline",
    "draw_wait_for",
    "explore",
    "format_schedule",
    "kernel_words",
    "lab",
    "load",
    "load_text",
    "lock_classes",
    "lock_order",
    "matrix",
    "no_return_words",
    "parse_schedule",
    "predict",
    "program",
    "replay",
    "run",
    "scenario",
    "scenario_names",
    "scheme_names",
    "show_claim",
    "show_claims",
    "splat",
    "why_it_passes",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'sevviz' has no attribute {name!r}; it has {', '.join(__all__)}")
    found: object = getattr(import_module(f"sevviz.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
