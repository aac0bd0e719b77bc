"""What people said beside what was measured where they work: a joint display of codes and site results."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from qieval.coding.disclosure import suppressed
from qieval.coding.project import Project
from qieval.coding.tally import Tally, tally
from qieval.errors import ArgumentError

NAMES = {
    1: ["all sites"],
    2: ["lower half", "upper half"],
    3: ["lowest third", "middle third", "highest third"],
}
SITES_A_GROUP = 2
COLUMNS = ["key", "term", "estimate", "ci_low", "ci_high", "level", "unit", "wave"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """Codes by groups of sites that a result puts side by side.

    Attributes
    ----------
    sites : DataFrame
        One row a site with both, by its result: `site`, `estimate`, `ci_low`, `ci_high`, `group`, `sources`,
        `cases` (sources where no case is named; missing where fewer than `below`), `found` (themes found at
        the site; missing there too).
    tally : Tally
        By group of sites, small cells hidden.
    unit : str
        Of the result.
    level : float
        Of its intervals.
    left : int
        Sites with a result and no source, or the other way round.
    below : int
        Fewest cases that may be shown.
    """

    sites: pd.DataFrame
    tally: Tally
    unit: str
    level: float
    left: int
    below: int

    def tidy(self) -> pd.DataFrame:
        """The shares by group in the vocabulary of `TIDY`."""
        return self.tally.tidy()


def joint(
    project: Project, results: pd.DataFrame, *, result: str, wave: int, below: int = 3, level: float = 0.95
) -> Joint | None:
    """Put codes beside a result that the wave published site by site.

    Parameters
    ----------
    project : Project
        Its sources name their `site`.
    results : DataFrame
        Rows of ``results.json`` with their `wave`, a site as the last part of the `key`.
    result : str
        Report and exhibit, ``30_capability/teams``; of reports with several sets of parameters the first.
    wave : int
        Which wave's results.
    below : int
        Fewest cases that a group or site may hold for its codes to be shown.
    level : float
        Of the Wilson intervals.

    Returns
    -------
    Joint, optional
        None where no site has both a result and a source. Sites are put in thirds by their estimate (halves
        or one group where there are too few): single sites hold too few people to show what each said.
        It describes; sites differ in more than the result, and those who were asked are few.

    Raises
    ------
    ArgumentError
        If `result` does not name a report and an exhibit.
    """
    if result.count("/") != 1:
        raise ArgumentError(f"The `result` parameter is written report/exhibit; not {result!r}.")
    known = _of_sites(results, result, wave)
    heard = project.sources["site"].dropna() if "site" in project.sources else pd.Series(dtype="str")
    both = known[known["site"].isin(heard)].sort_values("estimate", kind="stable", ignore_index=True)
    if both.empty:
        return None
    names = NAMES[max(1, min(len(both) // SITES_A_GROUP, max(NAMES)))]
    both = both.assign(group=[names[place * len(names) // len(both)] for place in range(len(both))])
    of_site = dict(zip(both["site"], both["group"], strict=True))
    kept = project.sources["site"].map(of_site)
    grouped = kept.where(kept.notna(), None)
    part = _only(project, project.sources.assign(standing=pd.Categorical(grouped, names, ordered=True)))
    return Joint(
        sites=_by_site(both, part, below),
        tally=suppressed(tally(part, by="standing", level=level), below=below),
        unit=str(both["unit"].iloc[0]),
        level=float(both["level"].iloc[0]),
        left=len({*known["site"]} ^ {*heard}),
        below=below,
    )


def _of_sites(results: pd.DataFrame, result: str, wave: int) -> pd.DataFrame:
    report, exhibit = result.split("/")
    keys = results["key"].astype("str").str.split("/", n=2)
    wanted = (results["wave"] == wave) & (keys.str[1] == exhibit) & results["estimate"].notna()
    rows = results[wanted & (keys.str[0].str.split("--").str[0] == report)]
    rows = rows[COLUMNS].assign(made=keys[rows.index].str[0], site=keys[rows.index].str[2])
    return rows[rows["made"].isin(rows["made"].head(1))].drop_duplicates("site")


def _only(project: Project, sources: pd.DataFrame) -> Project:
    """Keep the sources that stand in a group, with their segments and cases."""
    kept = sources[sources["standing"].notna()].reset_index(drop=True)
    rows = project.segments[project.segments["source"].isin(kept["source"])].reset_index(drop=True)
    return replace(
        project,
        sources=kept,
        segments=rows.assign(source=rows["source"].cat.set_categories(kept["source"])),
        cases=project.cases[project.cases["source"].isin(kept["source"])].reset_index(drop=True),
        assigned=project.assigned.reindex(kept["source"]),
    )


def _by_site(both: pd.DataFrame, part: Project, below: int) -> pd.DataFrame:
    counted = tally(part, by="site").frame
    sizes = counted.drop_duplicates("group").set_index("group")
    n = sizes["n_cases"].fillna(sizes["n_sources"])
    themes = counted[(counted["depth"] == 0) & (counted["sources"] > 0)]
    found = themes.groupby("group")["name"].agg(", ".join)
    enough = both["site"].map(n) >= below
    shown = both[["site", "estimate", "ci_low", "ci_high", "group"]].assign(
        sources=both["site"].map(sizes["n_sources"]).where(enough),
        cases=both["site"].map(n).where(enough),
        found=both["site"].map(lambda site: found.get(site, "none")).where(enough, None),
    )
    return shown.astype({"sources": "Int64", "cases": "Int64"})
