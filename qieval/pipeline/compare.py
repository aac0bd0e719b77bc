"""Two sets of published results beside each other: which numbers moved, came or went."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qieval.errors import refuse
from qieval.pipeline.collect import NUMBERS

FIELDS = (*NUMBERS, "n", "n_clusters", "primary", "status")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One result that is not the same on both sides.

    Attributes
    ----------
    key : str
        As in ``results.json``.
    before, after : mapping or None
        Its rows; None where it is not there.
    fields : tuple of str
        What differs.
    """

    key: str
    before: Row | None
    after: Row | None
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            there, row = ("only before", self.before) if self.after is None else ("only after", self.after)
            return f"{self.key}: {there}, {_number(row['estimate'] if row else None)}"
        pairs = ", ".join(
            f"{name} {_number(old)} -> {_number(new)}{_by(old, new)}"
            for name in self.fields
            for old, new in [(self.before.get(name), self.after.get(name))]
        )
        return f"{self.key}: {pairs}"


def read_results(folder: Path) -> dict[str, Row]:
    """Read the results of a published wave by key; refuses a folder without any."""
    path = folder / "results.json"
    try:
        return {row["key"]: row for row in json.loads(path.read_text(encoding="utf-8"))["results"]}
    except (OSError, ValueError, KeyError, TypeError):
        refuse(str(path), "there are no results that can be read", expected="the folder of a published wave")


def changes(before: Mapping[str, Row], after: Mapping[str, Row], *, rel: float = 0.0) -> Iterator[Change]:
    """Give the results that differ by more than a relative tolerance, those of `before` first."""
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield Change(key=key, before=old, after=new)
        elif fields := tuple(name for name in FIELDS if not _same(old.get(name), new.get(name), rel)):
            yield Change(key=key, before=old, after=new, fields=fields)


def diff_page(
    before: Row, after: Row, sources: Sequence[tuple[str, str]], found: Iterable[Change], said: str
) -> str:
    """Write a comparison as a page.

    Parameters
    ----------
    before, after : mapping
        The two waves' records.
    sources : sequence of (str, str)
        What went in otherwise: kind and words.
    found : iterable of Change
        Results that differ.
    said : str
        The bottom line.
    """
    from qieval.pipeline.templating import render

    values = {
        "synthetic": bool(after["synthetic"]),
        "study_title": after["title"],
        "before": f"wave {before['wave']} ({before['label']})",
        "after": f"wave {after['wave']} ({after['label']})",
        "said": said,
        "sources": sources,
        "changes": [_shown(change) for change in found],
    }
    return render("diff.html.j2", values)


def _shown(change: Change) -> dict[str, str]:
    one, two = change.before or {}, change.after or {}
    others = [f"{name} {one.get(name)} → {two.get(name)}" for name in change.fields if name in FIELDS[7:]]
    moved = _by(one.get("estimate"), two.get("estimate")).strip(" ()")
    sides = {"before": _with_interval(one), "after": _with_interval(two)}
    return sides | {"key": change.key, "change": moved, "others": "; ".join(others)}


def _with_interval(row: Row) -> str:
    if row.get("estimate") is None:
        return "none"
    ends = [row.get("ci_low"), row.get("ci_high")]
    interval = "" if None in ends else f" ({_number(ends[0])} to {_number(ends[1])})"
    return f"{_number(row['estimate'])}{interval}"


def _same(one: Any, two: Any, rel: float) -> bool:
    if isinstance(one, float | int) and isinstance(two, float | int) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=rel, abs_tol=rel * 1e-3)
    return bool(one == two)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _by(old: Any, new: Any) -> str:
    if not isinstance(old, float) or not isinstance(new, float):
        return ""
    return f" ({new - old:+.3g})"
