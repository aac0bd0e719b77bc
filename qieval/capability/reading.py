"""Reads an instrument file strictly and says what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from qieval.errors import Fault, InputError

if TYPE_CHECKING:
    from qieval.capability.instrument import Instrument, Scale

LARGEST_FILE = 256 * 1024
DEEPEST = 20
TRICKS = {
    AliasEvent: ("holds a YAML alias (*name)", "write the content out"),
    CollectionStartEvent: ("is nested too deeply", "write it flatter"),
}
TOLERANCE = 1e-9


def read_yaml(path: Path) -> object:
    """One YAML 1.2 document of plain values: no tags, no aliases, no duplicate keys, of a sane size."""

    def fault(problem: str, remedy: str | None = None) -> InputError:
        return InputError([Fault(file=path.name, problem=problem, remedy=remedy)])

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise fault(f"larger than {LARGEST_FILE // 1024} kB: not an instrument file")
        content = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise fault(error.strerror or "cannot be read") from None
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        what = getattr(error, "problem", None) or "unreadable content"
        raise fault(f"is not valid YAML{where}: {what}") from None
    if isinstance(content, type):
        raise fault(*TRICKS[content])
    return content


@cache  # a check asks for the same few files again and again; whoever asks leaves the content as it is
def _parsed(words: str) -> object:
    """The content of a YAML document, read no further than the first of `TRICKS`, which it then gives."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(words):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            return CollectionStartEvent
        if isinstance(event, AliasEvent):
            return AliasEvent
    return YAML(typ="safe", pure=True).load(words)


def faults(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """What is wrong with an instrument whose every key is of the right type."""
    response = instrument.response
    if response.min >= response.max:
        yield "response", f"min {response.min:g} is not below max {response.max:g}"
    for value, times in Counter(instrument.item_ids).items():
        if times > 1:
            yield "items", f"the id {value!r} is given {times} times"
    for code in response.na_codes:
        if not isinstance(code, str) and response.min <= code <= response.max:
            yield "response.na_codes", f"{code:g} is an answer on the scale"
    for item in instrument.items:
        if item.importance_of is not None and item.importance_of not in instrument.item_ids:
            yield f"items.{item.id}.importance_of", f"no such item: {item.importance_of}"
    yield from _scale_faults(instrument, "total", instrument.total)
    for name, scale in instrument.subscales.items():
        yield from _scale_faults(instrument, f"subscales.{name}", scale)
    yield from _band_faults(instrument)


def _scale_faults(instrument: Instrument, key: str, scale: Scale) -> Iterator[tuple[str, str]]:
    if unknown := [name for name in scale.items if name not in instrument.item_ids]:
        yield f"{key}.items", f"no such items: {', '.join(unknown)}"
    if len(set(scale.items)) < len(scale.items):
        yield f"{key}.items", "an item is given twice"
    missing = scale.missing or instrument.missing
    n_items = len(instrument.members(scale))
    if (missing.rule == "strict") != (missing.value is None):
        need = "takes no" if missing.rule == "strict" else "needs a"
        yield f"{key}.missing", f"the rule {missing.rule} {need} value"
    elif missing.rule == "max_missing" and not 0 <= missing.most(n_items) < n_items:
        yield f"{key}.missing", f"{missing.value:g} missing of {n_items} items leaves nothing to score"
    elif missing.rule == "min_answered" and not 1 <= float(missing.value or 0) <= n_items:
        yield f"{key}.missing", f"{missing.value:g} answers of {n_items} items cannot be asked for"
    elif missing.rule == "min_prop" and not 0 < float(missing.value or 0) <= 1:
        yield f"{key}.missing", f"a proportion lies above 0 and up to 1; not {missing.value:g}"


def _band_faults(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Gaps and overlaps: each printed band must start one step above the one below."""
    if not instrument.bands:
        return
    bands = instrument.bands
    lowest, highest = instrument.span(instrument.total)
    step = instrument.response.step if instrument.total.method in {"sum", "count"} else 0.0
    if len({band.label for band in bands}) < len(bands):
        yield "bands", "two bands have the same label"
    reached = lowest - step
    for band in bands:
        if band.upper < band.lower:
            yield "bands", f"{band.label!r} ends at {band.upper:g}, below its start {band.lower:g}"
        if band.lower > reached + step + TOLERANCE:
            yield "bands", f"a gap: {_between(reached + step, band.lower - step)} in no band"
        if band.lower < reached + step - TOLERANCE:
            yield "bands", f"an overlap: {band.label!r} starts at {band.lower:g}, in or below the band before"
        reached = max(reached, band.upper)
    if reached < highest - TOLERANCE:
        yield "bands", f"a gap: {_between(reached + step, highest)} in no band"
    if reached > highest + TOLERANCE:
        yield "bands", f"the last band ends at {reached:g}, above the highest total {highest:g}"


def _between(low: float, high: float) -> str:
    return f"a total of {low:g} is" if low >= high else f"totals from {low:g} to {high:g} are"
