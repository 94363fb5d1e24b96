"""The live views on a page of their own, as an exported page has them: no kernel, no network."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import PLAYER, violations
from sevviz.schedule import format_schedule
from sevviz.views.compare import compare
from sevviz.views.matrix import matrix
from sevviz.views.progress import progress_graph, progress_payload
from sevviz.views.statemap import alt_of, map_payload, state_map
from sevviz.views.why import why_it_passes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.shelf import Shelf

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>View</title><style>
body {{ margin: 0; padding: 8px; background: #fff; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14171b; color: #e9ebee; }} }}
{css}
</style></head>
<body><main><h1>View</h1><div id="home"></div></main>
<script type="application/json" id="data">{data}</script>
<script type="module">
const url = URL.createObjectURL(new Blob([{script}], {{ type: "text/javascript" }}));
window.explain = await import(url);
const {{ payload, schedule }} = JSON.parse(document.getElementById("data").textContent);
window.changes = [];
const told = (change) => window.changes.push(change);
window.view = explain.mount(document.getElementById("home"), payload, {{ schedule, onChange: told, onOpen: told }});
</script></body></html>
"""
VIEWS = ("progress", "statemap", "compare", "matrix", "why")


class OpenView(Protocol):
    """Opens a page with one view on it."""

    def __call__(self, payload: dict[str, Any], schedule: str = "", *, width: int = 1280, dark: bool = False) -> Page:
        """Open it in a window of a width in CSS pixels."""


@pytest.fixture
def open_view(shelf: Shelf, tmp_path: Path) -> Iterator[OpenView]:
    """Pages from file://; a script error on any of them fails the test."""
    numbers = count(1)
    with shelf.borrowed() as give:

        def open_page(payload: dict[str, Any], schedule: str = "", *, width: int = 1280, dark: bool = False) -> Page:
            page = give(width, "dark" if dark else "light")
            texts = [
                json.dumps((PLAYER / "explain.js").read_text(encoding="utf-8")),
                json.dumps({"payload": payload, "schedule": schedule}),
            ]
            script, data = (text.replace("<", "\\u003c") for text in texts)
            css = (PLAYER / "explain.css").read_text(encoding="utf-8")
            file = tmp_path / f"view{next(numbers)}.html"
            file.write_text(TEMPLATE.format(css=css, data=data, script=script), encoding="utf-8")
            page.goto(file.as_uri())
            page.wait_for_function("window.view")
            return page

        yield open_page


def payload_of(view: str) -> tuple[dict[str, Any], str]:
    """A payload of each view, with the schedule to show in it."""
    verdict = sevviz.check("flag_then_mutex")
    match view:
        case "progress":
            return progress_payload(progress_graph(verdict, "1 1 2 2 1 1 1")), "1 1 2 2 1 1 1"
        case "statemap":
            return map_payload(state_map(sevviz.check("migration_lock_both"), "1 2")), "1 2"
        case "compare":
            return compare(["naive", "v4", "flag_then_mutex"], "1 2 1 2").payload(), "1 2 1 2"
        case "matrix":
            return matrix(["naive", "v4", "flag_then_mutex"], ["double", "same", "retry"]).payload(), ""
    return why_it_passes(verdict).payload((1, 1, 1, 1), "Fine so far."), "1 1 1 1"


def changes(page: Page) -> list[dict[str, Any]]:
    """What the view has told its surroundings."""
    found: list[dict[str, Any]] = page.evaluate("changes")
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, False), (1280, True)])
def test_each_view_is_accessible_and_fits(view: str, width: int, dark: bool, open_view: OpenView) -> None:  # noqa: FBT001
    page = open_view(*payload_of(view), width=width, dark=dark)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("view", VIEWS)
def test_every_control_keeps_its_keys(view: str, open_view: OpenView) -> None:
    page = open_view(*payload_of(view))
    loose = page.evaluate(
        "[...document.querySelectorAll('#home :is(button, input, summary, [tabindex])')]"
        ".filter((one) => one.dataset.lmSuppressShortcuts !== 'true').map((one) => one.outerHTML)"
    )
    assert loose == []


def test_a_cell_opens_a_shortest_schedule_through_it(open_view: OpenView) -> None:
    page = open_view(*payload_of("progress"))
    page.get_by_role("gridcell", name="Task 1 after 2 steps, task 2 after 1 step").click()
    assert changes(page) == [{"schedule": "1 1 2", "step": 3}]
    expect(page.locator(".sx-plane [aria-current=true]")).to_have_attribute(
        "aria-label", "Task 1 after 2 steps, task 2 after 1 step: safe: every task can still return."
    )
    assert page.locator(".sx-stairs").get_attribute("points") == "0.5,10.5 1.5,10.5 2.5,10.5 2.5,9.5"


