"""What local C code computes: it costs no step and shows in the task's result."""

from __future__ import annotations

import pytest
from toys import result, steps

LOCAL_CODE = [
    # Constants and names.
    ("return 0;", 0),
    ("return -1;", -1),
    ("return - -3;", 3),
    ("return +4 - -1;", 5),
    ("int a = 3; return a -1;", 2),
    ("return 0x10 + 010 + 7L;", 31),
    ("return -2147483647 - 1;", -2147483648),
    ("return -EBUSY;", -16),
    ("return -EINVAL + -EINTR;", -26),
    ("return true + false + (NULL == 0) + SINGLE_DEPTH_NESTING;", 3),
    # Operators.
    ("return (1 < 2) + (1 <= 1) + (2 > 1) + (2 >= 3) + (1 == 1) + (1 != 1);", 4),
    ("return !0 + !!5 + !7;", 2),
    ("return 1 - 2 - 3;", -4),
    ("return 7 && 3;", 1),
    ("return 0 || 9;", 1),
    ("return 0 || 0 && 1;", 0),
    ("return 1 ? 2 : 3;", 2),
    ("return 0 ? 2 : 1 ? 4 : 5;", 4),
    ("int r; r = src < dst ? 7 : 8; return r;", 7),
    ("int ret = 0; return ret ?: -EBUSY;", -16),
    ("int ret = 3; return ret ?: -EBUSY;", 3),
    ("return (1, 2, 3);", 3),
    ("int a, b; a = b = 4; a += b -= 1; return a + b;", 10),
    ("int i = 5, a = i++, b = ++i, c = i--, d = --i; return a == 5 && b == 7 && c == 7 && d == 5 && i == 5;", 1),
    # Ints, bools, pointers.
    ("bool b = 7; return b;", 1),
    ("bool b = false; b = 2; b += 5; return b;", 1),
    ("int i = 7; bool b = i == 7; return b + i;", 8),
    ("return dst == src;", 0),
    ("struct kvm *k = dst; return k == dst && k != src && k != NULL && k;", 1),
    ("struct kvm *k = NULL; return !k && k == 0;", 1),
    ("struct mutex *m = &dst->lock; return m == &dst->lock && m != &src->lock && m != &dst->arch.lock;", 1),
    ("struct kvm *a = dst, *b = src; return a > b;", 1),
    ("return &(*dst).lock == &(dst->lock);", 1),
    ("return &to_kvm_svm(dst)->sev_info == to_kvm_sev_info(dst);", 1),
    (("struct kvm_svm *svm = to_kvm_svm(dst); struct kvm_sev_info *sev = &svm->sev_info;"
     "return &sev->x == &to_kvm_sev_info(dst)->x;"), 1),
    # Address order: A < B, and what is inside A before what is inside B.
    ("return src < dst && src <= dst && dst > src && dst >= src && !(dst < src) && !(dst < dst) && dst <= dst;", 1),
    ("return &src->lock < &dst->lock && &src->z < &dst->a && &src->lock < dst;", 1),
    # Control flow.
    ("if (dst == src) return 1; else return 2;", 2),
    ("int r = 2; if (r == 1) return 1; else if (r == 2) return 22; else if (r == 3) return 3; else return 4;", 22),
    ("if (0) if (1) return 1; else return 2; return 3;", 3),
    ("int n = 0; while (n < 5) n++; return n;", 5),
    ("int n = 9; do n++; while (n < 5); return n;", 10),
    ("int n = 0; do { n++; if (n == 3) continue; if (n == 5) break; } while (n < 9); return n;", 5),
    ("int i, n = 0; for (i = 0; i < 4; i++) n += i; return n;", 6),
    ("int n = 0; for (int i = 0, j = 3; i < j; i++, j--) n++; return n;", 2),
    ("int n = 0; for (;;) { if (++n == 4) break; } return n;", 4),
    ("int i, n = 0; for (i = 0; i < 6; i++) { if (i == 1) continue; if (i == 4) break; n += 10; } return n + i;", 34),
    ("int i, n = 0; for (i = 0; i < 3; i++) { while (1) { n++; break; } if (i == 1) break; } return n;", 2),
    ("int n = 0; again: n++; if (n < 3) goto again; return n;", 3),
    ("goto in; { int x; in: x = 4; return x; }", 4),
    ("if (1) goto out; return 1; out: ; return 2;", 2),
    ("{ if (1) { goto out; } } return 1; out: return 2;", 2),
    ("if (1) goto out; return 1; out: int x = 3; return x;", 3),
    ("int n = 0; if (1) { goto end; n = 5; end: } return n;", 0),
    ("int n = 0; if (1) { goto end; n = 5; end: /* nothing */ } return n;", 0),
    (";;; return 3;;", 3),
    # switch.
    ("int n = 0; switch (1) { case 0: n += 1; case 1: n += 10; case 2: n += 100; break; default: n = 9; } return n;",
     110),
    ("int n = 9; switch (n) { case 1: n = 1; break; default: n = 5; case 2: n++; } return n;", 6),
    ("int n = 2; switch (n) { case 1: n = 1; break; default: n = 5; break; case 2: n = 7; } return n;", 7),
    ("int r = -EBUSY; switch (r) { case -EBUSY: case -EINTR: return 1; case 0: return 2; } return 3;", 1),
    ("int r = -1; switch (r) { case -1: return 1; case true: return 2; } return 3;", 1),
    ("switch (5) { case 1: return 1; } return 3;", 3),
    ("switch (5) { } return 3;", 3),
    ("int n = 0; switch (1) { case 1: n++; fallthrough; case 2: n++; } return n;", 2),
    (("int i, n = 0; for (i = 0; i < 4; i++) { switch (i) { case 0: continue; case 1: n += 10; break;"
     " default: n += 100; } n++; } return n;"), 213),
    ("switch (1) { case 1: goto two; case 2: two: return 4; } return 7;", 4),
    ("switch (1) { case 1: switch (2) { case 2: break; } return 4; } return 7;", 4),
    # Scopes.
    ("int x = 1; { int x = 2; x++; } for (int x = 7; x < 9; x++) { } return x;", 1),
    ("int x = 1; { x = 5; int x = 2; x++; } return x;", 5),
    ("int i, n = 0; for (i = 0; i < 2; i++) { int k = 0; k++; n += k; } return n;", 2),
    ("const int x = 3; int const y = 4; return x + y;", 7),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "expected"), LOCAL_CODE, ids=[code for code, _ in LOCAL_CODE])
