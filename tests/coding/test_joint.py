"""Codes beside results site by site: groups of sites, and nobody shown."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.coding import Project, joint
from qieval.errors import ArgumentError
from qieval.exhibits import coding_joint as show

SITES = ["S1", "S2", "S3", "S4", "S5", "S6"]


@pytest.fixture(scope="module")
def project() -> Project:
    """Three people at each site; those of the two best sites all speak of time."""
    rows = [(f"{site}-{n}", site, f"case {site}{n}", 100) for site in [*SITES, "S9"] for n in range(3)]
    sources = pd.DataFrame(rows, columns=["source", "site", "case", "characters"])
    spoke = sources[sources["site"].isin(["S5", "S6"])]
    segments = pd.DataFrame({"source": spoke["source"], "code": "t", "coder": "amy", "start": 0, "end": 9})
    codes = pd.DataFrame({"code": ["m", "t"], "name": ["Money", "Time <x>"]})
    return Project.from_frames(segments, sources, codes)


@pytest.fixture
def results() -> pd.DataFrame:
    rows = [
        {"key": f"30_capability--{slug}/teams/{site}", "estimate": sign * place, "wave": wave}
        for wave in (1, 2)
        for slug, sign in (("musiq", 1), ("other", -1))
        for place, site in enumerate([*SITES, "S8"])
    ]
    more = {"ci_low": -1.0, "ci_high": 9.0, "level": 0.95, "unit": "points", "term": "change"}
    return pd.DataFrame(rows).assign(**more)


def test_sites_are_put_in_thirds_and_codes_counted_in_each(project: Project, results: pd.DataFrame) -> None:
    found = joint(project, results, result="30_capability/teams", wave=2)
    assert found is not None
    assert found.sites["site"].tolist() == SITES
    assert (
        found.sites["group"].tolist() == ["lowest third"] * 2 + ["middle third"] * 2 + ["highest third"] * 2
    )
    assert found.sites["found"].tolist() == ["none"] * 4 + ["Time <x>"] * 2
    assert found.left == 2
    rows = found.tally.frame.set_index(["group", "code"])
    assert rows.loc[("highest third", "t"), ["sources", "n_sources", "share"]].tolist() == [6, 6, 1.0]
    assert rows.loc[("lowest third", "t"), ["sources", "n_sources"]].tolist() == [0, 6]


def test_sites_of_few_people_show_their_result_and_not_their_words(
    project: Project, results: pd.DataFrame
) -> None:
    found = joint(project, results, result="30_capability/teams", wave=2, below=4)
    assert found is not None
    assert found.sites[["sources", "cases", "found"]].isna().all(axis=None)
    page = show.table(found, what="change").html()
    assert "Time" not in page
    assert "6 sites with fewer than 4 people heard" in page


def test_without_results_or_sites_that_is_said(project: Project, results: pd.DataFrame) -> None:
    assert joint(project, results, result="30_capability/nothing", wave=2) is None
    assert joint(project, results.iloc[:0], result="30_capability/teams", wave=2) is None
    for made in (show.headline(None, what="x"), show.figure(None), show.table(None, what="x")):
        assert show.NOTHING in made.say
    with pytest.raises(ArgumentError, match="report/exhibit"):
        joint(project, results, result="teams", wave=2)


def test_few_sites_are_halves_or_one_group(project: Project, results: pd.DataFrame) -> None:
    for kept, names in ((5, {"lower half", "upper half"}), (3, {"all sites"})):
        few = results[results["key"].str[-1].isin([str(place) for place in range(1, kept + 1)])]
        found = joint(project, few, result="30_capability/teams", wave=2)
        assert found is not None
        assert set(found.sites["group"]) == names


def test_the_exhibits_say_groups_and_leave_the_judgement_to_people(
    project: Project, results: pd.DataFrame
) -> None:
    found = joint(project, results, result="30_capability/teams", wave=2)
    said, drawn = show.headline(found, what="change in capability"), show.figure(found)
    assert "**6 sites** have both words and a result: change in capability." in said.say
    assert "lowest third: 2 sites, 0.00 to +1.00 points" in said.more[0]
    assert "no test is made" in said.more[-1]
    assert drawn.name == "joint"
    assert "highest third" in drawn.alt
    assert "case S" not in drawn.alt + drawn.svg + drawn.frame.to_csv()
