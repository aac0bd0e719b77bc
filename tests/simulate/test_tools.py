"""What team members answer about their skill and the work holds the declared truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO_SEED
from qieval.simulate.roster import sites
from qieval.simulate.teams import capability
from qieval.simulate.tools import SHORT, SKILLS, tools, with_tools
from qieval.simulate.truth import DEMO

BIG = replace(DEMO, sites_per_region=60)


@pytest.fixture(scope="module")
def forms() -> pd.DataFrame:
    return tools(4, BIG)


def mean(
    forms: pd.DataFrame, instrument: str, wave: int, items: tuple[str, ...], *, then: bool = False
) -> float:
    kept = forms[(forms["instrument"] == instrument) & (forms["wave"] == wave) & (forms["then"] == then)]
    return float(np.nanmean(kept[list(items)].apply(pd.to_numeric, errors="coerce").to_numpy(float)))


def test_skill_grows_where_coached_and_the_look_back_marks_it_down(forms: pd.DataFrame) -> None:
    coached = sites(4, BIG).query("arm == 'coached'")["site"]
    there, other = forms[forms["site"].isin(coached)], forms[~forms["site"].isin(coached)]
    guide = "self-assessment"
    for group, growth in ((there, DEMO.tools.coached), (other, DEMO.tools.control)):
        assert mean(group, guide, 2, SKILLS) - mean(group, guide, 0, SKILLS) == pytest.approx(
            growth, abs=0.08
        )
    shift = mean(forms, guide, 2, SKILLS, then=True) - mean(forms, guide, 0, SKILLS)
    assert shift == pytest.approx(DEMO.tools.looking_back, abs=0.06)
    assert mean(forms, "passport", 2, SHORT) == pytest.approx(mean(forms, guide, 2, SHORT), abs=0.06)


def test_only_coached_sites_say_how_they_found_the_work(forms: pd.DataFrame) -> None:
    asked = forms[forms["instrument"] == "aim-iam-fim"]
    assert set(asked["site"]) == set(sites(4, BIG).query("arm == 'coached'")["site"])
    for name, n in (("aim", 4), ("fim", 4)):
        items = tuple(f"{name}{place + 1}" for place in range(n))
        assert mean(asked, "aim-iam-fim", 2, items) == pytest.approx(DEMO.tools.received[name], abs=0.1)


def test_the_answers_of_the_team_instrument_stay_as_they_were() -> None:
    alone = capability(DEMO_SEED)
    whole = with_tools(alone, tools(DEMO_SEED))
    kept = whole.loc[whole["instrument"] == "musiq", alone.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone)
    assert whole["role"].notna().all()
