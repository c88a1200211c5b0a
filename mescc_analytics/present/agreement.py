"""Agreement of two readings for people: the table, and the words of its figure."""

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.present import cells, display
from mescc_analytics.present.tables import Table

STATISTICS = {
    "weighted_kappa": "{model} weighted kappa",
    "icc": "ICC({model})",
    "bias": "mean difference",
    "lower_limit": "lower limit of agreement",
    "upper_limit": "upper limit of agreement",
}
NOT_DRAWN = "The two readings of the SINS total cannot be drawn: too few cases have both in full."
IN_POINTS = ("bias", "lower_limit", "upper_limit")
ICC_WORDS = {
    "2,1": "absolute agreement of single raters drawn at random",
    "3,1": "consistency of these two raters",
}


def readings(frame, study, level):
    """Agreement per reading: kappa, intraclass correlation, bias and limits of agreement.

    Parameters
    ----------
    frame : DataFrame
        agreement.csv, suppressed, with mark and n_mark.
    study : Study
    level : float
        Of the intervals.
    """
    rows = [_row(record) for record in frame.to_dict("records")]
    head = ("Reading", "Statistic", "Pairs", "Agree", "Estimate (interval)", "Published")
    title = f"Agreement of two readings, cohort {study.name}"
    notes = [
        f"Intervals: {display.level_words(level)}. Pairs: cases with both readings. Levels count "
        "as steps of one each; where the second reader left the location blank, the totals take "
        "it from the spinal levels, as for the first reader.",
        *_icc_note(frame),
        "Published kappas are between many readers of chosen cases, unweighted or of a kind that "
        "the abstract does not state: they stand beside these, and are not a benchmark.",
        study.suppression_note,
    ]
    return Table("agreement", title, head, tuple(rows), tuple(filter(None, notes)) if rows else ())


def _icc_note(frame):
    models = frame.loc[frame["statistic"] == "icc", "model"]
    return [f"ICC({model}): {ICC_WORDS[model]}." for model in models]


def _row(record):
    words = STATISTICS[record["statistic"]].format(model=record["model"])
    in_points = record["statistic"] in IN_POINTS
    graded = record["statistic"] == "weighted_kappa"
    pairs = cells.marked(record, "n_mark")
    if not display.is_missing(record["n_pairs"]):
        pairs = display.number(record["n_pairs"])
    return (
        codebook.label(record["reading"]),
        words[:1].upper() + words[1:] + (", points" if in_points else ""),
        pairs,
        _agree(record) if graded else "",
        _estimate(record, 1 if in_points else 2),
        "" if in_points or display.is_missing(record["published"]) else str(record["published"]),
    )


def _agree(record):
    if display.is_missing(record["share_agree"]):
        return cells.marked(record)
    if display.is_missing(record["n_pairs"]):
        return f"{display.percent_value(float(record['share_agree']), 1)} %"
    return display.n_percent(record["n_agree"], record["n_pairs"])


def _estimate(record, digits):
    if not display.is_missing(record["mark"]):
        return cells.marked(record)
    if display.is_missing(record["estimate"]):
        return str(record["note"])
    ends = (record[name] for name in ("estimate", "ci_lower", "ci_upper"))
    return display.short_interval(*ends, lambda value: display.number(value, digits))


def lines(frame):
    """Bias and limits of agreement with their intervals, for the figure; empty where withheld."""
    rows = frame[frame["statistic"].isin(IN_POINTS)].set_index("statistic")
    if len(rows) < len(IN_POINTS) or rows["estimate"].isna().any():
        return {}
    numbers = rows[["estimate", "ci_lower", "ci_upper"]].astype("Float64")
    return {
        name: tuple(numbers.loc[name].to_numpy(dtype=float, na_value=np.nan)) for name in IN_POINTS
    }


def caption(frame, study, chosen):
    """Caption and text alternative of the Bland-Altman figure.

    Parameters
    ----------
    frame : DataFrame
        As in `readings`.
    study : Study
    chosen : dict
        The agreement section of the config.
    """
    found = lines(frame)
    if not found:
        return "", "Two readings of SINS are not shown."
    pairs = frame.loc[frame["statistic"] == "bias", "n_pairs"].iloc[0]
    bias, low, high = (display.number(found[name][0], 1) for name in IN_POINTS)
    width, level = 2 * chosen["bin_reach_points"] + 1, chosen["confidence_level"]
    who = "cases" if display.is_missing(pairs) else display.plural(pairs, "case")
    least = f"; squares of fewer than {study.threshold} are left out" if study.threshold > 1 else ""
    text = (
        f"Two readings of SINS in {who} of cohort {study.name} in which both settle every item. "
        f"Numbers: pairs within squares of {width} by {width} points{least}. Lines, from all "
        f"pairs: mean difference and the limits that would hold {100 * chosen['coverage']:g} % of "
        f"normal differences, each shaded with its {display.level_words(level)}."
    )
    finding = (
        f"Mean difference of the two readings {bias} points, limits of agreement {low} to {high}."
    )
    return text, finding


def methods(frame, chosen):
    """The methods of the comparison in one paragraph; none where nothing was read twice.

    Parameters
    ----------
    frame : DataFrame
        As in `readings`.
    chosen : dict
        The agreement section of the config.

    Returns
    -------
    list of str
    """
    if frame.empty:
        return []
    return [
        "Two readings of the same cases were compared item by item with Cohen's kappa, "
        f"{chosen['weights']} weights and large-sample intervals, and in the SINS total with the "
        f"intraclass correlation ICC({chosen['icc']}) ({ICC_WORDS[chosen['icc']]}) and with bias "
        "and limits of agreement after Bland and Altman; only cases in which both readings are "
        "complete enter."
    ]
