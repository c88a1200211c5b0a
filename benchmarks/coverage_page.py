"""The table of bias and coverage as it stands in docs/coverage.md."""

from coverage_methods import LOG_HR, RMST, SURVIVAL, WALKING

MARKS = ("<!-- table: start -->", "<!-- table: end -->")
HEADER = (
    *("scenario", "method", "truth", "mean estimate", "bias", "spread", "mean SE"),
    *("coverage (Monte Carlo error)", "cohorts", "not estimable", "withheld"),
    *("coverage of those shown", "assumptions hold"),
)
# measure: title, digits, factor
MEASURES = {
    LOG_HR: ("Log hazard ratio", 3, 1),
    RMST: ("Days lived up to day 365, difference", 1, 1),
    SURVIVAL: ("Alive on day 180, difference in percentage points", 1, 100),
    WALKING: ("Alive and walking on day 90, difference in percentage points", 1, 100),
}


def markdown(table):
    """One table per contrast and measure."""
    lines = []
    for (contrast, measure), part in table.groupby(["contrast", "measure"], sort=False):
        title, digits, factor = MEASURES[measure]
        lines += [f"### {title}: {contrast}", "", _line(HEADER), _line(["---"] * len(HEADER))]
        lines += [_line(_cells(row, digits, factor)) for row in part.to_dict("records")] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _cells(row, digits, factor):
    def number(name, sign=""):
        return f"{factor * row[name]:{sign}.{digits}f}" if row["cohorts"] else ""

    covered = f"{100 * row['coverage']:.1f} % ({100 * row['monte_carlo']:.1f})"
    return [
        *(row["scenario"], row["method"], f"{factor * row['truth']:.{digits}f}"),
        *(number("mean_estimate"), number("bias", "+"), number("spread"), number("mean_error")),
        *(covered if row["cohorts"] else "", str(row["cohorts"])),
        *(f"{100 * row['not_estimable']:.0f} %", _share(row, "withheld", 0)),
        _share(row, "coverage_shown", 1),
        "yes" if row["assumptions_hold"] else "no",
    ]


def _share(row, name, digits):
    """Only what the diagnostics of the weights stand before can be withheld."""
    return f"{100 * row[name]:.{digits}f} %" if row[name] == row[name] else ""


def _line(cells):
    return f"| {' | '.join(cells)} |"


def put_into(page, table):
    """The page with its table renewed between two marks."""
    before, rest = page.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    text = f"{before}{MARKS[0]}\n\n{markdown(table)}\n{MARKS[1]}{after}"
    page.write_text(text, encoding="utf-8")
