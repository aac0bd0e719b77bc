"""Which part a table plays and which role a column, told by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qieval.pipeline.hints import folded
from qieval.pipeline.look import Look, Sheet

SUFFIXES = ("id", "code", "name", "no", "nr", "nº", "number")
SITES = (
    "site centre center clinic hospital practice cluster ward facility school klinik zentrum hospital centro"
)
PEOPLE = "participant patient person subject record study pid id fall case pseudonym paciente"
WORDS: dict[str, str] = {
    "participant": PEOPLE,
    "site": SITES,
    "wave": "wave round visit timepoint welle ola",
    "period": "period quarter month monat quartal mes",
    "arm": "arm group allocation treatment condition trialarm studyarm gruppe grupo brazo bras",
    "stratum": "region stratum strata bezirk provincia",
    "start_period": "startperiod startquarter crossover",
    "respondent": "respondent teammember member",
    "role": "role profession rolle rol",
    "instrument": "instrument questionnaire survey",
    "date": "date day datum fecha",
    "kind": "kind type art",
    "step": "step toolkitstep",
    "minutes": "minutes duration min",
    "held": "held tookplace",
    "measure": "measure indicator metric",
    "numerator": "numerator num",
    "denominator": "denominator denom",
    "race_ethnicity": "raceethnicity race ethnicity ethnicgroup",
    "language": "language sprache idioma",
    "age": "age alter edad",
    "sex": "sex gender geschlecht sexo",
    "status": "status",
    "reason": "reason",
    "source": "source document interview",
    "source_kind": "sourcekind",
    "coder": "coder",
    "coders": "coders",
    "code": "code",
    "start": "start begin",
    "end": "end stop",
    "text": "text quote passage",
    "approved": "approved",
    "characters": "characters length",
    "parent": "parent theme",
    "name": "name",
    "definition": "definition description",
    "exposure": "personyears persontime followup followupyears yearsatrisk timeatrisk exposure",
}
USES: dict[str, tuple[str, ...]] = {
    "segments": ("source", "coder", "code", "start", "end", "text", "approved"),
    "codebook": ("code", "parent", "name", "definition"),
    "sources": ("source", "source_kind", "site", "role", "wave", "date", "characters", "coders"),
    "measures": ("site", "measure", "period", "numerator", "denominator", "race_ethnicity", "language"),
    "coaching": ("site", "date", "kind", "step", "minutes", "held"),
    "capability": ("respondent", "site", "role", "wave", "instrument"),
    "outcomes": ("participant", "site", "wave", "period", "race_ethnicity", "language"),
    "sites": ("site", "arm", "stratum", "start_period", "status", "date", "reason"),
}
NEEDS = {
    "segments": 3,
    "codebook": 1,
    "sources": 1,
    "measures": 5,
    "coaching": 2,
}  # the first so many of USES
# An "ED visit" is no wave and a "functional status" no site's: by their last word only these are known.
BY_LAST_WORD = ("participant", "site", "respondent", "age", "sex", "race_ethnicity", "language")
ANY_OF = {"codebook": (1, 4), "sources": (1, 8), "coaching": (3, 5)}  # and one of these


def column_roles(looks: Sequence[Look]) -> dict[str, str]:
    """Give each role its column: by the whole name first, then without its ending, then by its last part."""
    roles: dict[str, str] = {}
    taken: set[str] = set()
    for form in (_whole, _without_suffix, _last_part):
        for role, words in WORDS.items():
            if form is _last_part and role not in BY_LAST_WORD:
                continue
            for each in looks:
                free = role not in roles and each.name not in taken and each.kind != "empty"
                if free and form(each.name) in words.split():
                    roles[role] = each.name
                    taken.add(each.name)
    return roles


def _whole(name: str) -> str:
    return folded(re.sub(r"[(\[].*?[)\]]", "", name)).replace("_", "")


def _without_suffix(name: str) -> str:
    bare = _whole(name)
    return next((bare.removesuffix(end) for end in SUFFIXES if bare.endswith(end) and bare != end), bare)


def _last_part(name: str) -> str:
    """The last word of a name that says more than that it is a code."""
    parts = [_without_suffix(each) for each in re.split(r" - |[\s._-]", name)]
    return next((each for each in reversed(parts) if each and each not in SUFFIXES), "")


def instrument_items(
    looks: Sequence[Look], instruments: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Find the instruments of which at least half of the items are there."""
    own = {re.sub(r"(?<=\D)0+(?=\d)", "", folded(each.name)): each.name for each in looks}
    found = {}
    for name, items in instruments.items():
        here = {
            item: own[short]
            for item in items
            if (short := re.sub(r"(?<=\D)0+(?=\d)", "", folded(item))) in own
        }
        if len(here) >= max(3, len(items) / 2):
            found[name] = here
    return found


def part(sheet: Sheet, roles: Mapping[str, str], items: Mapping[str, Any]) -> str | None:
    """Say which part a sheet plays, if that can be told."""
    for role, count in NEEDS.items():
        low, high = ANY_OF.get(role, (0, 0))
        some = any(name in roles for name in USES[role][low:high]) or not high
        if all(name in roles for name in USES[role][:count]) and some:
            return role
    if items:
        return "capability"
    if "site" not in roles:
        return None
    once = next(each for each in sheet.looks if each.name == roles["site"]).distinct == len(sheet.frame)
    if once and "participant" not in roles:
        return "sites"
    return "outcomes" if "participant" in roles else None
