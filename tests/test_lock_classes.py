"""The lock-order graph of classes beside that of locks: what lockdep objects to, what is hidden from it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import sevviz
from sevviz.cli import main
from sevviz.lockclasses import class_arrows, misused_nest_locks, nestings, rings
from sevviz.lockdep import lockdep_reports

SVG = "{http://www.w3.org/2000/svg}"
CORNERS = Path(__file__).parent / "kernel"
CLASSES = "Their classes, as lockdep sees them:"


def arrows(text: str) -> list[str]:
    """The arrows between classes in a text twin, without their tasks."""
    part = text.partition(f"{CLASSES}\n")[2].partition("\n\n")[0]
    return [line.strip().partition("  ")[0] for line in part.split("\n")]


def test_two_locks_of_one_class_are_a_class_inside_itself() -> None:
    shown = sevviz.lock_classes("naive")
    assert arrows(shown.text) == ["&kvm->lock → &kvm->lock"]
    assert "taken in a ring: B.lock → A.lock → B.lock." in shown.text
    assert "Lockdep objects: &kvm->lock is taken inside itself (recursive)." in shown.sentences
    assert shown.sentences[-1] == "In this scenario some schedules deadlock, the shortest one is 1 2."


def test_where_nothing_can_go_wrong_lockdep_objects_all_the_same() -> None:
    shown = sevviz.lock_classes("naive", "uncontended")
    assert shown.sentences[0] == "The locks themselves have an order: waits for them close no ring."
    assert shown.sentences[2].startswith("It would say so of any order of the locks")


def test_the_annotation_hides_the_ring_and_a_flag_is_in_no_graph() -> None:
    shown = sevviz.lock_classes("sev_lock_two_vms")
    assert arrows(shown.text) == ["&kvm->lock → &kvm->lock/1"]
    assert "Lockdep sees no ring of classes: it is silent on the order." in shown.sentences
    assert any(
        sentence.startswith("The annotation (SINGLE_DEPTH_NESTING) hides the ring") for sentence in shown.sentences
    )
    assert any("migration_in_progress: to lockdep a flag is a number" in sentence for sentence in shown.sentences)
    assert shown.sentences[-1] == "In this scenario no schedule deadlocks."


def test_the_annotation_of_a_deadlocking_scheme_gives_lockdep_the_very_same_graph() -> None:
    wrong, right = sevviz.lock_classes("tests_before_source"), sevviz.lock_classes("sev_lock_two_vms")
    assert arrows(wrong.text) == arrows(right.text)
    assert "some schedules deadlock" in wrong.text


def test_what_is_only_tried_makes_no_arrow_of_lockdep_s() -> None:
    shown = sevviz.lock_classes("trylock_once")
    assert arrows(shown.text) == ["no arrow"]
    assert "B.lock → A.lock  (task 1, only tried)" in shown.text
    assert shown.sentences[0].endswith("What is only tried does not wait.")


def test_a_mutex_inside_a_spinlock_is_named_first_and_the_ring_of_classes_too() -> None:
    said = sevviz.lock_classes("v4").sentences[1]
    gate = "&kvm->svm.sev_info.migration_lock"
    assert said.startswith("Lockdep objects: a mutex is taken inside a spinlock (invalid wait context); ")
    assert f"{gate} → &kvm->lock → {gate} is a ring of classes (circular)" in said
    assert said.endswith("It prints what it meets first, and then turns itself off.")


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_the_graph_of_classes_says_what_lockdep_says_along_schedules(scheme: str) -> None:
    """Whatever lockdep reports along a shortest schedule to an outcome, its graph of all schedules shows."""
    verdict = sevviz.check(scheme, "double")
    found = nestings(verdict.graph)
    classes = class_arrows(found)
    kinds = {
        report.kind for o in verdict.outcomes for report in lockdep_reports(sevviz.run(verdict.program, o.schedule))
    }
    if "recursive" in kinds:
        assert any(outer == inner for outer, inner in classes)
    if "invalid-wait-context" in kinds:
        assert any(n.inner.sleeps and not n.outer.sleeps for n in found)
    if not rings((str(outer), str(inner)) for outer, inner in classes):
        assert not kinds & {"recursive", "circular"}


def test_rings_are_shortest_ones_and_nodes_that_lead_to_themselves() -> None:
    assert rings([("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("d", "d"), ("c", "d")]) == [["a", "b"], ["d"]]
    assert rings([("a", "b"), ("b", "c")]) == []


def test_the_picture_speaks_and_repeats() -> None:
    shown = sevviz.lock_classes("naive")
    root = ET.fromstring(shown.svg)  # noqa: S314 - our own drawing
    assert root.get("role") == "img"
    assert root.get("aria-label") == shown.alt
    assert shown.svg == sevviz.lock_classes("naive").svg
    page = shown._repr_html_()
    assert page.count("<p>") == len(shown.sentences)
    assert "&amp;kvm-&gt;lock" in page
    nothing = sevviz.lock_classes("naive", "self")
    assert "A.lock → A.lock" in nothing.text


@pytest.mark.parametrize("scheme", ["naive", "v4", "trylock_once", "sev_lock_two_vms"])
def test_the_title_of_a_graph_stands_inside_its_frame(scheme: str) -> None:
    root = ET.fromstring(sevviz.lock_classes(scheme).svg)  # noqa: S314 - our own drawing
    frames = [group for group in root.iter(f"{SVG}g") if group.get("class") == "cluster"]
    assert len(frames) == 2
    for frame in frames:
        path, title = frame.find(f"{SVG}path"), frame.find(f"{SVG}text")
        assert path is not None
        assert title is not None
        xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", path.attrib["d"])]
        half = len(title.text or "") * 7.0 / 2  # pixels, for letters of 13
        assert min(xs) < float(title.attrib["x"]) - half
        assert float(title.attrib["x"]) + half < max(xs)


def test_the_command_writes_both_graphs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "classes.svg"
    assert main(["figure", "v4", "--view", "classes", "-o", str(path)]) == 0
    assert "Lockdep objects" in capsys.readouterr().out
    assert path.read_text().startswith("<svg")
    assert main(["figure", "v4", "--view", "classes", "-o", str(tmp_path / "classes.png")]) == 0
    assert (tmp_path / "classes.png").read_bytes().startswith(b"\x89PNG")


def test_a_lock_given_back_before_later_ones_leaves_an_arrow_behind() -> None:
    """Lockdep takes `inner` anew when `between` is given back, and `outer` is then the lock before it."""
    scheme = Path(__file__).parent / "kernel" / "out_of_order.c"
    expected = {"outer → between", "between → inner", "outer → inner", "inner → outer"}
    assert set(arrows(sevviz.lock_classes(scheme).text)) == expected


def test_what_a_comparison_function_allows_makes_no_arrow() -> None:
    drawn = sevviz.lock_classes("naive_ordered", "double")
    assert "  &kvm->lock → &kvm->lock  (task 1)" in drawn.text.splitlines()
    assert drawn.sentences[2].endswith("by address, and one inside another in that order makes no arrow.")
    assert drawn.sentences[3].endswith("it no longer looks, and whether it objects depends on who comes first.")
    header = " * entry: migrate\n"
    plain = sevviz.load("address_order").text.text.replace(", SINGLE_DEPTH_NESTING", "").replace("_nested", "")
    ordered = sevviz.lock_classes(plain.replace(header, f"{header} * ordered: lock\n"), "double")
    assert ordered.sentences[1] == "Lockdep sees no ring of classes: it is silent on the order."
    assert sevviz.lock_classes(plain, "double").sentences[1].startswith("Lockdep objects: &kvm->lock is taken inside")


NEST = (
    "under one of class &kvm->lock, a task may take any number of class &vcpu->mutex. Lockdep checks that it holds the "
    "nest lock, and nothing else of them."
)


def test_what_a_nest_lock_excuses_makes_no_arrow() -> None:
    told = sevviz.lock_classes("linux_5_16", "uncontended")
    assert "  &vcpu->mutex → &vcpu->mutex  (task 1)" in told.text.splitlines()
    assert told.sentences[1] == "Lockdep objects: &vcpu->mutex is taken inside itself (recursive)."
    excused = sevviz.lock_classes("linux_6_16", "uncontended")
    assert arrows(excused.text) == ["&kvm->lock → &kvm->lock/1", "&kvm->lock/1 → &vcpu->mutex"]
    assert excused.sentences[1:3] == (
        "Lockdep sees no ring of classes: it is silent on the order.",
        f"A nest lock makes no arrow: {NEST}",
    )
    assert "B.vcpu0.mutex → B.vcpu1.mutex" in excused.text  # the locks themselves


@pytest.mark.parametrize(
    ("corner", "said"),
    [
        ("guarded_not_held", "the nest lock of &kvm->vcpu.mutex is not held (nested lock was not taken)"),
        ("guarded_mixed", "&kvm->vcpu.mutex is taken under a nest lock after one without (a warning of lockdep's own)"),
    ],
)
def test_what_lockdep_says_of_a_misused_nest_lock_is_among_its_objections(corner: str, said: str) -> None:
    told = sevviz.lock_classes(CORNERS / f"{corner}.c")
    assert told.sentences[1] == f"Lockdep objects: {said}."
    assert misused_nest_locks(sevviz.check(CORNERS / "guarded.c").graph) == ()


def test_a_lock_without_initialisation_has_no_class_and_makes_no_arrow_of_classes() -> None:
    drawn = sevviz.lock_classes("v4_uninitialised")
    assert arrows(drawn.text) == ["&kvm->lock → &kvm->lock"]
    assert "A.migration_lock → A.lock  (tasks 1 and 2)" in drawn.text
    assert drawn.sentences[1] == (
        "Lockdep objects: nobody initialised &kvm->svm.sev_info.migration_lock, so it has no class (non-static key); "
        "&kvm->lock is taken inside itself (recursive). It prints what it meets first, and then turns itself off."
    )
    alone = sevviz.lock_classes(CORNERS / "uninitialised.c", "self")
    assert alone.sentences[0] == "No lock is asked for inside another one: there is nothing to order."
    assert not any("initialised" in sentence for sentence in alone.sentences)


ORDERED = (
    "Lockdep can compare two locks of class &kvm->lock by address, and here one is never inside another in that order."
)


def test_a_class_that_lockdep_can_compare_is_not_called_one_that_it_cannot_tell_apart() -> None:
    drawn = sevviz.lock_classes("naive_ordered", "uncontended")
    assert drawn.sentences[1:3] == (
        "Lockdep objects: &kvm->lock is taken inside itself (recursive).",
        ORDERED,
    )
    assert not any("cannot tell them apart" in sentence for sentence in drawn.sentences)
    shared = sevviz.lock_classes(CORNERS / "one_name.c", "uncontended")
    assert arrows(shared.text)[0] == "lock → &kvm->lock"
    assert not any("SINGLE_DEPTH_NESTING" in sentence for sentence in shared.sentences)


def test_no_annotation_hides_what_has_no_class() -> None:
    header = "/*\n * title: t\n * source: s\n * entry: migrate\n * uninitialised: gate\n */\n"
    body = "{\n\tspin_lock(&dst->gate);\n\tspin_lock_nested(&src->gate, 1);\n\treturn 0;\n}\n"
    drawn = sevviz.lock_classes(
        sevviz.load_text(f"{header}static int migrate(struct kvm *dst, struct kvm *src)\n{body}")
    )
    assert "ring: B.gate → A.gate → B.gate" in drawn.sentences[0]
    assert not any("SINGLE_DEPTH_NESTING" in sentence for sentence in drawn.sentences)
