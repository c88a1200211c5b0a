"""The table of weighted estimates beside unweighted ones."""

from mescc_analytics.present import cells, display
from mescc_analytics.present.captions_adjusted import ANALYSES, contrast_label
from mescc_analytics.present.tables import Table
from mescc_analytics.present.tables_adjusted import in_model
from mescc_analytics.present.tables_contrasts import e_value

FAILED = ("withheld", "diagnostics failed")
KEYS = ["analysis", "group", "reference"]
MEASURES = {
    "rmst_difference": "Days lived up to day {day}, difference",
    "survival_difference": "Survival at day {day}, difference, percentage points",
}


def estimates(shown, study):
    """Hazard ratios, days lived and survival of the contrasts that passed.

    Parameters
    ----------
    shown : dict of str to DataFrame
        weighted_hazards, weighted_contrasts, weighted_tests, weight_diagnostics, unweighted
        (hazards.csv) and panel (panel.csv), all suppressed.
    study : Study
    """
    days = shown["weighted_contrasts"]
    # on the landmark itself everybody compared is alive
    late = days["time_days"].astype(float) > study.landmark_days
    pairs = days[days["measure"].isin(list(MEASURES)) & late][["measure", "time_days"]]
    columns = sorted(
        set(pairs.itertuples(index=False, name=None)),
        key=lambda pair: (list(MEASURES).index(pair[0]), pair[1]),
    )
    named = [MEASURES[name].format(day=display.day_count(float(day))) for name, day in columns]
    head = ("", "Hazard ratio, unweighted", "Hazard ratio, weighted", "E-value", *named)
    head += ("Effective cases, smaller arm",)
    made, last = [], ""
    for key, records in _passed(shown).items():
        if key[0] != last:
            made.append((ANALYSES[key[0]], *[""] * (len(head) - 1)))
        last = key[0]
        made.append(_row(key, records, columns, shown, study))
    title = f"Weighted comparison of arms beside the unweighted one, cohort {study.name}"
    notes = _notes(shown, study) if made else ()
    return Table("weight_estimates", title, head, tuple(made), notes)


def _passed(shown):
    """Contrasts with at least one estimate: key to its records, {(measure, day): record}.

    A contrast out of the model has none; that its arms are small may not make it look withheld
    for that alone.
    """
    found = {}
    judged = shown["weight_diagnostics"]
    left_out = set(judged[~in_model(judged)][KEYS].itertuples(index=False, name=None))
    for row in shown["weighted_hazards"].to_dict("records"):
        found.setdefault(tuple(row[name] for name in KEYS), {})["ratio"] = row
    for row in shown["weighted_contrasts"].to_dict("records"):
        key = tuple(row[name] for name in KEYS)
        found.setdefault(key, {})[(row["measure"], row["time_days"])] = row
    return {
        key: rows
        for key, rows in found.items()
        if key not in left_out and any(map(_is_told, rows.values()))
    }


def _is_told(row):
    value = row.get("hazard_ratio") if "hazard_ratio" in row else row.get("estimate")
    return not display.is_missing(value) or not display.is_missing(row.get("mark"))


def _row(key, records, columns, shown, study):
    label = cells.INDENT + contrast_label(dict(zip(KEYS, key, strict=True)))
    plain = _unweighted(key, shown, study)
    return (
        label,
        _ratio(plain) if plain is not None else "not estimated",
        _ratio(records.get("ratio")),
        e_value(records.get("ratio", {})),
        *(_difference(records.get(column)) for column in columns),
        _effective(key, shown["weight_diagnostics"]),
    )


def _unweighted(key, shown, study):
    """The ratio of the same contrast from the same landmark, without weights, or None."""
    analysis, group, reference = key
    frame = shown["unweighted"]
    plain = analysis.removesuffix("_weighted")
    rows = frame[(frame["analysis"] == plain) & (frame["group"] == group)]
    rows = rows[rows["reference"] == reference]
    if rows.empty and plain == "by_broad_arm":
        panel = shown["panel"]
        same = panel["group"].eq(group) & panel["reference"].eq(reference)
        start = f"landmark_{study.landmark_days:g}" if study.landmark_days else "naive"
        same &= panel["method"].eq(start)
        rows = panel[same & panel["adjusted_for"].fillna("").eq("")]
    return rows.to_dict("records")[0] if len(rows) else None


def _ratio(row):
    if row is None:
        return cells.NOT_ESTIMABLE
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row["hazard_ratio"]):
        return _why(row)
    value = display.short_interval(
        row["hazard_ratio"], row["ci_lower"], row["ci_upper"], display.ratio
    )
    return value if display.is_missing(row.get("p")) else f"{value}; {display.p_sentence(row['p'])}"


def _why(row):
    """Why a number is missing. The note of a failed diagnostic holds exact numbers: not shown."""
    note = row.get("note")
    if display.is_missing(note) or not note:
        return cells.NOT_ESTIMABLE
    if str(note).startswith(FAILED):
        return f"{FAILED[0]}: see the diagnostics"
    return cells.reason(row, "", cells.NOT_ESTIMABLE)


def _difference(row):
    if row is None:
        return cells.NOT_ESTIMABLE
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row["estimate"]):
        return _why(row)
    factor = 100 if row["measure"] == "survival_difference" else 1
    ends = [_times(row[name], factor) for name in ("estimate", "ci_lower", "ci_upper")]
    return display.short_interval(*ends, display.number)


def _times(value, factor):
    return value if display.is_missing(value) else factor * float(value)


def _effective(key, rows):
    same = rows["diagnostic"].eq("effective_size")
    for name, value in zip(KEYS, key, strict=True):
        same &= rows[name] == value
    for row in rows[same].to_dict("records"):
        return cells.marked(row) if display.is_missing(row["value"]) else f"{int(row['value'])}"
    return cells.NOT_ESTIMABLE


def _notes(shown, study):
    tests = shown["weighted_tests"]
    parts = [
        f"{ANALYSES[row['analysis']].lower()} {display.p_sentence(row['p'])}"
        for row in tests[tests["test"] == "log_rank"].dropna(subset=["p"]).to_dict("records")
    ]
    notes = (
        f"In brackets: {study.level_words}. Ratios below 1 and differences above 0: fewer deaths, "
        "or longer survival, than in the reference. Weighted ratios compare marginally, among "
        "those about whom the weights speak; they are not ratios for a given patient. Both columns "
        "of ratios count from the same day.",
        f"Weighted log-rank test: {'; '.join(parts)}." if parts else "",
        "Adjusted for recorded covariates only; patients were chosen for their treatment. E-value "
        "of the weighted ratio, in brackets of its limit: how strongly something unrecorded would "
        "have to be related to both treatment and death to account for it (1: nothing needed).",
        study.suppression_note,
    )
    return tuple(note for note in notes if note)
