"""A planned trial: its power, what it can detect, what it needs, how it is allocated, what it cannot show."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.ticker import PercentFormatter

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.effect_words import inline
from qieval.exhibits.format import difference_unit, factor_of, fixed, integer, percent, plural
from qieval.exhibits.phrases import capital, care, counted, joined
from qieval.exhibits.svg import LINE, PALETTE, SOFT, canvas, to_svg
from qieval.results import Quantity, Record
from qieval.trial import Allocation, Outlook, ParallelDesign


def headline(found: Outlook, quantity: Quantity, *, site: str = "site") -> Statement:
    """Say in one sentence whether the design can find what it is to find, over the planning ICCs."""
    powers = [plan.power for plan in found.power]
    low, high = min(powers), max(powers)
    enough = "may not be enough" if low < found.target <= high else "is enough"
    enough = "is too small" if high < found.target else enough
    share = _power(low) if high - low < 0.005 else f"{percent()(low)} to {_power(high)}"
    said = (
        f"A trial of **{counted(found.design.total, site)}** {enough}: it finds a difference of "
        f"{_effect(found.effect, quantity)} in {inline(quantity)} with a power of **{share}**, "
        f"where {percent()(found.target)} is wanted."
    )
    iccs = [f"{plan.design.icc:g}" for plan in found.power]
    more = [
        f"Intracluster correlations of {joined(iccs)} are planned for; about {integer(found.design.size)} "
        f"people from each {site}. Powers are those of a t test on {site} summaries, with "
        f"{found.design.df:g} degrees of freedom."
    ]
    records = [Record(key=f"power-icc-{plan.design.icc:g}", estimate=plan.estimate) for plan in found.power]
    return Statement(name="headline", role="headline", say=said, more=more, records=records)


def cannot(found: Outlook, quantity: Quantity, *, site: str = "site") -> Statement:
    """Say what this design cannot show, the gravest first."""
    design, said = found.design, []
    alpha = 1 - design.level
    if isinstance(design, ParallelDesign) and design.lone:
        said.append(
            f"An arm has one {site}: its own circumstances cannot be told from a difference by any data."
        )
    if design.smallest_p > alpha:
        said.append(
            f"However large the difference, the permutation test of this design cannot give a p below "
            f"{design.smallest_p:.2g}."
        )
    hopeless = [
        f"{plan.design.icc:g}" for plan, size in zip(found.power, found.sizes, strict=True) if size is None
    ]
    if hopeless:
        said.append(
            f"With an intracluster correlation of {joined(hopeless)}, no number of people from each {site} "
            f"gives the power wanted: only more {plural(site)} do."
        )
    least = [plan.effect for plan in found.detectable if plan is not None]
    if least:
        largest = max(least, key=abs)
        said.append(
            f"Differences smaller than {_effect(largest, quantity)} may be missed: at the largest "
            f"correlation planned for, that is the smallest found with a power of {percent()(found.target)}. "
            "No difference found is then not the same as no difference."
        )
    return care(said, otherwise="No fixed rule says what this design cannot show.")


def curves(found: Outlook, quantity: Quantity) -> Figure:
    """Draw power against the true difference, a line for each planning ICC."""
    factor = factor_of(quantity)
    fig, ax = canvas(640, 260)
    for (icc, rows), colour in zip(found.curves.groupby("icc", sort=True), PALETTE, strict=False):
        ax.plot(factor * rows["effect"], rows["power"], color=colour, linewidth=2, label=f"ICC {icc:g}")
    ax.axhline(found.target, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    ax.axvline(factor * found.effect, color=LINE, linewidth=1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(f"True difference, {difference_unit(quantity)}")
    ax.set_ylabel("Power")
    ax.legend(frameon=False, loc="center right" if found.effect > 0 else "center left")
    at = [f"{_power(plan.power)} at an ICC of {plan.design.icc:g}" for plan in found.power]
    return Figure(
        name="power",
        caption=(
            f"Power against the true difference in {inline(quantity)}, by planning ICC. Dotted: the power "
            "wanted; upright: the difference to be found."
        ),
        alt=f"Power to find {_effect(found.effect, quantity)}: {joined(at)}.",
        svg=to_svg(fig, name="power"),
        frame=found.curves,
    )


def needed(found: Outlook, quantity: Quantity, *, site: str = "site") -> Table:
    """Show for each planning ICC the power, the detectable effect, and the clusters or people needed."""
    factor = factor_of(quantity)
    rows = [
        {
            "icc": power.design.icc,
            "power": power.power,
            "detectable": math.nan if detectable is None else factor * detectable.effect,
            "clusters": math.nan if clusters is None else clusters.design.total,
            "size": math.nan if size is None else size.design.size,
        }
        for power, detectable, clusters, size in zip(
            found.power, found.detectable, found.clusters, found.sizes, strict=True
        )
    ]
    decimals = 1 if quantity.kind == "binary" else 2
    return Table(
        name="needed",
        caption=(
            f"What the design gives, and what {percent()(found.target)} power for a difference of "
            f"{_effect(found.effect, quantity)} needs, by planning ICC; two-sided at "
            f"{1 - found.design.level:g}."
        ),
        frame=pd.DataFrame(rows),
        columns=[
            Column(source="icc", label="ICC", show=lambda value: f"{value:g}", align="left"),
            Column(
                source="power",
                label="Power",
                unit=f"{integer(found.design.total)} {plural(site)}",
                show=_power,
            ),
            Column(
                source="detectable",
                label="Detectable difference",
                unit=difference_unit(quantity),
                show=fixed(decimals),
            ),
            columns.count("clusters", f"{plural(site).capitalize()} needed", unit="in all"),
            columns.count(
                "size", f"People a {site} needed", unit=f"with {integer(found.design.total)} {plural(site)}"
            ),
        ],
        notes=["A dash: however many people each has, that is not reached."],
    )


def balance(
    drawn: Allocation | None, *, site: str = "site", arms: tuple[str, ...] = ("control", "intervention")
) -> Table | Statement:
    """Show how alike the arms of the drawn allocation are in what was known before."""
    if drawn is None or drawn.balance.empty:
        why = "names no roster" if drawn is None else "names no covariates to balance"
        return Statement(name="balance", role="note", say=f"The plan {why}, so there is no balance to show.")
    frame = drawn.balance
    better = float((drawn.scores > drawn.score * (1 + 1e-9)).mean()) if len(drawn.scores) else math.nan
    note = (
        f"Imbalance {drawn.score:.3g}, the sum of squared standardised differences: smaller than that of "
        f"{percent()(better)} of the {integer(len(drawn.scores))} allocations looked at."
    )
    return Table(
        name="balance",
        caption=(
            f"Means over {plural(site)} in each arm of the allocation drawn; differences in standard "
            f"deviations of {plural(site)}."
        ),
        frame=frame,
        columns=[
            columns.words("covariate", "Known before"),
            Column(source="control", label=arms[0].capitalize(), show=fixed(2)),
            Column(source="intervention", label=arms[-1].capitalize(), show=fixed(2)),
            Column(source="difference", label="Difference", unit="SD", show=fixed(2, plus=True)),
        ],
        notes=[] if math.isnan(drawn.score) else [note],
    )


def allocated(drawn: Allocation | None, *, site: str = "site", arms: tuple[str, ...]) -> Table | Statement:
    """Show the allocation drawn, with the seed and the hash by which it can be drawn again."""
    if drawn is None:
        return Statement(name="allocated", role="note", say=f"Without a roster no {site} is allocated.")
    column = drawn.sites.columns[-1]
    frame = drawn.sites
    if column == "arm":
        frame = frame.assign(arm=frame["arm"].map(dict(enumerate(arms))))
    record = drawn.record
    return Table(
        name="allocated",
        caption=(
            f"A rehearsal: one of {integer(drawn.possible)} possible allocations ({record['scheme']}), "
            f"drawn with seed {record['seed']}."
        ),
        frame=frame,
        columns=[
            columns.words("cluster", capital(site)),
            columns.words(column, "Arm" if column == "arm" else "Starts at step"),
        ],
        notes=[
            f"Inputs: sha256 {record['inputs_sha256'][:12]}. "
            f"Generator: {record['generator']}, NumPy {record['numpy']}."
        ],
    )


def _power(value: float) -> str:
    """Write a power, which is never quite 100 %."""
    return f"more than {percent()(0.99)}" if value > 0.99 else percent()(value)


def _effect(effect: float, quantity: Quantity) -> str:
    """Write a difference with its unit and without a sign that the sentence does not need."""
    size = abs(effect) * factor_of(quantity)
    return f"{size:.3g}\N{NO-BREAK SPACE}{difference_unit(quantity)}"
