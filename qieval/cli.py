"""The command ``qieval``: check, run and list waves; messages that tell what to do, exit codes for scripts.

Exit codes: 0 done; 1 a report failed; 2 the input is at fault, nothing was run or changed; 130 interrupted.
Each command imports what it needs when it is called, so that none waits for another's libraries.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import qieval
from qieval.errors import InputError, QievalError, refuse
from qieval.pipeline.commands import (
    COMMANDS,
    DONE,
    FAILED,
    Folder,
    Number,
    StudyName,
    WaveFiles,
    count,
    opened,
    withdrawals_after,
)
from qieval.pipeline.obituary import job_list, named, obituary
from qieval.pipeline.terminal import ask, complain, described, faults, say

if TYPE_CHECKING:
    from qieval.pipeline.planning import WavePlan
    from qieval.pipeline.workspace import Workspace

AT_FAULT, INTERRUPTED = 2, 130
app = typer.Typer(
    help="Evaluate quality-improvement collaboratives: effects, capability and coding, wave after wave.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Notebooks side by side; one a core if memory allows."),
]

Force = Annotated[bool, typer.Option("--force", help="Make every report anew, changed or not.")]
Cold = Annotated[bool, typer.Option("--cold", help="Start every kernel from nothing; none is forked.")]
Scheduler = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Run on a Dask cluster: its scheduler's address.")
]
Only = Annotated[
    str, typer.Option(metavar="REPORT", help="Make one report, and keep it for the wave's next run.")
]
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
        complain("Interrupted: every notebook was stopped, and what was published is as it was.")
    return code if isinstance(code, int) else DONE


def _explain(error: Exception) -> int:
    """Say an error that was foreseen in words; raise any other again."""
    if isinstance(error, InputError):
        complain(faults(error))
        return AT_FAULT
    if isinstance(error, QievalError):
        complain(str(error))
        return FAILED
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        complain(f"{place}{error.strerror or error}")
        return FAILED
    if hasattr(error, "format_message"):  # how every version of typer marks a mistake in the command itself
        complain(f"{error.format_message()}\nqieval --help lists commands and options.")
        return AT_FAULT
    raise error


def _version(asked: bool) -> None:
    if asked:
        say(f"qieval {qieval.__version__}")
        raise typer.Exit


@app.callback()
def kit(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Take what comes before a command."""


@app.command(short_help="Run waves and publish them under reports/.")
def run(
    waves: WaveFiles,
    jobs: Jobs = None,
    force: Force = False,
    why: Why = False,
    cold: Cold = False,
    scheduler: Scheduler = "",
    only: Only = "",
    listed: Annotated[bool, typer.Option("--list", help="List the reports, and run none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Events, or the list, for a program.")] = False,
    workspace: Folder = None,
) -> int:
    """Check waves, run the notebooks of which anything has changed, and publish under reports/."""
    from qieval.pipeline.seal import seal, unbroken

    place, began = opened(workspace), time.time_ns()
    if not (force or listed or only or as_json) and (kept := unbroken(waves, place)):
        return _told(*kept)

    from qieval.pipeline.planning import plan_waves
    from qieval.pipeline.progress import tell
    from qieval.pipeline.reuse import changed_waves

    plans = plan_waves(waves, place, check_again=force)
    notes = _notes(plans, place)
    current = [f"Up to date: {named(plan)}" for plan in plans]
    if listed:
        return _told(notes, [job_list(plans, place, as_json=as_json)])
    if only:
        _told(notes, [])
        return _make_one(plans, only, place, as_json=as_json)
    due = plans if force else changed_waves(plans, place)
    _told(notes, [])
    for plan, words in zip(plans, current, strict=True):
        if plan not in due:
            tell("up to date", plan, words, as_json=as_json)
    how = {"jobs": jobs, "force": force, "cold": cold, "scheduler": scheduler}
    code = _make(due, place, why=why, as_json=as_json, **how) if due else DONE
    if code == DONE:
        seal(waves, plans, place, since=began, notes=_notes(plans, place), lines=current)
    return code


def _make_one(plans: Sequence[WavePlan], report: str, place: Workspace, *, as_json: bool) -> int:
    from qieval.pipeline.progress import progress
    from qieval.pipeline.run import run_alone

    if len(plans) != 1:
        refuse("--only", f"is for one wave, not for {len(plans)}")
    with progress(plans, as_json=as_json) as listener:
        outcome = run_alone(plans[0], report, place, listener)
    if not outcome.published:
        complain("\n".join(obituary(outcome, place)))
    return DONE if outcome.published else FAILED


