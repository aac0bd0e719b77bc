"""How two coders read the same sources: mostly alike, as people do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qieval.simulate.interviews import LEAVES, Passage, Transcript
from qieval.simulate.streams import stream

NOTICED = 0.91
OTHER_CODE = 0.04
FALSE_ALARM = 0.02
SECOND_CODE = 0.05
RUNS_ON = 0.10
STOPS_EARLY = 0.20

TALKED_OVER = 0.04
RULES = ("discussion", "discussion", "third person", "lead decides", "negative case")
REASONS = (
    "the passage names the wish, not the deed",
    "two codes fit; the narrower one was taken",
    "the definition was read again",
    "the sentence before decides",
)

Span = tuple[int, int, bool]


def segments(seed: int, sources: pd.DataFrame, texts: Mapping[str, Transcript]) -> pd.DataFrame:
    """Draw what each assigned coder marked in each source.

    A coder notices nine in ten of the passages that were made for a code, sometimes takes a neighbouring
    code, stops at a comma, runs on into the next sentence, adds a second code or marks a passage made for
    none.

    Returns
    -------
    DataFrame
        source, coder, code, start, end (half-open code points), text, approved; one coder's spans of one code
        never overlap.
    """
    rows = [
        [source, coder, code, start, end, texts[source].text[start:end], approved]
        for source, coders in zip(sources["source"], sources["coders"], strict=True)
        for coder in coders.split(";")
        for code, start, end, approved in _marked(seed, source, coder, texts[source])
    ]
    names = ["source", "coder", "code", "start", "end", "text", "approved"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values(["source", "coder", "start", "end", "code"], kind="stable", ignore_index=True)


def consensus(seed: int, sources: pd.DataFrame, texts: Mapping[str, Transcript]) -> pd.DataFrame:
    """Draw the log of passages that the first coder and two investigators talked over.

    Returns
    -------
    DataFrame
        source, wave, start, end, first, second, decision (empty while open), rule, who, why.
    """
    rows = []
    for source, wave in zip(sources["source"], sources["wave"], strict=True):
        passages = texts[source].passages
        u = stream(seed, "consensus", source).random((len(passages), 6))
        for passage, draw in zip(passages, u, strict=True):
            if passage.code and draw[0] < TALKED_OVER:
                rows.append([source, wave, passage.start, passage.end, *_talk(draw, passage.code)])
    names = ["source", "wave", "start", "end", "first", "second", "decision", "rule", "who", "why"]
    return pd.DataFrame(rows, columns=names)


def _talk(u: np.ndarray, code: str) -> tuple[str, ...]:
    """Make one entry of the log from six uniform draws: half of the second opinions differ."""
    others = [leaf.code for leaf in LEAVES if _theme(leaf.code) == _theme(code) and leaf.code != code]
    second = code if u[1] < 0.5 else others[int(u[2] * len(others))]
    decision = "" if u[3] > 0.92 else second if u[3] > 0.4 else code
    rule, why = RULES[int(u[4] * len(RULES))], REASONS[int(u[5] * len(REASONS))]
    return code, second, decision, rule, "investigator-1;investigator-2", why


def _marked(seed: int, source: str, coder: str, transcript: Transcript) -> list[tuple[str, int, int, bool]]:
    passages = transcript.passages
    u = stream(seed, "segments", source, coder).random((len(passages), 8))
    spans: dict[str, list[Span]] = {}
    for number, passage in enumerate(passages):
        span = _span(u[number], number, transcript)
        for code in _codes(u[number], passage):
            spans.setdefault(code, []).append(span)
    return [(code, *span) for code, found in spans.items() for span in _united(found)]


def _codes(u: np.ndarray, passage: Passage) -> list[str]:
    """Choose the codes that a coder gives to one sentence, from uniform draws."""
    anything = LEAVES[int(u[1] * len(LEAVES))].code
    if not passage.code:
        return [anything] if u[0] < FALSE_ALARM else []
    if u[0] >= NOTICED:
        return []
    siblings = [leaf.code for leaf in LEAVES if _theme(leaf.code) == _theme(passage.code)]
    code = siblings[int(u[3] * len(siblings))] if u[2] < OTHER_CODE else passage.code
    return [code, anything] if u[4] < SECOND_CODE and anything != code else [code]


def _theme(code: str) -> str:
    return code.partition(".")[0]


def _span(u: np.ndarray, number: int, transcript: Transcript) -> Span:
    """Choose where a coder's mark ends: with the sentence, at its comma, or with the next sentence."""
    passage = transcript.passages[number]
    start, end = passage.start, passage.end
    comma = transcript.text.find(",", start, end)
    if u[5] < STOPS_EARLY and comma > 0:
        end = comma
    elif u[6] < RUNS_ON and number + 1 < len(transcript.passages):
        end = transcript.passages[number + 1].end
    return start, end, passage.approved


def _united(spans: list[Span]) -> list[Span]:
    """Join one coder's overlapping marks of one code; the whole may be quoted only if every part may."""
    joined: list[Span] = []
    for start, end, approved in spans:
        if joined and start < joined[-1][1]:
            before = joined.pop()
            start, end, approved = before[0], max(before[1], end), before[2] and approved
        joined.append((start, end, approved))
    return joined
