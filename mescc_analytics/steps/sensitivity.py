"""Step `sensitivity`: every contrast of arms under every choice that it could depend on."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.intervals import z_value
from mescc_analytics.stats.pooling import pool
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.steps.groups import NOT_ASSESSABLE, not_assessable
from mescc_analytics.steps.sensitivity_methods import SIZES, VALUES, Panel
from mescc_analytics.steps.weight import BROAD, DETAILED
from mescc_analytics.steps.weight import GIVEN as WEIGHTS_GIVEN
from mescc_analytics.tables import files

KEY = ("group", "reference", "section", "method")
NOT_RECORDED = "none of the covariates was supplied"
NO_MODEL = "not available: no weights for it (Adjusted comparison)"
COLUMNS = (*KEY, *VALUES, *SIZES, "start_days", "adjusted_for", "note")
CLOCK, ADJUSTED, SCORES = "clock", "adjustment", "scores"
GIVEN = "not applicable: the table gives the arms"
CLONED = "by_arm_clone_censor_weight"


def sensitivity(inputs, out, settings):
    """panel.csv and not_assessable.csv.

    Parameters
    ----------
    inputs : dict of str to Path
        cohort (cohort.parquet), hazards (of the step survival), imputed (imputed.parquet of the
        step impute, optional).
    out : Path
    settings : dict
        sensitivity, survival, cohort, score, weight.
    """
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    hazards = files.read_table(inputs["hazards"])
    imputed = inputs.get("imputed")
    imputed = files.read_table(imputed) if imputed is not None and imputed.is_file() else None
    for name, table in analyse(frame, settings, hazards, imputed).items():
        files.write_csv(table, out / f"{name}.csv")


def analyse(frame, settings, hazards, imputed=None):
    """Tables of the step by name.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    settings : dict
        sensitivity, survival, cohort (as in effect), score, weight.
    hazards : DataFrame
        hazards.csv of the step survival.
    imputed : DataFrame, optional
        Case by imputation.
    """
    panel = Panel.of(frame, settings, given=arms_are_given(frame))
    if len(panel.names) < 2:
        least = settings["sensitivity"]["min_arm"]
        reason = f"fewer than two arms with at least {least} cases at the landmark"
        absent = pd.DataFrame([not_assessable("panel", reason)], columns=NOT_ASSESSABLE)
        return {"panel": pd.DataFrame(columns=list(COLUMNS)), "not_assessable": absent}
    found = [
        *_clock(panel),
        (CLOCK, "clone_censor_weight", _cloned(panel, hazards), _about(panel, 0.0, "weights")),
        *_adjusted(panel, hazards, imputed),
        *_scores(panel),
    ]
    rows = [row for part in found for row in _rows(panel, *part)]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    order = made["group"].map(panel.names.index)
    made = made.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    return {"panel": made, "not_assessable": pd.DataFrame(columns=NOT_ASSESSABLE)}


def _about(panel, start, adjusted):
    """Start of the contrast and the columns for which it is adjusted, as far as there are any."""
    chosen = panel.settings
    named = {
        "": (),
        "adjust_for": chosen["sensitivity"]["adjust_for"],
        "covariates": chosen["sensitivity"]["covariates"],
        "weights": chosen["survival"]["covariates"],
        "propensity": chosen["weight"]["covariates"],
    }[adjusted]
    return {"start_days": start, "adjusted_for": "; ".join(panel.recorded(named))}


def _rows(panel, section, method, found, about):
    """One row per contrast; `found` is a frame by group, or the reason why there is none."""
    for group in panel.names[1:]:
        row = {"group": group, "reference": panel.names[0], "section": section, "method": method}
        row |= about
        if isinstance(found, str):
            yield row | {"note": f"not available: {found}"}
            continue
        own = found[found["group"].eq(group)] if len(found) else found
        if not len(own):
            yield row | {"note": "not available: no case in this arm or in the reference"}
            continue
        taken = own.iloc[0].to_dict()
        kept = {name: taken.get(name, np.nan) for name in (*VALUES, *SIZES)}
        yield row | kept | {"note": _short(taken.get("note", ""))}


def _short(note):
    """A note without what it says of proportionality, which no row shows."""
    if pd.isna(note):
        return ""
    return "; ".join(p for p in str(note).split("; ") if not p.startswith("proportionality"))


def _clock(panel):
    """When the clock starts and from when on an arm counts."""
    columns = panel.settings["sensitivity"]["adjust_for"]
    days = panel.settings["sensitivity"]["landmarks_days"]
    # arms that the table gives were known at time zero: no time is immortal
    first = "as_given" if panel.given else "naive"
    yield CLOCK, first, panel.landmark(0.0, columns), _about(panel, 0.0, "adjust_for")
    for day in days:
        found = GIVEN if panel.given else panel.landmark(day, columns)
        yield CLOCK, f"landmark_{day:g}", found, _about(panel, float(day), "adjust_for")
    found = GIVEN if panel.given else panel.time_varying(columns)
    yield CLOCK, "time_varying", found, _about(panel, 0.0, "adjust_for")


def _cloned(panel, hazards):
    """The strategies of the step survival, where the arms are first treatments."""
    if panel.given:
        return GIVEN
    if not panel.by_first:
        return "strategies are first treatments (sensitivity.contrasts: first_treatment)"
    own = hazards[hazards["analysis"].eq(CLONED)]
    own = own[own["reference"].eq(panel.names[0])]
    if own.empty:
        return "see the strategies of the survival step"
    missing = set(panel.names[1:]) - set(own["group"])
    least = panel.settings["survival"]["min_strategy"]
    rest = [
        {"group": name, "note": f"not available: fewer than {least} begin it"} for name in missing
    ]
    rest = pd.DataFrame(sorted(rest, key=lambda row: row["group"]))
    return pd.concat([own.astype(object), rest.astype(object)], ignore_index=True)


def _weighted(panel, hazards):
    """The adjusted comparison of the step survival, as far as its diagnostics let it be shown."""
    analysis = BROAD if panel.by_first else DETAILED
    own = hazards[hazards["analysis"].eq(analysis) & hazards["reference"].eq(panel.names[0])]
    if own.empty:
        return WEIGHTS_GIVEN if panel.given else f"see {analysis} of the survival step"
    missing = [name for name in panel.names[1:] if name not in set(own["group"])]
    rest = pd.DataFrame({"group": missing, "note": NO_MODEL})
    named = own.rename(columns={"n": "n_group", "events": "events_group"})
    return pd.concat([named.astype(object), rest.astype(object)], ignore_index=True)


def _adjusted(panel, hazards, imputed):
    """For what the contrast at the landmark is adjusted, and what missing values do."""
    landmark = float(panel.settings["cohort"]["landmark_days"])
    yield ADJUSTED, "weighted", _weighted(panel, hazards), _about(panel, landmark, "propensity")
    columns = panel.settings["sensitivity"]["covariates"]
    about = _about(panel, landmark, "covariates")
    present = panel.recorded(columns)
    if columns and not present:
        for method in ("missing_level", "complete_case", "imputed"):
            yield ADJUSTED, method, NOT_RECORDED, about
        return
    kept, arm = panel.arms_at(landmark)
    yield ADJUSTED, "missing_level", panel.estimates(kept, arm, columns=columns), about
    known = panel.cases[present]
    undetermined = known.astype("string").eq("undetermined").fillna(False)
    complete = ~(known.isna() | undetermined).any(axis=1).to_numpy(bool)
    found = panel.estimates(kept & complete, arm, columns=columns)
    yield ADJUSTED, "complete_case", found, about
    yield ADJUSTED, "imputed", _pooled(panel, imputed, columns, landmark), about


def _pooled(panel, imputed, columns, landmark):
    """The same model in every imputation, pooled by Rubin's rules."""
    if imputed is None or not len(imputed):
        return "no imputed values"
    level, parts = panel.settings["survival"]["confidence_level"], []
    for _, completed in imputed.groupby("imputation", sort=True):
        own = panel.with_values(completed)
        kept, arm = own.arms_at(landmark)
        parts.append(own.estimates(kept, arm, columns=columns))
    rows, df = [], _degrees_of_freedom(own, kept, arm, columns)
    for group, found in pd.concat(parts).groupby("group", sort=False):
        logs = np.log(found[["hazard_ratio", "ci_lower", "ci_upper"]].astype(float))
        std_err = (logs["ci_upper"] - logs["ci_lower"]) / (2 * z_value(level))
        pooled = pool(logs["hazard_ratio"], std_err**2, df_complete=df, level=level)
        values = (*np.exp([pooled.estimate, pooled.lower, pooled.upper]), pooled.p)
        row = dict(zip(VALUES, values, strict=True)) | {"group": group, "note": pooled.note}
        rows.append(row | found.iloc[0][list(SIZES)].to_dict())
    return pd.DataFrame(rows)


