"""Tool `trace`: how one case came to its pathway."""

from difflib import SequenceMatcher

from mescc_analytics.clinical.pathway_rules import algorithms
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.trace import trace_case, trace_cases
from mescc_analytics.errors import UsageError
from mescc_analytics.present.trace_text import render
from mescc_analytics.steps.decisions import is_scored, load_cases
from mescc_analytics.tables import files
from mescc_analytics.tables.spelling import did_you_mean


def trace(inputs, out, settings):
    """Print every question to one case in order, the value found, the answer, and the rules.

    Parameters
    ----------
    inputs : dict
        cases (Path) and optionally mapping (Path); case (str), the case_id; optionally algorithm
        (str) in place of the configured one.
    out : Path or None
        CSV file for the questions.
    settings : dict
        The completed config.
    """
    choices = settings["assign"] | {"algorithm": _algorithm(inputs, settings)}
    case = _pick(load_cases(inputs), inputs["case"], inputs["cases"])
    if not is_scored(case):
        case = score_cases(case, settings["score"])
    print(render(trace_case(case, choices)), end="")
    if out:
        files.write_csv(trace_cases(case, choices), out)


def _algorithm(inputs, settings):
    name = inputs.get("algorithm") or settings["assign"]["algorithm"]
    if name not in algorithms():
        wanted = f"wanted one of {', '.join(algorithms())}"
        near = did_you_mean(name, algorithms())
        raise UsageError("--algorithm", [f"found '{name}', {wanted}{near}"])
    return name


def _pick(cases, wanted, path):
    """The rows of one case, as a table of its own."""
    ids = cases["case_id"].astype("string")
    found = cases[(ids == wanted.strip()).fillna(False).to_numpy(dtype=bool)]
    if found.empty:
        near = nearest_id(wanted, ids.dropna())
        hint = f" (the nearest case_id is '{near}')" if near else ""
        raise UsageError("--case", [f"'{wanted}' is not in '{path}'{hint}"])
    return found.iloc[:1].reset_index(drop=True)


def nearest_id(wanted, ids):
    """The case_id most like the one wanted, of equally near ones the first; None without any.

    Parameters
    ----------
    wanted : str
    ids : iterable of str

    Examples
    --------
    >>> nearest_id("MESCC-0O42", ["MESCC-0041", "MESCC-0042"])
    'MESCC-0042'
    """
    best, nearest, compared = -1.0, None, SequenceMatcher(autojunk=False)
    compared.set_seq2(wanted.strip().casefold())
    for name in ids:
        compared.set_seq1(name.casefold())
        # the quick ratios are upper bounds, and a million cases are compared in seconds
        if compared.real_quick_ratio() > best and compared.quick_ratio() > best:
            ratio = compared.ratio()
            if ratio > best:
                best, nearest = ratio, name
    return nearest
