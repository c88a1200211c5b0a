"""Chained equations: against mice, on cohorts whose truth is known, and within the bounds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.adjusted_cox import fit_adjusted, pool_fits
from mescc_analytics.stats.imputation import Variable, impute, mixing
from mescc_analytics.stats.imputation_draws import draw_levels, draw_numbers
from mescc_analytics.stats.missingness import nelson_aalen, patterns
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.pooling import pool

ORACLE = Path(__file__).parent / "oracle" / "imputation"
THEIRS = pd.read_csv(ORACLE / "completed.csv").set_index(["data", "term"])


def generator(seed=1):
    return np.random.default_rng(seed)


def least_squares(y, *columns):
    x = np.column_stack([np.ones(len(y)), *columns])
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    sigma2 = ((y - x @ b) ** 2).sum() / (len(y) - x.shape[1])
    return b, sigma2 * np.diag(inverse)


def shares(codes, k):
    return [(codes == level).mean() for level in range(k)]


def as_levels(column):
    return column.fillna(0).to_numpy(int) - 1


def compared(name, terms, rows):
    """Mean over imputations against that of mice, in Monte Carlo standard errors of both."""
    theirs = THEIRS.loc[name].loc[terms]
    ours = np.array(rows)
    error = ours.var(axis=0, ddof=1) / len(ours) + theirs["between_sd"] ** 2 / theirs["m"]
    distance = (ours.mean(axis=0) - theirs["estimate"].to_numpy()) / np.sqrt(error)
    return distance.to_numpy(), (ours.std(axis=0, ddof=1) / theirs["between_sd"]).to_numpy()


def test_nhanes_as_mice_completes_it():
    data = pd.read_csv(ORACLE / "data_nhanes.csv")
    variables = [Variable(name, data[name].to_numpy(float)) for name in ("bmi", "hyp", "chl")]
    done = impute(variables, data[["age"]], n_imputations=400, iterations=8, rng=generator()).values
    rows = []
    for bmi, hyp, chl in zip(*(done[name] for name in ("bmi", "hyp", "chl")), strict=True):
        b, _ = least_squares(chl, data["age"], bmi, hyp)
        rows.append([bmi.mean(), hyp.mean(), chl.mean(), *b])
    terms = ["mean_bmi", "mean_hyp", "mean_chl", "intercept", "age", "bmi", "hyp"]
    distance, spread = compared("nhanes", terms, rows)
    assert np.abs(distance).max() < 4
    assert_allclose(spread, 1, atol=0.15)


def boys(n_imputations, seed):
    data = pd.read_csv(ORACLE / "data_boys.csv")
    variables = [Variable(name, data[name].to_numpy(float)) for name in ("hgt", "hc", "tv")]
    variables += [
        Variable(n, as_levels(data[n]), k) for n, k in (("gen", 5), ("phb", 6), ("reg", 5))
    ]
    done = impute(
        variables, data[["age"]], n_imputations=n_imputations, iterations=10, rng=generator(seed)
    )
    rows = []
    for i in range(n_imputations):
        v = {name: values[i] for name, values in done.values.items()}
        b, _ = least_squares(v["tv"], data["age"], v["hgt"], v["hc"])
        means = [v[name].mean() for name in ("hgt", "hc", "tv")]
        rows.append([*means, *shares(v["gen"], 5), *shares(v["phb"], 6), *b])
    return done, rows


def test_boys_with_levels_come_close_to_mice():
    # mice draws no coefficients of its logistic regression and has no prior: shares may differ by
    # some hundredths, not by more
    done, rows = boys(20, 2)
    terms = ["mean_hgt", "mean_hc", "mean_tv", *(f"gen_{i}" for i in range(1, 6))]
    terms += [f"phb_{i}" for i in range(1, 7)]
    theirs = THEIRS.loc["boys"].loc[terms, "estimate"].to_numpy()
    ours = np.mean(rows, axis=0)[: len(terms)]
    assert_allclose(ours[:3], theirs[:3], rtol=0.03)
    assert_allclose(ours[3:], theirs[3:], atol=0.015)
    assert mixing(done.trace).max() < 1.25


def line(rng, n=300):
    """y = 1 + x + noise; x is missing where y is high (at random, given y)."""
    x = rng.normal(size=n)
    y = 1 + x + rng.normal(size=n)
    return np.where(rng.random(n) < 1 / (1 + np.exp(2 - y)), np.nan, x), y


def test_values_missing_at_random_are_recovered():
    covered, biased, means = 0, 0, []
    for seed in range(150):
        rng = generator(seed)
        x, y = line(rng)
        done = impute([Variable("x", x)], y, n_imputations=10, iterations=1, rng=rng).values["x"]
        fits = [least_squares(y, each) for each in done]
        found = pool([b[0] for b, _ in fits], [v[0] for _, v in fits], df_complete=298)
        covered += found.lower <= 1 <= found.upper
        known = np.isfinite(x)
        b, v = least_squares(y[known], x[known])
        biased += abs(b[0] - 1) < 1.96 * np.sqrt(v[0])
        means.append((found.estimate, b[0]))
    imputed, complete = np.mean(means, axis=0)
    assert abs(imputed - 1) < 0.03 and complete < 0.9
    assert covered >= 0.90 * 150 and biased < 0.05 * 150


def test_levels_missing_at_random_are_recovered():
    covered, means = 0, []
    for seed in range(100):
        rng = generator(seed)
        y = rng.normal(size=400)
        level = (rng.random(400) < 1 / (1 + np.exp(-y))) * rng.integers(1, 3, 400)
        gone = rng.random(400) < 1 / (1 + np.exp(-2 * y))
        given = Variable("level", np.where(gone, -1, level), 3)
        done = impute([given], y, n_imputations=10, iterations=1, rng=rng).values["level"]
        share = (done > 0).mean(axis=1)
        found = pool(share, share * (1 - share) / 400, df_complete=399)
        covered += found.lower <= 0.5 <= found.upper
        means.append((found.estimate, (level[~gone] > 0).mean()))
    imputed, complete = np.mean(means, axis=0)
    assert abs(imputed - 0.5) < 0.01 and complete < 0.42
    assert covered >= 90


def test_a_confounder_imputed_with_hazard_and_event_corrects_the_hazard_ratio():
    imputed, complete, covered = [], [], 0
    for seed in range(60):
        rng = generator(seed)
        z = rng.integers(0, 2, 400)
        treated = (rng.random(400) < np.where(z, 0.7, 0.3)).astype(float)
        death = rng.exponential(1 / np.exp(0.5 * treated + 1.0 * z))
        time, died = np.minimum(death, 1.0), death < 1.0
        gone = rng.random(400) < np.where(died & (treated > 0), 0.7, 0.1)
        given = np.column_stack([died, nelson_aalen(time, died), treated])
        variable = Variable("z", np.where(gone, -1, z), 2)
        done = impute([variable], given, n_imputations=10, iterations=1, rng=rng).values["z"]
        fits = [
            fit_adjusted(time, died, np.column_stack([treated, each]), "tz", [True, True])
            for each in done
        ]
        found = pool_fits(fits)[0]
        covered += found.lower <= 0.5 <= found.upper
        kept = ~gone
        x = np.column_stack([treated, z])[kept]
        complete.append(fit_adjusted(time[kept], died[kept], x, "tz", [True, True]).coefficients[0])
        imputed.append(found.estimate)
    assert abs(np.mean(imputed) - 0.5) < 0.06 and np.mean(complete) < 0.3
    assert covered >= 54


def test_rare_levels_stay_rare():
    rng = generator(5)
    codes = np.r_[np.zeros(196, int), 1, 1, 2, 2]
    x = np.concatenate([np.ones((300, 1)), rng.normal(size=(300, 20))], axis=1)
    observed = np.arange(300) < 200
    x = np.broadcast_to(x, (200, 300, 21))
    drawn, _ = draw_levels(x, observed, codes, np.ones((100, 3), bool), rng)
    assert_allclose(shares(drawn, 3), [0.98, 0.01, 0.01], atol=0.008)


def test_levels_outside_the_bounds_are_never_drawn():
    rng = generator()
    y = rng.normal(size=200)
    codes = np.digitize(y + rng.normal(size=200), [-0.5, 0.5])
    codes[:60] = -1
    allowed = np.ones((200, 4), bool)
    allowed[:30, 1:] = False
    allowed[30:40, :3] = False  # only the level that nobody has
    allowed[40:50, 1] = False
    variable = Variable("level", codes, 4, allowed)
    done = impute([variable], y, n_imputations=5, iterations=3, rng=rng).values["level"]
    assert (done[:, :30] == 0).all() and (done[:, 30:40] == 3).all()
    assert set(np.unique(done[:, 40:50])) == {0, 2}
    assert (done[:, 60:] == codes[60:]).all()


def test_numbers_are_values_that_were_observed():
    rng = generator()
    y = rng.normal(size=100)
    score = np.clip(np.round(2 + y), 0, 4)
    score[::4] = np.nan
    done = impute([Variable("s", score)], y, n_imputations=5, iterations=2, rng=rng).values["s"]
    assert set(np.unique(done)) <= set(np.unique(score[np.isfinite(score)]))
    assert np.corrcoef(done[0], y)[0, 1] > 0.7


def test_one_donor_is_the_nearest():
    x = np.column_stack([np.ones(41), np.r_[np.arange(40.0), 20.2]])[np.newaxis]
    observed = np.arange(41) < 40
    values = 3 * np.arange(40.0)
    nearest = {draw_numbers(x, observed, values, generator(s), 1)[0, 0] for s in range(20)}
    several = {draw_numbers(x, observed, values, generator(s), 5)[0, 0] for s in range(20)}
    assert nearest == {60.0} and len(several) > 2 and several <= {54.0, 57.0, 60.0, 63.0, 66.0}


def test_draws_are_centred_on_the_logistic_regression():
    rng = generator(3)
    x = rng.normal(size=(500, 2))
    level = (rng.random(500) < 1 / (1 + np.exp(-(x[:, 0] - 0.5)))).astype(int)
    wanted = fit_multinomial(level, x, ["a", "b"])
    design = np.broadcast_to(np.column_stack([np.ones(501), np.r_[x, [[1, 1]]]]), (400, 501, 3))
    lack = np.arange(501) < 500
    allowed = np.ones((1, 2), bool)
    drawn, mean = draw_levels(design, lack, level, allowed, rng)
    assert_allclose(mean, wanted.coefficients, atol=0.05)
    assert abs(drawn.mean() - wanted.predict([[1, 1]])[0, 1]) < 0.08
    _, again = draw_levels(design, lack, level, allowed, generator(9), start=mean)
    assert_allclose(again, mean, atol=0.05)


def test_the_seed_and_every_argument_matter():
    x, y = line(generator(1))
    variables = [Variable("x", x), Variable("w", np.where(np.arange(300) % 3, y, np.nan))]
    z = np.arange(300.0) % 7
    plain = {"n_imputations": 3, "iterations": 2, "donors": 5}
    base = impute(variables, z, **plain, rng=generator(1)).values["x"]
    assert (impute(variables, z, **plain, rng=generator(1)).values["x"] == base).all()
    for change in ({"iterations": 3}, {"donors": 1}):
        assert (
            impute(variables, z, **(plain | change), rng=generator(1)).values["x"] != base
        ).any()
    assert (impute(variables, z, **plain, rng=generator(2)).values["x"] != base).any()
    more = impute(variables, z, **(plain | {"n_imputations": 4}), rng=generator(1))
    assert more.values["x"].shape == (4, 300) and len(more.trace) == 2 * 2 * 4


def test_ordered_levels_predict_as_one_number():
    given = Variable("level", np.array([0, 2, 1]), 3)
    assert given.columns(given.values).tolist() == [[0, 0], [0, 1], [1, 0]]
    ordered = Variable("level", np.array([0, 2, 1]), 3, scores=(4, 2, 0))
    assert ordered.columns(ordered.values).tolist() == [[4], [0], [2]]


def test_what_cannot_be_imputed_says_why():
    few = Variable("few", np.r_[np.arange(9.0), np.full(9, np.nan)])
    same = Variable("same", np.r_[np.zeros(10, int), -np.ones(8, int)], 2)
    with pytest.raises(UsageError) as error:
        impute([few, same], np.full(17, np.nan), n_imputations=0, iterations=1, rng=generator())
    assert str(error.value) == (
        "imputation cannot be used:\n"
        "  - few: found 18 values, wanted 17\n"
        "  - same: found 18 values, wanted 17\n"
        "  - few: fewer than 10 cases have a value\n"
        "  - same: all cases with a value have the same one\n"
        "  - found 0 imputations and 1 sweeps, wanted 1 each\n"
        "  - predictors: some are missing or not finite"
    )


def test_patterns_as_mice_counts_them():
    data = pd.read_csv(ORACLE / "data_nhanes.csv")
    wanted = pd.read_csv(ORACLE / "patterns.csv")
    found = patterns(data.isna())
    names = ["age", "hyp", "bmi", "chl"]
    expected = {(n, *row) for n, *row in wanted[["n", *names]].itertuples(index=False)}
    assert {
        (n, *(1 - int(v) for v in row)) for n, *row in found[["n", *names]].itertuples(index=False)
    } == expected
    assert found["n"].tolist() == [13, 7, 3, 1, 1] and found["n_missing"].tolist() == [
        0,
        3,
        1,
        1,
        2,
    ]
    assert patterns(data.isna().iloc[:0]).empty and patterns(pd.DataFrame(index=[1])).empty


def test_cumulative_hazard_by_hand():
    # day 3: 2 deaths of 4; day 5: 1 of 1
    assert_allclose(nelson_aalen([3, 3, 4, 5], [1, 1, 0, 1]), [0.5, 0.5, 0.5, 1.5])


def test_mixing_of_chains():
    rows = [
        (c, i, "a", m, 1.0)
        for c, means in ((1, [0, 1, 0, 1]), (2, [5, 6, 5, 6]))
        for i, m in enumerate(means, 1)
    ]
    trace = pd.DataFrame(rows, columns=["imputation", "iteration", "variable", "mean", "sd"])
    # later half: means 0.5 and 5.5, within 0.5, between 2 * 12.5: sqrt(1/2 + 25 / 2 / 0.5)
    assert_allclose(mixing(trace)["a"], np.sqrt(25.5))
    assert np.isnan(mixing(trace[trace["imputation"] == 1])["a"])


def test_levels_without_deaths_leave_the_others_as_they_are():
    time = np.arange(1.0, 13)
    died = np.array([1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0], bool)
    level = np.array([0, 1, 2, 0, 1, 2, 1, 2, 2, 0, 1, 0])
    x = np.column_stack([level == 1, level == 2, np.ones(12)]).astype(float)
    fit = fit_adjusted(time, died, x, ["b", "c", "d"], [True, True, False])
    assert fit.reasons == ("", "no deaths", "the same in every case") and fit.n_estimated == 1
    kept = level != 2
    alone = fit_adjusted(time[kept], died[kept], x[kept][:, :1], ["b"], [True])
    assert_allclose(fit.coefficients[0], alone.coefficients[0])
    assert (fit.n, fit.events, fit.df) == (12, 7, 6)
    nobody = fit_adjusted(time, np.zeros(12, bool), x[:, :2], ["b", "c"], [True, False])
    assert set(nobody.reasons) == {"no deaths"} and np.isnan(nobody.coefficients).all()
    assert fit_adjusted(time[:0], died[:0], x[:0], list("bcd"), [1, 1, 0]).n == 0
    (single, *_), (twice, *_) = pool_fits([fit]), pool_fits([fit, fit, fit])
    assert_allclose(single.estimate, fit.coefficients[0])
    assert single.df == np.inf and twice.df < 10 and twice.upper > single.upper
    assert pool_fits([fit], level=0.5)[0].upper < single.upper
