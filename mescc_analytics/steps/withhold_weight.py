"""Small counts, and what tells them, taken out of the weighting of arms before it is shown."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.present import wording
from mescc_analytics.steps import withhold
from mescc_analytics.steps.withhold import HIDDEN, hide, is_small

BROAD = wording.BROAD_WEIGHTED
KEYS = ["analysis", "contrast", "group", "reference"]
SHARES = ("overlap", "missingness")
PER_PARAMETER, REFERENCE = "events_per_parameter", "the reference arm"
COUNTED = ("effective_size", PER_PARAMETER, "arm_size")
# of an arm that is not in the model; of one in it the cases are counted by the bins of its scores
PARAMETERS = r"^(?:the reference arm: )?\d+ cases for (\d+) parameters"
NUMBERS = ("integer", "number")
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5)


def sizes(overlap, diagnostics):
    """Cases of every arm that the model counts, or that is too small for it: n by (analysis, arm).

    Parameters
    ----------
    overlap, diagnostics : DataFrame
        The exact files of the step.
    """
    counted = overlap.groupby([*KEYS, "arm"], sort=False)["n"].sum().reset_index()
    kind, why = diagnostics["diagnostic"], diagnostics["why"].astype("string")
    per_case = why.str.extract(PARAMETERS, expand=False).astype("Float64")
    n = (diagnostics["value"].astype("Float64") * per_case.where(kind != "arm_size", 1)).round()
    of_reference = why.str.startswith(REFERENCE).fillna(False).astype(bool)
    arm = diagnostics["group"].where(~of_reference, diagnostics["reference"])
    small = diagnostics.assign(arm=arm, n=n)[n.notna() & kind.isin(("arm_size", PER_PARAMETER))]
    both = pd.concat([part[["analysis", "arm", "n"]].astype(object) for part in (counted, small)])
    return both.drop_duplicates(["analysis", "arm"]).set_index(["analysis", "arm"])["n"]


def untold(model_sizes, shown_summary, threshold, counted="n"):
    """Arms whose number must not be told: (analysis, arm) of a MultiIndex.

    It is withheld in the comparison of arms (of a first treatment: that of one of its arms), or
    differs by a small number from what is shown there, which would tell who was left out.

    Parameters
    ----------
    model_sizes : Series
        As from `sizes`.
    shown_summary : DataFrame
        summary.csv, suppressed.
    threshold : int
    counted : {"n", "events"}
        Deaths are only ever withheld there, not compared.
    """
    rows = shown_summary[shown_summary["analysis"] == "by_arm"]
    if threshold < 2:
        return model_sizes.index[:0]
    told = rows.set_index("group")[counted].astype("Float64")
    book = codebook.load("arms")["first_treatment"]
    found = []
    for (analysis, arm), n in model_sizes.items():
        members = book[arm]["arms"] if analysis == BROAD and arm in book else [arm]
        known = told.reindex([name for name in members if name in told.index])
        gap = abs(float(known.sum()) - float(n)) if len(known) else 0.0
        left_out = counted == "n" and 0 < gap < threshold
        if known.isna().any() or left_out or 0 < float(n) < threshold:
            found.append((analysis, arm))
    return pd.MultiIndex.from_tuples(found, names=model_sizes.index.names)


def _either(frame, arms):
    """Rows of which the group or the reference is among `arms`."""
    hit = np.zeros(len(frame), bool)
    for name in ("group", "reference"):
        keys = pd.MultiIndex.from_frame(frame[["analysis", name]].astype(str))
        hit |= keys.isin(arms)
    return pd.Series(hit, index=frame.index)


def few(frame, all_diagnostics, model_sizes, threshold):
    """Rows of balance.csv that rest on a small number of cases with or without a level.

    The difference of a number that a few cases miss rests on those who have one: they are enough
    where the share missing, of the covariate missing most, leaves `threshold` in each arm.
    """
    missing = all_diagnostics[all_diagnostics["diagnostic"] == "missingness"]
    enough = set()
    for row in missing.to_dict("records"):
        n = min(model_sizes.get((row["analysis"], row[name]), 0) for name in ("group", "reference"))
        if (1 - row["value"]) * n >= threshold:
            enough.add((row["analysis"], row["contrast"]))
    book = codebook.columns("all")
    numbers = [name in book and book[name].type in NUMBERS for name in frame["covariate"]]
    pairs = frame[["analysis", "contrast"]].itertuples(index=False, name=None)
    known = [number and pair in enough for number, pair in zip(numbers, pairs, strict=True)]
    small = is_small(frame["n_fewest"], threshold)
    return small & ~pd.Series(known, index=frame.index, dtype=bool)


def balance(frame, few, threshold):
    """Differences without those of the rows `few`.

    The verdict stays: it rests on weights that nobody else has. Before weighting, those of first
    treatments are rounded to a tenth: with the counts of some of their arms, two decimals would
    tell those of another. `n_fewest` is taken out.
    """
    coarse = frame["analysis"].eq(BROAD) & (threshold > 1)
    before = frame["smd_before"].astype("Float64")
    out = frame.assign(smd_before=before.mask(coarse, before.round(1)))
    numbers = ["smd_before", "smd_after", "by_chance", "variance_ratio"]
    return hide(out, few, numbers).drop(columns="n_fewest")


def diagnostics(frame, few_balance, told, threshold):
    """Diagnostics with the values that tell a small number as a span, or withheld.

    Parameters
    ----------
    frame : DataFrame
        diagnostics.csv.
    few_balance : DataFrame
        Rows of balance.csv, exact, of which the differences are withheld.
    told : tuple of (Series, MultiIndex, MultiIndex)
        Sizes, arms whose size and arms whose deaths are not told.
    threshold : int

    Returns
    -------
    DataFrame
        value (NA where withheld or a span), lower and upper (the span, else NA), mark.
    """
    model_sizes, no_size, no_deaths = told
    kind, value = frame["diagnostic"], frame["value"].astype(float)
    gone = kind.isin(COUNTED) & _either(frame, no_size)
    gone |= (kind == "detectable_effect") & _either(frame, no_size.union(no_deaths))
    gone |= (kind == "balance") & _from_few(frame, few_balance)
    gone |= (kind == "variance_ratio") & _from_few(frame, _larger(few_balance), "variance_ratio")
    small = kind.isin(("effective_size", "arm_size")) & (value > 0) & (value < threshold)
    small &= threshold > 1
    out = hide(frame.assign(value=value), gone | small, ["value"], small, f"<{threshold}")
    return _spans(out, model_sizes, threshold)


def _larger(balance):
    """Balance with ratios of variances as the larger one over the smaller."""
    ratio = balance["variance_ratio"].astype("Float64")
    return balance.assign(variance_ratio=ratio.mask(ratio < 1, 1 / ratio))


def _from_few(frame, few_balance, name="smd_after"):
    """Contrasts whose worst covariate is one of which the difference is withheld."""
    worst = set(_rounded(few_balance, name))
    hit = [key in worst for key in _rounded(frame, "value")]
    return pd.Series(hit, index=frame.index, dtype=bool)


def _rounded(frame, name):
    """Contrast and number of every row; a missing number equals no other."""
    values = frame[name].astype("Float64").to_numpy(float, na_value=np.nan)
    keys = frame[KEYS].itertuples(index=False, name=None)
    return [(*key, round(value, 9)) for key, value in zip(keys, values, strict=True)]


def _spans(frame, model_sizes, threshold):
    """Shares of an arm as spans that hold at least `threshold` cases of the smaller arm."""
    lower, upper = (np.full(len(frame), np.nan) for _ in range(2))
    value, mark = frame["value"].to_numpy(float), frame["mark"].copy()
    for place, row in enumerate(frame.to_dict("records")):
        share = value[place]
        if row["diagnostic"] not in SHARES or threshold < 2 or share in (0.0, 1.0):
            continue
        n = min(model_sizes.get((row["analysis"], row[k]), 0) for k in ("group", "reference"))
        step = next((step for step in STEPS if step * n >= threshold), 1.0)
        low = np.floor(share / step + 1e-9) * step
        value[place] = np.nan
        if not low + 1e-9 < row["limit"] < low + step - 1e-9 and not np.isnan(share) and step < 1:
            lower[place], upper[place] = low, min(low + step, 1.0)
        else:
            mark.iloc[place] = HIDDEN
    return frame.assign(value=value, lower=lower, upper=upper, mark=mark)


def overlap(frame, no_size, threshold):
    """Shares of each arm per bin of the score: neighbouring bins joined until none is small.

    Returns
    -------
    DataFrame
        analysis, contrast, group, reference, arm, bin_lower, bin_upper, share, share_weighted;
        shares of the arm, of its weights. An arm whose size is not told has one row without.
    """
    parts = []
    for key, rows in frame.groupby([*KEYS, "arm"], sort=False):
        head = dict(zip([*KEYS, "arm"], key, strict=True))
        bins = [] if (key[0], key[-1]) in no_size else _joined(rows.to_dict("records"), threshold)
        n, weight = (rows[name].astype(float).sum() for name in ("n", "n_weighted"))
        for part in bins:
            n_part, weight_part = (sum(b[name] for b in part) for name in ("n", "n_weighted"))
            row = {"bin_lower": part[0]["bin_lower"], "bin_upper": part[-1]["bin_upper"]}
            parts.append(head | row | {"share": n_part / n, "share_weighted": weight_part / weight})
        if not bins:
            parts.append(head)
    names = [*KEYS, "arm", "bin_lower", "bin_upper", "share", "share_weighted"]
    return pd.DataFrame(parts, columns=names)


def _joined(bins, threshold):
    """Runs of neighbouring bins with no case or with at least `threshold`; none where all the
    cases are fewer.
    """
    if 0 < sum(b["n"] for b in bins) < threshold:
        return []
    made = []
    for one in bins:
        pending = made and 0 < _count(made[-1]) < threshold
        made[-1].append(one) if pending else made.append([one])
    while made and 0 < _count(made[-1]) < threshold:
        last = made.pop()
        made[-1] += last
    return made


def _count(part):
    return sum(one["n"] for one in part)


def curves(frame, all_curves, no_size, threshold, least_at_risk=None):
    """Weighted curves cut where few are at risk, without the numbers at risk that are not told.

    Parameters
    ----------
    frame : DataFrame
        The weighted rows of curves.csv.
    all_curves : DataFrame
        curves.csv: while few of an arm are at risk, the number of a first treatment that holds it
        would tell them, beside the numbers of its other arms.
    no_size : MultiIndex
        As from `untold`.
    threshold : int
    least_at_risk : int, optional
        Curves stop where fewer are at risk.
    """
    out = withhold.curves(frame, threshold, least_at_risk)
    keys = pd.MultiIndex.from_frame(frame[["analysis", "group"]].astype(str))
    gone = pd.Series(keys.isin(no_size), index=frame.index)
    gone |= _tells_an_arm(frame, all_curves[all_curves["analysis"] == "by_arm"], threshold)
    marks = pd.Series(pd.NA, index=frame.index, dtype="string").mask(gone, HIDDEN)
    number = out["n_at_risk"].mask(gone)
    # without a weighted comparison the file has no such column
    weighted = out.get("n_at_risk_weighted", number).mask(number.isna())
    return out.assign(n_at_risk=number, n_at_risk_weighted=weighted, at_risk_mark=marks)


def _tells_an_arm(frame, by_arm, threshold):
    """Rows of first treatments at times at which few of one of their arms are at risk.

    A row counts who is at risk from the time before it up to its own.
    """
    hit, book = pd.Series(False, index=frame.index), codebook.load("arms")["first_treatment"]
    broad = frame[(frame["analysis"] == BROAD) & frame["group"].isin(list(book))]
    for group, rows in broad.groupby("group", sort=False):
        until = rows["time_days"].astype(float)
        since = until.shift(fill_value=-np.inf)
        for name in book[group]["arms"]:
            own = by_arm[by_arm["group"] == name]
            few, day = is_small(own["n_at_risk"], threshold), own["time_days"].astype(float)
            if few.any():
                begin = day.shift(fill_value=-np.inf)[few].iloc[0]
                hit[rows.index] |= (since < day[few].iloc[-1]) & (until > begin)
    return hit


def of_large_arms(frame, model_sizes, values, threshold):
    """Rows of contrasts; `values` withheld where an arm is itself a small count."""
    small = model_sizes.index[is_small(model_sizes, threshold)]
    return hide(frame, _either(frame, small), values)
