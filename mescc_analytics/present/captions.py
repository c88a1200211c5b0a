"""Captions that stand alone and text alternatives that state the finding, from the frames that
the figures show.
"""

from mescc_analytics import codebook
from mescc_analytics.present import display, wording
from mescc_analytics.present.literature import TITLE
from mescc_analytics.present.study import NAIVE

KAPPA_LEVEL = 0.95  # of the interval of kappa, whatever the other intervals have
TITLES = {
    "survival_by_arm": "Survival by arm",
    "survival_overall": "Survival of the whole cohort",
    "walking_by_arm": "Walking by arm and time",
    "pathway_by_arm": "Recommended pathway and treatment given",
    "flow": "Who was included",
    "sins_agreement": "Two readings of SINS",
    "missingness": "Which values are missing together",
    "benchmark": TITLE,
    "local_failure_by_arm": "Local failure by arm",
    "incidence_by_endpoint": "Events with death as a competing event",
    "sensitivity": "What depends on a choice",
    "balance": "How alike the arms are, before and after weighting",
    "overlap": "Propensity scores of the two arms of each contrast",
    "survival_weighted": "Survival after weighting, first treatments",
    "survival_weighted_arms": "Survival after weighting, arms in detail",
    "states_by_arm": "Walking, not walking, dead over time, by arm",
}


def survival(summary, study, analysis):
    """Caption and text alternative of a survival figure.

    Parameters
    ----------
    summary : DataFrame
        Rows of one analysis of summary.csv, suppressed.
    study : Study
    analysis : {"overall", "by_arm"}

    Returns
    -------
    (str, str)
    """
    by_arm = analysis == "by_arm"
    at = (
        " alive and under follow-up at the landmark, day "
        f"{display.day_count(study.landmark_days)} (dotted line)"
        if by_arm and study.landmark_days
        else ""
    )
    bands = "in small panels for each arm" if by_arm and len(summary) > 4 else "shaded"
    caption = (
        f"Survival{' by arm' if by_arm else ''} of {_how_many(summary)}{at}, cohort "
        f"{study.name}; time zero is {study.time_zero_words}. "
        f"Kaplan-Meier with pointwise {study.level_words} ({study.interval}), {bands}. At risk: "
        "alive and under follow-up just before that time."
        f"{_cut(study)} Beside each name: median survival in months from time zero."
    )
    caution = f" {study.entry_note}" if study.entry_note else ""
    caution += f" {NAIVE}" if by_arm and study.naive else ""
    return f"{caption}{f' {study.arms_note}' if by_arm else ''}{caution}", _survival_finding(
        summary, analysis
    )


def _how_many(summary):
    """How many cases; no number where one of the groups is withheld."""
    hidden = not len(summary) or summary["n"].isna().any()
    return "the cases" if hidden else display.plural(summary["n"].sum(), "case")


def _cut(study):
    stop = (
        f" Curves stop where fewer than {study.threshold} are at risk."
        if study.threshold > 1
        else ""
    )
    return f"{stop} The time axis ends where fewer than 10 % are at risk."


def _survival_finding(summary, analysis):
    known = summary.dropna(subset=["median_days"])
    if known.empty:
        return "Kaplan-Meier curves; the median survival was not reached or is not shown."
    if len(known) == 1:
        row = known.iloc[0]
        name = wording.group_label(analysis, row["group"])
        return f"Kaplan-Meier curve, {name}: median survival {display.days(row['median_days'])}."
    low, high = (
        known.loc[known["median_days"].astype(float).agg(end)] for end in ("idxmin", "idxmax")
    )
    ends = [
        f"{display.days(row['median_days'])} ({wording.group_label(analysis, row['group'])})"
        for row in (low, high)
    ]
    return (
        f"Kaplan-Meier curves of {len(summary)} groups; "
        f"median survival ranges from {ends[0]} to {ends[1]}."
    )


def walking(rates, study):
    """Caption and text alternative of the walking figure; rates of one analysis, baseline and
    estimand, suppressed.
    """
    times = sorted(set(rates["timepoint_days"].astype(float)))
    days = display.listing(display.day_count(time) for time in times)
    landmark = (
        " Arms: cases alive and under follow-up at the landmark, day "
        f"{display.day_count(study.landmark_days)}."
        if study.landmark_days
        else ""
    )
    caption = (
        f"Proportion walking by arm at {days} days from {study.time_zero_words}, cohort "
        f"{study.name}. Estimand: {wording.ESTIMAND_WHO[study.estimand]}.{landmark} Dots with "
        f"{study.level_words} ({study.proportion_words}); beside them walking/total. "
        f"{study.arms_note}"
    )
    notes = (study.no_deaths_note(times), study.entry_note_walking)
    caption = " ".join(filter(None, (caption, *notes)))
    return caption, _walking_finding(rates)


