"""The stepper: a scheme in a scenario to be walked through in a notebook.

>>> from sevviz.stepper import Stepper
>>> stepper = Stepper("naive", "double", schedule="1 2")
>>> stepper.trace.schedule
(1, 2)
"""

from __future__ import annotations

import asyncio
import itertools
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from sevviz.catalogue import program
from sevviz.embedding import embedded
from sevviz.kernel.evidence import evidence
from sevviz.payload import DEFAULT_STATES, pack
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.traces import run
from sevviz.verdict import verdict_of
from sevviz.views.names import tasks_title
from sevviz.views.pictures import svg_source
from sevviz.views.story import story_html
from sevviz.views.words import step_sentence

if TYPE_CHECKING:
    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme
    from sevviz.model import Program, Trace
    from sevviz.prediction import Prediction
    from sevviz.verdict import Verdict

__all__ = ["Stepper"]

PLAYER = Path(__file__).parent / "player"
REDRAW_AFTER = 0.15  # seconds without a further choice
_NUMBERS = itertools.count(1)
MOST_STATES = 50_000  # about a second of search, so that the first picture does not keep the reader waiting


class Stepper(anywidget.AnyWidget):
    """A player for a scheme in a scenario. What the reader explores is in `schedule`, `step` and `trace`.

    Args:
        scheme: A name in data/schemes, the path of a .c file, C text, or a loaded scheme.
        scenario: A name in scenarios.toml, `ringN`, or a Scenario.
        schedule: The schedule to begin with, such as "1 1 2".
        tasks: Calls that take the place of the scenario's, such as ["migrate(B, A)", "migrate(A, B)"].
        signals: Whether the reader can send fatal signals, whatever the scenario says.
        figures: Whether a timeline of the chosen schedule is kept up to date under the player.
        step: The step of the schedule to show; its end if left out.
        after: A prediction: what the search found stays covered until the reader has committed to it.

    Raises SevvizError for a scheme, scenario or schedule that is not understood.
    """

    _esm = PLAYER / "player.js"
    _css = PLAYER / "player.css"

    payload = traitlets.Dict().tag(sync=True)
    schedule = traitlets.Unicode("").tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    veiled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(  # noqa: PLR0913 - these are the reader's questions, all but the first by name
        self, scheme: Scheme | str | Path, scenario: Scenario | str = "double", *, schedule: str = "",
        tasks: tuple[str, ...] | list[str] = (), signals: bool = False, figures: bool = True, step: int | None = None,
        after: Prediction | None = None,
    ) -> None:  # fmt: skip
        self.key = f"{next(_NUMBERS)}"  # by which an exported page knows which views follow which stepper
        self.program: Program = program(scheme, scenario, tasks=tuple(tasks), signals=signals)
        self._figures = figures
        self._redraw: asyncio.TimerHandle | None = None
        first = run(self.program, parse_schedule(schedule, len(self.program.tasks)))
        self.verdict: Verdict = verdict_of(self.program, MOST_STATES)
        title = "" if tasks or isinstance(scenario, str) else scenario.title
        super().__init__(
            payload=pack(self.verdict, scenario_title=title, states=DEFAULT_STATES, kernel=evidence(self.program)),
            schedule=format_schedule(first.schedule),
            step=len(first.steps) if step is None else step,
            veiled=after is not None and after.committed is None,
        )
        self._after = after
        if after is not None:
            after.observe(self._committed, "committed")
        self._draw_soon()

    @property
    def trace(self) -> Trace:
        """The states and steps along the schedule that the reader has chosen."""
        return run(self.program, parse_schedule(self.schedule, len(self.program.tasks)))

    def show(self, schedule: str, step: int | None = None) -> None:
        """Show a schedule at one of its steps, or at its end; raises ScheduleError if it cannot be followed."""
        steps = len(parse_schedule(schedule, len(self.program.tasks)))
        self.set_trait("schedule", schedule)
        self.step = steps if step is None else step

    @traitlets.validate("schedule")
    def _check_schedule(self, proposal: dict[str, Any]) -> str:
        actors = parse_schedule(proposal["value"], len(self.program.tasks))
        return format_schedule(run(self.program, actors).schedule)

    @traitlets.validate("step")
    def _keep_step_inside(self, proposal: dict[str, Any]) -> int:
        wanted: int = proposal["value"]
        return max(0, min(wanted, len(parse_schedule(self.schedule, len(self.program.tasks)))))

    @traitlets.observe("schedule")
    def _schedule_changed(self, _change: object) -> None:
        self.step = min(self.step, len(parse_schedule(self.schedule, len(self.program.tasks))))
        self._draw_soon()

    def _committed(self, _change: object) -> None:
        self.veiled = False

    # The timeline under the player.

    def _draw_soon(self) -> None:
        """Draw once the reader pauses; outside of a running kernel there is nobody to draw for."""
        if not self._figures:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._redraw is not None:
            self._redraw.cancel()
        self._redraw = loop.call_later(REDRAW_AFTER, self._draw)

    def _draw(self) -> None:
        self._redraw = None
        self.figure = {"svg": _timeline_svg(self.trace), "alt": _told(self.trace)}

    # What is seen where no kernel runs.

    def _repr_mimebundle_(self, **kwargs: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and for pages without widgets (an untrusted notebook, an export) the schedule as it stands."""
        bundle: tuple[dict[str, Any], dict[str, Any]] | None = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0].update({"text/plain": self._as_text(), "text/html": self._as_html()})
            options = {"schedule": self.schedule, "step": self.step, "key": self.key}
            if self._after is not None and self.veiled:
                options |= {"veiled": True, "after": self._after.key}
            bundle[0].update(embedded("player", self.payload, options, self._story))
        return bundle

    def _story(self) -> str:
        return story_html(self.verdict, self.payload["kernel"])

    def _as_text(self) -> str:
        head = f"{self.program.title}, {tasks_title(self.program)}"
        return "\n".join([head, self.payload["verdict"]["line"], *_numbered(self.trace)])

    def _as_html(self) -> str:
        """Plain HTML that a sanitiser lets through: what was found, the picture of the schedule, and its steps."""
        found = "".join(f"<li>{escape(chip['label'])} {escape(chip['count'])}</li>" for chip in self.payload["chips"])
        steps = "".join(f"<li>{escape(sentence)}</li>" for sentence in _sentences(self.trace))
        head = f"<p><b>{escape(self.program.title)}</b>, {escape(tasks_title(self.program))}</p>"
        line = escape(self.payload["verdict"]["line"])
        return f"{head}<p>{line}</p><ul>{found}</ul>{self._image()}<ol>{steps}</ol>"

    def _image(self) -> str:
        # Without a step there is nothing to see, and the first picture of a kernel costs more than a second of imports.
        svg = _timeline_svg(self.trace) if self._figures and self.schedule else ""
        if not svg:
            return ""
        return f'<img alt="{escape(_told(self.trace))}" src="{svg_source(svg)}">'


def _timeline_svg(trace: Trace) -> str:
    """The timeline of a trace; "" where no drawing library is installed: the player says the same in its own way."""
    try:
        drawn: str = import_module("sevviz.views.timeline").timeline_svg(trace)
    except ImportError:
        return ""
    return drawn


def _sentences(trace: Trace) -> list[str]:
    pairs = zip(trace.steps, trace.states, trace.states[1:], strict=False)
    return [step_sentence(trace.program, step, before, after) for step, before, after in pairs]


def _numbered(trace: Trace) -> list[str]:
    return [f"{number}. {sentence}" for number, sentence in enumerate(_sentences(trace), 1)]


def _told(trace: Trace) -> str:
    """The alternative text of a timeline."""
    schedule = format_schedule(trace.schedule) or "empty"
    return f"Timeline of the schedule {schedule}. {' '.join(_sentences(trace))}"
