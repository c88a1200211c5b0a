"""The recommended pathway of every case, from the decision tables of pathway.yaml.

Rules are tried in order. A rule that applies decides, a rule that does not is passed, and a rule
with an unknown answer leaves its pathway possible and the search goes on. A case is decided when
one pathway is left: a known "no" settles a rule, and an unknown that cannot change the result does
no harm.
"""

from functools import cache

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.sins import items as sins_items
from mescc_analytics.codebook.conditions import evaluate

SINS_POLICIES = ("consult_then_low_branch", "treat_as_high", "treat_as_low", "separate_arm")
SOSG_1C_POLICIES = ("low", "high")


def answer_facts(cases, settings):
    """Answer of every case to every question of pathway.yaml.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases.
    settings : dict
        The assign section of the config.

    Returns
    -------
    dict of str to Series of dtype "boolean", shape (n_cases,)
    """
    frame, choices = _under_policy(cases, settings)
    if settings["unrecorded_as_no"]:
        columns = {
            c: pd.array(cases[c], dtype="boolean").fillna(False) if c in cases else False
            for c in settings["unrecorded_as_no"]
        }
        frame = frame.assign(
            **{c: pd.Series(v, index=cases.index, dtype="boolean") for c, v in columns.items()}
        )
    facts = codebook.load("pathway")["facts"]
    return {name: evaluate(fact["when"], frame, choices) for name, fact in facts.items()}


def _under_policy(cases, settings):
    """Cases and settings as the SINS and SOSG 1c policies read them."""
    high_from = settings["sins_high_from"]
    choices = settings | {
        "sins_surgery_from": settings["sins_consult_from"]
        if settings["sins_indeterminate"] == "treat_as_high"
        else high_from,
    }
    if settings["sosg_1c"] == "low" or "sosg_grade" not in cases:
        return cases, choices
    high = cases["sosg_high_grade"].mask(cases["sosg_grade"].astype("string").isin(["1c"]), True)
    if "sosg_partial" in cases:  # grade 1 without its letter may be 1c
        high = high.mask(cases["sosg_partial"].isin(["1"]), pd.NA)
    return cases.assign(sosg_high_grade=high), choices


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
    facts = answer_facts(cases, settings)
    rules = codebook.load("pathway")["algorithms"][settings["algorithm"]]["rules"]
    code, rule, certain, stuck = _decide([(r, _applies(r, facts)) for r in rules], len(cases))
    levels = list(codebook.columns("derived")["pathway"].levels)
    undetermined = code == levels.index("undetermined")
    missing = _missing_columns(cases, facts, rules, stuck)
    ids = pd.array([r["id"] for r in rules] + ["none"], dtype="string")
    return pd.DataFrame(
        {
            "pathway": pd.Categorical.from_codes(code, levels),
            "pathway_rule": ids.take(rule),
            "pathway_reason": _reasons(cases, rules, (code, rule, certain), missing),
            "pathway_missing": missing.where(undetermined, pd.NA).array,
            "figure3_entry": facts["pain_with_new_neurology"].array,
            "operable_derived": facts["operable"].array,
            "surgical_consult": facts["consult"].array,
        },
        index=cases.index,
    )


def literals(rule):
    """The questions of a rule, each with the answer it wants: list of (fact, wanted)."""
    return [(text.removeprefix("not "), not text.startswith("not ")) for text in rule["when"]]


def _applies(rule, facts):
    parts = [facts[name] if wanted else ~facts[name] for name, wanted in literals(rule)]
    met = parts[0]
    for part in parts[1:]:
        met = met & part
    return met


def _decide(answers, n):
    """Pathway code, rule number, whether that rule applied for certain, and which rules were stuck
    (unknown while the case was still open).
    """
    levels = list(codebook.columns("derived")["pathway"].levels)
    open_, possible = np.ones(n, dtype=bool), np.zeros(n, dtype=np.int16)
    rule, first_stuck = np.full(n, len(answers)), np.full(n, len(answers))
    stuck = []
    for number, (entry, met) in enumerate(answers):
        bit = 1 << levels.index(entry["pathway"])
        yes = open_ & met.to_numpy(dtype=bool, na_value=False)
        unknown = open_ & met.isna().to_numpy()
        stuck.append(unknown)
        possible[yes | unknown] |= bit
        first_stuck[unknown] = np.minimum(first_stuck[unknown], number)
        rule[yes] = number
        open_ &= ~yes
    # no complete case is left without a rule, so what is open here falls to one of the stuck ones
    possible[possible == 0] = 1 << levels.index("undetermined")
    decided = (possible & (possible - 1)) == 0
    code = np.where(
        decided, np.log2(np.maximum(possible, 1)).astype(int), levels.index("undetermined")
    )
    settled = decided & (rule < len(answers))
    return code, np.where(settled, rule, first_stuck), settled, stuck


