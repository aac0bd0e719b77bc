"""Time the engine beside its peers in one run: medians and ratios, never asserted (``make bench``).

The same generated trial goes to each program, from a table in memory to estimate, standard error, degrees of
freedom, p-value and interval (the peers give fewer of these). R is timed where Rscript with lme4 is found.
``make bench`` gives every program one thread: otherwise the comparison measures the number of cores.
"""

from __future__ import annotations

import runpy
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

ROUNDS = 3
R_LMER = """
library(lme4); d <- read.csv(commandArgs(TRUE)[1]); d$cluster <- factor(d$cluster)
for (i in 1:3) { t <- proc.time()[["elapsed"]]; lmer(y ~ arm + x + (1 | cluster), d)
                 cat(proc.time()[["elapsed"]] - t, "\\n") }
"""


def trial(rows: int, clusters: int, seed: int = 42) -> pd.DataFrame:
    """A parallel trial with one covariate, ICC about 0.08, equal sizes; a score and a 0/1 event."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rows // clusters)
    arm = (cluster % 2).astype(float)
    x = rng.normal(size=rows)
    site = rng.normal(0, 0.3, clusters)[cluster]
    y = 1 + 0.2 * arm + 0.5 * x + site + rng.normal(size=rows)
    event = rng.random(rows) < 1 / (1 + np.exp(0.3 - 0.2 * arm - 0.5 * x - site))
    return pd.DataFrame(
        {"cluster": cluster, "arm": arm.astype(int), "x": x, "y": y, "event": event.astype(int)}
    )


def seconds(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median wall time of some rounds, after one that is not counted."""
    run()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return median(taken)


def seconds_of_lmer(data: pd.DataFrame) -> float | None:
    """Median wall time of ``lme4::lmer`` on the same rows, or None where R is not found."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "trial.csv"
        data.to_csv(table, index=False, float_format="%.9g")
        done = subprocess.run(
            [rscript, "-e", R_LMER, str(table)], capture_output=True, text=True, check=False
        )
    return median(map(float, done.stdout.split())) if done.returncode == 0 else None


def compare_mixed_models(rows: int, clusters: int) -> None:
    """The mixed model with Kenward-Roger against models without it."""
    import statsmodels.formula.api as smf

    from qieval import trial as engine

    data = trial(rows, clusters)
    shuffled = data.sample(frac=1, random_state=0).assign(
        cluster=lambda d: "site " + d["cluster"].astype(str)
    )

    def ours(frame: pd.DataFrame) -> object:
        return engine.mixed_model(frame, outcome="y", arm="arm", cluster="cluster", covariates=("x",))

    def statsmodels() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return smf.mixedlm("y ~ arm + x", data, groups="cluster").fit()

    base = seconds(lambda: ours(data))
    show(f"mixed model, {rows:,} rows, {clusters:,} clusters", "qieval with Kenward-Roger", base, base)
    show("", "the same, shuffled rows and string ids", seconds(lambda: ours(shuffled)), base)
    show("", "statsmodels MixedLM (z only)", seconds(statsmodels), base)
    show("", "lme4::lmer (no df)", seconds_of_lmer(data), base)


def compare_gee(rows: int, clusters: int, *, family: str, outcome: str) -> None:
    """Estimating equations with every corrected standard error against the uncorrected ones of a peer."""
    import statsmodels.api as sm

    from qieval.trial.gee import gee

    data = trial(rows, clusters)
    shuffled = data.sample(frac=1, random_state=0).assign(
        cluster=lambda d: "site " + d["cluster"].astype(str)
    )

    def ours(frame: pd.DataFrame) -> object:
        return gee(frame, outcome=outcome, arm="arm", cluster="cluster", covariates=("x",), family=family)

    def statsmodels() -> object:
        kind = getattr(sm.families, family.capitalize())()
        working = sm.cov_struct.Exchangeable()
        return sm.GEE.from_formula(
            f"{outcome} ~ arm + x", "cluster", data, cov_struct=working, family=kind
        ).fit()

    base = seconds(lambda: ours(data))
    show(f"GEE {family}, {rows:,} / {clusters:,} clusters", "qieval, all corrections", base, base)
    show("", "the same, shuffled rows and string ids", seconds(lambda: ours(shuffled)), base)
    show("", "statsmodels GEE (uncorrected, z)", seconds(statsmodels), base)


def compare_permutations() -> None:
    """Exact enumeration of 184,756 allocations, with the interval by test inversion."""
    from qieval import trial as engine

    data = trial(20_000, 20)
    taken = seconds(lambda: engine.permutation_test(data, outcome="y", arm="arm", cluster="cluster"))
    show("permutation test, 20 clusters", "qieval, 184,756 allocations and interval", taken, taken)


def show(job: str, program: str, taken: float | None, base: float) -> None:
    """One line of the table: seconds, and as a multiple of qieval's."""
    said = "not found here" if taken is None else f"{taken:9.3f} s  {taken / base:8.1f} x"
    print(f"{job:<42} {program:<44} {said}", flush=True)  # noqa: T201 (a command's output)


if __name__ == "__main__":
    import measures

    measures.main()
    compare_mixed_models(100_000, 200)
    compare_mixed_models(1_000_000, 1_000)
    for family, outcome in (("gaussian", "y"), ("binomial", "event")):
        compare_gee(100_000, 200, family=family, outcome=outcome)
        compare_gee(1_000_000, 1_000, family=family, outcome=outcome)
    compare_permutations()
    runpy.run_path(str(Path(__file__).with_name("capability.py")), run_name="__main__")
