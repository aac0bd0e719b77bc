"""A published wave as a Process Run Crate: which notebooks made which pages from which files, as JSON-LD.

Written with the standard library: the crate is one dictionary, and the package `rocrate` would add its own
dates and five dependencies. Its dates come from the data cut, so that the same inputs give the same bytes.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qieval.pipeline.workspace import stage_words

FILE = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
CRATE, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
UNDATED = "1980-01-01"
SPDX = re.compile(r"[A-Za-z]+[A-Za-z0-9.+]*(-[A-Za-z0-9.+]+)+")
Entity = dict[str, Any]


def crate(run: Mapping[str, Any], outputs: Mapping[str, str]) -> dict[str, Any]:
    """Describe a wave's folder by the RO-Crate profile Process Run Crate 0.5.

    Parameters
    ----------
    run : mapping
        What ``run.json`` will hold.
    outputs : mapping of str to str
        SHA-256 of every other file of the folder, by its path there.

    Returns
    -------
    dict
        The content of ``ro-crate-metadata.json``; no clock is in it.
    """
    files = [*outputs, "run.json"]
    authors = [_author(number, each) for number, each in enumerate(run["authors"], start=1)]
    licence = _licence(run["licence"])
    actions = [list(_action(run, report, authors)) for report in run["reports"]]
    label = f" ({run['label']})" if run["label"] else ""
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{run['title']}, {stage_words(run['wave'])}{label}",
        "description": f"Reports of {stage_words(run['wave'])} of the study {run['study']}, made by qieval.",
        "datePublished": run["data_cut"] or UNDATED,
        "license": _to(licence),
        "conformsTo": {"@id": PROFILE},
        "hasPart": _all(files),
        "mentions": [_to(action) for action, *_ in actions],
    } | _by("author", authors)
    graph = [
        {"@id": FILE, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": CRATE}},
        root,
        {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        licence,
        *authors,
        *_software(run),
        *(_input(each) for each in run["inputs"]),
        *(_file(name, outputs.get(name)) for name in files),
        *(entity for action in actions for entity in action),
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _to(entity: Mapping[str, Any]) -> Entity:
    return {"@id": entity["@id"]}


def _all(names: Iterable[str]) -> list[Entity]:
    return [{"@id": name} for name in names]


def _by(role: str, authors: list[Entity]) -> Entity:
    """Say who did it; one person stands alone, several as a list, nobody not at all."""
    people = [_to(each) for each in authors]
    return {role: people[0] if len(people) == 1 else people} if people else {}


def _author(number: int, author: Mapping[str, str]) -> Entity:
    orcid = author["orcid"].rpartition("/")[2]
    entity = {"@id": f"https://orcid.org/{orcid}" if orcid else f"#author-{number}", "@type": "Person"}
    known = {name: author[name] for name in ("name", "affiliation") if author[name]}
    return entity | known


def _licence(said: str) -> Entity:
    place = f"https://spdx.org/licenses/{said}" if SPDX.fullmatch(said) else "#licence"
    return {"@id": place, "@type": "CreativeWork", "name": said or "No licence is stated"}


def _software(run: Mapping[str, Any]) -> Iterator[Entity]:
    """Give qieval, what it stands on, and the notebooks, each as a program with a version."""
    versions = {f"#{name}": (name, version) for name, version in run["versions"].items()}
    for place, (name, version) in versions.items():
        entity = {"@id": place, "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        others = [other for other in versions if other != place] if name == "qieval" else []
        yield entity | ({"softwareRequirements": _all(others)} if others else {})
    for name, digest in {report["notebook"]: report["sha256"] for report in run["reports"]}.items():
        yield {
            "@id": f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": digest,
            "softwareRequirements": {"@id": "#qieval"},
        }


def _input(file: Mapping[str, Any]) -> Entity:
    """Describe a file that was read; it is no part of the crate, for it may hold data on people."""
    said = {"name": file["file"], "sha256": file["sha256"]}
    rows = (
        {} if file["rows"] is None else {"description": f"A table of {file['rows']} rows, not in this crate"}
    )
    return {"@id": f"#{file['file']}", "@type": "CreativeWork"} | said | rows


def _file(name: str, digest: str | None) -> Entity:
    kind = "application/x-ipynb+json" if name.endswith(".ipynb") else mimetypes.guess_type(name)[0]
    entity = {"@id": name, "@type": "File", "name": name, "encodingFormat": kind or "text/plain"}
    return entity | ({"sha256": digest} if digest else {})


def _action(run: Mapping[str, Any], report: Mapping[str, Any], authors: list[Entity]) -> Iterator[Entity]:
    """Give the making of one report, and its parameters."""
    values = [
        {
            "@id": f"#{report['report']}/{name}",
            "@type": "PropertyValue",
            "name": name,
            "value": value if isinstance(value, str | int | float) else json.dumps(value),
        }
        for name, value in report["parameters"].items()
    ]
    read = [f"#{each['file']}" for each in run["inputs"] if each["file"] in report["reads"]]
    yield {
        "@id": f"#make/{report['report']}",
        "@type": "CreateAction",
        "name": f"Make {report['report']}",
        "description": report["question"] or report["report"],
        "instrument": {"@id": f"#{report['notebook']}"},
        "object": [*_all(read), *map(_to, values)],
        "result": _all([report["page"], report["executed"], *report["exhibits"]]),
        "endTime": run["data_cut"] or UNDATED,
        "actionStatus": "http://schema.org/CompletedActionStatus",
    } | _by("agent", authors)
    yield from values
