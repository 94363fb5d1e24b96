"""The parts of the lab: its controls, a stepper whose program can be exchanged, and the view beside other schemes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import anywidget
import traitlets

from sevviz.catalogue import load, load_text, scenario, scenario_names, scheme_names
from sevviz.kernel.evidence import evidence
from sevviz.liveviews import LinkedView
from sevviz.payload import pack
from sevviz.stepper import Stepper
from sevviz.views.compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevviz.verdict import Verdict

__all__ = ["Bench", "BesideView", "LabControls", "Shown", "catalogue_of"]

PLAYER = Path(__file__).parent / "player"
BESIDE = ("naive", "flag_then_mutex")  # what an unedited scheme is compared with, until the reader chooses
MOST_BESIDE = 3  # more columns than four are not read side by side
CHOOSE = "Up to four schemes at a time: the one above and one to three of these."


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


class Shown(NamedTuple):
    """What the lab shows: a scheme's name, its C as it was last read, and as it was before it was edited."""

    name: str
    text: str
    before: str

    @property
    def edited(self) -> bool:
        """Whether these differ."""
        return self.text != self.before


class BesideView(LinkedView):
    """The stepper's scheme beside others that the reader chooses, along its schedule.

    `picked` are their names; empty, it is what the scheme was before it was edited, or else two to compare it with.
    """

    def __init__(self, stepper: Stepper, shown: Callable[[], Shown], picked: list[str]) -> None:
        self._now, self._picked = shown, picked
        super().__init__(stepper)
        self.observe(self._reader_chose, "chosen")

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """The comparison; before the first step there is nothing to compare."""
        if not schedule:
            return {"view": "note", "note": "Take a step first: then this shows what the same choices do elsewhere."}
        now, beside = self._now(), self._beside()
        own = load_text(now.text, f"{now.name} (edited)" if now.edited else now.name)
        others = [load_text(now.before, f"{name} (shipped)") if name == now.name else name for name in beside]
        made = compare([own, *others], schedule, verdict.program.scenario).payload()
        return made | {"choice": {"schemes": self._offered(), "picked": beside, "most": MOST_BESIDE, "words": CHOOSE}}

    def _offered(self) -> list[dict[str, str]]:
        """What can be chosen: all schemes but the one shown, and that one too where it is edited."""
        now = self._now()
        schemes = catalogue_of(now.name, "")["schemes"]
        named = [{"name": one["name"], "title": one["title"]} for one in schemes if one["name"] != now.name]
        return [{"name": now.name, "title": "as it was before the edit"}, *named] if now.edited else named

    def _beside(self) -> list[str]:
        now, offered = self._now(), [one["name"] for one in self._offered()]
        kept = [name for name in self._picked if name in offered]
        return kept or ([now.name] if now.edited else [name for name in BESIDE if name != now.name])

    def _reader_chose(self, change: dict[str, Any]) -> None:
        before = self._picked[:]
        self._picked[:] = [str(name) for name in change["new"].get("schemes", [])][:MOST_BESIDE]
        made = self._shown()
        if "choice" not in made:  # a scheme that does not fit this scenario: the reader can choose again
            self._picked[:] = before
            made = {**self.payload, "explanation": made.get("note", "")}
        self.payload = made


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
