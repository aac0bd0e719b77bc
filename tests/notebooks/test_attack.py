"""All that two waves of a study with small sites publish, turned against its hidden cells by linear programs.

The reader of these pages is taken to know every published count, share (with its denominator), total and
mean; how they add up; and that nobody can be counted less than nought times.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from qieval.exhibits.core import MIME
from qieval.exhibits.disclosure import Rule, obey
from qieval.pipeline.collect import exhibits

BELOW, WAVES = 5, (1, 2)
GROUPS = ("Asian", "Black", "Hispanic", "White")
REPO = Path(__file__).resolve().parents[2]
TINY = {"draws": 50}
DRAWING = sorted(
    path.stem
    for path in (REPO / "qieval" / "exhibits").glob("*.py")
    if "import" in path.read_text() and " to_svg\n" in path.read_text()
)
SLOW = ("item_changes", "items.", "reliable.sensitivity", "grouped.", "opened.family")
REPORTS = {
    "data": ("10_data", {}),
    "relapse": ("20_effect", {"outcome": "relapse", **TINY}),
    "adjusted": ("61_adjusted", {}),
    "capability": ("30_capability", {}),
    "screening": ("60_measures", {"measure": "screening"}),
    "equity": ("70_equity", {"measure": "screening"}),
}


def shown(name: str, parameters: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Run a notebook's cells here; gives what its CSV files hold by the exhibit's name, and ``all`` shown."""
    cells = json.loads((REPO / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {}
    bundles: list[dict[str, Any]] = []
    for cell in (each for each in cells if each["cell_type"] == "code"):
        source = "".join(cell["source"])
        if any(word in source for word in SLOW) and "import" not in source:  # they tell no counts
            continue
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), space)
            bundles.append(value._repr_mimebundle_())
        space |= parameters if "parameters" in cell["metadata"].get("tags", ()) else {}
    found = exhibits({"cells": [{"outputs": [{"data": bundle} for bundle in bundles]}]}, name)
    frames = {each.name: pd.DataFrame(each.rows, columns=each.columns) for each in found}
    return frames | {"all": pd.DataFrame({"text": [json.dumps(bundle, default=str) for bundle in bundles]})}


@dataclass
class Reader:
    """What a reader of the pages knows: sums of cells, each with its value."""

    places: dict[Hashable, int] = field(default_factory=dict)
    sums: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def place(self, cell: Hashable) -> int:
        return self.places.setdefault(cell, len(self.places))

    def reads(self, cells: Mapping[Hashable, float], value: float) -> None:
        """Learn that a sum of cells has a value."""
        self.sums.append(({self.place(cell): weight for cell, weight in cells.items()}, float(value)))

    def width(self, cell: Hashable) -> float:
        """How far apart the least and the most are that a cell can hold."""
        entries = [
            (row, place, weight)
            for row, (cells, _) in enumerate(self.sums)
            for place, weight in cells.items()
        ]
        rows, columns, weights = zip(*entries, strict=True)
        matrix = csr_array((weights, (rows, columns)), shape=(len(self.sums), len(self.places)))
        ends = []
        for sign in (1.0, -1.0):
            goal = np.zeros(len(self.places))
            goal[self.places[cell]] = sign
            found = linprog(goal, A_eq=matrix, b_eq=[value for _, value in self.sums], method="highs")
            assert found.status in {0, 3}, (cell, found.message)
            ends.append(sign * found.fun if found.status == 0 else -sign * np.inf)
        return ends[1] - ends[0]


def test_the_attack_finds_what_hiding_small_cells_alone_leaves(reference: Path) -> None:
    table = json.loads((reference / "qi" / "suppression_expected.json").read_text())["table"]
    for hidden, known in (
        (np.array(table["primary"]), table["primary_only_intervals"]),
        (np.isin(np.arange(9), [1, 2, 7, 8]).reshape(3, 3), table["final_intervals"]),
    ):
        counts, reader = np.array(table["t"]), Reader()
        for place in range(3):
            reader.reads({(place, other): 1 for other in range(3)}, counts[place].sum())
            reader.reads({(other, place): 1 for other in range(3)}, counts[:, place].sum())
        for row, column in zip(*np.nonzero(~hidden), strict=True):
            reader.reads({(int(row), int(column)): 1}, counts[row, column])
        for cell, (low, high) in known.items():
            assert reader.width(tuple(map(int, cell.split(",")))) == pytest.approx(high - low, abs=1e-9)


