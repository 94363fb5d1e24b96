"""The C front end on the C of contract 1: what each construct means, and where its operations stand in the source."""

from __future__ import annotations

import pytest
from toys import HEADER, alone, excerpt, operations, program, result, scheme, steps, text, verdict

import sevviz
from sevviz.csource import load_scheme, make_program

STEPS = [
    # Every primitive of contract 1, with names resolved.
    ("mutex_lock(&dst->lock); mutex_unlock(&dst->lock); return 0;", ["mutex_lock(B.lock)", "mutex_unlock(B.lock)"]),
    ("mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING); mutex_unlock(&src->lock); return 0;",
     ["mutex_lock_nested(A.lock, SINGLE_DEPTH_NESTING)", "mutex_unlock(A.lock)"]),
    (("return mutex_lock_killable(&dst->lock) || mutex_lock_killable_nested(&src->lock, 1)"
     " || mutex_lock_interruptible(&src->other);"),
     ["mutex_lock_killable(B.lock)", "mutex_lock_killable_nested(A.lock, SINGLE_DEPTH_NESTING)",
      "mutex_lock_interruptible(A.other)"]),
    ("if (!mutex_trylock(&src->lock)) return -EBUSY; mutex_unlock(&src->lock); return 0;",
     ["mutex_trylock(A.lock)", "mutex_unlock(A.lock)"]),
    ("spin_lock(&dst->s); spin_lock_nested(&src->s, 2); spin_unlock(&src->s); spin_unlock(&dst->s); return 0;",
     ["spin_lock(B.s)", "spin_lock_nested(A.s, 2)", "spin_unlock(A.s)", "spin_unlock(B.s)"]),
    ("if (spin_trylock(&dst->s)) spin_unlock(&dst->s); return 0;", ["spin_trylock(B.s)", "spin_unlock(B.s)"]),
    (("atomic_set(&dst->n, 3); atomic_set_release(&dst->n, atomic_read(&dst->n) + atomic_read_acquire(&dst->n));"
     "return 0;"),
     ["atomic_set(B.n, 3)", "atomic_read(B.n)", "atomic_read_acquire(B.n)", "atomic_set_release(B.n, 6)"]),
    (("return atomic_cmpxchg(&dst->n, 0, 1) + atomic_cmpxchg_acquire(&dst->n, 1, 2)"
     " + atomic_cmpxchg_release(&dst->n, 9, 3) + atomic_cmpxchg_relaxed(&dst->n, 2, 0);"),
     ["atomic_cmpxchg(B.n, 0, 1)", "atomic_cmpxchg_acquire(B.n, 1, 2)", "atomic_cmpxchg_release(B.n, 9, 3)",
      "atomic_cmpxchg_relaxed(B.n, 2, 0)"]),
    (("return atomic_xchg(&dst->n, 5) + atomic_xchg_acquire(&dst->n, 6) + atomic_xchg_release(&dst->n, 7)"
     " + atomic_xchg_relaxed(&dst->n, 0);"),
     ["atomic_xchg(B.n, 5)", "atomic_xchg_acquire(B.n, 6)", "atomic_xchg_release(B.n, 7)",
      "atomic_xchg_relaxed(B.n, 0)"]),
    ("WRITE_ONCE(dst->f, 1); return READ_ONCE(dst->f);", ["WRITE_ONCE(B.f, 1)", "READ_ONCE(B.f)"]),
    ("smp_store_release(&dst->f, 1); return smp_load_acquire(&dst->f);",
     ["smp_store_release(B.f, 1)", "smp_load_acquire(B.f)"]),
    ("might_sleep(); cond_resched(); cpu_relax(); return cond_resched();",
     ["might_sleep()", "cond_resched()", "cpu_relax()", "cond_resched()"]),
    ("sev_migrate_from(dst, src); return 0;",
     ["sev_migrate_from(B, A): enter", "sev_migrate_from(B, A): leave"]),
    # Plain accesses of shared fields: one step each.
    ("dst->f = true; if (dst->f) dst->f = false; return 0;", ["B.f = 1", "read B.f", "B.f = 0"]),
    ("bool ok = src->flag && !dst->flag; return ok;", ["read A.flag"]),
    ("bool ok = !src->flag && !dst->flag; return ok;", ["read A.flag", "read B.flag"]),
    ("int a = src->n++; int b = ++src->n; src->n += 3; src->n -= 5; return a + b;",
     ["read A.n", "A.n = 1", "read A.n", "A.n = 2", "read A.n", "A.n = 5", "read A.n", "A.n = 0"]),
    ("int *p = &dst->n; *p += 2; (*p)--; return *p;",
     ["read B.n", "B.n = 2", "read B.n", "B.n = 1", "read B.n"]),
    ("int a; a = dst->n = 4; return a;", ["B.n = 4"]),
    ("dst->a = dst->b = 2; return 0;", ["B.b = 2", "B.a = 2"]),
    # Nested fields, and the SEV state under its short name.
    ("dst->arch.deep.x = 1; return (*dst).arch.deep.x;", ["B.arch.deep.x = 1", "read B.arch.deep.x"]),
    ("to_kvm_svm(dst)->sev_info.busy = 1; return to_kvm_sev_info(dst)->busy;", ["B.busy = 1", "read B.busy"]),
    ("to_kvm_sev_info(dst)->x = 1; dst->x = 2; return 0;", ["B.svm.sev_info.x = 1", "B.x = 2"]),
    # Short circuits touch nothing that is not needed.
    ("if (0 && mutex_trylock(&dst->lock)) return 1; if (1 || mutex_trylock(&dst->lock)) return 2; return 3;", []),
    ("return 1 ? 2 : src->f;", []),
    ("if (src->a || src->b) return 1; return 0;", ["read A.a", "read A.b"]),
    # Pointers chosen at run time.
    ("struct kvm *first = dst < src ? dst : src; mutex_lock(&first->lock); mutex_unlock(&first->lock); return 0;",
     ["mutex_lock(A.lock)", "mutex_unlock(A.lock)"]),
    ("struct mutex *m; m = dst < src ? &dst->lock : &src->lock; mutex_lock(m); mutex_unlock(m); return 0;",
     ["mutex_lock(A.lock)", "mutex_unlock(A.lock)"]),
    ("struct kvm *k; int i; for (i = 0; i < 2; i++) { k = i ? dst : src; mutex_lock(&k->lock); } return 0;",
     ["mutex_lock(A.lock)", "mutex_lock(B.lock)"]),
    ("spinlock_t *s = &dst->s; spin_lock(s); spin_unlock(s); return 0;", ["spin_lock(B.s)", "spin_unlock(B.s)"]),
    # Loops round steps.
    ("while (atomic_cmpxchg(&dst->f, 0, 1)) cpu_relax(); return 0;", ["atomic_cmpxchg(B.f, 0, 1)"]),
    ("do { WRITE_ONCE(dst->f, 0); } while (0); return 0;", ["WRITE_ONCE(B.f, 0)"]),
    ("for (;;) { if (mutex_trylock(&dst->lock)) break; } return 0;", ["mutex_trylock(B.lock)"]),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "expected"), STEPS, ids=[code for code, _ in STEPS])
