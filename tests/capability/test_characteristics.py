"""The readings that are simulated are those that `compare` makes, and their truth is the scenario's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.capability import compare
from qieval.capability.characteristics import CHANGE, KEPT, SPREAD, Scenario, cells, characteristics
from qieval.stats.simulated import pooled


@pytest.mark.parametrize("linked", ["all", "half", "none"])
def test_each_reading_is_that_of_the_report(linked) -> None:
    cell = Scenario(linked=linked, teams=4, icc=0.2)
    (before,), (after,) = cell.draw(1, seed=3)
    person = np.arange(len(cell.team))
    frames = [
        pd.DataFrame({"who": ids.astype(str), "team": cell.team.astype(str), "total": values})
        for ids, values in ((person, before), (np.where(cell.both, person, person + 1000), after))
    ]
    wanted = {each.method: each for each in compare(*frames, by="who", team="team").estimates}
    made = [each for each, _ in cell.readings(before, after)]
    left = {"half": {"wilcoxon", "dz", "gz", "dav", "gav"}, "none": {"paired-t", "wilcoxon"}}
    left["none"] |= left["half"]
    assert {each.method for each in made} == set(wanted) - left.get(linked, set()) - {"sign"}
    for each in made:
        numbers = [(row.estimate, row.ci_low, row.ci_high) for row in (each, wanted[each.method])]
        assert numbers[0] == pytest.approx(numbers[1], abs=1e-12), each.method


def test_what_is_drawn_has_the_moments_that_it_is_said_to_have() -> None:
    cell = Scenario(linked="half", teams=6, icc=0.3)
    before, after = cell.draw(20_000, seed=1)
    assert [before.std(), after.std()] == pytest.approx([1, 1], abs=0.01)
    change = after - before
    assert change[:, cell.both].var() == pytest.approx(SPREAD, abs=0.02)
    assert change.mean() == pytest.approx(CHANGE, abs=0.01)
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] == pytest.approx(KEPT, abs=0.03)
    first, second, lone = 0, 1, 2  # of the first team: two of three stay
    assert cell.both[[first, second, lone]].tolist() == [True, True, False]
    alike = np.corrcoef(change[:, first], change[:, second])[0, 1]
    assert alike == pytest.approx(cell.icc, abs=0.03)


@pytest.mark.parametrize("replicates", [300, pytest.param(5_000, marks=pytest.mark.nightly)])
def test_the_paired_t_misses_the_truth_where_teams_change_alike_and_the_t_on_teams_does_not(
    replicates,
) -> None:
    half = [each for each in cells([12]) if each.linked == "half"]
    found = pooled(characteristics(half, replicates=replicates, seed=2), ["method", "icc"])
    share = found.set_index(["method", "icc"])[["coverage", "coverage_se", "bias", "bias_se"]]
    for method, icc in (("team-t", 0.0), ("team-t", 0.2), ("paired-t", 0.0), ("partially-paired-t", 0.0)):
        covered, error, bias, off = share.loc[(method, icc)]
        assert covered == pytest.approx(0.95, abs=4 * error), (method, icc)
        assert bias == pytest.approx(0, abs=4 * off), (method, icc)
    assert share.loc[("paired-t", 0.2), "coverage"] < 0.93
