"""A warm run of every report over tables with planted canaries: no published byte holds one."""

from __future__ import annotations

import base64
import html
import os
import re
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
ENCODED = re.compile(rb"base64,([A-Za-z0-9+/=\s]+)")


def layers(name: str, content: bytes) -> list[tuple[str, str]]:
    """A file's text, and that of all that is packed or encoded in it."""
    found = [(name, html.unescape(content.decode("utf-8", "replace")))]
    for place, part in enumerate(ENCODED.findall(content)):
        found += layers(f"{name}#{place}", base64.b64decode(part))
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.namelist():
                found += [(f"{name}/{member}", member), *layers(f"{name}/{member}", archive.read(member))]
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, plant: Any) -> Path:
    root = tmp_path_factory.mktemp("canaries")
    for name in ("params", "notebooks", "data/demo-collab"):
        shutil.copytree(REPO / name, root / name)
    assert plant(root) > 10_000
    command = str(Path(sys.executable).parent / "qieval")
    wave = "params/demo-collab/wave-1.yaml"
    for words in (["run"], ["publish", "--zip", "--xlsx"]):
        done = subprocess.run(
            [command, words[0], wave, *words[1:]], cwd=root, capture_output=True, text=True, check=False,
            env={**os.environ, "QIEVAL_WORKSPACE": str(root)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
    return root / "reports"


@pytest.mark.nightly
def test_no_published_byte_holds_a_canary(published: Path, canary: Any) -> None:
    files = [path for path in published.rglob("*") if path.is_file()]
    assert {".html", ".json", ".csv", ".ipynb", ".zip", ".xlsx"} <= {path.suffix for path in files}
    found = [
        f"{name}: {text[max(0, hit.start() - 60) : hit.end() + 60]}"
        for path in files
        for name, text in layers(str(path.relative_to(published)), path.read_bytes())
        if (hit := canary.search(text)) or (hit := canary.search(name))
    ]
    assert found == []
