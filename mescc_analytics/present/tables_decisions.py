"""Tables of instability, compression and recommended pathways."""

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table

MOST_REASONS = 10


def distribution(tidy, study):
    """Instability and compression: each item with its levels, undetermined and missing shown as
    such.

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
            rows.append(
                (cells.INDENT + wording.level_label(variable, record["level"]), cells.share(record))
            )
    notes = ["Percentages of all cases analysed, missing included.", study.suppression_note]
    title = f"Instability (SINS) and compression (SOSG), cohort {study.name}"
    return Table(
        "instability", title, ("", "Cases"), tuple(rows), tuple(note for note in notes if note)
    )


def pathway(counts, study):
    """Recommended pathway by arm given: counts."""
    arms = list(dict.fromkeys(counts["arm"]))
    rows = []
    for name, of_pathway in counts.groupby("pathway", sort=False):
        by_arm = {record["arm"]: record for record in of_pathway.to_dict("records")}
        rows.append((codebook.label("pathway", name), *(cells.count(by_arm[arm]) for arm in arms)))
    head = ("Recommended", *(codebook.label("arm", arm) for arm in arms))
    title = f"Recommended pathway (rows) by treatment given (columns), cohort {study.name}"
    return Table("pathway", title, head, tuple(rows), tuple(filter(None, [study.suppression_note])))


SHORT_COURSE = {
    "discordant": "A short course counts as different where conventional radiotherapy is "
    "recommended; the review calls it reasonable where prognosis is poor and leaves other cases "
    "open (setting assign.short_given_for_cebrt).",
    "concordant": "A short course counts as agreeing where conventional radiotherapy is "
    "recommended, by the setting assign.short_given_for_cebrt.",
}


def discordance(reasons, study, short_given_for_cebrt="discordant"):
    """The commonest ways in which treatment and recommendation differ.

    Parameters
    ----------
    reasons : DataFrame
        text, rule, n, mark; commonest first.
    study : Study
    short_given_for_cebrt : {"discordant", "concordant"}
        How a short course counted where conventional radiotherapy was recommended.
    """
    listed = reasons[reasons["n"].notna()].head(MOST_REASONS)
    rows = tuple(
        (record["text"], _rule_words(record["rule"]), cells.count(record))
        for record in listed.to_dict("records")
    )
    title = f"Commonest reasons of discordance, cohort {study.name}"
    left = len(reasons) - len(listed)
    notes = (SHORT_COURSE[short_given_for_cebrt or "discordant"],)
    notes += (f"{left} rarer kinds of discordance are not listed.",) if left else ()
    return Table(
        "discordance",
        title,
        ("Recommended and given", "Why it was recommended", "Cases"),
        rows,
        notes,
    )


def _rule_words(rule):
    """The conditions of a rule of the pathway, in the codebook's words."""
    pathway = codebook.load("pathway")
    rules = {
        entry["id"]: entry
        for algorithm in pathway["algorithms"].values()
        for entry in algorithm["rules"]
    }
    if display.is_missing(rule) or rule not in rules:
        return ""
    facts = pathway["facts"]
    words = [
        facts[name.removeprefix("not ")]["text_no"]
        if name.startswith("not ")
        else facts[name]["text"]
        for name in rules[rule]["when"]
    ]
    return "; ".join(words)


def policies(frame, study):
    """Pathway counts under each reading of the algorithm; the one in use is marked."""
    pathways = list(dict.fromkeys(frame["pathway"]))
    rows = []
    for _, of_policy in frame.groupby("policy", sort=False):
        first = of_policy.iloc[0]
        by_pathway = {record["pathway"]: record for record in of_policy.to_dict("records")}
        algorithm = codebook.load("pathway")["algorithms"][first["algorithm"]]["short"]
        policies_ = (first["sins_policy"], first["sosg_1c_policy"])
        names = [algorithm, *(str(name).replace("_", " ") for name in policies_)]
        used = " (in use)" if str(first["is_default"]).lower() == "true" else ""
        rows.append(
            (names[0] + used, *names[1:], *(cells.count(by_pathway[name]) for name in pathways))
        )
    head = (
        "Algorithm",
        "Indeterminate SINS",
        "SOSG 1c",
        *(codebook.label("pathway", name) for name in pathways),
    )
    title = f"Recommended pathways under each policy, cohort {study.name}"
    return Table(
        "policies", title, head, tuple(rows), tuple(filter(None, [study.suppression_note]))
    )
