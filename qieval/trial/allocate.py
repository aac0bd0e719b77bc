"""Allocating clusters: a draw from a stated set of allocations, with a record that can be checked."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats
from qieval.trial.allocations import TIE
from qieval.trial.balance import Sites, every_allocation, minimise, start_steps

Scheme = Literal["complete", "stratified", "pairs", "constrained", "minimised", "stepped-wedge"]
GENERATOR = "numpy.random.Generator(PCG64)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """A drawn allocation, how well it balances, and what is needed to check and to analyse it.

    Attributes
    ----------
    sites : DataFrame
        `cluster` and `arm` (0 control, 1 intervention); in a stepped wedge `start` (the step, from 1).
    balance : DataFrame
        One row a covariate column: `covariate`, `control`, `intervention` (means over clusters), `difference`
        (standardised, no unit).
    score : float
        Imbalance of the allocation: the sum over covariates of squared standardised differences; NaN without
        covariates.
    scores : array (m,)
        That of every allocation looked at.
    candidates : DataFrame or None
        Constrained and minimised: the allocations that could have been drawn, a row each, a column of 0 and 1
        for each cluster; `permutation_test(candidates=...)` takes it as it is.
    possible : int
        Allocations among which was drawn (minimised: replays kept, the one drawn included).
    record : mapping
        What the audit file holds: hash of the inputs, seed, generator, numbers, the draw.
    """

    sites: pd.DataFrame
    balance: pd.DataFrame
    score: float
    scores: Floats
    candidates: pd.DataFrame | None
    possible: int
    record: dict[str, Any]

    def tidy(self) -> pd.DataFrame:
        """One row a covariate: its standardised difference."""
        rows = zip(self.balance["covariate"], self.balance["difference"], strict=True)
        return tidy(
            Estimate(term=str(name), method="standardised-difference", estimate=float(value), unit="SD")
            for name, value in rows
        )

    def write(self, folder: Path | str) -> None:
        """Write ``allocation.csv``, ``allocation.json`` (the audit) and ``candidates.csv`` if there are any.

        Raises
        ------
        ArgumentError
            If one of them is there: an allocation is drawn once.
        """
        place = Path(folder)
        files = {"allocation.csv": self.sites, "candidates.csv": self.candidates}
        there = [name for name in (*files, "allocation.json") if (place / name).exists()]
        if there:
            raise ArgumentError(f"{place} holds {', '.join(there)}: an allocation is drawn once.")
        place.mkdir(parents=True, exist_ok=True)
        for name, frame in files.items():
            if frame is not None:
                frame.to_csv(place / name, index=False, lineterminator="\n")
        (place / "allocation.json").write_text(json.dumps(self.record, indent=1) + "\n", encoding="utf-8")


def allocate(
    sites: pd.DataFrame,
    *,
    cluster: str,
    scheme: Scheme = "complete",
    stratum: str | None = None,
    pair: str | None = None,
    covariates: Sequence[str] = (),
    ratio: tuple[int, int] = (1, 1),
    keep: float = 0.1,
    steps: Sequence[int] = (),
    draws: int = 100_000,
    seed: int,
) -> Allocation:
    """Draw an allocation of clusters to arms, or to start steps.

    Parameters
    ----------
    sites : DataFrame
        One row a cluster; its order does not matter but for minimisation.
    cluster : str
        Column of the clusters' labels.
    scheme : {"complete", "stratified", "pairs", "constrained", "minimised", "stepped-wedge"}
        Half of the clusters (or the share that `ratio` says), of each stratum, or of each pair get the
        intervention. Constrained: the same (strata kept, if given), but drawn among the best balanced
        allocations only. Minimised: clusters in the order of the rows go where the covariates stay closer,
        eight times in ten. Stepped wedge: so many clusters start at each step.
    stratum, pair : str, optional
        Columns of the strata or pairs.
    covariates : sequence of str
        Balanced by constrained and minimised allocation, shown for the others; words become indicators.
    ratio : (int, int)
        Clusters in control for so many in the intervention arm; minimised and paired allocation are one to
        one.
    keep : float
        Constrained: share of the allocations that is kept.
    steps : sequence of int
        Stepped wedge: clusters that start at each step.
    draws : int
        Allocations looked at where there are more than 200,000; replays of a minimisation that are kept.
    seed : int
        Of everything that is drawn.

    Returns
    -------
    Allocation

    Notes
    -----
    What a stratum cannot share out goes to control, and is made up for in the next ones (of an odd number of
    clusters the intervention gets one less, in every other such stratum one more). The imbalance is that of
    Raab & Butcher (2001, doi 10.1002/1097-0258(20010215)20:3<351::AID-SIM797>3.0.CO;2-C)
    with weights of one over each covariate's variance. Allocations as well balanced as the last one kept are
    kept too, so that the set does not prefer an allocation to its mirror image. The later test must permute
    within the same set (Li, Lokhnygina, Murray, Heagerty & DeLong 2016, doi 10.1002/sim.7410): pass the
    candidates. A minimised allocation is tested against its replays, in which arms end equally large.

    Examples
    --------
    >>> clinics = pd.DataFrame({"site": list("abcdef"), "beds": [10, 40, 20, 30, 15, 35]})
    >>> drawn = allocate(clinics, cluster="site", scheme="constrained", covariates=["beds"], keep=0.2, seed=1)
    >>> drawn.possible, int(drawn.sites["arm"].sum())
    (4, 3)
    """
    check_choice(scheme, Scheme, name="scheme", owner="allocate")
    needs = {"stratified": (stratum, "stratum"), "pairs": (pair, "pair"), "stepped-wedge": (steps, "steps")}
    given, name = needs.get(scheme, (True, ""))
    if not given:
        raise ArgumentError(f"`allocate` needs `{name}` for the scheme {scheme!r}.")
    if scheme in ("constrained", "minimised") and not covariates:
        raise ArgumentError(f"`allocate` needs `covariates` for the scheme {scheme!r}.")
    if not 0 < keep <= 1 or draws < 1:
        raise ArgumentError("`keep` lies above 0 and at most at 1, and `draws` is at least 1.")
    if min(ratio) < 1 or (len(set(ratio)) > 1 and scheme in ("pairs", "minimised", "stepped-wedge")):
        raise ArgumentError(f"`ratio` holds two numbers from 1 on, alike for {scheme!r}; not {ratio!r}.")
    roster = Sites.of(sites, cluster=cluster, block=pair or stratum, covariates=covariates)
    rng = np.random.default_rng(seed)
    kept: NDArray[Any] | None = None
    if scheme == "stepped-wedge":
        drawn, possible, scores = start_steps(roster, steps, rng)
    elif scheme == "minimised":
        kept = np.vstack([minimise(roster, rng) for _ in range(min(draws, 2_000))])
        scores = roster.imbalance(kept)
        drawn, possible = kept[0], len(kept)
    else:
        listed, possible = every_allocation(
            roster, pairs=scheme == "pairs", ratio=ratio, draws=draws, rng=rng
        )
        scores = roster.imbalance(listed)
        if scheme == "constrained":
            cut = np.sort(scores)[max(0, math.floor(keep * len(scores)) - 1)]
            kept = listed[scores <= cut * (1 + TIE) + TIE]
            listed, possible = kept, len(kept)
        drawn = listed[rng.integers(len(listed))]
    asked: dict[str, Any] = {
        "scheme": scheme,
        "cluster": cluster,
        "stratum": stratum,
        "pair": pair,
        "ratio": list(ratio),
        "seed": seed,
    }
    asked |= {"covariates": list(covariates), "steps": list(steps), "generator": GENERATOR}
    if scheme == "constrained":
        asked["keep"] = keep
    return _allocation(roster, drawn, scores, kept, possible, asked)


def _allocation(
    roster: Sites,
    drawn: Floats,
    scores: Floats,
    kept: Floats | None,
    possible: int,
    asked: dict[str, Any],
) -> Allocation:
    wedge = asked["scheme"] == "stepped-wedge"
    column = "start" if wedge else "arm"
    half = drawn > drawn.max() / 2 if wedge else drawn == 1  # of a wedge: late starters against early ones
    spread = roster.columns.std(axis=0, ddof=1)
    means = [roster.columns[side].mean(axis=0) for side in (~half, half)]
    apart = (means[1] - means[0]) / np.where(spread > 0, spread, np.inf)
    score = float((apart**2).sum()) if roster.names and not wedge else math.nan
    sites = pd.DataFrame({"cluster": list(roster.labels), column: drawn.astype(int)})
    record = asked | {
        "inputs_sha256": roster.digest,
        "numpy": np.__version__,
        "clusters": len(roster.labels),
        "looked_at": len(scores),
        "possible": possible,
        "imbalance": None if math.isnan(score) else score,
        "allocation": {str(label): int(arm) for label, arm in zip(roster.labels, drawn, strict=True)},
    }
    listed = None if kept is None else pd.DataFrame(kept.astype(int), columns=list(roster.labels))
    return Allocation(
        sites=sites,
        balance=pd.DataFrame(
            {"covariate": roster.names, "control": means[0], "intervention": means[1], "difference": apart}
        ),
        score=score,
        scores=scores,
        candidates=listed,
        possible=possible,
        record=record,
    )
