"""Key results over the waves run so far: a sentence, a drawing of each trajectory, a table."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import pandas as pd

from qieval.exhibits.columns import P, count, interval, words
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.format import fixed
from qieval.exhibits.marks import KEY_EXHIBITS, SCALES
from qieval.exhibits.phrases import interval as spoken
from qieval.exhibits.phrases import level_of
from qieval.exhibits.svg import PAPER, SOFT, A, canvas, to_svg

NUMBERS = ["estimate", "ci_low", "ci_high", "p_value", "level", "n", "n_clusters"]
COLUMNS = ["key", "result", "wave", "wave_label", "unit", *NUMBERS, "primary", "status", "term"]
PANEL, AXIS, TITLE_WIDTH = 170, 60, 36
INTERIM = "Interim results come before the plan’s primary wave: intervals without tests."


def key_results(results: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Choose the rows that are followed over the waves: of each report the first row of its main table.

    Parameters
    ----------
    results : DataFrame
        Rows of ``results.json`` of all waves, as `Study.results` gives them.
    labels : mapping, optional
        Words for the last part of a report's name, an outcome's label for instance.

    Returns
    -------
    DataFrame
        One row for each result and wave, the primary result first, in the units shown (proportions as
        percentage points): key, result, wave, wave_label, unit, estimate, ci_low, ci_high, p_value, level, n,
        n_clusters, primary, status, term.
    """
    frame = results[results["key"].str.split("/").str[1].isin(KEY_EXHIBITS)] if len(results) else results
    first = frame.drop_duplicates(["report", "wave"])["key"].unique()
    frame = frame[frame["key"].isin(first)].copy()
    frame[NUMBERS] = frame[NUMBERS].astype("float64")
    frame["result"] = [_words(report, labels or {}) for report in frame["report"]]
    leading = frame.groupby("key")["primary"].transform("any").astype(bool)
    frame = frame.assign(leading=~leading, place=frame["key"].map({key: n for n, key in enumerate(first)}))
    frame = frame.sort_values(["leading", "place", "wave"], kind="stable").reset_index(drop=True)
    return _scaled(frame)[COLUMNS]


def headline(key: pd.DataFrame) -> Statement:
    """Say where the first result stands at the last wave, and where it came from."""
    if key.empty:
        return Statement(name="headline", role="headline", say="No wave has a result to follow **yet**.")
    series = key[key["key"] == key["key"].iloc[0]]
    last = series.iloc[-1]
    size = fixed(2, plus=True)(last["estimate"])
    term = _direction(last)
    state = ", interim" if last["status"] == "interim" else ""
    say = (
        f"{last['result']} at {last['wave_label']}{state}: **{size} {last['unit']}**"
        f" ({_interval(last)}{', ' + term if term else ''})."
    )
    more = [_before(row) for _, row in series.iloc[:-1].iterrows()]
    others = key["key"].nunique() - 1
    if others:
        verb = "is one other result" if others == 1 else f"are {others} other results"
        more.append(f"There {verb} below, each with its own scale.")
    if (key["status"] == "interim").any():
        more.append(INTERIM)
    return Statement(name="headline", role="headline", say=say, more=more)


def trajectories(key: pd.DataFrame) -> Figure | Statement:
    """Draw each key result with its interval by wave, a panel each; hollow marks are interim."""
    if key.empty:
        return Statement(name="trajectories", role="note", say="There is nothing to draw yet.")
    names = list(key["key"].unique())
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    fig, axes = canvas(640, AXIS + PANEL * rows, rows=rows, cols=columns, squeeze=False, sharex=True)
    waves = key.drop_duplicates("wave").sort_values("wave")
    for ax, name in zip(axes.flat, names, strict=False):
        _panel(ax, key[key["key"] == name], waves)
    for ax in list(axes.flat)[len(names) :]:
        ax.set_axis_off()
    for ax in list(axes.flat)[len(names) - columns : len(names)]:
        ax.tick_params(labelbottom=True)
    level = level_of(key["level"].iloc[0])
    hollow = " Hollow marks are interim." if (key["status"] == "interim").any() else ""
    return Figure(
        name="trajectories",
        caption=f"Key results by wave, with {level} intervals; the line marks no difference.{hollow}",
        alt=_alt(key),
        svg=to_svg(fig, name="trajectories"),
        frame=key[["result", "wave", "unit", "estimate", "ci_low", "ci_high", "status"]],
    )


