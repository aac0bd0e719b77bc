"""Why two published waves may differ: late and corrected rows, withdrawals, plan, code, parameters, apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qieval.errors import InputError, refuse
from qieval.pipeline.extract import open_extract
from qieval.pipeline.reuse import read_record

if TYPE_CHECKING:
    from qieval.pipeline.workspace import Workspace

Record = Mapping[str, Any]
Source = tuple[str, str]  # kind, and what is not the same


def read_records(before: Path, after: Path) -> tuple[Record, Record]:
    """Read the records of two published waves; refuses a folder without one that can be read."""
    found = [(folder, read_record(folder)) for folder in (before, after)]
    for folder, record in found:
        if record is None:
            refuse(str(folder / "run.json"), "there is no record that can be read", remedy="run it again")
    one, two = (record or {} for _, record in found)
    return one, two


def differing_sources(before: Record, after: Record, workspace: Workspace) -> tuple[Source, ...]:
    """Say what went into one wave and not, or otherwise, into the other.

    Parameters
    ----------
    before, after : mapping
        Their records (``run.json``).
    workspace : Workspace
        With the states of their tables, if these are still there; freezing keeps a copy.

    Returns
    -------
    tuple of (str, str)
        Kind (``Rows``, ``Withdrawals``, ``Plan``, ``Study``, ``Notebook``, ``Reports``, ``Code``) and words;
        empty where the same went in.
    """
    return (
        *_rows(before, after, workspace),
        *_withdrawals(before, after),
        *_plan(before, after),
        *_declarations(before, after),
        *_reports(before, after),
        *_code(before, after),
    )


def _tables(record: Record) -> dict[str, Mapping[str, Any]]:
    own = f"/wave-{record['wave']}/"
    tables = [each for each in record["inputs"] if each.get("role")]
    return {each["role"]: each for each in sorted(tables, key=lambda each: own in each["file"])}


def _rows(before: Record, after: Record, workspace: Workspace) -> Iterator[Source]:
    from qieval.pipeline.rows import between

    old, new = _tables(before), _tables(after)
    for role in dict.fromkeys([*old, *new]):
        if role == "withdrawals":
            continue
        if role not in old or role not in new:
            yield "Rows", f"{role}: only {'after' if role in new else 'before'}"
        elif old[role]["sha256"] != new[role]["sha256"]:
            try:
                extracts = [open_extract(workspace, each["study"], each["wave"]) for each in (before, after)]
                said = between(extracts, role, old[role]["sha256"], new[role]["sha256"])
            except InputError as error:
                said = "; ".join(map(str, error.faults))
            yield "Rows", f"{role} ({new[role]['file']}): {said}"


def _withdrawals(before: Record, after: Record) -> Iterator[Source]:
    if before.get("withdrawn") != after.get("withdrawn"):
        yield "Withdrawals", "other participants have withdrawn"


def _plan(before: Record, after: Record) -> Iterator[Source]:
    old, new = before["plan"], after["plan"]
    if old["sha256"] != new["sha256"]:
        said = [
            f"{each['date']}: {each['text']}" for each in new["amendments"] if each not in old["amendments"]
        ]
        yield "Plan", "amended, " + "; ".join(said) if said else "changed without an amendment that says so"


def _declarations(before: Record, after: Record) -> Iterator[Source]:
    old, new = (
        {Path(each["file"]).name: each["sha256"] for each in record["inputs"] if not each.get("role")}
        for record in (before, after)
    )
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield "Study", f"{name} changed"


def _reports(before: Record, after: Record) -> Iterator[Source]:
    old, new = ({each["report"]: each for each in record["reports"]} for record in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if name not in old or name not in new:
            yield "Reports", f"{name}: only {'after' if name in new else 'before'}"
    notebooks = {
        new[name]["notebook"] for name in old.keys() & new if old[name]["sha256"] != new[name]["sha256"]
    }
    yield from (("Notebook", f"{name} changed") for name in sorted(notebooks))


def _code(before: Record, after: Record) -> Iterator[Source]:
    old, new = before["versions"], after["versions"]
    moved = [f"{name} {old.get(name)} -> {new.get(name)}" for name in new if old.get(name) != new.get(name)]
    if moved:
        yield "Code", ", ".join(moved)
    elif before.get("source") != after.get("source"):
        yield "Code", "qieval or the lock changed"
