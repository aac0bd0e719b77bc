"""What a change of records does to a gap, as it is told."""

from __future__ import annotations

from qieval.exhibits.equity_recoding import recoded
from qieval.measures import Recoded
from qieval.results import Estimate


def test_both_changes_of_the_gap_are_said() -> None:
    rows = [Estimate(term="(B - W), 1 - 0", method="x", estimate=value) for value in (0.25, 0.0)]
    found = Recoded(people=40, filled=10, changed=0, current=(rows[0],), fixed=(rows[1],))
    told = recoded(found, label="Relapse")
    assert told.say.startswith("Of 40 participants in two waves or more, 10 had a group recorded only later")
    assert told.more[0].startswith("Relapse, change of the gap (B - W), 1 - 0: +25.0 points as recorded")


def test_few_people_and_nobody_are_said_without_numbers_of_the_gap() -> None:
    few = Recoded(people=40, filled=2, changed=0, current=(), fixed=())
    assert recoded(few).more == ["So few move no gap that may be told."]
    none = Recoded(people=40, filled=0, changed=0, current=(), fixed=())
    assert recoded(none).more == ["So records move no gap."]
    nobody = Recoded(people=0, filled=0, changed=0, current=(), fixed=())
    assert "one wave only" in recoded(nobody).say
    assert "No yes-or-no outcome" in recoded(None).say
