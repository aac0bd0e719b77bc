"""What was coded, by whom, in which sources; and what had to be set aside, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.codebook import FIRST_ROW, Codebook
from qieval.errors import Fault, InputError

NEEDED = ("source", "code", "coder", "start", "end")
REASONS = (
    "unknown source",
    "unknown code",
    "unknown coder",
    "coder not assigned to the source",
    "offsets missing or not whole numbers",
    "end before start",
    "no characters",
    "beyond the source's text",
)
"""Why a segment may be set aside; the first that applies is given."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Project:
    """The material of a qualitative study, checked: every count and agreement starts here.

    Attributes
    ----------
    sources : DataFrame
        One row a source in the owner's order, coded or not: `source`, `characters` (length of its text in
        code points; NaN where it has none), and its attributes (`source_kind`, `site`, `role`, `wave`, …).
    segments : DataFrame
        One row an application of a code: `source`, `code`, `coder` (categorical), `start`, `end` (half-open
        code points), then what else came (`text`, `approved`). Repeated rows stay; `repeated` counts them.
    codes : Codebook
        The codes.
    cases : DataFrame
        `source`, `case`: who speaks in which source. A focus group or document without a case stands for
        itself; empty where no source could name one.
    assigned : DataFrame
        Sources × coders, True where the coder was asked to code the source; without columns where that was
        not recorded.
    excluded : DataFrame
        Segments that cannot be counted, as they came, with `row` (as a spreadsheet numbers it; missing where
        they came from no spreadsheet) and `reason` (one of `REASONS`, or the reader's own).
    notes : tuple of str
        What the reader of the file found worth knowing.
    placed : bool
        Whether `start` and `end` are places in the text; otherwise they only tell passages apart.
    """

    sources: pd.DataFrame
    segments: pd.DataFrame
    codes: Codebook
    cases: pd.DataFrame
    assigned: pd.DataFrame
    excluded: pd.DataFrame
    notes: tuple[str, ...] = ()
    placed: bool = True

    @classmethod
    def from_frames(
        cls,
        segments: pd.DataFrame,
        sources: pd.DataFrame,
        codes: pd.DataFrame | Codebook,
        *,
        file: str = "segments",
    ) -> Self:
        """Bring the three tables together; nothing is clipped and nothing dropped without being counted.

        Parameters
        ----------
        segments : DataFrame
            `source`, `code`, `coder`, `start`, `end`; optionally `text`, `approved` and more.
        sources : DataFrame
            `source`; optionally `characters`, `case` and `coders` (several joined by ";"), and attributes.
        codes : DataFrame or Codebook
            See `Codebook.from_frame`.
        file : str
            What to call the segments in messages.

        Raises
        ------
        InputError
            For a missing column, a missing or repeated source id, impossible lengths, a faulty codebook.
        """
        book = codes if isinstance(codes, Codebook) else Codebook.from_frame(codes)
        faults = [*_missing(segments, NEEDED, file), *_missing(sources, ("source",), "sources")]
        if faults:
            raise InputError(faults)
        kept = _sources(sources)
        assigned = _assigned(sources, kept)
        rows = _categorised(segments, kept, book, assigned)
        reason = _reason(rows, kept, assigned)
        out = reason < len(REASONS)
        excluded = segments.reset_index(drop=True)[out].assign(
            row=np.flatnonzero(out) + FIRST_ROW, reason=np.asarray(REASONS)[reason[out]]
        )
        valid = rows[~out].reset_index(drop=True).astype({"start": np.int64, "end": np.int64})
        return cls(
            sources=kept,
            segments=valid,
            codes=book,
            cases=_cases(kept),
            assigned=assigned,
            excluded=excluded.reset_index(drop=True),
        )

    @property
    def coders(self) -> tuple[str, ...]:
        """Names of the coders who were assigned a source or coded one, sorted."""
        used = self.segments["coder"].cat.remove_unused_categories().cat.categories
        return tuple(sorted({*used, *self.assigned.columns}))

    @property
    def dated(self) -> str | None:
        """The column that dates every source, where there is one."""
        return "date" if "date" in self.sources and self.sources["date"].notna().all() else None

    def speakers(self) -> pd.DataFrame:
        """Whom to count when cells are protected, as `source` and `case`: cases, or each source itself."""
        return self.cases if len(self.cases) else self.sources[["source"]].assign(case=self.sources["source"])

    @property
    def repeated(self) -> int:
        """Segments that say the same as an earlier one: same source, code, coder and span."""
        return int(self.segments.duplicated(list(NEEDED)).sum())

    def excluded_by_reason(self) -> dict[str, int]:
        """How many segments were set aside, by reason, in the order of `REASONS`, then a reader's own."""
        counts = self.excluded["reason"].value_counts()
        known = [reason for reason in REASONS if reason in counts]
        return {reason: int(counts[reason]) for reason in [*known, *sorted(set(counts.index) - {*known})]}


