"""The audit report: one self-contained page from the tables of the audit step."""

from dataclasses import dataclass

from mescc_analytics.present import audit_words as words
from mescc_analytics.present import display
from mescc_analytics.present.reports import environment

TEMPLATE = "audit.html.j2"
OPEN = ("n_unknown", "n_indeterminate", "n_error")
# Column of the counts, its words, and the verdict of the cases behind it.
REST = (
    ("n_excluded", "left out", "left out"),
    ("n_unknown", "unknown", "unknown"),
    ("n_indeterminate", "open, only dates known", "indeterminate"),
    ("n_error", "data errors", "data error"),
)
FLAGS = {
    "alarm": "beyond the 99.8 % limits",
    "alert": "beyond the 95 % limits",
    "too_few": "too few cases to judge",
    "inside": "within the limits",
}


@dataclass(frozen=True)
class Count:
    """One number of an indicator: its words, and the verdict that its cases have in the list."""

    words: str
    n: int
    verdict: str


@dataclass(frozen=True)
class Block:
    """One indicator on the page.

    Attributes
    ----------
    name, title, status, status_words : str
    sentence : str
        What it measures.
    line : str
        Its result in one sentence.
    definition : list of (str, str)
    counts : list of Count
    signals : list of str
    sites : list of dict
        site, line, flag.
    picture : Picture or None
    """

    name: str
    title: str
    status: str
    status_words: str
    sentence: str
    line: str
    definition: list
    counts: list
    signals: list
    sites: list
    picture: object


def block(row, tables, picture, settings):
    """One indicator's block.

    Parameters
    ----------
    row : dict
        Its row over all sites and periods.
    tables : dict of str to DataFrame
        As written by the audit step.
    picture : Picture or None
    settings : dict
        The audit section.
    """
    name, trend, level = row["indicator_id"], tables["trend"], settings["confidence_level"]
    fired = trend[(trend["indicator_id"] == name) & (trend["site"] == "all")]
    return Block(
        name=name,
        title=words.indicator(name)["title"],
        status=row["status"],
        status_words=words.STATUS[row["status"]],
        sentence=words.indicator(name)["sentence"],
        line=result_line(row, level),
        definition=words.definition(name, settings),
        counts=counts(row),
        signals=[text for text in fired["signal"].dropna() if text],
        sites=_sites(tables, name, level),
        picture=picture,
    )


def result_line(row, level):
    """The result of one indicator in one sentence."""
    if row["status"] == "not_assessable":
        columns = row["needs"].split("; ")
        named = [f"{words.column_label(column)} ({column})" for column in columns]
        return f"It needs {display.listing(named)}."
    passed, n = int(row["numerator"]), int(row["denominator"])
    if not n:
        return "No case could be judged."
    lower, upper = (display.percent_value(row[end], n) for end in ("ci_lower", "ci_upper"))
    worst, best = (display.percent_value(row[end], n) for end in ("worst_case", "best_case"))
    line = f"{display.n_of_total(passed, n)}, {display.level_words(level)} {lower} to {upper}"
    open_ = sum(int(row[c]) for c in OPEN)
    if open_:
        cases = display.plural(open_, "open case")
        line += f"; between {worst} and {best} if the {cases} all failed or all passed"
        if words.harm(row["indicator_id"]):
            line = line.replace("all failed or all passed", "had no harm or all had it")
    return line + "."


def counts(row):
    """Every number of an indicator, each with the verdict under which its cases are listed."""
    if row["status"] == "not_assessable":
        return []
    passed, n = int(row["numerator"]), int(row["denominator"])
    good, bad = ("harm", "no harm") if words.harm(row["indicator_id"]) else ("met", "not met")
    parts = [Count(good, passed, good), Count(bad, n - passed, bad)]
    return parts + [Count(label, int(row[name]), verdict) for name, label, verdict in REST]


def _sites(tables, name, level):
    frame = tables["indicators"]
    rows = frame[
        (frame["indicator_id"] == name) & (frame["period"] == "all") & (frame["site"] != "all")
    ]
    flags = tables["funnel"].query("indicator_id == @name").set_index("site")["flag"]
    return [
        {
            "site": row["site"],
            "line": result_line(row, level),
            "flag": FLAGS.get(flags.get(row["site"]), "not compared").capitalize(),
        }
        for row in rows.to_dict("records")
    ]


def render(content):
    """The page as HTML text; every value is escaped except the drawings, which this package made.

    Parameters
    ----------
    content : dict
        As made by the step `audit_report`.

    Returns
    -------
    str
    """
    return environment().get_template(TEMPLATE).render(**content)
