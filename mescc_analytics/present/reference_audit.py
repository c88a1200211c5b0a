"""Page of the documentation on the audit: every indicator with its definition and worked cases."""

from mescc_analytics import codebook, settings
from mescc_analytics.present import audit_methods
from mescc_analytics.present import audit_words as words

GENERATED = (
    "Generated from `mescc_analytics/codebook/audit/indicators.yaml` and `examples.yaml`: change "
    "them, then `make docs`.\n"
)
CASES = (
    "Cases and the verdict that each must get; the tests judge them. Days count from presentation, "
    "a fraction is clock time (0.5 is 12 hours), a blank is not recorded.\n"
)
VERDICTS = (
    "| verdict | means |",
    "|---|---|",
    "| pass, fail | met or not; of a harm, `pass` is that it happened |",
    "| indeterminate | only dates are known, and they leave it open |",
    "| unknown | something that decides is not recorded |",
    "| error | an interval below zero |",
    "| excluded | left out, for the reason named |",
    "| outside | not asked for, or the standard was not in force |",
    "",
)


def audit_page():
    """Every indicator as Markdown: definition, clock, version, source, worked cases.

    Returns
    -------
    str
    """
    chosen = settings.defaults("audit")
    indicators = codebook.load("audit/indicators")["indicators"]
    parts = ["# Audit indicators\n", GENERATED]
    parts += [f"{text}\n" for text in audit_methods.paragraphs(chosen, "day")]
    parts += [f"{audit_methods.RESOLUTION['hour']}\n"]
    parts += VERDICTS
    parts += [CASES]
    for name in indicators:
        parts += _indicator(name, chosen)
    return "\n".join(parts)


def _indicator(name, chosen):
    rows = [f"- **{term}**: {meaning}" for term, meaning in words.definition(name, chosen)]
    tables = codebook.load("audit/examples")["tables"]
    return [
        f"## {name}: {words.indicator(name)['title']}\n",
        *rows,
        "",
        *(_markdown(tables[name]) if name in tables else []),
    ]


def _markdown(text):
    head, *lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    rule = ["---"] * len(head)
    names = [f"`{name}`" for name in head[:-1]] + [head[-1]]
    return [f"| {' | '.join(row)} |" for row in (names, rule, *lines)] + [""]
