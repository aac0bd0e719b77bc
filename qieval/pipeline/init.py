"""A study out of files that nobody tidied: looked at, proposed, asked about, and written as a new study."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from qieval.capability import Instrument
from qieval.errors import Fault, InputError
from qieval.pipeline.convert import texts
from qieval.pipeline.hints import folded
from qieval.pipeline.look import Sheet, look
from qieval.pipeline.outcomes import Table
from qieval.pipeline.propose import Proposal, propose
from qieval.pipeline.reads import PACKAGE
from qieval.pipeline.study_text import study_yaml, wave_yaml
from qieval.pipeline.workspace import STUDY_NAME, Workspace

IGNORED = "# data and published reports stay out of version control\ndata/\nreports/\n.ipynb_checkpoints/\n"
README = """# {study}

A workspace of qieval.

- `qieval check params/{study}/wave-{wave}.yaml` lists what is still in the way.
- `qieval mapping {study} {wave}` says in words how the tables are read.
- `qieval run params/{study}/wave-{wave}.yaml` publishes under `reports/`.
- `qieval new-wave {study} N` starts the next wave.
"""
DICTIONARY = "Variable / Field Name"  # first column of a REDCap data dictionary
CHOICES = "Choices, Calculations, OR Slider Labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What only a person can know.

    Attributes
    ----------
    words : str
        The question.
    choices : tuple of str
        Possible answers; the first is taken where nobody is asked.
    """

    words: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStudy:
    """What `init` made.

    Attributes
    ----------
    workspace : Workspace
        Where; new if there was none.
    study : str
        Its name.
    study_file, wave_file : Path
        The files written.
    sheets : tuple of Sheet
        What was looked at.
    proposal : Proposal
        What came of it.
    """

    workspace: Workspace
    study: str
    study_file: Path
    wave_file: Path
    sheets: tuple[Sheet, ...]
    proposal: Proposal


def init(
    study: str,
    files: Sequence[Path],
    *,
    place: Workspace | Path,
    ask: Callable[[Question], str] = lambda question: question.choices[0],
) -> NewStudy:
    """Look at files, propose a study, ask at most three questions, and write it.

    Parameters
    ----------
    study : str
        Name of the new study.
    files : sequence of Path
        Its extract: workbooks, CSV, Parquet, SPSS or Stata files; a REDCap data dictionary beside its export.
    place : Workspace or Path
        The workspace to add it to, or the folder in which to make a new one of the study's name.
    ask : callable
        Answers a question with one of its choices; by default the first.

    Raises
    ------
    InputError
        If the study is there already or a file cannot be read; nothing was written then.
    """
    root = place.root if isinstance(place, Workspace) else place / study
    _refuse_unless_new(study, root, files, new=not isinstance(place, Workspace))
    choices, extracts = _dictionary(files)
    looked = {path: look(path) for path in extracts}
    sheets = tuple(sheet for found in looked.values() for sheet in found)
    instruments = place.instruments if isinstance(place, Workspace) else shipped("instruments")
    items = {path.stem: Instrument.read(path).item_ids for path in sorted(instruments.glob("*.yaml"))}
    proposal = _settled(propose(sheets, items, choices), ask)
    without = tuple(
        f"WHAT IS {path.name}? No table was found in it." for path in extracts if not looked[path]
    )
    proposal = replace(proposal, doubts=(*without, *proposal.doubts))
    wave = max(proposal.waves or (1,))
    unite = _spellings(proposal.tables)
    texts_of = study_yaml(study, proposal, unite=unite), wave_yaml(study, wave, proposal)
    workspace = place if isinstance(place, Workspace) else _new_workspace(root, study, wave)
    folder, data = workspace.study_folder(study), workspace.data / study / f"wave-{wave}"
    _refuse_other_files(extracts, data, study)
    folder.mkdir(parents=True)
    data.mkdir(parents=True, exist_ok=True)
    for path in extracts:
        if not (data / path.name).exists():
            shutil.copyfile(path, data / path.name)
    written = folder / "study.yaml", folder / f"wave-{wave}.yaml"
    for path, words in zip(written, texts_of, strict=True):
        path.write_text(words, encoding="utf-8")
    return NewStudy(
        workspace=workspace,
        study=study,
        study_file=written[0],
        wave_file=written[1],
        sheets=sheets,
        proposal=proposal,
    )


