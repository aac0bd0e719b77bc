"""What a study file may say of one table: where it is, and how its cells are to be understood."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | int | float | bool | dt.date | None
Names = Annotated[tuple[str, ...], Field(strict=False)]
Values = Annotated[tuple[Scalar, ...], Field(strict=False)]


class Part(BaseModel):
    """A part of a file: unknown keys and values of another type are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


HeaderRow = Annotated[int, Field(ge=1)]
Unite = dict[str, dict[str, Names]]  # role -> the name to keep -> other spellings of it


class TablePart(Part):
    """What a wave file may say anew about a table.

    Attributes
    ----------
    file, sheet : str
        Where it is; a workbook's first sheet by default.
    header : int or pair of int
        Row of the column names; two rows where upper names span several lower ones.
    columns : dict
        Role -> the study's own column.
    recode : dict
        Role -> value in the file -> value meant (null for missing).
    missing : tuple
        Values that stand for missing, in every column.
    decimal : {".", ","}
        Sign of the decimals; with a comma, points, spaces and apostrophes between groups of three are
        dropped.
    dates : dict
        Role -> how dates are typed (``"%d.%m.%Y"``), or ``excel`` for serial numbers. Cells that a workbook
        itself holds as dates need nothing.
    leave_out : dict
        Role or own column -> values; rows that hold one (a totals row) are left out and counted.
    labels : bool
        Of SPSS and Stata files: whether values are replaced by their labels, where every value has one.
    distinct : bool
        Keep one of the rows that agree in every mapped column: sites out of a table of participants.
    """

    file: str | None = None
    sheet: str | int | None = None
    header: HeaderRow | Annotated[tuple[HeaderRow, HeaderRow], Field(strict=False)] = 1
    columns: dict[str, str] = {}
    recode: dict[str, dict[Scalar, Scalar]] = {}
    missing: Values = ("",)
    decimal: Literal[".", ","] = "."
    dates: dict[str, str] = {}
    leave_out: dict[str, Values] = {}
    labels: bool = True
    distinct: bool = False


class TableSpec(TablePart):
    """Where a table is and how its columns are read: role -> the study's own column."""

    file: str

    def overridden(self, part: TablePart | None) -> TableSpec:
        """Return this with what a wave file says anew."""
        return self.model_copy(update={} if part is None else part.model_dump(exclude_unset=True))
