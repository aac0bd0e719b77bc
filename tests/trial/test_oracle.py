"""Whole blocks of outside values at once: every coefficient, variance, df and p that R printed for a fit.

Tolerances are those that R's own digits support: lme4 stops its optimiser some digits early, lmerTest
differentiates numerically, and glmer's Laplace fits end within 3e-4.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.stats.gee import Equations, fit
from qieval.stats.linear_mixed import linear_mixed
from qieval.stats.sandwich import Leverage, covariances
from qieval.trial import cluster_summary, gee, glmm, permutation_test, robust_linear_model

CLOSED = 1e-9
Rows = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables(outside: Path) -> Rows:
    """Every data set, with the columns that R's formulas name."""
    found = {path.stem: pd.read_csv(path) for path in (outside / "crt" / "data").glob("*.csv")}
    waves = found["qic_sim"]
    base = waves[waves["wave"] == 0].groupby("site")["score"].mean()
    for name in ("qic_sim", "mscqi_sim_3v1"):
        rows = found[name]
        rows = rows.assign(trt=rows["arm"] * (rows["wave"] > 0), both=rows["arm"] * rows["group"])
        for wave in (1, 2, 3):
            rows[f"wavef{wave}"] = (rows["wave"] == wave).astype(float)
        found[f"{name} waves"] = rows.assign(base=rows["site"].map(base), post=rows["wavef3"])
        found[name] = found[f"{name} waves"][lambda each: each["wave"] == each["wave"].max()]
    found["first and last"] = found["qic_sim waves"][lambda each: each["wave"].isin([0, 3])]
    for name, cluster in (("cict_stepped_wedge", "Zip"), ("xpert_stepped_wedge", "cluster")):
        rows = found[name].assign(cl=found[name][cluster], zip=found[name][cluster])
        for period in range(2, 9):
            rows[f"per{period}"] = (rows["period"] == period).astype(float)
        found[name] = rows
    found["cict_stepped_wedge"]["auto"] = (found["cict_stepped_wedge"]["condition"] == "Automated CICT") * 1.0
    strata = {f"stratum{each}": (found["mkvtrial"]["stratum"] == each) * 1.0 for each in (2, 3)}
    found["mkvtrial"] = found["mkvtrial"].assign(**strata)
    return found


PERIODS = [f"per{period}" for period in range(2, 9)]
FACTORIAL = ["thkspre", "cc", "tv", "cctv"]
WAVES = ["wavef1", "wavef2", "wavef3"]
MIXED = [
    ("qic_sim", "endline_lmm", "qic_sim", "score", ["arm"], ("site", None)),
    ("qic_sim", "endline_lmm_ancova_clusterbaseline", "qic_sim", "score", ["arm", "base"], ("site", None)),
    ("qic_sim", "endline_lmm_covars", "qic_sim", "score", ["arm", "base", "age", "group"], ("site", None)),
    ("qic_sim", "endline_lmm_subgroup", "qic_sim", "score", ["arm", "group", "both"], ("site", None)),
    ("qic_sim", "did_2period_lmm", "first and last", "score", ["arm", "post", "trt"], ("site", "wave")),
    ("qic_sim", "did_clda", "qic_sim waves", "score", [*WAVES, "trt"], ("site", "wave")),
    ("qic_sim", "did_unconstrained", "qic_sim waves", "score", ["arm", *WAVES, "trt"], ("site", "wave")),
    ("mscqi_sim_3v1", "endline_lmm", "mscqi_sim_3v1", "score", ["arm"], ("site", None)),
    ("mscqi_sim_3v1", "clda", "mscqi_sim_3v1 waves", "score", [*WAVES[:2], "trt"], ("site", "wave")),
    ("tvsfp", "lmm_cc", "tvsfp", "thksord", ["cc"], ("school", None)),
    ("tvsfp", "lmm_factorial_ancova", "tvsfp", "thksord", FACTORIAL, ("school", None)),
    ("tvsfp", "lmm_factorial_ancova_cc", "tvsfp", "thksord", FACTORIAL, ("school", None)),
    ("tvsfp", "lmm_3level", "tvsfp", "thksord", FACTORIAL, ("school", "class")),
    ("mkvtrial", "lpm_lmm", "mkvtrial", "know", ["arm", "stratum2", "stratum3"], ("community", None)),
    ("cict_sw", "HH_unweighted", "cict_stepped_wedge", "y", [*PERIODS, "auto"], ("zip", None)),
    ("xpert_sw", "HH_lmm_cellmeans", "xpert_stepped_wedge", "prop", [*PERIODS, "treat"], ("cl", None)),
]


