from __future__ import annotations

import pandas as pd

from qieval.exhibits import validation_courses as show


def test_repeated_waves_tell_drifting_sites_from_others() -> None:
    counts = pd.DataFrame(
        [
            ("6+6", 0.05, drift, method, 1000, hits)
            for method, low, high in (("site-changes", 50, 52), ("waves-mixed-kr", 51, 160))
            for drift, hits in ((0.0, low), (0.06, high - 20), (0.12, high))
        ],
        columns=["clusters", "icc", "drift", "method", "replicates", "rejected"],
    )
    shown = show.waves(counts)
    told = shown.frame.set_index(["method", "drifts"])["6+6"]
    model = show.WAVES["waves-mixed-kr"]
    assert told[model, "drifting apart"] == 0.16
    assert told[model, "keeping their places"] == 0.051
    assert "rejects up to 16.0\N{NO-BREAK SPACE}% of true nulls and cannot be trusted" in shown.notes[1]


def test_comparisons_over_time_show_their_worst_cell() -> None:
    counts = pd.DataFrame(
        [
            (sites, rho, 0.0, method, 1000, hits)
            for method in ("site-t-mean", "series-ar1")
            for sites in (4, 6)
            for rho, hits in ((0.0, 48), (0.6, 10 * sites))
        ],
        columns=["sites", "rho", "drift", "method", "replicates", "rejected"],
    )
    shown = show.series(counts)
    assert shown.frame[["4", "6"]].to_numpy().tolist() == [[0.048, 0.06], [0.048, 0.06]]
    assert "One mean series" in shown.html()
