"""Published results beside the cohort's own: compared where they measure the same thing, else
side by side with the reason.

A comparison needs the same outcome, population, arm, walking at entry, definition, time and rule
for deaths. A figure is never put beside the figure of another arm, not even side by side.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.printed import RATIOS
from mescc_analytics.errors import UsageError
from mescc_analytics.quality.cohort_figures import NUMBERS, SAME, cohort_figures
from mescc_analytics.stats.intervals import risk_difference_newcombe, wilson

AFTER_TREATMENT = "after treatment"
COLUMNS = (
    *("benchmark_id", "study", "year", "source", "status", *SAME, "published_timepoint"),
    *("published", "published_lower", "published_upper", "published_interval"),
    *("analysis", "timepoint_days", "death_rule", "numerator", "denominator", *NUMBERS),
    *("comparable", "why_not", "difference", "difference_lower", "difference_upper"),
    *("difference_note", "note"),
)
PUBLISHED_ARMS = {
    "all": "all treatments together",
    "surgery": "surgery of any kind",
    "surgery_rt": "surgery + radiotherapy of any kind",
    "rt": "radiotherapy of any kind",
    "cebrt": "cEBRT, any course",
    "none": "no treatment arm",
}
ENTRY = {
    "all": "",
    "ambulatory": ", walking at entry",
    "non_ambulatory": ", not walking at entry",
}


POPULATIONS = {
    "mescc_subset": "a part chosen by score, grade or histology",
    "spine_metastases": "spinal metastases with or without compression",
}
KINDS = {
    "range": "a range",
    "at_most": "an upper limit",
    "mean_days": "a mean",
    **{name: f"{'an' if name[0] in 'aeiou' else 'a'} {name.replace('_', ' ')}" for name in RATIOS},
}
SETTINGS = {
    "walking": ("with_aids", "unaided"),
    "time_zero": ("mri", "presentation", "treatment_start"),
}


@dataclass(frozen=True)
class CohortRules:
    """How the cohort's figures were made.

    Attributes
    ----------
    walking : {"with_aids", "unaided"}
        Who walks.
    time_zero : {"mri", "presentation", "treatment_start"}
        Where survival starts.
    landmark_days : float
        Day at which the arms are compared; 0: no landmark.
    after_treatment_days : float, optional
        Which of the cohort's days stands for "after treatment", where no day was printed.
    tolerance_days : float
        How far two days may lie apart (a month of 30 days, a quarter of 90 or 12 weeks).
    """

    walking: str
    time_zero: str
    landmark_days: float = 0
    after_treatment_days: float | None = None
    tolerance_days: float = 7

    def __post_init__(self):
        problems = [
            f"{name}: '{getattr(self, name)}' is not one of {', '.join(allowed)}"
            for name, allowed in SETTINGS.items()
            if getattr(self, name) not in allowed
        ]
        if problems:
            raise UsageError("rules of the cohort", problems)


def compare(benchmarks, rates, summary, rules):
    """Each published result beside the nearest figure of the cohort.

    Parameters
    ----------
    benchmarks : DataFrame, shape (n_benchmarks, n_fields)
        As ``codebook.tables.load_csv("benchmarks")`` returns it.
    rates : DataFrame
        Walking, as in ambulatory/rates.csv.
    summary : DataFrame
        Survival, as in survival/summary.csv.
    rules : CohortRules

    Returns
    -------
    DataFrame, shape (n_benchmarks, n_columns)
        In the order of `benchmarks`. `comparable` is "yes" or "no", `why_not` lists every reason.
        `numerator` to `ci_upper` are the cohort's; `difference` is cohort less published with
        Newcombe's interval, only where comparable and the published counts may be tested.
        Proportions are fractions of 1, times are days, intervals 95%.
    """
    _check_benchmarks(benchmarks)
    figures = cohort_figures(rates, summary, rules.landmark_days)
    pairs = _nearest(benchmarks, figures, rules)
    pairs["why_not"] = _joined(_reasons(pairs, figures, rules))
    pairs["comparable"] = pairs["why_not"].eq("").map({True: "yes", False: "no"}).astype("string")
    pairs = pairs.assign(**_published_intervals(pairs)).join(_differences(pairs))
    return pairs[list(COLUMNS)]


def _check_benchmarks(benchmarks):
    """Faults that would pair rows wrongly; the file itself is checked where it is read."""
    twice = benchmarks.loc[benchmarks["benchmark_id"].duplicated(), "benchmark_id"]
    if len(twice):
        raise UsageError("benchmarks", [f"{name} stands twice" for name in twice.unique()])


def _nearest(benchmarks, figures, rules):
    """One row per benchmark with the cohort's figure of the same outcome, arm and entry status:
    the same rule for deaths first, then the nearest day.
    """
    published = benchmarks.rename(
        columns={
            "timepoint": "published_timepoint",
            "timepoint_days": "published_days",
            "death_rule": "published_death_rule",
            "numerator": "published_numerator",
            "denominator": "published_denominator",
            "estimate": "published",
            "ci_lower": "published_lower",
            "ci_upper": "published_upper",
        }
    ).assign(row=np.arange(len(benchmarks)))
    pairs = published.merge(figures, on=SAME, how="left")
    pairs["gap"] = (_published_day(pairs, rules) - pairs["timepoint_days"]).abs()
    pairs["other_rule"] = pairs["published_death_rule"] != pairs["death_rule"]
    order = ["row", "other_rule", "gap", "timepoint_days"]
    return pairs.sort_values(order, kind="stable").drop_duplicates("row").reset_index(drop=True)


def _published_day(pairs, rules):
    stands_for = pd.NA if rules.after_treatment_days is None else rules.after_treatment_days
    after = (pairs["published_timepoint"] == AFTER_TREATMENT).fillna(False).astype(bool)
    return pairs["published_days"].mask(after, stands_for)


def _reasons(pairs, figures, rules):
    """Why a benchmark and its figure do not measure the same: one text per kind, "" if they do."""
    paired = pairs["analysis"].notna()
    return [
        _where(~paired, _no_figure(pairs, figures)),
        _where(
            pairs["population"] != "mescc",
            "population: published " + pairs["population"].map(POPULATIONS),
        ),
        _where(pairs["status"] == "unverified", "the published figure is unverified"),
        *_measured_otherwise(pairs, paired, rules),
        *_cohort_reasons(pairs, figures, paired),
    ]


def _measured_otherwise(pairs, paired, rules):
    """Differences of definition, time and rule for deaths."""
    of_survival = pairs["outcome"].isin(["survival", "death"])
    definition = of_survival.map({True: f"from_{rules.time_zero}", False: rules.walking})
    day = "day " + pairs["timepoint_days"].map("{:g}".format, na_action="ignore").astype("string")
    published_day = pairs["published_timepoint"].fillna("not stated")
    same_day = (pairs["gap"] <= rules.tolerance_days).fillna(False).astype(bool)
    same_day |= pairs["measure"] == "median_days"
    return [
        _where(
            paired & (pairs["definition"] != definition),
            _differ("definition", pairs["definition"], definition),
        ),
        _where(paired & ~same_day, _differ("time", published_day, day)),
        _where(
            paired & pairs["other_rule"],
            _differ("deaths", pairs["published_death_rule"], pairs["death_rule"]),
        ),
    ]


def _cohort_reasons(pairs, figures, paired):
    start = pairs["start_days"].map("{:g}".format, na_action="ignore").astype("string")
    late = (pairs["start_days"] > 0).fillna(False) & (pairs["death_rule"] != "alive_assessed")
    mixed = _mix_of_arms(figures)
    return [
        _where(
            paired & late,
            "the cohort's figure counts only those alive on day " + start + ", its landmark",
        ),
        _where(
            paired & (pairs["arm"] == "all") & (mixed != ""),
            f"published of all comers, the cohort {mixed}",
        ),
        _where(paired & pairs["estimate"].isna(), "the cohort's figure is not estimable"),
    ]


def _mix_of_arms(figures):
    """What keeps the whole cohort from being one of all comers; "" where nothing does."""
    arms = codebook.load("arms")["arms"]
    surgical = {name for name, entry in arms.items() if entry["pathway"] == "surgery_then_rt"}
    found = set(figures.loc[figures["analysis"] == "by_arm", "arm"])
    if not found:
        return "has no arms that would say whom it holds"
    if not found & surgical:
        return "has no surgical arm"
    return "is surgical throughout" if found <= surgical else ""


def _no_figure(pairs, figures):
    """Which part of the cohort's tables is missing."""
    known = pairs["outcome"].isin(figures["outcome"].unique())
    arm = pairs["arm"].map(lambda name: PUBLISHED_ARMS.get(name, codebook.label("arm", name)))
    text = "the cohort has no figure for " + arm + pairs["baseline"].map(ENTRY)
    text = text.where(known, "the cohort's tables hold no " + _words(pairs["outcome"]))
    kind = pairs["measure"].map(KINDS)
    return text.mask(kind.notna(), "published as " + kind + ", not as a rate")


