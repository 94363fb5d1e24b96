"""The lab: a stepper whose scheme can be edited in place, with the views beside it, and files to keep what was found.

>>> from sevviz.labpanel import lab
>>> bench = lab("naive", "double", "1 2")
>>> bench.stepper.schedule
'1 2'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.catalogue import load, load_text, program, scheme_names
from sevviz.catalogue import scenario as scenario_named
from sevviz.errors import SchemeError, SevvizError
from sevviz.explorations import Exploration, load_exploration, save_exploration, saved_names, text_hash
from sevviz.kernelviews import ClassesView, KernelView
from sevviz.labparts import Bench, BesideView, LabControls, Shown, catalogue_of
from sevviz.labshare import Origin, shared
from sevviz.liveviews import LinkedView, ProgressView, StateMapView, WhyView
from sevviz.schedule import format_schedule
from sevviz.stepper import MOST_STATES
from sevviz.verdict import verdict_of
from sevviz.views.changes import census_changes, follow
from sevviz.views.verdict_words import verdict_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevviz.verdict import Verdict

__all__ = ["Lab", "lab"]

VIEWS = {
    "progress": "Progress graph", "map": "State map", "why": "Why it passes", "compare": "Compare",
    "kernel": "What a kernel prints", "classes": "Lock classes",
}  # fmt: skip


class Lab:
    """A scheme to explore and to edit. `stepper`, `verdict` and `text` are what is shown now; `path` is where it saves.

    A text that cannot be read leaves everything as it was, and `controls.error` says what is wrong with it.
    """

    def __init__(self, scheme: str = "flag_then_mutex", scenario: str = "double", schedule: str = "") -> None:
        import ipywidgets

        loaded = load(scheme)
        self._origin = Origin.of(loaded, scheme)
        self._files = {self.name: self._origin}  # by name, to be chosen again
        self._read = self._origin.text  # as it was last read without an error
        self.stepper = Bench(loaded, scenario, schedule=schedule)
        self.controls = LabControls(
            catalogue=catalogue_of(self.name, loaded.header["title"]), scheme=self.name, scenario=scenario,
            text=self._read, saved=saved_names(),
        )  # fmt: skip
        self.bar = LabControls(part="bar", views=[{"name": n, "title": title} for n, title in VIEWS.items()])
        self.box: Any = ipywidgets.VBox([self.controls, self.stepper, self.bar])
        self._view: LinkedView | None = None
        self._picked: list[str] = []  # what the reader compares with; empty: nothing chosen yet
        self._quiet = False
        self._tell_moment()
        self.controls.observe(self._chosen, ["scheme", "scenario"])
        self.controls.observe(self._written, "text")
        self.controls.observe(self._asked, "request")
        self.stepper.observe(self._tell_moment, ["schedule", "step"])
        self.bar.observe(self._show_view, "view")

    @property
    def verdict(self) -> Verdict:
        """The finished search of what is shown."""
        return self.stepper.verdict

    @property
    def name(self) -> str:
        """The scheme's name, also where its C is edited."""
        return self._origin.name

    @property
    def text(self) -> str:
        """The C in the editor."""
        return str(self.controls.text)

    # What a reader does, also to be done from Python.

    def open(self, scheme: str, scenario: str = "double", schedule: str = "", step: int | None = None) -> None:
        """Show a scheme that comes with sevviz, or a .c file, in a scenario; raises SevvizError if that cannot be."""
        loaded = load(scheme)
        made = program(loaded, scenario)
        self._origin = self._files[loaded.name] = Origin.of(loaded, scheme)
        self._show(verdict_of(made, MOST_STATES), self._origin.text)
        self.controls.remark = ""  # what the schedule shown before would do here was not asked
        self.stepper.show(schedule, step)

    def edit(self, text: str) -> bool:
        """Put a text into the editor; false if it cannot be read (then what was shown stays)."""
        self.controls.text = text
        return not self.controls.error

    def save(self, name: str, note: str = "") -> Path:
        """Keep this moment as NAME.sevviz.toml in the present folder; raises SevvizError if it could not be loaded."""
        if self.controls.error:
            raise SevvizError("the C in the editor has an error and could not be loaded again: correct it, then save")
        moment = Exploration(name, self.name, self.controls.scenario, self.stepper.schedule, note, self.text)
        path = save_exploration(moment)
        self.controls.saved = saved_names()
        self.controls.remark = f"Saved as {path}."
        return path

    def load(self, name: str) -> Exploration:
        """Show a moment that was kept; raises SevvizError if it cannot be."""
        found = load_exploration(name)
        made = program(load_text(found.text, f"{found.scheme}.c"), found.scenario)
        changed = text_hash(found.text) != found.hash
        shipped = found.scheme in scheme_names()
        self._origin = Origin.named(found.scheme) if shipped else Origin(found.scheme, found.text)
        self._show(verdict_of(made, MOST_STATES), found.text)
        self.controls.remark = ""
        self._replay(found.schedule)
        words = f"Loaded {name}. {found.note}".strip()
        if changed:
            words += " Its C was changed outside of the lab since it was saved."
        elif shipped and found.text != self._origin.text:
            words += f" Its C differs from {found.scheme} as it is shipped."
        self.controls.remark = f"{words} {self.controls.remark}".strip()
        return found

    # What the controls report.

    def _chosen(self, change: dict[str, Any]) -> None:
        if self._quiet:
            return
        text = None
        if change["name"] == "scheme":
            name = change["new"]
            own = None if name in scheme_names() else self._files.get(name)
            self._origin = own or Origin.named(name)
            text = self._origin.text
        self._try(text if text is not None else self.text)

    def _written(self, change: dict[str, Any]) -> None:
        if not self._quiet:
            self._try(change["new"])

    def _try(self, text: str) -> None:
        """Search a text; an error is shown at its line, and the last text that could be read stays in the stepper."""
        try:
            made = program(load_text(text, f"{self.name}.c"), scenario_named(self.controls.scenario))
            self._show(verdict_of(made, MOST_STATES), text)
        except SevvizError as error:
            line = error.line if isinstance(error, SchemeError) else None
            self.controls.error = {"message": str(error), "line": line}
            self._tell_moment()

    def _show(self, verdict: Verdict, text: str) -> None:
        """Put a searched text in the place of the one shown, and say what became different."""
        before, trace = self.verdict, self.stepper.trace
        followed, differs = follow(verdict.program, trace)
        schedule = format_schedule(followed.schedule)
        self._read = text  # first, for the comparison follows the stepper
        self.stepper.exchange(verdict, schedule, min(self.stepper.step, len(followed.steps)))
        self._quiet = True
        try:
            with self.controls.hold_sync():
                self.controls.scheme, self.controls.scenario = self.name, verdict.program.scenario
                self.controls.text, self.controls.edited = text, text != self._origin.text
                self.controls.error = {}
                self.controls.verdict = f"Before: {verdict_line(before)} Now: {verdict_line(verdict)}"
                self.controls.changes = census_changes(before, verdict)
                self.controls.remark = differs
        finally:
            self._quiet = False
        self._tell_moment()

    def _replay(self, schedule: str) -> None:
        """Show a schedule as far as it can be followed."""
        try:
            self.stepper.show(schedule)
        except SevvizError as error:
            self.controls.remark = f"The schedule cannot be followed to its end: {error}."

    def _asked(self, change: dict[str, Any]) -> None:
        asked = change["new"]
        try:
            match asked.get("action"):
                case "save":
                    self.save(asked["name"], asked.get("note", ""))
                case "load":
                    self.load(asked["name"])
                case "reset":
                    self._try(self._origin.text)
                case "open":
                    self.open(asked["scheme"], asked["scenario"], asked["schedule"], asked.get("step"))
        except SevvizError as error:
            self.controls.remark = f"{error}."

    def _tell_moment(self, _change: object = None) -> None:
        told = shared(self._origin, self._read, self.stepper, wrong=bool(self.controls.error))
        with self.controls.hold_sync():
            for trait, value in told.items():
                self.controls.set_trait(trait, value)

    # The view under the stepper.

    def _show_view(self, change: dict[str, Any]) -> None:
        if self._view is not None:
            self._view.close()
        makers: dict[str, Callable[[], LinkedView]] = {
            "progress": lambda: ProgressView(self.stepper),
            "map": lambda: StateMapView(self.stepper),
            "why": lambda: WhyView(self.stepper),
            "compare": lambda: BesideView(self.stepper, self._beside, self._picked),
            "kernel": lambda: KernelView(self.stepper),
            "classes": lambda: ClassesView(self.stepper),
        }
        self._view = makers[change["new"]]() if change["new"] in makers else None
        shown = [self.controls, self.stepper, self.bar]
        self.box.children = (*shown, self._view) if self._view is not None else tuple(shown)

    def _beside(self) -> Shown:
        return Shown(self.name, self._read, self._origin.text)

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        """The widgets, and where no script runs what the stepper says."""
        bundle = self.box._repr_mimebundle_(**kwargs)
        still = self.stepper._repr_mimebundle_()
        data: dict[str, Any] = dict((bundle[0] if isinstance(bundle, tuple) else bundle) or {})
        words = dict((still[0] if isinstance(still, tuple) else still) or {})
        words.pop("application/vnd.jupyter.widget-view+json", None)
        return {**words, **data, **{key: words[key] for key in ("text/plain", "text/html") if key in words}}


def lab(scheme: str = "flag_then_mutex", scenario: str = "double", schedule: str = "") -> Lab:
    """Open the lab on a scheme (a name in data/schemes or the path of a .c file) in a scenario, at a schedule.

    Raises SevvizError for input that is not understood.
    """
    return Lab(scheme, scenario, schedule)
