"""The recorded simulation behind `90_validation`: made with ``python -m qieval.pipeline.validation``."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qieval.capability import characteristics as surveys
from qieval.errors import refuse
from qieval.measures import characteristics as gaps
from qieval.pipeline.cluster import mapped
from qieval.pipeline.provenance import commit, versions
from qieval.pipeline.reuse import package_hash
from qieval.pipeline.workspace import Workspace, find_workspace
from qieval.stats import simulated
from qieval.trial.characteristics import COUNTS, KEYS, Scenario, cells, characteristics
from qieval.trial.series_characteristics import series_characteristics
from qieval.trial.wave_characteristics import wave_characteristics

FOLDER, TABLE, RECORD = Path("data/validation"), "trial.csv", "trial.json"
SERIES, WAVES, ESTIMATORS = "series.csv", "waves.csv", "estimators.json"
STUDIES = {"capability": surveys, "equity": gaps}
SEED = 20260000
COMMAND = "python -m qieval.pipeline.validation"
BATCH = 1_000
PARTS, TRIAL = ("trial", "estimators"), ("stats", "trial")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorded:
    """A recorded simulation.

    Attributes
    ----------
    table : DataFrame
        Counts, as `qieval.trial.characteristics.characteristics` gives them.
    series : DataFrame
        Counts of comparisons over time, as `qieval.trial.series_characteristics` gives them.
    waves : DataFrame
        Counts of comparisons over repeated waves, as `qieval.trial.wave_characteristics` gives them.
    record : mapping
        Seeds, replicates, versions, hashes and the day.
    estimators : dict of DataFrame
        Counts of comparisons before and after (``"capability"``) and between groups (``"equity"``).
    estimators_record : mapping
        How these were made.
    """

    table: pd.DataFrame
    series: pd.DataFrame
    waves: pd.DataFrame
    record: dict[str, Any]
    estimators: dict[str, pd.DataFrame]
    estimators_record: dict[str, Any]


def recorded(workspace: Workspace | None = None) -> Recorded:
    """Read the recorded simulation of a workspace; raises InputError if there is none."""
    place = workspace or find_workspace()
    folder = place.root / FOLDER
    try:
        table, series, waves = (pd.read_csv(folder / name) for name in (TABLE, SERIES, WAVES))
        records = [json.loads((folder / name).read_text(encoding="utf-8")) for name in (RECORD, ESTIMATORS)]
        estimators = {name: pd.read_csv(folder / f"{name}.csv") for name in STUDIES}
    except (OSError, ValueError):
        remedy = "make it with python -m qieval.pipeline.validation (hours), or take it from the repository"
        refuse((FOLDER / TABLE).as_posix(), "there is no recorded simulation to read", remedy=remedy)
    return Recorded(
        table=table,
        series=series,
        waves=waves,
        record=records[0],
        estimators=estimators,
        estimators_record=records[1],
    )


def resimulated(run: Recorded, *, replicates: int, seed: int) -> pd.DataFrame:
    """Simulate a few cells of the estimators anew, and compare their coverage with the recorded one.

    Returns
    -------
    DataFrame
        As `qieval.stats.simulated.compared`; `cell` names the cell.
    """
    some = {"capability": surveys.cells([6]), "equity": gaps.cells([gaps.SIZES[1]])}
    parts = []
    for name, study in STUDIES.items():
        fresh = study.characteristics(some[name], replicates=replicates, seed=seed)
        parts.append(simulated.compared(run.estimators[name], fresh, keys=study.KEYS))
    return pd.concat(parts, ignore_index=True).dropna(subset="z")


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate cell after cell, and write the counts; one that was interrupted goes on where it stopped."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--replicates", type=int, default=10_000, help="trials a cell, tests alone")
    parser.add_argument("--models", type=int, default=5_000, help="trials a cell, models")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="simulate on a Dask cluster")
    parser.add_argument("--waves", type=int, default=5_000, help="waves a cell, for estimators")
    parser.add_argument("--part", choices=PARTS, help="make one part only")
    asked = parser.parse_args(arguments)
    root = find_workspace().root
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    if asked.part != "trial":
        _estimators(root, asked.waves, asked.scheduler)
    if asked.part != "estimators":
        _trials(root, asked)
    return 0


def _estimators(root: Path, waves: int, scheduler: str) -> None:
    """Simulate what is compared before and after and between groups, pass by pass."""
    numbers, size = range(-(-waves // BATCH)), min(waves, BATCH)
    for name, study in STUDIES.items():
        asked = [(name, size, SEED + number) for number in numbers]
        passes = mapped(one_study, asked, scheduler) if scheduler else map(one_study, asked)
        table = simulated.pooled(pd.concat(passes), study.KEYS)[[*study.KEYS, *simulated.COUNTS]]
        table.to_csv(root / FOLDER / f"{name}.csv", index=False, lineterminator="\n", float_format="%.9g")
    counts = {"seeds": [SEED, SEED + numbers[-1]], "replicates": size * len(numbers)}
    _record(root, ESTIMATORS, "--part estimators", counts, ("stats", "capability", "measures"))


def one_study(asked: tuple[str, int, int]) -> pd.DataFrame:
    """Simulate some waves a cell of one study of estimators: its name, how many, and their seed."""
    name, waves, seed = asked
    study = STUDIES[name]
    made: pd.DataFrame = study.characteristics(study.cells(), replicates=waves, seed=seed)
    return made


def _trials(root: Path, asked: argparse.Namespace) -> None:
    """Simulate cell after cell; what was begun with the same source and numbers goes on where it stopped."""
    counts = {"replicates": asked.replicates, "replicates_of_models": asked.models}
    table = _begun(root, counts)
    if table is None:
        half = asked.replicates // 2
        over_time = series_characteristics(replicates=half, slow=min(half // 10, 400), seed=SEED)
        over_time.to_csv(root / FOLDER / SERIES, index=False, lineterminator="\n")
        over_waves = wave_characteristics(replicates=asked.replicates, seed=SEED)
        over_waves.to_csv(root / FOLDER / WAVES, index=False, lineterminator="\n")
        table = pd.DataFrame(columns=[*KEYS, "method", *COUNTS])
    done = set(table[KEYS].itertuples(index=False, name=None))
    jobs = [(each, asked.replicates, asked.models) for each in cells()]
    jobs = [job for job in jobs if tuple(job[0].words.values()) not in done]
    made = mapped(one_cell, jobs, asked.scheduler) if asked.scheduler else map(one_cell, jobs)
    for number, fresh in enumerate(made, 1):
        table = pd.concat([table, fresh]) if len(table) else fresh
        _write(root, table, counts)
        sys.stdout.write(f"{number} of {len(jobs)} cells\n")
        sys.stdout.flush()


def one_cell(job: tuple[Scenario, int, int]) -> pd.DataFrame:
    """Simulate one cell: its tests, then its models."""
    scenario, replicates, models = job
    tests = characteristics([scenario], replicates=replicates, seed=SEED)
    return pd.concat([tests, characteristics([scenario], models=models, seed=SEED)])


def _begun(root: Path, counts: dict[str, int]) -> pd.DataFrame | None:
    """Read the table of a run with these counts and this source, if one was begun."""
    try:
        record = json.loads((root / FOLDER / RECORD).read_text(encoding="utf-8"))
        same = all(record[name] == value for name, value in (counts | {"source": _source(TRIAL)}).items())
        return pd.read_csv(root / FOLDER / TABLE) if same else None
    except (OSError, ValueError, KeyError):
        return None


def _source(rooms: Sequence[str]) -> dict[str, str]:
    return {name: package_hash(name) for name in rooms}


def _write(root: Path, table: pd.DataFrame, counts: dict[str, int]) -> None:
    table.to_csv(root / FOLDER / TABLE, index=False, lineterminator="\n")
    replicates, models = counts.values()
    option = f"--part trial --replicates {replicates} --models {models}"
    _record(root, RECORD, option, {"seeds": [SEED, SEED + 1], **counts}, TRIAL)


def _record(root: Path, name: str, option: str, told: dict[str, Any], source: Sequence[str]) -> None:
    record = {
        "made_by": f"{COMMAND} {option}",
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        **told,
        "source": _source(source),
        "git": commit(root)["commit"],
        "versions": {each: versions()[each] for each in ("python", "qieval", "numpy", "scipy", "pandas")},
    }
    (root / FOLDER / name).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
