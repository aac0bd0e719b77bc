"""Whom the evaluators spoke to at each wave, and what (in words that nobody said) was written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from qieval.simulate.phrases import CODES, FILLERS, GROUPS, THINGS, TIMES
from qieval.simulate.roster import sites
from qieval.simulate.streams import stream
from qieval.simulate.truth import COACHED, DEMO, Truth

ROLES = (
    "clinician",
    "manager",
    "coach",
    "patient representative",
    "clinician",
    "manager",
    "patient representative",
)
INTERVIEWS = 12
NEW_A_WAVE = 2
LENGTHS = {"interview": (34, 50), "focus group": (48, 66), "observation": (18, 28), "document": (14, 22)}
GROUP_SOURCES = ("focus group", "focus group", "observation", "document")
DOUBLE_CODED = 0.6
CODED = 0.5
SHARPENED = 2
AT_FIRST = {
    ("motivation.equity", "name"): "Equity",
    ("coordination.workload", "definition"): "Work and who does it.",
}
LEAVES = tuple(code for code in CODES if code.templates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One sentence of a source.

    Attributes
    ----------
    start, end : int
        Half-open code points in the source's text.
    code : str
        The code that the sentence was made for; empty where it was made for none.
    approved : bool
        Whether it may be quoted.
    """

    start: int
    end: int
    code: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The text of a source with its sentences.

    Attributes
    ----------
    text : str
        The whole text.
    passages : tuple of Passage
        Its sentences in order.
    """

    text: str
    passages: tuple[Passage, ...]


def codebook(wave: int = 2) -> pd.DataFrame:
    """List the codes at a wave: code, parent (empty for a theme), name, definition.

    Two codes had other words at first: coders sharpened them before wave 2.
    """
    frame = pd.DataFrame(
        [[code.code, code.parent, code.name, code.definition] for code in CODES],
        columns=["code", "parent", "name", "definition"],
    )
    for (code, column), words in AT_FIRST.items() if wave < SHARPENED else ():
        frame.loc[frame["code"] == code, column] = words
    return frame


def sources(seed: int, truth: Truth = DEMO) -> tuple[pd.DataFrame, Mapping[str, Transcript]]:
    """Draw the sources of all waves and their texts.

    Each wave has interviews (most of the same people again, some new), two focus groups, an observation and a
    document. One coder is assigned to all of them, a second to six in ten of each wave.

    Returns
    -------
    DataFrame
        source, source_kind, site, case (who speaks, of interviews), role, wave, date, characters,
        coders (joined by ";").
    mapping of str to Transcript
        The text of each source. Only the coded passages of it are ever written to a file.
    """
    people = _people(seed, truth)
    rows = [row for wave in range(len(truth.cuts)) for row in _wave(seed, truth, people, wave)]
    frame = pd.DataFrame(rows)
    named = zip(frame["source"], frame["source_kind"], strict=True)
    texts = {source: transcript(seed, source, kind) for source, kind in named}
    frame["characters"] = [len(texts[source].text) for source in frame["source"]]
    frame["coders"] = _coders(seed, frame)
    return frame, texts


def _people(seed: int, truth: Truth) -> list[dict[str, str]]:
    """List who may be interviewed: a pseudonym, a site and a role; coaches belong to coached sites."""
    roster = sites(seed, truth)
    coached = roster.loc[roster["arm"] == COACHED, "site"].tolist()
    n = INTERVIEWS + NEW_A_WAVE * (len(truth.cuts) - 1)
    order = stream(seed, "sources", "people").random(len(roster)).argsort()
    places = roster["site"].to_numpy()[order]
    roles = [ROLES[number % len(ROLES)] for number in range(n)]
    return [
        {
            "case": f"P{number + 1:02d}",
            "site": coached[number % len(coached)] if role == "coach" else str(places[number % len(places)]),
            "role": role,
        }
        for number, role in enumerate(roles)
    ]


def _wave(seed: int, truth: Truth, people: list[dict[str, str]], wave: int) -> list[dict[str, object]]:
    draws = stream(seed, "sources", "wave", wave)
    first = date.fromisoformat(truth.cuts[wave][0])
    met = people[NEW_A_WAVE * wave : NEW_A_WAVE * wave + INTERVIEWS]
    hosts = [people[int(u * len(people))]["site"] for u in draws.random(len(GROUP_SOURCES))]
    together = [{"case": "", "site": host, "role": "team"} for host in hosts]
    kinds = ["interview"] * INTERVIEWS + list(GROUP_SOURCES)
    rows: list[dict[str, object]] = []
    for number, (kind, who) in enumerate(zip(kinds, [*met, *together], strict=True), start=1):
        day = first + timedelta(days=30 + int(draws.random() * 120))
        rows.append(
            {
                "source": f"W{wave}-{number:02d}",
                "source_kind": kind,
                **{name: who[name] for name in ("site", "case", "role")},
                "wave": wave,
                "date": day.isoformat(),
            }
        )
    return rows


def _coders(seed: int, frame: pd.DataFrame) -> list[str]:
    rank = pd.Series([stream(seed, "sources", "coders", name).random() for name in frame["source"]])
    wave = frame["wave"]
    both = rank.groupby(wave).rank(method="first") <= DOUBLE_CODED * wave.groupby(wave).transform("size")
    return ["coder-1;coder-2" if second else "coder-1" for second in both]


def transcript(seed: int, source: str, kind: str) -> Transcript:
    """Write the text of one source from template sentences, half of them made for a code."""
    draws = stream(seed, "sources", "text", source)
    shortest, longest = LENGTHS[kind]
    n = shortest + int(draws.random() * (longest - shortest + 1))
    weights = 0.4 + draws.random(len(LEAVES))
    cumulative = np.cumsum(weights / weights.sum())[:-1]
    sentences, passages, position = [], [], 0
    for u in draws.random((n, 7)):
        code, sentence = _sentence(u, int((u[1] >= cumulative).sum()))
        sentences.append(sentence)
        end = position + len(sentence)
        passages.append(Passage(start=position, end=end, code=code, approved=bool(u[6] < 0.3)))
        position = end + 1
    return Transcript(text=" ".join(sentences), passages=tuple(passages))


def _sentence(u: np.ndarray, leaf: int) -> tuple[str, str]:
    """Make one sentence from seven uniform draws: its code (or none) and its words."""
    if u[0] >= CODED:
        return "", _one(FILLERS, u[2])
    code = LEAVES[leaf]
    words = {"group": _one(GROUPS, u[3]), "time": _one(TIMES, u[4]), "thing": _one(THINGS, u[5])}
    template = _one(code.templates, u[2])
    if not template.startswith("{time}"):
        words["time"] = words["time"][0].lower() + words["time"][1:]
    sentence = template.format(**words)
    return code.code, sentence[0].upper() + sentence[1:]


def _one(choices: tuple[str, ...], u: float) -> str:
    return choices[int(u * len(choices))]
