"""The life of a wave: draft, frozen with its tables, signed, published, corrected by number and reason.

It stands in ``params/<study>/wave-N.state.json``, under version control. Freezing keeps a copy of every table
beside the wave's data folder (``wave-2.frozen/0``), so that late rows can be told from corrected ones.
Withdrawals are not frozen: they hold for every wave, whatever its state.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from qieval.errors import Fault, refuse
from qieval.pipeline.faults import parse
from qieval.pipeline.provenance import plan_hash, sha256
from qieval.pipeline.swap import write_atomically
from qieval.pipeline.tables import Part

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract
    from qieval.pipeline.workspace import Workspace

NEVER_FROZEN = "withdrawals"


class Snapshot(Part):
    """The tables as they were frozen, or taken in by a correction.

    Attributes
    ----------
    number : int
        0 for the freeze, n for the n-th correction.
    on : str
        The day, ISO 8601.
    reason : str
        Of a correction.
    plan : str, optional
        SHA-256 of the plan on that day.
    tables : dict of str to str
        SHA-256 of each table by its role.
    """

    number: int
    on: str
    reason: str = ""
    plan: str | None = None
    tables: dict[str, str]


class Signature(Part):
    """Who answers for which snapshot, and since when (UTC)."""

    number: int
    by: str
    at: str


class Life(Part):
    """What has become of a wave; without snapshots it is a draft."""

    version: Literal[1] = 1
    snapshots: Annotated[tuple[Snapshot, ...], Field(strict=False)] = ()
    signatures: Annotated[tuple[Signature, ...], Field(strict=False)] = ()

    @property
    def frozen(self) -> Snapshot | None:
        """What the wave is held to now."""
        return self.snapshots[-1] if self.snapshots else None

    @property
    def signed(self) -> Signature | None:
        """Who has signed that."""
        found = [each for each in self.signatures if self.frozen and each.number == self.frozen.number]
        return found[-1] if found else None

    @property
    def words(self) -> tuple[str, ...]:
        """Say it, a sentence each."""
        if not self.snapshots:
            return ("Draft: its data may still change.",)
        first, *corrections = self.snapshots
        said = [f"Frozen on {first.on}."]
        said += [f"Correction {each.number}, {each.on}: {each.reason}" for each in corrections]
        return (
            *said,
            f"Signed by {self.signed.by}, {self.signed.at[:10]}." if self.signed else "Not signed.",
        )


def read_life(workspace: Workspace, study: str, wave: int) -> Life:
    """Read a wave's state; a draft where there is none, refused where it cannot be understood."""
    path = state_file(workspace, study, wave)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Life()
    except (OSError, ValueError) as error:
        refuse(workspace.shown(path), f"cannot be read ({error})", remedy="take it back from version control")
    return parse(Life, content, file=workspace.shown(path))


def state_file(workspace: Workspace, study: str, wave: int) -> Path:
    """Where a wave's state is kept."""
    return workspace.wave_file(study, wave).with_suffix(".state.json")


def freeze(extract: Extract, *, today: dt.date, reason: str = "") -> Life:
    """Hold a wave to its tables as they are; with a reason, take them in anew under the next number.

    Raises
    ------
    InputError
        If there is a freeze already (or, for a correction, none), or no reason is given for a correction.
    """
    life = _life(extract)
    shown = extract.workspace.shown(extract.wave_path)
    if life.frozen and not reason:
        remedy = "take changed tables in under a number: qieval correct … --reason …"
        refuse(shown, f"was frozen on {life.snapshots[0].on}", remedy=remedy)
    if reason and not life.frozen:
        refuse(shown, "is a draft, which needs no correction", remedy="qieval freeze …, when it is complete")
    number = len(life.snapshots)
    files = {role: extract.table(role)[0] for role in frozen_roles(extract)}
    folder = snapshot_folder(extract, number)
    folder.mkdir(parents=True, exist_ok=True)
    for path in dict.fromkeys(files.values()):
        shutil.copyfile(path, folder / path.name)
    tables = {role: sha256(folder / path.name) for role, path in files.items()}
    plan = plan_hash(extract.spec)
    snapshot = Snapshot(number=number, on=today.isoformat(), reason=reason, plan=plan, tables=tables)
    return _write(extract, life.model_copy(update={"snapshots": (*life.snapshots, snapshot)}))


def sign(extract: Extract, *, by: str, now: dt.datetime) -> Life:
    """Sign a frozen wave; refused for a draft, and where it is signed already."""
    life, shown = _life(extract), extract.workspace.shown(extract.wave_path)
    if not life.frozen:
        refuse(shown, "is a draft; only what is frozen can be signed", remedy="qieval freeze …")
    if life.signed:
        refuse(shown, f"was signed by {life.signed.by} on {life.signed.at[:10]}")
    signature = Signature(number=life.frozen.number, by=by, at=now.isoformat(timespec="seconds"))
    return _write(extract, life.model_copy(update={"signatures": (*life.signatures, signature)}))


def _life(extract: Extract) -> Life:
    return read_life(extract.workspace, extract.name, extract.wave.wave)


def _write(extract: Extract, life: Life) -> Life:
    path = state_file(extract.workspace, extract.name, extract.wave.wave)
    write_atomically(path, json.dumps(life.model_dump(), indent=1, ensure_ascii=False) + "\n")
    return life


def frozen_roles(extract: Extract) -> tuple[str, ...]:
    """Tables that a freeze holds: all but the withdrawals."""
    return tuple(role for role in extract.roles if role != NEVER_FROZEN)


def snapshot_folder(extract: Extract, number: int) -> Path:
    """Where the tables of a freeze or a correction are kept: beside the wave's data folder."""
    return extract.data.with_name(f"{extract.data.name}.frozen") / str(number)


def late(extract: Extract, life: Life) -> Iterator[Fault]:
    """Find tables that are no longer what the wave is held to, with what has changed in them."""
    if not life.frozen:
        return
    for role in frozen_roles(extract):
        path, _ = extract.table(role)
        if path.is_file() and sha256(path) != life.frozen.tables.get(role):
            from qieval.pipeline.rows import since_freeze  # pandas is loaded only when tables are read

            asked = extract.workspace.shown(extract.wave_path)
            yield Fault(
                file=extract.file(role),
                problem=f"changed since the wave was frozen on {life.frozen.on}: "
                f"{since_freeze(extract, role, life.frozen.number)}",
                expected="the table as it was frozen",
                remedy=f'put it back, or take it in under a number: qieval correct {asked} --reason "..."',
            )
