"""Sites told by codes: in the edition of one site, and where the study says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pandas as pd

from qieval.errors import refuse
from qieval.pipeline.extract import Extract
from qieval.pipeline.faults import suggestion


def told(extract: Extract, table: Callable[[str], pd.DataFrame], role: str, *, own: str = "") -> pd.DataFrame:
    """Read a table with its sites as they may be told; empty where the study declares no such table.

    Sites have codes where the study file's disclosure does not say ``named``, and in the edition of one site,
    `own`, which alone keeps its name.
    """
    if role not in extract.spec.tables:
        return pd.DataFrame(columns=["site"])
    frame = table(role)
    if "site" not in frame or not (own or extract.spec.disclosure.sites != "named"):
        return frame
    salt = table("measures" if "measures" in extract.spec.tables else "outcomes")
    codes = site_codes(extract, table("sites")["site"], salt, own=own)
    return frame.assign(site=frame["site"].astype(object).replace(codes))


def site_codes(extract: Extract, roster: pd.Series, rows: pd.DataFrame, *, own: str) -> dict[str, str]:
    """Give every site but `own` a code, in an order that only the data's owner can work out.

    Parameters
    ----------
    extract : Extract
        The wave's files, for the word for a site.
    roster : Series
        Every site.
    rows : DataFrame
        Data that are not published; the order hangs on their content, so it changes with every extract.
    own : str
        The site that keeps its name; empty for none.
    """
    sites = roster.astype(str).tolist()
    if own and own not in sites:
        refuse(extract.file("sites"), f"has no site {own!r}{suggestion(own, sites)}", column="site")
    salt = pd.util.hash_pandas_object(rows.astype(str), index=False).to_numpy().tobytes()
    order = sorted(sites, key=lambda site: hashlib.sha256(salt + site.encode()).digest())
    unit = extract.spec.allocation.unit if extract.spec.allocation else "site"
    return {
        site: f"{unit.capitalize()} {place:02d}" for place, site in enumerate(order, start=1) if site != own
    }
