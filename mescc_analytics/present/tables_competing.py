"""Tables of events that death can forestall."""

import re

from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table


def incidence(summary, tests, study):
    """Incidence of every endpoint at the timepoints, whole cohort and by arm.

    Parameters
    ----------
    summary : DataFrame
        As from the withholding: mark, n_mark and events_mark say what stands for a number.
    tests : DataFrame
    study : Study
    """
    times = sorted(set(summary["time_days"].astype(float)))
    days = [display.day_count(time) for time in times]
    head = ("", "Cases at risk", f"Events by day {days[-1]}" if days else "Events")
    head += tuple(f"Day {day}, %" for day in days) + (
        "Death without it, last day, %",
        "Gray's test, p",
    )
    rows = []
    for endpoint, of_endpoint in summary.groupby("endpoint", sort=False):
        blank = [""] * (len(head) - 2)
        rows.append((wording.endpoint_label(endpoint), *blank, _gray(tests, endpoint)))
        for (analysis, group), found in of_endpoint.groupby(["analysis", "group"], sort=False):
            rows.append(_row((analysis, group), found, times))
    notes = [
        "Aalen-Johansen: death before the event competes with it. In brackets: "
        f"{study.level_words}. {_of_whom(study)}",
        "Gray's test compares the incidence of the event between the arms that are large enough. "
        f"{study.arms_note}",
        study.suppression_note,
    ]
    title = f"Local failure and other events with death as a competing event, cohort {study.name}"
    return Table("incidence", title, head, tuple(rows), tuple(filter(None, notes)))


def _of_whom(study):
    if not study.landmark_days:
        return "Arms are followed from time zero."
    day = display.day_count(study.landmark_days)
    return (
        f"Arms are followed from the landmark, day {day}, those who had the event until then left "
        "out; all cases from time zero."
    )


def _row(key, found, times):
    event = found[found["cause"] == found["endpoint"]].set_index("time_days").to_dict("index")
    death = found[found["cause"] == "death"].set_index("time_days").to_dict("index")
    last = times[-1]
    cases = event[last] | {"mark": _first_known(event[last], ("mark", "n_mark"))}
    events = event[last] | {"mark": _first_known(event[last], ("mark", "events_mark"))}
    name = f"{cells.INDENT}{wording.group_label(*key)}"
    shown = [_share(event[time]) for time in times]
    numbers = (cells.count(cases), cells.count(events, "n_events"))
    return (name, *numbers, *shown, _share(death[last]), "")


def _first_known(row, names):
    return next((row[name] for name in names if not display.is_missing(row[name])), None)


def _share(row):
    mark = _first_known(row, ("mark", "events_mark"))
    if mark is not None:
        return str(mark)
    if display.is_missing(row["incidence"]):
        return cells.reason(row, "", cells.NOT_ESTIMABLE)

    def form(value):
        return display.percent_value(value, 100)

    if display.is_missing(row["ci_lower"]):
        return form(row["incidence"])
    return display.short_interval(row["incidence"], row["ci_lower"], row["ci_upper"], form)


def _gray(tests, endpoint):
    chosen = (tests["endpoint"] == endpoint) & (tests["cause"] == endpoint)
    for row in tests[chosen].head(1).to_dict("records"):
        if not display.is_missing(row["p"]):
            return display.p_value(row["p"])
        return cells.NOT_ESTIMABLE
    return ""


def hazards(frame, study):
    """Cause-specific and Fine-Gray ratios of every endpoint, each arm against the reference."""
    head = ("", f"Cause-specific hazard ratio ({study.level_words})", "p, cause-specific")
    head += (f"Fine-Gray ratio ({study.level_words})", "p, Fine-Gray")
    rows = []
    of_event = frame[frame["cause"] == frame["endpoint"]]
    for endpoint, of_endpoint in of_event.groupby("endpoint", sort=False):
        rows.append((wording.endpoint_label(endpoint), "", "", "", ""))
        for (group, reference), pair in of_endpoint.groupby(["group", "reference"], sort=False):
            labels = {name: wording.group_label("by_arm", name) for name in (group, reference)}
            by_model = {row["model"]: row for row in pair.to_dict("records")}
            shown = [
                cell
                for model in ("cause_specific", "fine_gray")
                for cell in _ratio(by_model.get(model), labels)
            ]
            rows.append((f"{cells.INDENT}{labels[group]} against {labels[reference]}", *shown))
    notes = (
        "Unadjusted. Cause-specific: hazard of the event among those still without any event. "
        "Fine-Gray: ratio of subdistribution hazards, which follows the incidence and also "
        "reflects how many die first. No p value where an arm has too few cases.",
        study.suppression_note,
    )
    title = f"Hazard ratios of local failure and other events, cohort {study.name}"
    return Table(
        "competing_hazards", title, head, tuple(rows), tuple(note for note in notes if note)
    )


def _ratio(row, labels):
    if row is None:
        return ("", "")
    if not display.is_missing(row.get("mark")):
        return (cells.marked(row), "")
    if display.is_missing(row["hazard_ratio"]):
        words = cells.reason(row, "", cells.NOT_ESTIMABLE)
        for name, label in labels.items():
            words = re.sub(rf"\b{re.escape(str(name))}\b", label, words)
        return (words, "")
    value = display.short_interval(
        row["hazard_ratio"], row["ci_lower"], row["ci_upper"], display.ratio
    )
    return (value, display.p_value(row["p"]))
