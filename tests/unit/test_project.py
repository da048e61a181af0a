"""What the project says about itself is true: its tree, its pins, its deployments, its names."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pooling import POOLERS

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS: list[str] = PYPROJECT["tool"]["importlinter"]["root_packages"]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
    "deployments"
]
PROJECT = PYPROJECT["project"]
REQUIREMENTS = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]


def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_the_readme_tree_names_every_file_of_the_rooms() -> None:
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    files = {str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"}
    named = {path for path in paths_in_readme() if path.split("/")[0] in ROOMS and is_file(path)}

    assert named == files


def test_the_readme_tree_names_nothing_that_is_missing() -> None:
    assert [path for path in paths_in_readme() if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("strategy", POOLERS)
def test_the_readme_says_what_a_pooling_computes(strategy: str) -> None:
    assert re.search(rf"^\|.*`{strategy}`.*\|.+\|$", readme(), re.MULTILINE)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_a_deployment_loads_and_its_parameters_are_valid(deployment: dict[str, Any]) -> None:
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)

    assert flow.name == deployment["name"]
    flow.validate_parameters(deployment["parameters"])


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_installed_package_takes_the_name_of_a_room(room: str) -> None:
    assert set(packages_distributions().get(room, [])) <= {"poolhouse"}


@pytest.mark.parametrize("line", REQUIREMENTS)
def test_every_dependency_is_pinned_within_its_range(line: str) -> None:
    requirement = Requirement(line)

    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def paths_in_readme() -> list[str]:
    return list(paths_in_tree(re.search(r"```text\n(.*?)```", readme(), re.DOTALL)[1]))  # type: ignore[index]


def paths_in_tree(tree: str) -> Iterator[str]:
    """Yield the paths of a tree: folders end in a slash, their files are indented by two."""
    folder = ""
    for line in tree.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name if name.endswith("/") else ""
            yield name
        else:
            yield folder + name


def is_file(path: str) -> bool:
    return not path.endswith("/")