@pytest.mark.parametrize(("file", "block", "table", "outcome", "columns", "levels"), MIXED)
def test_mixed_models_are_lmer_s(
    tables, outside_values, file, block, table, outcome, columns, levels
) -> None:
    theirs = outside_values[file][block]
    rows = tables[table].dropna(subset=[outcome, *columns])
    given = {
        "outcome": rows[outcome].to_numpy(float),
        "columns": rows[columns].to_numpy(float),
        "titles": columns,
        "cluster": rows[levels[0]],
        "nested": rows[levels[1]] if levels[1] else None,
    }
    lean, kr = (linear_mixed(**given, df=df) for df in ("satterthwaite", "kenward-roger"))
    term = theirs["term"].replace("arm:group", "both")
    place = lean.pooled.names.index(term)
    order = [name.replace("arm:group", "both") for name in theirs["fixef"]]
    ours = {row.term: row for row in lean.coefficients}
    ours["(Intercept)"] = lean.coefficients[0]
    assert len(rows) == theirs["n"]
    for name, value, variance in zip(
        order, theirs["fixef"].values(), theirs["vcov_diag"].values(), strict=True
    ):
        assert ours[name].estimate == pytest.approx(value, rel=2e-6, abs=1e-6 * ours[name].se)
        assert ours[name].se == pytest.approx(math.sqrt(variance), rel=2e-6)
    one = lean.coefficients[place]
    agrees(one, theirs["satterthwaite"] | {"estimate": theirs["estimate"], "se": theirs["se"]}, df=1e-3)
    two, adjusted = kr.coefficients[place], theirs["kenward_roger"]
    agrees(two, adjusted | {"estimate": theirs["estimate"]}, df=1e-5)
    ratio = adjusted["KRmodcomp"]
    assert (two.statistic**2, two.df, two.p_value) == pytest.approx(
        (ratio["F"], ratio["ddf"], ratio["p"]), rel=1e-5
    )
    assert ratio["F_scaling"] == pytest.approx(1, rel=1e-9)
    assert lean.criterion == pytest.approx(theirs["reml_criterion"], rel=1e-9)
    assert -lean.criterion / 2 == pytest.approx(theirs["logLik_REML"], rel=1e-9)
    assert variances(lean) == pytest.approx(by_level(theirs["varcomp"], levels), rel=1e-5, abs=1e-6)
    assert lean.boundary == (min(by_level(theirs["varcomp"], levels)) < 1e-9)
    if theirs["icc"] is not None and levels[1] is None:
        assert lean.icc == pytest.approx(theirs["icc"], rel=1e-5, abs=1e-9)
    full, whole = linear_mixed(**given, df="satterthwaite", ml=True), theirs["ML"]
    values = dict(zip(order, whole["fixef"].values(), strict=True))
    for row in full.coefficients[1:]:
        assert row.estimate == pytest.approx(values[row.term], rel=1e-5, abs=1e-5 * row.se)
    assert full.coefficients[place].se == pytest.approx(whole["se"], rel=1e-5)
    assert variances(full) == pytest.approx(by_level(whole["varcomp"], levels), rel=1e-4, abs=1e-5)
    assert -full.criterion / 2 == pytest.approx(theirs["logLik_ML"], rel=1e-9)


def by_level(components: dict[str, float], levels: tuple[str, str | None]) -> list[float]:
    """Variances from the outermost level to the rows."""
    inner = ["sw" if "sw" in components else str(levels[1])] if levels[1] else []
    return [components[name] for name in (levels[0], *inner, "residual")]


def variances(found: Any) -> list[float]:
    nested = [found.nested] if found.pooled.nesting else []
    return [found.between, *nested, found.within]


def agrees(ours: Any, theirs: dict[str, Any], *, df: float) -> None:
    """Estimate to 1e-6, standard error to 1e-5, p to 1e-3, df as given."""
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=2e-6)
    assert ours.se == pytest.approx(theirs["se"], rel=1e-5)
    assert ours.df == pytest.approx(theirs["df"], rel=df)
    assert ours.statistic == pytest.approx(theirs["t"], rel=1e-5)
    assert ours.p_value == pytest.approx(theirs["p"], rel=1e-3)
    assert (ours.ci_low, ours.ci_high) == pytest.approx(tuple(theirs["ci"]), rel=1e-4)


