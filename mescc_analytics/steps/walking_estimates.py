"""Adjusted walking at one timepoint under one estimand: risks of the arms and their contrasts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.stats.adjusted_odds import adjusted_odds_ratios
from mescc_analytics.stats.augmented import augmented_contrasts, augmented_fit, risk_intervals
from mescc_analytics.steps.groups import stack
from mescc_analytics.steps.walking_diagnostics import AUGMENTED, REGRESSION, of_walking, withheld
from mescc_analytics.steps.weight_verdicts import FAILED, WITHHELD

TEST = "augmented (doubly robust)"
MEASURES = ("risk_difference", "risk_ratio", "odds_ratio")
CONTRAST = [
    "group",
    "reference",
    "measure",
    "estimate",
    "ci_lower",
    "ci_upper",
    "p",
    "test",
    "note",
]
RISK = ["standardised", "estimate", "ci_lower", "ci_upper", "outcome_model", "note"]


@dataclass(frozen=True)
class Comparison:
    """Cases with propensity scores.

    Attributes
    ----------
    arm : Categorical Series, shape (n_cases,)
        The reference first.
    scores : DataFrame, shape (n_cases, n_arms)
    weight : Series, shape (n_cases,)
    outcome_design, regression_design : DataFrame, shape (n_cases, p)
    cluster : Series of text, shape (n_cases,), or None
    chosen : dict
        Sections ambulatory and weight.
    """

    arm: pd.Series
    scores: pd.DataFrame
    weight: pd.Series
    outcome_design: pd.DataFrame
    regression_design: pd.DataFrame
    cluster: pd.Series | None
    chosen: dict

    def of(self, kept):
        """The same of the cases `kept` (bool array)."""
        frames = (self.arm, self.scores, self.weight, self.outcome_design, self.regression_design)
        cluster = None if self.cluster is None else self.cluster[kept]
        return Comparison(*(frame[kept] for frame in frames), cluster, self.chosen)

    @property
    def level(self):
        """Level of the intervals."""
        return self.chosen["ambulatory"]["confidence_level"]


def estimates(compared, states, judged):
    """Contrasts, adjusted risks and diagnostics of walking.

    Parameters
    ----------
    compared : Comparison
    states : tuple of arrays of bool, shape (n_cases,)
        Whether the outcome counts as walking; whether the case counts; whether it does not because
        nobody knows.
    judged : DataFrame
        Diagnostics of the weights.

    Returns
    -------
    dict of str to DataFrame
    """
    success, counted, unknown = states
    n_unknown = pd.Series(unknown).groupby(compared.arm.to_numpy(), observed=False).sum()
    cases, outcome = compared.of(counted), success[counted]
    own = of_walking(cases, outcome, n_unknown)
    (reasons, failed), (of_odds, odds_failed) = (
        _decided(cases, withheld([judged, own], kind)) for kind in (AUGMENTED, REGRESSION)
    )
    risks, augmented = _augmented(cases, outcome, reasons)
    counts = _counts(cases, outcome, n_unknown)
    regression = _regression(cases, outcome, of_odds)
    parts = [_warned(augmented, failed), _warned(regression, odds_failed)]
    return {
        "contrasts": stack(parts),
        "adjusted": counts.join(risks),
        "diagnostics": own,
    }


def _decided(cases, reasons):
    """The reasons that withhold, and those that only warn: of arms in the model, by the config."""
    warns = reasons["group"].isin(cases.arm.cat.categories)
    warns &= cases.chosen["weight"]["on_failure"] == "show"
    return reasons[~warns], reasons[warns]


def _warned(rows, failed):
    """Contrasts with the diagnostics in their note that fail and yet leave them their numbers."""
    why = rows["group"].map(failed.set_index("group")["why"])
    warned = (FAILED + why.astype("string") + "; " + rows["note"].fillna("")).str.rstrip("; ")
    return rows.assign(note=warned.fillna(rows["note"].astype("string")))


def withheld_rows(reasons, measures=(*MEASURES, REGRESSION)):
    """Contrasts without numbers; `reasons` as from `walking_diagnostics.withheld`."""
    parts = [
        reasons.assign(measure=name, test="logistic" if name == REGRESSION else TEST)
        for name in measures
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(note=WITHHELD + rows["why"]).reindex(columns=CONTRAST)


def _counts(cases, outcome, n_unknown):
    """Cases of every arm as they are, unadjusted."""
    names = list(cases.arm.cat.categories)
    walking = pd.Series(outcome).groupby(cases.arm.to_numpy(), observed=False).sum()
    frame = pd.DataFrame({"group": names, "numerator": walking.reindex(names).to_numpy(int)})
    frame["denominator"] = cases.arm.value_counts(sort=False).reindex(names).to_numpy(int)
    positive = frame["denominator"].where(frame["denominator"] > 0)
    frame["proportion"] = frame["numerator"] / positive
    return frame.assign(n_unknown=n_unknown.reindex(names).to_numpy(int))


def _augmented(cases, outcome, reasons):
    """Risks of the arms and contrasts; nothing is estimated where everything is withheld."""
    names = list(cases.arm.cat.categories)
    shown = [name for name in names[1:] if name not in set(reasons["group"])]
    rows = [withheld_rows(reasons, MEASURES)] if len(reasons) else []
    risks = pd.DataFrame(index=range(len(names)), columns=RISK)
    if shown:
        found, influences = _fitted(cases, outcome)
        beside = {"level": cases.level, "cluster": cases.cluster}
        made = augmented_contrasts(found, influences, **beside).assign(test=TEST)
        rows.append(_tested(made[made["group"].isin(shown)], cases))
        risks = risk_intervals(found, influences, **beside)
        risks = risks.rename(columns={"model": "outcome_model"})[RISK].astype(object)
    hidden = np.array([name not in (*shown, *names[: bool(shown)]) for name in names])
    why = reasons.set_index("group")["why"].reindex(names).fillna("every contrast with this arm")
    risks.loc[hidden, :] = np.nan
    risks["note"] = risks["note"].mask(hidden, WITHHELD + why.to_numpy(object))
    return risks, stack(rows)


def _fitted(cases, outcome):
    """Augmented risks and influences, with the target of the weights."""
    target = cases.chosen["weight"]["estimand"]
    return augmented_fit(
        outcome,
        cases.arm.array,
        cases.outcome_design.to_numpy(float),
        cases.scores.to_numpy(float),
        target=target,
        focal=_focal(cases) if target == "att" else None,
    )


def _focal(cases):
    """The arm, or the first treatment to which it belongs, whom the comparison is about."""
    wanted, names = cases.chosen["weight"]["att_arm"], list(cases.arm.cat.categories)
    first = codebook.load("arms")["first_treatment"]
    kinds = [kind for kind, entry in first.items() if wanted in (kind, *entry["arms"])]
    return next((name for name in (wanted, *kinds) if name in names), None)


def _regression(cases, outcome, reasons):
    """Odds ratios from one regression of walking on the arms and all covariates."""
    names = list(cases.arm.cat.categories)
    shown = [name for name in names[1:] if name not in set(reasons["group"])]
    rows = [withheld_rows(reasons, [REGRESSION])] if len(reasons) else []
    if shown:
        design = cases.regression_design
        made = adjusted_odds_ratios(
            outcome, cases.arm.array, design.to_numpy(float), list(design), level=cases.level
        )
        made = made.rename(columns={"model": "test"}).assign(measure=REGRESSION)
        rows.append(_tested(made[made["group"].isin(shown)], cases)[CONTRAST])
    return stack(rows)


def _tested(frame, cases):
    """No p value where an arm has too few cases."""
    least = cases.chosen["ambulatory"]["min_arm"]
    sizes = cases.arm.value_counts(sort=False).astype(float)
    fewest = np.minimum(*(frame[name].map(sizes).to_numpy(float) for name in CONTRAST[:2]))
    few, note = fewest < least, frame["note"].astype("string").fillna("")
    said = (note + f"; no p value: fewer than {least} cases in a group").str.removeprefix("; ")
    return frame.assign(p=frame["p"].mask(few), note=note.mask(few, said))
