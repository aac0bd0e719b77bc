"""Index pages say what each wave answers and where to read it."""

from __future__ import annotations

import re
from typing import Any

from qieval.pipeline.site import site_index, wave_index

EVIL = '"><img src=x onerror=x()>'


def wave(number: int, **more: Any) -> dict[str, Any]:
    reports = [
        {
            "name": "20_effect--fatigue",
            "question": "Is fatigue lower?",
            "headline": f"Down by {number} points.",
            "state": "final",
            "href": "20_effect--fatigue.html",
        },
        {"name": "40_coding", "question": "What was said?", "headline": "", "state": "failed", "href": ""},
    ]
    return {
        "study": "demo",
        "title": "The demo",
        "wave": number,
        "label": f"month {6 * number}",
        "synthetic": True,
        "data_cut": "2025-06-30",
        "reports": reports,
        "href": f"demo/wave-{number}/index.html",
    } | more


def test_a_wave_s_index_lists_questions_sentences_and_states() -> None:
    page = wave_index(wave(2))
    assert "<h1>Wave 2 (month 12)</h1>" in page
    assert "<title>Wave 2 (month 12) · The demo</title>" in page
    assert '<a href="20_effect--fatigue.html">Is fatigue lower?</a>' in page
    assert "<p>Down by 2 points.</p>" in page
    assert "<h2>What was said?</h2>" in page, "a report without a page has no link"
    assert '<p class="state bad">40_coding · failed</p>' in page
    assert "data cut 30 June 2025" in page
    assert "Synthetic data" in page


def test_the_site_s_index_puts_the_latest_wave_first_and_folds_the_others() -> None:
    studies = [
        {"name": "demo", "title": "The demo", "synthetic": True, "waves": [wave(0), wave(2), wave(1)]},
        {
            "name": "real",
            "title": "The real one",
            "synthetic": False,
            "waves": [wave(1, href="real/wave-1/index.html")],
        },
        {"name": "none", "title": "Not run yet", "synthetic": False, "waves": []},
    ]
    page = site_index(studies)
    assert re.findall(r"<h3><a href=\"([^\"]+)\"", page) == [
        "demo/wave-2/index.html",
        "demo/wave-1/index.html",
        "demo/wave-0/index.html",
        "real/wave-1/index.html",
    ]
    assert "Earlier waves (2)" in page
    assert '<a href="demo/wave-2/20_effect--fatigue.html">Is fatigue lower?</a>' in page
    assert "Not run yet" not in page
    assert page.count("synthetic data") == 1


def test_an_empty_site_says_so() -> None:
    assert "Nothing has been published yet." in site_index([])


def test_a_wave_with_next_to_nothing_in_it_is_still_listed() -> None:
    assert "<h1>Wave 0</h1>" in wave_index({"study": "x", "wave": 0, "reports": [{"name": "10_data"}]})


def test_hostile_words_stay_words() -> None:
    report = {"name": EVIL, "question": EVIL, "headline": EVIL, "state": EVIL, "href": EVIL}
    hostile = wave(1, title=EVIL, label=EVIL, study=EVIL, data_cut=EVIL, reports=[report])
    for page in (wave_index(hostile), site_index([{"name": EVIL, "title": EVIL, "waves": [hostile]}])):
        assert "<img" not in page
        assert page.count("<h1>") == 1
