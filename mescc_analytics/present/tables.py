"""Tables for people: finished frames to titled tables of text, used alike by CSV, Word and the page."""

from dataclasses import dataclass

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.present import display, wording

INDENT = "\u2003"
MOST_REASONS = 10


@dataclass(frozen=True)
class Table:
    """One table as a reader sees it.

    Attributes
    ----------
    name : str
        File name without ending.
    title : str
    head : tuple of str
    rows : tuple of tuple of str
        The first cell of a row is its header; a leading em space marks a level under the row above.
    notes : tuple of str
    """

    name: str
    title: str
    head: tuple
    rows: tuple
    notes: tuple = ()


def as_record(table):
    """The table as plain lists and dicts, for JSON."""
    return {
        "name": table.name,
        "title": table.title,
        "head": list(table.head),
        "rows": [list(row) for row in table.rows],
        "notes": list(table.notes),
    }


def from_record(record):
    """The table that `as_record` wrote."""
    rows = tuple(tuple(row) for row in record["rows"])
    return Table(record["name"], record["title"], tuple(record["head"]), rows, tuple(record["notes"]))


def as_frame(table):
    """The table as a frame of text, for CSV; where rows have levels under them, item and level are two columns.

    >>> as_frame(Table("t", "T", ("", "n"), (("Sex", ""), (INDENT + "female", "7")))).values.tolist()
    [['Sex', '', ''], ['Sex', 'female', '7']]
    """
    names = [name or "item" for name in table.head]
    if not any(row[0].startswith(INDENT) for row in table.rows):
        return pd.DataFrame([list(row) for row in table.rows], columns=names, dtype="string")
    rows, item = [], ""
    for first, *cells in table.rows:
        level = first.removeprefix(INDENT) if first.startswith(INDENT) else ""
        item = item if level else first
        rows.append([item, level, *cells])
    return pd.DataFrame(rows, columns=[names[0], "level", *names[1:]], dtype="string")


def table_one(tidy, differences, study, *, by_arm, left_out=()):
    """Table 1: baseline by arm with standardised differences and missing.

    Parameters
    ----------
    tidy : DataFrame
        variable, level, statistic (n, mean_sd, median_iqr, missing, cases), group, n, total, value, value2, value3,
        mark; `statistic` "cases" holds the size of each group.
    differences : dict of str to str
        Variable to its standardised difference in words.
    study : Study
    by_arm : bool
        False for a table of all cases in one column.
    left_out : sequence of str
        Arms that are too small to be shown.

    Returns
    -------
    Table
    """
    groups = list(dict.fromkeys(tidy["group"]))
    sizes = tidy[tidy["statistic"] == "cases"].set_index("group")
    names = {group: "All" if group == "all" else codebook.label("arm", group) for group in groups}
    head = ["", *(f"{names[group]} (n {_counted(sizes.loc[group], study)})" for group in groups)]
    rows = []
    for variable, of_variable in tidy[tidy["statistic"] != "cases"].groupby("variable", sort=False):
        block = _variable_rows(variable, of_variable, groups)
        rows += [[*block[0], differences.get(variable, "")], *([*row, ""] for row in block[1:])] if by_arm else block
    head += ["Standardised difference"] if by_arm else []
    return Table("table1", _title_one(study, by_arm), tuple(head), tuple(map(tuple, rows)), _notes_one(study, by_arm, left_out))


def _title_one(study, by_arm):
    who = "cases in the comparison of arms" if by_arm else "all cases analysed"
    return f"Table 1. Baseline, {who}, cohort {study.name}"


def _notes_one(study, by_arm, left_out):
    notes = [
        "Number of cases and percentage of those with the item recorded, or median (lower to upper quartile). "
        "The percentage is left out where the number missing is withheld."
    ]
    if by_arm:
        notes.append(
            "Standardised difference: between two arms, or the largest between any two of more; above 0.10 the arms "
            "differ visibly. It describes the arms and tests nothing."
        )
    if left_out:
        names = display.listing(codebook.label("arm", name) for name in left_out)
        notes.append(f"Left out, also from the column of all cases, because fewer than {study.threshold} cases: {names}.")
    return tuple(note for note in [*notes, study.suppression_note] if note)


def _counted(row, study):
    return display.number(row["n"]) if not display.is_missing(row["n"]) else marked(row)


def marked(row, name="mark"):
    """The text that stands for a withheld number."""
    mark = row.get(name)
    return display.HIDDEN if display.is_missing(mark) else str(mark)


def _variable_rows(variable, tidy, groups):
    column = codebook.columns("all").get(variable)
    unit = f", {column.unit}" if column is not None and column.unit and column.unit not in ("count", "year") else ""
    title = f"{codebook.label(variable)}{unit}"
    missing = tidy[tidy["statistic"] == "missing"]
    spread = tidy[tidy["statistic"] == "median_iqr"]
    levels = tidy[tidy["statistic"] == "n"]
    if len(spread):
        rows = [[title, *_cells(spread, groups, _quartiles)]]
    elif set(levels["level"]) <= {"yes"}:
        rows = [[title, *_cells(levels, groups, _share)]]
    else:
        rows = [[title, *([""] * len(groups))]]
        for level, of_level in levels.groupby("level", sort=False):
            rows.append([INDENT + wording.level_label(variable, level), *_cells(of_level, groups, _share)])
    if (missing["n"].fillna(1) > 0).any():
        rows.append([INDENT + "missing", *_cells(missing, groups, _share)])
    return rows


