from __future__ import annotations

import pandas as pd
import pytest

from qieval.trial import cells, characteristics, compared, verdicts


def row(method: str, clusters: str, rejected: int, of: int = 10_000, **other) -> dict[str, object]:
    cell = {"course": "endline", "clusters": clusters, "icc": 0.1, "sizes": "equal", "family": "gaussian"}
    counts = {"replicates": of, "refused": 0, "rejected": rejected, "answered": of, "covered": of - rejected}
    return cell | {"control": 0.0, "method": method} | counts | other


TABLE = pd.DataFrame(
    [
        row("steady", "2+2", 700),
        row("steady", "3+3", 510),
        row("steady", "6+6", 480),
        row("worse in one cell", "3+3", 400),
        row("worse in one cell", "3+3", 640, icc=0.3),
        row("few", "3+3", 1, of=20),
        row("silent", "3+1", 0, refused=10_000, answered=0, covered=0),
        row("cluster-t", "3+1", 1500, course="variances"),
        row("cluster-t", "3+1", 100, control=0.02, family="binomial"),
        row("permutation", "3+1", 0, course="gaps"),
    ]
)


def test_each_method_is_judged_by_its_worst_cell_and_by_all_together() -> None:
    found = verdicts(TABLE)
    told = found.methods.set_index(["method", "clusters"])["verdict"].to_dict()
    assert told == {
        ("steady", "2+2"): "above",
        ("steady", "3+3"): "keeps",
        ("steady", "6+6"): "keeps",
        ("worse in one cell", "3+3"): "above",
        ("few", "3+3"): "open",
        ("silent", "3+1"): "no answer",
    }
    assert (found.keeps_from("steady"), found.keeps_from("few")) == ("3+3", "")
    assert found.courses["verdict"].tolist() == ["above"]
    assert found.rare["clusters"].tolist() == ["3+1"]
    assert found.tidy()["estimate"].iloc[0] == 0.07


def test_simulations_with_other_seeds_agree_and_wrong_ones_are_told() -> None:
    scenarios = list(cells([(3, 3)], [0.1]))
    one, two = (characteristics(scenarios, replicates=400, seed=seed) for seed in (1, 9))
    assert compared(one, two)["z"].abs().max() < 4
    wrong = two.assign(rejected=two["rejected"] + 60)
    assert compared(one, wrong)["z"].abs().max() > 4
    assert compared(one, one)["z"].tolist() == pytest.approx([0] * len(one))
