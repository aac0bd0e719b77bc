"""What team members answer about their own skill, looking back too, and about the work and its tools."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qieval.simulate.roster import sites
from qieval.simulate.streams import Floats, stream
from qieval.simulate.truth import COACHED, DEMO, Truth

PEOPLE = 4  # the core of each team, who answer at every wave
SPREAD, NOISE = 0.45, 0.7
SKILLS = tuple(f"skill{number}" for number in range(1, 9))
IMPORTANCE = tuple(f"importance{number}" for number in range(1, 9))
SHORT = ("skill1", "skill2", "skill4", "skill6")
SCALES = {"aim": 4, "iam": 4, "fim": 4, "use": 3}
COLUMNS = (*SKILLS, *IMPORTANCE, *(f"{name}{place + 1}" for name, n in SCALES.items() for place in range(n)))


def tools(seed: int, truth: Truth = DEMO) -> pd.DataFrame:
    """Draw the answers of four people a team, on scales from 1 to 5, at the first and the last wave.

    Everybody fills in the self-assessment guide at both waves and, at the last, looks back to the first with
    it (``then``) and fills in its short form; those of coached sites say how they found the work.

    Returns
    -------
    DataFrame
        respondent, site, wave, instrument, then, and `COLUMNS`: whole numbers as words, ``DK`` for "don't
        know", nothing where an instrument does not ask.
    """
    roster = sites(seed, truth)
    rows = [
        {"respondent": f"{site}-T{person + 1:02d}", "site": site, **form}
        for site, arm in zip(roster["site"], roster["arm"], strict=True)
        for person in range(PEOPLE)
        for form in _forms(seed, truth, site, person, coached=arm == COACHED)
    ]
    frame = pd.DataFrame(rows, columns=["respondent", "site", "wave", "instrument", "then", *COLUMNS])
    return frame.fillna("")


def with_tools(answers: pd.DataFrame, forms: pd.DataFrame) -> pd.DataFrame:
    """Put both kinds of answers into one table; a person's role is that of `answers`."""
    role = answers.drop_duplicates("respondent").set_index("respondent")["role"]
    both = [answers.assign(then=False), forms.assign(role=forms["respondent"].map(role))]
    whole = pd.concat(both).sort_values(["wave", "respondent"], kind="stable", ignore_index=True)
    return whole[["respondent", "site", "role", "wave", "instrument", "then", *answers.columns[5:], *COLUMNS]]


def _forms(seed: int, truth: Truth, site: str, person: int, *, coached: bool) -> list[dict[str, object]]:
    told, last = truth.tools, len(truth.cuts) - 1
    own = float(stream(seed, "tools", "person", site, person).standard_normal()) * SPREAD
    grown = told.skill + (told.coached if coached else told.control)
    means = {
        "before": dict.fromkeys(SKILLS, told.skill),
        "after": dict.fromkeys(SKILLS, grown),
        "then": dict.fromkeys(SKILLS, told.skill + told.looking_back),
        "short": dict.fromkeys(SHORT, grown),
    }
    for guide in ("before", "after", "then"):
        means[guide] |= dict.fromkeys(IMPORTANCE, told.importance)
    kinds = {
        "before": (0, "self-assessment", False),
        "after": (last, "self-assessment", False),
        "then": (last, "self-assessment", True),
        "short": (last, "passport", False),
    }
    if coached:
        received = {f"{name}{place + 1}": name for name, n in SCALES.items() for place in range(n)}
        means["aim"] = {item: told.received[name] for item, name in received.items() if name != "use"}
        means["use"] = {item: told.received[name] for item, name in received.items() if name == "use"}
        kinds |= {"aim": (last, "aim-iam-fim", False), "use": (last, "utility", False)}
    return [
        {"wave": wave, "instrument": name, "then": then}
        | _answered(stream(seed, "tools", kind, site, person), means[kind], own, unsure=name != "aim-iam-fim")
        for kind, (wave, name, then) in kinds.items()
    ]


def _answered(
    draws: np.random.Generator, means: Mapping[str, float], own: float, *, unsure: bool
) -> dict[str, object]:
    latent: Floats = np.array(list(means.values())) + own + NOISE * draws.standard_normal(len(means))
    given = np.clip(np.floor(latent + 0.5), 1, 5).astype(int)
    blank = draws.random(len(means)) < 0.02
    known = np.where(blank & unsure, "DK", np.where(blank, "", given.astype(str)))
    return dict(zip(means, known.tolist(), strict=True))
