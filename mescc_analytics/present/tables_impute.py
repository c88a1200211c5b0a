"""Missing values for people: patterns, and complete cases beside completed data."""

from mescc_analytics import codebook
from mescc_analytics.present import cells, display
from mescc_analytics.present.tables import Table

OTHERS = "All other patterns"
COMPLETE = "Nothing missing"
NOT_DRAWN = "Patterns of missing values are not shown: nothing is missing, or too few cases."
TIMES = ("years", "months", "days", "hours")
COMMON = ("n", "n_missing", "pattern")


def variables(patterns):
    """Columns of the pattern table that are variables."""
    return [name for name in patterns if name not in COMMON]


def pattern_words(record, names):
    """What is missing in a pattern."""
    if display.is_missing(record["pattern"]):
        return OTHERS
    lost = [codebook.label(name) for name in names if record[name]]
    return "; ".join(lost) if lost else COMPLETE


def patterns(frame, study, n_cases):
    """Patterns of missing values: pattern, n and the variables, small patterns merged.

    Parameters
    ----------
    frame : DataFrame
    study : Study
    n_cases : int
    """
    names = variables(frame)
    records = frame.to_dict("records") if names else []
    rows = [(pattern_words(r, names), display.n_percent(r["n"], n_cases)) for r in records]
    notes = (
        "All cases analysed, and the columns of the imputation. A SINS item is missing where "
        "neither it nor what it is derived from settles it.",
        f"Patterns of fewer than {study.threshold} cases, rare ones, and others that would tell a "
        "small number are counted together."
        if study.threshold > 1
        else "Rare patterns are counted together.",
    )
    title = f"Which values are missing together, cohort {study.name}"
    return Table("patterns", title, ("Missing", "Cases"), tuple(rows), notes if rows else ())


def adjusted(frame, study):
    """Hazard ratios of complete cases beside those of completed data, pooled.

    Parameters
    ----------
    frame : DataFrame
        estimates.csv, suppressed, with mark.
    study : Study
    """
    found = {
        name: {r["term"]: r for r in part.to_dict("records")}
        for name, part in frame.groupby("analysis", sort=False)
    }
    complete, imputed = found.get("complete_case", {}), found.get("imputed", {})
    rows, last = [], ""
    for term, record in complete.items():
        if record["level"] and not display.is_missing(record["level"]):
            if record["variable"] != last:
                rows.append((_heading(record), "", "", ""))
            words = cells.INDENT + _level(record["variable"], record["level"])
        else:
            words = f"{codebook.label(record['variable'])}, {_step(record['variable'])}"
        last = record["variable"]
        other = imputed.get(term)
        fmi = _fmi(other) if other else "not imputed"
        rows.append((words, _ratio(record), _ratio(other) if other else "not imputed", fmi))
    head = ("Hazard ratio (interval)", "Complete cases", "Imputed", "Information missing")
    title = (
        f"Survival by arm adjusted for baseline, complete cases beside imputed, cohort {study.name}"
    )
    return Table(
        "adjusted", title, head, tuple(rows), _notes(complete, imputed, study) if rows else ()
    )


def _step(variable):
    """What one more of a number is: "per year", "per g/dL"; a grade or a count has no unit."""
    column = codebook.columns("all").get(variable)
    unit = column.unit if column else None
    if unit is None or unit == "count":
        return "per 1 more"
    return f"per {unit.removesuffix('s')}" if unit in TIMES else f"per {unit}"


def _heading(record):
    variable = record["variable"]
    words = "Treatment arm" if variable == "arm" else codebook.label(variable)
    return f"{words} (against {_level(variable, record['reference'])})"


def _level(variable, level):
    if level in ("yes", "no"):
        return level
    return codebook.label(variable, str(level))


def _ratio(record):
    if not display.is_missing(record["mark"]):
        return cells.marked(record)
    if display.is_missing(record["estimate"]):
        return str(record["note"])
    ends = [record[name] for name in ("estimate", "ci_lower", "ci_upper")]
    return display.short_interval(*ends, display.ratio)


def _fmi(record):
    if display.is_missing(record["fmi"]):
        return cells.marked(record) if not display.is_missing(record["mark"]) else ""
    return _percent(record["fmi"])


