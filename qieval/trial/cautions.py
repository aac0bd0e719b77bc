"""What a reader must know about a design before its numbers, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

from qieval.stats.columns import listed

FEW = 6
APART = 3.0  # as much as the arms of the recorded simulation of unequal variances


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What cautions are drawn from.

    Attributes
    ----------
    labels : tuple of str
        Control and intervention.
    per_arm : tuple of int
        Clusters with data in each.
    smallest_p : float
        The smallest p that the randomisation test can give.
    allocations : int
        How many allocations the scheme has.
    exact : bool
        Whether the test counts all of them.
    level : float
        Coverage asked for.
    lost : tuple
        Clusters left out because they have no complete row.
    interim : bool
        Whether p-values are held back.
    spreads : tuple of float
        Standard deviation of cluster values in each arm; NaN for one cluster.
    """

    labels: tuple[str, str]
    per_arm: tuple[int, int]
    smallest_p: float
    allocations: int
    exact: bool
    level: float
    lost: tuple[Hashable, ...] = ()
    interim: bool = False
    spreads: tuple[float, float] = (math.nan, math.nan)

    @property
    def few(self) -> bool:
        """Whether an arm has so few clusters that a report must lead with it."""
        return min(self.per_arm) < FEW


def cautions(facts: Facts, *, cluster: str = "cluster", clusters: str = "clusters") -> tuple[str, ...]:
    """Say what weighs on this design, the gravest first.

    Parameters
    ----------
    facts : Facts
        From `Effect.facts`.
    cluster, clusters : str
        What one and several clusters are called ("site", "sites").
    """
    said = [*_lone(facts, cluster), *_few(facts, cluster, clusters), *_floor(facts)]
    said += _untrusted(facts, cluster, clusters)
    if facts.lost:
        said.append(
            f"Left out, because no participant there has complete data: {listed(facts.lost)}. If a "
            f"{cluster} was lost because of its results, the comparison is no longer a fair one."
        )
    return tuple(said)


def _lone(facts: Facts, cluster: str) -> list[str]:
    verb = "with data is in" if facts.lost else "is in"
    return [
        f"Only one {cluster} {verb} “{label}”: its own circumstances cannot be told from the difference."
        for label, count in zip(facts.labels, facts.per_arm, strict=True)
        if count == 1
    ]


def _few(facts: Facts, cluster: str, clusters: str) -> list[str]:
    if not facts.few:
        return []
    (control, intervention), (first, second) = facts.labels, facts.per_arm
    return [
        f"Few {clusters}: {second} in “{intervention}”, {first} in “{control}”. With fewer than {FEW} in an "
        f"arm a single unusual {cluster} can make or hide a difference; read the interval "
        f"and the {clusters}’ own results."
    ]


def _untrusted(facts: Facts, cluster: str, clusters: str) -> list[str]:
    """Say where the t test of a plan does not hold its level in the recorded simulation (`90_validation`)."""
    narrow, wide = sorted(facts.spreads)
    if facts.interim:
        return []
    if min(facts.per_arm) <= 2:
        number = f"one {cluster}" if min(facts.per_arm) == 1 else f"two {clusters}"
        why = f"which {number} in an arm cannot show"
    elif wide >= APART * narrow:
        why = "and here those of one arm lie several times as far apart as those of the other"
    else:
        return []
    return [
        f"The t test supposes that {clusters} of both arms vary alike, {why}. Where they do not, or where "
        f"proportions or rates of {clusters} differ widely, it rejects too often: its p-value and interval "
        "cannot be trusted then."
    ]


def _floor(facts: Facts) -> list[str]:
    unbounded = facts.smallest_p > (1 - facts.level) * (1 + 1e-9)
    if facts.interim or not facts.exact or not (facts.few or unbounded):
        return []
    said = (
        f"The arms could have been formed in {facts.allocations:,} ways, so the permutation test "
        f"cannot give a p-value below {facts.smallest_p:.3g}, however large the difference."
    )
    if unbounded:
        said += f" Its {100 * facts.level:g} % interval therefore has no limits."
    return [said]
