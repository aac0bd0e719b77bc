"""NIST's Statistical Reference Datasets for one-way analysis of variance, against exact arithmetic.

The data and certified values are those of the National Institute of Standards and Technology (public domain),
https://www.itl.nist.gov/div898/strd/anova/anova.html. SmLs01 to SmLs09 (Simon & Lesage 1989) follow a rule:
nine treatments; within each the first value at the treatment's mean, the others 0.1 below and above in turn.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from qieval.stats.moments import Moments
from qieval.trial import icc

SILICON = """
196.3052 196.1240 196.1890 196.2569 196.3403
196.3042 196.3825 196.1669 196.3257 196.0422
196.1303 196.2005 196.2889 196.0343 196.1811
196.2795 196.1748 196.1494 196.1485 195.9885
196.2119 196.1051 196.1850 196.0052 196.2090
"""
SILVER = """
107.8681568 107.8681465 107.8681572 107.8681785 107.8681446 107.8681903 107.8681526 107.8681494 \
107.8681616 107.8681587 107.8681519 107.8681486 107.8681419 107.8681569 107.8681508 107.8681672 \
107.8681385 107.8681518 107.8681662 107.8681424 107.8681360 107.8681333 107.8681610 107.8681477
107.8681079 107.8681344 107.8681513 107.8681197 107.8681604 107.8681385 107.8681642 107.8681365 \
107.8681151 107.8681082 107.8681517 107.8681448 107.8681198 107.8681482 107.8681334 107.8681609 \
107.8681101 107.8681512 107.8681469 107.8681360 107.8681254 107.8681261 107.8681450 107.8681368
"""
OFFSETS = {"01": "1", "04": "1000000", "07": "1000000000000"}
SIZES = (21, 201, 2001)
CERTIFIED = {"SiRstv": 1.18046237440255, "AtmWtAg": 15.9467335677930}
CERTIFIED |= {f"SmLs{int(first) + place:02d}": SIZES[place] * 1.0 for first in OFFSETS for place in range(3)}


def simon_lesage(offset: str, size: int) -> np.ndarray:
    """Values (9, size) as the files write them, in decimals: the offset and 0.2 to 0.6."""

    def tenths(place: int) -> int:
        return 2 if place == 0 else 1 if place % 2 else 3

    return np.array(
        [
            [float(f"{offset}.{tenths(treatment) + tenths(row)}") for row in range(size)]
            for treatment in range(9)
        ]
    )


def data(name: str) -> np.ndarray:
    if name.startswith("SmLs"):
        number = int(name[4:]) - 1
        return simon_lesage(list(OFFSETS.values())[number // 3], SIZES[number % 3])
    text = SILICON if name == "SiRstv" else SILVER
    return np.array([line.split() for line in text.strip().splitlines()], dtype=float)


def exact(values: np.ndarray) -> float:
    """F in rational arithmetic on the very doubles that the computer was given."""
    groups = [[Fraction(value) for value in row] for row in values.tolist()]
    size, count = len(groups[0]), len(groups)
    means = [sum(row) / size for row in groups]
    grand = sum(means) / count
    between = size * sum((mean - grand) ** 2 for mean in means) / (count - 1)
    within = sum((x - mean) ** 2 for row, mean in zip(groups, means, strict=True) for x in row)
    return float(between * count * (size - 1) / within)


def digits(value: float, truth: float) -> float:
    return 15.0 if value == truth else min(15.0, -math.log10(abs(value / truth - 1)))


def by_icc(values: np.ndarray) -> float:
    """F from the ANOVA correlation; the clusters stand in both arms, which leaves the mean squares alone."""
    count, size = values.shape
    rows = pd.DataFrame(
        {
            "y": np.tile(values.ravel(), 2),
            "cluster": np.repeat(np.arange(2 * count), size),
            "arm": np.repeat([0, 1], count * size),
        }
    )
    rho = icc(rows, outcome="y", cluster="cluster", arm="arm").estimate.estimate
    return 1 + size * rho / (1 - rho)


def by_moments(values: np.ndarray) -> float:
    count, size = values.shape
    moments = Moments.from_arrays(
        outcome=values.ravel(),
        codes=np.repeat(np.arange(count), size),
        clusters=range(count),
        level=np.empty((count, 0)),
        constants=(),
        rows=np.empty((count * size, 0)),
        covariates=(),
    )
    means = moments.mean[:, -1] - moments.mean[0, -1]
    between = size * ((means - means.mean()) ** 2).sum() / (count - 1)
    return float(between * count * (size - 1) / moments.scatter[:, -1, -1].sum())


@pytest.mark.parametrize("name", CERTIFIED)
def test_f_has_the_digits_that_the_doubles_allow(name) -> None:
    values, certified = data(name), CERTIFIED[name]
    allowed = min(14.0, digits(exact(values), certified))
    assert digits(by_icc(values), certified) >= allowed - 0.5
    # moments that travel keep each cluster's mean as one double, which an offset of 1e12 makes coarse
    assert digits(by_moments(values), certified) >= allowed - 1.3


def test_the_hard_ones_are_as_hard_as_nist_says() -> None:
    reached = {name: digits(by_icc(data(name)), value) for name, value in CERTIFIED.items()}
    assert all(reached[f"SmLs0{number}"] > 10 for number in (4, 5, 6))
    assert all(4 < reached[f"SmLs0{number}"] < 5 for number in (7, 8, 9))
