"""Two waves of a few people."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.capability import compare


@pytest.fixture
def change():
    before = pd.DataFrame({"id": [1, 2, 3, 4, 5, 6], "site": list("aabbbb"), "x": [1.0, 2, 4, 4, 9, 7]})
    after = pd.DataFrame({"id": [1, 2, 3, 7], "site": list("aabb"), "x": [2.0, 4, 5, 1]})
    return compare(before, after, by="id", team="site")
