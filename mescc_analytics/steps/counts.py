"""Counts over the cohort that the tables need, with small numbers withheld."""

import re

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.stats import describe
from mescc_analytics.steps import site_counts, withhold
from mescc_analytics.steps.overview import supplied_hidden

BASELINE = (
    "age_years sex ecog kps site presentation_year primary_histology radiosensitivity "
    "visceral_metastases brain_metastases "
    "prior_rt_same_level operable predicted_survival_months ambulatory_status ais motor_power_min "
    "sphincter_dysfunction "
    "sosg_grade sins_total sins_category"
).split()
SINS_ITEMS = (
    "sins_location",
    "sins_pain",
    "sins_lesion",
    "sins_alignment",
    "sins_collapse",
    "sins_posterolateral",
)
SEVERITIES = ("fatal", "error", "warning", "note")
DISTRIBUTIONS = ("sins_category", "sosg_grade", *SINS_ITEMS)
MOST_LEVELS_OF_TEXT = 12
MOST_LEVELS_OF_NUMBER = 5
RARE = "rarer ones together"
# What a section of the report rests on, and the column without which it cannot be filled.
FOUNDATIONS = (
    ("instability (SINS)", SINS_ITEMS, "no SINS item was supplied"),
    ("compression (SOSG)", ("sosg_grade",), "the column is absent or blank"),
    ("walking by entry status", ("ambulatory_status",), "the column is absent or blank"),
    ("radiosensitivity", ("primary_histology",), "the column is absent or blank"),
)


def arms_of(cohort):
    """Arm of the cases in the comparison of arms (Categorical, empty arms left out), and which
    cases these are.
    """
    chosen = cohort["in_arms"].fillna(False).astype(bool)
    if "arm" not in cohort:
        return pd.Categorical([]), chosen & False
    arm = cohort.loc[chosen, "arm"]
    if not isinstance(arm.dtype, pd.CategoricalDtype):
        order = [
            *codebook.load("arms")["arms"],
            *sorted(set(arm.dropna()) - set(codebook.load("arms")["arms"])),
        ]
        arm = pd.Categorical(arm, categories=order)
    return pd.Categorical(arm).remove_unused_categories(), chosen


def baseline(cohort, variables, threshold):
    """Table 1 as tidy counts with marks, and the standardised differences in words.

    Parameters
    ----------
    cohort : DataFrame, shape (n_cases, n_columns)
    variables : sequence of str
        Those that the cohort lacks, or that are missing in every case, are left out.
    threshold : int

    Returns
    -------
    tidy : DataFrame
        As `stats.describe.table_one` plus statistic "cases" (size of each group) and `mark`.
    differences : dict of str to str
    by_arm : bool
        Whether there are at least two arms to compare; otherwise all cases analysed stand in one
        column.
    pooled : list of str
        Arms that stand in one column: those with fewer cases than the threshold, and the next
        smallest where all of these would be few.
    """
    arm, chosen, pooled = _arms_large_enough(cohort, threshold)
    by_arm = len(arm.categories) > 1
    pooled = pooled if by_arm else []
    chosen = chosen if by_arm else cohort["in_overall"].fillna(False).astype(bool)
    cases = cohort[chosen]
    group = arm if by_arm else pd.Categorical([None] * len(cases), categories=[])
    columns = {
        name: cases[name] for name in variables if name in cases and says_something(cases[name])
    }
    prepared = {name: _prepared(name, column, threshold) for name, column in columns.items()}
    kinds = {name: kind for name, (_, kind) in prepared.items()}
    columns = {name: column for name, (column, _) in prepared.items()}
    tidy = _marked(describe.table_one(columns, group, kinds), _sizes(group, len(cases)), threshold)
    differences = (
        {name: _difference(columns[name], group, kinds[name]) for name in columns} if by_arm else {}
    )
    return tidy, differences, by_arm, pooled


