"""The allocations that a constrained randomisation could have drawn, as the study keeps them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qieval.errors import refuse
from qieval.pipeline.extract import Extract
from qieval.stats.columns import listed


def candidates_of(extract: Extract, sites: pd.Series[Any], called: pd.Series[Any]) -> pd.DataFrame | None:
    """Read the candidate allocations of a constrained randomisation; None for other schemes.

    The study names a CSV file beside itself: a row an allocation, a column for every site of the roster, in
    each cell 0 for control and 1 for intervention, or the arm's label.

    Parameters
    ----------
    extract : Extract
        The wave's files.
    sites, called : Series
        Sites of the roster by their own names, as in the file, and as reports call them.

    Raises
    ------
    InputError
        If the file is not there, lacks a site, or holds something else.
    """
    allocation = extract.spec.allocation
    if allocation is None or allocation.scheme != "constrained":
        return None
    place, asked_by = extract.workspace, extract.study_path
    key = "allocation.candidates"
    path = place.inside(
        str(allocation.candidates), base=asked_by.parent, asked_by=place.shown(asked_by), key=key
    )
    shown = place.shown(path)
    if not path.is_file():
        refuse(shown, "there is no such file", remedy=f"put it there, or name it under {key} in study.yaml")
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    absent = [site for site in sites if site not in found]
    if absent:
        refuse(shown, f"has no column for {listed(absent)}", expected="a column for every site of the roster")
    control, intervention = extract.spec.arms
    codes = {"0": 0.0, "1": 1.0, control: 0.0, intervention: 1.0}
    read = pd.DataFrame({site: found[site].str.strip().map(codes) for site in sites})
    wrong = list(read.columns[read.isna().any()])
    if wrong or read.empty:
        problem = f"holds other values in {listed(wrong)}" if wrong else "holds no allocation"
        refuse(shown, problem, expected=f"0 or 1 in every cell, or {control!r} and {intervention!r}")
    return read.set_axis(list(called), axis=1)
