"""The commands on a wave that can be run: its life, its comparison with another, handing it on."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qieval.errors import Fault, InputError
from qieval.pipeline.terminal import say

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract
    from qieval.pipeline.planning import WavePlan
    from qieval.pipeline.workspace import Workspace

DONE, FAILED = 0, 1
WaveFile = Annotated[Path, typer.Argument(metavar="WAVE", help="A wave file: params/<study>/wave-N.yaml.")]
StudyName = Annotated[str, typer.Argument(help="Name of the study's folder under params/.")]
Number = Annotated[int, typer.Argument(metavar="N", min=0, help="Number of the wave.")]
WaveFiles = Annotated[
    list[Path], typer.Argument(metavar="WAVE...", help="Wave files: params/<study>/wave-N.yaml.")
]
Folder = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", help="Folder with params/; found upward from here."),
]


def opened(folder: Path | None) -> Workspace:
    """Find the workspace that a command is about."""
    from qieval.pipeline.workspace import find_workspace

    if folder is not None and not folder.is_dir():
        raise InputError([Fault(file=str(folder), problem="there is no such folder")])
    return find_workspace(folder)


def count(number: int, noun: str) -> str:
    """Say how many there are."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _checked(path: Path, place: Workspace) -> Extract:
    """Open a wave whose tables are in order, frozen or not."""
    from qieval.pipeline.extract import open_extract
    from qieval.pipeline.planning import study_and_wave

    extract = open_extract(place, *study_and_wave(path, place))
    if faults := extract.check().faults:
        raise InputError(faults)
    return extract


def freeze(wave: WaveFile, workspace: Folder = None) -> int:
    """Hold a wave to its tables as they are now: a copy is kept, and late rows are refused from then on."""
    from qieval.pipeline import life

    place = opened(workspace)
    state = life.freeze(_checked(wave, place), today=_now().date())
    return _told(place, wave, state.words)


def sign(
    wave: WaveFile,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who signs; the user's name by default.")] = "",
    workspace: Folder = None,
) -> int:
    """Sign a frozen wave: who answers for it, and since when."""
    from qieval.pipeline import life
    from qieval.pipeline.planning import plan_waves

    place = opened(workspace)
    plan_waves([wave], place)  # refuses rows that came after the freeze
    state = life.sign(_checked(wave, place), by=by or getpass.getuser(), now=_now())
    return _told(place, wave, state.words)


def correct(
    wave: WaveFile,
    reason: Annotated[str, typer.Option(metavar="WORDS", help="Why; it is printed with the wave.")],
    workspace: Folder = None,
) -> int:
    """Take a frozen wave's tables in anew, under the next number, for a reason; it is to be signed again."""
    from qieval.pipeline import life

    place = opened(workspace)
    if not reason.strip():
        raise InputError([Fault(file=str(wave), problem="a correction needs a reason")])
    state = life.freeze(_checked(wave, place), today=_now().date(), reason=reason.strip())
    return _told(place, wave, state.words)


def _told(place: Workspace, wave: Path, words: Iterable[str]) -> int:
    say("\n".join([*words, f"Next: qieval run {place.shown(wave)}"]))
    return DONE


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder of a published wave.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder of another, or of another run.")],
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page, too.")] = None,
    workspace: Folder = None,
) -> int:
    """Say what went into two published waves otherwise, and which of their results differ."""
    from qieval.pipeline.compare import changes, diff_page, read_results
    from qieval.pipeline.sources import differing_sources, read_records

    records = read_records(before, after)
    found = list(changes(read_results(before), read_results(after)))
    sources = differing_sources(*records, opened(workspace))
    verb = "differs" if len(found) == 1 else "differ"
    said = f"{count(len(found), 'result')} {verb}." if found else "No result differs."
    say("\n".join([*(f"{kind}: {words}" for kind, words in sources), *map(str, found), said]))
    if page:
        page.write_text(diff_page(*records, sources, found, said), encoding="utf-8", newline="\n")
        say(f"Wrote {page}")
    return FAILED if found or sources else DONE