CORRECTIONS = {"LZ": "none", "KC": "kauermann-carroll", "MD": "mancl-derouen", "FG": "fay-graubard"}
LOGIT = {"outcome": "know", "arm": "arm", "cluster": "community", "family": "binomial"}
SCHOOL = {"outcome": "thksord", "arm": "cc", "cluster": "school"}
MARGINAL = [
    ("tvsfp", "gee", "tvsfp", SCHOOL),
    ("tvsfp", "gee_ancova", "tvsfp", SCHOOL | {"covariates": ["thkspre", "tv", "cctv"]}),
    ("mkvtrial", "gee_logit_unadj", "mkvtrial", LOGIT),
    ("mkvtrial", "gee_logit", "mkvtrial", LOGIT | {"covariates": ["stratum2", "stratum3"]}),
    (
        "mkvtrial",
        "gee_logit_ethnic",
        "mkvtrial",
        LOGIT | {"covariates": ["stratum2", "stratum3", "ethnicgp"]},
    ),
    (
        "mkvtrial",
        "gee_log_RR_poissonvar",
        "mkvtrial",
        LOGIT | {"family": "poisson", "covariates": ["stratum2", "stratum3"]},
    ),
    (
        "mkvtrial",
        "gee_identity_RD",
        "mkvtrial",
        LOGIT | {"family": "gaussian", "covariates": ["stratum2", "stratum3"]},
    ),
    (
        "pneumovac",
        "gee",
        "pneumovac",
        {"outcome": "bpepisodes", "arm": "spnvac", "cluster": "randunit", "family": "poisson"},
    ),
    ("qic_sim", "endline_gee", "qic_sim", {"outcome": "score", "arm": "arm", "cluster": "site"}),
    ("mscqi_sim_3v1", "gee", "mscqi_sim_3v1", {"outcome": "score", "arm": "arm", "cluster": "site"}),
]


@pytest.mark.parametrize("solution", ["gee_pkg", "independence"])
@pytest.mark.parametrize(("file", "block", "table", "named"), MARGINAL)
def test_estimating_equations_are_r_s_with_every_correction(
    tables, outside_values, file, block, table, named, solution
) -> None:
    """R's gee (not geepack, whose dispersion has other denominators) and the corrections coded beside it."""
    theirs = outside_values[file][block][solution]
    exchangeable = solution == "gee_pkg"
    fitted = gee(tables[table], **named, correlation="exchangeable" if exchangeable else "independence")
    n, terms = fitted.estimate.n, theirs["p"]
    assert (fitted.estimate.n_clusters, fitted.estimate.df) == (theirs["K"], theirs["df"])
    assert fitted.alpha == pytest.approx(theirs["alpha"], rel=1e-8)
    assert fitted.phi == pytest.approx(theirs["phi"] * (1 if exchangeable else n / (n - terms)), rel=CLOSED)
    assert sorted(row.estimate for row in fitted.coefficients) == pytest.approx(
        sorted(theirs["coef"].values()), rel=1e-8
    )
    rows = {row.method: row for row in fitted.corrections}
    for name, method in CORRECTIONS.items():
        ours, r = rows["gee" if method == "none" else f"gee-{method}"], theirs[name]
        if "note" in r:  # a lone cluster in an arm
            assert math.isnan(ours.se)
            continue
        assert ours.se == pytest.approx(r["se"], rel=1e-8)
        assert ours.p_value == pytest.approx(r["t_p"], rel=1e-7)
        assert (ours.ci_low, ours.ci_high) == pytest.approx(tuple(r["t_ci"]), rel=1e-7)


