"""Where the random numbers come from: one independent stream for every table and concern.

A stream is named, not numbered, so that a new one (a shift planted in one measure, a second study) takes no
number from those already drawn, and what was published before stays as it was. Draws are turned into data by
comparison and by linear maps only, so that a changed truth moves the values it names and no others.
"""

from __future__ import annotations

import hashlib
import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LIMIT = 2.2
MOST_EVENTS = 60


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator that belongs to a seed and a name, the same on every machine.

    Parameters
    ----------
    seed : int
        Seed of the study, not negative.
    *name : str or int
        Path of the stream, for instance ``"outcomes", "relapse", 2``.
    """
    digest = hashlib.sha256("/".join(str(part) for part in name).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def bounded(z: Floats, limit: float = LIMIT) -> Floats:
    """Standard normal draws cut at ±`limit` and scaled back to variance one; their mean stays exactly zero.

    Notes
    -----
    The variance of a standard normal clipped at c is ``2Φ(c) − 1 − 2cφ(c) + 2c²(1 − Φ(c))``.
    """
    inside = math.erf(limit / math.sqrt(2))
    density = math.exp(-(limit**2) / 2) / math.sqrt(2 * math.pi)
    variance = inside - 2 * limit * density + limit**2 * (1 - inside)
    return np.clip(z, -limit, limit) / math.sqrt(variance)


def poisson(u: Floats, mean: Floats) -> Ints:
    """Poisson counts by inversion: the smallest k whose cumulative probability is not below `u`.

    Parameters
    ----------
    u : array of float, shape (n,)
        Uniform draws on [0, 1).
    mean : array of float, shape (n,)
        Expected counts; fit for means up to about 30.
    """
    count = np.zeros(u.shape, dtype=np.int64)
    term = np.exp(-mean)
    total = term.copy()
    for k in range(1, MOST_EVENTS):
        above = u > total
        if not above.any():
            break
        count += above
        term = term * mean / k
        total = total + term
    return count


def pick(u: Floats, shares: Floats) -> Ints:
    """Turn uniform draws into positions of a list whose entries have these shares (summing to one).

    Parameters
    ----------
    u : array of float, shape (n,)
        Uniform draws on [0, 1).
    shares : array of float, shape (levels,) or (n, levels)
        Probability of each level, for everyone or row by row.
    """
    steps = np.cumsum(shares, axis=-1)[..., :-1]
    return np.asarray((u[:, None] >= steps).sum(axis=1), dtype=np.int64)
