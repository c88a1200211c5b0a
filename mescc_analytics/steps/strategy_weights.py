"""Whether the cases that keep a strategy can stand in for those that left it."""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.diagnostics import chance_limit
from mescc_analytics.stats.propensity import effective_sizes
from mescc_analytics.steps import weight_verdicts, withhold
from mescc_analytics.steps.covariates import words_of

WITHHELD = f"{withhold.WITHHELD}: "
FAILED = weight_verdicts.FAILED
# columns of summary.csv
COLUMNS = ("n_kept", "effective_n", "largest_weight", "largest_smd", "largest_smd_of")
ESTIMATES = ("estimate", "ci_lower", "ci_upper", "of_group", "of_reference")


@dataclass(frozen=True)
class Verdict:
    """How the weights of a strategy leave its clones, and why its results are not shown.

    Attributes
    ----------
    values : dict
        `COLUMNS`: clones that keep the strategy beyond the days of grace, how many unweighted
        cases they are worth, their largest weight, and the largest standardised difference in a
        covariate from all cases followed beyond the days of grace.
    failed : str
        "" where the diagnostics pass.
    """

    values: dict
    failed: str


def judge(rows, emulation, chosen):
    """The verdict on every strategy that has rows, by its position.

    Parameters
    ----------
    rows : DataFrame
        As from `cloning.weighted_rows`.
    emulation : Emulation
    chosen : dict
        Section weight: effective_size_min, balance_limit, balance_most.

    Notes
    -----
    Survival is not looked at, but for being followed beyond the days of grace: only from then on
    do all cases have a weight or none. Differences are in standard deviations of all cases.
    """
    grace = emulation.clones.strategies[0].cuts[-1]
    n = len(emulation.covariates)
    everybody = np.flatnonzero(emulation.clones.followed[:n] > grace)
    kept = rows[rows["entry"] >= grace]
    found = {}
    for number in rows["strategy"].unique():
        own = kept[kept["strategy"] == number]
        case, weight = own["case"].to_numpy(int), own["weight"].to_numpy()
        found[int(number)] = _verdict(case, weight, everybody, (emulation, chosen))
    return found


def _verdict(case, weight, everybody, about):
    emulation, chosen = about
    if not len(case):
        return Verdict({"n_kept": 0}, "nobody keeps the strategy beyond the days of grace")
    effective = float(effective_sizes(weight, np.zeros(len(weight)))["effective_n"].iloc[0])
    values = {"n_kept": len(case), "effective_n": effective, "largest_weight": weight.max()}
    least, failed = chosen["effective_size_min"], []
    if effective < least:
        failed.append(f"its weights leave {effective:.0f} effective cases, wanted {least:g}")
    smd = _differences(emulation.covariates, case, weight, everybody)
    if len(smd):
        worst = int(np.argmax(smd))
        limit = min(
            max(chosen["balance_limit"], chance_limit(effective, len(everybody))),
            chosen["balance_most"],
        )
        words = words_of(emulation.names[worst].replace(" ", ": ", 1))
        values |= {"largest_smd": smd[worst], "largest_smd_of": words}
        if smd[worst] > limit:
            failed.append(f"still unlike all cases in {words} (SMD {smd[worst]:.2f})")
    return Verdict(values, "; ".join(failed))


def _differences(x, case, weight, everybody):
    """Absolute standardised differences of the weighted from everybody, per covariate."""
    spread = x[everybody].std(axis=0)
    gap = np.abs(weight @ x[case] / weight.sum() - x[everybody].mean(axis=0))
    return np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)


def reasons(verdicts, strategies, chosen):
    """Why strategies fail, by name, as their notes say it: withheld, or shown all the same."""
    begins = FAILED if chosen["on_failure"] == "show" else WITHHELD
    return {
        strategies[n].name: begins + verdict.failed
        for n, verdict in verdicts.items()
        if verdict.failed
    }


def withheld(failed):
    """The names of the strategies of `reasons` that are not shown."""
    return [name for name, why in failed.items() if why.startswith(WITHHELD)]


def without(contrasts, failed):
    """Contrasts with what failed in their notes, without the estimates of what is withheld.

    Parameters
    ----------
    contrasts : DataFrame
        With group, reference, note and `ESTIMATES`.
    failed : dict of str to str
        As from `reasons`.
    """
    out = contrasts.copy()
    for side in ("group", "reference"):
        for name, why in failed.items():
            hit = (out[side] == name) & ~out["note"].str.startswith((WITHHELD, FAILED))
            begins = WITHHELD if why.startswith(WITHHELD) else FAILED
            said = f"{begins}{name}: {why.removeprefix(begins)}"
            before = out.loc[hit, "note"]
            kept = "" if begins == WITHHELD else before.mask(before != "", "; " + before)
            out.loc[hit, "note"] = said + kept
    out.loc[out["note"].str.startswith(WITHHELD), list(ESTIMATES)] = np.nan
    return out
