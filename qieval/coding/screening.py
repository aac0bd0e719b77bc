"""Words that may point at a person: what must not be printed until somebody has looked at it."""

from __future__ import annotations

import re
from collections.abc import Mapping

MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
PATTERNS = {
    "phone": r"(?<![\w/])(?:\+|00)?\(?\d{2,4}\)?[-. ]\d{3}[-. ]?\d{3,4}\b(?! \d{4})|\+\d[\d ]{7,14}\d",
    "email": r"[\w.+-]@[\w-]+\.[\w-]",
    "web address": r"\bhttps?://|\bwww\.",
    "mrn": r"\b(?:MRN|NHI|CHI|record (?:no|number))\W{0,3}\d{4,}|\b\d{8,}\b",
    "nhs_number": r"\b\d{3} ?\d{3} ?\d{4}\b",
    "date": r"\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)? (?:{MONTHS})[a-z]* \d{{4}}\b|\b(?:{MONTHS})[a-z]* \d{{1,2}},? \d{{4}}\b",
    "age_over_89": r"\b(?:age[d]?|aged) (?:9\d|1[0-2]\d)\b|\b(?:9\d|1[0-2]\d)[- ]year",
}
"""What is looked for, as regular expressions; case does not matter."""
COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in PATTERNS.items()}
QUOTES = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT SINGLE QUOTATION MARK}": "'"})


def flags(text: str) -> tuple[str, ...]:
    """Name the kinds of pattern that a text holds: phone, e-mail, record number, date, an age above 89.

    A pattern finds what has its form and nothing else; a text without flags is no anonymous text.
    """
    return tuple(name for name, pattern in COMPILED.items() if pattern.search(text))


def substituted(text: str, names: Mapping[str, str]) -> str:
    """Put a description in brackets in the place of each name.

    Longest names first, whole words only, whatever their case, straight and curved apostrophes alike; what
    was put in is not searched again.

    Parameters
    ----------
    text : str
        A passage, cut from its source first: names replaced before would move the offsets.
    names : mapping of str to str
        Name -> what stands in its place; brackets are added where it has none.
    """
    if not names:
        return text
    known = {name.translate(QUOTES).lower(): put for name, put in names.items() if name}
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    plain, pieces, done = text.translate(QUOTES), [], 0
    for found in pattern.finditer(plain):
        put = known[found[0].lower()]
        pieces += [text[done : found.start()], put if put.startswith("[") else f"[{put}]"]
        done = found.end()
    return "".join([*pieces, text[done:]])
