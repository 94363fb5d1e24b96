"""The live views: widgets beside a stepper that show where its schedule stands, and where a reader can go by a click.

>>> from sevviz.stepper import Stepper
>>> from sevviz.liveviews import ProgressView
>>> stepper = Stepper("naive", "double")
>>> view = ProgressView(stepper)  # in a notebook: show both
>>> view.schedule = "1 2"  # what a click on a cell does
>>> stepper.schedule
'1 2'
"""

from __future__ import annotations

from abc import abstractmethod
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from sevviz.embedding import embedded
from sevviz.errors import SevvizError
from sevviz.progress import Plane
from sevviz.schedule import parse_schedule
from sevviz.views.compare import Comparison
from sevviz.views.compare import compare as replay_on_each
from sevviz.views.noreturn import no_return_words
from sevviz.views.progress import progress_payload, twin_text
from sevviz.views.progress_planes import planes_payload
from sevviz.views.statemap import map_payload, state_map
from sevviz.views.why import Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme
    from sevviz.stepper import Stepper
    from sevviz.verdict import Verdict

__all__ = ["CompareView", "LinkedView", "LiveView", "ProgressView", "StateMapView", "WhyView", "compare"]

PLAYER = Path(__file__).parent / "player"


class LiveView(anywidget.AnyWidget):
    """One of the views of explain.js. `schedule` and `step` are the moment shown; a reader's click changes them."""

    _esm = PLAYER / "explain.js"
    _css = PLAYER / "explain.css"

    payload = traitlets.Dict().tag(sync=True)
    schedule = traitlets.Unicode("").tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)

    @property
    def text(self) -> str:
        """The view as plain text."""
        return str(self.payload.get("text") or self.payload.get("note") or "\n".join(self.payload.get("lines", [])))

    def _html(self) -> str:
        """What stands in the view's place where no script runs."""
        return f"<pre>{escape(self.text)}</pre>"

    def _repr_mimebundle_(self, **kwargs: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and for pages without widgets the same as text."""
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0].update({"text/plain": self.text, "text/html": self._html()})
            options = {"schedule": self.schedule, "step": self.step, **self._followed()}
            bundle[0].update(embedded("explain", self._for_page(), options, self._html))
        return bundle

    def _for_page(self) -> dict[str, Any]:
        """What the browser shows where no Python answers it."""
        return dict(self.payload)

    def _followed(self) -> dict[str, Any]:
        """The key of the stepper that the view follows on a page, too."""
        return {}


class LinkedView(LiveView):
    """A view that goes where a stepper goes and takes the stepper along where the reader goes in it."""

    _following = False
    _taken_along = False  # what the stepper does is not to be handed back to it

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper
        super().__init__(payload=self._shown(), schedule=stepper.schedule, step=stepper.step)
        self._following = True
        stepper.observe(self._stepper_moved, ["schedule", "step", "payload"])
        self.observe(self._reader_went, ["schedule", "step"])

    def close(self) -> None:
        """Let go of the stepper and of the browser's view."""
        if self._following:
            self._following = False
            self.stepper.unobserve(self._stepper_moved, ["schedule", "step", "payload"])
        super().close()

    @abstractmethod
    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """What the browser shows of a verdict along a schedule."""

    def _followed(self) -> dict[str, Any]:
        return {"key": self.stepper.key}

    def _shown(self) -> dict[str, Any]:
        try:
            return self.payload_for(self.stepper.verdict, self.stepper.schedule)
        except SevvizError as error:
            return {"view": "note", "note": f"{str(error)[:1].upper()}{str(error)[1:]}."}

    def _stepper_moved(self, change: dict[str, Any]) -> None:
        self._taken_along = True
        try:
            with self.hold_sync():
                if change["name"] != "step":
                    self.payload = self._shown()
                self.schedule, self.step = self.stepper.schedule, self.stepper.step
        finally:
            self._taken_along = False

    def _reader_went(self, _change: object) -> None:
        if self._taken_along or (self.schedule, self.step) == (self.stepper.schedule, self.stepper.step):
            return
        try:
            self.stepper.show(self.schedule, self.step)
        except SevvizError as error:  # a schedule that the reader wrote
            self._taken_along = True
            with self.hold_sync():
                self.payload = {**self.payload, "explanation": f"{error}."}
                self.schedule, self.step = self.stepper.schedule, self.stepper.step
            self._taken_along = False


class ProgressView(LinkedView):
    """The progress graph of two of the stepper's tasks, along its schedule."""

    def __init__(self, stepper: Stepper, tasks: tuple[int, int] = (1, 2)) -> None:
        self._tasks = tasks
        self._plane: Plane | None = None
        super().__init__(stepper)

    @property
    def text(self) -> str:
        """The graph as plain text, with the schedule in it."""
        shown = self.payload
        return twin_text(shown["twin"], shown["schedule"], shown["stairs"]) if "twin" in shown else super().text

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """The graph of the paths that the schedule takes."""
        if self._plane is None or self._plane.graph is not verdict.graph:
            self._plane = Plane(verdict.graph, verdict.survey, self._tasks)
        return progress_payload(self._plane.along(parse_schedule(schedule, len(verdict.program.tasks))))

    def _for_page(self) -> dict[str, Any]:
        if self._plane is None:
            return dict(self.payload)
        schedule = parse_schedule(self.schedule, len(self.stepper.program.tasks))
        return planes_payload(self._plane, self._plane.along(schedule))


class StateMapView(LinkedView):
    """The stepper's whole state graph."""

    _made_for: Verdict | None = None

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:  # noqa: ARG002 - it serves them all
        """The map; the browser finds a schedule's states in it and says where it ends, so one serves all schedules."""
        if self._made_for is not verdict:
            made = map_payload(state_map(verdict))
            self._made_for = verdict
            return made
        return dict(self.payload)


class WhyView(LinkedView):
    """The invariant behind a clean verdict along the stepper's schedule, and the point of no return of a lost one."""

    _why: Why | None = None

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """The argument, and what it says after each step."""
        if self._why is None or self._why.verdict is not verdict:
            self._why = Why(verdict)
        return self._why.payload(
            parse_schedule(schedule, len(verdict.program.tasks)), no_return_words(self.stepper.trace, verdict)
        )

    def _followed(self) -> dict[str, Any]:
        return {}  # it tells of one schedule


class CompareView(LiveView):
    """One schedule on several schemes; a reader can write another schedule. `comparison` is what is shown.

    Args:
        schemes: Names in data/schemes, paths, C texts or loaded schemes, at least two.
        schedule: The schedule; left out, that of the first failure that one of them has.
        scenario: A name in scenarios.toml, `ringN`, or a Scenario.

    Raises SevvizError for input that is not understood.
    """

    def __init__(
        self, schemes: Sequence[Scheme | str], schedule: str = "", scenario: Scenario | str = "double"
    ) -> None:
        self._schemes, self._scenario = tuple(schemes), scenario
        self.comparison: Comparison = replay_on_each(self._schemes, schedule, scenario)
        payload = self.comparison.payload()
        steps = len(self.comparison.schedule)
        super().__init__(payload=payload, schedule=payload["schedule"], step=self.comparison.fates_part or steps)
        self.observe(self._reader_wrote, "schedule")

    def _html(self) -> str:
        return self.comparison.as_html()

    def _reader_wrote(self, change: dict[str, Any]) -> None:
        if change["new"] == self.payload.get("schedule"):
            return
        try:
            self.comparison = replay_on_each(self._schemes, change["new"], self._scenario)
        except SevvizError as error:
            self.payload = {**self.payload, "explanation": str(error)}
            return
        with self.hold_sync():
            self.payload = self.comparison.payload()
            self.schedule = self.payload["schedule"]
            self.step = self.comparison.fates_part or len(self.comparison.schedule)


def compare(schemes: Sequence[Scheme | str], schedule: str = "", scenario: Scenario | str = "double") -> CompareView:
    """One schedule on several schemes, side by side, with the first step at which they part; see CompareView."""
    return CompareView(schemes, schedule, scenario)
