"""Tables of the audit page."""

from mescc_analytics import codebook
from mescc_analytics.present import audit_methods, display
from mescc_analytics.present import audit_words as words
from mescc_analytics.present.tables import Table

VERDICTS = {
    "better": "Better",
    "worse": "Worse",
    "no_clear_change": "No clear change",
    "too_few": "Too few cases to judge",
}
MOST_COLUMNS = 40


INTERVAL_HEAD = (
    *("Interval", "Site", "Cases", "Days: median (quartiles)"),
    *("Not known", "Below zero"),
)
BELOW_ZERO = (
    "Below zero: the end lies before the start, for example an MRI before presentation; left out "
    "of the days. The same by period is in audit/intervals.csv."
)


def intervals(frame):
    """Days between the milestones: all sites together, then each."""
    rows = [
        (
            words.INTERVALS[row["interval"]],
            row["site"] if row["site"] != "all" else "all sites",
            display.number(row["n"]),
            _spread(row),
            display.number(row["n_missing"]),
            display.number(row["n_negative"]),
        )
        for row in frame[frame["period"] == "all"].to_dict("records")
    ]
    title = "Days between the milestones"
    return Table("intervals", title, INTERVAL_HEAD, tuple(rows), (BELOW_ZERO,))


def _spread(row):
    if not row["n"]:
        return "not estimable: no case"
    median, lower, upper = (
        display.day_count(row[name])
        for name in ("median_days", "lower_quartile_days", "upper_quartile_days")
    )
    return f"{median} ({lower} to {upper})"


def order(frame):
    """Whether the steps of the pathway came in their order."""
    stamps = codebook.load("audit/indicators")["stamps"]
    rows = [
        (
            f"{stamps[row['first']]}, then {stamps[row['then']]}",
            display.n_of_total(row["n_in_order"], row["n_in_order"] + row["n_reversed"]),
            display.number(row["n_same_day"]),
            display.number(row["n_unknown"]),
        )
        for row in frame.to_dict("records")
        if row["n_in_order"] + row["n_reversed"]
    ]
    head = ("Steps", "In this order", "of these on the same day", "Not known")
    return Table("order", "Order of the steps", head, tuple(rows))


def compared(frame):
    """The indicators that both cycles judged."""
    return frame[(frame["first_denominator"] > 0) & (frame["second_denominator"] > 0)]


def cycles(frame, level):
    """Both cycles and the difference."""
    rows = []
    for row in compared(frame).to_dict("records"):
        shares = [
            display.n_of_total(row[f"{w}_numerator"], row[f"{w}_denominator"])
            for w in ("first", "second")
        ]
        points = [
            f"{100 * float(row[name]):+.0f}"
            for name in ("difference", "difference_lower", "difference_upper")
        ]
        change = f"{points[0]} ({display.level_words(level)} {points[1]} to {points[2]})"
        title = words.indicator(row["indicator_id"])["title"]
        rows.append((f"{title} ({row['indicator_id']})", *shares, change, VERDICTS[row["verdict"]]))
    spans = ("First", "Second")
    if len(frame):
        spans = (frame["first_cycle"].iloc[0], frame["second_cycle"].iloc[0])
    head = ("Indicator", *spans, "Change, percentage points", "Verdict")
    note = (
        "Newcombe interval. Many indicators are compared at once: about one in twenty changes "
        "beyond its interval by chance."
    )
    return Table("cycles", "Two cycles", head, tuple(rows), (note,))


def steroids(frame):
    """Doses in bands by neurology."""
    wide = frame.pivot_table(
        index=["dose", "band"], columns="neurology", values="n", aggfunc="sum", sort=False
    ).fillna(0)
    columns = [name for name in ("yes", "no", "unknown") if name in wide]
    rows = [
        (
            f"{row['dose'].capitalize()} dose: {row['band']}",
            *(display.number(row[c]) for c in columns),
        )
        for row in wide.reset_index().to_dict("records")
    ]
    names = {"yes": "With neurology", "no": "Without", "unknown": "Not known"}
    head = ("Dexamethasone", *(names[c] for c in columns))
    return Table("steroids", "Dose of dexamethasone", head, tuple(rows))


