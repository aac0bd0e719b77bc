"""Time the coding room beside the plain ways and its peers: medians and ratios of one run, never asserted.

``python tests/bench/coding.py``. `krippendorff` and `defusedxml` are timed where they are installed; they are
no part of the environment.
"""

from __future__ import annotations

import io
import resource
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from qieval.coding import Codebook, Project, category_agreement, cooccurrence, read_project, tally

CODES = 50
SPACE = "urn:QDA-XML:project:1.0"


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """Median processor time of one core over some rounds."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return median(taken)


def show(job: str, program: str, taken: float, base: float) -> None:
    """One line: seconds, a multiple of qieval's, and the peak memory of the process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{job:<44} {program:<38} {taken:8.3f} s {taken / base:7.1f} x  peak {peak:5.0f} MB", flush=True)  # noqa: T201


def ratings(units: int = 100_000, coders: int = 10) -> pd.DataFrame:
    """Ten coders who agree on seven units in ten; one rating in ten is missing."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, CODES, (units, 1))
    given = np.where(rng.random((units, coders)) < 0.7, truth, rng.integers(0, CODES, (units, coders)))
    return pd.DataFrame(np.where(rng.random((units, coders)) < 0.1, np.nan, given.astype(float)))


def project(segments: int, sources: int, characters: int = 50_000) -> Project:
    """Segments of some hundred characters, spread evenly over sources, codes in five themes, ten coders."""
    rng = np.random.default_rng(2)
    start = rng.integers(0, characters - 400, segments)
    rows = {
        "source": rng.integers(0, sources, segments).astype(str),
        "code": np.char.add("c", rng.integers(0, CODES, segments).astype(str)),
        "coder": np.char.add("p", rng.integers(0, 10, segments).astype(str)),
        "start": start,
        "end": start + rng.integers(20, 400, segments),
    }
    themes = [f"t{place}" for place in range(5)]
    codes = pd.DataFrame(
        {
            "code": [*themes, *(f"c{place}" for place in range(CODES))],
            "parent": [""] * 5 + [themes[place % 5] for place in range(CODES)],
        }
    )
    known = pd.DataFrame({"source": [str(place) for place in range(sources)], "characters": characters})
    return Project.from_frames(pd.DataFrame(rows), known, Codebook.from_frame(codes))


def compare_alphas() -> None:
    """All one-vs-rest alphas at once against the package in a loop over codes."""
    table = ratings()
    base = seconds(lambda: category_agreement(table))
    show("50 one-vs-rest alphas, 10 x 1e5 units", "qieval, with kappa, AC1, Jaccard", base, base)
    try:
        import krippendorff
    except ImportError:
        return
    values, known = table.to_numpy(), table.notna().to_numpy()

    def loop() -> list[float]:
        alone = (np.where(known, (values == code).astype(float), np.nan) for code in range(CODES))
        return [krippendorff.alpha(each.T, level_of_measurement="nominal") for each in alone]

    ours = category_agreement(table).frame["alpha"].to_numpy()[:-1]
    assert np.allclose(loop(), ours, atol=1e-9)
    show("", "krippendorff, a loop", seconds(loop, 1), base)


def compare_meetings() -> None:
    """Codes that meet, against every pair of segments of a source."""
    for segments, sources in ((1_000_000, 2_000), (100_000, 1)):
        held = project(segments, sources, 50_000 if sources > 1 else 5_000_000)
        base = seconds(lambda held=held: cooccurrence(held))
        show(f"co-occurrence, {segments:,} in {sources:,} sources", "qieval, within coders", base, base)
        anybody = seconds(lambda held=held: cooccurrence(held, coders="any"))
        show("", "qieval, any coders", anybody, base)
        if sources > 1:
            show("", "numpy, every pair, any coders, no c", seconds(lambda held=held: _naive(held), 1), base)


def _naive(held: Project) -> np.ndarray:
    rows, n = held.segments, len(held.codes)
    met = np.zeros(n * n, dtype=np.int64)
    for _, part in rows.groupby("source", observed=True):
        code, start, end = (
            part["code"].cat.codes.to_numpy().astype(int),
            part["start"].to_numpy(),
            part["end"].to_numpy(),
        )
        one, two = np.nonzero(np.triu((start[:, None] < end) & (start < end[:, None]), 1))
        met += np.bincount(
            np.minimum(code[one], code[two]) * n + np.maximum(code[one], code[two]), minlength=n * n
        )
    return met


def compare_tallies() -> None:
    """A tally with roll-up, unions and intervals, against the counts alone in pandas."""
    held = project(1_000_000, 2_000)
    base = seconds(lambda: tally(held))
    show("tally, 1e6 segments, roll-up and coverage", "qieval", base, base)
    rows = held.segments

    def pandas() -> object:
        counted = rows.groupby("code", observed=False).agg(
            applications=("start", "size"), sources=("source", "nunique")
        )
        return counted, rows.drop_duplicates(["source", "code", "start", "end"]).groupby(
            "code", observed=False
        ).size()

    show("", "pandas, no roll-up, no coverage", seconds(pandas), base)


def compare_projects() -> None:
    """An 84 MB project file, read whole, against a streaming parse that only counts its codings."""
    content = _project_file()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.qdpx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("project.qde", content)
        base = seconds(lambda: read_project(path), 1)
    show(
        f"project file of {len(content) / 1e6:.0f} MB, 2e5 selections",
        "qieval, unzipped and placed",
        base,
        base,
    )
    try:
        from defusedxml.ElementTree import iterparse
    except ImportError:
        return
    show("", "defusedxml, parsed only", seconds(lambda: _streamed(iterparse, content), 1), base)


def _streamed(iterparse: Any, content: bytes) -> int:
    count = 0
    for _, element in iterparse(io.BytesIO(content), events=("end",)):
        if element.tag.endswith("}PlainTextSelection"):
            count += sum(child.tag.endswith("}Coding") for child in element)
            element.clear()
    return count


def _project_file(sources: int = 200, each: int = 1_000) -> bytes:
    rng = np.random.default_rng(3)

    def guid() -> str:
        return str(uuid.UUID(bytes=rng.bytes(16)))

    codes = [guid() for _ in range(CODES)]
    words = "A sentence that is said again. " * 1_700
    parts = [f'<?xml version="1.0"?><Project xmlns="{SPACE}" name="n"><CodeBook><Codes>']
    parts += [f'<Code guid="{code}" name="c{place}" isCodable="true"/>' for place, code in enumerate(codes)]
    parts.append("</Codes></CodeBook><Sources>")
    for place in range(sources):
        parts.append(
            f'<TextSource guid="{guid()}" name="d{place}"><PlainTextContent>{words}</PlainTextContent>'
        )
        for start in rng.integers(0, 50_000, each).tolist():
            code = codes[int(rng.integers(CODES))]
            said, end = words[start : start + 22].strip(), start + 22
            parts.append(
                f'<PlainTextSelection guid="{guid()}" name="{said}" startPosition="{start}" '
                f'endPosition="{end}" creatingUser="{codes[0]}" creationDateTime="2024-05-01T10:00:00Z">'
                f'<Coding guid="{guid()}" creatingUser="{codes[0]}"><CodeRef targetGUID="{code}"/></Coding>'
                "</PlainTextSelection>"
            )
        parts.append("</TextSource>")
    return "".join([*parts, "</Sources></Project>"]).encode()


def main() -> None:
    """Time everything."""
    compare_alphas()
    compare_meetings()
    compare_tallies()
    compare_projects()


if __name__ == "__main__":
    main()
