from __future__ import annotations

import pandas as pd

from qieval.pipeline.extract import open_extract
from qieval.pipeline.naming import site_codes


def test_every_site_but_ones_own_has_a_code_of_its_own(tiny) -> None:
    extract = open_extract(tiny.workspace, "tiny", 1)
    roster, rows = pd.Series(list("ABCD")), pd.DataFrame({"x": [1.5, None]})
    codes = site_codes(extract, roster, rows, own="C")
    assert set(codes) == {"A", "B", "D"}
    assert len(set(codes.values())) == 3
    assert codes == site_codes(extract, roster[::-1], rows.copy(), own="C")
    assert len(site_codes(extract, roster, rows, own="")) == 4
