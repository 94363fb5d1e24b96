"""The parts of the lab: its controls, a stepper whose program can be exchanged, and the view beside other schemes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from sevviz.catalogue import load, scenario, scenario_names, scheme_names
from sevviz.kernel.evidence import evidence
from sevviz.liveviews import LinkedView
from sevviz.payload import pack
from sevviz.stepper import Stepper
from sevviz.views.compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevviz.csource import Scheme
    from sevviz.verdict import Verdict

__all__ = ["Bench", "BesideView", "LabControls", "catalogue_of"]

PLAYER = Path(__file__).parent / "player"


class LabControls(anywidget.AnyWidget):
    """What stands over the stepper (`part` "controls") or under it ("bar"); the traits are described in lab.js."""

    _esm = PLAYER / "lab.js"
    _css = "\n".join((PLAYER / name).read_text(encoding="utf-8") for name in ("explain.css", "lab.css"))

    part = traitlets.Unicode("controls").tag(sync=True)
    catalogue = traitlets.Dict().tag(sync=True)
    scheme = traitlets.Unicode().tag(sync=True)
    scenario = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    edited = traitlets.Bool(default_value=False).tag(sync=True)
    error = traitlets.Dict().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    changes: traitlets.List[str] = traitlets.List().tag(sync=True)
    remark = traitlets.Unicode().tag(sync=True)
    saved: traitlets.List[str] = traitlets.List().tag(sync=True)
    moment = traitlets.Dict().tag(sync=True)
    no_link = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)
    code_told = traitlets.Unicode().tag(sync=True)
    request = traitlets.Dict().tag(sync=True)
    views: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    view = traitlets.Unicode().tag(sync=True)


class Bench(Stepper):
    """A stepper whose program can be exchanged while it is shown."""

    def exchange(self, verdict: Verdict, schedule: str, step: int) -> None:
        """Show another program at a moment; the schedule is one that it can follow."""
        self.program, self.verdict = verdict.program, verdict
        with self.hold_sync():
            self.payload = pack(verdict, kernel=evidence(self.program))
            self.set_trait("schedule", schedule)
            self.step = step
        self._draw_soon()  # also the schedule that stays leads through another program


class BesideView(LinkedView):
    """The stepper's scheme beside others, along its schedule."""

    def __init__(self, stepper: Stepper, schemes: Callable[[], list[Scheme | str]]) -> None:
        self._schemes = schemes
        super().__init__(stepper)

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """The comparison; before the first step there is nothing to compare."""
        if not schedule:
            return {"view": "note", "note": "Take a step first: then this shows what the same choices do elsewhere."}
        return compare(self._schemes(), schedule, verdict.program.scenario).payload()


def catalogue_of(name: str, title: str) -> dict[str, Any]:
    """What can be chosen: the schemes that come with sevviz, the one that the lab began with, and the scenarios."""
    names = scheme_names()
    schemes = [{"name": shipped, "title": load(shipped).header["title"]} for shipped in names]
    if name not in names:
        schemes.insert(0, {"name": name, "title": title})
    return {
        "schemes": schemes,
        "scenarios": [{"name": known, "title": scenario(known).title} for known in scenario_names()],
    }
