"""Closed forms over replicates, each held to the public function on the rows of the same trials."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.errors import QievalError
from qieval.results import Estimate
from qieval.trial import gee, mixed_model, robust_linear_model, wild_bootstrap
from qieval.trial.characteristics import Scenario
from qieval.trial.replicate_models import kenward_roger, least_squares, linked, marginal, model_p, wild_p

NAMED = {"outcome": "outcome", "arm": "arm", "cluster": "cluster"}
OUTCOMES = [("gaussian", 0.0), ("binomial", 0.3), ("binomial", 0.02), ("poisson", 1.0), ("poisson", 0.05)]
REFUSED = Estimate(term="", method="", estimate=math.nan)


def publicly(rows: pd.DataFrame, family: str) -> dict[str, Estimate]:
    """What the public functions say of a trial's rows, under the names of the closed forms."""

    def of(method, **more) -> Estimate:
        try:
            return method(rows, **NAMED, **more).estimate
        except QievalError:
            return REFUSED

    found = {"cr2": of(robust_linear_model), "wild-bootstrap-rademacher": of(wild_bootstrap, draws=199)}
    if family != "poisson":
        found["mixed-model-kr"] = of(mixed_model)
    try:
        rows_of = {row.method: row for row in gee(rows, **NAMED, family=family).corrections}
    except QievalError:
        rows_of = {}
    names = ("gee", "gee-kauermann-carroll", "gee-mancl-derouen", "gee-fay-graubard")
    return found | {name: rows_of.get(name, REFUSED) for name in names}


@pytest.mark.parametrize(("family", "control"), OUTCOMES)
@pytest.mark.parametrize("clusters", [(2, 2), (3, 1), (3, 3), (6, 6)])
def test_every_closed_form_is_the_public_method(clusters, family, control) -> None:
    """Estimate, standard error, df and p to 1e-8 relative; what one refuses, so does the other."""
    scenario = Scenario(clusters=clusters, icc=0.1, sizes="unequal", family=family, control=control)
    draws = scenario.draw(2, 3)
    frames = [draws.rows(place) for place in range(2)]
    squares = [
        rows.groupby("cluster")["outcome"].var(ddof=0) * rows.groupby("cluster").size() for rows in frames
    ]
    draws = replace(draws, squares=np.array(squares))
    effects = {"cr2": least_squares(draws), **marginal(draws)}
    if family != "poisson":
        effects["mixed-model-kr"] = kenward_roger(draws)
    for place, rows in enumerate(frames):
        theirs = publicly(rows, family)
        wild = theirs.pop("wild-bootstrap-rademacher")
        assert wild_p(draws, most=199)[place] == pytest.approx(wild.p_value, rel=1e-12, nan_ok=True)
        assert theirs.keys() == effects.keys()
        for name, row in theirs.items():
            ours = effects[name]
            assert ours.p()[place] == pytest.approx(row.p_value, rel=1e-8, nan_ok=True), name
            if math.isfinite(row.se):
                found = ours.estimate[place], math.sqrt(ours.variance[place]), ours.df[place]
                assert found == pytest.approx((row.estimate, row.se, row.df), rel=1e-8), name


def test_where_the_correlation_has_no_solution_both_fall_back_to_none() -> None:
    """Nearly equal cluster means of counts, whose moment correlation is negative and unstable."""
    draws = Scenario(clusters=(6, 6), icc=0.0, sizes="unequal").draw(40, 3)
    ours = marginal(draws)["gee"]
    for place in (2, 17, 31):
        row = gee(draws.rows(place), **NAMED).estimate
        assert ours.estimate[place] == pytest.approx(row.estimate, rel=1e-8)
        assert math.sqrt(ours.variance[place]) == pytest.approx(row.se, rel=1e-8)


def test_an_interval_holds_what_its_test_does_not_reject() -> None:
    draws = Scenario(clusters=(3, 3), icc=0.1, family="binomial", control=0.3).draw(1, 5, effect=0.1)
    found = {name: p[0] for name, p in model_p(draws, (0.3, 0.4))}
    assert linked((0.3, 0.4), "binomial") == pytest.approx(math.log(0.4 / 0.6 / (0.3 / 0.7)))
    row = gee(draws.rows(0), **NAMED, family="binomial", level=1 - found["gee"]).estimate
    near = min(
        abs(row.ci_low - linked((0.3, 0.4), "binomial")), abs(row.ci_high - linked((0.3, 0.4), "binomial"))
    )
    assert near < 1e-8
