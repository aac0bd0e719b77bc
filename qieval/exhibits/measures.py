"""What a report shows of a measure over time beside its charts: sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qieval.exhibits.chart_words import FEWEST, choices, reading, shower
from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import fixed, integer, percent, plural, text
from qieval.exhibits.phrases import capital, care, counted, joined, lower
from qieval.measures import Chart, FalseAlarms, Funnel, Gate, Shrunk
from qieval.results import Quantity

DEFINED = {
    "ascertainment": ("Ascertainment", "share of eligible cases in the data", percent(0)),
    "completeness": ("Completeness", "share of periods reported, mean of sites", percent(0)),
    "timeliness": ("Timeliness", "days from a month’s end to its data, median", fixed(0)),
    "reliability": ("Reliability", "of a site’s difference from the mean, median", fixed(2)),
}
BETWEEN = {"reml": "restricted maximum likelihood", "dl": "DerSimonian and Laird", "pm": "Paule and Mandel"}

BANDS = {
    "within limits": "Chance alone would set a site of its size as far apart: no reason to act on it.",
    "alert": "That is somewhat more than chance would do at its size: worth a look at what is done there.",
    "alarm": "That is more than chance would do at its size: look for the reason before judging it.",
}


def headline(
    whole: Chart,
    sites: Chart,
    found: Funnel,
    quantity: Quantity,
    *,
    terms: str,
    chance: FalseAlarms,
    own: str = "",
    site: str = "site",
    fewest: int = 5,
) -> Statement:
    """Say what the measure shows over all sites, at single ones, and what it may be used for.

    Parameters
    ----------
    own : str
        A site whose edition this is: it is told first what the measure says of itself.
    fewest : int
        Nothing is told of a site with fewer people.
    """
    order, last, over_time = sites.by_signal(), whole.points.iloc[-1], len(whole.points) > 1
    number, expected = int(order["signalled"].sum()), chance.theory * len(order)
    show = shower(quantity, float(whole.points["value"].std()))
    alarms = found.units.loc[found.units["band"] == "alarm", "unit"].astype(str).tolist()
    names = f" ({joined(alarms)})" if 0 < len(alarms) <= FEWEST else ""
    more = [f"Beyond the funnel’s outer limits: {counted(len(alarms), site)}{names} of {len(found.units)}."]
    if over_time:
        said = (
            f"Site by site, {integer(number)} of {integer(len(order))} charts signal. If nothing changed, "
            f"chance alone would make about {fixed(0 if expected >= 1 else 1)(expected)} do so."
        )
        more.insert(0, said)
    say = (
        f"**{quantity.label}: {lower(reading(whole))}.** "
        f"The centre of the last limits is {show(float(last['centre']))}."
    )
    units = found.units[(found.units["unit"].astype(str) == own) & (found.units["denominator"] >= fewest)]
    for row in units.to_dict(orient="records"):
        more.insert(0, f"All {plural(site)} together: {say.replace('**', '')}")
        say = (
            f"{quantity.label} at {own}: **{show(row['value'])}**, beside {show(found.target)} at all "
            f"{plural(site)}. {BANDS[row['band']]}"
        )
    return Statement(name="headline", role="headline", say=say, more=[*more, *([terms] if terms else [])])


def cautions(
    whole: Chart, sites: Chart, gate: Gate, shrunk: Shrunk, *, remarks: Sequence[str] = ()
) -> Statement:
    """Say what calls for care before anybody is compared by this measure."""
    met = gate.criteria["met"]
    unmet = gate.criteria.loc[met.eq(other=False).fillna(value=False), "criterion"].tolist()
    unknown = gate.criteria.loc[met.isna(), "criterion"].tolist()
    found = [f"The measurement falls short of what is asked in {joined(unmet)}."] if unmet else []
    found += [f"Nobody recorded what it takes to judge {joined(unknown)}."] if unknown else []
    if len(whole.points) > 1:
        found += [f"All sites together: {lower(note)}" for note in whole.notes]
        found += [f"Site by site: {lower(note)}" for note in sites.notes]
    return care([*found, *shrunk.notes, *remarks], otherwise="Nothing calls for care by the fixed rules.")


def gate_table(found: Gate, *, version: str = "", audit: str = "", site: str = "site") -> Table:
    """Show what is known of the measure's quality before anybody is compared by it."""
    rows = []
    for row in found.criteria.to_dict(orient="records"):
        label, meaning, show = DEFINED[row["criterion"]]
        sign, known = "at most" if row["criterion"] == "timeliness" else "at least", pd.notna(row["value"])
        rows.append(
            {
                "criterion": label,
                "meaning": meaning,
                "value": show(row["value"]) if known else "not recorded",
                "asked": f"{sign} {show(row['asked'])}",
                "met": ("yes" if row["met"] else "no") if known else "not known",
                "short": int(row["short"]) if pd.notna(row["short"]) else None,
            }
        )
    return Table(
        name="gate",
        caption=f"Whether the measurement can carry a comparison, and how many {plural(site)} fall short.",
        frame=pd.DataFrame(rows).astype({"short": "Int64"}),
        columns=[
            words("criterion", "Criterion"),
            words("meaning", "Measured as"),
            Column(source="value", label="Found"),
            Column(source="asked", label="Asked"),
            words("met", "Met"),
            count("short", f"{plural(site).capitalize()} short"),
        ],
        notes=[
            f"Definitions: {version}." if version else "The study file names no version of the definitions.",
            *([f"Over all {plural(site)}, by an audit: {audit}."] if audit else []),
        ],
    )


def readings_table(sites: Chart, quantity: Quantity, *, by: str, site: str = "site") -> Table:
    """List what every site's chart says, those that signal most first."""
    order = sites.by_signal()
    last = sites.points.groupby(by, sort=False, observed=True)["centre"].last()
    frame = order.assign(centre=order[by].map(last))
    return Table(
        name="readings",
        caption=f"What the chart of each {site} says.",
        frame=frame,
        columns=[
            words(by, site.capitalize()),
            Column(source="centre", label="Centre", show=shower(quantity, float(frame["centre"].std()))),
            words("variation", "Variation"),
            words("assurance", "Target", show=text),
            count("signals", "Signals"),
            count("longest_run", "Longest run"),
        ],
    )


def methods(chart: Chart, chance: FalseAlarms, found: Funnel, shrunk: Shrunk) -> Statement:
    """Say which choices the report rests on, those on which authorities differ."""
    wide = "exact limits"
    if found.overdispersion != "none":
        wide = (
            f"limits widened on the {found.overdispersion} scale, phi {fixed(2)(found.phi)}, "
            f"{found.trim}d tails of {percent(0)(found.tail)}"
        )
    counted_rules = " for two of its four rules" if chance.rules == "nhs-mdc" else ""
    return Statement(
        name="methods",
        role="note",
        say=f"{capital(choices(chart))}.",
        more=[
            f"Of {chance.series} stable series of {counted(chance.points, 'point')} drawn at random, "
            f"{percent(1)(chance.drawn)} signalled under these rules; theory says {percent(1)(chance.theory)}"
            f"{counted_rules}. Fewer than {FEWEST} points give trial limits; a month without data is a gap.",
            f"Funnel: {wide}. Shrinkage: variance between sites {fixed(4)(shrunk.tau2)} on the "
            f"{shrunk.mean.unit} scale by {BETWEEN[shrunk.method]}; "
            f"rankability {percent(0)(shrunk.rankability)}.",
        ],
    )
