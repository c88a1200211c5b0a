"""Tables of the audit page."""

from mescc_analytics import codebook
from mescc_analytics.present import audit_words as words
from mescc_analytics.present import display
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


def cycles(frame):
    """Both cycles and the difference."""
    rows = []
    for row in frame.to_dict("records"):
        few = min(row["first_denominator"], row["second_denominator"])
        if not few:
            continue
        shares = [
            display.n_of_total(row[f"{w}_numerator"], row[f"{w}_denominator"])
            for w in ("first", "second")
        ]
        points = [
            f"{100 * float(row[name]):+.0f}"
            for name in ("difference", "difference_lower", "difference_upper")
        ]
        change = f"{points[0]} (95 % CI {points[1]} to {points[2]})"
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


def _missing(row):
    return display.percent(int(row["n_missing"]), int(row["n"]))
