"""What each table of a study must look like: its columns, their kinds and ranges, what makes a row unique."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qieval.capability import Instrument
from qieval.pipeline.convert import WORDS, Kind
from qieval.pipeline.entry import ALLOCATED, RECRUITED
from qieval.pipeline.model import Outcome, StudyFile
from qieval.pipeline.workspace import PLAN

STEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one column must hold.

    Attributes
    ----------
    name : str
        The column's role.
    kind : {"text", "number", "whole", "integer", "date", "flag", "any", "covariate"}
        Kind of value.
    needed, filled : bool
        Whether the column must be there, and whether each of its cells must be filled.
    low, high : float, optional
        Lowest and highest value allowed.
    above : float, optional
        Values must be greater than this.
    levels : tuple of str
        The only values allowed; empty for any.
    besides : tuple of str
        Codes that stand for no answer and are kept as they are.
    """

    name: str
    kind: Kind = "text"
    needed: bool = True
    filled: bool = True
    low: float | None = None
    high: float | None = None
    above: float | None = None
    levels: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What would be right, in words."""
        if self.levels:
            return "one of " + ", ".join(self.levels)
        words = WORDS[self.kind]
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{words}, {self.low:g} or more"
        if self.above is not None:
            return f"{words} above {self.above:g}"
        return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one table must look like.

    Attributes
    ----------
    rules : tuple of Rule
        The columns that are checked; others may stand beside them.
    key : tuple of str
        Columns that together are unique.
    constant : tuple of str
        Columns that may not differ between rows of one key; told apart from a row that merely stands twice.
    may_be_empty : bool
        Whether a table without rows is in order.
    """

    rules: tuple[Rule, ...]
    key: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the checks need to know beside the tables.

    Attributes
    ----------
    spec : StudyFile
        The study.
    wave : int
        The wave whose extract is checked.
    instruments : mapping of str to Instrument
        Those that the study declares.
    cut : date, optional
        Last day of the wave.
    """

    spec: StudyFile
    wave: int
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    cut: dt.date | None = None


def sites(scope: Scope) -> Shape:
    """A roster: every cluster ever allocated or enrolled, a row each."""
    spec = scope.spec
    allocated = []
    if scope.wave == PLAN:  # nothing is allocated yet
        pass
    elif spec.allocation and spec.allocation.start:
        allocated.append(Rule(name=spec.allocation.start, kind="integer", filled=False))
    elif spec.allocation:
        allocated.append(Rule(name="arm", levels=spec.arms))
    stratum = [Rule(name=spec.stratum)] if spec.stratum else []
    days = (_optional("date", "date"), _optional(ALLOCATED, "date"))
    optional = (_optional("status"), *days, _optional("reason"))
    constant = tuple(rule.name for rule in allocated)
    return Shape(rules=(Rule(name="site"), *allocated, *stratum, *optional), key=("site",), constant=constant)


def outcomes(scope: Scope) -> Shape:
    """A participant at a wave."""
    spec = scope.spec
    rules = {"participant": Rule(name="participant"), "site": Rule(name="site"), "wave": _wave(scope)}
    if spec.allocation and spec.allocation.start:
        rules["period"] = Rule(name="period", kind="integer")
    for name, outcome in spec.outcomes.items():
        rules |= {rule.name: rule for rule in _outcome(name, outcome)}
    rules[RECRUITED] = _optional(RECRUITED, "date")
    for name in ("race_ethnicity", "language", *spec.equity.strata):
        rules.setdefault(name, _optional(name))
    if spec.arms and not (spec.allocation and spec.allocation.start):
        rules["arm"] = Rule(name="arm", levels=spec.arms, needed=False)
    return Shape(rules=tuple(rules.values()), key=("participant", "wave", "period"))


def capability(scope: Scope) -> Shape:
    """A respondent's answers to one instrument at a wave."""
    named = Rule(name="instrument", levels=tuple(scope.instruments), needed=len(scope.instruments) > 1)
    rules = {rule.name: rule for rule in (Rule(name="respondent"), Rule(name="site"), _wave(scope), named)}
    rules |= {name: _optional(name) for name in ("role", "rater")}
    rules["then"] = _optional("then", "flag")
    for instrument in scope.instruments.values():
        low, high = instrument.response.min, instrument.response.max
        codes = tuple(
            f"{code:g}" if isinstance(code, float) else code for code in instrument.response.na_codes
        )
        for item in instrument.item_ids:
            rules[item] = Rule(name=item, kind="number", filled=False, low=low, high=high, besides=codes)
    key = ("respondent", "site", "wave", "instrument", "rater", "then")
    return Shape(rules=tuple(rules.values()), key=key)


def coaching(scope: Scope) -> Shape:  # noqa: ARG001 (a shape's form, here and below)
    """A coaching contact, a toolkit step reached, or one observer's rating of a session."""
    whole = ("minutes", "invited", "attended")
    counts = tuple(Rule(name=name, kind="whole", needed=False, filled=False, low=0) for name in whole)
    rules = (
        Rule(name="site"),
        Rule(name="date", kind="date"),
        Rule(name="kind"),
        Rule(name="step", kind="integer", filled=False, low=1, high=STEPS),
        *counts,
        _optional("held", "flag"),
        _optional("rater"),
        _optional("rating", "number"),
    )
    return Shape(rules=rules, may_be_empty=True)


