"""The decision tables of pathway.yaml: questions answered, rules applied, one pathway left.

Rules are tried in order. A rule that applies decides, a rule that does not is passed, and a rule
with an unknown answer leaves its pathway possible and the search goes on. A case is decided when
one pathway is left: a known "no" settles a rule, and an unknown that cannot change the result does
no harm.

Cases with the same answers get the same pathway, so that rules are applied to the distinct
combinations of answers (`combine`), of which a million cases have a few hundred.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.conditions import evaluate, mentioned

UNDETERMINED = "undetermined"


def algorithms():
    """Names of the algorithms of pathway.yaml, in order."""
    return tuple(codebook.load("pathway")["algorithms"])


def rules_of(algorithm):
    """Rules of an algorithm, in the order in which they are tried."""
    return codebook.load("pathway")["algorithms"][algorithm]["rules"]


def pathway_levels():
    """Every pathway, in the order of the codebook."""
    return list(codebook.columns("derived")["pathway"].levels)


def literals(rule):
    """The questions of a rule, each with the answer it wants: list of (fact, wanted)."""
    return [(text.removeprefix("not "), not text.startswith("not ")) for text in rule["when"]]


def asked_by(rules):
    """Names of the questions of some rules, in the order of their first asking."""
    return list(dict.fromkeys(name for rule in rules for name, _ in literals(rule)))


def policy_choices(settings):
    """The settings as the policies read them: `sins_surgery_from` added."""
    as_unstable = settings["sins_indeterminate"] == "treat_as_high"
    return settings | {
        "sins_surgery_from": settings["sins_consult_from" if as_unstable else "sins_high_from"]
    }


@dataclass
class Answers:
    """Answers of every case to the questions of pathway.yaml, each worked out once.

    Attributes
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases.
    """

    cases: pd.DataFrame
    known: dict = field(default_factory=dict)
    frames: dict = field(default_factory=dict)

    def to(self, names, settings):
        """Answers to some questions.

        Parameters
        ----------
        names : sequence of str
            Of facts.
        settings : dict
            The assign section of the config.

        Returns
        -------
        dict of str to Series of dtype "boolean", shape (n_cases,)
        """
        return {name: self.known[self.key(name, settings)] for name in names}

    def key(self, name, settings):
        """The question with the choices that change its answer; it is answered on the way."""
        choices = policy_choices(settings)
        condition = codebook.load("pathway")["facts"][name]["when"]
        columns, wanted = mentioned(condition)
        policy = settings["sosg_1c"] if "sosg_high_grade" in columns else "low"
        blank_is_no = tuple(c for c in settings["unrecorded_as_no"] if c in columns)
        key = (name, policy, blank_is_no, *(choices[setting] for setting in wanted))
        if key not in self.known:
            frame = self._frame(tuple(columns), policy, blank_is_no)
            self.known[key] = evaluate(condition, frame, choices)
        return key

    def _frame(self, columns, policy, blank_is_no):
        """The columns that a question reads, as the policies read them; the others stay where they
        are, because copying a wide table costs more than every question together.
        """
        place = (columns, policy, blank_is_no)
        if place not in self.frames:
            frame = self.cases[[name for name in columns if name in self.cases]].copy()
            for name in blank_is_no:
                blank = pd.Series(pd.NA, index=frame.index, dtype="boolean")
                frame[name] = frame.get(name, blank).astype("boolean").fillna(False)
            if policy == "high" and "sosg_grade" in self.cases:
                frame["sosg_high_grade"] = self._with_1c_high()
            self.frames[place] = frame
        return self.frames[place]

    def _with_1c_high(self):
        grade = self.cases["sosg_grade"].astype("string")
        high = self.cases["sosg_high_grade"].mask(grade.isin(["1c"]), True)
        if "sosg_partial" in self.cases:  # grade 1 without its letter may be 1c
            high = high.mask(self.cases["sosg_partial"].isin(["1"]), pd.NA)
        return high


def combine(answers):
    """The distinct combinations of answers.

    Parameters
    ----------
    answers : dict of hashable to Series of dtype "boolean", shape (n_cases,)
        At most 39 of them.

    Returns
    -------
    codes : array of int, shape (n_cases,)
        Number of the combination of every case.
    combinations : dict of hashable to Series of dtype "boolean", shape (n_combinations,)

    Examples
    --------
    >>> yes_no = pd.Series([True, None, True], dtype="boolean")
    >>> codes, combinations = combine({"operable": yes_no})
    >>> codes.tolist(), combinations["operable"].tolist()
    ([0, 1, 0], [True, <NA>])
    """
    digits = [answer.to_numpy(dtype=np.int8, na_value=2) for answer in answers.values()]
    number = np.zeros(len(digits[0]), dtype=np.int64)
    for digit in digits:
        number *= 3
        number += digit
    codes, rest = pd.factorize(number)
    combinations = {}
    for name in reversed(answers):
        rest, digit = np.divmod(rest, 3)
        combinations[name] = pd.Series(digit == 1, dtype="boolean").mask(digit == 2)
    return codes, combinations


@dataclass(frozen=True)
class Decision:
    """What the rules of an algorithm made of n combinations of answers.

    Attributes
    ----------
    pathway : array of int, shape (n,)
        Index into `pathway_levels`.
    rule : array of int, shape (n,)
        The rule that decided, else the first one with an unknown answer; the number of rules where
        there is neither.
    certain : array of bool, shape (n,)
        Whether that rule applied for certain.
    open : array of bool, shape (n_rules, n)
        Whether no earlier rule had decided.
    answer : list of Series of dtype "boolean", shape (n,)
        Whether each rule applies.
    """

    pathway: np.ndarray
    rule: np.ndarray
    certain: np.ndarray
    open: np.ndarray
    answer: list

    @property
    def stuck(self):
        """array of bool, shape (n_rules, n): open, and the answer of the rule unknown."""
        unknown = [answer.isna().to_numpy() for answer in self.answer]
        return self.open & np.array(unknown, dtype=bool).reshape(self.open.shape)


def decide(rules, facts):
    """Apply rules in order.

    Parameters
    ----------
    rules : list of dict
        As in pathway.yaml: id, when, pathway.
    facts : dict of str to Series of dtype "boolean", shape (n,)

    Returns
    -------
    Decision
    """
    levels, answers = pathway_levels(), [_applies(rule, facts) for rule in rules]
    n = len(answers[0])
    open_, possible = np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64)
    fired, first_stuck = np.full(n, len(rules)), np.full(n, len(rules))
    was_open = np.zeros((len(rules), n), dtype=bool)
    for number, (entry, met) in enumerate(zip(rules, answers, strict=True)):
        was_open[number] = open_
        yes = open_ & met.to_numpy(dtype=bool, na_value=False)
        unknown = open_ & met.isna().to_numpy()
        possible[yes | unknown] |= 1 << levels.index(entry["pathway"])
        first_stuck[unknown] = np.minimum(first_stuck[unknown], number)
        fired[yes] = number
        open_ &= ~yes
    undetermined = levels.index(UNDETERMINED)
    # no complete case is left without a rule, so what is open here falls to one of the stuck ones
    possible[possible == 0] = 1 << undetermined
    decided = (possible & (possible - 1)) == 0
    pathway = np.where(decided, np.log2(possible).round().astype(int), undetermined)
    certain = decided & (fired < len(rules))
    return Decision(pathway, np.where(certain, fired, first_stuck), certain, was_open, answers)


def _applies(rule, facts):
    parts = [facts[name] if wanted else ~facts[name] for name, wanted in literals(rule)]
    met = parts[0]
    for part in parts[1:]:
        met = met & part
    return met
