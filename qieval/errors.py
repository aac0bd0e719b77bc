"""What can go wrong, as a small tree of named exceptions.

::

    QievalError
    ├── InputError      parameters, data or paths are at fault: nothing was run or changed (exit code 2)
    ├── ArgumentError   a function was called with something it does not take (also a ValueError)
    ├── DesignError     the question cannot be answered from this design or these data (also a ValueError)
    └── RunError        a report failed while it was made (exit code 1)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NoReturn, get_args

SHOWN_ROWS = 5


class QievalError(Exception):
    """Base of every error that qieval raises on purpose."""


class ArgumentError(QievalError, ValueError):
    """A function was called with something it does not take."""


class DesignError(QievalError, ValueError):
    """The question cannot be answered from this design or these data."""


class RunError(QievalError):
    """A report failed while it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with the input, said so that its owner can mend it.

    Attributes
    ----------
    file : str
        The file at fault, as its owner named it.
    problem : str
        What was found, in one phrase.
    column : str, optional
        The column at fault, by the owner's own name; in a YAML file the key, in a notebook the parameter.
    rows : tuple of int
        Rows at fault, as a spreadsheet numbers them (the header is row 1).
    expected : str, optional
        What would have been right.
    remedy : str, optional
        How to mend it.
    """

    file: str
    problem: str
    column: str | None = None
    rows: tuple[int, ...] = ()
    expected: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        where = self.file
        if self.column is not None:
            where += f", {self._unit} {self.column}"
        if self.rows:
            where += f", {describe_rows(self.rows)}"
        parts = [f"{where}: {self.problem}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)

    @property
    def _unit(self) -> str:
        """What `column` is called in such a file."""
        return {".yaml": "key", ".ipynb": "parameter"}.get(PurePath(self.file).suffix, "column")


class InputError(QievalError):
    """The input is at fault; every fault found is in `faults`.

    Parameters
    ----------
    faults : iterable of Fault
        At least one fault, in the order in which they should be read.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def refuse(
    file: str,
    problem: str,
    *,
    column: str | None = None,
    expected: str | None = None,
    remedy: str | None = None,
) -> NoReturn:
    """Raise InputError with one fault (see `Fault`)."""
    raise InputError([Fault(file=file, problem=problem, column=column, expected=expected, remedy=remedy)])


def describe_rows(rows: Sequence[int]) -> str:
    """Row numbers as a person would say them: ``rows 3, 8 and 12 more``."""
    shown = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
    rest = len(rows) - SHOWN_ROWS
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {shown} and {rest:,} more" if rest > 0 else f"{word} {shown}"


def check_choice(value: object, allowed: Any, *, name: str, owner: str) -> None:
    """Refuse a value that is not one of those a ``Literal`` alias lists.

    Parameters
    ----------
    value : object
        What was given.
    allowed : Literal alias
        The alias that also types the parameter, so that types and message cannot drift apart.
    name, owner : str
        The parameter and the function it belongs to, for the message.

    Raises
    ------
    ArgumentError
        If `value` is not one of the allowed ones.
    """
    choices = get_args(allowed)
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ArgumentError(f"The `{name}` parameter of `{owner}` must be one of {listed}; not {value!r}.")
