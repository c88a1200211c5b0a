"""The recommended pathway of every case, from the decision tables of pathway.yaml, in words."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical import pathway_rules as tables
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.quoting import BESIDE, filled, placeholders
from mescc_analytics.clinical.sins import items as sins_items


def assign_pathways(cases, settings):
    """Pathway, rule, reason and missing columns of every case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases.
    settings : dict
        The assign section of the config.

    Returns
    -------
    DataFrame, shape (n_cases, 7)
        pathway, pathway_rule, pathway_reason, pathway_missing (names joined by "; "),
        figure3_entry, operable_derived, surgical_consult; missing where unknown.
    """
    rules, answers = tables.rules_of(settings["algorithm"]), tables.Answers(cases)
    codes, facts = tables.combine(answers.to(tables.asked_by(rules), settings))
    decision = tables.decide(rules, facts)
    levels = tables.pathway_levels()
    undetermined = (decision.pathway == levels.index(tables.UNDETERMINED))[codes]
    missing = missing_columns(cases, (codes, facts), rules, decision)
    ids = pd.array([rule["id"] for rule in rules] + ["none"], dtype="string")
    told = answers.to(("pain_with_new_neurology", "operable", "consult"), settings)
    return pd.DataFrame(
        {
            "pathway": pd.Categorical.from_codes(decision.pathway[codes], levels),
            "pathway_rule": ids.take(decision.rule[codes]),
            "pathway_reason": _reasons(cases, rules, (codes, decision), missing),
            "pathway_missing": missing.where(undetermined, pd.NA).array,
            "figure3_entry": told["pain_with_new_neurology"].array,
            "operable_derived": told["operable"].array,
            "surgical_consult": told["consult"].array,
        },
        index=cases.index,
    )


def missing_columns(cases, combined, rules, decision):
    """Columns that would answer the open questions of the stuck rules of each case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    combined : (array of int, shape (n_cases,); dict of str to Series)
        As of `pathway_rules.combine`.
    rules : list of dict
    decision : Decision

    Returns
    -------
    Series of dtype "string", shape (n_cases,)
        Names joined by "; "; missing where no rule is stuck.
    """
    codes, facts = combined
    stuck = decision.stuck.any(axis=0)[codes]
    rows = np.flatnonzero(stuck)
    few = cases[[c for c in _needed(rules) if c in cases]].iloc[rows]
    text = pd.Series(pd.NA, index=cases.index, dtype="string")
    if len(rows):
        asked = _open_questions(rules, decision, facts)
        text.iloc[rows] = _missing_of(few, {k: v[codes[rows]] for k, v in asked.items()}).array
    return text


def _needed(rules):
    facts = codebook.load("pathway")["facts"]
    names = [column for name in tables.asked_by(rules) for column in facts[name]["needs"]]
    return list(dict.fromkeys(names))


def _open_questions(rules, decision, facts):
    """Per question, the combinations in which it is unknown and a stuck rule asks it."""
    asked = {}
    for rule, unknown in zip(rules, decision.stuck, strict=True):
        for name, _ in tables.literals(rule):
            asked[name] = asked.get(name, False) | (unknown & facts[name].isna().to_numpy())
    return asked


def _missing_of(cases, asked):
    blank, items = {}, {}
    for name, open_question in asked.items():
        needs = codebook.load("pathway")["facts"][name]["needs"]
        # a value that says "unknown" (a primary without its class) is what has to be filled
        none_blank = ~np.logical_or.reduce([_is_blank(cases, column) for column in needs])
        for column in needs:
            target = items if column == "sins_missing" else blank
            here = open_question & (_is_blank(cases, column) | (none_blank & (column == needs[0])))
            target[column] = target.get(column, False) | here
    text = (
        join_codes(blank, cases.index)
        if blank
        else pd.Series(pd.NA, index=cases.index, dtype="string")
    )
    if "sins_missing" not in items:
        return text
    every_item = pd.Series("; ".join(sins_items()), index=cases.index, dtype="string")
    sins = cases["sins_missing"].astype("string") if "sins_missing" in cases else every_item
    sins = sins.where(items["sins_missing"], pd.NA)
    return (sins + "; " + text).fillna(sins).fillna(text)


def _is_blank(cases, column):
    if column == "sins_missing" or column not in cases:
        return np.ones(len(cases), dtype=bool)
    return cases[column].isna().to_numpy()


def _reasons(cases, rules, decided, missing):
    """Sentence per case; each distinct sentence is written once, then looked up."""
    codes, decision = decided
    texts, places = ["No rule of the table applies"], np.zeros(len(cases), dtype=np.int64)
    of_case = np.where(decision.certain, decision.rule, len(rules))[codes]
    for number, entry in enumerate(rules):
        chosen = np.flatnonzero(of_case == number)
        if len(chosen):
            narrow = cases[[name for name in _quotes(entry["reason"]) if name in cases]]
            place, written = filled(entry["reason"], narrow.iloc[chosen])
            places[chosen] = place + len(texts)
            texts += written.tolist()
    chosen = np.flatnonzero(((~decision.certain) & (decision.rule < len(rules)))[codes])
    place, written = _stuck_reasons(decision, rules, codes[chosen], missing.iloc[chosen])
    places[chosen] = place + len(texts)
    return pd.array([*texts, *written], dtype="string").take(places)


def _quotes(template):
    names = placeholders(template)
    return [*names, *(column for name in names for column in BESIDE.get(name, ()))]


def _stuck_reasons(decision, rules, codes, missing):
    """Sentences of the cases in which no rule applied for certain."""
    needs, distinct = pd.factorize(missing.fillna("nothing more").to_numpy(dtype=object))
    number, pairs = pd.factorize(codes * (len(distinct) + 1) + needs)
    levels, written = tables.pathway_levels(), []
    for combination, need in zip(*np.divmod(pairs, len(distinct) + 1), strict=True):
        level = levels[decision.pathway[combination]]
        if level == tables.UNDETERMINED:
            at_rule = rules[decision.rule[combination]]["id"]
            written.append(f"Not decided at rule {at_rule}: needs {distinct[need]}")
        else:
            words = codebook.label("pathway", level)
            written.append(f"{words}, whatever is not recorded ({distinct[need]}) may be")
    return number, written
