"""What a cohort has to put beside a published result, in one frame."""

import numpy as np
import pandas as pd

SAME = ["outcome", "measure", "arm", "baseline"]
ESTIMANDS = ("alive_assessed", "composite")  # the best and worst case are bounds, not results
NUMBERS = ["estimate", "ci_lower", "ci_upper"]
FIGURE_DTYPES = {
    **dict.fromkeys([*SAME, "analysis", "death_rule"], "string"),
    **dict.fromkeys(["timepoint_days", "start_days", *NUMBERS], "Float64"),
    **dict.fromkeys(["numerator", "denominator"], "Int64"),
}


def cohort_figures(rates, summary, landmark_days):
    """What the cohort has to put beside a published result.

    Parameters
    ----------
    rates, summary : DataFrame
        As for ``compare``.
    landmark_days : float

    Returns
    -------
    DataFrame
        outcome (walking, maintained, regained, survival, death), measure, arm ("all": the whole
        cohort), baseline, analysis, death_rule, timepoint_days, start_days (day on which everybody
        counted is known to be alive), numerator, denominator, estimate, ci_lower, ci_upper.
    """
    frames = [_walking(rates, landmark_days), _survival(summary)]
    return pd.concat([_typed(frame) for frame in frames], ignore_index=True)


def _typed(frame):
    return pd.DataFrame(
        {
            name: pd.array(frame[name] if name in frame else [pd.NA] * len(frame), dtype=dtype)
            for name, dtype in FIGURE_DTYPES.items()
        }
    )


def _whole_and_arms(frame):
    """The rows of the whole cohort and of its arms, with the arm as benchmarks name it."""
    rows = frame[frame["analysis"].isin(["overall", "by_arm"])]
    return rows.assign(arm=rows["group"].where(rows["analysis"] == "by_arm", "all"))


def _walking(rates, landmark_days):
    rows = _whole_and_arms(rates)
    rows = rows[rows["estimand"].isin(ESTIMANDS)]
    start = np.where(rows["analysis"] == "by_arm", float(landmark_days), 0.0)
    return rows.assign(measure="proportion", start_days=start).rename(
        columns={"estimand": "death_rule", "proportion": "estimate"}
    )


def _survival(summary):
    rows = _whole_and_arms(summary).assign(
        baseline="all", outcome="survival", death_rule="kaplan_meier"
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
    return pd.concat([_typed(frame) for frame in found], ignore_index=True)


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