def _notes(complete, imputed, study):
    notes = [f"Cox models, {study.level_words}; {_sizes('complete cases', complete)}"]
    if imputed:
        repeats = next(iter(imputed.values()))["n_imputations"]
        notes[0] += f"; {_sizes('imputed', imputed)}, {display.number(repeats)} imputations pooled"
    notes[0] += "."
    return (
        *notes,
        "Information missing: the share of the information on this ratio that is lost with the "
        "missing values, under the imputation model. With few deaths per ratio (fewer than 10) the "
        "ratios are unstable. Adjusted for what was recorded only: the arms may differ in more.",
    )


def _sizes(words, records):
    one = next(iter(records.values()))
    if display.is_missing(one["n"]):
        return f"{words}: number withheld"
    deaths = display.plural(one["events"], "death")
    terms = display.plural(one["n_coefficients"], "ratio")
    return f"{words}: {display.plural(one['n'], 'case')}, {deaths}, {terms}"


def sins(frame, study):
    """Shares of the SINS categories as recorded, and of all cases after imputation."""
    rows = []
    for record in frame.to_dict("records"):
        hidden = not display.is_missing(record["mark"])
        recorded = (
            cells.marked(record) if hidden else display.n_percent(record["n_recorded"], record["n"])
        )
        share, fmi = _share(record), _percent(record["fmi"])
        rows.append((codebook.label("sins_category", record["category"]), recorded, share, fmi))
    head = (
        "SINS category",
        "Settled by the record",
        "All cases, % (interval)",
        "Information missing",
    )
    notes = (
        "All cases: the mean over the imputations; in each, SINS is scored again from the "
        "completed items, and a category that the record settles never changes.",
        study.suppression_note,
    )
    title = f"SINS categories before and after imputation, cohort {study.name}"
    return Table("sins_imputed", title, head, tuple(rows), notes if rows else ())


def _share(record):
    """The share after imputation; without an interval where nothing had to be imputed."""
    if not display.is_missing(record["share_mark"]):
        return str(record["share_mark"])
    ends = (record[name] for name in ("share", "ci_lower", "ci_upper"))
    value, *limits = (None if display.is_missing(end) else 100 * end for end in ends)
    return display.short_interval(value, *limits, display.number)


def _percent(share):
    return "" if display.is_missing(share) else f"{display.number(100 * share)} %"


def caption(frame, study, n_cases):
    """Caption and text alternative of the figure of missing values."""
    names = variables(frame)
    if not names:
        return "", NOT_DRAWN
    whole = [r for r in frame.to_dict("records") if pattern_words(r, names) == COMPLETE]
    complete = display.n_percent(whole[0]["n"], n_cases) if whole else "not shown"
    text = (
        f"Which values are missing together in {display.plural(n_cases, 'case')} of cohort "
        f"{study.name}: each row is a pattern, filled where the value is missing, with its number "
        f"of cases. {patterns(frame, study, n_cases).notes[-1]}"
    )
    return text, f"Patterns of missing values; cases with nothing missing: {complete}."


def methods(run):
    """The methods of the imputation in one paragraph; none where nothing was imputed."""
    if not len(run) or not run["n_imputations"].iloc[0]:
        return []
    number = display.number(run["n_imputations"].iloc[0])
    sampled = run["n_used"].iloc[0] < run["n_analysed"].iloc[0]
    of = f" of {display.number(run['n_used'].iloc[0])} cases drawn at random" if sampled else ""
    return [
        f"Missing baseline values{of} were imputed {number} times by chained equations "
        f"({display.number(run['iterations'].iloc[0])} sweeps): numbers by predictive mean "
        "matching (5 donors), levels by multinomial logistic regression with coefficients drawn "
        "by the weighted likelihood bootstrap, limited to the levels that the record leaves "
        "possible. SINS was imputed by item and scored again. Death, its cumulative hazard "
        "(Nelson-Aalen) and the arm were among the predictors. Estimates were pooled by Rubin's "
        "rules with the degrees of freedom of Barnard and Rubin. Values are taken to be missing "
        "at random given what was recorded, which the data cannot show."
    ]
