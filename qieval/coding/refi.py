"""Projects and codebooks in the REFI-QDA exchange format, version 1.5 (``.qdpx``, ``.qdc``).

Reference: REFI-QDA Standard 1.5 (2019), https://www.qdasoftware.org
"""

from __future__ import annotations

import gc
import re
import uuid
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qieval.coding.archive import content, elements, opened, refuse
from qieval.coding.codebook import Codebook
from qieval.coding.offsets import Calibration, Named, Offsets, OffsetsWarning, StoredText, calibrate
from qieval.coding.project import REASONS, Project
from qieval.coding.refi_xml import Gathered, Values, codes, gather
from qieval.errors import ArgumentError

CODE_COLUMNS = ["code", "parent", "name", "definition", "codable"]
COLUMNS = ["source", "code", "coder", "start", "end", "text", "selection"]
UNCODED = "a selection without a code"


def read_qdpx(path: Path, *, offsets: Offsets | None = None) -> Project:
    """Read a project; see `qieval.coding.read_project`."""
    with opened(path) as archive:
        roots = [name for name in archive.members if re.fullmatch(r"[^/]+\.qde", name)]
        if len(roots) != 1:
            refuse(path.name, f"holds {len(roots)} project files", expected="one .qde file beside sources/")
        found = Gathered()
        with archive.stream(roots[0]) as stream, _uncollected():
            for element in elements(stream, path.name):
                gather(element, found, archive)
    selections = pd.DataFrame(found.selections, columns=["at", "selection", "start", "end", "name"])
    calibration = calibrate(_named(found, selections))
    if offsets is None and not calibration.decided:
        warnings.warn(
            f"{path.name} does not tell how its positions are counted: {calibration.offsets} is assumed. "
            "Compare a quotation with the program that wrote it, and say `offsets=` if it differs.",
            OffsetsWarning,
            stacklevel=3,
        )
    notes = _notes(found, calibration, offsets, roots[0])
    return _project(found, _placed(found, selections, offsets or calibration.offsets), notes)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the search for reference cycles while very many small things are made that form none."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def read_qdc(path: Path) -> Codebook:
    """Read a codebook in the exchange format."""
    rows: list[tuple[Any, ...]] = []
    for element in elements(BytesIO(content(path)), path.name):
        if element.tag == "CodeBook":
            rows = codes(element)
    return Codebook.from_frame(pd.DataFrame(rows, columns=CODE_COLUMNS), file=path.name)


def write_qdc(book: Codebook, path: str | Path) -> Path:
    """Write a codebook in the exchange format, for any program that reads REFI-QDA.

    Parameters
    ----------
    book : Codebook
        Its names, definitions and hierarchy are kept. Ids that are no GUIDs become such that stay the same in
        every export.
    path : str or Path
        Where to write; ends in ``.qdc``.

    Raises
    ------
    ArgumentError
        If the codebook has no code (the format asks for one), or the path ends otherwise.
    """
    path = Path(path)
    if path.suffix.lower() != ".qdc" or not len(book):
        raise ArgumentError("`write_qdc` writes a codebook of at least one code to a path that ends in .qdc.")
    root = ET.Element("CodeBook", xmlns="urn:QDA-XML:codebook:1.0", origin="qieval")
    made = {"": ET.SubElement(root, "Codes")}
    for row in book.frame.to_dict(orient="records"):
        codable = str(row.get("codable", True)).lower()
        given = {
            "guid": _guid_of(str(row["code"])),
            "name": _printable(str(row["name"])),
            "isCodable": codable,
        }
        made[row["code"]] = ET.SubElement(made[row["parent"]], "Code", given)
        if row["definition"]:
            ET.SubElement(made[row["code"]], "Description").text = _printable(str(row["definition"]))
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _guid_of(code: str) -> str:
    try:
        return str(uuid.UUID(code)).upper()
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:qieval:code:{code}")).upper()


