"""The readings that are simulated are those of `gap` and `inequality`, and their truth is the scenario's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.measures import gap, inequality
from qieval.measures.characteristics import SIZES, Scenario, cells, characteristics
from qieval.stats.simulated import pooled

CELL = Scenario(sizes=SIZES[1], rates=(0.35, 0.4, 0.45, 0.5), icc=0.05)


def test_each_reading_is_that_of_the_report() -> None:
    met, before = CELL.draw(2, seed=2)
    frame = pd.DataFrame({"n": CELL.sizes, "group": list("abcd")})
    waves = [frame.assign(x=met, w=1), frame.assign(x=before, w=0)]
    words = {"numerator": "x", "denominator": "n", "group": "group"}
    found = gap(pd.concat(waves), **words, period="w", reference="d")
    best = gap(waves[0], **words, reference="best", better="higher")
    wanted = {
        "newcombe": found.gaps[0], "log-ratio": found.ratios[0], "gap-change": found.changes[0],
        "newcombe-best": best.gaps[0],
    }  # fmt: skip
    made = {row.method: (row, truth) for row, truth in CELL.readings(met, before)}
    assert list(made) == list(wanted)
    for name, (row, _) in made.items():
        numbers = [(each.estimate, each.ci_low, each.ci_high) for each in (row, wanted[name])]
        assert numbers[0] == pytest.approx(numbers[1], abs=1e-15), name
    assert [made[name][1] for name in ("newcombe", "log-ratio")] == pytest.approx([-0.15, 0.7])


def test_the_summaries_are_those_of_inequality() -> None:
    met = CELL.draw(1, seed=1)
    rows = pd.DataFrame({"rate": met[0] / CELL.sizes, "n": CELL.sizes, "place": range(4)})
    rows["se"] = np.sqrt(rows["rate"] * (1 - rows["rate"]) / rows["n"])
    columns = {"value": "rate", "size": "n", "group": "place"}
    found = CELL.summaries(met).set_index("method")
    true = inequality(rows.assign(rate=CELL.rates), **columns)
    one = inequality(rows, se="se", **columns)
    for row, truth in ((one.sii, true.sii), (one.rii, true.rii), (one.index, true.index)):
        assert found.loc[row.method, "error"] == pytest.approx(row.estimate - truth.estimate, abs=1e-15)
        assert found.loc[row.method, "covered"] == (row.ci_low <= truth.estimate <= row.ci_high)
    assert found.loc["index-of-disparity", ["given", "answered"]].tolist() == [1, 0]


def test_patients_who_are_alike_within_sites_are_what_the_intervals_do_not_know() -> None:
    shares = []
    for cell in cells([SIZES[3]], [0.5]):
        found = pooled(cell.summaries(cell.draw(1_000, seed=4)), ["method"]).set_index("method")
        shares.append((cell.icc, found.loc["ridit-wls", "coverage"]))
    assert [share > 0.93 for _, share in shares] == [icc == 0 for icc, _ in shares]
    alike = Scenario(sizes=SIZES[0], rates=(0.5,) * 4, icc=0.0)
    found = pooled(characteristics([alike], replicates=150, seed=4), ["method"]).set_index("method")
    bias, error = found.loc["newcombe-best", ["bias", "bias_se"]]
    assert bias < -3 * error, "a group chosen for its result lies too far ahead"
