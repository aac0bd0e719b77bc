"""Sites that started at different times, compared with those that had not: words, table and profile."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.effect_methods import ladder
from qieval.exhibits.effect_words import interval_words, scale_for
from qieval.exhibits.format import integer, percent, plural
from qieval.exhibits.phrases import capital, care, counted, level_of, lower
from qieval.exhibits.svg import LINE, SOFT, A, canvas, to_svg
from qieval.results import Quantity
from qieval.trial import StaggeredStart

LABELS = {
    "staggered-jackknife": "Started less not yet started, jackknife over sites",
    "staggered-permutation": "The same, by every order of starts",
}


def headline(
    found: StaggeredStart, quantity: Quantity, *, arms: Sequence[str], site: str = "site"
) -> Statement:
    """Say what sites that had started lay above or below the others; no word says why."""
    row, test = found.estimate, found.permutation
    scale = scale_for(row if math.isfinite(row.se) else test.estimate, quantity)
    way = "lower" if row.estimate < 0 else "higher"
    interval = (
        f" ({level_of(row.level)} interval {interval_words(row, scale)})" if math.isfinite(row.se) else ""
    )
    said = (
        f"{lower(quantity.label)} was **{scale.show()(abs(row.estimate))} "
        f"{scale.unit}** {way} at {plural(site)} "
        f"already {arms[-1] if arms else 'started'} than was to be "
        f"expected from those that were not{interval}."
    )
    who = (
        f"{counted(len(found.sites), site)} that started are compared, of {integer(row.n_clusters)}; "
        f"{integer(row.n)} values of a {site} in a period."
    )
    return Statement(name="headline", role="headline", say=capital(said), more=[who])


def cautions(found: StaggeredStart, *, site: str = "site") -> Statement:
    """Say what weighs on the comparison, the gravest first."""
    test, said = found.permutation, []
    if test.smallest_p > 0.05:
        said.append(
            f"The {integer(test.allocations)} orders in which "
            f"{plural(site)} could have started cannot give a "
            f"p-value below {test.smallest_p:.3g}, however large the difference."
        )
    if math.isnan(found.estimate.se):
        said.append(found.estimate.notes[-1])
    if found.left_out:
        said.append(
            f"Left out: {counted(found.left_out, 'value')} since a "
            f"start, because no {site} was yet to start in "
            "that period."
        )
    return care(said, otherwise="None of the fixed rules for few sites or starts applies.")


def sites(
    found: StaggeredStart, quantity: Quantity, *, site: str = "site", hidden: Collection[str] = ()
) -> Table:
    """Show each site's own difference since its start, but of those `hidden` for too few people."""
    scale = scale_for(found.permutation.estimate, quantity)
    frame = found.sites.assign(cluster=found.sites["cluster"].astype(str))
    return Table(
        name="sites",
        caption=f"What each {site} lay above (+) or below what was to be expected of it, since its start.",
        frame=frame[~frame["cluster"].isin(hidden)],
        columns=[
            columns.words("cluster", site.capitalize()),
            columns.count("start", "Started in period"),
            columns.count("periods", "Periods compared"),
            Column(source="estimate", label="Difference", unit=scale.unit, show=scale.show(plus=True)),
        ],
    )


def methods(found: StaggeredStart, quantity: Quantity) -> Table:
    """Show the estimate with both of its errors, and what a two-way regression would have said."""
    rows = [found.estimate, found.permutation.estimate]
    scale = scale_for(found.permutation.estimate, quantity)
    show = scale.show(plus=True)
    notes = [f"{LABELS[row.method]}: {note}" for row in rows for note in row.notes]
    if math.isfinite(found.two_way):
        notes.append(
            f"A regression on site, period and exposure would have given {show(found.two_way)} "
            f"{scale.unit}; {percent()(found.negative_share)} of its "
            "weight on started sites is negative, since it "
            "takes sites that started earlier as a comparison for later ones."
        )
    return ladder(
        "staggered",
        [(LABELS[row.method], row) for row in rows],
        scale,
        caption=(
            f"Difference in {lower(quantity.label)}, started less not yet started, each site counted once."
        ),
        heads=("Method", "Estimate"),
        notes=notes,
    )


def profile(found: StaggeredStart, quantity: Quantity, *, site: str = "site") -> Figure:
    """Draw the difference by time since the start; fewer sites stand behind the later points."""
    scale = scale_for(found.permutation.estimate, quantity)
    frame = found.profile
    fig, ax = canvas(640, 240)
    ax.axhline(0, color=LINE, linewidth=1)
    ax.plot(frame["exposure_time"], scale.factor * frame["estimate"], "-o", color=A, markersize=5)
    points = list(zip(frame["exposure_time"], frame["estimate"], frame["sites"], strict=True))
    for since, estimate, count in points:
        at = (since, scale.factor * estimate)
        ax.annotate(str(count), at, xytext=(0, 8), textcoords="offset points", ha="center", color=SOFT)
    ax.set_xlabel("periods since the start")
    ax.set_ylabel(scale.unit)
    show = scale.show(plus=True)
    said = "; ".join(f"{since:g}: {show(estimate)}" for since, estimate, _ in points)
    return Figure(
        name="profile",
        caption=(
            f"Difference by periods since the start, {scale.unit}; the "
            f"number of {plural(site)} stands at each point."
        ),
        alt=f"Difference by periods since the start, {scale.unit}. {said}.",
        svg=to_svg(fig, name="profile"),
        frame=frame,
    )
