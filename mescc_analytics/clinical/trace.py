"""How each case came to its pathway: every question in order, the value found, the answer.

A question is listed where it is first asked. Within a rule the next question is asked only while
no answer has ruled the rule out, and a rule is tried only while no earlier one has decided.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical import pathway_rules as tables
from mescc_analytics.clinical.pathway import assign_pathways
from mescc_analytics.clinical.quoting import joint_codes, quoted

ANSWERS = ("no", "yes", "unknown")
COLUMNS = ("case_id", "order", "question", "value", "answer")


def trace_cases(cases, settings):
    """Every question to every case, in the order of asking.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases, with case_id.
    settings : dict
        The assign section of the config.

    Returns
    -------
    DataFrame, shape (n_questions_asked, 5)
        case_id, order (from 1 in each case), question (of pathway.yaml), value (as recorded, in
        words), answer (no, yes, unknown). Cases in the order of the table.
    """
    rules = tables.rules_of(settings["algorithm"])
    names = tables.asked_by(rules)
    codes, facts = tables.combine(tables.Answers(cases).to(names, settings))
    asked = _asked_first(rules, tables.decide(rules, facts), facts)
    case, combination, slot, order = _spread(codes, asked)
    question = np.array([names.index(name) for _, name in _slots(rules)], dtype=np.int8)[slot]
    answered = np.array([facts[name].to_numpy(dtype=np.int8, na_value=2) for name in names])
    answer = answered[question, combination]
    return pd.DataFrame(
        {
            "case_id": cases["case_id"].array.take(case),
            "order": pd.array(order, dtype="Int8"),
            "question": pd.Categorical.from_codes(question, names),
            "value": _values(cases, names, question, case),
            "answer": pd.Categorical.from_codes(answer, list(ANSWERS)),
        }
    )


def _slots(rules):
    """Every place at which a question stands: (rule number, question)."""
    return [(i, name) for i, rule in enumerate(rules) for name, _ in tables.literals(rule)]


def _asked_first(rules, decision, facts):
    """Whether each combination of answers meets a question for the first time at each place; shape
    (n_combinations, n_places).
    """
    before, columns = {}, []
    for number, rule in enumerate(rules):
        here = decision.open[number].copy()
        for name, wanted in tables.literals(rule):
            earlier = before.get(name, np.zeros(len(here), dtype=bool))
            columns.append(here & ~earlier)
            before[name] = earlier | here
            # a known answer other than the wanted one rules the rule out
            here = here & ~facts[name].eq(not wanted).to_numpy(dtype=bool, na_value=False)
    return np.array(columns, dtype=bool).T


def _spread(codes, asked):
    """Rows of the trace: number of the case, combination of answers, place, and order from 1."""
    of_combination, place = np.nonzero(asked)
    per_combination = np.bincount(of_combination, minlength=len(asked))
    start = np.cumsum(per_combination) - per_combination
    length = per_combination[codes]
    case = np.repeat(np.arange(len(codes)), length)
    position = np.arange(len(case)) - np.repeat(np.cumsum(length) - length, length)
    combination = codes[case]
    return case, combination, place[start[combination] + position], position + 1


def _values(cases, names, question, case):
    """What the table says about each question, as a category of distinct texts."""
    distinct, where = {}, np.zeros(len(case), dtype=np.int64)
    for number, name in enumerate(names):
        rows = np.flatnonzero(question == number)
        codes, texts = value_texts(cases, name)
        known = np.array([distinct.setdefault(text, len(distinct)) for text in texts], dtype=int)
        where[rows] = known[codes[case[rows]]]
    return pd.Categorical.from_codes(where, list(distinct))


def value_texts(cases, name):
    """The values that a question rests on, in words.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    name : str
        A question of pathway.yaml.

    Returns
    -------
    codes : array of int, shape (n_cases,)
    texts : array of str, shape (n_texts,)
        The text of a case is ``texts[codes]``.
    """
    shows = codebook.load("pathway")["facts"][name]["shows"]
    values = [quoted(cases, column) for column in shows]
    codes, first = joint_codes([pd.Series(code) for code, _ in values])
    parts = [texts[code[first]] for code, texts in values]
    rows = [
        "; ".join(f"{words} {text}" for words, text in zip(shows.values(), row, strict=True))
        for row in zip(*parts, strict=True)
    ]
    return codes, np.array(rows, dtype=object)


@dataclass(frozen=True)
class CaseTrace:
    """One case's way through the rules, in words.

    Attributes
    ----------
    case_id, algorithm, pathway, rule, reason, missing : str
        As assigned; missing "" where nothing more is needed.
    questions : list of (str, str, str)
        Question, answer, value; in the order of asking.
    rules : list of (str, str, str)
        Id, conditions, answer of every rule tried; the last one decided unless unknown ones stand
        before it.
    """

    case_id: str
    algorithm: str
    pathway: str
    rule: str
    reason: str
    missing: str
    questions: list
    rules: list


def trace_case(case, settings):
    """One case's way through the rules.

    Parameters
    ----------
    case : DataFrame, shape (1, ...)
        Scored, with case_id.
    settings : dict
        The assign section of the config.

    Returns
    -------
    CaseTrace
    """
    assigned = assign_pathways(case, settings).iloc[0]
    rows, choices = trace_cases(case, settings), _in_words(tables.policy_choices(settings))
    facts = codebook.load("pathway")["facts"]
    questions = [
        (facts[row.question]["question"].format(**choices), row.answer, row.value)
        for row in rows.itertuples(index=False)
    ]
    return CaseTrace(
        case_id=str(case["case_id"].iloc[0]),
        algorithm=settings["algorithm"],
        pathway=assigned["pathway"],
        rule=assigned["pathway_rule"],
        reason=assigned["pathway_reason"],
        missing="" if pd.isna(assigned["pathway_missing"]) else assigned["pathway_missing"],
        questions=questions,
        rules=_rules_tried(case, settings),
    )


def _in_words(choices):
    return {
        name: value.replace("_", " ") if isinstance(value, str) else value
        for name, value in choices.items()
    }


def _rules_tried(case, settings):
    rules = tables.rules_of(settings["algorithm"])
    _, facts = tables.combine(tables.Answers(case).to(tables.asked_by(rules), settings))
    decision, tried = tables.decide(rules, facts), []
    for number, rule in enumerate(rules):
        if decision.open[number, 0]:
            met = decision.answer[number].iloc[0]
            tried.append((rule["id"], conditions(rule), ANSWERS[2 if pd.isna(met) else int(met)]))
    return tried


def conditions(rule):
    """The conditions of a rule in the codebook's words.

    Examples
    --------
    >>> conditions({"when": ["high_grade", "not operable"]})
    'compression is high grade and the patient is not operable'
    """
    facts = codebook.load("pathway")["facts"]
    return " and ".join(
        facts[name]["text" if wanted else "text_no"] for name, wanted in tables.literals(rule)
    )