def _arms_large_enough(cohort, threshold):
    """Arms with the small ones in one column, under their joined labels: a column left out would
    be told by the number compared.
    """
    arm, chosen = arms_of(cohort)
    sizes = arm.value_counts().reindex(arm.categories)
    pooled = [name for name in arm.categories if sizes[name] < threshold]
    if 0 < sizes[pooled].sum() < threshold and len(sizes) > len(pooled):
        pooled.append(sizes.drop(pooled).idxmin())
    if len(pooled) > 1:
        together = " or ".join(codebook.label("arm", name) for name in pooled)
        order = [name for name in arm.categories if name not in pooled]
        arm = pd.Categorical(
            pd.Series(arm).astype("string").replace(dict.fromkeys(pooled, together)),
            [*order, together],
        )
    return arm, chosen, pooled


def says_something(column):
    """Whether any case has a value other than "undetermined" or "unknown"."""
    return bool((column.notna() & ~column.isin(["undetermined", "unknown"])).any())


def _prepared(name, column, threshold):
    declared = codebook.columns("all").get(name)
    kind = declared.type if declared else "text"
    few = (
        declared is not None
        and declared.max is not None
        and declared.max - declared.min < MOST_LEVELS_OF_NUMBER
    )
    if kind in ("integer", "number") and not (kind == "integer" and few):
        return column, "number"
    if kind == "boolean":
        return column, "boolean"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _without_rare(column.cat.remove_unused_categories(), threshold), "category"
    text = column.astype("string")
    common = text.value_counts().sort_index().nlargest(MOST_LEVELS_OF_TEXT).sort_index().index
    return pd.Series(
        pd.Categorical(text.where(text.isin(common) | text.isna(), "other"))
    ), "category"


def _without_rare(column, threshold):
    """A long list of levels with the rare ones as one: each by itself would be withheld."""
    sizes = column.value_counts(sort=False)
    rare = [level for level in column.cat.categories if sizes[level] < threshold]
    if len(column.cat.categories) <= MOST_LEVELS_OF_TEXT or len(rare) < 2:
        return column
    kept = [level for level in column.cat.categories if level not in rare]
    text = column.astype("string").replace(dict.fromkeys(rare, RARE))
    return text.astype(pd.CategoricalDtype([*kept, RARE]))


def _sizes(group, n_cases):
    counts = {"all": n_cases} | {str(name): int((group == name).sum()) for name in group.categories}
    rows = [
        {"variable": "", "level": pd.NA, "statistic": "cases", "group": name, "n": n, "total": n}
        for name, n in counts.items()
    ]
    return pd.DataFrame(rows)


def _difference(column, group, kind):
    found = describe.smd(column.reset_index(drop=True), group, kind)
    if not found.note:
        return f"{found.value:.2f}"
    if found.note.startswith("separated"):
        return "separated"
    words = found.note
    for name in group.categories:
        words = re.sub(rf"\b{re.escape(str(name))}\b", codebook.label("arm", str(name)), words)
    return words


def _marked(tidy, sizes, threshold):
    tidy = tidy[tidy["statistic"] != "mean_sd"]
    blocks = [withhold.counted(sizes, threshold)]
    for _, of_variable in tidy.groupby("variable", sort=False):
        blocks.append(_marked_variable(of_variable.reset_index(drop=True), threshold))
    return pd.concat(blocks, ignore_index=True)


def _marked_variable(tidy, threshold):
    spread = tidy[tidy["statistic"] == "median_iqr"]
    counts = tidy[tidy["statistic"] != "median_iqr"].assign(
        level=lambda rows: rows["level"].fillna("missing")
    )
    rest = counts[counts["level"] == "missing"].copy()
    known = counts[counts["level"] != "missing"].groupby("group", sort=False)["n"].sum()
    rest["n"] = rest["total"] - rest["n"] - rest["group"].map(known).fillna(0).astype(int)
    whole = pd.concat([counts, rest.assign(level="rest")], ignore_index=True)
    counts = withhold.crosstab(whole, "level", "group", threshold)
    counts = withhold.zeros(counts, "level", threshold)
    counts = withhold.largest(counts, whole["n"], threshold)
    hidden_missing = counts.loc[(counts["level"] == "missing") & counts["n"].isna(), "group"]
    counts["total"] = counts["total"].astype("Int64").mask(counts["group"].isin(hidden_missing))
    counts = counts[counts["level"] != "rest"]
    small = withhold.is_small(spread["n"], threshold)
    spread = withhold.hide(
        spread, small, ["n", "value", "value2", "value3"], small, f"<{threshold}"
    )
    return pd.concat([spread, counts], ignore_index=True)


