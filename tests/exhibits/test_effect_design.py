from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect_design as way
from qieval.trial import baseline_balance, estimate


def steps(**left_out: int) -> pd.DataFrame:
    """A flow of two arms in which participants were left out of the second one."""
    rows = []
    for arm in ("usual care", "coached", "all"):
        sites = {"usual care": 6, "coached": 7, "all": 13}[arm]
        out = left_out if arm != "usual care" else dict.fromkeys(left_out, 0)
        rows.append(("roster", "Sites in the roster", "kept", arm, sites, pd.NA, pd.NA))
        for name, number in out.items():
            rows.append((name.replace("_", "-"), name.capitalize(), "excluded", arm, number, number, number))
        rows.append(("analysed", "Analysed", "kept", arm, sites, 1_234, 1_234))
    columns = ["step", "label", "kind", "arm", "sites", "participants", "rows"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[4:], "Int64"))


def test_the_diagram_leads_from_the_allocation_to_the_analysis() -> None:
    figure = way.flow(steps(silent=1, withdrawn=20, no_outcome=55))
    ET.fromstring(figure.svg)
    for said in (
        "13 sites in the roster",
        "Usual care",
        "7 sites",
        "1 site without",
        "withdrawn: 20",
        "1,234",
    ):
        assert said in figure.svg
    assert "Nobody left out" in figure.alt
    assert float(figure.svg.split('viewBox="')[1].split('"')[0].split()[2]) <= 360
    json.dumps(figure.payload(), allow_nan=False)


def test_whoever_is_left_out_is_counted() -> None:
    assert "withdrawn: 3" in way.flow(steps(withdrawn=3)).alt


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(12), 10)
    arm = pd.Categorical(np.where(site % 2, "coached", "usual care"), ["usual care", "coached"], ordered=True)
    rows = pd.DataFrame(
        {"site": site, "arm": arm, "y": rng.normal(size=len(site)), "age": rng.normal(50, 9, 120)}
    )
    rows["ward"] = np.where(np.arange(120) % 40 == 0, "rare", np.where(np.arange(120) % 2, "one", "two"))
    return rows


def test_balance_has_no_p_and_hides_small_cells(rows) -> None:
    effect = estimate(rows, outcome="y", arm="arm", cluster="site")
    found = baseline_balance(rows, arm="arm", variables=["age", "ward"])
    table = way.balance(found, effect, suppress_below=5)
    html = table.html()
    assert "Age" in html
    assert "Ward: one" in html
    assert "rare" not in html
    assert sum("Ward" in row[0] for row in table.payload()["rows"]) == 1, "one hidden level of three is known"
    assert "fewer than 5" in " ".join(table.notes)
    assert "p_value" not in table.payload()["columns"]
    assert "Age at entry" in way.balance(found, effect, labels={"age": "Age at entry"}).html()
    none = baseline_balance(rows, arm="arm", variables=[])
    assert "none are compared" in way.balance(none, effect).plain()


def test_every_item_has_a_place_that_the_page_holds(rows, repo) -> None:
    effect = estimate(rows, outcome="y", arm="arm", cluster="site")
    table = way.consort(effect, scheme="complete", design="randomised")
    assert table.frame["item"].is_unique
    assert "Complete; 924 possible allocations" in table.html()
    cells = json.loads((repo / "notebooks" / "20_effect.ipynb").read_text())["cells"]
    page = "".join("".join(cell["source"]) for cell in cells)
    for place in table.frame["answer"]:
        for heading in (
            "For whom?",
            "The difference, by every method",
            "For the next study",
            "Who is compared",
        ):
            assert heading not in place or heading in page


def test_where_no_lot_formed_the_arms_consort_is_not_gone_through(rows) -> None:
    said = way.consort(
        estimate(rows, outcome="y", arm="arm", cluster="site"), scheme=None, design="controlled"
    )
    assert "TREND" in said.say
    assert said.role == "note"
