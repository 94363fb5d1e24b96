"""One list of dependencies, said four times (pyproject, pins, conda, import names): the four agree."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

import grimp
import pytest
import yaml
from checkouts import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

from sevviz.bootstrap import APP_MODULES, TEST_MODULES, missing_modules

METADATA: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DIRECT = [Requirement(text) for text in METADATA["project"]["dependencies"]]
# An extra may name others of ours, which stand for what they list.
EXTRAS = [Requirement(text) for texts in METADATA["project"]["optional-dependencies"].values() for text in texts]
TEST_EXTRA = [requirement for requirement in EXTRAS if requirement.name != METADATA["project"]["name"]]
PINS = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())
CONDA: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_SPECS: list[str] = [entry for entry in CONDA["dependencies"] if isinstance(entry, str)]
CONDA_PIP: list[str] = next(entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
# Where conda's name differs; `graphviz` there is the program.
CONDA_NAMES = {"python-graphviz": "graphviz"}
CONDA_ONLY = {"python", "pip", "graphviz"}


def bounds(requirement: Requirement) -> tuple[str, str]:
    return canonicalize_name(requirement.name), str(requirement.specifier)


def conda_bounds(text: str) -> tuple[str, str]:
    spec = MatchSpec(text)
    assert spec.name is not None
    name = spec.name.normalized
    return CONDA_NAMES.get(name, name), str(spec.version or "")


@pytest.mark.parametrize("text", CONDA_SPECS)
def test_conda_can_read_each_line(text: str) -> None:
    assert MatchSpec(text, strict=True).name is not None


def test_conda_asks_for_what_pip_asks_for() -> None:
    by_conda = [conda_bounds(text) for text in CONDA_SPECS if MatchSpec(text).name.normalized not in CONDA_ONLY]
    by_pip = [bounds(Requirement(text)) for text in CONDA_PIP if not text.startswith("-e ")]
    assert sorted(by_conda + by_pip) == sorted(bounds(requirement) for requirement in DIRECT)


def test_conda_has_the_same_python_the_program_dot_and_the_checkout() -> None:
    assert set(CONDA) == {"name", "channels", "dependencies"}
    assert f"python{METADATA['project']['requires-python']}" in CONDA_SPECS
    assert {"pip", "graphviz"} <= set(CONDA_SPECS)
    assert CONDA_PIP[-1] == "-e ."


@pytest.mark.parametrize("requirement", [*DIRECT, *TEST_EXTRA], ids=str)
def test_the_pins_satisfy_each_requirement(requirement: Requirement) -> None:
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_the_pins_are_plain_names_and_versions() -> None:
    for name, version in PINS.items():
        assert name == canonicalize_name(name)
        assert re.fullmatch(r"\d[\w.]*", version), name


def test_set_up_looks_for_each_direct_dependency() -> None:
    distributions = packages_distributions()
    found = {canonicalize_name(name) for module in APP_MODULES for name in distributions[module]}
    programs = {"graphviz-pure"}
    assert found | programs == {canonicalize_name(requirement.name) for requirement in DIRECT}


def test_what_the_package_imports_is_asked_for_by_name() -> None:
    """And not only there because another package asks for it."""
    graph = grimp.build_graph("sevviz", include_external_packages=True, cache_dir=None)
    imported = {module for module in graph.modules if graph.is_module_squashed(module)} - set(sys.stdlib_module_names)
    distributions = packages_distributions()
    found = {canonicalize_name(name) for module in imported for name in distributions[module]}
    assert found
    assert found <= {canonicalize_name(requirement.name) for requirement in DIRECT + EXTRAS}


def test_nothing_is_missing_where_the_tests_run() -> None:
    assert set(TEST_MODULES).isdisjoint(APP_MODULES)
    assert missing_modules("test") == []


def test_continuous_integration_runs_the_command_that_the_readme_gives() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    command = lines[-1].removeprefix("exec ")
    assert command == "python3 -m sevviz test"
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
