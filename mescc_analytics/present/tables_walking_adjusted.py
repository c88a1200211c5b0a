"""Walking by arm, adjusted: the table, why it is withheld, and how it was made."""

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table

ANALYSES = {"by_arm_weighted": "Arms", "by_broad_arm_weighted": "First local treatment"}
# failed diagnostics in words, as they complete "withheld: ..."
FAILED = {
    "balance": "a covariate still unlike after weighting",
    "overlap": "too little overlap",
    "effective size": "too few cases left by the weights",
    "events per parameter": "too few cases for the model of the arms",
    "missingness": "a covariate missing too often",
    "arm size": "too few cases in the arm",
    "separation": "a covariate that divides the arms",
    "outcome unknown": "walking unknown too often",
    "detectable difference": "only large differences detectable",
    "outcome events per parameter": "too few cases for the models of walking",
    "regression events per parameter": "too few cases for the regression",
}
WITHHELD, WARNED = "withheld: ", "diagnostics failed: "
POPULATION = {
    "overlap": "those who could have been in any of the arms",
    "ate": "all cases in the comparison",
    "att": "cases like those of one arm",
}
HEAD = (
    "Arms",
    "Day",
    "Walking, adjusted",
    "Difference, adjusted",
    "Difference, unadjusted",
    "Risk ratio, adjusted",
    "E-value",
    "Odds ratio, regression",
)
DIFFERENCE, REGRESSION = "risk_difference", "odds_ratio_regression"


def adjusted(contrasts, risks, study):
    """Adjusted contrasts beside the unadjusted ones; no rows where all of them are withheld.

    Parameters
    ----------
    contrasts : DataFrame
        contrasts.csv under one estimand, baseline all, suppressed (column mark).
    risks : DataFrame
        adjusted.csv under the same estimand, suppressed (columns mark, counts_mark).
    study : Study
    """
    title = f"Walking by arm, adjusted, cohort {study.name}"
    own = contrasts[contrasts["analysis"].isin(list(ANALYSES))]
    numbers = own["estimate"].notna() | own["mark"].notna()
    if not numbers.any():
        return Table("walking_adjusted", title, HEAD, (), _why(own))
    crude = contrasts[(contrasts["analysis"] == "by_arm") & (contrasts["measure"] == DIFFERENCE)]
    rows, without = [], []
    for (analysis, _, _), pair in own.groupby(["analysis", "group", "reference"], sort=False):
        some = (pair["estimate"].notna() | pair["mark"].notna()).any()
        found = _pair_rows(pair, risks[risks["analysis"] == analysis], crude)
        (rows if some else without).extend(found)
    rows += without
    return Table("walking_adjusted", title, HEAD, tuple(rows), _notes(study))


def label(analysis, name):
    """The words for an arm, or for a group of arms."""
    arms = codebook.load("arms")
    broad = arms["broad"] | arms["first_treatment"] if analysis.startswith("by_broad") else {}
    return broad.get(name, {}).get("label") or wording.group_label("by_arm", name)


def _arms(row):
    return " against ".join(label(row["analysis"], row[name]) for name in ("group", "reference"))


def _pair_rows(pair, risks, crude):
    """One row per day; days that are withheld for the same reason stand in one row."""
    rows, waiting = [], {}
    for day, of_day in pair.groupby("timepoint_days", sort=False):
        records = {row["measure"]: row for row in of_day.to_dict("records")}
        if all(_is_withheld(row) for row in records.values()):
            waiting.setdefault(_reason(records[DIFFERENCE]), []).append(day)
            continue
        rows.append(_day_row(records, day, (risks, crude)))
    first = pair.iloc[0]
    for reason, days in waiting.items():
        listed = ", ".join(map(display.day_count, days))
        rows.append((_arms(first), listed, "", f"{WITHHELD}{reason}", *[""] * (len(HEAD) - 4)))
    return rows


def _is_withheld(row):
    return str(row["note"]).startswith(WITHHELD)


def _reason(row, begins=WITHHELD):
    names = str(row["note"]).partition(begins)[2].partition("; ")[0].split(", ")
    return "; ".join(FAILED.get(name, name) for name in names)


def _day_row(records, day, beside):
    risks, crude = beside
    first = records[DIFFERENCE]
    here = risks[risks["timepoint_days"] == day].set_index("group")
    before = crude[
        (crude["timepoint_days"] == day)
        & (crude["group"] == first["group"])
        & (crude["reference"] == first["reference"])
    ].to_dict("records")
    broad = first["analysis"] != "by_arm_weighted"
    unadjusted = _crude_of(here, first) if broad else _cell(before[0] if before else None, _points)
    ratio = records.get("risk_ratio")
    return (
        _arms(first),
        display.day_count(day),
        _risks(here, first),
        _with_p(first, _points),
        unadjusted,
        _cell(ratio, display.ratio),
        _e_value(ratio),
        _with_p(records.get(REGRESSION), display.ratio),
    )


def _points(value):
    return display.number(100 * value, 0)


def _cell(row, form):
    if row is None:
        return ""
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if _is_withheld(row):
        return f"{WITHHELD}{_reason(row)}"
    if display.is_missing(row["estimate"]):
        return cells.reason(row, "", cells.NOT_ESTIMABLE)
    return display.short_interval(row["estimate"], row["ci_lower"], row["ci_upper"], form)