def test_local_code_computes_what_c_says_and_costs_no_step(statements: str, expected: int) -> None:
    assert result(statements) == expected
    assert steps(statements) == []


FUNCTIONS = [
    ("static int f(int a, int b) { return a - b; }", "return f(-1, +2);", -3),
    ("static bool f(int a) { return a; }", "return f(7);", 1),
    ("static int f(bool b) { return b; }", "return f(7);", 1),
    ("int f(void) { return 3; }", "return f();", 3),
    ("static inline int f(const struct kvm *const k) { return k != NULL; }", "return f(dst);", 1),
    ("static int f(int n) { if (!n) return 0; return f(n - 1) + n; }", "return f(4);", 10),
    (("static int odd(int n);\nstatic int even(int n) { return n ? odd(n - 1) : 1; }\n"
     "static int odd(int n) { return n ? even(n - 1) : 0; }"), "return even(6) + odd(6);", 1),
    (("static struct kvm *low(struct kvm *a, struct kvm *b);\n"
     "static struct kvm *low(struct kvm *a, struct kvm *b) { return a < b ? a : b; }"),
     "return low(dst, src) == src;", 1),
    ("static int g(struct kvm *);\nstatic int g(struct kvm *k) { return 5; }", "return g(dst);", 5),
    ("static void f(int a) { a = 3; }", "int a = 1; f(a); return a;", 1),
    ("static void f(int a) { if (a) return; }", "f(1); return 6;", 6),
    ("static int f(int dst) { return dst; }", "return f(9);", 9),
    ("struct kvm;\n;\n#include <linux/mutex.h>\nstatic int f(int a) { return a; }", "return f(2);", 2),
    ("static int f(int a) { return a; }", "return f(f(f(2) + 1) + 1);", 4),
    ("static int zero(void) { return 0; }\nstatic int one(void) { return 1; }",
     "return zero() && one() || one() && !zero();", 1),
]  # fmt: skip


@pytest.mark.parametrize(("functions", "statements", "expected"), FUNCTIONS, ids=[code for code, *_ in FUNCTIONS])
def test_functions_of_the_file_are_called_as_c_calls_them(functions: str, statements: str, expected: int) -> None:
    assert result(statements, f"{functions}\n") == expected
