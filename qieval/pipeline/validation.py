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

from qieval.errors import refuse
from qieval.pipeline.cluster import mapped
from qieval.pipeline.provenance import commit, versions
from qieval.pipeline.reuse import package_hash
from qieval.pipeline.workspace import Workspace, find_workspace
from qieval.trial.characteristics import COUNTS, KEYS, cells, characteristics
from qieval.trial.series_characteristics import series_characteristics
from qieval.trial.wave_characteristics import wave_characteristics

FOLDER, TABLE, RECORD = Path("data/validation"), "trial.csv", "trial.json"
SERIES, WAVES = "series.csv", "waves.csv"
SEED = 20260000
PASS = 5


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
    """

    table: pd.DataFrame
    series: pd.DataFrame
    waves: pd.DataFrame
    record: dict[str, Any]


def recorded(workspace: Workspace | None = None) -> Recorded:
    """Read the recorded simulation of a workspace; raises InputError if there is none."""
    place = workspace or find_workspace()
    folder = place.root / FOLDER
    try:
        table, series, waves = (pd.read_csv(folder / name) for name in (TABLE, SERIES, WAVES))
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        remedy = "make it with python -m qieval.pipeline.validation (hours), or take it from the repository"
        refuse((FOLDER / TABLE).as_posix(), "there is no recorded simulation to read", remedy=remedy)
    return Recorded(table=table, series=series, waves=waves, record=record)


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and write the counts: tests first, then models, then pass after pass of fits to rows."""
    parser = argparse.ArgumentParser(prog="python -m qieval.pipeline.validation", description=__doc__)
    parser.add_argument("--replicates", type=int, default=10_000, help="trials a cell, tests alone")
    parser.add_argument("--models", type=int, default=5_000, help="trials a cell, models in closed form")
    parser.add_argument("--passes", type=int, default=8, help=f"passes of {PASS} trials a cell, on rows")
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="make the passes on a Dask cluster"
    )
    asked = parser.parse_args(arguments)
    root = find_workspace().root
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    half = asked.replicates // 2
    over_time = series_characteristics(replicates=half, slow=min(half // 10, 400), seed=SEED)
    over_time.to_csv(root / FOLDER / SERIES, index=False, lineterminator="\n")
    over_waves = wave_characteristics(replicates=asked.replicates, seed=SEED)
    over_waves.to_csv(root / FOLDER / WAVES, index=False, lineterminator="\n")
    table = characteristics(cells(), replicates=asked.replicates, seed=SEED)
    table = pd.concat([table, characteristics(cells(), models=asked.models, seed=SEED)])
    counts = {"replicates": asked.replicates, "replicates_of_models": asked.models}
    _write(root, table, counts, 0)
    numbers = range(1, asked.passes + 1)
    passes = mapped(one_pass, numbers, asked.scheduler) if asked.scheduler else map(one_pass, numbers)
    for number, fresh in zip(numbers, passes, strict=True):
        table = pd.concat([table, fresh]).groupby([*KEYS, "method"], sort=False)[COUNTS].sum().reset_index()
        _write(root, table, counts, number)
        sys.stdout.write(f"{number} of {asked.passes} passes\n")
        sys.stdout.flush()
    return 0


def one_pass(number: int) -> pd.DataFrame:
    """Simulate a few trials a cell, and count what the models fitted to rows make of them."""
    unequal = [each for each in cells() if each.sizes == "unequal"]
    return characteristics(unequal, slow=PASS, seed=SEED + 2 * number)


def _write(root: Path, table: pd.DataFrame, counts: dict[str, int], passes: int) -> None:
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / TABLE, index=False, lineterminator="\n")
    record = {
        "made_by": "python -m qieval.pipeline.validation",
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        "seeds": [SEED, SEED + 2 * passes + 1],
        **counts,
        "replicates_on_rows": PASS * passes,
        "source": {name: package_hash(name) for name in ("stats", "trial")},
        "git": commit(root)["commit"],
        "versions": {name: versions()[name] for name in ("python", "qieval", "numpy", "scipy", "pandas")},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
