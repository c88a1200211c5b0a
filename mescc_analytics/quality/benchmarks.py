"""Published results beside the cohort's own: compared where they measure the same thing, else
side by side with the reason.

A comparison needs the same outcome, population, arm, walking at entry, definition, time and rule
for deaths. A figure is never put beside the figure of another arm, not even side by side.
"""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.quality.cohort_figures import NUMBERS, SAME
from mescc_analytics.quality.why_not import AFTER_TREATMENT, reasons
from mescc_analytics.stats.intervals import newcombe, wilson

COLUMNS = (
    *(
        "benchmark_id",
        "topic",
        "study",
        "year",
        "source",
        "status",
        "provenance",
        "subgroup",
        *SAME,
    ),
    *("published_definition", "published_timepoint", "published_death_rule"),
    *("published_numerator", "published_denominator"),
    *("published", "published_lower", "published_upper", "published_interval"),
    *("analysis", "definition", "timepoint_days", "death_rule", "counted"),
    *("numerator", "denominator", "n_unknown", *NUMBERS, "withheld"),
    *("comparable", "why_not", "difference", "difference_lower", "difference_upper"),
    *("difference_note", "in_figure", "note"),
)
PUBLISHED = {
    "definition": "published_definition",
    "timepoint": "published_timepoint",
    "timepoint_days": "published_days",
    "death_rule": "published_death_rule",
    "numerator": "published_numerator",
    "denominator": "published_denominator",
    "estimate": "published",
    "ci_lower": "published_lower",
    "ci_upper": "published_upper",
}
# the ends of a range and an upper limit are of proportions too
AS_PROPORTION = {"range": "proportion", "at_most": "proportion"}
DRAWN = ("proportion", "median_days", "mean_days")
DIFFERENCE = ["difference", "difference_lower", "difference_upper"]


def compare(benchmarks, figures, rules, operated=float("nan")):
    """Each published result beside the nearest figure of the cohort.

    Parameters
    ----------
    benchmarks : DataFrame, shape (n_benchmarks, n_fields)
        As ``codebook.tables.load_csv("benchmarks")`` returns it.
    figures : DataFrame, shape (n_figures, n_columns)
        As `cohort_figures` and `case_figures` return them; `withheld` (optional) is carried along.
    rules : CohortRules
    operated : float
        Share of operated cases among those whose treatment is known; NaN: of none.

    Returns
    -------
    DataFrame, shape (n_benchmarks, n_columns)
        In the order of `benchmarks`. `comparable` is "yes" or "no", `why_not` lists every reason.
        `numerator` to `ci_upper` are the cohort's; `difference` is cohort less published with
        Newcombe's interval, only where comparable and the published counts may be tested.
        Proportions are fractions of 1, times are days, published intervals 95%.
    """
    _check_benchmarks(benchmarks)
    pairs = _nearest(benchmarks, figures.assign(withheld=figures.get("withheld", "")), rules)
    pairs["topic"] = pairs["outcome"].map(_topics()).astype("string")
    pairs["why_not"] = reasons(pairs, figures, rules, operated)
    pairs["comparable"] = pairs["why_not"].eq("").map({True: "yes", False: "no"}).astype("string")
    pairs = pairs.assign(**_published_intervals(pairs)).join(_differences(pairs, rules))
    return _for_figure(pairs, rules)[list(COLUMNS)]


def _for_figure(pairs, rules):
    """Drawn are proportions and days that have a figure: those compared and those asked for."""
    drawable = pairs["analysis"].notna() & pairs["kind"].isin(DRAWN)
    wanted = (pairs["comparable"] == "yes") | pairs["benchmark_id"].isin(rules.show)
    chosen = (drawable & wanted).map({True: "yes", False: "no"})
    return pairs.assign(in_figure=chosen.astype("string"))


