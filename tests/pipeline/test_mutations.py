"""Demonstration tables and parameters mutated at random: a fault list or a right answer, never a traceback.

Each mutation is checked as ``qieval check`` does: exit code 0 or 2, words instead of a traceback, and nothing
touched outside. What is accepted is read by the report on the data as well (`nightly`: by more reports).
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qieval import errors
from qieval.cli import main

REPO = Path(__file__).resolve().parents[2]
SITES = {"S01", "S02", "S03", "S06"}
MOST = 30  # rows kept of a table
EACH = 5  # inputs that are run to the end in each block
WORDED = "|".join(name for name in dir(errors) if name.endswith("Error"))
QUICK = re.compile(  # what the short run leaves out
    r"^  (capability|changes|events|sources|segments|consensus): .*\n|^(instruments|codebook): .*\n"
    r"|^  - (20_effect: {outcome: (relapse|visits)}|[345678]\d_(?!measures)).*\n",
    re.MULTILINE,
)
ODD = [
    "", " ", "NA", "n/a", "nan", "NULL", "-", ".", "inf", "-inf", "-1", "-0", "1e400", "1,5",
    "1.234.567", "1 000",
    "12%", "2099-01-01", "31/12/2024", "45292", "0x1f", "TRUE", "no", "=1+1", "@x", "+1",
    "<script>alert(1)</script>",
    "\u202eabc", "\x1b[31m", "\0", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "½", "٣",
    "9" * 400, "x" * 40_000, "a\nb", '"', "'", "\\", "S01 ", "s01", "S99", "../../etc", "[1, 2]",
    "{a: b}", "*x", "&x",
    "2024-13", "2024-02-30", "1e-320", "0.1.2", "1_000", "\ufeff", "\u00a0", "1\u00a0000",
]  # fmt: skip
Draw = np.random.Generator
Rows = list[list[str]]


def some(draw: Draw, values: Any) -> Any:
    return values[int(draw.integers(len(values)))]


def cell(draw: Draw, rows: Rows) -> Rows:
    for _ in range(int(draw.integers(1, 4))):
        row = some(draw, rows)
        if row:
            row[int(draw.integers(len(row)))] = some(draw, ODD)
    return rows


def column(draw: Draw, rows: Rows) -> Rows:
    at, value = int(draw.integers(len(rows[0]))), some(draw, ODD)
    return [rows[0], *([*row[:at], value, *row[at + 1 :]] for row in rows[1:])]


def head(draw: Draw, rows: Rows) -> Rows:
    at = int(draw.integers(len(rows[0])))
    names = [rows[0][at].upper(), f" {rows[0][at]} ", some(draw, rows[0]), some(draw, ODD)]
    rows[0][at] = some(draw, names)
    return rows


def dropped(draw: Draw, rows: Rows) -> Rows:
    at = int(draw.integers(len(rows[0])))
    return [[*row[:at], *row[at + 1 :]] for row in rows]


def doubled(draw: Draw, rows: Rows) -> Rows:
    at = int(draw.integers(len(rows[0])))
    return [[*row, row[at]] for row in rows]


def swapped(draw: Draw, rows: Rows) -> Rows:
    one, other = draw.integers(len(rows[0]), size=2)
    for row in rows[1:]:
        row[one], row[other] = row[other], row[one]
    return rows


def fewer(draw: Draw, rows: Rows) -> Rows:
    return rows[: int(draw.integers(len(rows)))]


def repeated(draw: Draw, rows: Rows) -> Rows:
    return [*rows, *(some(draw, rows) for _ in range(int(draw.integers(1, 4))))]


def totals(draw: Draw, rows: Rows) -> Rows:
    return [*rows, ["Total", *([some(draw, ["", "99", "1,234"])] * (len(rows[0]) - 1))]]


def ragged(draw: Draw, rows: Rows) -> Rows:
    some(draw, rows).append("more")
    return rows


def titled(draw: Draw, rows: Rows) -> Rows:
    return [["A title"], [], *rows]


def one_site(draw: Draw, rows: Rows) -> Rows:
    at = rows[0].index("site") if "site" in rows[0] else 0
    return [rows[0], *(row for row in rows[1:] if row[at] == rows[1][at])]


IN_ROWS: list[Callable[[Draw, Rows], Rows]] = [
    cell, cell, cell, cell, column, head, dropped, doubled, swapped, fewer, repeated, totals, ragged, titled,
    one_site,
]  # fmt: skip


def in_bytes(draw: Draw, content: bytes) -> bytes:
    """Encodings, separators, ends of lines, cut and flipped bytes."""
    text = content.decode()
    at = int(draw.integers(len(content) + 1))
    flipped = bytes(byte ^ 64 if place == at else byte for place, byte in enumerate(content))
    made = [
        text.encode("utf-16"), text.encode("utf-8-sig"), "é".encode("latin-1") + content,
        text.replace(",", ";").encode(),
        text.replace(",", "\t").encode(), text.replace(".", ",").encode(), text.replace("\n",
        "\r\n").encode(),
        text.replace("\n", "\r").encode(), content[:at], content[at:], flipped, b"", b"\n\n\n",
        b"PK\x03\x04" + content,
        content[:at] + b'"' + content[at:], content[:at] + b"\0" + content[at:],
    ]  # fmt: skip
    return bytes(some(draw, made))


def in_yaml(draw: Draw, content: bytes) -> bytes:
    """Lines lost, doubled, moved or indented; values that are something else; damage byte by byte."""
    lines = content.decode().splitlines()
    at = int(draw.integers(len(lines)))
    line, odd = lines[at], some(draw, ODD)
    key, colon, _ = line.partition(":")
    made = [
        lines[:at] + lines[at + 1 :], [*lines, line], [*lines[:at], f"{key}{colon} {odd}", *lines[at + 1 :]],
        [*lines[:at], "  " + line, *lines[at + 1 :]], [*lines[:at], line.lstrip(), *lines[at + 1 :]],
        [*lines[:at], f"{odd}: {odd}", *lines[at:]], [*lines[:at], line.replace("[", "{"), *lines[at + 1 :]],
        [*lines[:at], line.replace(": ", ":"), *lines[at + 1 :]], list(draw.permutation(lines)),
        [*lines[:at], f"{key}{colon} {some(draw, lines).partition(':')[2]}", *lines[at + 1 :]],
    ]  # fmt: skip
    if draw.random() < 0.15:
        return in_bytes(draw, content)
    return "\n".join(map(str, some(draw, made))).encode("utf-8", "replace")


@dataclass(frozen=True)
class Small:
    """A part of the demonstration, whose files can be mutated and put back."""

    root: Path

    @property
    def wave(self) -> Path:
        return self.root / "params" / "demo-collab" / "wave-1.yaml"

    def mutate(self, draw: Draw, *, one_file: bool = False) -> dict[Path, bytes]:
        """Mutate a parameter file, a table, or every table at once; gives what the files held."""
        tables = sorted((self.root / "data").rglob("*.csv"))
        lot = 0.45 * draw.random() if one_file else draw.random()
        one = some(draw, [self.wave, self.wave.with_name("study.yaml")] if lot < 0.3 else tables)
        held = {path: path.read_bytes() for path in (tables if lot > 0.45 else [one])}
        for path, content in held.items():
            if path.suffix == ".yaml":
                path.write_bytes(in_yaml(draw, content))
            elif draw.random() < 0.25:
                path.write_bytes(in_bytes(draw, content))
            else:
                rows = some(draw, IN_ROWS)(draw, list(csv.reader(io.StringIO(content.decode()))))
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows(rows)
                path.write_bytes(text.getvalue().encode("utf-8", "replace"))
        return held


def part_of(folder: Path, into: Path, *, quick: bool) -> None:
    """Copy a wave's tables with a few sites and rows."""
    into.mkdir(parents=True)
    names = ("sites", "outcomes", "measures", "coaching")
    for path in [folder / f"{name}.csv" for name in names] if quick else folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        at = names.index("site") if "site" in names else None
        kept = [row for row in rows if at is None or row[at] in SITES]
        some_rows = (
            kept if path.stem in {"sites", "codebook", "sources"} else kept[:: max(1, len(kept) // MOST)]
        )
        if path.stem in {"segments", "consensus"}:
            some_rows = []
        with (into / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([names, *some_rows])


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Small:
    quick = "block" not in request.fixturenames
    root = tmp_path.resolve() / "work"
    params = root / "params" / "demo-collab"
    shutil.copytree(REPO / "params" / "demo-collab", params)
    for path in (params / "study.yaml", params / "wave-1.yaml") if quick else ():
        path.write_text(QUICK.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copytree(REPO / "params" / "instruments", root / "params" / "instruments")
    shutil.copytree(REPO / "notebooks", root / "notebooks")
    part_of(REPO / "data" / "demo-collab" / "wave-1", root / "data" / "demo-collab" / "wave-1", quick=quick)
    monkeypatch.chdir(root)
    monkeypatch.setenv("QIEVAL_WORKSPACE", str(root))
    return Small(root)


def tried(small: Small, seed: int, capsys: pytest.CaptureFixture[str]) -> tuple[int, int]:
    """Check one lot of mutations, put the files back; gives how many were tried, and the exit code."""
    held = small.mutate(np.random.default_rng(seed))
    try:
        code = main(["check", str(small.wave)])
    finally:
        for path, content in held.items():
            path.write_bytes(content)
    said = capsys.readouterr()
    words = f"seed {seed}, {[path.name for path in held]}: {said.err[-2000:]}"
    assert code in {0, 2}, words
    assert "Traceback" not in said.err + said.out, words
    assert code == 0 or said.err.strip(), words
    assert "\x1b" not in said.err + said.out, words
    assert not (small.root / "reports").exists(), words
    return len(held), code


def ended(small: Small, seed: int, capsys: pytest.CaptureFixture[str]) -> int | None:
    """Run a study of which one file was mutated, if the check lets it pass; gives the exit code."""
    held = small.mutate(np.random.default_rng(seed), one_file=True)
    published = small.root / "reports" / "demo-collab"
    try:
        if main(["check", str(small.wave)]) != 0:
            return None
        code = main(["run", str(small.wave)])
    finally:
        for path, content in held.items():
            path.write_bytes(content)
    said = capsys.readouterr()
    words = f"seed {seed}, {[path.name for path in held]}: {said.err[-3000:]}"
    assert code in {0, 1, 2}, words
    assert "Traceback" not in said.err + said.out, words
    assert (published / "wave-1" / "index.html").exists() == (code == 0), words
    assert code == 0 or not published.exists(), words
    assert code != 1 or re.search(rf"^({WORDED}): ", said.err, re.MULTILINE), words
    shutil.rmtree(small.root / "reports", ignore_errors=True)
    return code


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(5))
def test_what_passes_the_check_is_run_to_the_end_or_fails_in_words(
    small: Small, block: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five inputs a block, over whole tables: a published wave, or none and why."""
    for path in (small.root / "data").rglob("*.csv"):
        shutil.copy(REPO / path.relative_to(small.root), path)
    codes, seed = [], 50_000 + 1_000 * block
    while len(codes) < EACH:
        codes, seed = (
            [*codes, *([code] if (code := ended(small, seed, capsys)) is not None else [])],
            seed + 1,
        )
    assert 0 in codes


def test_the_part_of_the_demonstration_is_in_order(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(small.wave)]) == 0, capsys.readouterr().err


def test_two_hundred_mutations_are_answered_in_words(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    codes, inputs = [], 0
    while inputs < 200:
        many, code = tried(small, len(codes), capsys)
        inputs, codes = inputs + many, [*codes, code]
    assert {0, 2} == set(codes)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(10))
def test_two_hundred_more_are_in_the_whole_study(
    small: Small, block: int, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs, seed = 0, 1000 * (block + 1)
    while inputs < 200:
        inputs, seed = inputs + tried(small, seed, capsys)[0], seed + 1
