"""The command ``qieval``: check, run and list waves; messages that tell what to do, exit codes for scripts.

Exit codes: 0 done; 1 a report failed; 2 the input is at fault, nothing was run or changed; 130 interrupted.
Each command imports what it needs when it is called, so that none waits for another's libraries.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qieval.errors import Fault, InputError, QievalError

if TYPE_CHECKING:
    from qieval.pipeline.init import Question
    from qieval.pipeline.parameters import NotebookCard
    from qieval.pipeline.planning import WavePlan
    from qieval.pipeline.workspace import Workspace

DONE, FAILED, AT_FAULT, INTERRUPTED = 0, 1, 2, 130
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)  # what could move a terminal's cursor; not tab and newline

app = typer.Typer(
    help="Evaluate quality-improvement collaboratives: effects, capability and coding, wave after wave.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WaveFiles = Annotated[
    list[Path], typer.Argument(metavar="WAVE...", help="Wave files: params/<study>/wave-N.yaml.")
]
Folder = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", help="Folder with params/; found upward from here."),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Notebooks side by side; one a core by default."),
]

Force = Annotated[bool, typer.Option("--force", help="Make every report anew, changed or not.")]
Why = Annotated[bool, typer.Option("--why", help="Say for each report why it is made.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; what goes wrong is said in words on the standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        words = None if arguments is None else list(arguments)
        code: object = app(words, prog_name="qieval", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on; nothing more is written at exit
        return FAILED
    except Exception as error:
        return _explain(error)
    if code == INTERRUPTED:
        _complain("Interrupted: every notebook was stopped, and what was published is as it was.")
    return code if isinstance(code, int) else DONE


def _explain(error: Exception) -> int:
    """Say an error that was foreseen in words; raise any other again."""
    if isinstance(error, InputError):
        _complain(_faults(error))
        return AT_FAULT
    if isinstance(error, QievalError):
        _complain(str(error))
        return FAILED
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or error}")
        return FAILED
    if hasattr(error, "format_message"):  # how every version of typer marks a mistake in the command itself
        _complain(f"{error.format_message()}\nqieval --help lists commands and options.")
        return AT_FAULT
    raise error


def _faults(error: InputError) -> str:
    count = len(error.faults)
    head = "One fault" if count == 1 else f"{count} faults"
    lines = "\n".join(f"- {fault}" for fault in error.faults)
    return f"{head} in the input; nothing was run or changed.\n{lines}"


def _say(words: str = "") -> None:
    typer.echo(_plain(words))


def _complain(words: str) -> None:
    typer.echo(_plain(words), err=True)


def _plain(words: str) -> str:
    return CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", words)


def _workspace(folder: Path | None) -> Workspace:
    from qieval.pipeline.workspace import find_workspace

    if folder is not None and not folder.is_dir():
        raise InputError([Fault(file=str(folder), problem="there is no such folder")])
    return find_workspace(folder)


@app.command(short_help="Run waves and publish them under reports/.")
def run(
    waves: WaveFiles, jobs: Jobs = None, force: Force = False, why: Why = False, workspace: Folder = None
) -> int:
    """Check waves, run the notebooks of which anything has changed, and publish under reports/."""
    from qieval.pipeline.obituary import named
    from qieval.pipeline.planning import plan_waves
    from qieval.pipeline.reuse import changed_waves

    place = _workspace(workspace)
    plans = plan_waves(waves, place, check_again=force)
    _warn(plans)
    due = plans if force else changed_waves(plans, place)
    for plan in plans:
        if plan not in due:
            _say(f"Up to date: {named(plan)}")
    return _make(due, place, jobs=jobs, force=force, why=why) if due else DONE


def _make(plans: Sequence[WavePlan], place: Workspace, *, jobs: int | None, force: bool, why: bool) -> int:
    from qieval.pipeline.obituary import named, obituary
    from qieval.pipeline.progress import progress
    from qieval.pipeline.run import run_waves

    with progress(plans, reasons=why) as listener:
        outcomes = run_waves(plans, place, listener, jobs=jobs, force=force)
    for outcome in outcomes:
        if outcome.published:
            _say(f"Published {named(outcome.plan)}: {place.shown(outcome.published / 'index.html')}")
    for outcome in outcomes:
        if not outcome.published:
            _complain("\n".join(obituary(outcome, place)))
    if any(outcome.published for outcome in outcomes):
        _say(f"All studies: {place.shown(place.reports / 'index.html')}")
    return DONE if all(outcome.published for outcome in outcomes) else FAILED


def _warn(plans: Sequence[WavePlan]) -> None:
    from qieval.pipeline.obituary import named

    for plan in plans:
        for warning in plan.warnings:
            _complain(f"Note on {named(plan)}: {warning}")


@app.command(short_help="Check waves' parameters and data.")
def check(waves: WaveFiles, workspace: Folder = None) -> int:
    """Check waves' parameters and data; run nothing."""
    from qieval.pipeline.planning import plan_waves

    place = _workspace(workspace)
    plans = plan_waves(waves, place)
    _warn(plans)
    for plan in plans:
        tables = _count(sum(each.rows is not None for each in plan.inputs), "table")
        _say(f"In order: {place.shown(plan.wave_file)}: {_count(len(plan.jobs), 'report')}, {tables}")
    return DONE


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@app.command("list", short_help="List notebooks and waves.")
def list_everything(workspace: Folder = None) -> int:
    """List the notebooks with their questions and parameters, and the waves with their state."""
    from qieval.pipeline.planning import list_notebooks
    from qieval.pipeline.waves import list_waves

    place = _workspace(workspace)
    _say("Notebooks")
    broken = []
    for card in list_notebooks(place):
        if isinstance(card, InputError):
            broken.append(card)
        else:
            _say("\n".join(_described(card)))
    _say("\nWaves")
    for wave in list_waves(place):
        label = f" ({wave.label})" if wave.label else ""
        _say(f"  {place.shown(wave.file)}{label}: {wave.state}")
    for error in broken:
        _complain("\n".join(f"- {fault}" for fault in error.faults))
    return DONE


