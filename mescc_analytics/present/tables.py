"""Tables for people: finished frames to titled tables of text, used alike by CSV, Word and the
page.
"""

from dataclasses import dataclass

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, wording


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
    return Table(
        record["name"], record["title"], tuple(record["head"]), rows, tuple(record["notes"])
    )


def as_frame(table):
    """The table as a frame of text, for CSV; where rows have levels under them, item and level
    are two columns.

    >>> rows = (("Sex", ""), (cells.INDENT + "female", "7"))
    >>> as_frame(Table("t", "T", ("", "n"), rows)).values.tolist()
    [['Sex', '', ''], ['Sex', 'female', '7']]
    """
    names = [name or "item" for name in table.head]
    if not any(row[0].startswith(cells.INDENT) for row in table.rows):
        return pd.DataFrame([list(row) for row in table.rows], columns=names, dtype="string")
    rows, item = [], ""
    for first, *values in table.rows:
        level = first.removeprefix(cells.INDENT) if first.startswith(cells.INDENT) else ""
        item = item if level else first
        rows.append([item, level, *values])
    return pd.DataFrame(rows, columns=[names[0], "level", *names[1:]], dtype="string")


def table_one(tidy, differences, study, *, by_arm, pooled=()):
    """Table 1: baseline by arm with standardised differences and missing.

    Parameters
    ----------
    tidy : DataFrame
        variable, level, statistic (n, mean_sd, median_iqr, missing, cases), group, n, total,
        value, value2, value3, mark; `statistic` "cases" holds the size of each group.
    differences : dict of str to str
        Variable to its standardised difference in words.
    study : Study
    by_arm : bool
        False for a table of all cases in one column.
    pooled : sequence of str
        Arms that stand in one column because one of them is too small to be shown.

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
        rows += (
            [[*block[0], differences.get(variable, "")], *([*row, ""] for row in block[1:])]
            if by_arm
            else block
        )
    head += ["Standardised difference"] if by_arm else []
    return Table(
        "table1",
        _title_one(study, by_arm),
        tuple(head),
        tuple(map(tuple, rows)),
        _notes_one(study, by_arm, pooled),
    )


def _title_one(study, by_arm):
    who = "cases in the comparison of arms" if by_arm else "all cases analysed"
    return f"Table 1. Baseline, {who}, cohort {study.name}"


def _notes_one(study, by_arm, pooled):
    notes = [
        "Number of cases and percentage of those with the item recorded, or median (lower to "
        "upper quartile). "
        "The percentage is left out where the number missing is withheld."
    ]
    if by_arm:
        notes.append(
            "Standardised difference: between two arms, or the largest between any two of more; "
            "above 0.10 the arms "
            "differ visibly; separated: two arms have no value in common. It tests nothing."
        )
    if pooled:
        names = display.listing(codebook.label("arm", name) for name in pooled)
        notes.append(
            f"Together in one column, because an arm of fewer than {study.threshold} cases is not "
            f"shown: {names}."
        )
    return tuple(note for note in [*notes, study.suppression_note_with_zero] if note)


def _counted(row, study):
    return display.number(row["n"]) if not display.is_missing(row["n"]) else cells.marked(row)


def _variable_rows(variable, tidy, groups):
    kinds = {name: rows for name, rows in tidy.groupby("statistic", sort=False)}
    title, levels = _title_of(variable), kinds.get("n")
    if "median_iqr" in kinds:
        rows = [[title, *_cells(kinds["median_iqr"], groups, _quartiles)]]
    elif set(levels["level"]) <= {"yes"}:
        rows = [[title, *_cells(levels, groups, cells.share)]]
    else:
        rows = [[title, *([""] * len(groups))]]
        for level, of_level in levels.groupby("level", sort=False):
            name = cells.INDENT + wording.level_label(variable, level)
            rows.append([name, *_cells(of_level, groups, cells.share)])
    if (kinds["missing"]["n"].fillna(1) > 0).any():
        rows.append([f"{cells.INDENT}missing", *_cells(kinds["missing"], groups, cells.share)])
    return rows


def _title_of(variable):
    column = codebook.columns("all").get(variable)
    unit = column.unit if column is not None and column.unit not in ("count", "year") else None
    return codebook.label(variable) + (f", {unit}" if unit else "")


def _cells(rows, groups, form):
    by_group = rows.set_index("group")
    return [form(by_group.loc[group]) if group in by_group.index else "0" for group in groups]


def _quartiles(row):
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row["value"]):
        return "not estimable: none recorded"
    if variable_is_year(row["variable"]):
        return f"{row['value']:.0f} ({row['value2']:.0f} to {row['value3']:.0f})"
    digits = (
        1 if abs(row["value3"] - row["value2"]) < 10 and row["value"] != round(row["value"]) else 0
    )
    middle, lower, upper = (
        display.number(row[name], digits) for name in ("value", "value2", "value3")
    )
    return f"{middle} ({lower} to {upper})"


def variable_is_year(name):
    """Whether a column holds calendar years, which take no thousands separator."""
    column = codebook.columns("all").get(name)
    return column is not None and column.unit == "year"
