"""The audit on paper: the content of the page set by Typst, the same bytes every time."""

import json

from mescc_analytics.present import audit_words as words
from mescc_analytics.present import display
from mescc_analytics.present.reports import environment
from mescc_analytics.present.tables import as_record

TEMPLATE = "audit.typ"
TABLES = "order cycles steroids completeness sums published standards settings".split()


def render(content, listed):
    """The audit as PDF.

    Parameters
    ----------
    content : dict
        As for the page.
    listed : dict of str to (int, list)
        Failing cases by indicator, as `audit_cases.failing`.

    Returns
    -------
    bytes
        No date, no font of this machine and no random identifier is in them.
    """
    import typst

    from mescc_analytics.present.figures.style import font_folder

    source, _, _ = environment().loader.get_source(environment(), TEMPLATE)
    return typst.compile(
        source.encode("utf-8"),
        format="pdf",
        font_paths=[font_folder()],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(paper(content, listed), ensure_ascii=False)},
    )


def paper(content, listed):
    """What the paper says, as plain lists and dicts of text."""
    study, facts = content["study"], content["facts"]
    return {
        "title": study.title or f"Audit, cohort {study.name}",
        "software": f"mescc_analytics {study.version}, code {study.digest}",
        "facts": [
            ("Cases", display.number(facts["n_cases"])),
            ("Sites", facts["sites"]),
            ("Presentation", facts["span"]),
            ("Report date", study.date or "not given"),
        ],
        "lines": [line[:2] for line in content["lines"]],
        "overview": picture(content["overview"]),
        "days": picture(content["intervals"]["picture"]),
        "intervals": as_record(content["intervals"]["table"]),
        "times": [picture(drawn) for drawn in content["times"]],
        "blocks": [_block(block) for block in content["blocks"]],
        "safety": [entry | {"picture": picture(entry["picture"])} for entry in content["safety"]],
        "methods": content["methods"],
        "listed": _listed(listed),
        "cases": [_cases(name, *found) for name, found in listed.items() if found[1]],
    } | {name: as_record(content[name]) for name in TABLES}


def picture(drawn):
    """A drawing as a dict of text; None where there is none."""
    if drawn is None:
        return None
    return {name: getattr(drawn, name) for name in ("title", "caption", "alternative", "svg")}


def _block(block):
    counts = [f"{display.number(count.n)} {count.words}" for count in block.counts]
    return {
        "name": block.name,
        "title": block.title,
        "status": block.status_words,
        "sentence": block.sentence,
        "line": block.line,
        "counts": f"{'; '.join(counts)}." if counts else "",
        "signals": block.signals,
        "picture": picture(block.picture),
        "definition": block.definition[1:],
        "sites": [f"Site {at['site']}: {at['line']} {at['flag']}." for at in block.sites],
    }


def _listed(listed):
    total = sum(n for n, _ in listed.values())
    if not total:
        return "No case failed an indicator."
    return (
        f"{display.plural(total, 'failing verdict')} by indicator. Cases that are open, left out "
        "or met are in audit.html and audit/cases.csv."
    )


def _cases(name, total, rows):
    shown = display.plural(total, "case")
    if len(rows) < total:
        shown = f"The first {display.number(len(rows))} of {shown}; all are in audit/cases.csv"
    title = words.indicator(name)["title"]
    return {"name": name, "title": title, "words": f"{shown}.", "rows": rows}
