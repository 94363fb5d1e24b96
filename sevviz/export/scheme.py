"""The page of one scheme in a scenario."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sevviz.catalogue import load, program, scenario
from sevviz.export.exporter import shortened
from sevviz.export.page import Page
from sevviz.payload import pack
from sevviz.schedule import format_schedule
from sevviz.verdict import verdict_of
from sevviz.views.story import story_html

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        embedded = {
            "player": "player",
            "data": pack(verdict, scenario_title=chosen.title),
            "options": {"schedule": schedule, "step": 0},
            "story": story_html(verdict),
        }
        body.append(page.player(number, embedded))
    page.body = "\n".join(body)
    return page