def leaks(reader: Reader, hidden: Iterable[Hashable]) -> list[tuple[Hashable, float]]:
    """Hidden cells that are known to within fewer people than may be told, by both waves together."""
    widths = {cell: reader.width(cell) for cell in hidden}
    return [(cell, width) for cell, width in widths.items() if width < BELOW - 1e-6]


def small(value: float) -> bool:
    return 0 < value < BELOW


def harder(root: Path) -> None:
    """Make the demonstration's sites small, with few events, and tell how many of a team were asked."""
    for wave in WAVES:
        folder = root / "data" / "demo-collab" / f"wave-{wave}"
        people = pd.read_csv(folder / "outcomes.csv", dtype=str, keep_default_na=False)
        number = people["participant"].str[-4:].astype(int)
        rank = people.groupby(["site", "wave"]).cumcount()
        most = 6 + 5 * (people["site"].str[1:].astype(int) % 9)
        people[(rank < most) & (number % 3 > 0)].to_csv(folder / "outcomes.csv", index=False)
        sites = pd.read_csv(folder / "sites.csv", dtype=str, keep_default_na=False)
        sites.assign(invited=14).to_csv(folder / "sites.csv", index=False)
        rows = pd.read_csv(folder / "measures.csv", dtype=str, keep_default_na=False)
        month = rows["period"].str[-2:].astype(int)
        rare = (rows["race_ethnicity"] == "Asian") & ((rows["site"] != "S02") | (month % 6 > 1))
        thin = rows["site"].isin(["S01", "S06", "S18"]) & (month % 4 == 1) & (rows["deprivation"] > "1")
        rows[(rows["measure"] != "screening") | ~(rare | thin)].to_csv(folder / "measures.csv", index=False)


PAIRS = (("n", "share"), ("n", "overall"), ("n", "estimate"), ("denominator", "value"))
COUNTED = {"n", "people", "numerator", "denominator", "observed", "compared"}


