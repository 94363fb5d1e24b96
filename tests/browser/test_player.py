"""The player on a page of its own, as a reader uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import payload_of, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from browser.conftest import OpenPlayer


def step(page: Page, *tasks: int) -> None:
    """Press the Step buttons of tasks."""
    for task in tasks:
        # A reader can press what is aria-disabled too: Playwright need not wait for it.
        page.get_by_role("button", name=f"Step {task}", exact=True).click(force=True)


def schedule_of(page: Page) -> tuple[str, int]:
    """The schedule and step that the player is at."""
    schedule, at = page.evaluate("[players[0].schedule, players[0].step]")
    return schedule, at


def status(page: Page) -> str:
    """What the live region says."""
    return page.get_by_role("status").inner_text()


def card(page: Page, task: int) -> str:
    """The text of a task's card."""
    return page.locator(".sv-card").nth(task - 1).inner_text()


def test_a_deadlock_is_clicked_together(open_player: OpenPlayer) -> None:
    page = open_player()
    assert "About to call mutex_lock(B.lock)" in card(page, 1)
    step(page, 1, 2)
    assert "Waits for A.lock, held by task 2 (B→A) since step 2" in card(page, 1)
    assert "Waits for B.lock, held by task 1 (A→B) since step 1" in card(page, 2)
    assert "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock" in status(page)
    expect(page.locator(".sv-badge")).to_have_text("deadlocked")
    for task in (1, 2):
        expect(page.get_by_role("button", name=f"Step {task}", exact=True)).to_have_attribute("aria-disabled", "true")