def verify(
    folder: Annotated[Path, typer.Argument(metavar="REPORT_DIR", help="reports/<study>/wave-<number>.")],
    workspace: Folder = None,
) -> int:
    """Make a published wave again, aside, from its own record, and compare every number and every page."""
    from qieval.pipeline.progress import quiet
    from qieval.pipeline.verify import verify as verified

    found = verified(folder, opened(workspace), quiet())
    for head, lines in (
        ("Before anything is made again:", found.first),
        ("Results that come out otherwise:", found.numbers),
        ("Files that come out otherwise:", found.files),
    ):
        if lines:
            say("\n".join([head, *(f"  - {line}" for line in lines)]))
    say("The same: every number and every page." if found.same else "Not the same.")
    return DONE if found.same else FAILED


def publish(
    wave: WaveFile,
    to: Annotated[
        str, typer.Option(metavar="AUDIENCE", help="team, committee, sites or public; refused if too wide.")
    ] = "team",
    pdf: Annotated[bool, typer.Option("--pdf", help="Each report for paper; needs Chromium.")] = False,
    docx: Annotated[bool, typer.Option("--docx", help="Each report for Word; needs Chromium.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="All tables of the wave for Excel.")] = False,
    as_zip: Annotated[bool, typer.Option("--zip", help="One archive of the wave's folder.")] = False,
    workspace: Folder = None,
) -> int:
    """Hand a published wave on: refused if it is out of date, or for more people than its reports are for."""
    from qieval.pipeline.export import EXPORTS, handed_on
    from qieval.pipeline.planning import plan_waves

    place = opened(workspace)
    [plan] = plan_waves([wave], place, check_again=False)
    folder = handed_on(plan, to, place)
    asked = {"pdf": pdf, "docx": docx, "xlsx": xlsx, "zip": as_zip}
    for form in [name for name, wanted in asked.items() if wanted]:
        say(f"Wrote {place.shown(EXPORTS[form](folder))}")
    say(f"For the {to}: {place.shown(folder / 'index.html')}")
    return DONE


def new_notebook(
    name: Annotated[str, typer.Argument(help="Its name, as in 35_costs.")], workspace: Folder = None
) -> int:
    """Write a notebook with the cells that the kit asks for; it runs as it is."""
    from qieval.pipeline.scaffold import new_notebook as written

    place = opened(workspace)
    path = place.shown(written(place, name))
    say(f"Wrote {path}\nNext: open it in JupyterLab; to publish it, name it under reports: in a wave file.")
    return DONE


def mapping(study: StudyName, wave: Number, workspace: Folder = None) -> int:
    """Say in words, for a colleague to check, which files and columns a wave reads, and as what."""
    from qieval.pipeline.extract import open_extract
    from qieval.pipeline.mapping_words import mapping_words

    say("\n".join(mapping_words(open_extract(opened(workspace), study, wave))))
    return DONE


def moments(
    waves: WaveFiles,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path(),
    workspace: Folder = None,
) -> int:
    """Write per-cluster moments of each outcome: what another site needs for a joint analysis, and no row."""
    from qieval.pipeline.moments import write_moments

    for path in write_moments(waves, opened(workspace), out):
        say(f"Wrote {path}")
    return DONE


def withdrawals_after(plans: Iterable[WavePlan], place: Workspace) -> list[str]:
    """Name the published pages that still hold somebody who has withdrawn since."""
    from qieval.pipeline.reuse import read_record
    from qieval.pipeline.waves import wave_files

    known = {plan.study_name: plan.withdrawn for plan in plans if plan.withdrawn}
    said = []
    for study, withdrawn in known.items():
        for number in wave_files(place, study):
            folder = place.published(study, number)
            record = read_record(folder)
            if record and record.get("withdrawn") != withdrawn:
                tables = {each["file"] for each in record["inputs"] if each.get("role") == "outcomes"}
                pages = [each["page"] for each in record["reports"] if tables & each["reads"].keys()]
                said += [
                    f"Somebody has withdrawn since {place.shown(folder / page)} was made." for page in pages
                ]
    return said


COMMANDS: dict[str, tuple[Callable[..., int], str]] = {
    "mapping": (mapping, "Say in words how a wave's tables are read."),
    "moments": (moments, "Write a wave's moments, which hold no row."),
    "new-notebook": (new_notebook, "Write a notebook with the right cells."),
    "freeze": (freeze, "Hold a wave to its tables as they are."),
    "sign": (sign, "Sign a frozen wave."),
    "correct": (correct, "Take changed tables into a frozen wave."),
    "diff": (diff, "Compare two published waves, number by number."),
    "verify": (verify, "Make a published wave again and compare."),
    "publish": (publish, "Hand a published wave on."),
}