def distribution(cohort, threshold):
    """Levels of SINS, its items and SOSG over all cases analysed: variable, level, n, total,
    mark.
    """
    cases = cohort[cohort["in_overall"].fillna(False).astype(bool)]
    blocks = []
    for name in DISTRIBUTIONS:
        if name not in cases or not says_something(cases[name]):
            continue
        counts = cases[name].value_counts(sort=False, dropna=False)
        levels = ["missing" if pd.isna(level) else str(level) for level in counts.index]
        frame = pd.DataFrame(
            {"variable": name, "level": levels, "n": counts.to_numpy(), "total": len(cases)}
        )
        frame = frame[(frame["level"] != "missing") | (frame["n"] > 0)]
        blocks.append(
            withhold.crosstab(frame.reset_index(drop=True), "level", "variable", threshold)
        )
    empty = pd.DataFrame(columns=["variable", "level", "n", "total", "mark"])
    return pd.concat(blocks, ignore_index=True) if blocks else empty


def missing(cohort, threshold):
    """Missing values per supplied column over all cases: column, n, total, mark."""
    names = [
        name
        for name, column in codebook.columns("cases").items()
        if name in cohort
        and name != "arm"
        and column.identifier != "pseudonym"
        and not name.endswith("_rater2")  # a second reading is of some cases only
    ]
    n_missing = cohort[names].isna().sum().to_numpy()
    frame = pd.DataFrame({"column": names, "n": n_missing, "total": len(cohort)})
    rest = withhold.is_small(frame["total"] - frame["n"], threshold)
    small = withhold.is_small(frame["n"], threshold)
    if supplied_hidden(len(cohort), int(cohort["in_overall"].fillna(False).sum()), threshold):
        frame["total"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    return withhold.hide(frame, small | rest, ["n"], small, f"<{threshold}")


def findings(frame, threshold):
    """Findings by kind: code, severity, table, column, n, mark; severe kinds first."""
    keys = ["severity", "table", "code", "column"]
    counts = (
        frame[keys]
        .astype("string")
        .fillna("")
        .groupby(keys, sort=True)
        .size()
        .reset_index(name="n")
    )
    rank = counts["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)})
    ordered = counts.assign(rank=rank, rarity=-counts["n"]).sort_values(
        ["rank", "rarity", "code", "column"]
    )
    return withhold.counted(ordered.reset_index(drop=True), threshold)


def not_assessable(cohort):
    """What the report cannot fill because its columns were not supplied: analysis, needs,
    reason.
    """
    rows = [
        {"analysis": analysis, "needs": "; ".join(needs), "reason": reason}
        for analysis, needs, reason in FOUNDATIONS
        if not any(name in cohort and cohort[name].notna().any() for name in needs)
    ]
    if not site_counts.known(cohort):
        needs, why = site_counts.NEEDS, "the number of sites is known of no case"
        rows.append({"analysis": "sites of compression", "needs": needs, "reason": why})
    if "pathway" in cohort and not says_something(cohort["pathway"]):
        needs = (
            cohort["pathway_missing"].value_counts().index[:1].tolist()
            if "pathway_missing" in cohort
            else []
        )
        rows.append(
            {
                "analysis": "recommended pathway",
                "needs": "".join(needs),
                "reason": "no case has what a rule needs",
            }
        )
    return pd.DataFrame(rows, columns=["analysis", "needs", "reason"])