def _described(card: NotebookCard) -> Iterator[str]:
    yield f"  {card.name}  {card.question}"
    for parameter in card.parameters:
        said = f"  {parameter.help}" if parameter.help else ""
        yield f"      {parameter.name}: {parameter.annotation} = {parameter.default!r}{said}"


@app.command("new-wave", short_help="Start a wave from the last one.")
def new_wave(
    study: Annotated[str, typer.Argument(help="Name of the study's folder under params/.")],
    number: Annotated[int, typer.Argument(metavar="N", min=0, help="Number of the new wave.")],
    workspace: Folder = None,
) -> int:
    """Copy a study's last wave file to a new number, and make the wave's data folder."""
    from qieval.pipeline import scaffold

    place = _workspace(workspace)
    made = scaffold.new_wave(place, study, number)
    file, data = place.shown(made.file), place.shown(made.data)
    _say(f"Copied {place.shown(made.copied_from)} to {file}, and made {data}/.")
    _say(f"Next: put the extract into {data}/, fill in label and window in {file}, then: qieval run {file}")
    return DONE


@app.command("init", short_help="Start a study from files as they are.")
def init_study(
    study: Annotated[str, typer.Argument(help="Name of the new study.")],
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="A file of the extract; may be given several times."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; mark what is guessed.")] = False,
    workspace: Folder = None,
) -> int:
    """Look at an extract, propose how to read it, and write the files of a new study."""
    from qieval.pipeline import init
    from qieval.pipeline.init_words import told

    place: Workspace | Path
    try:
        place = _workspace(workspace)
    except InputError:
        if workspace is not None:
            raise
        place = Path.cwd()
    asked = not yes and sys.stdin.isatty()
    made = init.init(study, files or [], place=place, **({"ask": _ask} if asked else {}))
    _say("\n".join(told(made)))
    return DONE


def _ask(question: Question) -> str:
    _say(question.words)
    for number, choice in enumerate(question.choices, start=1):
        _say(f"  {number}  {choice}")
    allowed = range(1, len(question.choices) + 1)
    while (number := typer.prompt("Number", type=int, default=1)) not in allowed:
        _say(f"A number from 1 to {len(question.choices)}, please.")
    return question.choices[number - 1]


@app.command(short_help="Say in words how a wave's tables are read.")
def mapping(
    study: Annotated[str, typer.Argument(help="Name of the study's folder under params/.")],
    wave: Annotated[int, typer.Argument(metavar="N", min=0, help="Number of the wave.")],
    workspace: Folder = None,
) -> int:
    """Say in words, for a colleague to check, which files and columns a wave reads, and as what."""
    from qieval.pipeline.extract import open_extract
    from qieval.pipeline.mapping_words import mapping_words

    _say("\n".join(mapping_words(open_extract(_workspace(workspace), study, wave))))
    return DONE


@app.command(short_help="Write a wave's moments, which hold no row.")
def moments(
    waves: WaveFiles,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path(),
    workspace: Folder = None,
) -> int:
    """Write per-cluster moments of each outcome: what another site needs for a joint analysis, and no row."""
    from qieval.pipeline.moments import write_moments

    for path in write_moments(waves, _workspace(workspace), out):
        _say(f"Wrote {path}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