def test_shared_accesses_are_steps_in_the_order_in_which_c_makes_them(statements: str, expected: list[str]) -> None:
    assert steps(statements) == expected


HELPERS = [
    ("static int take(struct kvm *k) { mutex_lock(&k->lock); return 7; }\n",
     "int ret = dst < src ? take(dst) : take(src); return ret;", ["mutex_lock(A.lock)"], 7),
    ("static struct mutex *lock_of(struct kvm *k) { return &k->lock; }\n",
     "mutex_lock(lock_of(dst)); mutex_unlock(lock_of(dst)); return 0;",
     ["mutex_lock(B.lock)", "mutex_unlock(B.lock)"], 0),
    ("static void both(struct mutex *a, struct mutex *b) { mutex_lock(a); mutex_lock(b); }\n",
     "both(&dst->lock, &src->lock); return 0;", ["mutex_lock(B.lock)", "mutex_lock(A.lock)"], 0),
    (("static void down(struct kvm *k, int n) { if (!n) return; mutex_lock(&k->lock); mutex_unlock(&k->lock);"
     " down(k, n - 1); }\n"),
     "down(dst, 2); return 0;", ["mutex_lock(B.lock)", "mutex_unlock(B.lock)"] * 2, 0),
    ("static DEFINE_MUTEX(m);\nDEFINE_SPINLOCK(s);\n",
     "mutex_lock(&m); spin_lock(&s); spin_unlock(&s); mutex_unlock(&m); return 0;",
     ["mutex_lock(m)", "spin_lock(s)", "spin_unlock(s)", "mutex_unlock(m)"], 0),
    ("static atomic_t a = ATOMIC_INIT(2);\nstatic int n = -3, k = 0x10;\nbool b = 5;\nint zero;\n",
     "return atomic_read(&a) + n + k + b + zero;",
     ["atomic_read(a)", "read n", "read k", "read b", "read zero"], 16),
    ("static bool busy;\n", "int was; was = busy = 2; return was + (busy == 1);", ["busy = 1", "read busy"], 2),
    # A bool holds 0 or 1 whatever the way to it.
    ("static bool busy;\n", "bool *p = &busy; *p = -EBUSY; return *p;", ["busy = 1", "read busy"], 1),
    ("static bool busy;\nstatic void set(bool *p) { smp_store_release(p, 7); }\n",
     "int i = busy; set(&busy); return busy + i;",
     ["read busy", "smp_store_release(busy, 1)", "read busy"], 1),
    ("", "bool *p = &dst->f; int was = (*p += 7); return was + READ_ONCE(dst->f);",
     ["read B.f", "B.f = 1", "READ_ONCE(B.f)"], 2),
    ("", "bool *p = &dst->f; (*p)--; return (*p)++;", ["read B.f", "B.f = 1", "read B.f", "B.f = 1"], 1),
    ("static bool *flag(struct kvm *k) { return &k->s.f; }\n",
     "WRITE_ONCE(*flag(src), 7); dst->s.f = 3; return src->s.f == dst->s.f;",
     ["WRITE_ONCE(A.s.f, 1)", "B.s.f = 1", "read A.s.f", "read B.s.f"], 1),
    ("static bool busy;\n", "*(src < dst ? &dst->f : &busy) = 7; return dst->f;", ["B.f = 1", "read B.f"], 1),
    ("", ("struct part *p = &dst->one; bool *b = &p->on; p = &dst->two; p->on = 2; dst->one.on = 3;"
          " return *b + dst->two.on;"),
     ["B.two.on = 1", "B.one.on = 1", "read B.one.on", "read B.two.on"], 2),
    ("static bool busy;\n", "bool *p = dst < src ? &dst->f : &busy; *p = 2; return *p;", ["busy = 1", "read busy"], 1),
    ("static bool busy;\n", "WRITE_ONCE(busy, 5); return READ_ONCE(busy);", ["WRITE_ONCE(busy, 1)", "READ_ONCE(busy)"],
     1),
    ("static struct mutex m;\nstatic spinlock_t s;\n", "mutex_lock(&m); spin_lock(&s); return 0;",
     ["mutex_lock(m)", "spin_lock(s)"], 0),
    ("static int n;\n", "int n = 4; n++; return n;", [], 5),
]  # fmt: skip