def _with_p(row, form):
    """Estimate, interval and p value, and what failed where the config shows it all the same."""
    text = _tested(row, form)
    warned = row is not None and WARNED in str(row["note"])
    return f"{text}; {WARNED}{_reason(row, WARNED)}" if warned else text


def _tested(row, form):
    text = _cell(row, form)
    if row is None or display.is_missing(row["p"]) or not display.is_missing(row.get("mark")):
        return text
    said = f"{text}; {display.p_sentence(row['p'])}"
    adjusted_p = row.get("p_holm")
    if display.is_missing(adjusted_p) or adjusted_p == row["p"]:
        return said
    return f"{said} (Holm {display.p_value(adjusted_p)})"


def _risks(here, row):
    """Adjusted walking of the arm and of the reference, in percent."""
    shown = []
    for name in (row["group"], row["reference"]):
        risk = here.loc[name] if name in here.index else None
        if risk is None or display.is_missing(risk["estimate"]):
            return "" if risk is None else display.HIDDEN
        shown.append(f"{display.percent_value(risk['estimate'], 100)} %")
    return " against ".join(shown)


def _crude_of(here, row):
    """Unadjusted difference of groups of arms, which no other table gives."""
    pair = [here.loc[name] for name in (row["group"], row["reference"]) if name in here.index]
    if len(pair) < 2 or any(display.is_missing(risk["proportion"]) for risk in pair):
        return display.HIDDEN
    return _points(float(pair[0]["proportion"]) - float(pair[1]["proportion"]))


def _e_value(row):
    if row is None or display.is_missing(row.get("e_value")):
        return ""
    text = display.ratio(row["e_value"])
    limit = row["e_value_limit"]
    return text if display.is_missing(limit) else f"{text} (interval: {display.ratio(limit)})"


def _why(own):
    """One sentence that says why nothing is shown; none where nothing was compared."""
    if own.empty:
        return ()
    rows = own[own["measure"] == DIFFERENCE]
    by_reason = {}
    for (analysis, group), of_arm in rows.groupby(["analysis", "group"], sort=False):
        names = ", ".join(dict.fromkeys(of_arm["note"].map(lambda n: _reason({"note": n}))))
        said = "; ".join(dict.fromkeys(names.replace(", ", "; ").split("; ")))
        by_reason.setdefault(said, []).append(label(analysis, group))
    parts = [f"{display.listing(names)} ({reason})" for reason, names in by_reason.items()]
    return (
        "No adjusted comparison of walking is shown, because every one fails a diagnostic that was "
        f"fixed before its result was seen: {'; '.join(parts)}.",
    )


def _notes(study):
    notes = (
        f"Estimand: {study.estimand_words}. Differences in percentage points; in brackets: "
        f"{study.level_words}. Adjusted numbers are doubly robust: a model of walking per arm, "
        "corrected by weighted residuals. Holm: p value adjusted for the number of arms that are "
        "compared. The odds ratio is that of one logistic regression on arms and covariates, with "
        "Firth's penalty where they divide the outcomes.",
        "E-value: risk ratio that something unmeasured would need with both treatment and walking "
        "to explain the adjusted risk ratio away; in brackets, to move its interval to 1.",
        study.arms_note,
        study.suppression_note,
    )
    return tuple(note for note in notes if note)


def methods(settings):
    """A paragraph, or none where the settings of the step are not known.

    Parameters
    ----------
    settings : dict
        ambulatory, weight.
    """
    chosen, weighting = (settings.get(name) or {} for name in ("ambulatory", "weight"))
    if "covariates" not in chosen or "covariates" not in weighting:
        return []
    of_walking, of_arms = (
        display.listing(codebook.label(name) for name in part["covariates"]) or "no covariate"
        for part in (chosen, weighting)
    )
    return [
        "Walking was also compared with adjustment at baseline by an augmented (doubly robust) "
        f"estimator: one logistic model of walking per arm on {of_walking}, standardised to "
        f"{POPULATION[weighting['estimand']]} and corrected by the residuals, weighted by the "
        f"propensity of the arm given {of_arms}. {_right(weighting['estimand'])} Intervals are "
        "those of the influence function and take the models as known. Where the outcomes of an "
        "arm were divided by a covariate, Firth's penalised likelihood took the place of maximum "
        "likelihood. An adjusted comparison was withheld where a diagnostic failed that was fixed "
        "beforehand: those of the weights; fewer than "
        f"{chosen['events_per_parameter_min']:g} cases with the rarer outcome per parameter; a "
        f"smallest detectable difference above {100 * chosen['detectable_difference_max']:g} "
        "percentage points; walking unknown in more than "
        f"{100 * weighting['missing_share_max']:g} % of an arm. P values of several arms against "
        "one reference are also given adjusted by Holm's method, risk ratios with E-values."
    ]


def _right(estimand):
    """Which of the two models has to hold."""
    if estimand == "overlap":
        return (
            "It is right if either model is, but for whom it is about, which overlap weights take "
            "from the model of the arms."
        )
    return "It is right if either model is."
