"""Every wave in one comparison: sites' own changes, a mixed model, and whether sites drift apart."""

from __future__ import annotations

import math

from qieval.exhibits.core import Statement, Table
from qieval.exhibits.effect_methods import ladder, reasons, status_of
from qieval.exhibits.effect_words import Scale, scale_of
from qieval.exhibits.format import integer, p_value, plural
from qieval.exhibits.phrases import capital, level_of
from qieval.results import Quantity, Record
from qieval.trial import Effect, RepeatedWaves
from qieval.trial.divergence import Divergence

ONE_WAVE = "The outcome was seen at one wave only, so there is no course to compare."


def waves(
    effect: Effect, found: RepeatedWaves, quantity: Quantity, *, site: str = "site", suppress_below: int = 5
) -> Table | Statement:
    """Show the difference at the last wave by each site's own change and by the model of all waves.

    Parameters
    ----------
    effect : Effect
        Of the last wave alone, which sets how numbers are shown.
    found : RepeatedWaves
        From `qieval.trial.repeated_waves`.
    suppress_below : int
        A smaller number of people seen again is not told.
    """
    if len(found.waves) < 2:
        return Statement(name="waves", role="note", say=ONE_WAVE)
    check, scale = found.divergence.estimate, scale_of(effect, quantity)
    first, last, sites = f"{found.waves[0]:g}", f"{found.waves[-1]:g}", plural(site)
    labels = {
        "site-changes": f"{capital(site)}s’ own changes since wave {first}, t",
        "site-changes-permutation": f"{capital(site)}s’ own changes, permutation test",
        "endline-ancova": f"Wave {last}, adjusted for the same people’s values at wave {first}",
        "waves-mixed-kr": f"All waves, {site} and {site} by wave as random, Kenward\N{EN DASH}Roger",
    }
    many = integer(found.again) if found.again >= suppress_below else f"Fewer than {suppress_below}"
    again = [f"{many} people were seen at more than one wave."] if found.again else []
    shown = {row.method for row in found.ladder}
    notes = [note for note in reasons(found.ladder, labels) if note != found.interim]
    return ladder(
        "waves",
        [(labels[row.method], row) for row in found.ladder],
        scale,
        caption=f"Difference at wave {last}, with every wave since wave {first}; changes come first.",
        records=[
            *(Record(key=row.method, estimate=row, status=status_of(effect)) for row in found.ladder),
            *(
                [Record(key=check.method, estimate=check, status="descriptive")]
                if math.isfinite(check.statistic)
                else []
            ),
        ],
        notes=[
            *([_drift(found.divergence, scale, sites)] if "waves-mixed-kr" in shown else []),
            *again,
            *(note.replace("clusters", sites).replace("cluster", site) for note in notes),
        ],
        tested=not found.interim,
    )


def _drift(check: Divergence, scale: Scale, sites: str) -> str:
    """Say whether sites of one arm drift apart, and so what the model of all waves is worth."""
    row, show = check.estimate, scale.show()
    seen = ""
    if math.isfinite(row.statistic):
        seen = (
            f"From wave to wave the slopes of {sites} of one arm spread by a standard deviation of "
            f"{show(row.estimate)} {scale.unit} ({level_of(row.level)} interval {show(row.ci_low)} to "
            f"{show(row.ci_high)}; F = {row.statistic:.2f} on {row.df:g} and {check.df_within:g} degrees of "
            f"freedom, p = {p_value(row.p_value)}). "
        )
    if check.allowed:
        said = (
            f"No sign of {sites} drifting apart, so the model of all waves could be relied on; a plan that "
            "does not name it keeps to the changes."
        )
    else:
        why = check.reason.replace("clusters", sites).removesuffix(".")
        said = (
            f"The model of all waves is for comparison only: {why}. Where {sites} drift apart, it takes the "
            "difference for firmer than it is."
        )
    return f"{seen}{said}"