def measures(scope: Scope) -> Shape:
    """A site's measure in a period, in all or by group; with a plan beside it where there is one."""
    spec = scope.spec
    numbers = tuple(Rule(name=name, kind="number", low=0) for name in ("numerator", "denominator"))
    plan = Rule(name="planned", kind="number", needed=False, filled=False, low=0)
    named = Rule(name="measure", levels=tuple(spec.measures))
    strata = tuple(_optional(name) for name in spec.equity.strata)
    quality = (
        Rule(name="eligible", kind="number", needed=False, filled=False, low=0),
        _optional("submitted", "date"),
    )
    key = ("site", "measure", "period", *spec.equity.strata)
    columns = (Rule(name="site"), named, Rule(name="period"), *numbers, plan, *quality, *strata)
    return Shape(rules=columns, key=key)


def sources(scope: Scope) -> Shape:
    """An interview, a focus group, an observation or a document."""
    size = Rule(name="characters", kind="integer", needed=False, filled=False, low=0)
    words = ("site", "source_kind", "role", "coders", "case", "language", "translated_from")
    optional = (*map(_optional, words), _optional("date", "date"))
    return Shape(rules=(Rule(name="source"), _wave(scope), size, *optional), key=("source",))


def segments(scope: Scope) -> Shape:  # noqa: ARG001
    """A coded passage."""
    names = tuple(Rule(name=name) for name in ("source", "coder", "code"))
    ends = tuple(Rule(name=name, kind="integer", low=0) for name in ("start", "end"))
    shown = (_optional("text"), Rule(name="approved", kind="flag", needed=False))
    return Shape(rules=(*names, *ends, *shown), may_be_empty=True)


def consensus(scope: Scope) -> Shape:
    """A passage that was talked over: the first code, a second opinion, what was decided and why."""
    said = (Rule(name="first"), *(Rule(name=name, filled=False) for name in ("second", "decision")))
    place = (_optional("source"), _optional("start", "integer"), _optional("end", "integer"))
    rest = (Rule(name="who"), Rule(name="why", filled=False), _optional("rule"), _optional("date", "date"))
    return Shape(rules=(*said, *rest, *place, _wave(scope)), may_be_empty=True)


def substitutions(scope: Scope) -> Shape:  # noqa: ARG001
    """A name in the transcripts, and the description that stands in its place in quotes."""
    return Shape(rules=(Rule(name="name"), Rule(name="instead")), key=("name",), may_be_empty=True)


def approvals(scope: Scope) -> Shape:  # noqa: ARG001
    """A selection of a project file whose words may be quoted."""
    rules = (Rule(name="selection"), Rule(name="approved", kind="flag", needed=False))
    return Shape(rules=rules, key=("selection",), may_be_empty=True)


def withdrawals(scope: Scope) -> Shape:  # noqa: ARG001
    """A participant who withdrew."""
    return Shape(
        rules=(Rule(name="participant"), _optional("date", "date")), key=("participant",), may_be_empty=True
    )


def events(scope: Scope) -> Shape:  # noqa: ARG001
    """Something from outside that may have moved the results."""
    dates = (Rule(name="start", kind="date"), _optional("stop", "date"))
    return Shape(rules=(*dates, Rule(name="kind"), Rule(name="label")), may_be_empty=True)


def changes(scope: Scope) -> Shape:
    """Something that a site tested."""
    return Shape(rules=(Rule(name="site"), *events(scope).rules), may_be_empty=True)


def codebook(scope: Scope) -> Shape:  # noqa: ARG001
    """A code; `qieval.coding.Codebook` checks ids and hierarchy."""
    words = ("parent", "name", "definition", "include", "exclude", "replaces")
    return Shape(rules=(Rule(name="code"), *map(_optional, words)))


def paired_sites(scope: Scope) -> Shape:  # noqa: ARG001
    """A site's published figure before and after, with its quartile each time."""
    figures = tuple(Rule(name=name, kind="number") for name in ("before", "after"))
    quartiles = tuple(
        Rule(name=name, kind="integer", needed=False, low=1, high=4)
        for name in ("quartile_before", "quartile_after")
    )
    return Shape(rules=(Rule(name="site"), *figures, *quartiles), key=("site",))


SHAPES: dict[str, Callable[[Scope], Shape]] = {
    "sites": sites,
    "outcomes": outcomes,
    "capability": capability,
    "coaching": coaching,
    "measures": measures,
    "sources": sources,
    "segments": segments,
    "consensus": consensus,
    "substitutions": substitutions,
    "approvals": approvals,
    "withdrawals": withdrawals,
    "events": events,
    "changes": changes,
    "codebook": codebook,
    "paired_sites": paired_sites,
}


def _optional(name: str, kind: Kind = "text") -> Rule:
    return Rule(name=name, kind=kind, needed=False, filled=False)


def _wave(scope: Scope) -> Rule:
    return Rule(name="wave", kind="integer", low=0, high=scope.wave)


def _outcome(name: str, outcome: Outcome) -> list[Rule]:
    low, high = outcome.range or (None, None)
    rules = {
        "continuous": Rule(name=name, kind="number", filled=False, low=low, high=high),
        "binary": Rule(name=name, kind="whole", filled=False, low=0, high=1),
        "count": Rule(name=name, kind="whole", filled=False, low=0),
    }
    found = [rules[outcome.type]]
    if outcome.baseline:
        found.append(Rule(name=outcome.baseline, kind="number", filled=False, low=low, high=high))
    if outcome.exposure:
        found.append(Rule(name=outcome.exposure, kind="number", filled=False, above=0))
    return found + [Rule(name=covariate, kind="covariate", filled=False) for covariate in outcome.covariates]
