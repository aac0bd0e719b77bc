"""The three lists of dependencies say the same, and the lock names no host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

# Needed to build the package, which conda does by pip without isolation.
ONLY_IN_CONDA = {"python", "pip", "hatchling", "editables"}


@pytest.fixture(scope="module")
def project(repo: Path) -> dict[str, Requirement]:
    declared = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["dependencies"]
    return {canonicalize_name(r.name): r for r in map(Requirement, declared)}


@pytest.fixture(scope="module")
def extras(repo: Path) -> dict[str, Requirement]:
    declared = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {canonicalize_name(r.name): r for group in declared.values() for r in map(Requirement, group)}


@pytest.fixture(scope="module")
def lock(repo: Path) -> str:
    return (repo / "requirements.lock").read_text()


def pins(lock: str) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def test_conda_asks_for_what_the_project_asks_for(repo: Path, project: dict[str, Requirement]) -> None:
    dependencies = YAML(typ="safe").load((repo / "environment.yml").read_text())["dependencies"]
    *conda, by_pip = dependencies
    assert by_pip == {"pip": ["-e ."]}
    found = {
        canonicalize_name(r.name): r
        for r in map(Requirement, (d.replace("python=3", "python==3") for d in conda))
    }
    assert set(found) - ONLY_IN_CONDA == set(project)
    assert {name: found[name].specifier for name in project} == {
        name: r.specifier for name, r in project.items()
    }


def test_the_lock_pins_every_direct_dependency_within_its_range(
    lock: str, project: dict[str, Requirement], extras: dict[str, Requirement]
) -> None:
    pinned = pins(lock)
    for name, requirement in (project | extras).items():
        assert name in pinned, f"{name} is not in the lock"
        assert all(version in requirement.specifier for version in pinned[name]), f"{name}: {pinned[name]}"


def test_the_lock_has_hashes_and_names_no_host(lock: str) -> None:
    assert "://" not in lock
    assert set(re.findall(r"--[a-z-]+", lock)) == {"--hash"}
    assert len(re.findall(r"^\S+==", lock, flags=re.MULTILINE)) > 100


def test_what_the_card_names_is_there(project: dict[str, Requirement]) -> None:
    assert {"jupyterlab", "pandas", "statsmodels", "seaborn", "nbconvert", "papermill", "pingouin"} <= set(
        project
    )
