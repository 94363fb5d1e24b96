from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import sevviz
from sevviz.catalogue import make_scenario
from sevviz.views import draw_wait_for, waitfor
from sevviz.views.style import GREY, RING
from sevviz.views.text import wait_for_text
from sevviz.views.waitgraph import arrows_of

if TYPE_CHECKING:
    from sevviz.model import Trace

SVG = "{http://www.w3.org/2000/svg}"
CASES = [
    ("naive", "double"),
    ("v4", "double"),
    ("v4", "bystander"),
    ("v4", "ring3"),
    ("v4", "chain"),
    ("v4", "shared-destination"),
    ("v3_global_spinlock", "ring3"),
    ("migration_lock_both", "ioctl"),
    ("migration_lock_both", "cpus"),
    ("naive", "ring4"),
    ("naive", "self"),
    ("global_mutex", "double"),
    ("v12_vcpus", "double"),
    ("v12_vcpus", "chain"),
]


def trace(scheme: str, scenario: str, schedule: str) -> Trace:
    program = sevviz.program(scheme, scenario)
    return sevviz.run(program, sevviz.parse_schedule(schedule, len(program.tasks)))


def parts(svg: str) -> dict[str, ET.Element]:
    """The tasks, locks and arrows of a drawing by their ids."""
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    return {group.attrib["id"]: group for group in root.iter(f"{SVG}g") if "id" in group.attrib}


def box(part: ET.Element) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a node."""
    ellipse, polygon = part.find(f"{SVG}ellipse"), part.find(f"{SVG}polygon")
    if ellipse is not None:
        x, y, rx, ry = (float(ellipse.attrib[key]) for key in ("cx", "cy", "rx", "ry"))
        return x - rx, x + rx, y - ry, y + ry
    assert polygon is not None
    corners = [tuple(map(float, pair.split(","))) for pair in polygon.attrib["points"].split()]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), max(xs), min(ys), max(ys)


def title(part: ET.Element) -> str:
    return part.findtext(f"{SVG}title", "")


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_the_union_has_every_task_lock_hold_and_wait(scheme: str, scenario: str) -> None:
    graph = sevviz.explore(sevviz.program(scheme, scenario))
    found = set(parts(waitfor.union_svg(graph)))
    expected = arrows_of(graph.program, graph.states).ids
    expected |= {f"t{task}" for task in range(1, len(graph.program.tasks) + 1)}
    held = {name.split("-")[1] for name in expected if name.startswith("h-")}
    assert found == expected | {lock if lock == "cpu" else f"o{lock}" for lock in held}


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_no_two_nodes_of_a_union_overlap(scheme: str, scenario: str) -> None:
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program(scheme, scenario))))
    boxes = {name: box(part) for name, part in drawn.items() if "-" not in name}
    for one, (left, right, top, bottom) in boxes.items():
        for other, (left2, right2, top2, bottom2) in boxes.items():
            apart = right < left2 or right2 < left or bottom < top2 or bottom2 < top
            assert one >= other or apart, f"{one} and {other}"


def curve(part: ET.Element) -> list[tuple[float, float]]:
    """Points of an arrow's line, close to each other."""
    path = part.find(f"{SVG}path")
    assert path is not None
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"])]
    ends = list(zip(numbers[::2], numbers[1::2], strict=True))
    points = []
    for start in range(0, len(ends) - 1, 3):
        a, b, c, d = ends[start : start + 4]
        for t in (n / 24 for n in range(25)):
            u = 1 - t
            weights = u**3, 3 * u * u * t, 3 * u * t * t, t**3
            x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
            points.append((x, y))
    return points


def crossed(drawn: dict[str, ET.Element]) -> list[str]:
    """Arrows that lead through a task or a lock which is not their own."""
    shapes = {name: (box(part), name[0] == "t") for name, part in drawn.items() if "-" not in name}
    found = []
    for name, part in drawn.items():
        if "-" not in name:
            continue
        lock, task = name.split("-")[1:] if name[0] == "h" else name.split("-")[:0:-1]
        points = curve(part)
        for other, ((left, right, top, bottom), is_round) in shapes.items():
            if other in (f"t{task}", f"o{lock}", lock):
                continue
            x, y, rx, ry = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
            for px, py in points:
                across, down = abs(px - x) / rx, abs(py - y) / ry
                if across**2 + down**2 < 1 if is_round else max(across, down) < 1:
                    found.append(f"{name} through {other}")
                    break
    return found


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_no_arrow_of_a_union_crosses_a_task_or_a_lock_and_its_words_stay_readable(scheme: str) -> None:
    for scenario in ("in-turn", "double", "chain", "ring3", "bystander", "ioctl", "running", "cpus", "weak"):
        svg = waitfor.union_svg(sevviz.explore(sevviz.program(scheme, scenario)))
        assert crossed(parts(svg)) == [], scenario
        width = float(ET.fromstring(svg).attrib["viewBox"].split()[2])  # noqa: S314 - our own drawing
        assert 13 * 343 / width > 9, f"{scenario}: letters can be read on a phone of 375 pixels"