def _refuse_other_files(extracts: Sequence[Path], data: Path, study: str) -> None:
    """Refuse to write over files that are there already, unless they are the same."""
    there = [path for path in extracts if (data / path.name).exists()]
    taken = [path for path in there if not filecmp.cmp(path, data / path.name, shallow=False)]
    problem = f"another file of this name is in data/{study}"
    if taken:
        raise InputError([Fault(file=path.name, problem=problem) for path in taken])


def shipped(folder: str) -> Path:
    """Where the package keeps its notebooks and instruments: in itself, or beside it in a clone."""
    inside = PACKAGE / "shipped" / folder
    beside = {"notebooks": "notebooks", "instruments": "params/instruments"}[folder]
    return inside if inside.is_dir() else PACKAGE.parent / beside


def _refuse_unless_new(study: str, root: Path, files: Sequence[Path], *, new: bool) -> None:
    faults = []
    if not STUDY_NAME.fullmatch(study):
        expected = "letters, digits, hyphens and underscores"
        faults.append(Fault(file=study, problem="cannot be the name of a study", expected=expected))
    there = root if new else root / "params" / study
    if there.exists():
        faults.append(Fault(file=there.name, problem="is there already", remedy="take another name"))
    faults += [
        Fault(file=str(path), problem="there is no such file", remedy="check the path after --from")
        for path in files
        if not path.is_file()
    ]
    names = [path.name for path in files]
    faults += [
        Fault(file=name, problem="two files have this name", remedy="rename one of them")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise InputError(faults)


def _dictionary(files: Sequence[Path]) -> tuple[dict[str, dict[str, str]], list[Path]]:
    """Take a REDCap data dictionary out of the files: own column -> code -> label."""
    choices: dict[str, dict[str, str]] = {}
    extracts = []
    for path in files:
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False) if path.suffix == ".csv" else None
        except (ValueError, OSError):
            frame = None
        if frame is None or DICTIONARY not in frame or CHOICES not in frame:
            extracts.append(path)
            continue
        for name, given in zip(frame[DICTIONARY], frame[CHOICES], strict=True):
            pairs = [each.split(",", 1) for each in given.split("|") if "," in each]
            if pairs:
                choices[name] = {code.strip(): label.strip() for code, label in pairs}
    return choices, extracts


def _settled(proposal: Proposal, ask: Callable[[Question], str]) -> Proposal:
    """Ask what cannot be told: which arm is the control, the primary outcome, its wave."""
    if proposal.arms and not proposal.control_known:
        control = ask(Question(words="Which arm is the control?", choices=proposal.arms))
        others = (level for level in proposal.arms if level != control)
        proposal = replace(proposal, arms=(control, *others))
    if len(proposal.outcomes) > 1 and (proposal.arms or proposal.start):
        first = ask(Question(words="Which outcome is the primary one?", choices=tuple(proposal.outcomes)))
        outcomes = {first: proposal.outcomes[first], **proposal.outcomes}
        proposal = replace(proposal, outcomes=outcomes)
    return proposal


def _spellings(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """Find spellings of a site that differ from the roster's in case, spaces and signs only."""
    if "sites" not in tables or "site" not in tables["sites"].columns:
        return {}
    known = {folded(name): name for name in _sites(tables["sites"])}
    found: dict[str, list[str]] = {}
    for table in tables.values():
        for name in _sites(table) if "site" in table.columns else ():
            own = known.get(folded(name))
            if own is not None and own != name and name not in found.get(own, []):
                found.setdefault(own, []).append(name)
    return found


def _sites(table: Table) -> list[str]:
    return list(texts(table.sheet.frame[table.columns["site"]]).dropna().drop_duplicates())


def _new_workspace(root: Path, study: str, wave: int) -> Workspace:
    for name in ("notebooks", "params", "data", "reports"):
        (root / name).mkdir(parents=True)
    for path in sorted(shipped("notebooks").glob("*.ipynb")):
        shutil.copyfile(path, root / "notebooks" / path.name)
    shutil.copytree(shipped("instruments"), root / "params" / "instruments")
    (root / ".gitignore").write_text(IGNORED, encoding="utf-8")
    (root / "README.md").write_text(README.format(study=study, wave=wave), encoding="utf-8")
    return Workspace(root.resolve())
