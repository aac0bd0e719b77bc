"""Values for a notebook's parameters: what a wave file gives, checked against the notebook and the study."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qieval.errors import Fault, InputError
from qieval.pipeline.faults import suggestion
from qieval.pipeline.model import StudyFile
from qieval.pipeline.parameters import NotebookCard, Parameter
from qieval.pipeline.waves import wave_files
from qieval.pipeline.workspace import Workspace

UNNAMED = ("study", "wave", "before", "after", "seed")
LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where values must make sense.

    Attributes
    ----------
    workspace : Workspace
        Where the study is.
    study : str
        Its name.
    spec : StudyFile
        What it says.
    wave : int
        The wave that asks.
    sites : callable
        Gives the names of its sites, or None where they cannot be read.
    """

    workspace: Workspace
    study: str
    spec: StudyFile
    wave: int
    sites: Callable[[], Iterable[str] | None]


def bind(
    card: NotebookCard, given: Mapping[Any, Any], setting: Setting, *, file: str, key: str = ""
) -> dict[str, Any]:
    """Give every parameter of a notebook its value.

    Parameters
    ----------
    card : NotebookCard
        The notebook.
    given : mapping
        Parameters as the wave file gives them; `study` and `wave` come from the wave file itself, and a
        `seed` that it does not give is the study's.
    setting : Setting
        What values must agree with.
    file, key : str
        Where `given` stands, for messages.

    Returns
    -------
    dict
        All parameters of the notebook, in the order of its cell.

    Raises
    ------
    InputError
        For every unknown name, wrong type and impossible value; all at once.
    """
    known = {parameter.name: parameter for parameter in card.parameters}
    faults = [
        Fault(file=file, column=_dotted(key, name), problem=problem, expected=expected)
        for name, value in given.items()
        for problem, expected in [_problem(card, known, name, value, setting)]
        if problem
    ]
    if faults:
        raise InputError(faults)
    own = {"study": setting.study, "wave": setting.wave, "seed": setting.spec.seed}
    return {name: each.taken({**own, **given}.get(name, each.default)) for name, each in known.items()}


def report_name(card: NotebookCard, values: Mapping[str, Any]) -> str:
    """Name a report: the notebook, then the values that differ from their defaults, safe as a file's name."""
    differing = [
        _slug(values[parameter.name])
        for parameter in card.parameters
        if parameter.name not in UNNAMED and values[parameter.name] != parameter.default
    ]
    slug = "-".join(differing)
    if len(slug) > LONGEST:
        slug = f"{slug[: LONGEST - 9]}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"
    return f"{card.name}--{slug}" if slug else card.name


def question(card: NotebookCard, values: Mapping[str, Any], setting: Setting) -> str:
    """Write a report's question; where it is about one outcome, with that outcome's label before it."""
    plan, asked = setting.spec.plan, card.question
    name = values.get("outcome", None)
    if name == "" and plan:
        name = plan.primary.outcome
    outcome = setting.spec.outcomes.get(name or "")
    return f"{outcome.label}: {asked[:1].lower()}{asked[1:]}" if outcome else asked


def _problem(
    card: NotebookCard, known: Mapping[str, Parameter], name: object, value: object, setting: Setting
) -> tuple[str | None, str | None]:
    """Say what is wrong with one value, and what would be right."""
    if not isinstance(name, str) or not name.isidentifier():
        return f"{name!r} cannot be the name of a parameter", None
    if name not in known:
        return f"{card.name} has no such parameter{suggestion(name, known)}", "one of " + ", ".join(known)
    if name in ("study", "wave"):
        return "comes from the wave file itself; leave it out here", None
    if not known[name].accepts(value):
        return f"is {_shown(value)}", known[name].expected
    wrong = DOMAINS[name](value, setting) if name in DOMAINS and value not in (None, "") else None
    return wrong, None


def _shown(value: object) -> str:
    words = {None: "empty", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return str(value) if isinstance(value, dt.date) else repr(value)


def _dotted(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _slug(value: object) -> str:
    if isinstance(value, list):
        return "-".join(map(_slug, value)) or "none"
    plain = unicodedata.normalize("NFKD", str(value).lower()).encode("ascii", "ignore").decode()
    return re.sub(r"([^a-z0-9_.]|\.(?![0-9]))+", "-", plain).strip("-.") or "none"


def _outcome(value: Any, setting: Setting) -> str | None:
    outcomes = setting.spec.outcomes
    return None if value in outcomes else f"the study has no outcome {value!r}{suggestion(value, outcomes)}"


def _instrument(value: Any, setting: Setting) -> str | None:
    declared = setting.spec.instruments
    if value not in declared:
        return f"the study declares no instrument {value!r}{suggestion(value, declared)}"
    path = setting.workspace.instruments / f"{value}.yaml"
    return None if path.is_file() else f"there is no {setting.workspace.shown(path)}"


def _measure(value: Any, setting: Setting) -> str | None:
    measures = setting.spec.measures
    return None if value in measures else f"the study has no measure {value!r}{suggestion(value, measures)}"


def _series(value: Any, setting: Setting) -> str | None:
    known = [*setting.spec.measures, *setting.spec.outcomes]
    if value in known:
        return None
    return f"the study has no measure or outcome {value!r}{suggestion(value, known)}"


def _site(value: Any, setting: Setting) -> str | None:
    sites = setting.sites()
    return (
        None
        if sites is None or value in sites
        else f"the study has no site {value!r}{suggestion(value, sites)}"
    )


def _wave(value: Any, setting: Setting) -> str | None:
    if not isinstance(value, int) or value > setting.wave or value < 0:
        return f"wave {value} lies outside 0 to {setting.wave}, the wave that asks"
    known = wave_files(setting.workspace, setting.study).keys()
    if value in known or known <= {setting.wave}:  # before a first wave file, waves are only in the extract
        return None
    return f"there is no {setting.workspace.shown(setting.workspace.wave_file(setting.study, value))}"


def _level(value: Any, setting: Setting) -> str | None:  # noqa: ARG001 (a domain's form)
    return None if 0 < value < 1 else f"is {value}; a level lies between 0 and 1, for instance 0.95"


def _draws(value: Any, setting: Setting) -> str | None:  # noqa: ARG001
    return None if value >= 1 else f"is {value}; at least one draw is needed"


def _seed(value: Any, setting: Setting) -> str | None:  # noqa: ARG001
    return None if value >= 0 else f"is {value}; a seed is 0 or more"


DOMAINS: dict[str, Callable[[Any, Setting], str | None]] = {
    "outcome": _outcome,
    "instrument": _instrument,
    "measure": _measure,
    "series": _series,
    "site": _site,
    "before": _wave,
    "after": _wave,
    "level": _level,
    "draws": _draws,
    "seed": _seed,
}