def test_equations_over_a_stepped_wedge_are_r_s(tables, outside_values) -> None:
    """The exposure changes within clusters, so the engine is asked: cells, periods and what has started."""
    rows = tables["cict_stepped_wedge"]
    names = [*PERIODS, "auto"]
    codes = pd.factorize(rows["zip"])[0]
    equations = Equations.of(
        outcome=rows["y"].to_numpy(float),
        codes=codes,
        level=np.ones((codes.max() + 1, 1)),
        rows=rows[names].to_numpy(float),
        family="gaussian",
        link="identity",
        exposure=np.ones(len(rows)),
    )
    for solution in ("gee_pkg", "independence"):
        theirs = outside_values["cict_sw"]["gee"][solution]
        found, _ = fit(equations, exchangeable=solution == "gee_pkg", names=["one", *names])
        assert found.alpha == pytest.approx(theirs["alpha"], rel=1e-8)
        assert equations.back @ found.beta == pytest.approx(list(theirs["coef"].values()), rel=1e-8)
        covariance = covariances(equations, found, Leverage.of(equations, found))
        for name, kind in CORRECTIONS.items():
            assert math.sqrt(covariance[kind][-1, -1]) == pytest.approx(theirs[name]["se"], rel=1e-8)


KC_VARIANTS = [
    ("tvsfp_thksord_cc", "tvsfp", SCHOOL),
    ("mkv_strat", "mkvtrial", LOGIT | {"covariates": ["stratum2", "stratum3"]}),
    ("pneumovac", "pneumovac", MARGINAL[7][3]),
]


@pytest.mark.parametrize(("key", "table", "named"), KC_VARIANTS)
def test_both_kauermann_carroll_forms_are_r_s_for_every_coefficient(
    tables, outside_values, key, table, named
) -> None:
    theirs = outside_values["kc_variants"][key]
    forms = CORRECTIONS | {"KC_half": "kauermann-carroll"}
    for name in ("LZ", "KC_half", "MD", "FG"):
        fitted = gee(tables[table], **named, correction=forms[name])
        assert [row.estimate for row in fitted.coefficients] == pytest.approx(theirs["beta"], rel=1e-8)
        assert [row.se for row in fitted.coefficients] == pytest.approx(theirs[name], rel=1e-8)
    assert fitted.corrections[2].se == pytest.approx(theirs["KC_sym"][1], rel=1e-8)
    assert (fitted.alpha, fitted.phi) == pytest.approx((theirs["alpha"], theirs["phi"]), rel=1e-8)


CLUSTERED = [
    ("qic_sim", "endline_ols_CR", "qic_sim", MARGINAL[8][3]),
    ("mscqi_sim_3v1", "ols_CR", "mscqi_sim_3v1", MARGINAL[9][3]),
    ("tvsfp", "ols_CR_simple", "tvsfp", SCHOOL),
    ("tvsfp", "ols_CR", "tvsfp", MARGINAL[1][3]),
    ("mkvtrial", "lpm_ols_CR", "mkvtrial", MARGINAL[6][3]),
]


@pytest.mark.parametrize(("file", "block", "table", "named"), CLUSTERED)
def test_least_squares_is_club_sandwich_s(tables, outside_values, file, block, table, named) -> None:
    theirs = outside_values[file][block]
    given = {name: value for name, value in named.items() if name != "family"}
    fitted = robust_linear_model(tables[table], **given, correction="cr0")
    for row in fitted.corrections:
        r = theirs[row.method.removeprefix("least-squares-").upper()]
        if math.isnan(row.se):
            assert file == "mscqi_sim_3v1"
            continue
        assert row.se == pytest.approx(r["se"], rel=1e-10)
        if row.df == row.df and not math.isinf(row.df):
            assert row.df == pytest.approx(r["df_satt"], rel=1e-8)
            assert row.p_value == pytest.approx(r["p_satt"], rel=1e-7)


CLUSTER_LEVEL = [
    ("qic_sim", "endline_cluster_level", "qic_sim", MARGINAL[8][3], None),
    ("mscqi_sim_3v1", "cluster_level", "mscqi_sim_3v1", MARGINAL[9][3], None),
    ("mkvtrial", "cluster_level", "mkvtrial", LOGIT, "stratum"),
    ("tvsfp", "cluster_level", "tvsfp", SCHOOL, "tv"),
]


@pytest.mark.parametrize(("file", "block", "table", "named", "stratum"), CLUSTER_LEVEL)
def test_t_tests_on_cluster_means_are_r_s(tables, outside_values, file, block, table, named, stratum) -> None:
    theirs, rows = outside_values[file][block], tables[table]
    kinds = {"t_unweighted": "none", "t_size_weighted": "size", "t_invvar_weighted": "inverse-variance"}
    found = {key: cluster_summary(rows, **named, weights=weights) for key, weights in kinds.items()}
    if stratum:
        found["t_stratified"] = cluster_summary(rows, **named, stratum=stratum)
    for key, ours in found.items():
        agrees(ours.estimate, theirs[key], df=1e-12)
        assert ours.estimate.se == pytest.approx(theirs[key]["se"], rel=1e-12)