def table(key: pd.DataFrame) -> Table | Statement:
    """List each key result at each wave."""
    if key.empty:
        return Statement(name="key-results", role="note", say="There is nothing to list yet.")
    signed = fixed(2, plus=True)
    return Table(
        name="key-results",
        caption="Key results at each wave.",
        frame=key.assign(what=key["result"] + ", " + key["unit"]),
        columns=[
            words("what", "Result"),
            words("wave_label", "Wave"),
            Column(source="estimate", label="Estimate", show=signed),
            interval(key["level"].iloc[0], signed),
            *([P] if key["p_value"].notna().any() else []),
            count("n", "Participants"),
            *([count("n_clusters", "Clusters")] if key["n_clusters"].notna().any() else []),
            words("status", "State"),
        ],
        emphasis=[place for place, primary in enumerate(key["primary"]) if primary],
        notes=[INTERIM] if (key["status"] == "interim").any() else [],
    )


def _words(report: str, labels: Mapping[str, str]) -> str:
    """Name a report's result: its outcome by its label, else the report in words."""
    stem, _, slug = report.partition("--")
    if slug in labels:
        return labels[slug]
    said = stem.lstrip("0123456789_").replace("_", " ").capitalize()
    return f"{said}: {slug}" if slug else said


def _scaled(frame: pd.DataFrame) -> pd.DataFrame:
    factors = frame["unit"].map(lambda unit: SCALES.get(unit, (1.0, unit))[0]).astype("float64")
    scaled = {name: frame[name] * factors for name in ("estimate", "ci_low", "ci_high")}
    return frame.assign(**scaled, unit=frame["unit"].map(lambda unit: SCALES.get(unit, (1.0, unit))[1]))


def _interval(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    return spoken(row["level"], row["ci_low"], row["ci_high"], fixed(2, plus=True))


def _direction(row: pd.Series[Any]) -> str:
    first, minus, second = str(row["term"]).partition(" - ")
    return f"{first} minus {second}" if minus else ""


def _before(row: pd.Series[Any]) -> str:
    state = " (interim)" if row["status"] == "interim" else ""
    size = fixed(2, plus=True)(row["estimate"])
    return f"At {row['wave_label']}{state} it was {size} ({_interval(row)})."


def _panel(ax: Any, series: pd.DataFrame, waves: pd.DataFrame) -> None:
    ax.axhline(0, color=SOFT, linewidth=1)
    ax.plot(series["wave"], series["estimate"], color=A, linewidth=1)
    bounded = series.dropna(subset=["ci_low", "ci_high"])
    ax.vlines(bounded["wave"], bounded["ci_low"], bounded["ci_high"], color=A, linewidth=2)
    for interim, face in ((True, PAPER), (False, A)):
        part = series[(series["status"] == "interim") == interim]
        ax.plot(part["wave"], part["estimate"], "o", markeredgecolor=A, markerfacecolor=face)
    said = [*wrap(series["result"].iloc[0], TITLE_WIDTH), *wrap(series["unit"].iloc[0], TITLE_WIDTH)]
    ax.set_title("\n".join(said))
    ax.set_xticks(list(waves["wave"]), labels=list(waves["wave_label"]))
    ax.set_xlim(waves["wave"].min() - 0.5, waves["wave"].max() + 0.5)


def _alt(key: pd.DataFrame) -> str:
    said = [_spoken(series) for _, series in key.groupby("key", sort=False)]
    return f"Interval plots by wave, {len(said)} results. {' '.join(said)}"


def _spoken(series: pd.DataFrame) -> str:
    signed = fixed(2, plus=True)
    steps = [
        f"{row['wave_label']} {signed(row['estimate'])} ({_interval(row)})" for _, row in series.iterrows()
    ]
    return f"{series['result'].iloc[0]}, {series['unit'].iloc[0]}: {'; '.join(steps)}."
