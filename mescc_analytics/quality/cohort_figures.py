"""What a cohort's results have to put beside a published result, in one frame."""

import numpy as np
import pandas as pd

SAME = ["outcome", "measure", "arm", "baseline", "reference", "event_of_ratio"]
ESTIMANDS = ("alive_assessed", "composite")  # the best and worst case are bounds, not results
NUMBERS = ["estimate", "ci_lower", "ci_upper"]
WORDS = [*SAME, "analysis", "definition", "death_rule", "counted"]
FIGURE_DTYPES = {
    **dict.fromkeys(WORDS, "string"),
    **dict.fromkeys(["timepoint_days", "start_days", *NUMBERS], "Float64"),
    **dict.fromkeys(["numerator", "denominator", "n_unknown", "n_least"], "Int64"),
}
OUTCOMES = {"all": "walking", "ambulatory": "maintained", "non_ambulatory": "regained"}
RATIOS = {
    "odds_ratio": "odds_ratio",
    "odds_ratio_mh": "odds_ratio_stratified",
    "risk_ratio": "risk_ratio",
}


def cohort_figures(rates, summary, contrasts, rules):
    """What a cohort's walking and survival have to put beside a published result.

    Parameters
    ----------
    rates : DataFrame
        Walking, as in ambulatory/rates.csv; analysis "by_broad_arm" holds groups of arms.
    summary : DataFrame
        Survival, as in survival/summary.csv, likewise.
    contrasts : DataFrame
        As in ambulatory/contrasts.csv.
    rules : CohortRules

    Returns
    -------
    DataFrame
        outcome (walking, maintained, regained, survival, death), measure, arm ("all": the whole
        cohort), baseline, reference and event_of_ratio ("" but for ratios), analysis, definition,
        death_rule, counted (whom, in words), timepoint_days, start_days (day on which everybody
        counted is known to be alive), estimate, ci_lower, ci_upper, numerator, denominator,
        n_unknown, n_least. Rows keep the order of the input, whatever is missing in it.
    """
    frames = [_walking(rates, rules), _survival(summary, rules), _ratios(contrasts, rules)]
    return pd.concat([typed(frame) for frame in frames], ignore_index=True)


def typed(frame):
    """The columns of a figure with their types; those that `frame` lacks are missing, or ""."""
    frame = frame.assign(
        **{name: "" for name in ("reference", "event_of_ratio") if name not in frame}
    )
    return pd.DataFrame(
        {
            name: pd.array(frame[name] if name in frame else [pd.NA] * len(frame), dtype=dtype)
            for name, dtype in FIGURE_DTYPES.items()
        }
    )


def _whole_and_arms(frame):
    """The rows of the whole cohort and of its arms, with the arm as benchmarks name it."""
    rows = frame[frame["analysis"].isin(["overall", "by_arm", "by_broad_arm"])]
    return rows.assign(arm=rows["group"].where(rows["analysis"] != "overall", "all"))


def _start(rows, rules):
    return np.where(rows["analysis"] == "overall", 0.0, float(rules.landmark_days))


def _walking(rates, rules):
    rows = _whole_and_arms(rates)
    rows = rows[rows["estimand"].isin(ESTIMANDS)].drop(columns=["n_unknown"], errors="ignore")
    return rows.assign(
        measure="proportion", start_days=_start(rows, rules), definition=rules.walking
    ).rename(columns={"estimand": "death_rule", "proportion": "estimate"})


def _ratios(contrasts, rules):
    """Ratios in both directions: a publication may have taken the other arm as reference."""
    rows = contrasts[
        (contrasts["analysis"] == "by_arm")
        & contrasts["measure"].isin(list(RATIOS))
        & contrasts["estimand"].isin(ESTIMANDS)
    ]
    keys = ["group", "reference", "baseline", "timepoint_days", "estimand", "measure"]
    rows = rows.drop_duplicates(keys)
    rows = rows.assign(
        outcome=rows["baseline"].map(OUTCOMES),
        event_of_ratio="walking",
        measure=rows["measure"].map(RATIOS),
        start_days=_start(rows, rules),
        definition=rules.walking,
    ).rename(columns={"group": "arm", "estimand": "death_rule"})
    turned = rows.assign(
        arm=rows["reference"],
        reference=rows["arm"],
        estimate=1 / rows["estimate"],
        ci_lower=1 / rows["ci_upper"],
        ci_upper=1 / rows["ci_lower"],
    )
    return pd.concat([rows, turned], ignore_index=True)


def _survival(summary, rules):
    rows = _whole_and_arms(summary).assign(
        baseline="all",
        outcome="survival",
        death_rule="kaplan_meier",
        definition=f"from_{rules.time_zero}",
    )
    milestones = [
        name.removeprefix("survival_").removesuffix("d")
        for name in summary
        if name.startswith("survival_") and name.endswith("d")
    ]
    found = [_read_off(rows, "median", "_days").assign(measure="median_days")]
    for day in milestones:
        alive = _read_off(rows, f"survival_{day}d", "").assign(
            measure="proportion", timepoint_days=float(day)
        )
        found += [alive, _complement(alive)]
    return pd.concat([typed(frame) for frame in found], ignore_index=True)


def _read_off(rows, name, unit):
    return rows.assign(
        estimate=rows[f"{name}{unit}"],
        ci_lower=rows[f"{name}_lower"],
        ci_upper=rows[f"{name}_upper"],
    )


def _complement(alive):
    return alive.assign(
        outcome="death",
        estimate=1 - alive["estimate"],
        ci_lower=1 - alive["ci_upper"],
        ci_upper=1 - alive["ci_lower"],
    )
