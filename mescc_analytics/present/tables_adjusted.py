"""Tables of the weighted comparison of arms: diagnostics, what is left out, estimates, balance."""

import math

from mescc_analytics.present import cells, display, needs
from mescc_analytics.present.captions_adjusted import ANALYSES, SMD, contrast_label
from mescc_analytics.present.tables import Table

PASS, FAIL = "✓ passed", "✗ failed"
SPREAD = (
    "Variance ratio: variance of a number in the arm over that in the reference after weighting; "
    "in brackets how far it, or the reference over the arm, may go."
)
ORDER = (
    *("balance", "variance_ratio", "overlap", "effective_size", "events_per_parameter"),
    *("detectable_effect", "missingness", "proportional_hazards"),
)
HEADS = {
    "balance": "Balance",
    "variance_ratio": "Variance ratio",
    "overlap": "Overlap",
    "effective_size": "Effective cases",
    "events_per_parameter": "Cases per parameter",
    "detectable_effect": "Detectable ratio",
    "missingness": "Missing",
    "proportional_hazards": "Proportional hazards",
}
AT_LEAST = ("overlap", "effective_size", "events_per_parameter", "proportional_hazards")
SHOWN, WITHHELD = "shown", "withheld"


def _groups(rows):
    return rows.groupby(["analysis", "contrast"], sort=False)


def _by_analysis(rows, width, line):
    """Rows of a table below a heading for each analysis."""
    made = []
    for analysis, part in rows.groupby("analysis", sort=False):
        made.append((ANALYSES[analysis], *[""] * (width - 1)))
        made += [line(own) for _, own in part.groupby("contrast", sort=False)]
    return tuple(made)


def in_model(rows):
    """Which rows of diagnostics.csv are of a contrast in the model: its balance could be judged."""
    judged = rows["diagnostic"].eq("balance")
    return judged.groupby([rows["analysis"], rows["contrast"]]).transform("any").astype(bool)


def diagnostics(rows, study, *, show=False):
    """Diagnostics of every contrast in the model: value, limit and verdict.

    Parameters
    ----------
    rows : DataFrame
        diagnostics.csv, suppressed: value, lower, upper, mark.
    study : Study
    show : bool
        Whether the estimates of a contrast that fails are shown all the same.
    """
    modelled = rows[in_model(rows)]
    head = ("", "Adjusted estimate", *(HEADS[name] for name in ORDER))
    made = _by_analysis(modelled, len(head), lambda own: _diagnostic_row(own, show))
    notes = (
        "In brackets: the limit (≥ at least, ≤ at most), a setting made before any estimate was"
        " seen. Balance: largest standardised difference left after weighting. Variance ratio: "
        "how differently the number most unlike in this respect spreads in the two arms after "
        "weighting, the larger variance over the smaller. Overlap: share of the cases of an arm"
        " whose score lies where the other arm has cases, the smaller of the two arms. "
        "Effective cases: how many unweighted cases would carry as much, in the smaller arm. "
        "Cases per parameter of the model, in the smaller arm. Detectable ratio: the smallest "
        "hazard ratio that so many deaths would show with the set power, whatever was found. "
        "Missing: of the covariate missing most. Proportional hazards: p of the test; failing it "
        "withholds the hazard ratio only.",
        study.suppression_note,
    )
    title = f"Diagnostics of the weighted comparison, before its estimates, cohort {study.name}"
    return Table("weight_diagnostics", title, head, made, tuple(n for n in notes if n))


def _diagnostic_row(own, show):
    found = {row["diagnostic"]: row for row in own.to_dict("records")}
    label = cells.INDENT + contrast_label(own.iloc[0])
    shown = [_verdict(found[name]) if name in found else "not judged" for name in ORDER]
    return (label, _outcome(own, show), *shown)


def _outcome(own, show):
    """What follows from the diagnostics of one contrast."""
    failed = own[own["verdict"] == "fail"]
    if failed.empty:
        return SHOWN
    words = [HEADS[name].lower() for name in failed["diagnostic"]]
    if show:
        return f"{SHOWN} although it failed: {', '.join(words)}"
    if (failed["withholds"] == "hazard_ratio").all():
        return f"{SHOWN}, but for the hazard ratio"
    return f"{WITHHELD}: {', '.join(words)}"