def test_a_cell_that_no_schedule_reaches_says_so(open_view: OpenView) -> None:
    page = open_view(progress_payload(progress_graph(sevviz.check("naive"))))
    cell = page.get_by_role("gridcell", name="Task 1 after 2 steps, task 2 after 2 steps")
    expect(cell).to_have_attribute("aria-disabled", "true")
    cell.click(force=True)
    assert changes(page) == []
    expect(page.get_by_role("status")).to_have_text(
        "Task 1 after 2 steps, task 2 after 2 steps: forbidden: both would hold A.lock and B.lock. You cannot go there."
    )


def test_the_arrow_keys_walk_the_plane(open_view: OpenView) -> None:
    page = open_view(progress_payload(progress_graph(sevviz.check("naive"))))
    page.locator(".sx-plane [tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert changes(page) == [{"schedule": "2", "step": 1}]
    assert page.locator(".sx-plane [tabindex='0']").count() == 1


@pytest.mark.parametrize(
    ("scheme", "scenario"),
    [
        ("naive", "double"), ("v4", "double"), ("flag_then_mutex", "retry"), ("flag_then_mutex", "weak"),
        ("sev_lock_two_vms", "signal"), ("trylock_once", "ioctl"), ("naive", "ring3"),
    ],
)  # fmt: skip
def test_the_page_finds_the_stairs_that_python_finds(scheme: str, scenario: str, open_view: OpenView) -> None:
    verdict = sevviz.check(scheme, scenario)
    page = open_view(progress_payload(progress_graph(verdict)))
    for outcome in verdict.outcomes[:6]:
        written = format_schedule(outcome.schedule)
        data = progress_payload(progress_graph(verdict, written))
        got = page.evaluate(
            "([data, written]) => explain.stairsOf({ ...data, schedule: '-' }, written)", [data, written]
        )
        assert got == data["stairs"], written


def test_the_page_walks_the_map_as_the_graph_has_it(open_view: OpenView) -> None:
    verdict = sevviz.check("sev_lock_two_vms", "double")
    data = map_payload(state_map(verdict))
    page = open_view(data)
    schedules = page.evaluate("data => data.x.map((_, state) => explain.scheduleTo(data, state))", data)
    assert schedules == [format_schedule(verdict.graph.schedule_to(n)) for n in range(len(data["x"]))]
    ends = page.evaluate(
        "([data, all]) => all.map((written) => explain.walkMap(data, written).at(-1))", [data, schedules]
    )
    assert ends == list(range(len(data["x"])))


def test_a_state_is_opened_by_a_click_or_from_the_legend(open_view: OpenView) -> None:
    page = open_view(map_payload(state_map(sevviz.check("naive"))))
    page.get_by_role("button", name="deadlocked: some tasks wait for each other (1)").click()
    assert changes(page) == [{"schedule": "1 2", "step": 2}]
    expect(page.get_by_role("status")).to_contain_text("reached by 1 2: deadlocked")
    page.locator(".sx-map [data-state='1']").click()
    assert changes(page)[-1] == {"schedule": "1", "step": 1}


def test_the_map_says_where_the_schedule_that_it_shows_ends(open_view: OpenView) -> None:
    verdict = sevviz.check("naive")
    page = open_view(map_payload(state_map(verdict)), "1 1")
    picture = page.locator(".sx-map")
    for written in ("1 2", "", "1 1 1", "2"):
        page.evaluate("written => view.open(written)", written)
        expect(picture).to_have_attribute("aria-label", alt_of(state_map(verdict, written)))
    page.evaluate("view.open('1 2 1')")
    expect(picture).to_have_attribute("aria-label", alt_of(state_map(verdict)))


def test_a_door_on_the_path_of_a_failed_try_is_told_as_it_is(open_view: OpenView) -> None:
    written = "1 2 1 1 2 2 1 2"
    page = open_view(progress_payload(progress_graph(sevviz.check("flag_then_mutex"), written)), written)
    legend = page.get_by_role("list", name="Legend", exact=True)
    for words in (
        "the try fails here, as this path needs",
        "the try would succeed here, and leads elsewhere",
        "↪here the schedule leaves the path that the task takes alone",
    ):
        expect(legend.get_by_role("listitem").filter(has_text=words)).to_be_visible()
    expect(legend).not_to_contain_text("door, shut")
    cell = page.get_by_role("gridcell", name="Task 1 after 2 steps, task 2 after 1 step")
    assert "Step 3 of task 1: the try fails here, as this path needs." in (cell.get_attribute("title") or "")
    expect(cell.locator(".sx-on-right")).to_have_class("sx-border sx-on-right sx-door sx-turned")
    cell.focus()
    expect(page.get_by_role("status").last).to_contain_text("Step 3 of task 1: the try fails here")


@pytest.mark.parametrize("scheme", ["flag_then_mutex", "trylock_backoff"])
def test_on_a_phone_the_steps_have_their_names_below_the_graph(scheme: str, open_view: OpenView) -> None:
    verdict = sevviz.check(scheme)
    data = progress_payload(progress_graph(verdict, "1 2 1"))
    page = open_view(data, "1 2 1", width=375)
    lists = page.locator(".sx-lists ol")
    for axis, found in zip(data["axes"], lists.all(), strict=True):
        names = [f"↪\u00a0{name}" if axis["fork"] == n else name for n, name in enumerate(axis["steps"], 1)]
        assert found.locator("li").all_inner_texts() == names
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(lists.first).to_be_hidden()


def test_eleven_columns_fit_on_a_phone(open_view: OpenView) -> None:
    page = open_view(progress_payload(progress_graph(sevviz.check("flag_then_mutex"))), width=347)
    box = page.locator(".sx-scroll")
    assert box.evaluate("box => box.clientWidth") <= 331
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert page.locator(".sx-plane .sx-cell").first.evaluate("cell => cell.offsetWidth") >= 24
    expect(page.locator(".sx-frame")).to_have_class("sx-frame")


def test_an_edge_behind_which_there_is_more_is_shaded(open_view: OpenView) -> None:
    page = open_view(progress_payload(progress_graph(sevviz.check("v4"), "")), width=280)
    frame, box = page.locator(".sx-frame"), page.locator(".sx-scroll")
    expect(frame).to_have_class("sx-frame sx-more-right")
    assert frame.evaluate("frame => getComputedStyle(frame, '::after').opacity") == "1"
    assert frame.evaluate("frame => getComputedStyle(frame, '::before').opacity") == "0"
    box.evaluate("box => { box.scrollLeft = 5000; }")
    expect(frame).to_have_class("sx-frame sx-more-left")


def test_a_schedule_is_written_into_the_comparison(open_view: OpenView) -> None:
    page = open_view(*payload_of("compare"))
    expect(page.locator("tr.sx-parts th")).to_contain_text("fates part here")
    expect(page.locator("tr.sx-parts th")).to_contain_text("step 2, task 2")
    page.get_by_label("Schedule").fill("1 1")
    page.get_by_label("Schedule").press("Enter")
    assert changes(page)[0] == {"schedule": "1 1", "step": 2}


def test_what_the_scenarios_of_the_matrix_are_is_read_on_a_phone_too(open_view: OpenView) -> None:
    page = open_view(*payload_of("matrix"), width=375)
    expect(page.locator(".sx-scenarios dt").nth(1)).to_have_text("same A→B ‖ A→B")
    expect(page.locator(".sx-scenarios dd").nth(1)).to_contain_text("The same move twice")
    expect(page.locator(".sx-scenarios dd").nth(1)).to_be_visible()


@pytest.mark.parametrize("view", ["matrix", "statemap"])
def test_an_edge_with_more_behind_it_is_shaded_until_its_end(view: str, open_view: OpenView) -> None:
    wide = map_payload(state_map(sevviz.check("flag_then_mutex", "retry")))
    tall = matrix(["naive", "migration_lock_called"], list(sevviz.scenario_names())[:10]).payload()
    page = open_view(tall if view == "matrix" else wide, width=375)
    frame, box = page.locator(".sx-frame").first, page.locator(".sx-scroll").first
    expect(frame).to_have_class("sx-frame sx-more-right")
    assert frame.evaluate("frame => getComputedStyle(frame, '::after').opacity") == "1"
    box.evaluate("(one) => { one.scrollLeft = one.scrollWidth; }")
    expect(frame).to_have_class("sx-frame sx-more-left")
    assert frame.evaluate("frame => getComputedStyle(frame, '::before').display") == (
        "none" if view == "matrix" else "block"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    box.evaluate("(one) => { one.scrollLeft = 0; }")
    if view == "matrix":
        expect(frame).to_have_class("sx-frame")


def test_nothing_peeps_out_beside_the_names_of_the_schemes(open_view: OpenView) -> None:
    payload = matrix(["naive", "migration_lock_called"], list(sevviz.scenario_names())[:10]).payload()
    page = open_view(payload, width=375)
    box = page.locator(".sx-scroll")
    shown = "(one) => one.querySelectorAll('tbody tr')[1].querySelectorAll('td').length * 40 - one.clientWidth"
    assert box.evaluate(shown) > 0, "it scrolls"
    assert box.evaluate("(one) => (one.clientWidth - one.querySelector('tbody th').offsetWidth) / 40") > 5
    for left in range(0, 60, 7):
        box.evaluate("(one, left) => { one.scrollLeft = left; }", left)
        tags = box.evaluate("""(one) => {
            const { left } = one.getBoundingClientRect();
            const { top, height } = one.querySelector("tbody tr").getBoundingClientRect();
            return [0.5, 2, 4, 8].map((x) => document.elementFromPoint(left + x, top + height / 2).tagName);
        }""")
        assert set(tags) == {"TH"}, left


def test_what_a_letter_tells_is_said_under_the_matrix(open_view: OpenView) -> None:
    page = open_view(*payload_of("matrix"))
    expect(page.get_by_text("A letter tells the worst that was found (D before ! before L)")).to_be_visible()
    page.get_by_role("button", name="v4, retry: fault").click()
    expect(page.locator(".sx-matrix .sx-said")).to_contain_text("livelock")


def test_the_matrix_sorts_and_opens(open_view: OpenView) -> None:
    page = open_view(*payload_of("matrix"))
    rows = page.locator(".sx-matrix tbody th")
    assert rows.all_inner_texts() == ["naive", "v4", "flag_then_mutex"]
    page.get_by_role("button", name="retry", exact=True).click()
    assert rows.all_inner_texts() == ["naive", "v4", "flag_then_mutex"], "deadlock, fault, livelock"
    page.get_by_role("button", name="retry", exact=True).click()
    assert rows.all_inner_texts() == ["flag_then_mutex", "v4", "naive"]
    page.get_by_role("button", name="flag_then_mutex, double: busy").click()
    assert changes(page) == [{"scheme": "flag_then_mutex", "scenario": "double", "schedule": "1 1 2 1 1 2 2 1 2 2"}]
    expect(page.locator(".sx-outcomes li").first).to_have_text("both -EBUSY (180 of 262 schedules)")


def test_the_matrix_sorts_by_name_and_says_how_it_is_sorted(open_view: OpenView) -> None:
    page = open_view(matrix(["v12_vcpus", "naive", "v5_flag"], ["double", "same"]).payload())
    rows, heads = page.locator(".sx-matrix tbody th"), page.locator(".sx-matrix thead th")

    def shown() -> tuple[list[str], list[str | None]]:
        return rows.all_inner_texts(), [head.get_attribute("aria-sort") for head in heads.all()]

    given = (["v12_vcpus", "naive", "v5_flag"], ["none", "none", "none"])
    assert shown() == given, "no heading claims the order that was given"
    name = page.get_by_role("button", name="scheme", exact=True)
    assert name.get_attribute("title") == "Sort by name"
    name.click()
    assert shown() == (["naive", "v5_flag", "v12_vcpus"], ["ascending", "none", "none"])
    name.click()
    assert shown() == (["v12_vcpus", "v5_flag", "naive"], ["descending", "none", "none"])
    page.get_by_role("button", name="double", exact=True).click()
    assert shown() == (["naive", "v12_vcpus", "v5_flag"], ["none", "ascending", "none"])
    page.get_by_role("button", name="double", exact=True).press("Enter")
    page.get_by_role("button", name="double", exact=True).press("Enter")
    assert shown() == given


def test_the_matrix_is_saved_as_csv(open_view: OpenView) -> None:
    table = matrix(["naive", "flag_then_mutex"], ["double"])
    page = open_view(table.payload())
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename == "sevviz-matrix.csv"
    assert download.value.path().read_text(encoding="utf-8") == table.to_csv()


def test_the_invariant_follows_the_step(open_view: OpenView) -> None:
    page = open_view(*payload_of("why"))
    page.evaluate("view.open('1 1 1 1', 3)")
    expect(page.locator(".sx-steps > li.sx-now")).to_contain_text(
        "✓ Task 1 (A→B) holds B.lock, asks for A.lock, and owns"
    )
