"""Audit indicators counted by site and period."""

import numpy as np
import pandas as pd

from mescc_analytics.quality.audit import indicators as rules
from mescc_analytics.stats.intervals import wilson

ALL = "all"
COLUMNS = (
    "indicator_id standard standard_version site period numerator denominator n_excluded n_unknown "
    "n_indeterminate n_error n_outside proportion ci_lower ci_upper worst_case best_case target "
    "status needs"
).split()


def stacked(parts, columns):
    """Frames below each other with `columns`; an empty frame where there is nothing."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(parts, ignore_index=True)[list(columns)]


def count(verdicts, groups, settings):
    """Every indicator by site and period.

    Parameters
    ----------
    verdicts : dict of str to Judged
        By indicator id.
    groups : DataFrame, shape (n_cases, 2)
        site and period (text; missing allowed).
    settings : dict
        The audit section: ``targets`` (dict), ``default_target``, ``min_denominator``,
        ``confidence_level``.

    Returns
    -------
    DataFrame
        One row per indicator, site and period, "all" among both. denominator = pass + fail;
        worst_case and best_case take every case unknown, indeterminate or in error as failed or
        as passed. ``n_unknown`` includes cases of which it is unknown whether the indicator asks
        for them, and ``n_outside`` is the cases that it does not ask for: with the denominator and
        the excluded, unknown, indeterminate and erroneous ones they make up all cases of the row.
    """
    parts = [_one(name, judged, groups, settings) for name, judged in verdicts.items()]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _one(name, judged, groups, settings):
    indicator = rules.indicators()[name]
    about = {
        "indicator_id": name,
        "standard": indicator["standard"],
        "standard_version": str(indicator["standard_version"]),
    }
    if judged.needs:
        row = about | {"site": ALL, "period": ALL, "status": "not_assessable"}
        return _typed(pd.DataFrame([row | {"needs": "; ".join(judged.needs)}]))
    tallies = tally(judged.verdict, groups)
    counted = _proportions(tallies, settings["confidence_level"]).assign(**about)
    target = settings["targets"].get(name, indicator.get("target", settings["default_target"]))
    scored = indicator.get("scored", True)
    counted["target"] = target if scored else np.nan
    counted["status"] = status(counted, indicator, settings)
    return _typed(counted.reset_index())


def _typed(frame):
    return frame.reindex(columns=COLUMNS).astype(
        {name: "Int64" for name in COLUMNS[5:12]} | {name: "Float64" for name in COLUMNS[12:18]}
    )


def tally(verdict, groups):
    """Verdicts counted by site and period, with "all" for both.

    Returns
    -------
    DataFrame, shape (n_groups, n_verdicts)
        Index (site, period); one column per verdict.
    """
    codes = pd.Categorical.from_codes(verdict, rules.VERDICTS)
    frame = groups[["site", "period"]].reset_index(drop=True).assign(verdict=codes)
    blocks = []
    for keys in ([], ["site"], ["period"], ["site", "period"]):
        known = frame.dropna(subset=keys)
        known = known.assign(**{k: ALL for k in ("site", "period") if k not in keys})
        sizes = known.groupby(["site", "period", "verdict"], observed=False).size()
        blocks.append(sizes.unstack("verdict", fill_value=0))
    whole = pd.concat(blocks)
    whole = whole[whole.sum(axis="columns") > 0]
    return whole[~whole.index.duplicated()]


def _proportions(tallies, level):
    passed, failed = tallies["pass"].to_numpy(), tallies["fail"].to_numpy()
    judged = passed + failed
    open_ = (tallies["unknown"] + tallies["indeterminate"] + tallies["error"]).to_numpy()
    share, lower, upper = wilson(passed, judged, level)
    with np.errstate(invalid="ignore"):
        worst, best = passed / (judged + open_), (passed + open_) / (judged + open_)
    return pd.DataFrame(
        {
            "numerator": passed,
            "denominator": judged,
            "n_excluded": tallies["excluded"].to_numpy(),
            "n_unknown": tallies["unknown"].to_numpy(),
            "n_indeterminate": tallies["indeterminate"].to_numpy(),
            "n_error": tallies["error"].to_numpy(),
            "n_outside": tallies["outside"].to_numpy(),
            "proportion": share,
            "ci_lower": lower,
            "ci_upper": upper,
            "worst_case": worst,
            "best_case": best,
        },
        index=tallies.index,
    )


def status(counted, indicator, settings):
    """Verdict on each row: met, not_met, uncertain (the interval holds the target), too_few,
    nobody, or reported (never judged).

    A row is judged only where its denominator reaches ``min_denominator``: two of three patients
    are no red light.
    """
    lower_is_better = indicator.get("better") == "lower"
    good, bad = (
        (counted["ci_upper"] <= counted["target"], counted["ci_lower"] > counted["target"])
        if lower_is_better
        else (counted["ci_lower"] >= counted["target"], counted["ci_upper"] < counted["target"])
    )
    few = counted["denominator"] < settings["min_denominator"]
    words = np.select(
        [counted["denominator"] == 0, few, good.fillna(False), bad.fillna(False)],
        ["nobody", "too_few", "met", "not_met"],
        "uncertain",
    )
    return words if indicator.get("scored", True) else np.full(len(counted), "reported")
