from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from qieval.trial import Facts, cautions, estimate, verdicts

PLAIN = {
    "labels": ("usual", "coached"),
    "smallest_p": 0.001,
    "allocations": 10_000,
    "exact": True,
    "level": 0.95,
}


def test_enough_clusters_need_none() -> None:
    assert cautions(Facts(per_arm=(6, 6), **PLAIN)) == ()


def test_few_clusters_are_said_in_the_words_of_the_study() -> None:
    said = cautions(Facts(per_arm=(5, 6), **PLAIN), cluster="site", clusters="sites")
    assert said[0].startswith("Few sites: 6 in “coached”, 5 in “usual”.")
    assert "p-value below 0.001" in said[1]


def test_an_interim_look_says_nothing_of_p() -> None:
    facts = Facts(per_arm=(2, 2), **PLAIN | {"smallest_p": 1 / 3, "allocations": 6}, interim=True)
    assert not any("p-value" in said for said in cautions(facts))


def test_a_floor_above_the_level_leaves_no_limits() -> None:
    said = cautions(Facts(per_arm=(6, 6), **PLAIN | {"smallest_p": 0.25, "allocations": 4}))
    assert said == (
        "The arms could have been formed in 4 ways, so the permutation test cannot give a p-value "
        "below 0.25, however large the difference. Its 95 % interval therefore has no limits.",
    )


def test_a_floor_at_the_level_asked_for_has_limits() -> None:
    # 1 - 0.9 is a little less than 0.1 in floating point
    said = cautions(Facts(per_arm=(3, 3), **PLAIN | {"smallest_p": 0.1, "allocations": 20, "level": 0.9}))
    assert "p-value below 0.1," in said[1]
    assert not any("no limits" in sentence for sentence in said)


def test_a_cluster_left_alone_by_losses_was_not_allocated_alone() -> None:
    said = cautions(Facts(per_arm=(1, 5), **PLAIN, lost=("s1",)))
    assert said[0].startswith("Only one cluster with data is in “usual”")


def test_where_the_simulation_rejects_too_often_the_test_is_not_to_be_trusted() -> None:
    for per_arm, spreads in (((3, 1), (2.0, math.nan)), ((2, 2), (2.0, 2.0)), ((6, 6), (1.0, 3.0))):
        facts = Facts(per_arm=per_arm, spreads=spreads, **PLAIN)
        assert "cannot be trusted then" in cautions(facts)[-1]
        assert not any("trusted" in said for said in cautions(replace(facts, interim=True)))
    even = Facts(per_arm=(6, 6), spreads=(1.0, 2.9), **PLAIN)
    assert cautions(even) == ()


def test_the_report_says_so_for_every_design_that_the_record_shows_above_its_level(repo) -> None:
    found = verdicts(pd.read_csv(repo / "data" / "validation" / "trial.csv"))
    courses = found.courses[found.courses["verdict"] == "above"]
    assert len(courses) > 3
    assert set(courses["course"]) == {"variances"}
    rng = np.random.default_rng(8)
    for clusters in courses["clusters"]:
        control, treated = map(int, clusters.split("+"))
        arm = np.repeat([0, 1], [control, treated])
        values = rng.normal(size=len(arm))
        for side, spread in ((0, 1.0), (1, 4.0)):
            own = values[arm == side]
            values[arm == side] = (own - own.mean()) * spread / (own.std(ddof=1) if len(own) > 1 else 1.0)
        rows = pd.DataFrame({"site": np.arange(len(arm)), "arm": arm, "y": values + arm})
        rows = pd.concat([rows.assign(y=rows["y"] + noise) for noise in (-0.1, 0.1)])
        said = estimate(rows, outcome="y", arm="arm", cluster="site", draws=50).cautions
        assert any("cannot be trusted" in each for each in said), clusters
    end = found.methods[(found.methods["method"] == "cluster-t") & (found.methods["largest"] > 0.0605)]
    assert set(end["clusters"]) <= {"2+2", "3+1"}  # two clusters or one in an arm: said whatever the data
