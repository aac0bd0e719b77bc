"""A real JupyterLab: a notebook is opened, *Run All Cells* is clicked, tables and figures appear."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.nightly]
SECONDS = 180
READY = re.compile(r"(http://(?:127\.0\.0\.1|localhost):\d+)/lab")
SETTINGS = ("--no-browser", "--port=0", "--ServerApp.token=", "--ServerApp.password=", "--allow-root")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Iterator[str]:
    """JupyterLab on a copy of the clone's notebooks; gives its address."""
    root = tmp_path_factory.mktemp("lab")
    for name in ("params", "notebooks", "data/demo-collab"):
        shutil.copytree(repo / name, root / name)
    own = {name: str(root / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "HOME")}
    environment = {**os.environ, **own, "QIEVAL_WORKSPACE": str(root)}
    words = [str(Path(sys.executable).parent / "jupyter"), "lab", *SETTINGS, f"--ServerApp.root_dir={root}"]
    log = root / "lab.log"
    with log.open("w") as said, subprocess.Popen(words, stderr=said, env=environment, cwd=root) as server:
        until = time.monotonic() + SECONDS
        while not (found := READY.search(log.read_text())) and time.monotonic() < until:
            time.sleep(0.2)
        assert found, log.read_text()
        yield found[1]
        server.terminate()


def test_run_all_shows_tables_and_figures_and_no_error(lab: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 3000})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(f"{lab}/lab/tree/notebooks/00_start.ipynb")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel)").first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".jp-OutputArea-output .qi-table").nth(1).wait_for()
    assert page.locator(".jp-OutputArea-output svg[role=img]").first.is_visible()
    assert page.locator(".jp-OutputArea-output .qi-table caption").first.is_visible()
    assert page.get_by_text(re.compile("Fatigue was .* lower at coached sites")).first.is_visible()
    errors = page.locator("[data-mime-type='application/vnd.jupyter.error'], [data-mime-type*=stderr]")
    assert errors.count() == 0, errors.all_inner_texts()
    page.close()
