"""From a scheme to kernel C: only the steps are changed, lines keep their numbers, structs follow from use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sevviz
from sevviz.csource.scheme import load_scheme
from sevviz.errors import SevvizError
from sevviz.kernel.generate import check_name, generate
from sevviz.kernel.layout import infer_layout

CORNERS = sorted((Path(__file__).parent / "kernel").glob("*.c"))
HEADER = "/*\n * title: t\n * source: s\n * entry: migrate\n */\n"


def generated(body: str) -> str:
    return generate(load_scheme(HEADER + body, "scheme.c"))


def scheme_part(text: str) -> str:
    """The scheme's own text in a generated file."""
    return text.partition("#line 1")[2].partition("\n")[2].partition("#line 1")[0]


@pytest.mark.parametrize("name", [*sevviz.scheme_names(), *map(str, CORNERS)])
def test_without_the_schedule_points_the_generated_text_is_the_scheme_itself(name: str) -> None:
    """Each step stands on its own line with its own place, and all other lines are untouched."""
    scheme = sevviz.load(name)
    made = scheme_part(generate(scheme)).split("\n")
    original = scheme.text.text.split("\n")
    for number, line in enumerate(original, 1):
        places = re.findall(r'"(\d+):\d+"', made[number - 1])
        assert all(int(place) == number for place in places)
        if not places:
            assert made[number - 1].replace("static __maybe_unused ", "static ", 1) == line
    steps = {a.span for f in scheme.functions.values() for a in f.code if type(a).__name__ == "Access"}
    marked = set(re.findall(r'"(\d+:\d+)"', "\n".join(made)))
    assert marked == {f"{span.line}:{span.column}" for span in steps}


def test_arguments_are_evaluated_before_the_turn_and_in_order() -> None:
    body = "static int migrate(struct kvm *a, struct kvm *b)\n{\n"
    body += "\tatomic_set(&a->n, READ_ONCE(b->m));\n\treturn 0;\n}\n"
    text = generated(body)
    assert 'SEVVIZ_CALL_VOID2("8:2", atomic_set, &a->n, SEVVIZ_NAME_VALUE1("8:20", READ_ONCE, b->m))' in text


def test_a_bool_is_read_as_one_byte_and_what_stands_beside_it_is_not() -> None:
    body = "static bool a, b;\nstatic void turn_on(bool *flag)\n{\n\t*flag = true;\n}\n"
    body += "static int migrate(struct kvm *dst, struct kvm *src)\n{\n\tturn_on(&dst->gate.on);\n"
    body += "\tsrc->gate.count = a && b;\n\treturn src->gate.on;\n}\n"
    text = generated(body)
    kinds = dict(re.findall(r'\{ "([\w.]+)", SEVVIZ_(\w+)', text))
    assert [kinds[name] for name in ("a", "b", "gate.on", "gate.count")] == ["BOOL", "BOOL", "BOOL", "PLAIN"]
    assert "bool on;" in text
    assert "int count;" in text


def test_two_arguments_that_take_steps_are_put_in_order() -> None:
    body = "static int sum(int x, int y)\n{\n\treturn x + y;\n}\n"
    body += "static int migrate(struct kvm *a, struct kvm *b)\n{\n\treturn sum(a->n, b->n);\n}\n"
    assert "__auto_type sevviz_sum_0 = (SEVVIZ_READ(" in generated(body)


def test_nested_structs_take_the_tag_of_the_pointer_that_leads_to_them() -> None:
    declared = infer_layout(sevviz.load("flag_then_mutex")).declarations()
    assert "struct kvm_sev_info {\n\tatomic_t migration_in_progress;\n};" in declared
    assert "struct kvm_svm {\n\tstruct kvm_sev_info sev_info;\n};" in declared
    assert "struct kvm {\n\tstruct mutex lock;\n\tstruct kvm_svm svm;\n};" in declared


def test_a_field_that_is_reached_without_a_pointer_gets_a_struct_without_a_tag() -> None:
    body = "static int migrate(struct kvm *a, struct kvm *b)\n{\n\ta->arch.gate.count = 1;\n\treturn 0;\n}\n"
    layout = infer_layout(load_scheme(HEADER + body, "scheme.c"))
    assert "struct {\n\t\tstruct {\n\t\t\tint count;\n\t\t} gate;\n\t} arch;" in layout.declarations()


def test_functions_and_objects_of_a_scheme_are_static() -> None:
    body = "int count;\nstruct mutex m;\nint migrate(struct kvm *a, struct kvm *b)\n{\n\tmutex_lock(&m);\n"
    body += "\tcount = 1;\n\tmutex_unlock(&m);\n\treturn 0;\n}\n"
    text = generated(body)
    assert "static __maybe_unused int count;" in text
    assert "static __maybe_unused int migrate(" in text
    assert "if (!kvm)\n\t\tmutex_init(&m);" in text


def test_the_generated_file_is_the_same_every_time() -> None:
    assert generate(sevviz.load("v4")) == generate(sevviz.load("v4"))


def test_bystanders_are_compiled_with_a_scheme_that_has_none_of_its_own() -> None:
    alone = "static int migrate(struct kvm *a, struct kvm *b)\n{\n\treturn 0;\n}\n"
    both = generated(alone)
    assert re.findall(r'\{ "(\w+)", \d, \(sevviz_function', both) == ["migrate", "ioctl", "vcpu_run"]
    assert re.findall(r'\{ "([\w.]+)", SEVVIZ_MUTEX', both) == ["lock", "vcpu0.mutex"]
    own = generate(sevviz.load("v8_vcpus"))
    assert re.findall(r'\{ "(\w+)", 1, \(sevviz_function', own) == [
        "sev_lock_for_migration", "sev_unlock_after_migration", "sev_lock_vcpus", "sev_unlock_vcpus",
        "vcpu_run", "sev_guest", "ioctl",
    ]  # fmt: skip
    assert own.count("int vcpu_run(") == 1
    spins = generated(alone.replace("return", "spin_lock(&a->lock);\n\treturn"))
    assert "sevviz_call_ioctl" not in spins
    assert "sevviz_call_vcpu_run" in spins


def test_a_file_name_that_is_no_c_name_is_refused() -> None:
    with pytest.raises(SevvizError, match="must be a C name"):
        check_name("my scheme")
