"""The cluster-robust covariance of coefficients, with its corrections for few clusters.

The leverage H of a cluster is an n x n matrix, but for any function f
``Z'W f(Z M⁻¹ Z'W) = f(Z'W Z M⁻¹) Z'W``: the eigenvalues of its p x p share of the information say it all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qieval.stats.columns import Codes, Floats
from qieval.stats.gee import Equations, Solution

FULL = 1e-9
FAY_GRAUBARD_BOUND = 0.75


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leverage:
    """Each cluster's share of the information, by its eigenvalues.

    Attributes
    ----------
    values : array (K, p)
        Eigenvalues of the cluster's leverage, 0 to 1.
    vectors : array (K, p, p)
        Their vectors, in columns.
    along : array (K, p)
        The cluster's score along them.
    out : array (p, p)
        From there to coefficients per unit of the given columns: a cluster moves them by
        ``out @ vectors @ along``.
    """

    values: Floats
    vectors: Floats
    along: Floats
    out: Floats

    @classmethod
    def of(cls, equations: Equations, solution: Solution) -> Leverage:
        """Decompose each cluster's information relative to the whole."""
        root = np.linalg.inv(np.linalg.cholesky(solution.bread.sum(axis=0)))
        values, vectors = np.linalg.eigh(root @ solution.bread @ root.T)
        along = np.einsum("ka,kab->kb", solution.score @ root.T, vectors)
        return cls(values=values, vectors=vectors, along=along, out=equations.back @ root.T)

    @property
    def full(self) -> Codes:
        """Clusters that settle a coefficient all by themselves: no residual says how far off they are."""
        return np.flatnonzero(self.values.max(axis=1) >= 1 - FULL)

    def moved(self, power: float) -> Floats:
        """How far each cluster moves the coefficients (K, p), its score times (I - H)^-power."""
        scaled = self.along * (1 - self.values) ** -power if power else self.along
        return np.asarray(np.einsum("kab,kb->ka", self.vectors, scaled) @ self.out.T)

    def freedom(self, power: float) -> Floats:
        """Satterthwaite degrees of freedom (p,) of the variances that `moved` gives.

        Each variance is a quadratic form in the rows; its first two moments are those of independent rows of
        equal variance (Bell & McCaffrey 2002). For the linear model with independence only.
        """
        values = self.values[:, None, :]
        weight = (self.out @ self.vectors) * (1 - values) ** -power
        spread = (weight * values) @ self.vectors.transpose(0, 2, 1)
        own, shared = (values * weight**2).sum(axis=2), (spread**2).sum(axis=2)
        joint = spread.transpose(1, 2, 0) @ spread.transpose(1, 0, 2)
        square = (own**2 - 2 * own * shared).sum(axis=0) + (joint**2).sum(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 where no cluster leaves a residual
            return np.asarray((own - shared).sum(axis=0) ** 2 / square)


def covariances(equations: Equations, solution: Solution, leverage: Leverage) -> dict[str, Floats]:
    """Covariance (p, p) of the coefficients per unit of the given columns, by each correction.

    Keys are ``none`` (Liang & Zeger), ``kauermann-carroll`` ((I - H)^-1/2 on both sides),
    ``kauermann-carroll-symmetrised`` (mean of (I - H)^-1 on either side), ``mancl-derouen`` and
    ``fay-graubard`` (bound 0.75). The middle three are absent where a cluster has full leverage.
    """
    raw = leverage.moved(0)
    found = {"none": raw.T @ raw}
    if not len(leverage.full):
        half, whole = leverage.moved(0.5), leverage.moved(1)
        found["kauermann-carroll"] = half.T @ half
        found["kauermann-carroll-symmetrised"] = (whole.T @ raw + raw.T @ whole) / 2
        found["mancl-derouen"] = whole.T @ whole
    # Fay and Graubard scale each element of the score, so theirs is about the columns as they were given
    out, into = equations.back, np.linalg.inv(equations.back)
    inverse = np.linalg.inv(solution.bread.sum(axis=0))
    share = np.einsum("aj,kab,jb->kj", into, solution.bread @ inverse, out)
    factor = (1 - np.minimum(FAY_GRAUBARD_BOUND, share)) ** -0.5
    scaled = (factor * (solution.score @ into)) @ (out @ inverse @ out.T)
    found["fay-graubard"] = scaled.T @ scaled
    return found
