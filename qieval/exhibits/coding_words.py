"""The sentences of a coding report, composed from its results."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from qieval.coding import Corpus, Quotes, Tally, TextAgreement
from qieval.exhibits.format import fixed, integer, is_absent, percent
from qieval.exhibits.phrases import capital, counted, joined
from qieval.exhibits.phrases import interval as spoken

HIDDEN = "hidden"
COEFFICIENTS = {"kappa": "Cohen's kappa", "alpha": "Krippendorff's alpha"}
MOST_LISTED = 3


def listed(words: Iterable[object]) -> str:
    """Quote names and join them as a sentence does; beyond three, say how many more."""
    names = [f"\N{LEFT DOUBLE QUOTATION MARK}{word}\N{RIGHT DOUBLE QUOTATION MARK}" for word in words]
    if len(names) > MOST_LISTED:
        names = [*names[:MOST_LISTED], f"{len(names) - MOST_LISTED} more"]
    return joined(names)


def found_in(rows: pd.DataFrame) -> str:
    """Say in how many of how many sources the codes of some rows (all alike) were found."""
    first = rows.iloc[0]
    return f"{integer(first['sources'])} of {integer(first['n_sources'])}"


def interval(rows: pd.DataFrame, tally: Tally) -> str:
    """Write the interval of the first of some rows of a tally."""
    first = rows.iloc[0]
    return spoken(tally.level, first["ci_low"], first["ci_high"], percent())


def read(corpus: Corpus, until: str) -> str:
    """Say what was read, up to when, and by how many coders."""
    total = corpus.total
    kinds = corpus.kinds.iloc[:-1]
    parts = [counted(number, kind) for number, kind in zip(kinds["sources"], kinds["kind"], strict=True)]
    of_kinds = f" ({', '.join(parts)})" if parts else ""
    sites = f" at {counted(total['sites'], 'site')}" if total["sites"] else ""
    when = f" All sources up to and including {until} count." if until else ""
    double = total["double_coded"]
    shared = f"; {integer(double)} of them were given to at least two" if double else ""
    return (
        f"{counted(total['sources'] or 0, 'source')}{of_kinds}{sites}, coded by "
        f"{counted(len(corpus.coders), 'coder')}{shared}.{when}"
    )


def agreed(agreement: TextAgreement) -> str:
    """Say in one sentence how far the coders agree, or why that is not known."""
    overall = agreement.frame.iloc[-1]
    value = overall[agreement.coefficient]
    if is_absent(value):
        return f"Agreement between coders is not given: {_reason(overall['reason'])}."
    bounds = (
        _reason(overall["reason"])
        if is_absent(overall["ci_low"])
        else spoken(agreement.level, overall["ci_low"], overall["ci_high"], fixed(2))
    )
    return (
        f"Over {counted(agreement.n_sources, 'source')}, {COEFFICIENTS[agreement.coefficient]} was "
        f"**{fixed(2)(value)}** ({bounds}): of the text that one coder or another marked with a code, both "
        f"marked {percent()(overall['jaccard'])}."
    )


def set_aside(corpus: Corpus) -> tuple[str, ...]:
    """Say what could not be counted, and why."""
    total = sum(corpus.excluded.values())
    reasons = ", ".join(f"{count} {reason}" for reason, count in corpus.excluded.items())
    aside = (
        f"{counted(total, 'segment')} could not be counted: {reasons}."
        if total
        else "No segment had to be set aside."
    )
    repeats = (
        f"Repeats of a segment by the same coder, counted once as a passage: {integer(corpus.repeated)}."
    )
    return (aside, *([repeats] if corpus.repeated else []), *corpus.notes)


def agreement_notes(agreement: TextAgreement, *, unused: int) -> tuple[str, ...]:
    """Say how to read the coefficients."""
    notes = [
        "All codes together: observed and expected disagreement summed over the codes that were used; shares "
        "of all characters averaged over them.",
        "Nobody marks most of a text with any one code, so agreement on all characters is high whatever the "
        "coders do: read the share of what either marked beside it.",
    ]
    if agreement.n_sources and not is_absent(agreement.frame["ci_low"].iloc[-1]):
        notes.append(
            f"Intervals: {integer(agreement.draws)} resamples of whole sources, seed {agreement.seed}, for "
            f"{COEFFICIENTS[agreement.coefficient]}."
        )
    if unused:
        notes.append(f"Left out: {counted(unused, 'code')} that no coder used in these sources.")
    return (*notes, *(f"{capital(_reason(note))}." for note in agreement.notes))


def held_back(quotes: Quotes) -> tuple[str, ...]:
    """Say which approved passages were blocked, by what was found in them."""
    if not quotes.blocked:
        return ()
    found = joined([f"{kind.replace('_', ' ')} ({count})" for kind, count in quotes.blocked.items()])
    return (f"Approved passages held back until somebody changes their words: {found}.",)


def alt_shares(tally: Tally) -> str:
    """Tell the bars to a person who cannot see them."""
    rows = tally.frame.itertuples()
    said = "; ".join(f"{row.name} {row.sources} of {row.n_sources}" for row in rows)
    return f"Bars, one a code, of the sources in which it was found: {said}."


def alt_groups(tally: Tally) -> str:
    """Tell the shares by group to a person who cannot see them."""
    parts = []
    for group, rows in tally.frame.groupby("group", sort=False):
        cells = ", ".join(
            f"{row.name} {HIDDEN if is_absent(row.share) else percent()(row.share)}"
            for row in rows.itertuples()
        )
        parts.append(f"{group}: {cells}")
    return f"Shares of sources by group. {'; '.join(parts)}."


def _reason(reason: str) -> str:
    return reason.removeprefix("undefined: ")