@pytest.mark.nightly
def test_under_the_rule_of_hospital_statistics_no_count_share_or_digit_is_that_of_true_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of people by tens and fives: counts, shares times counts; three digits of the rest."""
    for name in ("params", "notebooks", "data/demo-collab"):
        shutil.copytree(REPO / name, tmp_path / name)
    file = tmp_path / "params" / "demo-collab" / "study.yaml"
    file.write_text(re.sub(r"(?m)^disclosure: .*$", "disclosure: nhs-hes", file.read_text(encoding="utf-8")))
    monkeypatch.setenv("QIEVAL_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for module in DRAWING:
        monkeypatch.setattr(f"qieval.exhibits.{module}.to_svg", lambda fig, name: "<svg ></svg>")
    seen = 0
    try:
        for key, (name, given) in REPORTS.items():
            made = shown(name, {"study": "demo-collab", "wave": 1, **given})
            bundles = [json.loads(text).get(MIME, {}) for text in made.pop("all")["text"]]
            rows = [dict(zip(each["columns"], row, strict=True)) for each in bundles for row in each["rows"]]
            rows += [row for each in bundles for row in each["results"]]
            for row in rows:
                seen += told_by_fives(row, key)
    finally:
        obey(Rule())
    assert seen > 40


def told_by_fives(row: Mapping[str, Any], where: str) -> int:
    """Assert that a row holds no digit of a true count; gives how many shares were held against counts."""
    numbers = {name: value for name, value in row.items() if isinstance(value, (int, float))}
    long = [name for name, value in numbers.items() if float(f"{value:.3g}") != value != int(value)]
    assert not long, (where, row)
    counts = {name: value for name, value in numbers.items() if name in COUNTED and "rows" not in row}
    assert not [name for name, value in counts.items() if value % 5], (where, row)
    shares = [(numbers[n], numbers[s]) for n, s in PAIRS if n in counts and 0 < numbers.get(s, 0) < 1]
    if row.get("unit", "proportion") != "proportion" or row.get("method", "share") != "share":
        return 0
    for n, share in shares:
        assert abs(share * n - 5 * round(share * n / 5)) <= 0.0006 * n + 1e-9, (where, row)
    return len(shares)


@pytest.fixture(scope="module")
def waves(
    tmp_path_factory: pytest.TempPathFactory, plant: Any
) -> dict[int, dict[str, dict[str, pd.DataFrame]]]:
    """All that two waves publish."""
    root = tmp_path_factory.mktemp("attack")
    for name in ("params", "notebooks", "data/demo-collab"):
        shutil.copytree(REPO / name, root / name)
    harder(root)
    assert plant(root) > 10_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIEVAL_WORKSPACE", str(root))
        for module in DRAWING:  # drawing takes most of the time, and the attack reads numbers
            patch.setattr(f"qieval.exhibits.{module}.to_svg", lambda fig, name: "<svg ></svg>")
        patch.chdir(root)
        made = {
            wave: {
                key: shown(name, {"study": "demo-collab", "wave": wave, **given})
                for key, (name, given) in REPORTS.items()
            }
            for wave in WAVES
        }
        made["root"] = root
        return made


def read_people(
    reader: Reader, wave: int, made: Mapping[str, Mapping[str, pd.DataFrame]], roster: pd.DataFrame
) -> None:
    """What is told of people with a known relapse: sites' `n`, events `x`, missing `m`, `all`, and `late`."""
    arms = roster.groupby("arm")["site"].agg(list)
    data, report = made["data"], made["relapse"]
    for site in roster["site"]:
        reader.reads({("n", wave, site): 1, ("m", wave, site): 1, ("all", wave, site): -1}, 0)
        reader.reads({("x", wave, site): 1, ("y", wave, site): 1, ("n", wave, site): -1}, 0)
        reader.reads({("late", wave, site): 1, ("early", wave, site): 1, ("n", wave, site): -1}, 0)
    missing = data["completeness"].set_index("label").loc["Relapse in the last year"]
    here = data["flow"].iloc[-1]
    for arm, sites in arms.items():
        reader.reads({("all", wave, site): 1 for site in sites}, here[f"rows {arm}"])
        reader.reads({("m", wave, site): 1 for site in sites}, missing[f"missing {arm}"])
    for row in report["arms"].itertuples():
        reader.reads({("n", wave, site): 1 for site in arms[row.arm]}, row.n)
        reader.reads({("x", wave, site): 1 for site in arms[row.arm]}, round(row.n * row.overall))
    for row in report["clusters"].itertuples():
        reader.reads({("n", wave, row.cluster): 1}, row.n)
        reader.reads({("x", wave, row.cluster): 1}, round(row.n * row.mean))
    for row in report["missing"].query("cluster != 'all'").dropna().itertuples():
        reader.reads({("all", wave, row.cluster): 1}, row.n)
        reader.reads({("m", wave, row.cluster): 1}, round(row.n * row.share))
    for row in report["entry"].dropna().itertuples():
        sites = arms[row.arm] if row.site == "all" else [row.site]
        reader.reads({("n", wave, site): 1 for site in sites}, row.n)
        reader.reads({("late", wave, site): 1 for site in sites}, round(row.n * row.share))
    for row in made["adjusted"]["observed-expected"].itertuples():
        reader.reads({("n", wave, row.unit): 1}, row.n)
        reader.reads({("x", wave, row.unit): 1}, row.observed)
    read_results(reader, wave, made, roster)
    tenths = made["adjusted"].get("calibration", pd.DataFrame(columns=["n", "observed"]))
    assert not [
        n for row in tenths.itertuples() for n in (row.n, row.observed, row.n - row.observed) if small(n)
    ]
    for cell, total in (
        (("n", tenths["n"].sum()), ("x", tenths["observed"].sum())) if len(tenths) == 10 else ()
    ):
        reader.reads({(cell, wave, site): 1 for site in roster["site"]}, total)


