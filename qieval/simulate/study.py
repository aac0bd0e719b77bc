"""A whole simulated study, and its extracts as an evaluator would get them at each wave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qieval.simulate.coders import consensus, segments
from qieval.simulate.delivery import changes, coached_from, coaching, shifted_from
from qieval.simulate.interviews import Transcript, codebook, sources
from qieval.simulate.monthly import measures
from qieval.simulate.participants import outcomes
from qieval.simulate.roster import known_at, sites
from qieval.simulate.teams import capability
from qieval.simulate.tools import tools, with_tools
from qieval.simulate.truth import DEMO, Truth

TABLES = (
    "sites", "outcomes", "capability", "coaching", "measures", "changes", "events", "sources", "segments",
    "codebook", "consensus",
)  # fmt: skip
WHOLE = ("sites", "segments", "codebook")
EVENTS = (
    ("2024-03-01", "", "policy", "National guidance on screening for depression"),
    ("2025-01-10", "2025-02-20", "outside shock", "Influenza wave"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedStudy:
    """The tables of a simulated study over all its waves, with the truth they were drawn from.

    Attributes
    ----------
    seed : int
        The seed.
    truth : Truth
        What is true.
    sites, outcomes, capability, coaching, measures, changes, events : DataFrame
    sources, segments, codebook, consensus : DataFrame
        The tables, columns as in ``data/README.md``.
    texts : mapping of str to Transcript
        Whole texts of the sources; never written to a file.
    """

    seed: int
    truth: Truth
    sites: pd.DataFrame
    outcomes: pd.DataFrame
    capability: pd.DataFrame
    coaching: pd.DataFrame
    measures: pd.DataFrame
    changes: pd.DataFrame
    events: pd.DataFrame
    sources: pd.DataFrame
    segments: pd.DataFrame
    codebook: pd.DataFrame
    consensus: pd.DataFrame
    texts: Mapping[str, Transcript]

    @property
    def waves(self) -> range:
        """Numbers of the waves."""
        return range(len(self.truth.cuts))

    def at(self, wave: int) -> dict[str, pd.DataFrame]:
        """Return every table as it was known at the end of a wave's window, by name."""
        last = self.truth.cuts[wave][1]
        tables = {name: getattr(self, name) for name in TABLES}
        return {**known(tables, wave, last), "sites": known_at(self.sites, last), "codebook": codebook(wave)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedTables:
    """The tables of a simulated study over all its waves.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        By role.
    cuts : mapping of int to (str, str)
        First and last day of each wave's window.
    """

    tables: Mapping[str, pd.DataFrame]
    cuts: Mapping[int, tuple[str, str]]

    @property
    def waves(self) -> tuple[int, ...]:
        """Numbers of the waves."""
        return tuple(self.cuts)

    def at(self, wave: int) -> dict[str, pd.DataFrame]:
        """Return every table as it was known at the end of a wave's window, by name."""
        return known(self.tables, wave, self.cuts[wave][1])


def known(tables: Mapping[str, pd.DataFrame], wave: int, last: str) -> dict[str, pd.DataFrame]:
    """Give the rows of tables that a data cut holds: by their wave, else by their month or first day."""
    rows = {name: _until(frame, wave, last) for name, frame in tables.items() if name not in WHOLE}
    heard = tables["segments"]["source"].isin(rows["sources"]["source"])
    rows["segments"] = tables["segments"][heard]
    return {name: rows.get(name, frame) for name, frame in tables.items()}


def _until(frame: pd.DataFrame, wave: int, last: str) -> pd.DataFrame:
    if "stop" in frame:
        frame = frame.assign(stop=frame["stop"].mask(frame["stop"] > last, ""))  # not known to end
    if "wave" in frame:
        return frame[frame["wave"] <= wave]
    for column, end in {"period": last[:7], "date": last, "start": last}.items():
        if column in frame:
            return frame[frame[column] <= end]
    return frame


def simulate(seed: int, truth: Truth = DEMO) -> SimulatedStudy:
    """Draw a whole study from a seed and a truth.

    Parameters
    ----------
    seed : int
        Seed, not negative; the same seed gives the same study.
    truth : Truth
        What is true; changing a part of it leaves the tables that do not depend on it as they were.
    """
    spoken, texts = sources(seed, truth)
    starts, last = coached_from(seed, truth), truth.cuts[-1][1]
    return SimulatedStudy(
        seed=seed,
        truth=truth,
        sites=sites(seed, truth),
        outcomes=outcomes(seed, truth),
        capability=with_tools(capability(seed, truth), tools(seed, truth)),
        coaching=coaching(seed, starts, last, truth.fidelity),
        measures=measures(seed, truth, since=shifted_from(starts)),
        changes=changes(seed, starts, last),
        events=pd.DataFrame(EVENTS, columns=["start", "stop", "kind", "label"]),
        sources=spoken,
        segments=segments(seed, spoken, texts),
        codebook=codebook(),
        consensus=consensus(seed, spoken, texts),
        texts=texts,
    )


def write(study: SimulatedStudy | SimulatedTables, folder: Path) -> list[Path]:
    """Write the extract of every wave as ``folder/wave-N/<table>.csv``; return the files in order.

    A parallel trial's roster before allocation comes first, as ``folder/plan/sites.csv``.

    Each wave's folder holds all rows up to its cut. The same study gives the same bytes: UTF-8, LF line ends,
    person-years with two decimals, yes-or-no as true and false, nothing where a value is missing.
    """
    written = []
    if isinstance(study, SimulatedStudy):
        (folder / "plan").mkdir(parents=True, exist_ok=True)
        written.append(folder / "plan" / "sites.csv")
        written[0].write_bytes(as_csv(before_allocation(study)).encode())
    for wave in study.waves:
        place = folder / f"wave-{wave}"
        place.mkdir(parents=True, exist_ok=True)
        for name, frame in study.at(wave).items():
            path = place / f"{name}.csv"
            path.write_bytes(as_csv(frame).encode())
            written.append(path)
    return written


def before_allocation(study: SimulatedStudy) -> pd.DataFrame:
    """Give the roster before allocation: `site`, `region`, `people` and mean `fatigue_before` at baseline."""
    rows = study.outcomes[study.outcomes["wave"] == 0].groupby("site")["fatigue_0"]
    known = pd.DataFrame({"people": rows.size(), "fatigue_before": rows.mean()})
    return study.sites[["site", "region"]].merge(known, on="site")


def as_csv(frame: pd.DataFrame) -> str:
    """Give a table as CSV text that does not depend on the machine."""
    plain = frame.copy()
    for name in frame.columns:
        if pd.api.types.is_bool_dtype(frame[name].dtype):
            plain[name] = frame[name].astype("object").map({True: "true", False: "false"})
    return plain.to_csv(index=False, lineterminator="\n", float_format="%.2f")