@pytest.mark.parametrize(("before", "statements", "expected", "returned"), HELPERS, ids=[row[1] for row in HELPERS])
def test_helpers_and_file_scope_objects(before: str, statements: str, expected: list[str], returned: int) -> None:
    assert steps(statements, before) == expected
    assert result(statements, before) == returned


def test_comments_may_stand_anywhere() -> None:
    before = (
        "static /* a */ int /* b */ f(/* c */ int /* d */ n /* e */) /* f */ { /* g */ return /* h */ n /* i */; }\n"
    )
    statements = """
	/* a */ if (/* b */ dst /* c */ == /* d */ src /* e */) /* f */ return /* g */ 1 /* h */; // i
	else /* j */ /* k */ mutex_lock(/* l */ & /* m */ dst /* n */ -> /* o */ lock /* p */) /* q */;
	switch (/* r */ 1 /* s */) /* t */ { /* u */ case /* v */ 1 /* w */ : /* x */ break; /* y */ }
	do /* it's */ { /* "quoted */ } /* z */ while (/* once */ 0 /* only */);
	for (/* a */ ; /* b */ ; /* c */) /* d */ break;
	return /* and */ f(/* so */ 2 /* on */);
"""
    assert steps(statements, before) == ["mutex_lock(B.lock)"]
    assert result(statements, before) == 2


