from __future__ import annotations

from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.workspace import Workspace, find_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "here" / "params").mkdir(parents=True)
    (tmp_path / "here" / "notebooks" / "deep").mkdir(parents=True)
    return (tmp_path / "here").resolve()


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIEVAL_WORKSPACE", raising=False)


def ask(workspace: Workspace, path: str, **more: tuple[Path, ...]) -> Path:
    return workspace.inside(path, base=workspace.root / "params", asked_by="wave-1.yaml", key="data", **more)


def test_it_is_found_upward(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "notebooks" / "deep")
    assert find_workspace() == Workspace(root)
    assert find_workspace(root / "params").data == root / "data"


def test_the_environment_variable_comes_first(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QIEVAL_WORKSPACE", str(root))
    assert find_workspace().root == root
    monkeypatch.setenv("QIEVAL_WORKSPACE", str(tmp_path))
    with pytest.raises(InputError, match="QIEVAL_WORKSPACE has no params"):
        find_workspace()


def test_none_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="there is no workspace here or above; expected a folder with params/"
    ):
        find_workspace(tmp_path)


def test_paths_may_go_up_but_not_out(root: Path) -> None:
    workspace = Workspace(root)
    assert ask(workspace, "../data/x") == root / "data" / "x"
    for path in ("../../elsewhere", "/etc", "../data/../../x", "\0"):
        with pytest.raises(InputError, match=r"key data: .* leads out of the workspace"):
            ask(workspace, path)


def test_a_link_that_leads_out_is_refused_unless_its_folder_is_declared(root: Path, tmp_path: Path) -> None:
    secure = tmp_path / "secure"
    secure.mkdir()
    (root / "data").mkdir()
    (root / "data" / "link").symlink_to(secure)
    workspace = Workspace(root)
    with pytest.raises(InputError, match="leads out"):
        ask(workspace, "../data/link")
    assert ask(workspace, "../data/link", also=(secure,)) == secure.resolve()


def test_a_circle_of_links_is_refused(root: Path) -> None:
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    with pytest.raises(InputError):
        ask(Workspace(root), "../a/c")


@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", "a b", "-a"])
def test_a_study_cannot_be_called_by_a_path(root: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a study"):
        Workspace(root).study_folder(name)


def test_messages_name_paths_from_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(root)
    monkeypatch.chdir(root / "notebooks")
    assert workspace.shown(root / "data" / "x.csv") == "data/x.csv"
    assert workspace.shown(Path("../params/y.yaml")) == "params/y.yaml"
    assert workspace.shown(Path("/elsewhere/z")) == "/elsewhere/z"
