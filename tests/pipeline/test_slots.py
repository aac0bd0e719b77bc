"""The authors' words: their numbers come from the results, their mistakes are told at once."""

from __future__ import annotations

from typing import Any

import pytest

from qieval.cli import main
from qieval.errors import InputError
from qieval.pipeline.slots import filled, read_slots

REPORTS = ["20_effect--fatigue", "20_effect--relapse", "30_capability"]
TEXT = """\
<!-- a remark
that is not printed -->
# 20_effect--fatigue
## Limits
## Interpretation
It fell by {{ fatigue.estimate }} {{fatigue.unit}} ({{fatigue.interval}};
p {{20_effect--fatigue/effect/gee.p_value}}).

# 20_effect--relapse
## What we will do
Ask why: {{relapse.estimate}} {{relapse.unit}} among {{relapse.n}}.
"""


def row(key: str, estimate: float, **more: Any) -> dict[str, Any]:
    numbers = {
        "estimate": estimate,
        "se": 0.5,
        "ci_low": estimate - 1,
        "ci_high": estimate + 1,
        "level": 0.95,
    }
    others = {"p_value": 0.0123, "df": 19.0, "n": 2553, "n_clusters": 24, "unit": "points", "notes": []}
    return {"key": key, "report": key.split("/")[0]} | numbers | others | more


ROWS = [
    row("20_effect--fatigue/flow/n", 9.0),
    row("20_effect--fatigue/effect/cluster-t", -2.7303),
    row("20_effect--fatigue/effect/gee", -2.5, p_value=0.0194),
    row("20_effect--relapse/effect/cluster-t", -0.0539, se=0.028, ci_low=-0.1107, ci_high=0.0029)
    | {"unit": "proportion"},
    row("30_capability/change/t", 20.9, ci_low=None, notes=["one team only"]),
]


def test_numbers_are_filled_from_the_results_in_the_units_that_readers_see() -> None:
    slots = read_slots(TEXT, file="wave-2.text.md", reports=REPORTS)
    done = filled(slots, ROWS, file="wave-2.text.md")
    assert done == {
        "20_effect--fatigue": [
            [
                "Interpretation",
                "It fell by \u22122.7 points (95\u00a0% interval \u22123.7 to \u22121.7;\np 0.019).\n",
            ]
        ],
        "20_effect--relapse": [["What we will do", "Ask why: \u22125.4 percentage points among 2,553."]],
    }


def test_a_slot_that_is_empty_prints_nothing() -> None:
    assert read_slots("# 30_capability\n\n## Limits\n\n## Interpretation\n", file="x", reports=REPORTS) == ()


def test_all_faults_of_a_text_are_told_at_once_with_their_lines() -> None:
    text = "Words.\n# 20_efect--fatigue\n## Limits\nx\n# 30_capability\n## Limit\nx\n"
    text += "## Limits\nx\n## Limits\ny\n"
    with pytest.raises(InputError) as told:
        read_slots(text, file="wave-2.text.md", reports=REPORTS)
    assert [(fault.rows, fault.problem) for fault in told.value.faults] == [
        ((1,), "there is no report ''"),
        ((3,), "there is no report '20_efect--fatigue' (did you mean '20_effect--fatigue'?)"),
        ((6,), "there is no slot 'Limit' (did you mean 'Limits'?)"),
        ((10,), "Limits of 30_capability stands here a second time"),
    ]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("fatige.estimate", "there is no such result (did you mean 'fatigue'?)"),
        ("fatigue.estimat", "there is no number 'estimat' (did you mean 'estimate'?)"),
        ("30_capability.interval", "this result has no interval (one team only)"),
        ("fatigue", "there is no number 'fatigue'; expected one of estimate"),
    ],
)
def test_a_reference_to_nothing_is_one_clear_fault(reference: str, said: str) -> None:
    text = f"# 30_capability\n## Limits\nOne line.\nThen {{{{{reference}}}}}.\n"
    with pytest.raises(InputError) as told:
        filled(read_slots(text, file="w.text.md", reports=REPORTS), ROWS, file="w.text.md")
    [fault] = told.value.faults
    assert (fault.file, fault.rows) == ("w.text.md", (4,))
    assert fault.problem.startswith(f"{{{{{reference}}}}}: {said}")


def test_a_short_name_that_means_two_reports_is_refused() -> None:
    rows = [*ROWS, row("21_stepped_wedge--fatigue/effect/permutation", -3.0)]
    slots = read_slots("# 30_capability\n## Limits\n{{fatigue.n}}", file="w", reports=REPORTS)
    with pytest.raises(InputError, match="several reports are meant: 20_effect--fatigue, 21_stepped_wedge"):
        filled(slots, rows, file="w")


def test_words_reach_the_page_follow_their_file_and_go_with_it(tiny: Any, capsys: Any) -> None:
    asked = ["run", str(tiny.wave), "--workspace", str(tiny.root)]
    text = tiny.wave.with_suffix(".text.md")
    page = tiny.workspace.published("tiny", 1) / "10_look--pain.html"

    def run() -> str:
        assert main(asked) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    text.write_text("# 10_look--pain\n## Limits\nFew <b>sites</b>.\n", encoding="utf-8")
    run()
    assert "<p>Few <b>sites</b>.</p>" in page.read_text(encoding="utf-8")
    assert '<a href="#limits">Limits</a>' in page.read_text(encoding="utf-8"), "it is among the contents"
    text.write_text("# 10_look--pain\n## Limits\nVery few.\n", encoding="utf-8")
    assert "is up to date" in run(), "no notebook runs for words"
    assert "<p>Very few.</p>" in page.read_text(encoding="utf-8")
    assert "Up to date" in run()
    before = page.read_bytes()
    text.write_text("# 10_look--pain\n## Limits\nBy {{pain.estimate}}.\n", encoding="utf-8")
    assert main(asked) == 1
    assert "wave-1.text.md" in capsys.readouterr().err
    assert page.read_bytes() == before, "what is published stays"
    text.unlink()
    run()
    assert "Very few" not in page.read_text(encoding="utf-8")