def _cells(rows, groups, form):
    by_group = rows.set_index("group")
    return [form(by_group.loc[group]) if group in by_group.index else "0" for group in groups]


def _share(row):
    return marked(row) if display.is_missing(row["n"]) else display.n_percent(row["n"], row["total"])


def _quartiles(row):
    if not display.is_missing(row.get("mark")):
        return marked(row)
    if display.is_missing(row["value"]):
        return "not estimable: none recorded"
    if variable_is_year(row["variable"]):
        return f"{row['value']:.0f} ({row['value2']:.0f} to {row['value3']:.0f})"
    digits = 1 if abs(row["value3"] - row["value2"]) < 10 and row["value"] != round(row["value"]) else 0
    middle, lower, upper = (display.number(row[name], digits) for name in ("value", "value2", "value3"))
    return f"{middle} ({lower} to {upper})"


def variable_is_year(name):
    """Whether a column holds calendar years, which take no thousands separator."""
    column = codebook.columns("all").get(name)
    return column is not None and column.unit == "year"


def distribution(tidy, study):
    """Instability and compression: each item with its levels, undetermined and missing shown as such.

    Parameters
    ----------
    tidy : DataFrame
        variable, level, n, total, mark; the level "missing" last.
    study : Study
    """
    rows = []
    for variable, of_variable in tidy.groupby("variable", sort=False):
        rows.append((codebook.label(variable), ""))
        for record in of_variable.to_dict("records"):
            rows.append((INDENT + wording.level_label(variable, record["level"]), _share(record)))
    notes = ["Percentages of all cases analysed, missing included.", study.suppression_note]
    title = f"Instability (SINS) and compression (SOSG), cohort {study.name}"
    return Table("instability", title, ("", "Cases"), tuple(rows), tuple(note for note in notes if note))


def pathway(cells, study):
    """Recommended pathway by arm given: counts."""
    arms = list(dict.fromkeys(cells["arm"]))
    rows = []
    for name, of_pathway in cells.groupby("pathway", sort=False):
        by_arm = {record["arm"]: record for record in of_pathway.to_dict("records")}
        rows.append((codebook.label("pathway", name), *(_count_cell(by_arm[arm]) for arm in arms)))
    head = ("Recommended", *(codebook.label("arm", arm) for arm in arms))
    title = f"Recommended pathway (rows) by treatment given (columns), cohort {study.name}"
    return Table("pathway", title, head, tuple(rows), tuple(filter(None, [study.suppression_note])))


def _count_cell(record):
    return marked(record) if display.is_missing(record["n"]) else display.number(record["n"])


def discordance(reasons, study):
    """The commonest ways in which treatment and recommendation differ."""
    listed = reasons[reasons["n"].notna()].head(MOST_REASONS)
    rows = tuple((record["text"], _rule_words(record["rule"]), _count_cell(record)) for record in listed.to_dict("records"))
    title = f"Commonest reasons of discordance, cohort {study.name}"
    left = len(reasons) - len(listed)
    notes = (f"{left} rarer kinds of discordance are not listed.",) if left else ()
    return Table("discordance", title, ("Recommended and given", "Why it was recommended", "Cases"), rows, notes)


def _rule_words(rule):
    """The conditions of a rule of the pathway, in the codebook's words."""
    pathway = codebook.load("pathway")
    rules = {entry["id"]: entry for algorithm in pathway["algorithms"].values() for entry in algorithm["rules"]}
    if display.is_missing(rule) or rule not in rules:
        return ""
    facts = {name: fact["text"] for name, fact in pathway["facts"].items()}
    words = [f"not so: {facts[name.removeprefix('not ')]}" if name.startswith("not ") else facts[name] for name in rules[rule]["when"]]
    return "; ".join(words)


def policies(frame, study):
    """Pathway counts under each reading of the algorithm; the one in use is marked."""
    pathways = list(dict.fromkeys(frame["pathway"]))
    rows = []
    for _, of_policy in frame.groupby("policy", sort=False):
        first = of_policy.iloc[0]
        by_pathway = {record["pathway"]: record for record in of_policy.to_dict("records")}
        names = [str(first[name]).replace("_", " ") for name in ("algorithm", "sins_policy", "sosg_1c_policy")]
        used = " (in use)" if str(first["is_default"]).lower() == "true" else ""
        rows.append((names[0] + used, *names[1:], *(_count_cell(by_pathway[name]) for name in pathways)))
    head = ("Algorithm", "Indeterminate SINS", "SOSG 1c", *(codebook.label("pathway", name) for name in pathways))
    title = f"Recommended pathways under each policy, cohort {study.name}"
    return Table("policies", title, head, tuple(rows), tuple(filter(None, [study.suppression_note])))
