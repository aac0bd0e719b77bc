"""YAML as people mean it: what is written is what is read, and what is doubtful is refused with its line.

YAML 1.2 without its surprises: only ``true`` and ``false`` are truth values (``NO`` and ``on`` stay words),
``12:30`` and ``012`` stay text, a key may stand once, and there are no anchors, aliases, merges or tags.
"""

from __future__ import annotations

import copy
import datetime as dt
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

from qieval.errors import refuse

LARGEST = 1_000_000
DEEPEST = 20
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
TAG = "tag:yaml.org,2002:"
TEXT = VersionedResolver.DEFAULT_SCALAR_TAG
PLAIN = {
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "null": re.compile(r"~|null|Null|NULL|"),
    "int": re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    "float": re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"),
    "timestamp": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}


class _Resolver(VersionedResolver):
    """Gives plain words their type by `PLAIN`; everything else is text."""

    processing_version = (1, 2)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is not ScalarNode or not implicit[0]:
            return super().resolve(kind, value, (False, False))
        return next((Tag(suffix=TAG + name) for name, plain in PLAIN.items() if plain.fullmatch(value)), TEXT)


class _Constructor(SafeConstructor):
    """Builds dates as dates."""

    def date(self, node: Any) -> dt.date:
        try:
            return dt.date.fromisoformat(node.value)
        except ValueError as error:
            raise ConstructorError(
                None, None, f"{node.value} is no date: {error}", node.start_mark
            ) from error


_Constructor.add_constructor(TAG + "timestamp", _Constructor.date)


def load(path: Path, *, shown: str | None = None) -> dict[Any, Any]:
    """Read a YAML file that holds keys and values.

    Parameters
    ----------
    path : Path
        The file, at most 1 MB of UTF-8.
    shown : str, optional
        Its name in messages.

    Returns
    -------
    dict
        Words as str, whole numbers as int, decimals as float, ``2025-01-31`` as `datetime.date`.

    Raises
    ------
    InputError
        With one fault that names the line, what is wrong and how to mend it.
    """
    name = shown or str(path)
    return copy.deepcopy(_content(_read(path, name), name))


@lru_cache(maxsize=64)  # a study file is read for each of its waves
def _content(words: str, name: str) -> dict[Any, Any]:
    try:
        _refuse_tricks(words, name)
        content = _reader().load(words)
    except DuplicateKeyError as error:
        _refuse(name, _line(error), f"the key {_key_of(error)} stands twice", "keep one of them")
    except MarkedYAMLError as error:
        line = _line(error)
        _refuse(name, line, f"is not YAML that can be read ({error.problem})", _remedy(words, line))
    except (YAMLError, ValueError, TypeError) as error:
        first = str(error).strip().splitlines()[0]
        _refuse(name, None, f"is not YAML that can be read ({first})", "check the values and their dates")
    if not isinstance(content, dict):
        _refuse(name, None, "holds no keys", "write lines of the form `key: value`")
    return content


def _read(path: Path, name: str) -> str:
    if not path.is_file():
        _refuse(name, None, "there is no such file", "check the path and the name")
    if path.stat().st_size > LARGEST:
        _refuse(name, None, f"is larger than {LARGEST:,} bytes", "parameters are short; data belong in data/")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        _refuse(name, None, "is not text in UTF-8", "save it as plain text in UTF-8")
    except OSError as error:
        _refuse(name, None, f"cannot be read ({error.strerror})", "check its permissions")


def _reader() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver, yaml.Constructor = _Resolver, _Constructor
    yaml.allow_duplicate_keys = False
    return yaml


def _refuse_tricks(words: str, name: str) -> None:
    """Refuse what parameters never need, while reading on only as far as the first of it."""
    depth = 0
    for event in _reader().parse(words):
        line = event.start_mark.line + 1
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            _refuse(name, line, "is nested too deeply", "write it flatter")
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            _refuse(
                name, line, "uses an anchor or an alias (& or *)", "write the value out, or put it in quotes"
            )
        if isinstance(event, ScalarEvent) and LONE_SURROGATE.search(event.value):
            _refuse(name, line, "holds half a character (\\ud800 to \\udfff)", "write the character itself")
        if getattr(event, "tag", None):
            _refuse(name, line, f"uses a tag ({event.tag})", "leave the tag out, or put the text in quotes")


def _refuse(name: str, line: int | None, problem: str, remedy: str) -> NoReturn:
    where = name if line is None else f"{name}, line {line}"
    refuse(where, problem, remedy=remedy)


def _line(error: MarkedYAMLError) -> int | None:
    mark = error.problem_mark or error.context_mark
    return None if mark is None else mark.line + 1


def _key_of(error: MarkedYAMLError) -> str:
    found = re.search(r'duplicate key "(.*?)"', str(error.problem))
    return repr(found.group(1)) if found else "here"


def _remedy(words: str, line: int | None) -> str:
    lines = words.splitlines()
    if line is not None and line <= len(lines) and "\t" in lines[line - 1]:
        return "use spaces, not tabs"
    return "check indentation, colons and quotes there and on the line above"
