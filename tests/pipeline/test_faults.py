from __future__ import annotations

from qieval.pipeline.faults import suggestion


def test_a_near_name_is_suggested_and_a_far_one_is_not() -> None:
    assert suggestion("outcom", ["study", "outcome"]) == " (did you mean 'outcome'?)"
    assert suggestion("ARM", ["arm"]) == " (did you mean 'arm'?)"
    assert suggestion("zzz", ["outcome"]) == ""
    assert suggestion(7, []) == ""
