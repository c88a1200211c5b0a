"""What the presenting steps show of hazard ratios, tests and differences in survival."""

from mescc_analytics.present import tables_contrasts, tables_survival
from mescc_analytics.steps import withhold_contrasts as withheld

PLACES = {"survival_contrasts": "survival/contrasts.csv"}
EMPTY = {
    "survival_contrasts": "analysis group reference measure time_days estimate ci_lower ci_upper "
    "of_group of_reference p p_holm note"
}


def tables(read, shown_summary, study, settings):
    """Hazard ratios of every factor, and the differences between arms.

    Parameters
    ----------
    read : callable
        From the name of a result file to its frame.
    shown_summary : DataFrame
        As from `withhold.summary`.
    study : Study
    settings : dict
        survival.
    """
    least = (settings.get("survival") or {}).get("min_arm", 0)
    tells = withheld.p_tells(read("summary"), shown_summary, study.threshold, least)
    hazards = withheld.ratios(read("hazards"), shown_summary, study.threshold, tells)
    tests = withheld.without_p(read("tests"), tells)
    yield tables_survival.hazards(hazards, tests, study)
    contrasts = withheld.differences(read("survival_contrasts"), shown_summary, tells)
    yield tables_contrasts.contrasts(contrasts, hazards, tests, study)
