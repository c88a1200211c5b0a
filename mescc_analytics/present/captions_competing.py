"""Captions and text alternatives of the figures of incidence and of states over time."""

from mescc_analytics.present import display, wording

DATED = (
    "An event counts from the day on which it was seen, at a visit or on an image; it happened "
    "between then and the one before."
)


# with fewer steps of the threshold a stack of shares shows the rounding and not the arm
LEAST_STEPS = 6


def _late(study):
    return f" {study.entry_note}" if study.entry_note else ""


def _landmark(study):
    if not study.landmark_days:
        return ""
    return (
        " alive and under follow-up at the landmark, day "
        f"{display.day_count(study.landmark_days)} (dotted line), and without the event until then"
    )


def _stop(study):
    return (
        f" Curves stop where fewer than {study.threshold} are at risk." if study.threshold else ""
    )


def by_arm(summary, study):
    """Local failure by arm; summary of that endpoint by arm, suppressed."""
    caption = (
        f"Cumulative incidence of local failure (left) and of death without it (right) by arm, of "
        f"cases{_landmark(study)}, cohort {study.name}; time zero is {study.time_zero_words}. "
        "Aalen-Johansen: death before local failure is a competing event, not a censoring. Below: "
        f"alive, followed and without local failure just before that time.{_stop(study)} A curve "
        f"with few events is not shown. {DATED} {study.arms_note}{_late(study)}"
    )
    return caption, _range(summary, "Local failure by arm")


def _range(summary, subject):
    known = summary[summary["cause"] != "death"].dropna(subset=["incidence"])
    if known.empty:
        return f"{subject}: no incidence is shown."
    last = known[known["time_days"] == known["time_days"].max()]
    values = last["incidence"].astype(float)
    ends = [
        f"{display.percent_value(last.loc[place, 'incidence'], 100)} % ({_arm(last, place)})"
        for place in (values.idxmin(), values.idxmax())
    ]
    day = display.day_count(float(last["time_days"].iloc[0]))
    return f"{subject}: incidence by day {day} from {ends[0]} to {ends[1]}."


def _arm(frame, place):
    return wording.group_label("by_arm", frame.loc[place, "group"])


def endpoints(summary, study):
    """Every endpoint in the whole cohort; summary of the overall analysis, suppressed."""
    caption = (
        "Cumulative incidence of each event (solid) and of death without it (dashed) in the whole "
        f"cohort {study.name}, with pointwise {study.level_words}; time zero is "
        f"{study.time_zero_words}. Aalen-Johansen. Loss of walking is of those who walked at time "
        f"zero, regaining of those who did not. {DATED}{_stop(study)}{_late(study)}"
    )
    known = summary[summary["cause"] == summary["endpoint"]].dropna(subset=["incidence"])
    known = known[known["time_days"] == known["time_days"].max()]
    parts = [
        f"{wording.endpoint_label(row['endpoint']).lower()} "
        f"{display.percent_value(row['incidence'], 100)} %"
        for row in known.to_dict("records")
    ]
    if not parts:
        return caption, "No incidence is shown."
    day = display.day_count(float(known["time_days"].iloc[0]))
    return caption, f"Incidence by day {day}: {'; '.join(parts)}."


def occupancy(days, study, hold_days):
    """States over time by arm; expected days of the arms, suppressed."""
    landmark = (
        f" from the landmark, day {display.day_count(study.landmark_days)},"
        if study.landmark_days
        else ""
    )
    rounded = (
        f" Shares are drawn in steps of about {study.threshold} cases; arms with fewer than "
        f"{LEAST_STEPS * study.threshold} cases are not drawn."
        if study.threshold > 1
        else ""
    )
    caption = (
        f"Share of each arm that is walking, not walking, alive with unknown status, or dead over "
        f"time{landmark} to the horizon, cohort {study.name}; time zero is "
        f"{study.time_zero_words}. A status is held until the next one is seen, for at most "
        f"{display.day_count(hold_days)} days; after that it is unknown. Those no longer followed "
        "are taken to fare like those who are: the dead are the complement of Kaplan-Meier."
        f"{rounded} {study.arms_note}"
    )
    return caption, _most_and_fewest_days(days)


def _most_and_fewest_days(days):
    known = days[(days["measure"] == "ambulatory") & days["reference"].isna()]
    known = known.dropna(subset=["days"])
    if known.empty:
        return "States over time by arm."
    values = known["days"].astype(float)
    ends = [
        f"{display.number(values[place])} ({_arm(known, place)})"
        for place in (values.idxmin(), values.idxmax())
    ]
    return f"Expected days alive and walking range from {ends[0]} to {ends[1]}."
