from __future__ import annotations

import pandas as pd
import pytest

from qieval.exhibits import data

ARMS = ("usual care", "coached", "all")
STEPS = [
    ("roster", "Sites in the roster", "kept", (3, 3, 6), None),
    ("silent", "Sites without participants at wave 1", "excluded", (0, 1, 1), None),
    ("read", "Rows read, all waves", "kept", (3, 2, 5), (90, 60, 150)),
    ("other-waves", "Of earlier waves", "excluded", (3, 2, 5), (40, 20, 60)),
    ("withdrawn", "Withdrawn", "excluded", (1, 0, 1), (2, 0, 2)),
    ("this-wave", "At wave 1", "kept", (3, 2, 5), (48, 40, 88)),
]


@pytest.fixture
def steps() -> pd.DataFrame:
    rows = [
        (step, label, kind, arm, sites[place], counts and counts[place], counts and counts[place])
        for step, label, kind, sites, counts in STEPS
        for place, arm in enumerate(ARMS)
    ]
    names = ["step", "label", "kind", "arm", "sites", "participants", "rows"]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[4:], "Int64"))


def shares_of(*known: tuple[str, str, str, tuple[int, int]]) -> pd.DataFrame:
    rows = []
    for variable, label, part, present in known:
        totals = (48, 40, 88)
        counts = (*present, sum(present))
        gap = abs(present[0] / 48 - present[1] / 40)
        for arm, n, there in zip(ARMS, totals, counts, strict=True):
            rows.append((variable, label, part, arm, n, there, n - there, there / n, gap))
    names = ["variable", "label", "part", "arm", "n", "present", "missing", "share", "gap"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def shares() -> pd.DataFrame:
    return shares_of(
        ("pain", "Pain", "outcome", (48, 36)),
        ("qol", "EQ-5D", "outcome", (47, 39)),
        ("language", "Language", "group", (30, 30)),
    )


def test_the_headline_says_what_arrived(steps: pd.DataFrame, shares: pd.DataFrame) -> None:
    line = data.headline(steps, shares, wave="month 6")
    assert line.plain() == (
        "88 participants at 5 sites arrived at month 6: pain is known for 95\N{NO-BREAK SPACE}% and "
        "EQ-5D for 98\N{NO-BREAK SPACE}%."
    )
    results = {record.key: record.estimate.estimate for record in line.records}
    assert results == {"participants": 88, "sites": 5}
    assert (
        data.headline(steps, shares[:0], wave="month 6").plain()
        == "88 participants at 5 sites arrived at month 6."
    )


def test_cautions_name_what_may_mislead(steps: pd.DataFrame, shares: pd.DataFrame) -> None:
    said = data.cautions(steps, shares, at_least=0.8)
    assert said.role == "caution"
    assert said.plain().replace("\N{NO-BREAK SPACE}", " ").splitlines() == [
        "Read with care. 1 site of the roster sent no participants at this wave.",
        "2 participants withdrew; their data are not used.",
        "Pain is known for 100.0 % of usual care and 90.0 % of coached: "
        "what is missing may differ between the arms.",
        "Language is known for only 68.2 %; the study asks for 80 %.",
    ]


def test_without_cause_there_is_no_caution(steps: pd.DataFrame, shares: pd.DataFrame) -> None:
    calm = steps.assign(sites=steps["sites"].mask(steps["step"] == "silent", 0))
    calm = calm.assign(participants=calm["participants"].mask(calm["step"] == "withdrawn", 0))
    said = data.cautions(calm, shares[shares["variable"] == "qol"])
    assert said.role == "note"
    assert said.say.startswith("Every site sent data")


def test_the_flow_shows_every_step_by_arm(steps: pd.DataFrame) -> None:
    table = data.flow(steps)
    assert table.frame["words"].tolist() == [
        "Sites in the roster",
        "Left out: sites without participants at wave 1",
        "Rows read, all waves",
        "Left out: of earlier waves",
        "Left out: withdrawn",
        "At wave 1",
    ]
    assert table.frame["rows all"].tolist()[2:] == [150, 60, 2, 88]
    assert table.frame["sites coached"].tolist() == [3, 1, 2, 2, 0, 2]
    assert [column.label for column in table.columns[1:]] == [
        "Usual care",
        "Usual care",
        "Coached",
        "Coached",
        "In all",
        "In all",
    ]
    assert "<td" in table.html()
    assert table.emphasis == [5]


def test_completeness_keeps_the_order_and_publishes_outcomes(shares: pd.DataFrame) -> None:
    table = data.completeness(shares)
    assert table.frame["variable"].tolist() == ["pain", "qol", "language"]
    assert table.frame["missing coached"].tolist() == [4, 1, 10]
    keys = {record.key: record.estimate for record in table.records}
    assert set(keys) == {f"{name}--{arm}" for name in ("pain", "qol") for arm in ARMS}
    assert keys["pain--coached"].estimate == pytest.approx(0.9)
    assert (keys["pain--coached"].n, keys["pain--coached"].unit) == (40, "proportion")
    assert table.payload()["results"][0]["status"] == "descriptive"


def test_many_strata_are_counted_together() -> None:
    few = pd.DataFrame({"stratum": ["N", "N", "S", "S"], "arm": ["a", "b"] * 2, "sites": [1, 2, 3, 4]})
    assert data.allocation(few).frame["b"].tolist() == [2, 4]
    names = [f"school {n}" for n in range(20)]
    many = pd.DataFrame({"stratum": names * 2, "arm": ["a"] * 20 + ["b"] * 20, "sites": 1})
    table = data.allocation(many)
    assert table.frame.to_numpy().tolist() == [["20 strata", 20, 20]]


def test_files_show_a_short_fingerprint_only() -> None:
    files = pd.DataFrame(
        {
            "table": ["sites"],
            "file": ["<b>.csv"],
            "rows": [24],
            "columns": [6],
            "sha256": ["0123456789abcdef" * 4],
        }
    )
    table = data.tables(files)
    assert table.frame["fingerprint"].tolist() == ["0123456789ab"]
    assert "&lt;b&gt;.csv" in table.html()
    assert "sha256" not in table.payload()["columns"]


def test_the_dictionary_hides_how_many_where_few_people_have_a_value_or_have_none() -> None:
    names = ["column", "table", "meaning", "values", "rows", "missing", "people"]
    rows = [
        ("a", 40, 3, True),
        ("b", 40, 38, True),
        ("c", 40, 10, True),
        ("d", 24, 23, False),
        ("e", 9, 0, True),
    ]
    frame = pd.DataFrame([(name, "t", "", "", *more) for name, *more in rows], columns=names)
    shown = data.dictionary(frame, suppress_below=5)
    payload = shown.payload()
    place = payload["columns"].index("missing"), payload["columns"].index("share")
    told = {row[0]: [row[each] for each in place] for row in payload["rows"]}
    assert told == {"a": [None, None], "b": [None, None], "c": [10, 0.25], "d": [23, 23 / 24], "e": [0, 0]}
    assert shown.notes[-1].startswith("* Counts below 5 are withheld")
    assert ">*</td>" in shown.html()