def _printable(words: str) -> str:
    """Leave out the signs that XML cannot hold."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", words)


def _named(found: Gathered, selections: pd.DataFrame) -> Iterator[Named]:
    for at, rows in selections.groupby("at"):
        text = found.texts[int(str(at))]
        if text is not None:
            start, end = rows["start"].to_numpy(dtype=float), rows["end"].to_numpy(dtype=float)
            yield Named(text=text, start=start, end=end, names=rows["name"].tolist())


def _placed(found: Gathered, selections: pd.DataFrame, offsets: Offsets) -> pd.DataFrame:
    """Bring selections to spans of the texts as qieval counts them, with the words under them."""
    start, end = (selections[name].to_numpy(dtype=float, copy=True) for name in ("start", "end"))
    words: list[str | None] = [None] * len(selections)
    known = np.ones(len(selections), dtype=bool)
    for at, rows in selections.groupby("at").indices.items():
        text = found.texts[int(str(at))]
        start[rows], end[rows] = (text or StoredText.of("")).spans(start[rows], end[rows], offsets)
        if text is not None:
            known[rows] = (start[rows] >= 0) & (start[rows] <= end[rows]) & (end[rows] <= len(text.text))
            for row in np.asarray(rows)[known[rows]].tolist():
                words[row] = text.text[int(start[row]) : int(end[row])].replace("\r\n", "\n")
    return selections.assign(start=start, end=end, text=pd.Series(words, dtype="str"), known=known)


def _notes(found: Gathered, calibration: Calibration, offsets: Offsets | None, root: str) -> tuple[str, ...]:
    notes = [f"Positions: {offsets}, as asked." if offsets else str(calibration)]
    if not (calibration.decided or offsets):
        notes.append("The file does not tell how its positions are counted: quotations may be shifted.")
    notes += [f"Sources whose texts {problem}: {count}." for problem, count in found.untold.items()]
    folders = {code for code, *_, codable in found.codes if not codable}
    count = sum(coding[3] in folders for coding in found.codings)
    if count:
        notes.append(f"{count} segments carry a code that the codebook says is not for coding.")
    if root != "project.qde":
        notes.append("The project file is not called project.qde.")
    return tuple(notes)


def _project(found: Gathered, selections: pd.DataFrame, notes: tuple[str, ...]) -> Project:
    columns = ["passage", "at", "selection", "code", "coder", "reason"]
    codings = pd.DataFrame(found.codings, columns=columns)
    rows = codings.join(selections[["start", "end", "text"]], on="passage")
    bare = selections[~selections.index.isin(codings["passage"])]
    bare = bare.assign(reason=np.where(bare["known"], UNCODED, REASONS[-1]))
    ids = dict(enumerate(found.ids))
    rows, bare = (each.assign(source=each["at"].map(ids)) for each in (rows, bare))
    known = pd.concat([rows, bare])
    cases = _cases(found, known[["selection", "source"]])
    book = Codebook.from_frame(pd.DataFrame(found.codes, columns=CODE_COLUMNS), file="codebook")
    project = Project.from_frames(rows.loc[rows["reason"] == "", COLUMNS], _sources(found, cases), book)
    aside = known[known["reason"] != ""].reindex(columns=[*COLUMNS, "reason"])
    excluded = pd.concat([project.excluded, aside], ignore_index=True).assign(row=None)
    return replace(project, cases=cases, excluded=excluded, notes=notes)


def _cases(found: Gathered, selections: pd.DataFrame) -> pd.DataFrame:
    """Link sources to cases, also by the selections of a speaker; a source without one stands for itself."""
    ids = dict.fromkeys(found.ids)
    spoken = selections[
        selections["selection"].isin({each for *_, targets in found.cases for each in targets})
    ]
    holder = dict(zip(spoken["selection"], spoken["source"], strict=True))
    links = [
        (source, case)
        for case, _, targets in found.cases
        for source in dict.fromkeys(holder.get(target, target) for target in targets)
        if source in ids
    ]
    alone = [source for source in ids if source not in {linked for linked, _ in links}] if links else []
    links += [(source, f"source {source}") for source in alone]
    return pd.DataFrame(links, columns=["source", "case"], dtype="str")


def _sources(found: Gathered, cases: pd.DataFrame) -> pd.DataFrame:
    """One row a source with the values of its variables, or those on which all its cases agree."""
    given = {case: values for case, values, _ in found.cases}
    speakers = cases.groupby("source")["case"].agg(list).to_dict()
    rows = []
    for source, own, text in zip(found.sources, found.given, found.texts, strict=True):
        spoken = [given.get(case, {}) for case in speakers.get(source["source"], [])]
        shared = {key: value for case in spoken for key, value in case.items() if _agreed(key, spoken)}
        named = {found.variables.get(key, key): value for key, value in {**shared, **own}.items()}
        rows.append({**source, "characters": np.nan if text is None else len(text.text), **named})
    frame = pd.DataFrame(rows, columns=None if rows else ["source", "characters"])
    variables = [name for name in found.variables.values() if name in frame]
    return frame.assign(**{name: frame[name].convert_dtypes() for name in variables})


def _agreed(key: str, cases: list[Values]) -> bool:
    return len({str(case[key]) for case in cases if key in case}) == 1
