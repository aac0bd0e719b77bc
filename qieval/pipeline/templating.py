"""The kit's HTML templates: one look for every page, and a policy that lets them load nothing."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from qieval.exhibits.theme import DARK, FONT, LIGHT

FOLDER = Path(__file__).parent / "templates" / "qieval"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS = "January February March April May June July August September October November December"


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill one of the kit's templates; every value is escaped unless it is ``markupsafe.Markup``."""
    style = _style()
    page = _environment().get_template(template)
    safe = Markup(style)  # noqa: S704 (our own file)
    return page.render(values, style=safe, style_hash=_digest(style)) + "\n"


def written_date(value: object) -> str:
    """Write a date as a reader says it (``2025-06-30``: 30 June 2025); anything else stays as it is."""
    said = str(value or "")
    if not _DAY.fullmatch(said):
        return said
    try:
        day = dt.date.fromisoformat(said)
    except ValueError:
        return said
    return f"{day.day} {_MONTHS.split()[day.month - 1]} {day.year}"


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


@cache
def _style() -> str:
    """Fill the style sheet with the theme's colours."""
    plain = Environment(loader=FileSystemLoader(FOLDER), autoescape=False)  # noqa: S701 (a style sheet is not HTML)
    filled = plain.get_template("style.css").render(light=_colours(LIGHT), dark=_colours(DARK), font=FONT)
    return filled.strip()


def _colours(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


def _digest(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