def _differ(what, published, cohort):
    return what + ": published " + _words(published) + ", cohort " + _words(cohort)


def _words(codes):
    words = codes.astype("string").str.replace("_", " ")
    return words.str.replace("kaplan meier", "Kaplan-Meier").str.replace(
        r"\bmri\b", "MRI", regex=True
    )


def _where(condition, text):
    condition = condition.fillna(False).astype(bool)
    text = pd.Series(text, index=condition.index, dtype="string")
    return text.where(condition, "")


def _joined(parts):
    why = parts[0]
    for part in parts[1:]:
        why = why + part.where((why == "") | (part == ""), "; " + part)
    return why


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


def _differences(pairs):
    comparable = pairs["comparable"] == "yes"
    counted = pairs["numerator"].notna() & pairs["published_numerator"].notna()
    tested = comparable & counted & (pairs["use_in_tests"] == "yes")
    counts = ["numerator", "denominator", "published_numerator", "published_denominator"]
    found = [
        risk_difference_newcombe(*map(int, row))
        for row in pairs.loc[tested, counts].itertuples(index=False)
    ]
    columns = {"difference": "estimate", "difference_lower": "lower", "difference_upper": "upper"}
    out = pd.DataFrame(
        {
            name: pd.Series([getattr(e, part) for e in found], pairs.index[tested], "Float64")
            for name, part in columns.items()
        },
    ).reindex(pairs.index)
    reason = pd.Series("no counts of both", index=pairs.index, dtype="string")
    reason = reason.mask(counted, "the published counts are " + pairs["provenance"])
    out["difference_note"] = _where(comparable & ~tested, "not tested: " + reason)
    return out