@pytest.mark.parametrize("scheme", ["v8_vcpus", "v9_vcpus"])
def test_a_long_call_has_a_task_as_wide_as_it_and_arrows_of_its_own(scheme: str) -> None:
    table = {"title": "A→B beside KVM_RUN on B", "tasks": ["migrate(B, A)", "vcpu_run(B)"], "signals": True}
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program(scheme, make_scenario("run", table)))))
    assert crossed(drawn) == []
    left, right, *_ = box(drawn["t2"])
    words = drawn["t2"].findall(f"{SVG}text")
    assert [text.text for text in words] == ["2", "vcpu_run(B)"]
    assert {float(text.attrib["font-size"]) for part in drawn.values() for text in part.iter(f"{SVG}text")} == {13.0}
    assert right - left > len("vcpu_run(B)") * 7.3


def test_an_arrow_through_a_box_is_found() -> None:
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program("v4", "double"))))
    path = drawn["h-0-2"].find(f"{SVG}path")
    assert path is not None
    (left, right, top, bottom) = box(drawn["o1" if "o1" in drawn else "o3"])
    y = (top + bottom) / 2
    path.set("d", f"M{left - 9},{y}C{left},{y} {right},{y} {right + 9},{y}")
    assert crossed(drawn)


def test_two_opposite_moves_stand_in_a_ring() -> None:
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program("naive", "double"))))
    middles = {n: ((b[0] + b[1]) / 2, (b[2] + b[3]) / 2) for n, p in drawn.items() if "-" not in n for b in [box(p)]}
    x, y = (sum(at) / len(middles) for at in zip(*middles.values(), strict=True))
    turn = sorted(middles, key=lambda name: math.atan2(middles[name][1] - y, middles[name][0] - x))
    assert [name[0] for name in turn] in (["t", "o", "t", "o"], ["o", "t", "o", "t"])


def test_parts_of_the_union_say_what_they_are() -> None:
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program("v4", "double"))))
    assert title(drawn["t1"]) == "task 1 (A→B)"
    assert title(drawn["o3"]) == "the spinlock B.migration_lock"
    assert title(drawn["h-3-1"]) == "task 1 (A→B) holds the spinlock B.migration_lock"
    assert title(drawn["w-2-3"]) == "task 2 (B→A) waits for the spinlock B.migration_lock"
    assert drawn["w-2-3"].attrib["class"] == "edge wait"
    assert drawn["o2"].attrib["class"] == "node lock mutex"


def test_a_union_scales_and_names_no_font_of_one_system() -> None:
    svg = waitfor.union_svg(sevviz.explore(sevviz.program("naive", "double")))
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    assert "viewBox" in root.attrib
    assert not {"width", "height"} & set(root.attrib)
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {"sans-serif"}


def test_a_state_is_drawn_with_its_own_arrows_alone() -> None:
    drawn = parts(draw_wait_for(trace("naive", "double", "1 2")).svg)
    assert {name for name in drawn if "-" in name} == {"h-1-1", "w-1-0", "h-0-2", "w-2-1"}


def test_pictures_of_one_graph_do_not_jump() -> None:
    graph = sevviz.explore(sevviz.program("v4", "double"))
    places = set()
    for schedule in ("", "1", "1111", "1111 2", "1112222"):
        drawn = parts(draw_wait_for(trace("v4", "double", schedule), graph=graph).svg)
        places.add(tuple((name, box(part)) for name, part in sorted(drawn.items()) if "-" not in name))
    assert len(places) == 1


def test_bystanders_of_a_deadlock_are_grey_and_its_ring_is_thick() -> None:
    drawn = parts(draw_wait_for(trace("naive", "bystander", "1 3 2")).svg)
    widths, colours = {}, {}
    for name, part in drawn.items():
        shape = next(shape for shape in part if "stroke" in shape.attrib)
        widths[name], colours[name] = float(shape.attrib["stroke-width"]), shape.attrib["stroke"]
    ring = {"t1", "t2", "o0", "o1", "h-1-1", "w-1-0", "h-0-2", "w-2-1"}
    assert {name for name, width in widths.items() if width > 2} == ring
    assert {colours[name] for name in ring} == {RING}
    assert {colours[name] for name in set(colours) - ring} == {GREY}