def completeness(frame):
    """Columns with missing values, the emptiest first, by site."""
    whole = frame[(frame["site"] == "all") & (frame["n_missing"] > 0)]
    whole = whole.sort_values("proportion_missing", ascending=False).head(MOST_COLUMNS)
    sites = [site for site in dict.fromkeys(frame["site"]) if site != "all"][:6]
    shares = frame.set_index(["column", "site"])
    rows = [
        (
            row["label"],
            display.n_of_total(row["n_missing"], row["n"]),
            *(_missing(shares.loc[(row["column"], site)]) for site in sites),
            row["indicators"].replace(";", ","),
        )
        for row in whole.to_dict("records")
    ]
    head = ("Column", "Missing", *(f"Site {site}" for site in sites), "Weakens")
    return Table("completeness", "Missing values", head, tuple(rows))


def published(frame, level):
    """Published compliance beside the cohort's."""
    rows = [
        (
            row["label"],
            row["measures"],
            _share(row["numerator"], row["denominator"], row["proportion"]),
            _published_interval(row),
            _here(row),
            f"{row['source']} ({row['status']})",
        )
        for row in frame.to_dict("records")
    ]
    note = (
        "Other services, other years and often other definitions: for orientation, not a target. "
        "An indicator without a counterpart here is left blank."
    )
    interval = display.level_words(level)
    head = ("Audit", "What it measured", "Published", interval, "Here", "Source")
    return Table("published", "Published audits beside this one", head, tuple(rows), (note,))


def _share(numerator, denominator, proportion):
    if display.is_missing(denominator):
        return f"{100 * float(proportion):.0f} %, counts not published"
    return display.n_of_total(int(numerator), int(denominator))


def _published_interval(row):
    if display.is_missing(row["denominator"]):
        return "not estimable without counts"
    ends = (display.percent_value(row[end], row["denominator"]) for end in ("ci_lower", "ci_upper"))
    return " to ".join(ends)


def _here(row):
    if display.is_missing(row["cohort_denominator"]):
        return ""
    counts = display.n_of_total(int(row["cohort_numerator"]), int(row["cohort_denominator"]))
    return f"{counts}, {row['indicator_id']}"


def sums(frame):
    """Totals whose parts do not add up."""
    rows = [
        (row["about"], row["parts"], display.number(row["total"]), _left(int(row["unaccounted"])))
        for row in frame.to_dict("records")
    ]
    head = ("Counts of", "Parts", "Total", "Difference")
    return Table("sums", "Totals whose parts do not add up", head, tuple(rows))


def _left(missing):
    return f"{missing} unaccounted for" if missing > 0 else f"{-missing} counted twice"


def standards():
    """The standards and versions that the indicators apply."""
    head = ("Standard", "Version", "In force for", "Indicators")
    return Table("standards", "Standards and versions", head, tuple(audit_methods.standards()))


def settings(chosen):
    """Every setting of the audit."""
    rows = tuple(audit_methods.settings_rows(chosen))
    return Table("settings", "Settings of the audit", ("Setting", "Value"), rows)


def cut(cases, most):
    """Which lists stop at `most` cases, in one sentence; "" where none does."""
    sizes = cases.groupby(["indicator_id", "verdict"], sort=False).size()
    full = sorted({name for name, _ in sizes[sizes >= most].index})
    if not full:
        return ""
    return (
        f"At most {display.number(most)} cases of one verdict on one indicator are listed "
        f"(audit.list_at_most); this ends the list of {display.listing(full)}."
    )


def _missing(row):
    return display.percent(int(row["n_missing"]), int(row["n"]))