def test_a_blocked_task_stays_and_says_why(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1 2")
    step(page, 1)
    assert schedule_of(page) == ("1 2", 2)
    expect(page.get_by_role("button", name="Step 1", exact=True)).to_be_focused()
    assert "Step 3 cannot be taken: task 1 waits for A.lock, held by task 2 (B→A) since step 2" in status(page)


def test_the_cycle_has_its_ring_and_bystanders_are_grey(open_player: OpenPlayer) -> None:
    page = open_player("naive", "bystander", schedule="1 2")
    ring = page.locator(".sv-picture .sv-ring").evaluate_all("found => found.map(part => part.dataset.id).sort()")
    assert ring == ["h-0-2", "h-1-1", "o0", "o1", "t1", "t2", "w-1-0", "w-2-1"]
    grey = page.locator(".sv-picture .sv-bystander[data-id=t3]")
    expect(grey).to_have_count(1)
    label = page.locator(".sv-picture svg").get_attribute("aria-label") or ""
    assert "task 1 holds B.lock, task 1 waits for A.lock" in label


def test_the_ring_through_the_cpus_is_shown_with_the_cpus(open_player: OpenPlayer) -> None:
    page = open_player("v4", "cpus", schedule="1 1 1 4 2 3")
    ring = page.locator(".sv-picture .sv-ring").evaluate_all("found => found.map(part => part.dataset.id)")
    assert {"t1", "t2", "t3", "t4", "cpu", "w-4-cpu", "h-cpu-2", "h-cpu-3", "w-1-2", "h-2-4"} <= set(ring)
    label = page.locator(".sv-picture svg").get_attribute("aria-label") or ""
    assert "task 2 keeps a CPU" in label
    assert "task 4 waits for a CPU" in label
    expect(page.locator(".sv-card.sv-ring")).to_have_count(4)
    page.get_by_role("button", name="To the start").click()
    assert page.locator("[data-id=h-cpu-2]").evaluate("arrow => getComputedStyle(arrow).visibility") == "hidden"


@pytest.mark.parametrize("width", [375, 820, 1280])
def test_the_kind_of_a_lock_is_always_seen(open_player: OpenPlayer, width: int) -> None:
    page = open_player("v4", "cpus", width=width)
    row = page.get_by_role("row", name="A.migration_lock spinlock free")
    kind, side = row.locator(".sv-kind").bounding_box(), page.locator(".sv-side").bounding_box()
    assert kind is not None
    assert side is not None
    assert kind["width"] > 0
    assert kind["x"] + kind["width"] <= side["x"] + side["width"]


def test_on_a_phone_the_picture_stands_between_the_code_and_the_cards(open_player: OpenPlayer) -> None:
    page = open_player("v4", "cpus", width=375)
    places = [
        page.locator(place).first.bounding_box() for place in (".sv-code", ".sv-picture", ".sv-objects", ".sv-card")
    ]
    tops = [place["y"] for place in places if place is not None]
    assert len(tops) == 4
    assert tops == sorted(tops)
    letters = page.locator(".sv-picture text").first.evaluate("text => text.getScreenCTM().a * 13")
    assert letters >= 9


def test_on_a_phone_a_long_call_is_read_in_full_where_a_task_can_be_killed(open_player: OpenPlayer) -> None:
    page = open_player("v8_vcpus", "running", width=375)
    for number, call in enumerate(("A→B", "vcpu_run(A)", "vcpu_run(B)")):
        card = page.locator(".sv-card").nth(number)
        name, step = card.locator(".sv-name"), card.locator(".sv-step").bounding_box()
        assert name.inner_text() == call
        place = name.bounding_box()
        assert place is not None
        assert step is not None
        assert place["y"] + place["height"] <= step["y"], "the button stands under the name, not over it"


def test_on_a_phone_a_task_of_many_calls_leaves_half_of_the_lanes_to_steps(open_player: OpenPlayer) -> None:
    tasks = ("vcpu_run(A); migrate(B, A); migrate(A, B); ioctl(A)", "ioctl(C)")
    page = open_player([sevviz.Stepper("naive", tasks=tasks).payload], width=375)
    name, lanes = page.locator(".sv-lane-name").nth(1).bounding_box(), page.locator(".sv-lanes").bounding_box()
    assert name is not None
    assert lanes is not None
    assert name["width"] <= lanes["width"] / 2
    assert page.locator(".sv-card .sv-name").first.inner_text() == "vcpu_run(A); A→B; B→A; ioctl(A)"


def test_going_back_keeps_the_future_and_another_choice_drops_it(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1 1 1 1")
    page.get_by_role("button", name="One step back").click()
    page.get_by_role("button", name="One step back").click()
    assert schedule_of(page) == ("1 1 1 1", 2)
    step(page, 1)
    assert schedule_of(page) == ("1 1 1 1", 3), "the same choice walks on along the schedule"
    page.get_by_role("button", name="To the start").click()
    step(page, 2)
    assert schedule_of(page) == ("2", 1)
    assert "the 4 steps that followed here before were dropped" in status(page)


def test_the_last_choice_that_could_have_saved_it(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1 2")
    page.get_by_role("button", name="Last choice that could have saved it: step 2").click()
    assert schedule_of(page) == ("1 2", 1)
    expect(page.locator(".sv-badge")).to_have_text("safe")


def test_a_chip_opens_the_schedule_that_proves_it(open_player: OpenPlayer) -> None:
    page = open_player()
    chip = page.get_by_role("button", name="deadlock: 1→A.lock→2→B.lock→1 2 of 6 schedules")
    chip.click()
    assert schedule_of(page) == ("1 2", 2)
    expect(chip).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("written", "followed", "problem"),
    [
        ("1 2", "1 2", ""),
        ("111", "1 1 1", ""),
        ("1, 2", "1 2", ""),
        ("1 2 1", "1 2", "Step 3 cannot be taken: task 1 waits for A.lock, held by task 2 (B→A) since step 2;"),
        ("1 x 2", "1", "Step 2: “x” is not a task"),
        ("1 3", "1", "Step 2: there is no task 3; tasks are 1 to 2."),
        ("1 2!", "1", "Step 2 cannot be taken: task 2 gets no fatal signal in this scenario; possible: 1, 2."),
        ("", "", ""),
    ],
)
def test_an_edited_schedule_is_followed_as_far_as_it_goes(
    open_player: OpenPlayer, written: str, followed: str, problem: str
) -> None:
    page = open_player(schedule="2 2")
    field = page.get_by_label("Schedule", exact=True)
    field.fill(written)
    field.press("Enter")
    assert schedule_of(page)[0] == followed
    assert problem in page.locator(".sv-problem").inner_text()
    assert bool(problem) == bool(page.locator(".sv-problem").inner_text())


def test_everything_works_with_the_keyboard_alone(open_player: OpenPlayer) -> None:
    page = open_player("sev_lock_two_vms", "signal")
    page.get_by_role("button", name="Step 1", exact=True).focus()
    for key, expected in [
        ("1", ("1", 1)), ("2", ("1 2", 2)), ("Shift+Digit2", ("1 2 2!", 3)), ("ArrowLeft", ("1 2 2!", 2)),
        ("u", ("1 2 2!", 1)), ("Backspace", ("1 2 2!", 0)), ("End", ("1 2 2!", 3)), ("Home", ("1 2 2!", 0)),
        ("ArrowRight", ("1 2 2!", 1)),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert schedule_of(page) == expected, key
    page.keyboard.press("?")
    expect(page.get_by_text("Keys, while the focus is in this player:")).to_be_visible()


def test_keys_outside_of_the_player_are_left_alone(open_player: OpenPlayer) -> None:
    page = open_player()
    page.keyboard.press("1")
    assert schedule_of(page) == ("", 0)


def test_f_goes_to_the_failure(open_player: OpenPlayer) -> None:
    page = open_player("v4", schedule="1 1 1 1 1 2 2")
    page.get_by_role("button", name="Step 1", exact=True).focus()
    page.keyboard.press("f")
    assert schedule_of(page) == ("1 1 1 1 1 2 2", 4)
    assert "mutex_lock may sleep, and sleeping in atomic context is forbidden, even though the mutex is free" in status(
        page
    )
    page.evaluate("players[0].open('')")
    page.keyboard.press("f")
    assert schedule_of(page) == ("1 1 1 1", 4)


def test_forced_steps_run_to_the_next_choice(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1 1")
    page.get_by_role("button", name="Run to the next choice").click()
    schedule, at = schedule_of(page)
    assert schedule == "1 1 1 1 1"
    assert at == 5
    assert "Took 3 forced steps" in status(page)


def test_the_livelock_is_shown_as_its_loop_twice(open_player: OpenPlayer) -> None:
    page = open_player("flag_then_mutex", "retry")
    page.locator(".sv-chip", has_text="livelock").click()
    assert "can go on for ever" in status(page)
    expect(page.locator(".sv-badge")).to_have_text("safe, on a livelock loop")
    page.get_by_role("button", name="One step back").click()
    page.get_by_role("button", name="One step forward").click()
    assert "The same state as after step" in status(page)


def test_what_changed_shows_its_old_value(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1")
    changed = page.locator("tr.sv-changed")
    expect(changed).to_have_count(1)
    assert changed.inner_text().split() == ["B.lock", "mutex", "free", "→", "task", "1"]


def test_the_markers_stand_at_the_lines_and_the_span_is_underlined(open_player: OpenPlayer) -> None:
    page = open_player("v4", schedule="1 1 1 2")
    lines = page.locator(".sv-line.sv-at")
    marked = {line.locator(".sv-mark").first.inner_text(): line.locator("code").inner_text() for line in lines.all()}
    assert marked["1"].strip() == "mutex_lock(&kvm->lock);"
    assert page.locator(".sv-here").all_inner_texts() == ["sev->migration_in_progress", "mutex_lock(&kvm->lock)"]
    box = page.locator(".sv-code").bounding_box()
    first = lines.first.bounding_box()
    assert box is not None
    assert first is not None
    assert box["y"] < first["y"] < box["y"] + box["height"], "scrolled into view"


def test_signals_and_overtaking_stores_have_their_buttons(open_player: OpenPlayer) -> None:
    page = open_player("v4", "weak")
    expect(page.get_by_role("button", name="Store of 1 overtakes")).to_have_attribute("aria-disabled", "true")
    page.evaluate("players[0].open('1 1 1 1 1 1 1 1 1 1 1 1')")
    page.get_by_role("button", name="Store of 1 overtakes").click()
    assert schedule_of(page)[0].endswith("1~")
    assert "overtakes mutex_unlock" in status(page)


def test_copying_a_schedule_and_a_link(open_player: OpenPlayer) -> None:
    page = open_player(schedule="1 2")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Schedule copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "1 2"
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_contain_text("Link copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "https://example.org/#1+2@2"


def test_each_change_is_reported_once(open_player: OpenPlayer) -> None:
    page = open_player()
    page.evaluate("changes.length = 0")
    step(page, 1, 2)
    assert page.evaluate("changes") == [{"schedule": "1", "step": 1}, {"schedule": "1 2", "step": 2}]


def test_a_cut_page_says_what_it_does_not_hold(open_player: OpenPlayer) -> None:
    page = open_player([payload_of("v4", "double", states=40)])
    assert "run the notebook for the rest" in page.locator(".sv-cut").inner_text()
    page.locator(".sv-chip", has_text="0/0").click()
    assert "this page does not hold that step; run the notebook for it" in status(page)


def test_text_from_a_scheme_never_becomes_markup(open_player: OpenPlayer) -> None:
    hostile = "<img src=x onerror='window.hacked = 1'>"
    payload = payload_of("naive")
    payload["title"] = payload["scenario"]["title"] = payload["chips"][0]["label"] = hostile
    payload["sources"][0]["text"] = f"/* {hostile} */\n" + payload["sources"][0]["text"]
    payload["picture"] = (
        payload["picture"]
        .replace("<svg ", '<svg onload="window.hacked = 2" ', 1)
        .replace("</svg>", "<script>window.hacked = 3</script></svg>")
    )
    page = open_player([payload], schedule="1 2")
    expect(page.locator(".sv-title")).to_have_text(hostile)
    assert page.evaluate("window.hacked ?? null") is None


WALK_AND_MEASURE = """() => {
    const places = ".sv-cards, .sv-card, .sv-step, .sv-transport, .sv-status, .sv-lanes, .sv-picture, .sv-schedule";
    const measure = () => [...document.querySelectorAll(places)].map((place) => {
        const { x, y, height } = place.getBoundingClientRect();
        return [place.classList[0], x, y + scrollY, place.matches(".sv-lanes") ? 0 : height].join(" ");
    });
    const jumps = [];
    for (const chip of document.querySelectorAll(".sv-chip")) {
        chip.click();
        const { schedule } = players[0];
        players[0].open(schedule, 0);
        const still = measure();
        for (let step = 1; step <= schedule.split(" ").length; step += 1) {
            players[0].open(schedule, step);
            const moved = measure().filter((place, index) => place !== still[index]);
            jumps.push(...moved.map((place) => `${schedule} at ${step}: ${place}`));
        }
    }
    return jumps;
}"""


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(
    ("scheme", "scenario"),
    [("naive", "double"), ("v4", "ioctl"), ("sev_lock_two_vms", "signal"), ("v4", "cpus"), ("v4", "weak")],
)
def test_nothing_jumps_while_stepping(open_player: OpenPlayer, scheme: str, scenario: str, width: int) -> None:
    page = open_player(scheme, scenario, width=width)
    jumps: list[str] = page.evaluate(WALK_AND_MEASURE)
    assert jumps == []


# The book is looked at on a light screen and on a dark phone; here are the other two.
@pytest.mark.parametrize(("width", "dark"), [(375, False), (1280, True)], ids=["light phone", "dark screen"])
def test_axe_finds_nothing(open_player: OpenPlayer, width: int, dark: bool) -> None:  # noqa: FBT001 - a parameter
    page = open_player("naive", "signal", width=width, dark=dark)
    page.get_by_text("All steps as text").click()
    page.get_by_role("button", name="? keys").click()
    for schedule in ("", "1", "1 2", "1 1 3 1! 2"):
        page.evaluate("schedule => players[0].open(schedule)", schedule)
        assert violations(page) == [], schedule
    page.evaluate("players[0].open('1 1 1 1', 2)")
    assert violations(page) == [], "with a future"


def test_two_players_share_a_page(open_player: OpenPlayer) -> None:
    page = open_player([payload_of("naive"), payload_of("v4")])
    assert violations(page) == []
    ids: list[str] = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_a_phone_needs_no_sideways_scrolling_and_no_fine_fingers(open_player: OpenPlayer) -> None:
    page = open_player("v4", "cpus", schedule="1 1 1 1", width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    small: list[Any] = page.evaluate(
        """() => [...document.querySelectorAll("button, input, summary")]
            .map(control => [control.textContent, control.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && (box.height < 24 || box.width < 24))"""
    )
    assert small == []


def test_every_focusable_control_keeps_its_keys_from_jupyterlab(open_player: OpenPlayer) -> None:
    page = open_player("v4", "weak")
    unmarked = page.evaluate(
        """() => [...document.querySelectorAll("button, input, summary, [tabindex]")]
            .filter(control => control.closest(".sevviz") && control.dataset.lmSuppressShortcuts !== "true").length"""
    )
    assert unmarked == 0


def test_the_listing_begins_at_the_code_and_not_at_its_head_comment(open_player: OpenPlayer) -> None:
    page = open_player("v4")
    first = page.evaluate(
        "() => { const box = document.querySelector('.sv-code');"
        " return [...box.querySelectorAll('.sv-line')].find((line) => line.offsetTop >= box.scrollTop).innerText; }"
    )
    text = sevviz.load("v4").text.text.split("\n")
    code = text.index(" */") + 2
    assert first.split("\n")[-1].strip() == text[code].strip() != ""


def test_nothing_is_green_after_a_broken_rule(open_player: OpenPlayer) -> None:
    page = open_player("v4", schedule="1 1 1 1 1")
    badge, broken = page.locator(".sv-badge"), page.locator(".sv-broken")
    expect(badge).to_have_text("safe")
    expect(broken).to_have_text("rule broken: step 4")
    grey = badge.evaluate("(one) => getComputedStyle(one).backgroundColor")
    broken.click()
    expect(page.locator(".sv-counter")).to_have_text("step 4 of 5")
    page.keyboard.press("ArrowLeft")
    expect(broken).to_be_hidden()
    assert badge.evaluate("(one) => getComputedStyle(one).backgroundColor") != grey
    assert open_player("naive").locator(".sv-broken").count() == 0


def test_many_outcomes_are_folded(open_player: OpenPlayer) -> None:
    page = open_player("v4", "cpus")
    assert page.locator(".sv-chip:visible").count() == 6
    page.get_by_text("8 more", exact=True).click()
    assert page.locator(".sv-chip:visible").count() == 14
    assert open_player("v4").locator(".sv-more").count() == 0


def test_no_line_of_a_listing_is_cut_off(open_player: OpenPlayer) -> None:
    for width in (375, 1280):
        page = open_player("v4", width=width)
        assert page.evaluate(
            "[...document.querySelectorAll('.sv-code')].every((box) => box.scrollWidth <= box.clientWidth)"
        )


# A stand-in for the model that a notebook gives to a widget: it announces each trait as it is set, and keeps messages.
TWO_VIEWS = """async ([source, payload]) => {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const state = { payload, schedule: "", step: 0, veiled: false, figure: {} };
  const listeners = {};
  const messages = [];
  let changed = {};
  const model = {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = changed[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    save_changes() {
      if (Object.keys(changed).length) messages.push(changed);
      changed = {};
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off() {},
  };
  const views = [0, 1].map(() => {
    const el = document.body.appendChild(document.createElement("div"));
    widget.render({ model, el });
    return el;
  });
  const button = (el, words) => [...el.querySelectorAll("button")].find((one) => one.textContent === words);
  views.forEach((el, index) => button(el, `Step ${index + 1}`).click());
  return [messages, views.map((el) => el.querySelector(".sv-field").value)];
}"""


def test_a_moment_is_told_to_the_kernel_whole_and_once(chromium: Browser) -> None:
    page = chromium.new_page()
    source = (Path(sevviz.__file__).parent / "player" / "player.js").read_text(encoding="utf-8")
    messages, fields = page.evaluate(TWO_VIEWS, [source, payload_of("naive", "double")])
    assert messages == [{"schedule": "1", "step": 1}, {"schedule": "1 2", "step": 2}]
    assert fields == ["1 2", "1 2"]
    page.close()
