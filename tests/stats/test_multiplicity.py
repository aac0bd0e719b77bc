"""Adjusted p-values against R's p.adjust."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from qieval.errors import ArgumentError
from qieval.stats.multiplicity import adjusted


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bh", "BH")])
def test_it_is_p_adjust(reference: Path, method, theirs: str) -> None:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())["multiplicity"]
    given = np.array(expected["p"])
    mixed = np.random.default_rng(1).permutation(len(given))
    found = adjusted(given[mixed], method=method)
    np.testing.assert_allclose(found, np.array(expected[theirs])[mixed], rtol=1e-9)


def test_absent_ones_do_not_count() -> None:
    found = adjusted([math.nan, 0.04, 0.02], method="holm")
    assert math.isnan(found[0])
    assert found[1:].tolist() == [0.04, 0.04]
    assert adjusted([], method="bh").size == 0
    with pytest.raises(ArgumentError, match="'holm', 'bh'"):
        adjusted([0.1], method="by")  # type: ignore[arg-type]