def test_line_ends_of_other_systems_and_a_byte_order_mark_are_read() -> None:
    source = text("mutex_lock(&dst->lock);\nreturn 0;")
    for data in (source.replace("\n", "\r\n"), source.replace("\n", "\r"), "\ufeff" + source):
        loaded = load_scheme(data.encode(), "toy.c")
        assert [access.span for access in loaded.entry.code if hasattr(access, "primitive")] == [(8, 1, 8, 23)]


def test_each_operation_covers_its_exact_characters() -> None:
    """The span of an operation is what a reader would mark with a pen: the whole call, or the field with its base."""
    statements = (
        "\tif (mutex_trylock(\n\t\t&src->lock)) /* ü */ mutex_unlock(&src->lock);\n\tdst->f = src->g + 1; return 0;"
    )
    source = text(statements)
    covered = [excerpt(source, operation.span) for operation in operations(statements)]
    assert covered == [
        "mutex_trylock(\n\t\t&src->lock)",
        "mutex_unlock(&src->lock)",
        "src->g",
        "dst->f = src->g + 1",
    ]
    assert [operation.span for operation in operations(statements)] == [
        (8, 6, 9, 14), (9, 24, 9, 48), (10, 11, 10, 17), (10, 2, 10, 21)
    ]  # fmt: skip


def test_every_operation_of_the_schemes_stands_where_its_text_says() -> None:
    """Columns count characters from 1, and the end column is exclusive."""
    for name in sevviz.scheme_names():
        made = sevviz.program(name, "uncontended")
        source = made.sources[0].text
        for position in made.tasks[0].automaton.positions:
            if position.operation is not None and position.operation.primitive not in ("read", "write"):
                shown = excerpt(source, position.operation.span)
                assert shown.startswith(f"{position.operation.primitive}(")
                assert shown.endswith(")")


def test_an_operation_knows_its_function_and_the_calls_that_led_to_it() -> None:
    before = "static void inner(struct kvm *k)\n{\n\tmutex_lock(&k->lock);\n}\n"
    made = program("\tinner(src);\n\treturn 0;", before=before)
    position = made.tasks[0].automaton.positions[0]
    assert position.operation is not None
    assert position.operation.function == "inner"
    assert [(call.line, call.column) for call in position.calls] == [(12, 2)]
    assert position.variables == (("k", "A"),)


def test_variables_are_shown_with_names_resolved_and_only_while_they_are_live() -> None:
    statements = """
	struct mutex *m = &dst->lock;
	int n = 3, dead = 4;
	bool b = true;

	mutex_lock(m);
	mutex_unlock(m);
	return n + b;
"""
    positions = program(statements).tasks[0].automaton.positions
    assert positions[0].variables == (("m", "&B.lock"), ("n", "3"), ("b", "1"))


def test_the_kind_of_an_object_is_inferred_through_the_parameters_of_helpers() -> None:
    before = """static void m(struct mutex *lock) { mutex_lock(lock); mutex_unlock(lock); }
static int *field(struct kvm *k) { return &k->count; }
static void hop(struct mutex *lock) { m(lock); }
"""
    made = program(
        "hop(&src->lock); (*field(dst))++; atomic_read(&src->a); spin_lock(&src->s); return 0;", before=before
    )
    kinds = {shared.name: shared.kind for shared in made.objects if shared.vm == "A"}
    assert kinds == {"A.lock": "mutex", "A.count": "plain", "A.a": "atomic", "A.s": "spinlock"}