def _missing(frame: pd.DataFrame, needed: tuple[str, ...], file: str) -> Iterator[Fault]:
    for column in needed:
        if column not in frame:
            yield Fault(file=file, column=column, problem="the column is missing")


def _sources(sources: pd.DataFrame) -> pd.DataFrame:
    kept = sources.reset_index(drop=True).drop(columns=["coders"], errors="ignore")
    ids = _ids(kept["source"])
    lengths = kept["characters"] if "characters" in kept else pd.Series(np.nan, index=kept.index)
    characters = pd.to_numeric(lengths, errors="coerce").astype(float)
    faults = list(_source_faults(ids, characters, lengths))
    if faults:
        raise InputError(faults)
    return kept.assign(source=ids, characters=characters)


def _source_faults(ids: pd.Series, characters: pd.Series, given: pd.Series) -> Iterator[Fault]:
    checks = (
        ("source", ids == "", "the source has no id"),
        ("source", ids.duplicated(keep=False) & (ids != ""), "ids occur more than once"),
        ("characters", (characters < 0) | (characters.isna() & given.notna()), "not a length of text"),
    )
    for column, at_fault, problem in checks:
        if at_fault.any():
            rows = tuple((np.flatnonzero(at_fault) + FIRST_ROW).tolist())
            yield Fault(file="sources", column=column, rows=rows, problem=problem)


def _ids(values: pd.Series) -> pd.Series:
    return values.astype("str").where(values.notna(), "").str.strip()


def _assigned(sources: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Read the lists of assigned coders into a table of sources × coders."""
    if "coders" not in sources:
        return pd.DataFrame(index=pd.Index(kept["source"]))
    lists = _ids(sources["coders"].reset_index(drop=True)).str.split(";")
    names = lists.set_axis(kept["source"]).explode().str.strip()
    names = names[names != ""]
    table = pd.crosstab(names.index, names) > 0
    return table.reindex(kept["source"], fill_value=False).rename_axis(index="source", columns="coder")


def _categorised(
    segments: pd.DataFrame, sources: pd.DataFrame, codes: Codebook, assigned: pd.DataFrame
) -> pd.DataFrame:
    """Turn ids into categories (unknown ones become missing) and offsets into numbers."""
    rows = segments.reset_index(drop=True)
    coder = _category(rows["coder"], None)
    named = assigned.columns if len(assigned.columns) else coder.categories
    return rows.assign(
        source=_category(rows["source"], pd.Index(sources["source"])),
        code=_category(rows["code"], codes.codes, codes.replaced),
        coder=coder.set_categories(named),
        start=pd.to_numeric(rows["start"], errors="coerce"),
        end=pd.to_numeric(rows["end"], errors="coerce"),
    )


def _category(
    values: pd.Series, known: pd.Index | None, replaced: Mapping[str, str] | None = None
) -> pd.Categorical:
    """Find each id's place among the known ones (where none are given: all that occur, sorted)."""
    places, distinct = pd.factorize(values)
    ids = _ids(pd.Series(distinct)).replace(dict(replaced or {}))
    categories = pd.Index(sorted(set(ids) - {""}), dtype="str") if known is None else known
    return pd.Categorical.from_codes(
        np.append(categories.get_indexer(pd.Index(ids)), -1)[places], categories=categories
    )


def _reason(rows: pd.DataFrame, sources: pd.DataFrame, assigned: pd.DataFrame) -> NDArray[np.intp]:
    """Position in `REASONS` of the first reason against each segment; ``len(REASONS)`` for none."""
    source = rows["source"].cat.codes.to_numpy()
    coder = rows["coder"].cat.codes.to_numpy()
    start, end = (rows[column].to_numpy(dtype=float, na_value=np.nan) for column in ("start", "end"))
    length = np.append(sources["characters"].to_numpy(), np.nan)[source]
    asked = (
        np.append(assigned.to_numpy(), np.zeros((1, assigned.shape[1]), bool), axis=0)[source, coder]
        if assigned.shape[1]
        else np.ones(len(rows), bool)
    )
    with np.errstate(invalid="ignore"):
        found = (
            source < 0,
            rows["code"].cat.codes.to_numpy() < 0,
            coder < 0,
            ~asked,
            (start % 1 != 0) | (end % 1 != 0),  # also true of NaN and infinity
            end < start,
            end == start,
            (start < 0) | (end > length),
        )
    return np.asarray(np.argmax(np.vstack([*found, np.ones(len(rows), bool)]), axis=0))


def _cases(sources: pd.DataFrame) -> pd.DataFrame:
    """Link sources to cases; where some name one, a source that names none stands for itself."""
    if "case" not in sources:
        return pd.DataFrame({"source": sources["source"].iloc[:0], "case": sources["source"].iloc[:0]})
    lists = _ids(sources["case"]).str.split(";")
    cases = pd.DataFrame({"source": sources["source"], "case": lists}).explode("case", ignore_index=True)
    cases = cases.assign(case=cases["case"].str.strip()).drop_duplicates(ignore_index=True)
    return cases.assign(case=cases["case"].where(cases["case"] != "", "source " + cases["source"]))
