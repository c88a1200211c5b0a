"""Tables of the cohort beside published results."""

from mescc_analytics.present import display, literature
from mescc_analytics.present.tables import Table

HEAD = ("Topic", "Result", "Published by", "Published", "Here", "n/N here", "Compared", "Remark")


def benchmark(comparison, study):
    """Every published result for which the cohort has a figure, by topic, those compared first.

    Parameters
    ----------
    comparison : DataFrame
        comparison.csv, suppressed.
    study : Study

    Returns
    -------
    Table
    """
    found = comparison[comparison["analysis"].notna()]
    order = {name: rank for rank, name in enumerate(literature.topics())}
    ordered = found.assign(rank=found["topic"].map(order), last=found["comparable"] != "yes")
    ordered = ordered.sort_values(["rank", "last"], kind="stable")
    rows = tuple(_row(row) for row in ordered.to_dict("records"))
    ratios = ordered["measure"].astype("string").str.contains("ratio").any()
    notes = (
        "Published and here: percent or, where the result is a time, days; in brackets the "
        "interval (published: 95 %, printed or Wilson's of printed counts)."
        + (" Ratios are of walking." if ratios else ""),
        "Difference: here less published, in percentage points, with Newcombe's 95 % CI; only "
        "where both measure the same and the published counts were printed.",
        study.suppression_note,
    )
    title = f"Published results and cohort {study.name}"
    return Table("benchmark", title, HEAD, rows, tuple(note for note in notes if note))


def _row(row):
    return (
        literature.topics()[row["topic"]],
        _result(row),
        literature.source_words(row),
        literature.published_words(row),
        literature.own_words(row),
        _counts(row),
        "yes" if row["comparable"] == "yes" else "no",
        _remark(row),
    )


def _result(row):
    words = literature.outcome_words(row)
    if str(row["measure"]).endswith("_days"):
        return f"{words} (days)"
    kind = str(row["measure"]).replace("_", " ")
    return f"{words} ({kind})" if "ratio" in kind.split() or "odds" in kind else f"{words} (%)"


def _counts(row):
    if display.is_missing(row["denominator"]):
        return ""
    total = display.number(row["denominator"])
    if display.is_missing(row["numerator"]):
        return total
    return f"{display.number(row['numerator'])}/{total}"


def _remark(row):
    if row["comparable"] != "yes":
        return _sentence(row["why_not"])
    if display.is_missing(row["difference"]):
        note = "" if display.is_missing(row["difference_note"]) else str(row["difference_note"])
        return _sentence(note) or "Difference withheld"
    lower, upper = (_points(row[name]) for name in ("difference_lower", "difference_upper"))
    return f"Difference {_points(row['difference'])} points ({lower} to {upper})"


def _points(value):
    text = display.number(100 * value, 0)
    return text if text.startswith("−") or text == "0" else f"+{text}"


def _sentence(text):
    return str(text)[:1].upper() + str(text)[1:]


def absent(comparison, study):
    """Published results without a figure of the cohort: how many of each outcome, and why."""
    rows = comparison[comparison["analysis"].isna()].copy()
    rows["why"] = rows["why_not"].str.split("; ").str[0]
    rows["what"] = [
        literature.outcome_words(row | {"published_timepoint": None, "measure": ""})
        for row in rows.to_dict("records")
    ]
    counts = rows.groupby(["topic", "what", "why"], sort=False).size()
    order = {name: rank for rank, name in enumerate(literature.topics())}
    ordered = sorted(counts.items(), key=lambda item: order[item[0][0]])
    body = tuple((what, display.number(n), _sentence(why)) for (_, what, why), n in ordered)
    title = f"Published results for which cohort {study.name} has no figure"
    return Table("benchmark_absent", title, ("Result", "Published results", "Why"), body, ())