def test_orders_and_subclasses_are_kept_on_the_operation() -> None:
    made = operations(
        "mutex_lock_nested(&dst->lock, 3); WRITE_ONCE(dst->f, 0); dst->f = 0; atomic_set_release(&dst->a, 0);"
        "atomic_cmpxchg_acquire(&dst->a, 0, 0); atomic_xchg(&dst->a, 0); atomic_read(&dst->a); return 0;"
    )
    assert [operation.order for operation in made] == ["", "once", "plain", "release", "acquire", "full", "relaxed"]
    assert made[0].subclass == 3
    assert made[4].operands == (0, 0)


def test_a_nest_lock_is_kept_on_the_operation() -> None:
    made = operations(
        "mutex_lock(&dst->lock); mutex_lock_nest_lock(&src->lock, &dst->lock);"
        "if (mutex_lock_killable_nest_lock(&src->slots, &dst->lock)) return 0;"
        "spin_lock_nest_lock(&src->s, &dst->lock); return 0;"
    )
    assert [operation.nest for operation in made[1:]] == [made[0].object] * 3
    assert made[2].text == "mutex_lock_killable_nest_lock(A.slots, B.lock)"
    assert [operation.interruptible for operation in made] == [False, False, True, False]
    assert [operation.operands for operation in made] == [()] * 4


def test_fields_that_pointers_to_one_struct_point_to_are_members_of_that_struct() -> None:
    made = program(
        "struct kvm_vcpu *v = dst < src ? &dst->vcpu0 : &dst->vcpu1; mutex_lock(&v->mutex); mutex_lock(&dst->lock);"
        "v->run.busy = 1; to_kvm_svm(dst)->sev_info.active = 1; return 0;"
    )
    members = {shared.name: shared.member for shared in made.objects if shared.vm == "A"}
    assert members == {
        "A.vcpu0.mutex": "kvm_vcpu->mutex", "A.vcpu1.mutex": "kvm_vcpu->mutex", "A.lock": "",
        "A.vcpu0.run.busy": "kvm_vcpu->run.busy", "A.vcpu1.run.busy": "kvm_vcpu->run.busy", "A.active": "",
    }  # fmt: skip


def test_places_with_the_same_future_are_one_place() -> None:
    """A counter that nobody reads again is forgotten, so that a loop over it does not multiply the states."""
    endless = "int n = 0; for (;;) { if (READ_ONCE(dst->stop)) return 0; n = 1 - n; n = 0; }"
    assert len(verdict(endless, "migrate(B, A)").graph.states) == 1


def test_a_sequence_of_calls_goes_on_only_after_success() -> None:
    busy = "if (atomic_cmpxchg(&dst->f, 0, 1)) return -EBUSY; return 0;"
    made = verdict(busy, "migrate(B, A); migrate(A, B); migrate(B, A); migrate(A, B)")
    assert made.returns == {("-EBUSY",)}
    assert [outcome.schedule for outcome in made.outcomes] == [(1, 1, 1)]


def test_the_header_may_have_more_keys_and_prose() -> None:
    keys = " * title: A: b\n *   and c\n * source: s\n * entry: migrate\n * errno: -EBUSY\n"
    header = f"/*\n{keys} *\n * Prose: it goes\n * on.\n */\n"
    loaded = scheme("return 0;", header=header)
    assert loaded.header == {
        "title": "A: b and c", "source": "s", "entry": "migrate", "errno": "-EBUSY",
        "description": "Prose: it goes on.",
    }  # fmt: skip


def test_the_same_text_gives_the_same_program_every_time() -> None:
    first, second = (alone("mutex_lock(&dst->lock); return dst->f;") for _ in range(2))
    assert first.states == second.states
    assert first.steps == second.steps


def test_an_entry_may_have_another_name_and_one_vm() -> None:
    header = HEADER.replace("migrate", "seal")
    loaded = load_scheme(f"{header}static bool seal(struct kvm *kvm)\n{{\n\treturn kvm->sealed = 2;\n}}\n", "toy.c")
    made = make_program(loaded, ["seal(A)"])
    trace = sevviz.run(made, (1,))
    assert [task.label for task in made.tasks] == ["seal(A)"]
    assert made.position(trace.states[-1], 0).result == 1
