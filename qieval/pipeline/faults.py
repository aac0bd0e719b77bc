"""How a file's mistakes become faults that its owner can mend: by key, with a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qieval.errors import Fault, InputError

Model = TypeVar("Model", bound=BaseModel)
EXPECTED = {
    "string_type": "text (put it in quotes if it looks like a number or a date)",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date like 2025-01-31",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "tuple_type": "a list in [brackets]",
}


def suggestion(name: object, known: Iterable[object]) -> str:
    """Say `` (did you mean ...?)`` where a known name is close to the given one; else nothing."""
    names = {str(each).lower(): str(each) for each in known}
    close = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    return f" (did you mean {names[close[0]]!r}?)" if close else ""


def parse(model: type[Model], content: Any, *, file: str) -> Model:
    """Build a model from a file's content.

    Raises
    ------
    InputError
        With a fault for every key that is wrong; the key is dotted (``plan.primary.wave``).
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise InputError([_fault(model, detail, file) for detail in _readable(details)]) from None


def _readable(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Keep one finding per key: a value that may have several types gives one for each of them."""
    seen: set[tuple[int | str, ...]] = set()
    for detail in details:
        place = _place(detail)
        if place not in seen:
            seen.add(place)
            yield detail


def _place(detail: ErrorDetails) -> tuple[int | str, ...]:
    kinds = ("str", "int", "float", "bool", "date", "none", "[key]")
    return tuple(part for part in detail["loc"] if part not in kinds)


def _fault(model: type[BaseModel], detail: ErrorDetails, file: str) -> Fault:
    place = _place(detail)
    key = ".".join(str(part) for part in place) or None
    kind, value = detail["type"], detail["input"]
    if kind == "missing":
        return Fault(file=file, column=key, problem="is missing")
    if kind == "extra_forbidden":
        known = _fields(model, place[:-1])
        hint = suggestion(place[-1], known)
        return Fault(
            file=file,
            column=key,
            problem=f"there is no such key{hint}",
            expected="one of " + ", ".join(known),
        )
    if kind in EXPECTED:
        return Fault(file=file, column=key, problem=f"is {_short(value)}", expected=EXPECTED[kind])
    if kind == "literal_error":
        hint = suggestion(
            value, str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        )
        problem = f"is {_short(value)}{hint}"
        return Fault(
            file=file, column=key, problem=problem, expected=str(detail["ctx"]["expected"]).replace("'", "")
        )
    return Fault(file=file, column=key, problem=detail["msg"][0].lower() + detail["msg"][1:])


def _short(value: object) -> str:
    words = {True: "true", False: "false", None: "empty"}
    if isinstance(value, bool) or value is None:
        return words[value]
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _fields(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Names of the keys that are allowed at a place of a file."""
    current = model
    for part in place:
        if part in current.model_fields:
            current = next(_models(current.model_fields[str(part)].annotation), current)
    return list(current.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