def _degrees_of_freedom(panel, kept, arm, columns):
    """Of the model if nothing were missing: deaths less coefficients."""
    kept = kept & arm.isin(panel.names).to_numpy()
    deaths = int(panel.cases["survival_event"].to_numpy(dtype=bool)[kept].sum())
    coefficients = len(panel.names) - 1 + len(design(panel.cases[kept], columns).names)
    return max(deaths - coefficients, 1)


def _scores(panel):
    """Policies for what a score leaves open."""
    landmark = float(panel.settings["cohort"]["landmark_days"])
    columns = panel.settings["sensitivity"]["covariates"]
    about = _about(panel, landmark, "covariates")
    for method, grades in (("sosg_1c_low", ["2", "3"]), ("sosg_1c_high", ["1c", "2", "3"])):
        reason = "" if "sosg_high_grade" in columns else "sosg_high_grade is no covariate"
        if "sosg_grade" not in panel.cases or panel.cases["sosg_grade"].isna().all():
            reason = "needs sosg_grade"
        if reason:
            yield SCORES, method, reason, about
            continue
        own = panel.with_grades(grades)
        yield SCORES, method, own.estimates(*own.arms_at(landmark), columns=columns), about
    for method in ("sins_excluded", "sins_as_stable", "sins_as_unstable"):
        # leaving them out changes the cases, whatever the covariates
        dull = "sins_category" not in columns and method != "sins_excluded"
        reason = "sins_category is no covariate" if dull else ""
        if "sins_category" not in panel.cases or panel.undetermined().all():
            reason = "needs the sins_* columns"
        if reason:
            yield SCORES, method, reason, about
            continue
        own, kept = panel.with_sins(method.removeprefix("sins_as_"))
        received, arm = own.arms_at(landmark)
        yield SCORES, method, own.estimates(received & kept, arm, columns=columns), about
