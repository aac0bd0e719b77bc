"""Columns that many tables share, so that the same kind of number looks the same everywhere."""

from __future__ import annotations

from qieval.exhibits.core import Column
from qieval.exhibits.format import Shower, degrees, integer, p_value, text
from qieval.exhibits.phrases import level_of

PEOPLE = frozenset(
    {"complete forms", "forms", "forms or pairs", "missing", "pairs", "participants", "patients", "people"}
)
DF = Column(source="df", label="df", show=degrees)
P = Column(source="p_value", label="p", show=p_value)


def words(source: str, label: str, *, unit: str = "", show: Shower = text) -> Column:
    """A column of words."""
    return Column(source=source, label=label, unit=unit, show=show, align="left")


def count(source: str, label: str, *, unit: str = "", show: Shower = integer) -> Column:
    """A column of counts; of people, where its label or unit says so."""
    people = bool({label.lower(), unit.lower()} & PEOPLE)
    return Column(source=source, label=label, unit=unit, show=show, people=people)


def interval(level: float, show: Shower, *, unit: str = "") -> Column:
    """The column of intervals, from ``ci_low`` to ``ci_high``."""
    return Column(source="ci_low", upper="ci_high", label=f"{level_of(level)} interval", unit=unit, show=show)
