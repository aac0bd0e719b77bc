"""Which column of a frame plays which part in a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qieval.errors import ArgumentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a frame plays which part.

    Attributes
    ----------
    outcome, arm, cluster : str
        Required.
    covariates : tuple of str
        Columns of participants or clusters to adjust for.
    stratum, pair : str, optional
        Column of the strata or matched pairs within which clusters were allocated; at most one of the two.
    exposure : str, optional
        Person-time of a count.
    inner : str, optional
        Sub-cluster within the cluster, or the period.
    """

    outcome: str
    arm: str
    cluster: str
    covariates: tuple[str, ...] = ()
    stratum: str | None = None
    pair: str | None = None
    exposure: str | None = None
    inner: str | None = None

    @property
    def block(self) -> str | None:
        """Column within which clusters were allocated."""
        return self.stratum if self.pair is None else self.pair

    @property
    def all(self) -> tuple[str | None, ...]:
        """Every column named."""
        clusters = (self.arm, self.cluster, self.stratum, self.pair)
        return (self.outcome, *self.covariates, *clusters, self.exposure, self.inner)


def names(covariates: Sequence[str], *, owner: str) -> tuple[str, ...]:
    """Give the names of covariates as a tuple; one bare string is a mistake, not a list of letters."""
    if isinstance(covariates, str):
        raise ArgumentError(
            f"The `covariates` parameter of `{owner}` takes a sequence of names; not one string."
        )
    return tuple(covariates)
