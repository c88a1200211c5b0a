"""One case's way to its pathway, as text for people."""

import textwrap

from mescc_analytics import codebook

WIDTH = 100


def render(found):
    """The questions, answers and rules of one case.

    Parameters
    ----------
    found : CaseTrace
        Of clinical.trace.

    Returns
    -------
    str
        Lines of at most 100 characters.
    """
    algorithm = codebook.load("pathway")["algorithms"][found.algorithm]
    asked = [
        line
        for number, (question, answer, value) in enumerate(found.questions, start=1)
        for line in (_wrapped(question, f"{number:>3}. "), _wrapped(f"{answer}: {value}", " " * 5))
    ]
    tried = [
        _wrapped(words, f"  {name:<5}{answer:<9}", " " * 16) for name, words, answer in found.rules
    ]
    parts = [
        f"Case {found.case_id}",
        _wrapped(f"Algorithm: {algorithm['label']} ({found.algorithm})"),
        _wrapped(_outcome(found, algorithm)),
        _wrapped(f"Reason: {found.reason}"),
        _wrapped(_needed(found)),
        "\nQuestions in the order of asking, with the value found",
        *asked,
        "\nRules in the order of trying: does it apply?",
        *tried,
    ]
    return "\n".join(parts) + "\n"


def _wrapped(text, first="", rest=None):
    rest = " " * len(first) if rest is None else rest
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _outcome(found, algorithm):
    words = codebook.label("pathway", found.pathway)
    rule = next((rule for rule in algorithm["rules"] if rule["id"] == found.rule), {})
    status = f" ({rule['status']}: {rule['source']})" if "status" in rule else ""
    applied = any(name == found.rule and answer == "yes" for name, _, answer in found.rules)
    by = "by rule" if applied else "first open rule"
    return f"Recommended: {words}, {by} {found.rule}{status}"


def _needed(found):
    if found.pathway != "undetermined":
        unknown = any(answer == "unknown" for _, answer, _ in found.questions)
        return "Needed: nothing more" + (
            "; what is unknown cannot change the pathway" if unknown else ""
        )
    names = found.missing.split("; ")
    return "Needed: " + "; ".join(f"{name} ({codebook.label(name)})" for name in names)