def _check_benchmarks(benchmarks):
    """Faults that would pair rows wrongly; the file itself is checked where it is read."""
    twice = benchmarks.loc[benchmarks["benchmark_id"].duplicated(), "benchmark_id"]
    if len(twice):
        raise UsageError("benchmarks", [f"{name} stands twice" for name in twice.unique()])


def _topics():
    outcomes = codebook.load("benchmark_outcomes")["outcomes"]
    return {name: entry["topic"] for name, entry in outcomes.items()}


def _nearest(benchmarks, figures, rules):
    """One row per benchmark with the cohort's figure of the same outcome, arm and entry status:
    the same rule for deaths first, then the same definition, then the nearest day.
    """
    ratio_only = {name: benchmarks[name].fillna("") for name in ("reference", "event_of_ratio")}
    published = benchmarks.rename(columns=PUBLISHED).assign(
        row=np.arange(len(benchmarks)), kind=benchmarks["measure"].replace(AS_PROPORTION)
    )
    found = figures.rename(columns={"measure": "kind"})
    keys = ["kind" if name == "measure" else name for name in SAME]
    pairs = published.assign(**ratio_only).merge(found, on=keys, how="left")
    pairs["gap"] = (_published_day(pairs, rules) - pairs["timepoint_days"]).abs()
    pairs["other_rule"] = pairs["published_death_rule"] != pairs["death_rule"]
    pairs["other_definition"] = pairs["published_definition"] != pairs["definition"]
    order = ["row", "other_rule", "other_definition", "gap", "timepoint_days"]
    return pairs.sort_values(order, kind="stable").drop_duplicates("row").reset_index(drop=True)


def _published_day(pairs, rules):
    stands_for = pd.NA if rules.after_treatment_days is None else rules.after_treatment_days
    after = (pairs["published_timepoint"] == AFTER_TREATMENT).fillna(False).astype(bool)
    return pairs["published_days"].mask(after, stands_for)


def _published_intervals(pairs):
    """The printed interval, else Wilson's of counts that may be tested; and which of them it is."""
    counted = pairs["published_lower"].isna() & (pairs["use_in_tests"] == "yes")
    counts = pairs.loc[counted, ["published_numerator", "published_denominator"]].astype(float)
    _, lower, upper = wilson(*counts.to_numpy().T)
    kind = pd.Series("", index=pairs.index, dtype="string")
    kind = kind.mask(pairs["published_lower"].notna(), "printed").mask(counted, "Wilson")
    return {
        "published_lower": pairs["published_lower"].mask(counted, pd.Series(lower, counts.index)),
        "published_upper": pairs["published_upper"].mask(counted, pd.Series(upper, counts.index)),
        "published_interval": kind.mask(pairs["measure"] == "range", "range"),
    }


def _differences(pairs, rules):
    """Cohort less published; the note says why there is none where the two are comparable."""
    comparable = pairs["comparable"] == "yes"
    shares = pairs["measure"] == "proportion"
    counted = shares & pairs["numerator"].notna() & pairs["published_numerator"].notna()
    allowed = comparable & counted & (pairs["use_in_tests"] == "yes")
    tested = allowed & rules.tests
    names = ["numerator", "denominator", "published_numerator", "published_denominator"]
    counts = pairs.loc[tested, names].astype(float).to_numpy().T
    out = pd.DataFrame(
        dict(zip(DIFFERENCE, newcombe(*counts), strict=True)), pairs.index[tested], dtype="Float64"
    ).reindex(pairs.index)
    reason = pd.Series("no count was published", index=pairs.index, dtype="string")
    reason = reason.mask(shares & pairs["numerator"].isna(), "the figure here is no count")
    reason = reason.mask(~shares, "only rates are tested")
    reason = reason.mask(counted, "the published counts are " + pairs["provenance"])
    reason = reason.mask(allowed, "the settings ask for none")
    note = ("no test: " + reason).where(comparable & ~tested, "")
    return out.assign(difference_note=note.astype("string"))
