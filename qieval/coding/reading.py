"""Projects and codebooks of other programs, read by the file's ending."""

from __future__ import annotations

from pathlib import Path

from qieval.coding import refi, taguette
from qieval.coding.archive import refuse, table
from qieval.coding.codebook import Codebook
from qieval.coding.offsets import Offsets
from qieval.coding.project import Project

TABLES = (".csv", ".xlsx")
DATABASES = (".sqlite3", ".sqlite", ".db")


def read_project(
    path: str | Path, *, offsets: Offsets | None = None, codebook: str | Path | None = None
) -> Project:
    """Read what was coded in NVivo, ATLAS.ti, MAXQDA, QualCoder, Taguette or a spreadsheet.

    Parameters
    ----------
    path : str or Path
        A REFI-QDA project (``.qdpx``), a Taguette project (``.sqlite3``) or its exported highlights
        (``.csv``, ``.xlsx``), or a folder with qieval's own tables `segments`, `sources` and `codebook`
        (each ``.csv`` or ``.xlsx``).
    offsets : Offsets, optional
        How a REFI-QDA project counts positions. By default the selections that are named after their own
        text decide it (`Project.notes` gives the vote); where they cannot, a warning says so.
    codebook : str or Path, optional
        For exported highlights: Taguette's exported codebook, which also holds the tags not used.

    Returns
    -------
    Project
        Sources, codes, coders and cases go by the ids of their program (GUIDs), never by name. `sources`
        also has `name`, `source_kind` and a column for each variable, taken from the source or from its
        cases where these agree. `segments` also has `text` and `selection`. Codings that lie on no passage
        of text (whole sources, regions of a page or picture, sound and film) and selections without a code
        are in `excluded` with the reason.

    Raises
    ------
    InputError
        If the file cannot be read, is no such project, or is not safe to read: archives are judged before
        anything is unpacked, nothing is written to disk, and no path outside the archive is opened.

    Warns
    -----
    OffsetsWarning
        If the file does not tell how its positions are counted.
    """
    path = Path(path)
    if path.is_dir():
        segments, sources, codes = (table(_in(path, role)) for role in ("segments", "sources", "codebook"))
        return Project.from_frames(segments, sources, codes, file=f"{path.name}/segments")
    _exists(path)
    kind = path.suffix.lower()
    if kind == ".qdpx":
        return refi.read_qdpx(path, offsets=offsets)
    if kind in DATABASES:
        return taguette.read_database(path)
    if kind not in TABLES:
        refuse(path.name, f"{kind or 'no ending'!r} is not a kind of project that is read")
    frame = table(path)
    if not set(taguette.HIGHLIGHTS) <= set(frame.columns):
        refuse(
            path.name,
            "is not a table of highlights",
            expected=f"columns {', '.join(taguette.HIGHLIGHTS)}",
            remedy="for qieval's own tables, name their folder",
        )
    return taguette.from_highlights(frame, None if codebook is None else read_codebook(codebook))


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook: REFI-QDA (``.qdc``), Taguette's or qieval's own table (``.csv``, ``.xlsx``).

    Raises
    ------
    InputError
        If the file cannot be read or the codebook is at fault.
    """
    path = Path(path)
    _exists(path)
    if path.suffix.lower() == ".qdc":
        return refi.read_qdc(path)
    if path.suffix.lower() not in TABLES:
        refuse(path.name, f"{path.suffix or 'no ending'!r} is not a kind of codebook that is read")
    frame = table(path)
    return taguette.codebook(frame) if "tag" in frame else Codebook.from_frame(frame, file=path.name)


def _exists(path: Path) -> None:
    if not path.is_file():
        refuse(path.name, "there is no such file")


def _in(folder: Path, role: str) -> Path:
    found = [folder / f"{role}{kind}" for kind in TABLES if (folder / f"{role}{kind}").is_file()]
    if len(found) != 1:
        refuse(
            folder.name, f"has {len(found)} tables called {role}", expected=f"one {role}.csv or {role}.xlsx"
        )
    return found[0]
