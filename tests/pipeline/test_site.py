"""Index pages say what each wave answers and where to read it."""

from __future__ import annotations

import re
from typing import Any

from qieval.exhibits.marks import key_marks
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


def test_a_report_stands_beside_what_it_said_a_wave_before() -> None:
    def with_mark(number: int, estimate: float) -> dict[str, Any]:
        row = {"key": "20_effect--fatigue/effect/t", "report": "20_effect--fatigue", "estimate": estimate}
        row |= {"ci_low": estimate - 1, "ci_high": estimate + 1, "level": 0.95, "unit": "points"}
        return wave(number, marks=key_marks([row | {"term": "a - b", "status": "final"}]))

    told = {"name": "40_coding", "question": "What was said?", "headline": "Much.", "href": "40_coding.html"}
    now, before = with_mark(2, -3.0), with_mark(1, -1.5)
    now["reports"] = [told, *now["reports"][:1]]
    page = site_index([{"name": "demo", "title": "The demo", "synthetic": True, "waves": [before, now]}])
    latest = page[: page.index("Earlier waves")]
    assert latest.count("<circle") == 2, "this wave's interval and the one before"
    assert latest.index("Is fatigue lower?") < latest.index("What was said?"), "what is drawn comes first"
    assert "At wave 1: \u22121.5 points (95\u00a0% interval \u22122.5 to \u22120.5)." in latest
    assert "At wave 1: 40_coding" not in latest
    assert page[page.index("Earlier waves") :].count("<circle") == 1, "nothing came before the first wave"


def test_a_report_that_is_new_says_so_and_one_without_a_drawing_repeats_its_sentence() -> None:
    now = wave(2)
    now["reports"] = [*now["reports"][:1], {"name": "50_fidelity", "question": "Held?", "headline": "Yes."}]
    page = site_index([{"name": "demo", "title": "The demo", "waves": [wave(1), now]}])
    assert "At wave 1: Down by 1 points." in page
    assert "New since wave 1." in page


def test_the_report_on_all_waves_is_the_study_s_front_page() -> None:
    front = {"name": "80_waves", "question": "How?", "headline": "So.", "href": "80_waves.html"}
    page = site_index([{"name": "demo", "title": "The demo", "waves": [wave(2, reports=[front])]}])
    assert '<p><a href="demo/wave-2/80_waves.html">Key results from wave to wave</a></p>' in page
    assert "from wave to wave" not in site_index([{"name": "demo", "title": "The demo", "waves": [wave(2)]}])


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
