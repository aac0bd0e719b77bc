"""What `qieval init` tells: what it saw, what it made of it, and what is left to settle."""

from __future__ import annotations

from collections.abc import Iterator

from qieval.pipeline.init import NewStudy
from qieval.pipeline.look import Look, Sheet
from qieval.pipeline.study_text import CHECK

MOST = 8


def told(made: NewStudy) -> Iterator[str]:
    """Say what the files hold, what was written, and which questions are left."""
    part = {(table.sheet.file, table.sheet.name): role for role, table in made.proposal.tables.items()}
    for sheet in made.sheets:
        yield from _sheet(sheet, part.get((sheet.file, sheet.name)))
    shown = made.workspace.shown
    yield f"Wrote {shown(made.study_file)} and {shown(made.wave_file)} in {made.workspace.root.name}/."
    lines = made.study_file.read_text(encoding="utf-8").splitlines()
    left = [line.strip() for line in lines if CHECK in line.partition("#")[2] and not line.startswith("#")]
    if made.proposal.doubts or left:
        yield "Yours to settle in it:"
        yield from (f"  - {doubt}" for doubt in made.proposal.doubts)
        yield from (f"  - {line}" for line in left)
    yield f"Next: qieval check {shown(made.wave_file)}"


def _sheet(sheet: Sheet, role: str | None) -> Iterator[str]:
    name = f", sheet {sheet.name!r}" if sheet.name else ""
    yield f"{sheet.file.name}{name}: {len(sheet.frame):,} rows; {role or 'not used'}"
    yield from (f"    seen: {said}" for said in sheet.found)
    yield from (f"    {_column(each)}" for each in sheet.looks[: 3 * MOST])
    if len(sheet.looks) > 3 * MOST:
        yield f"    and {len(sheet.looks) - 3 * MOST} more columns"


def _column(look: Look) -> str:
    if look.kind == "number":
        return f"{look.name}: numbers from {look.low:g} to {look.high:g}"
    if look.levels:
        more = " …" if len(look.levels) > MOST else ""
        return f"{look.name}: {', '.join(look.levels[:MOST])}{more}"
    return f"{look.name}: {look.kind}, {look.distinct:,} different values"
