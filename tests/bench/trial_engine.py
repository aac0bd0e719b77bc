"""The trial engine beside its peers: the same generated trial to each, from a table to the estimate."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from timing import Taken, seconds, seconds_in_r, show

from qieval import trial as engine

NAMED = {"arm": "arm", "cluster": "cluster"}
FROM_PARQUET = """
import re, sys, time
from pathlib import Path
from qieval.trial import Moments
wall, cpu = time.perf_counter(), time.process_time()
Moments.from_parquet(sys.argv[1], outcome="y", arm="arm", cluster="cluster", covariates=("x",)).fit()
# of this process alone: what getrusage reports starts at its parent's size
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 2**20
print(time.perf_counter() - wall, time.process_time() - cpu, peak)
"""


def trial(rows: int, clusters: int, seed: int = 42) -> pd.DataFrame:
    """A parallel trial: one covariate, ICC about 0.08, equal sizes, four periods, a score and a 0/1 event."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rows // clusters)
    arm = (cluster % 2).astype(float)
    x = rng.normal(size=rows)
    site = rng.normal(0, 0.3, clusters)[cluster]
    y = 1 + 0.2 * arm + 0.5 * x + site + rng.normal(size=rows)
    event = rng.random(rows) < 1 / (1 + np.exp(0.3 - 0.2 * arm - 0.5 * x - site))
    period = np.arange(rows) % 4
    columns = {"cluster": cluster, "arm": arm.astype(int), "x": x, "y": y, "event": event.astype(int)}
    return pd.DataFrame(columns | {"period": period})


def as_it_comes(data: pd.DataFrame) -> pd.DataFrame:
    """The same rows shuffled, with words as ids."""
    return data.sample(frac=1, random_state=0).assign(cluster=lambda d: "site " + d["cluster"].astype(str))


def beside(job: str, ours: str, run: Callable[[pd.DataFrame], object], data: pd.DataFrame) -> Taken:
    """Time qieval on the rows in order, and as they come."""
    base = seconds(lambda: run(data))
    show(job, ours, base, base)
    other = as_it_comes(data)
    show("", "the same, shuffled rows and string ids", seconds(lambda: run(other)), base)
    return base


def compare_mixed_models(rows: int, clusters: int) -> None:
    """The mixed model with Kenward-Roger against models without it."""
    import statsmodels.formula.api as smf

    data = trial(rows, clusters)

    def ours(frame: pd.DataFrame) -> object:
        return engine.mixed_model(frame, outcome="y", covariates=("x",), **NAMED)

    def by_period(frame: pd.DataFrame) -> object:
        return engine.mixed_model(frame, outcome="y", covariates=("x",), period="period", **NAMED)

    def statsmodels() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return smf.mixedlm("y ~ arm + x", data, groups="cluster").fit()

    base = beside(f"mixed model, {rows:,} / {clusters:,} clusters", "qieval with Kenward-Roger", ours, data)
    show("", "qieval, cluster and cluster x period", seconds(lambda: by_period(data)), base)
    show("", "statsmodels MixedLM (z only)", seconds(statsmodels), base)
    lmer = seconds_in_r("lmer(y ~ arm + x + (1 | cluster), d)", "library(lme4)", data)
    show("", "lme4::lmer (no df)", lmer, base)


def compare_gee(rows: int, clusters: int, *, family: str, outcome: str) -> None:
    """Estimating equations with every corrected standard error against the uncorrected ones of a peer."""
    import statsmodels.api as sm

    data = trial(rows, clusters)

    def ours(frame: pd.DataFrame) -> object:
        return engine.gee(frame, outcome=outcome, covariates=("x",), family=family, **NAMED)

    def statsmodels() -> object:
        kind = getattr(sm.families, family.capitalize())()
        working = sm.cov_struct.Exchangeable()
        return sm.GEE.from_formula(
            f"{outcome} ~ arm + x", "cluster", data, cov_struct=working, family=kind
        ).fit()

    base = beside(f"GEE {family}, {rows:,} / {clusters:,}", "qieval, all corrections", ours, data)
    show("", "statsmodels GEE (uncorrected, z)", seconds(statsmodels), base)


def compare_glmm(rows: int, clusters: int) -> None:
    """The logistic model by seven-point quadrature."""
    data = trial(rows, clusters)

    def ours(frame: pd.DataFrame) -> object:
        return engine.glmm(frame, outcome="event", covariates=("x",), quadrature=7, **NAMED)

    base = beside(
        f"logistic mixed model, {rows:,} / {clusters:,}", "qieval, 7 points, with risks", ours, data
    )
    glmer = "glmer(event ~ arm + x + (1 | cluster), d, family = binomial, nAGQ = 7)"
    show("", "lme4::glmer, 7 points", seconds_in_r(glmer, "library(lme4)", data, rounds=1), base)


def compare_resampling() -> None:
    """Exact enumeration with its interval, draws on a million rows, and the wild bootstrap."""
    data = trial(20_000, 20)
    few = seconds(lambda: engine.permutation_test(data, outcome="y", **NAMED))
    show("permutation test, 20 clusters", "qieval, 184,756 allocations and interval", few, few)
    big = trial(1_000_000, 1_000)
    beside(
        "permutation test, 1,000,000 rows",
        "qieval, 10,000 draws and interval",
        lambda frame: engine.permutation_test(frame, outcome="y", draws=10_000, **NAMED),
        big,
    )
    data = trial(100_000, 200)
    base = beside(
        "wild bootstrap, 100,000 / 200",
        "qieval, 9,999 draws and interval",
        lambda frame: engine.wild_bootstrap(frame, outcome="y", covariates=("x",), draws=9_999, **NAMED),
        data,
    )
    try:
        from wildboottest.wildboottest import wildboottest
    except ImportError:
        show("", "wildboottest (no interval)", None, base)
        return
    import statsmodels.formula.api as smf

    def theirs() -> object:
        model = smf.ols("y ~ arm + x", data)
        return wildboottest(model, param="arm", cluster=data["cluster"], B=9_999, seed=1, show=False)

    show("", "wildboottest (no interval)", seconds(theirs), base)


def growth() -> None:
    """From ten thousand rows to ten million in memory, then ten million from a file."""
    base = None
    for rows, clusters in ((10_000, 100), (100_000, 200), (1_000_000, 1_000), (10_000_000, 2_000)):
        data = trial(rows, clusters)
        taken = seconds(
            lambda frame=data: engine.mixed_model(frame, outcome="y", covariates=("x",), **NAMED), rounds=1
        )
        base = base or taken
        show(f"growth, {rows:,} rows", "qieval with Kenward-Roger", taken, base)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.parquet"
        as_it_comes(data)[["cluster", "arm", "x", "y"]].to_parquet(path, index=False)
        del data
        code = [sys.executable, "-c", FROM_PARQUET, str(path)]
        done = subprocess.run(code, capture_output=True, text=True, check=True)
    wall, cpu, peak = map(float, done.stdout.split())
    show(
        "10,000,000 rows of a Parquet file, shuffled", f"qieval, peak {peak:.2f} GiB", Taken(wall, cpu), base
    )


def run() -> None:
    """Every comparison of the trial engine."""
    for rows, clusters in ((100_000, 200), (1_000_000, 1_000)):
        compare_mixed_models(rows, clusters)
        for family, outcome in (("gaussian", "y"), ("binomial", "event")):
            compare_gee(rows, clusters, family=family, outcome=outcome)
    compare_glmm(100_000, 200)
    compare_resampling()
    growth()
