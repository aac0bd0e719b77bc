"""Turns of phrase that sentences about any result share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qieval.exhibits.core import Statement
from qieval.exhibits.format import Shower, decimals_for, integer, plural
from qieval.results import Estimate


def level_of(level: float) -> str:
    """Write a level of confidence: ``95 %``, ``97.5 %``."""
    return f"{100 * level:g}\N{NO-BREAK SPACE}%"


def lower(label: str) -> str:
    """Write a label as it reads within a sentence; acronyms keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def capital(words: str) -> str:
    """Give words a capital at the start."""
    return words[:1].upper() + words[1:]


def counted(number: float, noun: str) -> str:
    """Write a number of things: ``1 site``, ``3 sites``."""
    return f"{integer(number)} {noun if number == 1 else plural(noun)}"


def joined(parts: Sequence[str]) -> str:
    """Join parts as a sentence does: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def interval(level: float, low: float, high: float, show: Shower) -> str:
    """Write an interval as a sentence does: ``95 % interval −1.0 to 3.4``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no bounded interval"
    return f"{level_of(level)} interval {show(low)} to {show(high)}"


def decimals_of(estimate: Estimate) -> int:
    """Count the decimals that an estimate needs beside its interval."""
    return decimals_for(estimate.se, estimate.ci_high - estimate.ci_low)


def care(found: Sequence[str], *, otherwise: str) -> Statement:
    """Put what calls for care into one statement, the gravest first; or say that nothing does."""
    if not found:
        return Statement(name="cautions", role="note", say=otherwise)
    return Statement(name="cautions", role="caution", say=f"**Read with care.** {found[0]}", more=found[1:])
