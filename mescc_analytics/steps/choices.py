"""What the presenting steps show of the guard against immortal time and of the panel of choices."""

from mescc_analytics.present import tables_choices
from mescc_analytics.steps import withhold_choices as withheld

PLACES = {
    "guard": "survival/guard.csv",
    "panel": "sensitivity/panel.csv",
    "panel_not_assessable": "sensitivity/not_assessable.csv",
}
EMPTY = {
    "guard": "analysis section group n n_naive n_landmark n_dead_by_landmark n_lost_by_landmark "
    "n_untreated_dead n_fallback_origin n_treated days_median days_q1 days_q3 naive_median_days "
    "landmark_median_days landmark_days arm_source",
    "panel": "group reference section method hazard_ratio ci_lower ci_upper p n_group n_reference "
    "events_group events_reference start_days adjusted_for note",
    "panel_not_assessable": "analysis needs reason",
}
FIGURES = ("sensitivity",)
TABLES = ("guard", "sensitivity")


def frames(read, threshold):
    """Result frames as they may be shown, by name; `read` from the name of a file to its frame."""
    return {
        "guard": withheld.guard(read("guard"), threshold),
        "panel": withheld.panel(read("panel"), threshold),
        "panel_not_assessable": read("panel_not_assessable"),
        "arms_given": bool(read("guard")["arm_source"].eq("given").any()),
        "uneven_origin": tables_choices.uneven(read("guard")),
    }


def figures(shown):
    """The figures by name; `shown` as from `frames`."""
    from mescc_analytics.present.figures import sensitivity

    return {"sensitivity": sensitivity.draw_sensitivity(shown["panel"])}


def captions(shown, study):
    """Caption and text alternative of each figure."""
    return {"sensitivity": tables_choices.caption(shown["panel"], study)}


def remarks(shown):
    """What replaces a figure that could not be drawn."""
    if shown["panel"]["hazard_ratio"].notna().any():
        return {}
    return {"sensitivity": tables_choices.NOTHING}


def tables(read, study):
    """The guard and the panel as tables."""
    yield tables_choices.guard(withheld.guard(read("guard"), study.threshold), study)
    yield tables_choices.sensitivity(withheld.panel(read("panel"), study.threshold), study)


def refusal(shown, study):
    """Why survival by arm must not be drawn, or "": days of some arms count from another event."""
    if not shown["uneven_origin"] or study.landmark_days:
        return ""
    return (
        f"Survival by arm is not drawn: time zero is {study.time_zero_words} in some arms and "
        "presentation in others. Choose another cohort.time_zero, or a landmark."
    )
