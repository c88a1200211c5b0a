"""The audit report: one self-contained page from the tables of the audit step."""

import json
from dataclasses import dataclass

from markupsafe import Markup

from mescc_analytics.present import audit_words as words
from mescc_analytics.present import display
from mescc_analytics.present.reports import environment

TEMPLATE = "audit.html.j2"
COUNTS = (
    ("numerator", "Met the indicator"),
    ("denominator", "Judged"),
    ("n_excluded", "Left out"),
    ("n_unknown", "Unknown"),
    ("n_indeterminate", "Open: only dates known"),
    ("n_error", "Data errors"),
)
# What a page of cases holds before the reader asks for more; the whole list is in cases.csv.
CASE_COLUMNS = ("indicator_id", "case_id", "site", "period", "verdict", "values")


@dataclass(frozen=True)
class Block:
    """One indicator on the page.

    Attributes
    ----------
    name, title, status, status_words : str
    line : str
        Its result in one sentence.
    definition, counts : list of (str, str)
    signals : list of str
    sites : list of dict
    picture : Picture or None
    n_listed : int
        Cases in the list.
    """

    name: str
    title: str
    status: str
    status_words: str
    line: str
    definition: list
    counts: list
    signals: list
    sites: list
    picture: object
    n_listed: int


def block(row, tables, picture):
    """One indicator's block.

    Parameters
    ----------
    row : dict
        Its row over all sites and periods.
    tables : dict of str to DataFrame
        As written by the audit step.
    picture : Picture or None
    """
    name = row["indicator_id"]
    trend, cases = (
        frame[frame["indicator_id"] == name] for frame in (tables["trend"], tables["cases"])
    )
    fired = trend[(trend["site"] == "all") & trend["signal"].fillna("").ne("")]
    return Block(
        name=name,
        title=words.indicator(name)["title"],
        status=row["status"],
        status_words=words.STATUS[row["status"]],
        line=result_line(row),
        definition=words.definition(name),
        counts=_counts(row),
        signals=fired["signal"].tolist(),
        sites=_sites(tables, name),
        picture=picture,
        n_listed=len(cases),
    )


def result_line(row):
    """The result of one indicator in one sentence."""
    if row["status"] == "not_assessable":
        return f"Not assessable: needs {row['needs'].replace('; ', ', ')}."
    passed, n = int(row["numerator"]), int(row["denominator"])
    if not n:
        return "No case could be judged."
    lower, upper = (display.percent_value(row[end], n) for end in ("ci_lower", "ci_upper"))
    worst, best = (display.percent_value(row[end], n) for end in ("worst_case", "best_case"))
    line = f"{display.n_of_total(passed, n)}, 95 % CI {lower} to {upper}"
    open_ = sum(int(row[c]) for c in ("n_unknown", "n_indeterminate", "n_error"))
    if open_:
        cases = display.plural(open_, "open case")
        line += f"; between {worst} and {best} if the {cases} all failed or all passed"
    return line + "."


def _counts(row):
    if row["status"] == "not_assessable":
        return []
    return [(label, display.number(int(row[name]))) for name, label in COUNTS]


def _sites(tables, name):
    frame = tables["indicators"]
    rows = frame[
        (frame["indicator_id"] == name) & (frame["period"] == "all") & (frame["site"] != "all")
    ]
    flags = tables["funnel"].query("indicator_id == @name").set_index("site")["flag"]
    said = {
        "alarm": "beyond the 99.8 % limits",
        "alert": "beyond the 95 % limits",
        "too_few": "too few cases to judge",
        "inside": "within the limits",
    }
    return [
        {
            "site": row["site"],
            "line": result_line(row),
            "flag": said.get(flags.get(row["site"]), "not compared"),
        }
        for row in rows.to_dict("records")
    ]


def case_data(cases):
    """The case list as JSON for the page, safe inside a script element."""
    return safe_json(cases[list(CASE_COLUMNS)].fillna("").astype(str).to_numpy().tolist())


def safe_json(content):
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for found, safe in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(found, safe)
    return Markup(text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def render(content):
    """The page as HTML text.

    Parameters
    ----------
    content : dict
        study, facts, lines, overview, intervals, blocks, safety, times, cycles, steroids, order,
        completeness, case_data, titles.

    Returns
    -------
    str
    """
    return environment().get_template(TEMPLATE).render(**content)
