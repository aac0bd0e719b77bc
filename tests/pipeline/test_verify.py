"""A published wave is made again and compared; one number or one byte that was altered is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import InputError
from qieval.pipeline.compare import Change, changes, diff_page, read_results
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.progress import quiet
from qieval.pipeline.run import run_waves
from qieval.pipeline.verify import verify

SHOW = """
from qieval.exhibits import Column, Table
from qieval.results import Estimate, Record
import pandas as pd, qieval as qi
rows = qi.open_study(study, wave).table("outcomes")
mean = float(rows["pain"].mean())
estimate = Estimate(term="pain", method="mean", estimate=mean, level=0.95, notes=("no se",))
record = Record(key="mean", estimate=estimate)
shown = [Column(source="mean", label="M")]
frame = pd.DataFrame({"mean": [mean]})
Table(name="pain", caption="Pain.", frame=frame, columns=shown, records=[record])
"""


@pytest.fixture
def published(tiny: Any) -> Any:
    path = tiny.add_notebook("10_look")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {"id": "shown", "cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    notebook["cells"].append(cell | {"source": SHOW.strip()})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    plans = plan_waves([tiny.wave], tiny.workspace)
    [outcome] = run_waves(plans, tiny.workspace, quiet())
    assert outcome.published, outcome.failures
    return tiny


def test_what_was_not_altered_is_the_same_and_stays_as_it_was(published: Any) -> None:
    folder = published.workspace.published("tiny", 1)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found = verify(folder, published.workspace, quiet())
    assert found.same, found
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_altered_number_is_named(published: Any) -> None:
    path = published.workspace.published("tiny", 1) / "results.json"
    whole = path.read_text(encoding="utf-8")
    content = json.loads(whole)
    content["results"][0]["estimate"] += 1e-6
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        found = verify(path.parent, published.workspace, quiet())
    finally:
        path.write_text(whole, encoding="utf-8")
    assert not found.same
    assert found.first == ("results.json is not as it was published",)
    assert len(found.numbers) == 1
    assert "/pain/mean: estimate" in found.numbers[0]


def test_an_altered_byte_of_a_table_is_named_and_what_comes_of_it(published: Any) -> None:
    published.replace(published.table("outcomes"), "001,A,0,5", "001,A,0,6")
    try:
        found = verify(published.workspace.published("tiny", 1), published.workspace, quiet())
    finally:
        published.replace(published.table("outcomes"), "001,A,0,6", "001,A,0,5")
    assert found.first == ("data/tiny/wave-1/outcomes.csv is not the file that was read",)
    assert "estimate 5.5 -> 5.7 (+0.2)" in found.numbers[0]
    assert any(name.endswith(".html") for name in found.files)


def test_a_folder_without_a_record_is_refused(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no record that can be read"):
        verify(tmp_path, tiny.workspace, quiet())


def row(estimate: float | None, **more: Any) -> dict[str, Any]:
    return {"estimate": estimate, "se": None, "n": 3, "status": "final", **more}


def test_changes_say_what_moved_came_and_went() -> None:
    before = {"a": row(1.0), "b": row(2.0), "c": row(3.0)}
    after = {"a": row(1.0 + 1e-12), "b": row(2.5, status="interim"), "d": row(None)}
    found = list(changes(before, after, rel=1e-9))
    assert [str(change) for change in found] == [
        "b: estimate 2 -> 2.5 (+0.5), status final -> interim",
        "c: only before, 3",
        "d: only after, None",
    ]
    assert [change.key for change in changes(before, after)] == ["a", "b", "c", "d"]
    assert isinstance(found[0], Change)


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results that can be read"):
        read_results(tmp_path)


def test_a_comparison_s_page_shows_what_went_in_and_both_intervals() -> None:
    record = {"synthetic": True, "title": "A <tiny> study", "label": "month 6"}
    before = {"a": row(1.0, ci_low=0.5, ci_high=1.5), "b": row(2.0)}
    after = {"a": row(2.5, ci_low=2.0, ci_high=3.0, n=4), "c": row(None)}
    found = list(changes(before, after))
    sources = (("Rows", "outcomes: rows 1 late"),)
    page = diff_page(record | {"wave": 1}, record | {"wave": 2}, sources, found, "3 results differ.")
    for words in ("A &lt;tiny&gt; study", "outcomes: rows 1 late", "1 (0.5 to 1.5)", "2.5 (2 to 3)", "+1.5"):
        assert words in page
    assert "n 3 → 4" in page
    assert page.count('<th scope="row">') == 3
