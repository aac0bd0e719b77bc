"""How often each code was used, in how many sources, of how much text, with their denominators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from qieval.coding.counts import COUNTS, Groups, counts, runs
from qieval.coding.project import NEEDED, Project
from qieval.coding.spans import Ints
from qieval.errors import ArgumentError, Fault, InputError
from qieval.results import Estimate, tidy

FROM_SEGMENTS = "Only sources with a coded segment are counted: the list of sources was not given."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What each code's family was found in, for all sources or for each group of them.

    Attributes
    ----------
    frame : DataFrame
        One row a group and code, groups in order, codes in reading order, zeros included. `group` (missing
        where not grouped), `code`, `name`, `depth`. Counts over the code and all codes under it (a set
        union, never a sum over children): `applications` (rows), `references` (distinct spans), `sources`,
        `cases`, `characters` (size of the union, code points), `coverage` (`characters` over
        `n_characters`). The same for the code alone: `own_applications` … `own_coverage`. Denominators,
        coded or not: `n_sources`, `n_cases`, `n_characters`. `share` of sources with its Wilson interval
        `ci_low`, `ci_high`. `hidden` marks cells blanked for disclosure. Cases are missing where the
        sources name none; coverage is NaN where a source's length is unknown.
    by : str, optional
        The attribute that groups the sources.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        Cautions.
    """

    frame: pd.DataFrame
    by: str | None
    level: float
    notes: tuple[str, ...] = ()

    def estimates(self) -> list[Estimate]:
        """The share of sources in which each code's family was found, one estimate a group and code."""
        return [self._estimate(row) for row in self.frame.to_dict(orient="records")]

    def tidy(self) -> pd.DataFrame:
        """Shares of sources in the vocabulary of `TIDY`; the term is the code, or ``group: code``."""
        return tidy(self.estimates())

    def most_widespread(self, *, themes: bool) -> pd.DataFrame:
        """The codes found in the most sources: among the top codes, or among those with none below them.

        Ties share first place. No rows where nothing was coded, or where there is no second level.
        """
        depth = self.frame["depth"].to_numpy()
        wanted = depth == 0 if themes else np.append(depth[1:] <= depth[:-1], True) & (depth > 0)
        rows = self.frame[wanted & (self.frame["sources"].to_numpy(dtype=float, na_value=0) > 0)]
        return pd.DataFrame(rows[rows["sources"] == rows["sources"].max()])

    def _estimate(self, row: dict[Any, Any]) -> Estimate:
        hidden = bool(row["hidden"])
        return Estimate(
            term=str(row["code"]) if self.by is None else f"{row['group']}: {row['code']}",
            method="wilson",
            estimate=float(row["share"]),
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            level=self.level,
            n=None if pd.isna(row["n_sources"]) else int(row["n_sources"]),
            unit="proportion",
            notes=("suppressed: a small cell or its complement",) if hidden else (),
        )


def tally(data: Project | pd.DataFrame, *, by: str | None = None, level: float = 0.95) -> Tally:
    """Count in how much of the material each code was found.

    Parameters
    ----------
    data : Project or DataFrame
        A checked project; or bare segments (`source`, `code`, `coder`, `start`, `end`), for which only the
        sources that occur in them can be counted, so that shares are too high wherever a source was read
        and not coded.
    by : str, optional
        A column of the sources (`role`, `site`, `wave`, …) whose groups are tallied apart, each with its
        own denominators.
    level : float
        Coverage of the Wilson intervals for the share of sources.

    Returns
    -------
    Tally

    Raises
    ------
    ArgumentError
        If the sources have no column `by`, or `level` is not between 0 and 1.

    Notes
    -----
    References, not applications, are counted once when two coders mark the same span. Counts of references
    depend on how coders cut the text; the share of sources is the number to quote. The intervals take
    sources as a random sample of independent ones, which purposive samples are not: read them as the
    uncertainty that so few sources leave.

    References
    ----------
    Wilson EB (1927). Probable inference, the law of succession, and statistical inference. JASA 22:209–212.
    https://doi.org/10.1080/01621459.1927.10502953
    """
    if not 0 < level < 1:
        raise ArgumentError(f"The `level` parameter of `tally` must lie between 0 and 1; not {level!r}.")
    project, notes = (data, ()) if isinstance(data, Project) else (_from_segments(data), (FROM_SEGMENTS,))
    groups = Groups.of(project, by)
    itself = np.arange(len(project.codes))
    rolled = counts(project, groups, runs(project, *project.codes.families()))
    alone = counts(project, groups, runs(project, itself, itself))
    return Tally(frame=_frame(project, groups, rolled, alone, level), by=by, level=level, notes=notes)


def _frame(
    project: Project,
    groups: Groups,
    rolled: dict[str, Ints | None],
    alone: dict[str, Ints | None],
    level: float,
) -> pd.DataFrame:
    n_groups, n_codes = len(groups.labels), len(project.codes)
    lengths = project.sources["characters"].to_numpy()
    n_sources = np.bincount(groups.of_source, minlength=n_groups)
    n_characters = np.bincount(groups.of_source, weights=lengths, minlength=n_groups)
    book = project.codes.frame
    frame = pd.DataFrame(
        {
            "group": pd.Series([label for label in groups.labels for _ in range(n_codes)], dtype=object),
            **{name: np.tile(book[name].to_numpy(), n_groups) for name in ("code", "name", "depth")},
        }
    )
    sizes = {"n_sources": n_sources, "n_cases": groups.n_cases, "n_characters": n_characters}
    repeated = {name: None if size is None else np.repeat(size, n_codes) for name, size in sizes.items()}
    for prefix, found in (("", rolled), ("own_", alone)):
        for name in COUNTS:
            frame[prefix + name] = _whole(found[name], len(frame))
        with np.errstate(invalid="ignore", divide="ignore"):
            frame[prefix + "coverage"] = np.asarray(found["characters"]) / repeated["n_characters"]
    for name in ("n_sources", "n_cases"):
        frame[name] = _whole(repeated[name], len(frame))
    frame["n_characters"] = repeated["n_characters"]
    return frame.assign(**_shares(frame, level), hidden=False)


def _whole(values: Ints | None, size: int) -> pd.Series:
    return pd.Series([pd.NA] * size if values is None else values, dtype="Int64")


def _shares(frame: pd.DataFrame, level: float) -> dict[str, NDArray[np.float64]]:
    found, of = frame["sources"].to_numpy(dtype=float), frame["n_sources"].to_numpy(dtype=float)
    low, high = np.full(found.size, np.nan), np.full(found.size, np.nan)
    some = of > 0
    low[some], high[some] = proportion_confint(found[some], of[some], alpha=1 - level, method="wilson")
    with np.errstate(invalid="ignore"):
        share = np.where(some, found / np.where(some, of, 1), np.nan)
    return {"share": share, "ci_low": low, "ci_high": high}


def _from_segments(segments: pd.DataFrame) -> Project:
    """Make a project of bare segments: the sources and codes that occur, in order of appearance."""
    faults = [
        Fault(file="segments", column=name, problem="the column is missing")
        for name in NEEDED
        if name not in segments
    ]
    if faults:
        raise InputError(faults)
    kinds = {"source": segments["source"].dropna().unique(), "code": segments["code"].dropna().unique()}
    return Project.from_frames(
        segments, pd.DataFrame({"source": kinds["source"]}), pd.DataFrame({"code": kinds["code"]})
    )
