"""Sites that hand over moments and no rows give the coordinator the fit on all rows together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import MixedModel, Moments, mixed_model

NAMED = {"outcome": "y", "arm": "arm", "cluster": "site"}


def trial(clusters: int, size: int = 30, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(clusters), size)
    x = rng.normal(size=len(site))
    y = 1e4 + site % 2 + 0.5 * x + rng.normal(size=clusters)[site] + rng.normal(size=len(site))
    return pd.DataFrame({"site": [f"S{each:04d}" for each in site], "arm": site % 2, "x": x, "y": y})


def assert_same(one: MixedModel, two: MixedModel) -> None:
    for name in ("estimate", "se", "df", "p_value", "ci_low", "ci_high", "n", "n_clusters", "term"):
        ours, theirs = getattr(one.estimate, name), getattr(two.estimate, name)
        assert ours == (pytest.approx(theirs, rel=1e-10) if isinstance(theirs, float) else theirs), name
    assert one.icc == pytest.approx(two.icc, rel=1e-10)


@pytest.mark.parametrize("clusters", [4, 1000])
@pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite", "between"])
def test_the_merged_moments_of_all_sites_give_the_pooled_fit(clusters: int, df: str, tmp_path: Path) -> None:
    rows = trial(clusters)
    merged = None
    for label, own in rows.groupby("site"):
        path = tmp_path / f"{label}.json"
        Moments.from_frame(own, **NAMED, covariates=["x"]).write(path)
        part = Moments.read(path)
        merged = part if merged is None else merged + part
    assert merged is not None
    assert_same(merged.fit(df=df), mixed_model(rows, **NAMED, covariates=["x"], df=df))


def test_a_parquet_file_is_read_in_batches_with_the_clusters_in_any_order(tmp_path: Path) -> None:
    rows = trial(20).sample(frac=1, random_state=1)
    rows.to_parquet(tmp_path / "rows.parquet")
    found = Moments.from_parquet(tmp_path / "rows.parquet", **NAMED, covariates=["x"], batch=70)
    assert_same(found.fit(), mixed_model(rows, **NAMED, covariates=["x"]))
    with pytest.raises(ArgumentError, match="no column 'z'"):
        Moments.from_parquet(tmp_path / "rows.parquet", **NAMED, covariates=["z"])
    rows.iloc[:0].to_parquet(tmp_path / "none.parquet")
    with pytest.raises(DesignError, match="no rows"):
        Moments.from_parquet(tmp_path / "none.parquet", **NAMED)


def test_labels_of_the_arms_are_kept_and_must_agree(tmp_path: Path) -> None:
    rows = trial(6)
    named = rows.assign(arm=pd.Categorical.from_codes(rows["arm"], ["usual care", "coached"], ordered=True))
    found = Moments.from_frame(named, **NAMED)
    assert found.fit().estimate.term == "coached - usual care"
    with pytest.raises(ArgumentError, match="unlike arms"):
        found + Moments.from_frame(rows, **NAMED)
    with pytest.raises(ArgumentError, match="hold words"):
        Moments.from_frame(named, **NAMED, covariates=["site"])


@pytest.mark.parametrize(
    "small",
    [
        lambda rows: rows.groupby("site").head(4),
        lambda rows: rows.assign(x=(rows.groupby("site").cumcount() < 2).astype(int)),
        lambda rows: rows.assign(x=(rows.groupby("site").cumcount() >= 2).astype(int)),
        lambda rows: rows.assign(y=(rows.groupby("site").cumcount() == 7).astype(int)),
    ],
)
def test_what_stands_for_too_few_people_is_not_written(small, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    moments = Moments.from_frame(small(trial(4)), **NAMED, covariates=["x"])
    with pytest.raises(DesignError, match="fewer than 5 people are not written"):
        moments.write(path)
    assert not path.exists()
    moments.write(path, fewest=0)
    assert path.exists()


def test_a_yes_or_no_column_that_divides_nobody_off_is_written(tmp_path: Path) -> None:
    rows = trial(4).assign(x=lambda each: (each.groupby("site").cumcount() < 12).astype(int))
    Moments.from_frame(rows, **NAMED, covariates=["x"]).write(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert set(content) == {
        "kind", "schema", "labels", "clusters", "constants", "covariates", "size", "level", "mean", "scatter",
    }  # fmt: skip


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"kind": "qieval moments", "schema": 2}'])
def test_another_file_is_refused(damage: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(damage, encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"m\.json is no file of moments"):
        Moments.read(tmp_path / "m.json")


def test_one_arm_alone_is_not_fitted() -> None:
    rows = trial(6)
    with pytest.raises(DesignError, match="Arm '1' has no cluster"):
        Moments.from_frame(rows[rows["arm"] == 0], **NAMED).fit()