def _walking_finding(rates):
    parts = []
    for time, rows in rates.dropna(subset=["proportion"]).groupby("timepoint_days", sort=True):
        low, high = (
            rows.loc[rows["proportion"].astype(float).agg(end)] for end in ("idxmin", "idxmax")
        )
        ends = [
            f"{display.percent(row['numerator'], row['denominator'])} "
            f"({wording.group_label('by_arm', row['group'])})"
            for row in (low, high)
        ]
        parts.append(f"day {display.day_count(time)} from {ends[0]} to {ends[1]}")
    return (
        f"Proportion walking by arm: {'; '.join(parts)}."
        if parts
        else "No proportion walking is shown."
    )


def pathway(cells, agreement, study):
    """Caption and text alternative of the pathway figure; agreement as in `agreement_sentence`."""
    caption = (
        f"Recommended pathway (rows) against treatment given (columns), cohort {study.name}, all "
        "cases with a known treatment. "
        "Counts; the darker a cell, the more cases; outlined cells agree. "
        f"{study.suppression_note}"
    )
    return caption.strip(), agreement_sentence(agreement, study)


def agreement_sentence(agreement, study):
    """How often treatment followed the recommendation, with kappa.

    Parameters
    ----------
    agreement : dict of str to dict
        "compared", "agree" (n) and "kappa" (value, ci_lower, ci_upper); empty where withheld
        or not assessable.
    study : Study
    """
    if not agreement or not agreement["compared"]["n"]:
        return (
            "Agreement is not shown: no case has both a recommended pathway and a known treatment, "
            "or too few agree or differ."
        )
    agree, compared = agreement["agree"]["n"], agreement["compared"]["n"]
    sentence = (
        f"Treatment and recommended pathway agreed in {display.number(agree)} of the "
        f"{display.number(compared)} cases in which "
        f"both are known ({display.percent(agree, compared)})"
    )
    kappa = agreement.get("kappa")
    if kappa is None or display.is_missing(kappa["value"]):
        return f"{sentence}; kappa is not estimable."
    words = display.with_interval(
        kappa["value"],
        kappa["ci_lower"],
        kappa["ci_upper"],
        lambda value: display.number(value, 2),
        KAPPA_LEVEL,
    )
    return f"{sentence}; kappa {words}."


def flow(stages, study):
    """Caption and text alternative of the flow diagram; stages as in `flow_stages`."""
    caption = (
        f"Cases of cohort {study.name} from those supplied to those compared. Dashed boxes: cases "
        f"excluded and why; deaths before the landmark are counted there. {study.suppression_note}"
    )
    return caption.strip(), "; ".join(text.split("\n")[0] for text, _ in stages) + "."


def flow_stages(flow, arm_sizes, study):
    """The boxes of the flow diagram: text of each stage and the lines of what left after it.

    Parameters
    ----------
    flow : DataFrame
        flow.csv, small exclusions merged.
    arm_sizes : list of (str, int or NA, str)
        Arm, its cases, the mark where withheld.
    study : Study
    """
    supplied = flow[flow["criterion"] == "supplied"]
    whole = flow[(flow["applies_to"] == "all analyses") & (flow["criterion"] != "supplied")]
    arms = flow[(flow["applies_to"] != "all analyses") & (flow["criterion"] != "supplied")]
    n_supplied = supplied["n_after"].iloc[0] if len(supplied) else flow["n_before"].iloc[0]
    n_whole = whole["n_after"].iloc[-1] if len(whole) else n_supplied
    compared = len(arms) > 0 and len(arm_sizes) > 0
    n_words = f"{display.count(n_whole)} cases in the analyses of the whole cohort"
    stages = [
        (f"{display.count(n_supplied)} cases supplied", _leaving(whole, study)),
        (n_words, _leaving(arms, study) if compared else []),
    ]
    return [*stages, (_arm_lines(arms, arm_sizes), [])] if compared else stages


def _arm_lines(arms, arm_sizes):
    lines = [f"{display.count(arms['n_after'].iloc[-1])} cases in the comparison of arms"]
    for arm, n, mark in arm_sizes:
        size = mark if display.is_missing(n) else display.number(n)
        lines.append(f"{codebook.label('arm', arm)}: {size}")
    return "\n".join(lines)


def _leaving(rows, study):
    lines = []
    for row in rows.to_dict("records"):
        unknown = (
            ""
            if display.is_missing(row["n_unknown"]) or not row["n_unknown"]
            else f"; a further {display.number(row['n_unknown'])} could not be judged"
        )
        n_excluded = (
            study.small
            if display.is_missing(row["n_excluded"])
            else display.number(row["n_excluded"])
        )
        if n_excluded != "0" or unknown:
            lines.append(f"{n_excluded}  {_in_sentence(str(row['label']))}{unknown}")
    return lines or ["no case excluded"]


def _in_sentence(label):
    """A label with a small first letter, unless it begins with an abbreviation."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
