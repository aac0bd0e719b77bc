from __future__ import annotations

from qieval.trial import Facts, cautions

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
