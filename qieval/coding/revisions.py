"""How a codebook changed since an earlier wave, so that waves stay comparable."""

from __future__ import annotations

import pandas as pd

from qieval.coding.codebook import Codebook

COLUMNS = ["change", "code", "name", "was"]


def revisions(before: Codebook, after: Codebook) -> pd.DataFrame:
    """List what became of each code: taken over, renamed, moved, redefined, added or dropped.

    Parameters
    ----------
    before, after : Codebook
        Of two waves. Codes are the same by id; the column `replaces` of the later one tells which earlier
        codes a code took over, whose segments then count as its own.

    Returns
    -------
    DataFrame
        One row a change: `change`, `code` (the later id; the earlier one of a code that was dropped),
        `name`, `was` (earlier name, theme or definition).
    """
    earlier, later = (book.frame.set_index("code") for book in (before, after))
    taken = after.replaced
    rows = [
        ("took over", code, later.loc[code, "name"], earlier.loc[was, "name"])
        for was, code in taken.items()
        if was in earlier.index
    ]
    both = [code for code in later.index if code in earlier.index]
    for change, column in (("renamed", "name"), ("moved", "parent"), ("redefined", "definition")):
        for code in both:
            was = earlier.loc[code, column]
            if was != later.loc[code, column]:
                said = before.names.get(was, was) if column == "parent" else was
                rows.append((change, code, later.loc[code, "name"], said))
    fresh = [code for code in later.index if code not in earlier.index]
    rows += [("added", code, later.loc[code, "name"], "") for code in fresh if code not in taken.values()]
    gone = [code for code in earlier.index if code not in later.index and code not in taken]
    rows += [("dropped", code, earlier.loc[code, "name"], "") for code in gone]
    return pd.DataFrame(rows, columns=COLUMNS)
