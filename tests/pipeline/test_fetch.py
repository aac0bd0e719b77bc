"""Data at an address: copied once, again when they change, and every file that failed is named."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from qieval.errors import InputError, RunError
from qieval.pipeline.fetch import fetched
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.study import open_study

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (extra: cluster)")
LOCAL = "../../data/tiny/wave-1   # the full extract up to this cut"


@pytest.fixture
def bucket(tiny: Any) -> Iterator[Any]:
    """The tiny study's tables in fsspec's own memory, and nowhere else."""
    system = fsspec.filesystem("memory")
    for role in ("sites", "outcomes"):
        system.pipe(f"/bucket/wave-1/{role}.csv", tiny.table(role).read_bytes())
        tiny.table(role).unlink()
    tiny.add_notebook("10_look")
    tiny.replace(tiny.wave, LOCAL, "memory://bucket/wave-1")
    yield system
    system.rm("/bucket", recursive=True)


def test_tables_at_an_address_are_read_as_any_other(tiny: Any, bucket: Any) -> None:
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    copy = fetched(tiny.workspace, "tiny", "wave-1")
    assert plan.data_dir == copy
    assert {each.path for each in plan.inputs} >= {"data/fetched/tiny/wave-1/outcomes.csv"}
    assert len(open_study("tiny", 1, workspace=tiny.root).table("sites")) == 4


def test_a_file_is_copied_again_when_it_has_changed_and_only_then(
    tiny: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [before] = plan_waves([tiny.wave], tiny.workspace)
    read: list[str] = []
    whole = type(bucket).cat_file
    monkeypatch.setattr(
        type(bucket), "cat_file", lambda self, path, **how: read.append(path) or whole(self, path, **how)
    )
    assert plan_waves([tiny.wave], tiny.workspace) == (before,)
    assert read == []
    name = "/bucket/wave-1/outcomes.csv"
    bucket.pipe(name, bucket.cat(name) + b"007,D,1,3,7,66,1,4,1,English\n")
    read.clear()
    [after] = plan_waves([tiny.wave], tiny.workspace)
    assert read == ["memory://bucket/wave-1/outcomes.csv"]
    assert after.inputs != before.inputs


def test_a_file_that_is_gone_is_a_fault_of_its_table(tiny: Any, bucket: Any) -> None:
    plan_waves([tiny.wave], tiny.workspace)
    bucket.rm("/bucket/wave-1/sites.csv")
    with pytest.raises(InputError, match=r"data/fetched/tiny/wave-1/sites\.csv"):
        plan_waves([tiny.wave], tiny.workspace)


def test_a_local_server_serves_as_well(tiny: Any) -> None:
    folder = tiny.table("sites").parent
    served = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tiny.add_notebook("10_look")
        tiny.replace(tiny.wave, LOCAL, f"http://127.0.0.1:{server.server_port}")
        [plan] = plan_waves([tiny.wave], tiny.workspace)
        copy = plan.data_dir / "outcomes.csv"
        assert copy.read_bytes() == (folder / "outcomes.csv").read_bytes()
        (folder / "outcomes.csv").unlink()
        with pytest.raises(InputError, match=r"data/fetched/tiny/wave-1/outcomes\.csv"):
            plan_waves([tiny.wave], tiny.workspace)
        server.shutdown()
    with pytest.raises(InputError) as refused:
        plan_waves([tiny.wave], tiny.workspace)
    assert [fault.column for fault in refused.value.faults] == ["data", "data"]
    assert "outcomes.csv cannot be fetched" in str(refused.value)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        pass


def test_another_kind_of_address_is_refused_and_a_missing_package_said(
    tiny: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.replace(tiny.wave, "memory://bucket", "file:///etc")
    with pytest.raises(InputError, match="begins with one of s3"):
        plan_waves([tiny.wave], tiny.workspace)
    tiny.replace(tiny.wave, "file:///etc", "memory://bucket")
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(RunError, match=r"pip install 'qieval\[cluster\]'"):
        plan_waves([tiny.wave], tiny.workspace)
