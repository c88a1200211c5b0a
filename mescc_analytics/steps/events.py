"""What the presenting steps show of events that death can forestall, and of walking over time."""

from mescc_analytics.present import captions_competing, tables_competing, tables_states, wording
from mescc_analytics.steps import withhold, withhold_sums
from mescc_analytics.steps import withhold_competing as withheld
from mescc_analytics.steps.walking_states import OVER_TIME

PLACES = {
    "occupancy": "ambulatory/occupancy.csv",
    "expected_days": "ambulatory/expected_days.csv",
    "transitions": "ambulatory/transitions.csv",
    "paired": "ambulatory/paired.csv",
    "incidence": "competing/incidence.csv",
    "competing_summary": "competing/summary.csv",
    "competing_tests": "competing/tests.csv",
    "competing_hazards": "competing/hazards.csv",
    "competing_not_assessable": "competing/not_assessable.csv",
}
EMPTY = {
    "occupancy": "analysis group time_days n_followed ambulatory non_ambulatory dead unknown",
    "expected_days": "analysis group reference measure start_days horizon_days days ci_lower "
    "ci_upper note",
    "transitions": "analysis group from_state to_state n n_from proportion",
    "paired": "analysis group measure timepoint_days test n_pairs n_better n_worse statistic df p "
    "note",
    "incidence": "analysis endpoint cause group time_days n_at_risk n_events n_censored incidence "
    "ci_lower ci_upper",
    "competing_summary": "analysis endpoint cause group n n_not_at_risk time_days start_days "
    "n_at_risk n_events incidence ci_lower ci_upper note",
    "competing_tests": "analysis endpoint cause test statistic df p note",
    "competing_hazards": "analysis endpoint cause model term group reference hazard_ratio ci_lower "
    "ci_upper p ph_p note",
    "competing_not_assessable": "analysis needs reason",
}
FIGURES = ("local_failure_by_arm", "incidence_by_endpoint", "states_by_arm")
DAY_VALUES = ["days", "ci_lower", "ci_upper"]


def _walking(settings):
    """Horizon and days for which a status is held."""
    chosen = settings.get("ambulatory") or {}
    return float(chosen.get("horizon_days", 365)), float(chosen.get("carry_forward_days", 120))


def _summary(read, threshold):
    """competing/summary.csv as it may be shown."""
    untold = withhold_sums.untold(withhold.summary(read("summary"), threshold))
    return withheld.summary(read("competing_summary"), threshold, untold)


def frames(read, threshold, least_at_risk):
    """Result frames as they may be shown, by name.

    Parameters
    ----------
    read : callable
        From the name of a result file to its frame.
    threshold : int
    least_at_risk : int or None
        Curves stop where fewer are at risk.
    """
    summary = _summary(read, threshold)
    states = read("occupancy")
    days = withheld.of_large_groups(read("expected_days"), states, DAY_VALUES, threshold)
    return {
        "incidence": withheld.incidence(read("incidence"), summary, threshold, least_at_risk),
        "competing_summary": summary,
        "competing_not_assessable": read("competing_not_assessable"),
        "occupancy": withheld.occupancy(states, threshold, least_at_risk),
        "expected_days": days,
    }


def figures(shown, study, settings):
    """The figures by name; `shown` as from `frames`."""
    from mescc_analytics.present.figures import incidence, occupancy

    curves, states, horizon = shown["incidence"], shown["occupancy"], _walking(settings)[0]
    origin, small = study.time_zero_words, study.small
    by_arm = incidence.IncidencePlot(origin, study.landmark_days, small, horizon)
    overall = incidence.IncidencePlot(origin, 0.0, small, horizon)
    return {
        "local_failure_by_arm": incidence.draw_by_arm(_local_failure(curves), by_arm),
        "incidence_by_endpoint": incidence.draw_endpoints(
            curves[curves["analysis"] == "overall"], overall
        ),
        "states_by_arm": occupancy.draw_occupancy(
            states[states["analysis"] == "by_arm"], origin, study.threshold
        ),
    }


def _local_failure(frame):
    return frame[(frame["analysis"] == "by_arm") & (frame["endpoint"] == "local_failure")]


def captions(shown, study, settings):
    """Caption and text alternative of each figure."""
    summary, days = shown["competing_summary"], shown["expected_days"]
    hold = _walking(settings)[1]
    return {
        "local_failure_by_arm": captions_competing.by_arm(_local_failure(summary), study),
        "incidence_by_endpoint": captions_competing.endpoints(
            summary[summary["analysis"] == "overall"], study
        ),
        "states_by_arm": captions_competing.occupancy(
            days[days["analysis"] == "by_arm"], study, hold
        ),
    }


def remarks(shown, why_not):
    """What replaces a figure that could not be drawn; `why_not` from a frame and an analysis to
    words.
    """
    found = {}
    if shown["incidence"].empty:
        found["incidence_by_endpoint"] = "Not assessable: no endpoint was supplied."
    if _local_failure(shown["incidence"]).empty:
        absent = shown["competing_not_assessable"]
        listed = absent["analysis"].eq("by_arm: local_failure").any()
        why = why_not(absent, "by_arm: local_failure" if listed else "by_arm")
        found["local_failure_by_arm"] = f"Local failure by arm is not assessable: {why}."
    if not (shown["occupancy"]["analysis"] == "by_arm").any():
        absent = shown["walking_not_assessable"]
        listed = absent["analysis"].eq(OVER_TIME).any()
        why = why_not(absent, OVER_TIME if listed else "by_arm")
        found["states_by_arm"] = f"Walking over time by arm is not assessable: {why}."
    return found


def tables(read, study, settings):
    """Tables of walking over time and of the events; `read` as in `frames`."""
    threshold, hold = study.threshold, _walking(settings)[1]
    days = withheld.of_large_groups(read("expected_days"), read("occupancy"), DAY_VALUES, threshold)
    yield tables_states.expected_days(days, study, hold)
    yield tables_states.transitions(withheld.transitions(read("transitions"), threshold), study)
    yield tables_states.change(withheld.paired(read("paired"), threshold), study)
    summary = _summary(read, threshold)
    yield tables_competing.incidence(summary, read("competing_tests"), study)
    exact = read("competing_hazards"), summary, read("incidence")
    ratios = withheld.hazards(*exact, threshold)
    yield tables_competing.hazards(ratios, study)


def absent(frame):
    """Endpoints that could not be assessed, by subject: analysis is "by_arm: local_failure", or
    "by_arm" for all of them.
    """
    pair = frame["analysis"].astype("string").str.split(": ", n=1, expand=True)
    pair = pair.reindex(columns=[0, 1]).astype("string")
    subject = pair[1].map(wording.endpoint_words, na_action="ignore").astype("string")
    subject = subject.fillna("local failure and other events")
    return frame.astype("string").assign(analysis=pair[0], subject=subject)