def results(made: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """What a report puts into ``results.json``."""
    bundles = [json.loads(text) for text in made["all"]["text"]]
    return [row for bundle in bundles for row in bundle.get(MIME, {}).get("results", []) if row["n"]]


def read_results(
    reader: Reader, wave: int, made: Mapping[str, Mapping[str, pd.DataFrame]], roster: pd.DataFrame
) -> None:
    """Sizes and shares behind the estimates: of all sites, of all but one, of one, of an arm."""
    sites, arms = list(roster["site"]), roster.groupby("arm")["site"].agg(list)
    arms["all"] = sites
    for row in results(made["relapse"]):
        without = row["term"].removeprefix("without ")
        if row["method"] in {"cluster-t", "leave-one-out"} and row["n_clusters"] >= len(sites) - 1:
            reader.reads({("n", wave, site): 1 for site in sites if site != without}, row["n"])
    for row in results(made["adjusted"]):
        assert row["term"] in sites, row
        reader.reads({("n", wave, row["term"]): 1}, row["n"])
    for row in results(made["data"]):
        name, _, arm = row["key"].partition("--")
        if name == "relapse":
            reader.reads({("n", wave, site): 1 for site in arms[arm]}, round(row["n"] * row["estimate"]))


def people_there(root: Path, wave: int) -> dict[Hashable, float]:
    """What these cells hold in truth."""
    rows = pd.read_csv(root / "data" / "demo-collab" / f"wave-{wave}" / "outcomes.csv").query("wave == @wave")
    known = pd.read_csv(root / "data" / "demo-collab" / f"wave-{wave}" / "sites.csv")["allocated"].iloc[0]
    truth: dict[Hashable, float] = {}
    for site, part in rows.groupby("site"):
        late = (part.loc[part["relapse"].notna(), "recruited"] >= known).sum()
        met, n = part["relapse"].sum(), part["relapse"].count()
        cells = {"n": n, "x": met, "y": n - met, "m": len(part) - n, "all": len(part)}
        cells |= {"late": late, "early": n - late}
        truth |= {(name, wave, site): float(value) for name, value in cells.items()}
    return truth


def read_teams(reader: Reader, wave: int, made: Mapping[str, pd.DataFrame]) -> None:
    """What is told of answers: by team before only, after only, both times, compared; moves between bands."""
    answered, rates = made["answered"].set_index("team"), made["rates"].set_index("team")
    teams = [team for team in rates.index if team in answered.index and team != "All"]
    names = ("before_only", "both", "after_only", "compared")
    for team in teams:
        b, t, a, c = ((name, wave, team) for name in names)
        first, second = ("first", team), ("then", wave, team)
        reader.reads({b: 1, t: 1, first: -1}, 0)
        reader.reads({a: 1, t: 1, second: -1}, 0)
        reader.reads({t: 1, c: -1, ("unscored", wave, team): -1}, 0)
        reader.reads({first: 1, ("asked", team): 1}, rates.loc[team, "invited"])
        reader.reads({second: 1, ("asked", wave, team): 1}, rates.loc[team, "invited"])
        for cell, known in ((first, rates.loc[team, "before"]), (second, rates.loc[team, "after"])):
            if known is not None and not pd.isna(known):
                reader.reads({cell: 1}, known)
    for name in names:
        for team in [*teams, "All"]:
            known = answered.loc[team, name]
            if not pd.isna(known):
                cells = (
                    {(name, wave, team): 1.0}
                    if team != "All"
                    else {(name, wave, each): 1.0 for each in teams}
                )
                reader.reads(cells, known)
    for row in made["teams"].itertuples():
        reader.reads({("compared", wave, row.team): 1}, row.n)
    for row in results(made):
        if row["term"] in {"after - before", *teams} and row["method"] in {
            "team-t",
            "paired-t",
            "partially-paired-t",
        }:
            of = [row["term"]] if row["term"] in teams else teams
            kinds = ("before_only", "after_only") if row["method"] == "partially-paired-t" else ()
            reader.reads({(kind, wave, team): 1 for kind in ("compared", *kinds) for team in of}, row["n"])


def read_moves(reader: Reader, wave: int, made: Mapping[str, pd.DataFrame]) -> None:
    """Bands before and after, and the sums of moves up, down and of none."""
    cells = made["bands"].drop(columns="before").to_numpy(dtype=float)
    everybody = made["answered"].set_index("team").loc["All", "compared"]
    moves = {"Moved up": 1, "Stayed": 0, "Moved down": -1}
    at = [(row, column) for row in range(len(cells)) for column in range(len(cells))]
    for row, column in at:
        if np.isfinite(cells[row, column]):
            reader.reads({("move", wave, row, column): 1}, cells[row, column])
    for row in made["error-moves"].itertuples():
        group = [("move", wave, r, c) for r, c in at if np.sign(c - r) == moves[row.move]]
        reader.reads(dict.fromkeys(group, 1) | {("moved", wave, row.move): -1}, 0)
        if not pd.isna(row.people):
            reader.reads({("moved", wave, row.move): 1}, row.people)
    reader.reads({("move", wave, *place): 1 for place in at}, everybody)


def months_there(root: Path, wave: int) -> pd.DataFrame:
    """Screened `x` and not screened `y` by site, month, and group of patients (empty: not recorded)."""
    rows = pd.read_csv(root / "data" / "demo-collab" / f"wave-{wave}" / "measures.csv", keep_default_na=False)
    rows = rows[rows["measure"] == "screening"].assign(group=rows["race_ethnicity"])
    rows["x"] = pd.to_numeric(rows["numerator"])
    rows["y"] = pd.to_numeric(rows["denominator"]) - rows["x"]
    return rows


def read_months(reader: Reader, rows: pd.DataFrame, made: Mapping[str, Mapping[str, pd.DataFrame]]) -> None:
    """Charts, whose limits give denominators away, a funnel of the wave's window, and rates by group."""
    true = {side: rows.groupby(["site", "period"])[side].sum() for side in "xy"}
    sites, months = rows["site"].unique(), sorted(made["screening"]["chart"]["x"])
    for month in made["screening"]["chart"].dropna(subset="value")["x"]:
        for side in "xy":
            total = rows.loc[rows["period"] == month, side].sum()
            reader.reads({(side, site, month): 1 for site in sites}, total)
    for row in made["screening"]["multiples"].dropna(subset="value").itertuples():
        for side in "xy":
            reader.reads({(side, row.site, row.x): 1}, true[side].get((row.site, row.x), 0))
    for row in made["screening"]["funnel"].itertuples():
        for side, total in (("x", row.numerator), ("y", row.denominator - row.numerator)):
            reader.reads({(side, row.unit, month): 1 for month in months[-6:]}, total)
    read_groups(reader, rows, made["equity"], months)


def read_groups(
    reader: Reader, rows: pd.DataFrame, made: Mapping[str, pd.DataFrame], months: list[str]
) -> None:
    """Rates by group, what compares them, and the total of a span from the charts."""
    for row in made["rates"].itertuples():
        met = round(row.n * row.estimate)
        reader.reads({("x", row.group, row.period): 1}, met)
        reader.reads({("y", row.group, row.period): 1}, row.n - met)
    for row in results(made):
        groups, _, span = row["term"].replace(" / ", " - ").partition(", ")
        if row["method"] in {"newcombe", "log-ratio"}:
            reader.reads({(side, group, span): 1 for side in "xy" for group in groups.split(" - ")}, row["n"])
    for span in made["rates"]["period"].unique():
        inside = [month for month in months if span[:7] <= month <= span[-7:]]
        for side in "xy":
            total = rows.loc[rows["period"].isin(inside), side].sum()
            reader.reads({(side, group, span): 1 for group in (*GROUPS, "nobody")}, total)


def test_no_hidden_month_or_group_can_be_worked_out(waves: Any) -> None:
    reader, hidden = Reader(), []
    for wave in WAVES:
        rows, made = months_there(waves["root"], wave), waves[wave]
        read_months(reader, rows, made)
        true = rows.groupby(["site", "period"])[["x", "y"]].sum()
        gone = made["screening"]["multiples"].query("value.isna()")
        points = [each for each in zip(gone["site"], gone["x"], strict=True) if each in true.index]
        hidden += [(side, *each) for each in points for side in "xy" if small(true.loc[each, side])]
        rates = made["equity"]["rates"]
        told = set(zip(rates["group"], rates["period"], strict=True))
        cells = [(group, span) for group in GROUPS for span in rates["period"].unique()]
        hidden += [(side, *cell) for cell in cells if cell not in told for side in "xy"]
    assert len(hidden) > 10
    assert leaks(reader, hidden) == []


def test_no_hidden_site_can_be_worked_out_to_within_five_people(waves: Any) -> None:
    root = waves["root"]
    roster = pd.read_csv(root / "data/demo-collab/wave-2/sites.csv")
    reader, truth = Reader(), {}
    for wave in WAVES:
        read_people(reader, wave, waves[wave], roster)
        truth |= people_there(root, wave)
    hidden = {cell for cell, value in truth.items() if small(value) and cell[0] not in {"m", "all"}}
    hidden |= {
        ("m", wave, row.cluster)
        for wave in WAVES
        for row in waves[wave]["relapse"]["missing"].itertuples()
        if row.cluster != "all" and np.isnan(row.share)
    }
    assert len(hidden) > 10
    assert leaks(reader, hidden) == []


def test_no_hidden_count_of_a_team_can_be_worked_out(waves: Any) -> None:
    reader, hidden = Reader(), []
    for wave in WAVES:
        made = waves[wave]["capability"]
        read_teams(reader, wave, made)
        read_moves(reader, wave, made)
        hidden += [
            (name, wave, row["team"])
            for name in ("both", "compared")
            for row in made["answered"].to_dict("records")
            if row["team"] != "All" and pd.isna(row[name])
        ]
        bands = made["bands"].drop(columns="before").isna().to_numpy()
        hidden += [("move", wave, int(row), int(column)) for row, column in np.argwhere(bands)]
    assert len(hidden) > 10
    assert leaks(reader, hidden) == []


def test_no_exhibit_holds_a_planted_id_name_remark_or_date_of_birth(waves: Any, canary: Any) -> None:
    texts = [text for wave in WAVES for made in waves[wave].values() for text in made["all"]["text"]]
    assert len(texts) > 100
    assert [found[0] for text in texts if (found := canary.search(text))] == []
