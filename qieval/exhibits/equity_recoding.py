"""What a change of records does to a gap, as it is told."""

from __future__ import annotations

from qieval.exhibits.core import Statement
from qieval.exhibits.disclosure import count_or_fewer, withhold
from qieval.exhibits.format import fixed
from qieval.exhibits.phrases import counted
from qieval.measures import Recoded

FIXED = "with each person’s group as first known"


def recoded(found: Recoded | None, *, label: str = "", fewest: int = 5) -> Statement:
    """Say how many people's groups were recorded otherwise, and the change of each gap by both records."""
    if found is None:
        said = "No yes-or-no outcome of single people stands with this group, so records cannot be compared."
        return Statement(name="recoded", role="note", say=said)
    if not found.people:
        said = "Every participant stands in one wave only: no recorded group can change between waves."
        return Statement(name="recoded", role="note", say=said)
    show = count_or_fewer(fewest)
    filled, changed = (withhold([number], fewest)[0] for number in (found.filled, found.changed))
    said = (
        f"Of {counted(found.people, 'participant')} in two waves or more, {show(filled)} had a group "
        f"recorded only later, and {show(changed)} have two different groups on record."
    )
    if None in (filled, changed):
        return Statement(name="recoded", role="note", say=said, more=["So few move no gap that may be told."])
    if not (filled or changed):
        return Statement(name="recoded", role="note", say=said, more=["So records move no gap."])
    points = fixed(1, plus=True)
    after = {each.term: each for each in found.fixed}
    more = [
        f"{label}, change of the gap {each.term}: {points(100 * each.estimate)} points as recorded in each "
        f"wave, {points(100 * after[each.term].estimate)} {FIXED}."
        for each in found.current
        if each.term in after
    ]
    return Statement(name="recoded", role="note", say=said, more=more)