def _make(plans: Sequence[WavePlan], place: Workspace, *, why: bool, as_json: bool, **how: Any) -> int:
    from qieval.pipeline.progress import progress, tell
    from qieval.pipeline.run import run_waves

    with progress(plans, reasons=why, as_json=as_json) as listener:
        outcomes = run_waves(plans, place, listener, **how)
    for outcome in outcomes:
        if outcome.published:
            words = f"Published {named(outcome.plan)}: {place.shown(outcome.published / 'index.html')}"
            tell("published", outcome.plan, words, as_json=as_json, folder=place.shown(outcome.published))
    for outcome in outcomes:
        if not outcome.published:
            complain("\n".join(obituary(outcome, place)))
    if any(outcome.published for outcome in outcomes) and not as_json:
        say(f"All studies: {place.shown(place.reports / 'index.html')}")
    return DONE if all(outcome.published for outcome in outcomes) else FAILED


def _notes(plans: Sequence[WavePlan], place: Workspace) -> list[str]:
    """What is worth knowing of some waves: remarks of their checks, pages that hold somebody who withdrew."""
    remarks = [f"Note on {named(plan)}: {warning}" for plan in plans for warning in plan.warnings]
    return [*remarks, *withdrawals_after(plans, place)]


def _told(notes: Iterable[str], lines: Iterable[str]) -> int:
    for note in notes:
        complain(note)
    for line in lines:
        say(line)
    return DONE


@app.command(short_help="Say what a study's design can show.")
def plan(study: StudyName, workspace: Folder = None) -> int:
    """Run a study's plan.yaml: power, detectable effect, allocation. The file is written if there is none."""
    from qieval.pipeline.scaffold import new_plan

    return run([new_plan(opened(workspace), study)], workspace=workspace)


@app.command(short_help="Check waves' parameters and data.")
def check(waves: WaveFiles, workspace: Folder = None) -> int:
    """Check waves' parameters and data; run nothing."""
    from qieval.pipeline.planning import plan_waves

    place = opened(workspace)
    plans = plan_waves(waves, place)
    _told(_notes(plans, place), [])
    for plan in plans:
        tables = count(sum(each.rows is not None for each in plan.inputs), "table")
        say(f"In order: {place.shown(plan.wave_file)}: {count(len(plan.jobs), 'report')}, {tables}")
    return DONE


@app.command("list", short_help="List notebooks and waves.")
def list_everything(workspace: Folder = None) -> int:
    """List the notebooks with their questions and parameters, and the waves with their state."""
    from qieval.pipeline.planning import list_notebooks
    from qieval.pipeline.waves import list_waves

    place = opened(workspace)
    say("Notebooks")
    broken = []
    for card in list_notebooks(place):
        if isinstance(card, InputError):
            broken.append(card)
        else:
            say("\n".join(described(card)))
    say("\nWaves")
    for wave in list_waves(place):
        label = f" ({wave.label})" if wave.label else ""
        say(f"  {place.shown(wave.file)}{label}: {wave.state}")
    for error in broken:
        complain("\n".join(f"- {fault}" for fault in error.faults))
    return DONE


@app.command("new-wave", short_help="Start a wave from the last one.")
def new_wave(study: StudyName, number: Number, workspace: Folder = None) -> int:
    """Copy a study's last wave file to a new number, and make the wave's data folder."""
    from qieval.pipeline import scaffold

    place = opened(workspace)
    made = scaffold.new_wave(place, study, number)
    file, data = place.shown(made.file), place.shown(made.data)
    say(f"Copied {place.shown(made.copied_from)} to {file}, and made {data}/.")
    say(f"Next: put the extract into {data}/, fill in label and window in {file}, then: qieval run {file}")
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
        place = opened(workspace)
    except InputError:
        if workspace is not None:
            raise
        place = Path.cwd()
    asked = not yes and sys.stdin.isatty()
    made = init.init(study, files or [], place=place, **({"ask": ask} if asked else {}))
    say("\n".join(told(made)))
    return DONE


for _name, (_command, _words) in COMMANDS.items():
    app.command(_name, short_help=_words)(_command)


if __name__ == "__main__":
    sys.exit(main())