def test_a_ring_through_the_cpus_is_drawn_too() -> None:
    drawn = parts(draw_wait_for(trace("v4", "cpus", "4 1 1 1 2 3")).svg)
    assert title(drawn["w-4-cpu"]) == "task 4 (ioctl(A)) waits for a CPU"
    assert title(drawn["h-cpu-2"]) == "task 2 (C→A) keeps a CPU"
    assert title(drawn["h-cpu-3"]) == "task 3 (D→A) keeps a CPU"
    assert "".join(drawn["cpu"].itertext()).split() == ["a", "CPU", "2", "CPUs"]
    # Nobody is a bystander: while both spinners keep their CPUs, the holder of A.lock has none.
    ring = {"t1", "t2", "t3", "t4", "cpu", "o0", "o2", "w-1-2", "h-2-4", "w-4-cpu"}
    ring |= {"h-cpu-2", "h-cpu-3", "w-2-0", "w-3-0", "h-0-1"}
    assert set(drawn) == ring
    shapes = [next(shape for shape in part if "stroke" in shape.attrib) for part in drawn.values()]
    assert {(shape.attrib["stroke"], shape.attrib["stroke-width"]) for shape in shapes} == {(RING, "2.6")}


def test_the_cpus_are_kept_only_while_a_task_waits_for_one() -> None:
    assert "cpu" not in parts(draw_wait_for(trace("v4", "cpus", "4")).svg)


def test_the_alternative_text_names_every_task_and_lock() -> None:
    assert draw_wait_for(trace("naive", "double", "1 2")).alt == (
        "Wait-for graph: Task 1 (A→B) holds B.lock and waits for A.lock, held by task 2 (B→A) since step 2. "
        "Task 2 (B→A) holds A.lock and waits for B.lock, held by task 1 (A→B) since step 1. "
        "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task 1. "
        "Nothing can end this."
    )


def test_the_same_state_gives_the_same_bytes() -> None:
    assert draw_wait_for(trace("v4", "ring3", "1111 2")) == draw_wait_for(trace("v4", "ring3", "1111 2"))


def test_without_graphviz_the_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitfor, "render_dot", lambda *_: None)
    picture = draw_wait_for(trace("naive", "double", "1"))
    assert (picture.svg, picture._repr_svg_()) == ("", None)
    assert picture._repr_html_() == f"<pre>{picture}</pre>"
    assert waitfor.union_svg(sevviz.explore(sevviz.program("naive", "double"))) == ""


def test_a_program_alone_is_not_enough() -> None:
    with pytest.raises(ValueError, match="needs a state"):
        draw_wait_for(sevviz.program("naive", "double"))


def test_the_text_twin_of_a_deadlock() -> None:
    assert str(draw_wait_for(trace("naive", "bystander", "1 3 2"))) == (
        "task   holds   now\n"
        "1 A→B  B.lock  waits for A.lock, held by task 2 (B→A) since step 3\n"
        "2 B→A  A.lock  waits for B.lock, held by task 1 (A→B) since step 1\n"
        "3 C→D  D.lock  next: mutex_lock(C.lock)\n"
        "Deadlock: task 1 (A→B) waits for A.lock, held by task 2 (B→A), which waits for B.lock, held by task\n"
        "1. Nothing can end this."
    )


def test_the_text_twin_of_a_state_without_its_past() -> None:
    last = trace("flag_then_mutex", "double", "1 1 2 2 1")
    assert wait_for_text(last.program, last.states[-1]) == (
        "task   holds   now\n"
        "1 A→B  B.lock  next: mutex_unlock(B.lock)\n"
        "2 B→A  A.lock  next: atomic_cmpxchg_acquire(B.migration_in_progress, 0, 1)"
    )


def test_the_text_twin_names_a_wait_for_a_cpu() -> None:
    last = trace("v4", "cpus", "4 1 1 1 2 3")
    assert wait_for_text(last.program, last.states[-1], last).splitlines()[4] == (
        "4 ioctl(A)  A.lock            has no CPU: who spins or holds a spinlock keeps all 2"
    )


def test_a_task_of_two_calls_is_as_wide_as_both() -> None:
    drawn = parts(waitfor.union_svg(sevviz.explore(sevviz.program("naive", "in-turn"))))
    left, right, *_ = box(drawn["t1"])
    assert [text.text for text in drawn["t1"].findall(f"{SVG}text")] == ["1", "A→B; B→A"]
    assert right - left > 80
