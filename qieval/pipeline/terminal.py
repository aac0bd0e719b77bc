"""What the command says, so that nothing in it can write over a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from qieval.errors import InputError

if TYPE_CHECKING:
    from qieval.pipeline.init import Question
    from qieval.pipeline.parameters import NotebookCard

CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)  # what could move a terminal's cursor; not tab and newline


def faults(error: InputError) -> str:
    """Write an input error with all its faults."""
    count = len(error.faults)
    head = "One fault" if count == 1 else f"{count} faults"
    lines = "\n".join(f"- {fault}" for fault in error.faults)
    return f"{head} in the input; nothing was run or changed.\n{lines}"


def say(words: str = "") -> None:
    """Say something on the standard output."""
    typer.echo(plain(words))


def complain(words: str) -> None:
    """Say something on the standard error."""
    typer.echo(plain(words), err=True)


def plain(words: str) -> str:
    """Show what could move a terminal's cursor as its code."""
    return CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", words)


def ask(question: Question) -> str:
    """Put a question and its choices, until a number answers it."""
    say(question.words)
    for number, choice in enumerate(question.choices, start=1):
        say(f"  {number}  {choice}")
    allowed = range(1, len(question.choices) + 1)
    while (number := typer.prompt("Number", type=int, default=1)) not in allowed:
        say(f"A number from 1 to {len(question.choices)}, please.")
    return question.choices[number - 1]


def described(card: NotebookCard) -> Iterator[str]:
    """Write a notebook with its question and its parameters."""
    yield f"  {card.name}  {card.question}"
    for parameter in card.parameters:
        said = f"  {parameter.help}" if parameter.help else ""
        yield f"      {parameter.name}: {parameter.annotation} = {parameter.default!r}{said}"