def _verdict(row):
    sign = FAIL if row["verdict"] == "fail" else PASS
    bound = "≥" if row["diagnostic"] in AT_LEAST else "≤"
    return f"{sign}: {_value(row)} ({bound} {_form(row['diagnostic'], row['limit'])})"


def _value(row):
    kind = row["diagnostic"]
    if not display.is_missing(row["lower"]):
        ends = [display.number(100 * row[name]) for name in ("lower", "upper")]
        return f"{ends[0]} to {ends[1]} %"
    if not display.is_missing(row["mark"]):
        return cells.marked(row)
    if display.is_missing(row["value"]):
        return cells.NOT_ESTIMABLE
    said = _form(kind, row["value"])
    # a failed value must not read like the limit that it misses
    close = row["verdict"] == "fail" and said == _form(kind, row["limit"])
    return display.number(row["value"], 4) if close else said


def _form(kind, value):
    """A value without more digits than it carries, cut so that it never seems to reach a limit."""
    if not math.isfinite(value):
        return "none"
    if kind in ("overlap", "missingness"):
        return f"{display.percent_value(value, 1)} %"
    if kind == "effective_size":
        return display.number(math.floor(value))
    if kind == "events_per_parameter":
        return display.number(math.floor(10 * value) / 10, 0 if value == int(value) else 1)
    if kind == "proportional_hazards":
        return display.p_value(value)
    return display.number(value, 2)


def withheld(rows, study, *, show=False):
    """Contrasts without an adjusted estimate: what each fails, and what it would take.

    Arguments as of `diagnostics`.
    """
    gone = rows[rows["verdict"].eq("fail") & ~(show & in_model(rows))]
    made = _by_analysis(gone, 3, _withheld_row)
    notes = (study.suppression_note,) if made and study.suppression_note else ()
    title = f"Contrasts that are withheld, and what they would take, cohort {study.name}"
    return Table("weight_withheld", title, ("", "Why", "What it would take"), made, notes)


def _withheld_row(own):
    records = own.to_dict("records")
    label = cells.INDENT + contrast_label(records[0])
    why, wanted = zip(*map(needs.of, records), strict=True)
    return (label, "; ".join(why), "; ".join(wanted))


def balance(rows, study):
    """Standardised differences before and after weighting."""
    head = ("", "Before weighting", "After weighting", "Limit", "Verdict", "Variance ratio")
    made = []
    for _, own in _groups(rows):
        first = own.iloc[0]
        made.append((f"{ANALYSES[first['analysis']]}: {contrast_label(first)}", *[""] * 5))
        made += [_balance_row(row) for row in own.to_dict("records")]
    title = f"Standardised differences before and after weighting, cohort {study.name}"
    notes = (SMD, SPREAD, study.suppression_note) if made else ()
    return Table("weight_balance", title, head, tuple(made), tuple(n for n in notes if n))


def _balance_row(row):
    note = "" if display.is_missing(row["note"]) else str(row["note"])
    shown = []
    for name in ("smd_before", "smd_after"):
        if not display.is_missing(row[name]):
            shown.append(display.number(row[name], 2))
        elif note.startswith("separated") and name == "smd_after":
            shown.append("separated")
        else:
            hidden = not display.is_missing(row["mark"])
            shown.append(cells.marked(row) if hidden else cells.NOT_ESTIMABLE)
    verdict = FAIL if row["verdict"] == "fail" else PASS
    limit = display.number(row["limit"], 2)
    return (cells.INDENT + str(row["label"]), *shown, limit, verdict, _ratio(row))


def _ratio(row):
    """The ratio of the variances of a number, and its limit."""
    ratio = row["variance_ratio"]
    if display.is_missing(ratio):
        return ""
    limit, ratio = (float(v) for v in (row["variance_ratio_limit"], ratio))
    sign = FAIL if max(ratio, 1 / ratio) > limit else PASS
    return f"{sign}: {display.number(ratio, 2)} (≤ {display.number(limit, 2)})"
