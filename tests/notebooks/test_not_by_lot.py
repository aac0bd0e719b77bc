"""Where no lot decided, no published page says what brought a result about: pages, their index, results."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
CAUSAL = re.compile(
    r"\b(reduc(e[sd]?|ing|tions?)|improve[sd]|le[ad]d?s? to|caus(e[sd]?|al|ally|ing)|due to|thanks to"
    r"|effects?|effective(ness)?|impacts?|randomi[sz]\w+)\b",
    re.IGNORECASE,
)
# Names of statistics and of books, of the kinds of variation in a chart, and of reports.
NAMES = re.compile(
    r"design effect|fixed effects|Cluster Randomised Trials|(special|common)[- ]cause|\d\d_effect", re.I
)
HIDDEN = re.compile(r"<(style|script|pre|code|head)\b.*?</\1>", re.DOTALL)


def told(page: str) -> str:
    """What a reader sees (or hears) of a page, without code and names."""
    spoken = re.sub(r'<[^>]*?(?:alt|aria-label)="([^"]*)"[^>]*>', r" \1 ", HIDDEN.sub(" ", page))
    return NAMES.sub(" ", " ".join(html.unescape(re.sub(r"<[^>]+>", " ", spoken)).split()))


def hide(root: Path, study: str, wave: str, design: str, reports: str = "") -> Path:
    """Copy a demonstration's wave with its design declared otherwise; `reports` replaces what it makes."""
    name = f"{study}-{design}"
    (root / "params" / name).mkdir(parents=True, exist_ok=True)
    words = (REPO / "params" / study / "study.yaml").read_text(encoding="utf-8")
    words = re.sub(r"^design: \w+", f"design: {design}", words, flags=re.MULTILINE)
    plan = (
        (REPO / "params" / study / wave)
        .read_text(encoding="utf-8")
        .replace(f"study: {study}", f"study: {name}")
    )
    if design == "uncontrolled":  # such a study has no arms, and no report that compares them
        words = re.sub(r"^allocation:\n(  .*\n)+", "", words, flags=re.MULTILINE)
        plan = re.sub(r"  - 2[016]_.*\n", "", plan)
    if reports:
        plan = plan[: plan.index("reports:")] + f"reports: {reports}\n"
    (root / "params" / name / "study.yaml").write_text(words, encoding="utf-8")
    made = root / "params" / name / wave
    made.write_text(plan, encoding="utf-8")
    return made


def published(root: Path, waves: list[Path]) -> list[Path]:
    """Publish waves; give the pages and results."""
    for folder in ("data/demo-collab", "data/demo-ms", "data/hip-fracture", "data/validation", "notebooks",
                   "params/instruments"):  # fmt: skip
        shutil.copytree(REPO / folder, root / folder)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "qieval"), "run", *map(str, waves), "--workspace", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return sorted((root / "reports").rglob("*.html"))


def causal_words(root: Path, pages: list[Path]) -> list[str]:
    found = []
    for page in pages:
        words = told(page.read_text(encoding="utf-8"))
        found += [
            f"{page.name}: …{words[max(0, at.start() - 60) : at.end() + 30]}…"
            for at in CAUSAL.finditer(words)
        ]
    for path in (root / "reports").rglob("results.json"):
        for row in json.loads(path.read_text(encoding="utf-8"))["results"]:
            words = NAMES.sub(" ", " ".join([row["term"], row["unit"] or "", *row["notes"]]))
            found += [f"{row['key']}: {words}" for _ in CAUSAL.findall(words)]
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pages of the demonstrations with their allocation hidden, and of the hip-fracture study, tell."""
    root = tmp_path_factory.mktemp("hidden")
    waves = [
        hide(root, "demo-collab", "wave-2.yaml", "controlled", "[20_effect]"),
        hide(root, "demo-ms", "wave-3.yaml", "controlled", "[21_stepped_wedge]"),
        hide(root, "demo-collab", "wave-2.yaml", "uncontrolled", "[25_time_series]"),
        hide(root, "hip-fracture", "wave-1.yaml", "uncontrolled"),
    ]
    made = published(root, waves)
    assert not (found := causal_words(root, made)), "\n".join(found)
    return {str(page.relative_to(root / "reports")): told(page.read_text(encoding="utf-8")) for page in made}


def test_no_page_no_index_and_no_result_says_what_brought_it_about(pages: dict[str, str]) -> None:
    assert len(pages) == 4 + 4 + 1  # a page and an index a wave, and the index of all


def test_arms_that_no_lot_formed_are_compared_under_a_stated_assumption(pages: dict[str, str]) -> None:
    page = pages["demo-collab-controlled/wave-2/20_effect.html"]
    assert "No lot decided which sites joined, or when" in page
    assert "a return to the mean, where sites joined because of their earlier values" in page
    assert "Had chance alone formed the arms, which is assumed and no lot did," in page
    assert "No lot formed the arms, so CONSORT’s checklist for trials is not gone through" in page
    wedge = pages["demo-ms-controlled/wave-3/21_stepped_wedge.html"]
    assert "Had chance alone set the order of starts, which is assumed and no lot did," in wedge


def test_where_all_joined_the_page_says_so_first(pages: dict[str, str]) -> None:
    assert (
        "All sites joined, so nothing here can tell"
        in pages["demo-collab-uncontrolled/wave-2/25_time_series.html"]
    )
    assert "hip" in pages["hip-fracture-uncontrolled/wave-1/65_paired_sites.html"].lower()


def test_causal_words_would_be_found() -> None:
    assert CAUSAL.search(told("<p>Coaching <b>reduced</b> fatigue</p>"))
    assert CAUSAL.search(told('<img alt="an effect of">'))
    assert not CAUSAL.search(told("<code>effect</code> special-cause variation, a design effect"))


@pytest.mark.nightly
@pytest.mark.parametrize("design", ["controlled", "uncontrolled"])
def test_no_report_of_either_demonstration_says_so(design: str, tmp_path: Path) -> None:
    waves = [
        hide(tmp_path, "demo-collab", "wave-2.yaml", design),
        hide(tmp_path, "demo-ms", "wave-3.yaml", design),
    ]
    if design == "controlled":
        waves.append(hide(tmp_path, "demo-collab", "plan.yaml", design))
    made = published(tmp_path, waves)
    assert not (found := causal_words(tmp_path, made)), "\n".join(found)