def _missing_columns(cases, facts, rules, stuck):
    """Columns that would answer the open questions of the stuck rules of each case."""
    asked = {}
    for rule, unknown in zip(rules, stuck, strict=True):
        for name, _ in literals(rule):
            asked[name] = asked.get(name, False) | (unknown & facts[name].isna().to_numpy())
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


def _reasons(cases, rules, decision, missing):
    """Sentence per case; each distinct combination of quoted values is written once."""
    code, rule, certain = decision
    out = np.full(len(cases), "No rule of the table applies", dtype=object)
    for number, entry in enumerate(rules):
        chosen = np.flatnonzero((rule == number) & certain)
        out[chosen] = _filled(entry["reason"], cases.iloc[chosen])
    levels = np.array(codebook.columns("derived")["pathway"].levels, dtype=object)
    ids = np.array([r["id"] for r in rules] + ["none"], dtype=object)
    needs = missing.fillna("nothing more").to_numpy(dtype=object)
    stuck = ~certain & (rule < len(rules))
    undetermined = stuck & (levels[code] == "undetermined")
    at_rule = "Not decided at rule " + ids[rule[undetermined]]
    out[undetermined] = at_rule + ": needs " + needs[undetermined]
    either = stuck & ~undetermined
    words = np.array([codebook.label("pathway", level) for level in levels], dtype=object)
    out[either] = words[code[either]] + ", whatever is not recorded (" + needs[either] + ") may be"
    return pd.array(out, dtype="string")


def _filled(template, cases):
    names = _placeholders(template)
    if not names or cases.empty:
        return template
    values = pd.DataFrame({name: _quoted(cases, name) for name in names})
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(values))
    texts = np.array(
        [template.format(**dict(zip(names, row, strict=True))) for row in distinct], dtype=object
    )
    return texts[codes]


@cache
def _placeholders(template):
    return tuple(dict.fromkeys(part.split("}")[0] for part in template.split("{")[1:]))


def _quoted(cases, name):
    """A value as a person would write it; a SINS total that is open shows its bounds."""
    if name not in cases:
        return pd.Series("not recorded", index=cases.index)
    text = cases[name].astype("string").str.replace("_", " ").str.removesuffix(".0")
    if name == "sins_total":
        bounds = cases["sins_min"].astype("string") + " to " + cases["sins_max"].astype("string")
        text = text.fillna(bounds)
    if name == "sosg_grade" and "sosg_partial" in cases:
        text = text.fillna(
            cases["sosg_partial"].map({"1": "1 without letter", "high": "high, ungraded"})
        )
    return text.fillna("not recorded").astype(object)


def count_policies(cases, settings):
    """Pathway counts under every algorithm, SINS policy and SOSG 1c policy.

    Returns
    -------
    DataFrame
        algorithm, sins_policy, sosg_1c_policy, pathway, n, is_default (the run's own choice).
    """
    rows = []
    for algorithm in codebook.load("pathway")["algorithms"]:
        for sins in SINS_POLICIES:
            for sosg in SOSG_1C_POLICIES:
                choice = {"algorithm": algorithm, "sins_indeterminate": sins, "sosg_1c": sosg}
                counts = _pathway_codes(cases, settings | choice)
                own = all(settings[key] == value for key, value in choice.items())
                rows += [
                    (algorithm, sins, sosg, pathway, int(n), own) for pathway, n in counts.items()
                ]
    return pd.DataFrame(
        rows, columns=["algorithm", "sins_policy", "sosg_1c_policy", "pathway", "n", "is_default"]
    )


def _pathway_codes(cases, settings):
    facts = answer_facts(cases, settings)
    rules = codebook.load("pathway")["algorithms"][settings["algorithm"]]["rules"]
    code, *_ = _decide([(r, _applies(r, facts)) for r in rules], len(cases))
    levels = list(codebook.columns("derived")["pathway"].levels)
    return dict(zip(levels, np.bincount(code, minlength=len(levels)), strict=True))
