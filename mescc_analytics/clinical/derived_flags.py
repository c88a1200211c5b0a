"""Flags and classes of a case, as codebook/flags.yaml declares them: yes, no or unknown."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.pathway_rules import Answers
from mescc_analytics.codebook.conditions import evaluate, mentioned

ANSWER = "answer_"
HERE = "here"  # the flags that this module computes; others name the module that does


def flags_of(step):
    """The flags that a step writes, in codebook order: dict of name to entry."""
    flags = codebook.load("flags")["flags"]
    return {name: entry for name, entry in flags.items() if entry["step"] == step}


def classes_of(step):
    """The classes that a step writes: dict of name to entry."""
    classes = codebook.load("flags")["classes"]
    return {name: entry for name, entry in classes.items() if entry["step"] == step}


def add_flags(cases, step, settings):
    """Flags and classes of every case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Any column may be absent: what needs it is unknown.
    step : {"score", "assign", "cohort"}
    settings : dict
        The section of the config of that step.

    Returns
    -------
    DataFrame, shape (n_cases, n_flags)
        One boolean column per flag (missing where unknown or where the flag does not apply), the
        grounds of a flag that has any as text, one category per class.
    """
    frame = _with_terms(cases, step, settings)
    added = {}
    for name, entry in flags_of(step).items():
        if entry.get("computed_by", HERE) != HERE:
            continue
        if "grounds" in entry:
            grounds = {
                ground: evaluate(part["when"], frame, settings)
                for ground, part in entry["grounds"].items()
            }
            added[name] = _any(list(grounds.values()))
            added[f"{name}_grounds"] = join_codes(grounds, cases.index)
        else:
            added[name] = _asked(entry, frame, settings)
        frame[name] = added[name]
    for name, entry in classes_of(step).items():
        added[name] = _class(entry["levels"], frame, settings)
    return pd.DataFrame(added, index=cases.index)


def _with_terms(cases, step, settings):
    """The columns that the step's flags read, the terms and the answers of the pathway added."""
    book = codebook.load("flags")
    wanted = list(_columns_read(step))
    frame = cases[[name for name in dict.fromkeys(wanted) if name in cases]].copy()
    answers = Answers(cases)
    facts = [name.removeprefix(ANSWER) for name in wanted if name.startswith(ANSWER)]
    for name, answer in answers.to(facts, settings).items() if facts else ():
        frame[ANSWER + name] = answer
    for name, condition in book["terms"].items():
        if name in wanted:
            frame[name] = evaluate(condition, frame, settings)
    return frame


def _columns_read(step):
    """Columns, terms and answers that the flags and classes of a step read, with what their terms
    read.
    """
    names = []
    for entry in [*flags_of(step).values(), *classes_of(step).values()]:
        for condition in _conditions(entry):
            names += mentioned(condition)[0]
    terms, seen = codebook.load("flags")["terms"], []
    while names:
        name = names.pop(0)
        seen.append(name)
        names += [n for n in mentioned(terms[name])[0] if n not in seen] if name in terms else []
    return dict.fromkeys(seen)


def _conditions(entry):
    yield from (entry[key] for key in ("when", "among") if key in entry)
    yield from (part["when"] for part in entry.get("grounds", {}).values())
    yield from entry.get("levels", {}).values()


def _any(parts):
    found = parts[0]
    for part in parts[1:]:
        found = found | part
    return found


def _asked(entry, frame, settings):
    answer = evaluate(entry["when"], frame, settings)
    if "among" not in entry:
        return answer
    applies = evaluate(entry["among"], frame, settings)
    return answer.where(applies.fillna(False).astype(bool))


def _class(levels, frame, settings):
    """The first level whose condition holds, where no earlier one is unknown."""
    text = pd.Series(pd.NA, index=frame.index, dtype="string")
    still_open = pd.Series(True, index=frame.index)
    for level, condition in levels.items():
        answer = evaluate(condition, frame, settings)
        text = text.mask(still_open & answer.fillna(False), level)
        still_open &= ~answer.fillna(True).astype(bool)
    return pd.Series(pd.Categorical(text, list(levels)), index=frame.index)
