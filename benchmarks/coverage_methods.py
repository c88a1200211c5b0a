"""Every comparison of the tool on one cohort, as rows of an estimate and its interval.

A method takes a `Cohort` and a contrast, and gives rows (measure, estimate, std_err, ci_lower,
ci_upper, withheld); where it has no estimate, rows with the reason (`note`). The steps of the tool
do the work; where they would also make what is not judged here (tests, curves), the estimator
behind them is called, and tests/test_coverage.py sees that it gives what the step gives.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mescc_analytics import settings as config
from mescc_analytics.clinical.first_treatment import first_spells, first_treatment
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.cohort.timeline import assess_walking
from mescc_analytics.stats.augmented import augmented_risks
from mescc_analytics.stats.contrasts import Sample, group_differences
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.stats.intervals import risk_difference_newcombe, z_value
from mescc_analytics.steps import weight_diagnostics
from mescc_analytics.steps.cohort import build, effective
from mescc_analytics.steps.covariates import covariates_of
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.steps.propensity import fit_model
from mescc_analytics.steps.survival_immortal import dated

LOG_HR, RMST, SURVIVAL = "log_hazard_ratio", "rmst_difference_days", "survival_difference"
WALKING = "walking_difference"
CURVES = (LOG_HR, RMST, SURVIVAL)
LOCAL, ANY = "surgery / cEBRT", "treated / untreated"
CONTRASTS = {
    LOCAL: (("surgery",), ("cebrt",)),
    ANY: (("surgery", "sbrt", "cebrt"), ("none",)),
}
SIDES = ["reference", "group"]
LANDMARK, HORIZON, MILESTONE, WALKING_DAY = 30.0, 365.0, 180.0, 90
Z = z_value(0.95)
# beginnings of the columns that a comparison reads beside the covariates; copying others takes time
READ = (
    *("case_id", "position", "in_", "arm", "time_zero", "survival_", "usable", "primary_histology"),
    *("sins_", "sosg_", "spinal_", "surgery_", "rt_", "systemic_", "days_to_", "visceral", "site"),
)


def study():
    """The default configuration; every adjusted comparison has the covariates of the weights."""
    chosen = config.complete({}, need_cohorts=False)
    columns = chosen["weight"]["covariates"]
    for section in ("survival", "sensitivity", "impute"):
        chosen[section] = chosen[section] | {"covariates": columns}
    # few imputations and sweeps: each cohort is completed anew
    chosen["impute"] = chosen["impute"] | {"n_imputations": 5, "iterations": 5}
    chosen["survival"] = chosen["survival"] | {"strategies": "two_largest"}
    return chosen


@dataclass(frozen=True)
class Cohort:
    """A study of some cases, all of them followed for a year at most.

    Attributes
    ----------
    cases : DataFrame, shape (n_cases, ...)
        In the analyses of the whole cohort; rows from 0.
    arm : Series of text
        First treatment within 30 days of the MRI.
    began : Series of float
        Its day.
    walking : array of text
        State on day 90.
    settings : dict
    diagnose : bool
        Whether the diagnostics of the weights are asked for; they take longer than the estimates.
    models : dict
        Propensity models that were fitted already, by contrast, and whether they are withheld.
    """

    cases: pd.DataFrame
    arm: pd.Series
    began: pd.Series
    walking: np.ndarray
    settings: dict
    diagnose: bool = True
    models: dict = field(default_factory=dict)

    @classmethod
    def of(cls, drawn, settings):
        """What the steps `score` and `cohort` make of a synthetic cohort."""
        frame = build(score_cases(drawn.cases, settings["score"]), settings)[0]
        settings = settings | {"cohort": effective(frame, settings)}
        at = settings["ambulatory"] | {"timepoints_days": [WALKING_DAY], "windows_days": [21]}
        frame["walking_state"] = assess_walking(frame, drawn.visits, at)[str(WALKING_DAY)]
        frame["position"] = np.arange(len(frame))
        late = (frame["survival_days"] > HORIZON).fillna(False).to_numpy(bool)
        frame["survival_event"] = frame["survival_event"].mask(late, False)
        frame["survival_days"] = frame["survival_days"].clip(upper=HORIZON)
        cases = frame[frame["in_overall"].fillna(False).to_numpy(bool)].reset_index(drop=True)
        arm, began = first_treatment(cases, cases["time_zero_day"], settings["cohort"])
        walking = cases.pop("walking_state").astype("string").to_numpy(object)
        asked = {*settings["impute"]["variables"], *settings["weight"]["covariates"]}
        kept = [name for name in cases if name in asked or name.startswith(READ)]
        return cls(cases[kept], arm, began, walking, settings)

    def part(self, first, last):
        """The study of the cases drawn from one place to another."""
        rows = np.flatnonzero(self.cases["position"].between(first, last - 1).to_numpy())
        arm, began = (v.iloc[rows].reset_index(drop=True) for v in (self.arm, self.began))
        cases = self.cases.iloc[rows].reset_index(drop=True)
        return Cohort(cases, arm, began, self.walking[rows], self.settings)

    def clock(self):
        """Days and deaths."""
        cases = self.cases
        return cases["survival_days"].to_numpy(float), cases["survival_event"].to_numpy(bool)

    def sides(self, contrast, start):
        """Cases of both sides followed beyond a day (from time zero: all), and their side."""
        days = self.clock()[0]
        group, reference = (self.arm.isin(names).to_numpy(bool) for names in CONTRASTS[contrast])
        rows = np.flatnonzero((group | reference) & ((days > start) if start else days >= 0))
        side = pd.Categorical.from_codes(group[rows].astype(int), SIDES)
        return rows, side

    def model(self, contrast):
        """Propensity model of the step `weight` at the landmark."""
        if contrast not in self.models:
            rows, side = self.sides(contrast, LANDMARK)
            cases = self.cases.iloc[rows]
            arm = pd.Series(side, index=cases.index)
            self.models[contrast] = fit_model(cases, arm, self.settings["weight"], SIDES[0])
        return self.models[contrast]


def row(measure, estimate, std_err=np.nan, limits=None, **more):
    """A row; without limits those of the normal distribution."""
    lower, upper = limits or (estimate - Z * std_err, estimate + Z * std_err)
    if limits and np.isnan(std_err):
        std_err = (upper - lower) / (2 * Z)
    numbers = {"estimate": estimate, "std_err": std_err, "ci_lower": lower, "ci_upper": upper}
    return {"measure": measure} | numbers | more


def nothing(measures, note):
    """Rows without an estimate."""
    return [row(m, np.nan, note=note) for m in measures]


def cox_row(days, died, x, **given):
    """Log hazard ratio of the first column."""
    x = np.asarray(x, float).reshape(len(days), -1)
    fit = fit_cox(days, died, x, [f"x{i}" for i in range(x.shape[1])], **given)
    if fit.note or fit.runaway[0]:
        return nothing([LOG_HR], fit.note or "runaway")[0]
    return row(LOG_HR, float(fit.coefficients[0]), float(np.sqrt(fit.covariance[0, 0])))


def curve_rows(cohort, rows, side, start=0.0, weight=None, **estimated):
    """All three measures of the curves of two sides, robust variance.

    Weights count as known; with their `scores`, or `draws` of these, as estimated.
    """
    days, died = (values[rows] for values in cohort.clock())
    if estimated:
        yield hazard_row(days, died, side, Beside(weight=weight, **estimated))
    else:
        yield cox_row(days, died, side.codes, weight=weight)
    sample = Sample.of(days, died, side, weight=weight, start=start, **estimated)
    kinds = (RMST, "restricted_mean", HORIZON), (SURVIVAL, "survival", MILESTONE)
    for measure, kind, day in kinds:
        found = group_differences(sample, kind, day, reference=SIDES[0])
        yield interval_row(measure, found.iloc[0] if len(found) else {}, "difference")


def hazard_row(days, died, side, beside):
    """Log hazard ratio of the sides as a step gives it."""
    found = hazard_frame(days, died, side, beside=beside)[0].iloc[0]
    logs = {name: np.log(found.get(name, np.nan)) for name in ("ci_lower", "ci_upper")}
    return interval_row(LOG_HR, logs | {"ratio": np.log(found["hazard_ratio"])}, "ratio")


def interval_row(measure, found, estimate):
    """Row of an estimate with its limits, as a table of the tool has them."""
    values = [float(found.get(name, np.nan)) for name in (estimate, "ci_lower", "ci_upper")]
    if np.isnan(values).any():
        return nothing([measure], str(found.get("note", "")) or "not estimable")[0]
    return row(measure, values[0], limits=tuple(values[1:]))


def naive(cohort, contrast):
    """By treatment received within 30 days, counted from the MRI."""
    return curve_rows(cohort, *cohort.sides(contrast, 0.0))


def landmark(cohort, contrast):
    """Alive and followed beyond day 30, counted from there: the default of a run."""
    return curve_rows(cohort, *cohort.sides(contrast, LANDMARK), LANDMARK)


def weighted(cohort, contrast):
    """The same with overlap weights; the variance takes the weights as known."""
    model = cohort.model(contrast)
    if model.reason:
        return nothing(CURVES, model.reason)
    withheld = diagnosed(cohort, contrast)
    found = curve_rows(cohort, model.arm.index, model.arm.array, LANDMARK, model.weight.to_numpy())
    return [one | {"withheld": withheld} for one in found]


def weighted_scores(cohort, contrast):
    """The same; the variance takes the scores behind the weights as estimated."""
    model = cohort.model(contrast)
    if model.reason:
        return nothing(CURVES, model.reason)
    given = {"weight": model.weight.to_numpy(), "scores": scores_of(model)}
    found = curve_rows(cohort, model.arm.index, model.arm.array, LANDMARK, **given)
    return [one | {"withheld": diagnosed(cohort, contrast)} for one in found]


def scores_of(model):
    """The propensity model as the estimators take it."""
    x = model.covariates.design.to_numpy(float)
    return ScoreModel.of(model.propensity.to_numpy(float), x, model.arm.array)


def diagnosed(cohort, contrast):
    """Whether a diagnostic of the step `weight` withholds the comparison; missing if not asked."""
    if not cohort.diagnose:
        return None
    if (contrast, "withheld") not in cohort.models:
        model, chosen = cohort.model(contrast), cohort.settings["weight"]
        cases = cohort.cases.loc[model.arm.index]
        days, died = cases["survival_days"].astype(float), cases["survival_event"].astype(bool)
        balance = weight_diagnostics.balance_of(model, chosen)
        outcome = pd.DataFrame({"days": days, "died": died})
        found = weight_diagnostics.diagnostics_of(model, balance, outcome, chosen)
        withheld = bool((found["withholds"] == "everything").any())
        cohort.models[contrast, "withheld"] = withheld
    return cohort.models[contrast, "withheld"]


def time_varying(cohort, contrast, columns=()):
    """Treatment as a covariate from its day on, counted from the MRI."""
    spells = first_spells(cohort.arm, cohort.began, cohort.clock()[0])
    spells = dated(spells, cohort.cases, None)
    arm = spells["arm"].astype("string")
    group, reference = (arm.isin(names).to_numpy(bool) for names in CONTRASTS[contrast])
    others = [name for name in arm.unique() if not (group | reference)[(arm == name)].any()]
    x = np.column_stack([group, *((arm == name).to_numpy(bool) for name in others)]).astype(float)
    if columns:
        x = np.column_stack([x, design(cohort.cases, columns).matrix[spells["row"]]])
    entry = spells["entry"].to_numpy(float)
    return [cox_row(spells["time"].to_numpy(float), spells["event"], x, entry=entry)]


def time_varying_adjusted(cohort, contrast):
    """The same adjusted for the covariates in the model."""
    return time_varying(cohort, contrast, cohort.settings["sensitivity"]["covariates"])


def adjusted(cohort, contrast):
    """From the landmark, covariates in the Cox model; what is missing is a level of its own."""
    rows, side = cohort.sides(contrast, LANDMARK)
    columns = cohort.settings["sensitivity"]["covariates"]
    matrix = design(cohort.cases.iloc[rows], columns).matrix
    days, died = (values[rows] for values in cohort.clock())
    return [cox_row(days, died, np.column_stack([side.codes, matrix]))]


def walking(cohort, contrast):
    """Walking on day 90 of those at the landmark, death counted as not walking, as observed."""
    rows, side = cohort.sides(contrast, LANDMARK)
    state = cohort.walking[rows]
    known, walks = state != "unknown", state == "walking"
    counts = [
        number
        for code in (1, 0)
        for number in ((walks & (side.codes == code)).sum(), (known & (side.codes == code)).sum())
    ]
    found = risk_difference_newcombe(*map(int, counts))
    return [row(WALKING, found.estimate, limits=(found.lower, found.upper))]


def walking_augmented(cohort, contrast):
    """The same by overlap weights and a model of walking (doubly robust)."""
    model = cohort.model(contrast)
    if model.reason:
        return nothing([WALKING], model.reason)
    columns = {"covariates": cohort.settings["ambulatory"]["covariates"]}
    cases = cohort.cases.loc[model.arm.index]
    x = covariates_of(cases, cohort.settings["weight"] | columns).design.to_numpy(float)
    state, e = cohort.walking[model.arm.index], model.propensity.to_numpy(float)
    known = state != "unknown"
    outcome, arm = state[known] == "walking", model.arm[known].array
    found = augmented_risks(outcome, arm, x[known], e[known])[1]
    made = interval_row(WALKING, found.iloc[0] if len(found) else {}, "difference")
    return [made | {"withheld": diagnosed(cohort, contrast)}]
