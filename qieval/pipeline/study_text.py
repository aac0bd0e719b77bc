"""A proposed study as the text of its files: commented, with every doubt where it has to be settled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qieval.pipeline.look import Look
from qieval.pipeline.outcomes import Table
from qieval.pipeline.propose import Proposal

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*(?<! )")
WORDS = {"true", "false", "null"}
CHECK = "CHECK"


def study_yaml(study: str, proposal: Proposal, *, unite: Mapping[str, Sequence[str]]) -> str:
    """Write the study file.

    Parameters
    ----------
    study : str
        Its name.
    proposal : Proposal
        Arms and outcomes as they were settled: control first, the primary outcome first.
    unite : mapping of str to sequence of str
        Site -> other spellings of it.
    """
    parts = [
        f"# Proposed by `qieval init`. {CHECK} marks what only you can know.",
        *(f"# {doubt}" for doubt in proposal.doubts),
        f"title: {scalar(study.replace('-', ' ').capitalize())}",
        "",
        *_design(proposal),
        "",
        "outcomes:" if proposal.outcomes else "outcomes: {}",
        *(_outcome(name, said) for name, said in proposal.outcomes.items()),
        *_plan(proposal),
        "",
        "tables:" if proposal.tables else "tables: {}",
        *(line for role, table in proposal.tables.items() for line in _table(role, table)),
        *([f"unite: {{site: {flow(unite)}}}"] if unite else []),
        *([f"instruments: {flow(list(proposal.instruments))}"] if proposal.instruments else []),
        *_measures(proposal),
        *([f"equity: {{strata: {flow(list(proposal.strata))}}}"] if proposal.strata else []),
        "disclosure: {suppress_below: 5}",
        "seed: 20260101",
    ]
    return "\n".join(parts) + "\n"


def wave_yaml(study: str, wave: int, proposal: Proposal) -> str:
    """Write the wave file, with the reports that the tables allow."""
    lines = [
        f"study: {study}",
        f"wave: {wave}   # 0 is baseline",
        f"label: wave {wave}",
        "# window: [YYYY-MM-DD, YYYY-MM-DD]   # first and last day of this wave",
        f"data: ../../data/{study}/wave-{wave}   # the full extract up to this cut",
    ]
    reports = [f"  - {each}" for each in _reports(proposal, wave)]
    return "\n".join([*lines, *(["reports:", *reports] if reports else ["reports: []"])]) + "\n"


def scalar(value: object) -> str:
    """Write a value as YAML reads it back."""
    if isinstance(value, str):
        plain = PLAIN.fullmatch(value) and value.lower() not in WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def flow(value: Any) -> str:
    """Write lists and mappings in a line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def _design(proposal: Proposal) -> Iterator[str]:
    if not proposal.arms and not proposal.start:
        yield "design: uncontrolled   # no column for the arm was found"
        return
    if proposal.start:
        yield f"design: randomised   # {CHECK}: a column says when sites start; was the order drawn by lot?"
        yield "allocation: {unit: site, scheme: stepped-wedge, start: start_period, "
        yield "  arms: {control: not yet started, intervention: started}}"
        return
    yield f"design: controlled   # {CHECK}: write randomised, and allocation.scheme, if chance decided"
    yield "allocation:"
    yield "  unit: site"
    if proposal.stratum:
        yield f"  stratum: stratum   # {CHECK}: were sites allocated within it? else leave the line out"
    known = (
        "a word says which is the control"
        if proposal.control_known
        else f"{CHECK}: is the first the control?"
    )
    control, intervention = proposal.arms
    yield f"  arms: {{control: {scalar(control)}, intervention: {scalar(intervention)}}}   # {known}"
    if control.isdigit() and intervention.isdigit():
        codes = f"{{arm: {{{control}: …, {intervention}: …}}}}"
        yield f"  # to call them by words: write the words here, and recode: {codes} under tables.sites"


def _outcome(name: str, said: Mapping[str, Any]) -> str:
    keys = {key: value for key, value in said.items() if key != "why"}
    return f"  {name}: {flow(keys)}   # {said['why']}; add unit, better: lower | higher, mcid"


def _plan(proposal: Proposal) -> Iterator[str]:
    if not proposal.outcomes or not (proposal.arms or proposal.start):
        return
    primary, last = next(iter(proposal.outcomes)), max(proposal.waves or (1,))
    method, why = "cluster-t", "it holds its level with few sites"
    if proposal.start:
        method, why = "permutation", "a stepped wedge is tested over the start orders"
    yield ""
    yield "plan:"
    yield "  # dated: YYYY-MM-DD   # when the plan was laid down; never guessed"
    settled = f"{{outcome: {primary}, wave: {last}, method: {method}}}"
    yield f"  primary: {settled}   # {CHECK} outcome and wave; {why}"
    yield f"  family: {flow(list(proposal.outcomes))}"


def _table(role: str, table: Table) -> Iterator[str]:
    spec = table.sheet.spec
    written = {own: ours for ours, own in table.columns.items()}
    mapping = {ours: own for ours, own in table.columns.items() if ours != own or table.distinct}
    keys: dict[str, Any] = {"file": table.sheet.file.name}
    given = spec.model_dump(exclude_defaults=True, exclude={"file"})
    keys |= {
        key: given[key] for key in ("sheet", "header", "decimal", "missing", "leave_out") if key in given
    }
    if spec.dates:
        keys["dates"] = {written.get(own, own): form for own, form in spec.dates.items()}
    if table.distinct:
        keys["distinct"] = True
    yield f"  {role}:"
    yield from (f"    {key}: {flow(value)}" for key, value in keys.items())
    if mapping:
        yield "    columns:   # role: own column"
        looks = {each.name: each for each in table.sheet.looks}
        yield from (f"      {ours}: {scalar(own)}{_said(looks[own])}" for ours, own in mapping.items())
    if table.recode:
        yield f"    recode: {flow(table.recode)}"


def _said(look: Look) -> str:
    if look.levels and look.kind == "text":
        levels = [" ".join(level.split()) for level in look.levels[:6]]
        return f"   # {', '.join(levels)}{' …' if len(look.levels) > 6 else ''}"
    if look.kind == "number":
        return f"   # {look.low:g} to {look.high:g}"
    return f"   # {look.distinct} different values"


def _measures(proposal: Proposal) -> Iterator[str]:
    table = proposal.tables.get("measures")
    if table is None:
        return
    look = next(each for each in table.sheet.looks if each.name == table.columns["measure"])
    yield "measures:   # add better: higher | lower, target, reference_group"
    yield from (f"  {scalar(name)}: {{label: {scalar(name)}}}" for name in look.levels)


def _reports(proposal: Proposal, wave: int) -> Iterator[str]:
    tables = proposal.tables
    if "sites" in tables and "outcomes" in tables:
        yield "10_data"
        notebook = "21_stepped_wedge" if proposal.start else "20_effect"
        if proposal.arms or proposal.start:
            yield from (f"{notebook}: {{outcome: {name}}}" for name in proposal.outcomes)
    earlier = [each for each in proposal.waves if each < wave]
    if proposal.instruments and earlier:
        yield from (
            f"30_capability: {{instrument: {each}, before: {earlier[0]}}}" for each in proposal.instruments
        )
    if {"sources", "segments", "codebook"} <= set(tables):
        yield "40_coding"