def as_ranks(rows: pd.DataFrame, named: dict[str, Any]) -> pd.DataFrame:
    """One row a cluster: the rank of its mean, so that the permutation test is Wilcoxon's exact one."""
    keys = [named["cluster"], named["arm"]]
    means = rows.groupby(keys, as_index=False)[named["outcome"]].mean()
    return means.assign(rank=means[named["outcome"]].rank())


@pytest.mark.parametrize(
    ("file", "block", "table", "named"),
    [each[:4] for each in CLUSTER_LEVEL if each[0] != "tvsfp"],
)
def test_wilcoxon_s_exact_test_of_cluster_means_is_the_permutation_of_their_ranks(
    tables, outside_values, file, block, table, named
) -> None:
    theirs = outside_values[file][block]["wilcoxon_exact"]
    ranked = as_ranks(tables[table], named)
    ours = permutation_test(ranked, outcome="rank", arm=named["arm"], cluster=named["cluster"])
    assert ours.estimate.p_value == pytest.approx(theirs["p"], rel=1e-12)
    treated = ranked[ranked[named["arm"]] == 1]
    assert treated["rank"].sum() - len(treated) * (len(treated) + 1) / 2 == theirs["W"]


def permuted(ours: Any, theirs: dict[str, Any], *, rel: float = 1e-9) -> None:
    assert (ours.exact, ours.allocations) == (True, theirs["N"])
    assert ours.estimate.estimate == pytest.approx(theirs["statistic"], rel=rel)
    assert ours.estimate.p_value == pytest.approx(theirs["p_two_sided"], rel=1e-12)
    assert ours.smallest_p == pytest.approx(theirs["p_min"], rel=1e-12)
    if theirs["ci"][0] is not None:
        assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(tuple(theirs["ci"]), rel=rel)
    # one-sided shares of the same distribution, the observed allocation included
    reach = 1e-9 * np.abs(ours.distribution).max()
    for key, sign in (("p_greater", 1), ("p_less", -1)):
        beyond = sign * (ours.distribution - ours.estimate.estimate) >= -reach
        assert beyond.mean() == pytest.approx(theirs[key], rel=1e-12)


def test_permutations_are_r_s_exact_ones(tables, outside_values) -> None:
    named = {name: value for name, value in LOGIT.items() if name != "family"}
    theirs = outside_values["mkvtrial"]["cluster_level"]
    permuted(permutation_test(tables["mkvtrial"], **named, stratum="stratum"), theirs["perm"])
    permuted(permutation_test(tables["mkvtrial"], **named), theirs["perm_unstratified"])
    for block in (outside_values["mscqi_sim_3v1"], outside_values["mscqi_sim_3v1"]["cluster_level"]):
        permuted(permutation_test(tables["mscqi_sim_3v1"], **MARGINAL[9][3]), block["perm"])
    theirs = outside_values["qic_sim"]
    permuted(permutation_test(tables["qic_sim"], **MARGINAL[8][3]), theirs["endline_cluster_level"]["perm"])
    adjusted = permutation_test(tables["qic_sim"], **MARGINAL[8][3], covariates=["age", "group"])
    permuted(adjusted, theirs["endline_two_stage"]["perm"])
    ends = tables["first and last"].pivot_table(index=["site", "arm"], columns="wave", values="score")
    changes = ends.assign(change=ends[3] - ends[0]).reset_index()
    change = permutation_test(changes, outcome="change", arm="arm", cluster="site")
    permuted(change, theirs["did_cluster_change_t"]["perm"])


