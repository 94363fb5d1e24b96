"""The lock-order graph: which lock is asked for inside which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toys import ABBA, HOLD, verdict

from sevviz.analysis import lock_order

if TYPE_CHECKING:
    from sevviz.verdict import Verdict

BACK_OFF = """
	for (;;) {
		mutex_lock(&dst->lock);
		if (mutex_trylock(&src->lock))
			break;
		mutex_unlock(&dst->lock);
	}
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return 0;
"""


def orders(found: Verdict) -> set[tuple[str, str, int, bool]]:
    """The lock-order graph without the states that show it."""
    return {(order.outer, order.inner, order.task, order.tries) for order in lock_order(found.graph)}


def test_the_lock_order_graph_has_an_edge_for_each_lock_taken_inside_another() -> None:
    assert orders(verdict(ABBA)) == {("B.lock", "A.lock", 1, False), ("A.lock", "B.lock", 2, False)}
    assert orders(verdict(HOLD)) == set()


def test_a_try_under_a_lock_is_marked() -> None:
    assert orders(verdict(BACK_OFF)) == {("B.lock", "A.lock", 1, True), ("A.lock", "B.lock", 2, True)}


def test_address_order_has_no_cycle_in_its_lock_order() -> None:
    choose = "struct kvm *a = dst < src ? dst : src, *b = dst < src ? src : dst;"
    climbing = choose + ABBA.replace("dst", "a").replace("src", "b")
    assert {(outer, inner) for outer, inner, _, _ in orders(verdict(climbing))} == {("A.lock", "B.lock")}


def test_a_self_deadlock_shows_as_a_lock_inside_itself() -> None:
    assert orders(verdict(ABBA, "migrate(A, A)")) == {("A.lock", "A.lock", 1, False)}
