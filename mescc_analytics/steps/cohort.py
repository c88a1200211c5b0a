"""The analysed cohort."""

import pandas as pd

from mescc_analytics.clinical.arms import days_to_treatment, derive_arms, has_given_arms
from mescc_analytics.clinical.derived_flags import add_flags
from mescc_analytics.clinical.frames import beside
from mescc_analytics.cohort.after_surgery import after_surgery
from mescc_analytics.cohort.eligibility import apply_criteria
from mescc_analytics.cohort.timeline import mark_first_episodes, set_time_zero, survival_from
from mescc_analytics.tables import files

NO_VISITS = pd.DataFrame(columns=["case_id", "visit_day"])
CLOCK = ("follow_up_recorded", "follow_up_after_time_zero")


def arms_are_given(cases):
    """Whether the arms come from the table itself, before or after the cohort step."""
    if "arm_source" in cases:
        return bool(cases["arm_source"].eq("given").any())
    return has_given_arms(cases)


def effective(cases, settings):
    """The cohort settings as this table asks for: arms that the table gives are compared without a
    landmark.
    """
    changed = {"landmark_days": 0} if arms_are_given(cases) else {}
    # survival cannot be counted without a clock, whatever a study lists
    chosen = settings["cohort"]["eligibility"]
    eligibility = [*(name for name in CLOCK if name not in chosen), *chosen]
    changed["eligibility"] = eligibility
    if settings["score"]["below_conus"] == "exclude" and "cord_level" not in eligibility:
        changed["eligibility"] = [*eligibility, "cord_level"]
    return settings["cohort"] | changed


def build(cases, settings):
    """Cases with time zero, arm, survival and marks; the flow; see ``cohort``."""
    chosen = effective(cases, settings)
    zero = set_time_zero(cases, chosen["time_zero"])
    added = pd.concat([zero, survival_from(cases, zero["time_zero_day"])], axis="columns")
    added["days_to_treatment"] = days_to_treatment(cases, zero["time_zero_day"])
    arm = derive_arms(cases, zero["time_zero_day"], chosen)
    whole = pd.concat([cases.drop(columns=["arm"], errors="ignore"), added], axis="columns")
    source = "given" if has_given_arms(cases) else "derived"
    whole = whole.assign(
        arm=arm, arm_source=pd.Categorical([source] * len(whole), ["given", "derived"])
    )
    if "usable" not in whole:
        whole["usable"] = pd.Series(True, index=whole.index, dtype="boolean")
    marks, flow = apply_criteria(whole.assign(first_episode=_first_episodes(whole)), chosen)
    return pd.concat([whole, marks], axis="columns"), flow


def _first_episodes(whole):
    """The first episode of each patient among those that can be analysed at all."""
    recorded = whole["last_contact_day"].notna() if "last_contact_day" in whole else True
    usable = (whole["usable"].fillna(False) & recorded & whole["survival_event"].notna()).astype(
        bool
    )
    first = pd.Series(False, index=whole.index, dtype="boolean")
    first[usable] = mark_first_episodes(whole[usable])
    return first


def cohort(inputs, out, settings):
    """cohort.parquet (every case, marked) and flow.csv; with visits, what surgery achieved."""
    whole, flow = build(files.read_table(inputs["cases"]), settings)
    files.write_table(
        beside(whole, surgical_flags(whole, inputs, settings)), out / "cohort.parquet"
    )
    files.write_csv(flow, out / "flow.csv")


def surgical_flags(whole, inputs, settings):
    """The flags that need time after surgery; unknown where no visits are given."""
    visits = files.read_table(inputs["visits"]) if inputs.get("visits") else NO_VISITS
    high = settings["score"]["sosg_high_grades"]
    followed = after_surgery(whole, visits, settings["cohort"], high)
    return add_flags(beside(whole, followed), "cohort", settings["cohort"])