def test_a_constrained_trial_in_its_own_space_and_without_it(tables, outside, outside_values) -> None:
    """Sixteen counties: cptest's own p in its 1,287 schemes, and all 12,870 halves (a wrong analysis)."""
    theirs, rows = outside_values["dickinson"], tables["dickinson_outcome"]
    scheme = dict(zip(*theirs["cptest"]["final"].values(), strict=True))
    rows = rows.assign(arm=rows["county"].astype(str).map(scheme)).astype({"incomecat": str})
    named = {"outcome": "outcome", "arm": "arm", "cluster": "county", "family": "binomial"}
    permuted(permutation_test(rows, **named), theirs["unadjusted_unconstrained"])
    covariates = ["inciis", "uptodateonimmunizations", "hispanic", "location", "incomecat"]
    adjusted = permutation_test(rows, **named, covariates=covariates)
    permuted(adjusted, theirs["unconstrained_12870"], rel=1e-7)  # R's glm stops at 1e-8 of the deviance
    listed = pd.read_csv(outside / "crt" / "data" / "dickinson_constrained.csv", header=None, skiprows=1)
    candidates = listed.to_numpy()[:, 1:]
    assert len(candidates) == theirs["hand"]["n_schemes"]
    own = permutation_test(rows, **named, covariates=covariates, candidates=candidates).estimate.p_value
    assert own == pytest.approx(theirs["hand"]["p"], rel=1e-12)
    assert round(own, 3) == theirs["cptest"]["p"] == theirs["published_p"]


@pytest.mark.parametrize("points", [1, 7, 15, 25])
@pytest.mark.parametrize(
    ("file", "key", "named"),
    [
        ("mkvtrial", "glmm_unadj", LOGIT),
        ("mkvtrial", "glmm_strat", LOGIT | {"covariates": ["stratum2", "stratum3"]}),
        ("pneumovac", "glmm", MARGINAL[7][3]),
    ],
)
def test_mixed_models_of_odds_and_rates_are_glmer_s(tables, outside_values, file, key, named, points) -> None:
    """Every coefficient, z and p; Laplace to 3e-4, as far as glmer's own search goes."""
    theirs, rel = outside_values[file][key][f"nAGQ{points}"], 1e-5 if points > 1 else 3e-4
    ours = glmm(tables[file], **named, quadrature=points)
    found = [row.estimate for row in ours.coefficients]
    scale = max(map(abs, theirs["fixef"].values()))
    assert found == pytest.approx(list(theirs["fixef"].values()), rel=rel, abs=rel * scale)
    assert ours.estimate.statistic == pytest.approx(theirs["z"], rel=10 * rel)
    assert ours.estimate.p_value == pytest.approx(theirs["p"], rel=1e-3 if points > 1 else 2e-2)
    assert ours.between == pytest.approx(theirs["var_cluster"], rel=10 * rel)
    assert ours.boundary == theirs["singular"]


@pytest.mark.parametrize("points", [1, 7, 25])
def test_a_logistic_stepped_wedge_is_glmer_s(tables, outside_values, points) -> None:
    """Fourteen laboratories, their tests as people: periods fixed, the effect at once."""
    cells = tables["xpert_stepped_wedge"]
    start = cells["cl"].map(cells[cells["treat"] == 1].groupby("cl")["period"].min())
    cells = cells.assign(start=start)
    people = cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)
    people["met"] = (people.groupby(["cl", "period"]).cumcount() < people["events"]).astype(float)
    named = {"outcome": "met", "cluster": "cl", "start": "start", "period": "period"}
    theirs, rel = outside_values["xpert_sw"]["glmm_logit"][f"nAGQ{points}"], 1e-5 if points > 1 else 3e-4
    ours = glmm(people, **named, quadrature=points)
    effect = ours.estimate
    assert (effect.n, effect.term) == (outside_values["xpert_sw"]["n_individuals"], "exposed - not exposed")
    found = effect.estimate, effect.se, effect.statistic
    assert found == pytest.approx((theirs["estimate"], theirs["se"], theirs["z"]), rel=rel)
    assert effect.p_value == pytest.approx(theirs["p"], rel=1e-3)
    order = [0, *range(2, 9), 1]
    coefficients = [ours.coefficients[place].estimate for place in order]
    assert coefficients == pytest.approx(list(theirs["fixef"].values()), rel=10 * rel, abs=1e-5)
    assert ours.between == pytest.approx(theirs["var_cluster"], rel=3e-3 if points == 1 else 1e-4)
    if points == 25:
        latent = outside_values["xpert_sw"]["glmm_logit"]["icc_latent_nAGQ25"]
        assert ours.latent_icc == pytest.approx(latent, rel=1e-4)
    assert ours.conservative.df == 14 - 9
    assert any("at once" in note for note in effect.notes)
