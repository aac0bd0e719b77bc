"""How alike the arms were before the intervention, without a test: chance differences need none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.stats.columns import arm_codes, is_numeric, labelled, numbers, require

COLUMNS = ["variable", "level", "control", "control_sd", "intervention", "intervention_sd", "difference",
           "n_control", "n_intervention", "least"]  # fmt: skip


def baseline_balance(data: pd.DataFrame, *, arm: str, variables: Sequence[str]) -> pd.DataFrame:
    """Compare the arms' participants at baseline by standardised differences.

    Parameters
    ----------
    data : DataFrame
        One row a participant.
    arm : str
        0/1, False/True or an ordered categorical, control first.
    variables : sequence of str
        Numbers, or words and flags (one row a level).

    Returns
    -------
    DataFrame
        Columns `variable`, `level` (empty for numbers), `control` and `intervention` (mean, or proportion),
        `control_sd` and `intervention_sd` (NaN for proportions), `difference` (intervention less control,
        over the root of the mean of both variances; no unit), `n_control` and `n_intervention` (known
        values), and `least` (participants of the smallest cell behind a proportion; NaN for numbers).

    References
    ----------
    Austin 2009, Stat Med 28:3083, doi 10.1002/sim.3697; on why no p: Moher et al. 2010, BMJ 340:c869.
    """
    require(data, (arm, *variables), owner="baseline_balance")
    treated = arm_codes(data[arm])[0] == 1
    rows = [row for name in variables for row in _rows(data[name], treated)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(column: pd.Series[Any], treated: Any) -> Iterator[tuple[object, ...]]:
    known = column.notna().to_numpy()
    sides = (known & ~treated, known & treated)
    counts = tuple(int(side.sum()) for side in sides)
    if is_numeric(column) and column.nunique() > 2:
        values = numbers(column)
        means = [float(np.mean(values[side])) if side.any() else math.nan for side in sides]
        sds = [float(np.std(values[side], ddof=1)) if side.sum() > 1 else math.nan for side in sides]
        gap = _standardised(means[0], means[1], sds[0] ** 2, sds[1] ** 2)
        yield column.name, "", means[0], sds[0], means[1], sds[1], gap, *counts, math.nan
        return
    codes, labels = labelled(column)
    for place, label in enumerate(labels):
        if len(labels) == 2 and place == 0:
            continue
        cells = [int((codes[side] == place).sum()) for side in sides]
        one, two = (cell / count if count else math.nan for cell, count in zip(cells, counts, strict=True))
        others = [count - cell for cell, count in zip(cells, counts, strict=True)]
        least = min(cell for cell in (*cells, *others) if cell) if any((*cells, *others)) else 0
        gap = _standardised(one, two, one * (1 - one), two * (1 - two))
        yield column.name, str(label), one, math.nan, two, math.nan, gap, *counts, float(least)


def _standardised(control: float, intervention: float, one: float, two: float) -> float:
    pooled = math.sqrt((one + two) / 2) if one + two >= 0 else math.nan
    return (intervention - control) / pooled if pooled > 0 else math.nan
