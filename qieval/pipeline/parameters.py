"""What a notebook asks and takes: its parameters cell read as a schema, without running anything."""

from __future__ import annotations

import ast
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from qieval.errors import Fault, InputError, refuse

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
ONE = {
    "str": "text (in quotes if it looks like a number or a date)",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
MANY = {"str": "texts", "int": "whole numbers", "float": "numbers", "bool": "true or false"}
NEEDS = ("results",)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One line of a parameters cell: ``name: type = default  # help``.

    Attributes
    ----------
    name : str
        As the notebook calls it.
    type : str
        ``str``, ``int``, ``float`` or ``bool``: of the value, or of each of its items.
    default : str, int, float, bool, None or list
        Value that holds where none is given.
    help : str
        What it means.
    many, optional : bool
        Whether it is a list, and whether it may be None.
    """

    name: str
    type: str
    default: Any
    help: str = ""
    many: bool = False
    optional: bool = False

    @property
    def annotation(self) -> str:
        """The type as the cell writes it."""
        written = f"list[{self.type}]" if self.many else self.type
        return f"{written} | None" if self.optional else written

    @property
    def expected(self) -> str:
        """The type in words."""
        written = f"a list of {MANY[self.type]} in [brackets]" if self.many else ONE[self.type]
        return f"{written}, or null" if self.optional else written

    def accepts(self, value: object) -> bool:
        """Whether a value is of this parameter's type.

        A whole number serves as a float; a truth value never serves as a number.
        """
        if value is None:
            return self.optional
        if self.many:
            return isinstance(value, list) and all(self._accepts_one(item) for item in value)
        return self._accepts_one(value)

    def taken(self, value: Any) -> Any:
        """Return an accepted value as the notebook gets it: whole numbers as float where it takes floats."""
        if self.type != "float" or value is None:
            return value
        return [float(item) for item in value] if self.many else float(value)

    def _accepts_one(self, value: object) -> bool:
        if isinstance(value, bool):
            return self.type == "bool"
        if self.type == "float":
            return isinstance(value, (int, float)) and abs(value) <= sys.float_info.max
        return isinstance(value, TYPES[self.type])


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookCard:
    """What a notebook says about itself.

    Attributes
    ----------
    name : str
        Its file's name without the ending; waves ask for it by this.
    path : Path
        Where it is.
    question : str
        Its first heading.
    parameters : tuple of Parameter
        In the order of the cell.
    needs : tuple of str
        ``("results",)`` if it reads the results of the other reports of its wave.
    """

    name: str
    path: Path
    question: str
    parameters: tuple[Parameter, ...]
    needs: tuple[str, ...] = ()


def read_card(notebook: Path, *, shown: str | None = None) -> NotebookCard:
    """Read what a notebook asks and takes; nothing in it is run.

    Parameters
    ----------
    notebook : Path
        An ``.ipynb`` file with one cell tagged ``parameters``.
    shown : str, optional
        Its name in messages.

    Raises
    ------
    InputError
        If it is no notebook, or its parameters cell has another form than ``name: type = default  # help``.
    """
    file = shown or str(notebook)
    if not NAME.fullmatch(notebook.stem) or notebook.stem == "index":
        expected = "letters, digits, dots, hyphens and underscores, at most 100, and not index"
        refuse(file, "has a name that no page can have", expected=expected)
    content = _content(notebook, file)
    cells = [cell for cell in content["cells"] if "parameters" in _tags(cell)]
    if len(cells) != 1:
        problem = (
            f"{len(cells) or 'no'} cells are tagged parameters" if cells else "no cell is tagged parameters"
        )
        refuse(file, problem, expected="exactly one")
    needs: tuple[str, ...] = ()
    for metadata in (content["metadata"], cells[0]["metadata"]):
        given = metadata.get("needs", [])
        if not isinstance(given, list):
            refuse(file, f"needs {given!r}", expected="a list in [brackets] of " + ", ".join(NEEDS))
        needs += tuple(given)
    if unknown := [need for need in needs if need not in NEEDS]:
        refuse(file, f"needs {unknown[0]!r}", expected="one of " + ", ".join(NEEDS))
    parameters = _parameters(_source(cells[0]), file)
    return NotebookCard(
        name=notebook.stem, path=notebook, question=_question(content), parameters=parameters, needs=needs
    )


def _content(notebook: Path, file: str) -> dict[str, Any]:  # noqa: RET503 (it refuses)
    if not notebook.is_file():
        refuse(file, "there is no such notebook")
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        cells = content["cells"]
        for cell in cells:
            _, _, _ = cell["cell_type"], _source(cell), _tags(cell)
        metadata = content.get("metadata", {})
        if isinstance(metadata, dict):
            return {"metadata": metadata, "cells": cells}
    except OSError as error:
        refuse(file, f"cannot be read ({error.strerror})", remedy="check its permissions")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    refuse(file, "is not a notebook that can be read", remedy="open and save it in JupyterLab")


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _tags(cell: dict[str, Any]) -> list[str]:
    tags = list(cell["metadata"].get("tags", []))
    return tags if cell["cell_type"] == "code" else []


def _question(content: dict[str, Any]) -> str:
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            for line in _source(cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


def _parameters(source: str, file: str) -> tuple[Parameter, ...]:
    try:
        statements = ast.parse(source).body
        comments = dict(_comments(source))
    except (SyntaxError, tokenize.TokenError, ValueError) as error:
        refuse(file, f"the parameters cell is not Python ({error})")
    found, faults = [], []
    for statement in statements:
        try:
            found.append(_parameter(statement, comments.get(statement.end_lineno or 0, "")))
        except ValueError as error:
            where = f"{file}, parameters cell, line {statement.lineno}"
            faults.append(Fault(file=where, problem=str(error), expected="name: type = default  # help"))
    names = [parameter.name for parameter in found]
    faults += [
        Fault(file=file, column=name, problem="the parameter stands twice")
        for name in set(names)
        if names.count(name) > 1
    ]
    if faults:
        raise InputError(faults)
    return tuple(found)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ").strip()


def _parameter(statement: ast.stmt, comment: str) -> Parameter:
    if (
        not isinstance(statement, ast.AnnAssign)
        or not isinstance(statement.target, ast.Name)
        or statement.value is None
    ):
        raise ValueError(f"{ast.unparse(statement)!r} is no parameter")
    name = statement.target.id
    kind, many, optional = _annotation(statement.annotation)
    try:
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError):
        raise ValueError(f"the default of {name} is derived; papermill would not derive it anew") from None
    parameter = Parameter(name=name, type=kind, default=default, help=comment, many=many, optional=optional)
    if not parameter.accepts(default):
        raise ValueError(f"the default of {name} is {default!r}, which is no {parameter.annotation}")
    return parameter


def _annotation(node: ast.expr) -> tuple[str, bool, bool]:
    written = ast.unparse(node).replace(" ", "")
    optional = written.endswith("|None")
    kind = written.removesuffix("|None")
    many = kind.startswith("list[") and kind.endswith("]")
    kind = kind[5:-1] if many else kind
    if kind not in TYPES:
        raise ValueError(
            f"the type {ast.unparse(node)} is not one of {', '.join(TYPES)}, a list of one, or `| None`"
        )
    return kind, many, optional
