"""Which sites there are, which arm each was allocated to, and how many participants each brings to a wave."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from qieval.simulate.streams import Ints, stream
from qieval.simulate.truth import COACHED, CONTROL, DEMO, Truth


def sites(seed: int, truth: Truth = DEMO) -> pd.DataFrame:
    """List every site ever randomised: site, arm, region, status, date, reason, allocated.

    Within a region half of the sites, chosen by the seed, are coached. A site that stopped recruiting keeps
    its row, with the day and the reason.
    """
    regions = np.repeat(np.array(truth.regions), truth.sites_per_region)
    rank = np.concatenate(
        [
            stream(seed, "sites", "allocation", region).random(truth.sites_per_region).argsort().argsort()
            for region in truth.regions
        ]
    )
    roster = pd.DataFrame(
        {
            "site": site_codes(truth),
            "arm": np.where(rank < truth.sites_per_region // 2, COACHED, CONTROL),
            "region": regions,
        }
    )
    closed = roster["site"].eq(truth.closed_site)
    roster["status"] = closed.map({True: "closed", False: "active"})
    roster["date"] = closed.map({True: truth.closed_on, False: ""})
    roster["reason"] = closed.map({True: "merged with a clinic outside the study", False: ""})
    roster["allocated"] = truth.entry.allocated
    return roster


def site_codes(truth: Truth) -> list[str]:
    """Name the sites, region after region: S01, S02 and so on."""
    return [f"S{number:02d}" for number in range(1, len(truth.regions) * truth.sites_per_region + 1)]


def known_at(roster: pd.DataFrame, cut: str) -> pd.DataFrame:
    """Return the roster as it stood on a day: what happened to a site later is not yet in it."""
    later = roster["date"].gt(cut)
    blank = {"status": "active", "date": "", "reason": ""}
    return roster.assign(**{name: roster[name].mask(later, value) for name, value in blank.items()})


def sizes(seed: int, truth: Truth, wave: int) -> Ints:
    """Count the participants of each site at a wave, in the roster's order.

    The sites share one profile from the smallest to the largest size, dealt out by the seed; a wave moves
    each by up to eight per cent. A site that closes within the window recruits for its share of it, but not
    fewer than the smallest size.
    """
    codes = site_codes(truth)
    n = len(codes)
    span = truth.largest - truth.smallest
    power = span / (truth.mean_size - truth.smallest) - 1
    profile = truth.smallest + span * (np.arange(n) / (n - 1)) ** power
    base = profile[stream(seed, "sites", "size").random(n).argsort()]
    size = base * (0.92 + 0.16 * stream(seed, "sites", "size", wave).random(n))
    size = np.minimum(size, truth.largest)
    if truth.closed_site:
        size[codes.index(truth.closed_site)] *= _share_open(truth, wave)
    return np.maximum(np.floor(size + 0.5), truth.smallest).astype(np.int64)


def _share_open(truth: Truth, wave: int) -> float:
    first, last = (date.fromisoformat(day) for day in truth.cuts[wave])
    open_days = (date.fromisoformat(truth.closed_on) - first).days
    return min(max(open_days / (last - first).days, 0.0), 1.0)
