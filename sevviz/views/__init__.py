"""Pictures and words for what the engine found. Drawing libraries are loaded when something is drawn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevviz.views.census import draw_census
    from sevviz.views.timeline import draw_timeline
    from sevviz.views.waitfor import draw_wait_for

_HOME = {"draw_census": "census", "draw_timeline": "timeline", "draw_wait_for": "waitfor"}

__all__ = ["draw_census", "draw_timeline", "draw_wait_for"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module has under that name
    """Load a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'sevviz.views' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"sevviz.views.{_HOME[name]}"), name)
