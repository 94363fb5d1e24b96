"""The page of one scheme in a scenario."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sevviz.catalogue import load, program, scenario
from sevviz.export.exporter import shortened
from sevviz.export.page import Page
from sevviz.kernel.evidence import evidence
from sevviz.payload import pack
from sevviz.progress import Plane
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.verdict import verdict_of
from sevviz.views.progress import progress_text
from sevviz.views.progress_planes import planes_payload
from sevviz.views.story import story_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.verdict import Verdict

__all__ = ["scheme_page"]


def scheme_page(scheme: str, scenario_name: str, compare: Sequence[str] = ()) -> Page:
    """Title, source, the scheme's own prose, the player, and the players of the schemes to compare it with."""
    loaded, chosen = load(scheme), scenario(scenario_name)
    title = loaded.header["title"]
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(chosen.title)}. Source: {escape(loaded.header['source'])}.</p>",
        f"<p>{escape(loaded.header.get('description', ''))}</p>",
    ]
    page = Page(f"{title}: {chosen.title}", "", shortened(loaded.header.get("description", "")))
    for number, name in enumerate([scheme, *compare], 1):
        if number > 1:
            other = load(name)
            body.append(f"<h2>{escape(other.header['title'])}</h2><p>{escape(other.header.get('description', ''))}</p>")
        verdict = verdict_of(program(name, chosen))
        first = next((o for o in verdict.outcomes if o.kind != "returned"), None)
        schedule = format_schedule(first.schedule) if first is not None else ""
        kernel = evidence(verdict.program)
        embedded = {
            "player": "player",
            "data": pack(verdict, scenario_title=chosen.title, kernel=kernel),
            "options": {"schedule": schedule, "step": 0, "key": f"{number}"},
            "story": story_html(verdict, kernel),
        }
        body.append(page.player(embedded))
        body += [page.player(view) for view in _views(verdict, schedule, f"{number}")]
    page.body = "\n".join(body)
    return page


def _views(verdict: Verdict, schedule: str, key: str) -> list[dict[str, Any]]:
    """The progress graph of the first two tasks, moving with the player; none where there is but one task."""
    if len(verdict.program.tasks) == 1 or not verdict.graph.complete:
        return []
    plane = Plane(verdict.graph, verdict.survey)
    shown = plane.along(parse_schedule(schedule, len(verdict.program.tasks)))
    story = f"<pre>{escape(progress_text(shown))}</pre>"
    options = {"schedule": schedule, "step": 0, "key": key}
    return [{"player": "explain", "data": planes_payload(plane, shown), "options": options, "story": story}]
