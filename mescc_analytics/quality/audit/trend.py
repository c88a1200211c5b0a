"""Indicators over time and between sites: run and p-charts, funnels, CUSUM."""

import numpy as np
import pandas as pd

from mescc_analytics.quality.audit import indicators as rules
from mescc_analytics.quality.audit import spc
from mescc_analytics.quality.audit.counts import ALL, stacked

TREND = (
    "indicator_id site period numerator denominator proportion centre lower upper sigma_z signal"
).split()
FUNNEL = (
    "indicator_id site numerator denominator proportion centre lower_95 upper_95 lower_998 "
    "upper_998 overdispersion flag"
).split()
CUSUM = "indicator_id period numerator denominator expected cusum limit signal".split()
LEAST_SITES_FOR_OVERDISPERSION = 10
LEVELS = {"95": 0.95, "998": 0.998}


def trend(counted, settings):
    """Every indicator and site over the periods, with limits and the rules that fired in words.

    Parameters
    ----------
    counted : DataFrame
        As ``indicator_counts.count``.
    settings : dict
        The audit section: ``overdispersion``, ``shift_points``, ``trend_points``,
        ``min_periods``, ``min_point``.

    Returns
    -------
    DataFrame
        One row per indicator, site and period in order; `signal` stands on the last point that
        the rule covers.
    """
    series = counted[(counted["period"] != ALL) & counted["denominator"].notna()]
    periods = sorted(series["period"].unique())
    parts = [
        _one_trend(name, site, part, periods, settings)
        for (name, site), part in series.groupby(["indicator_id", "site"], sort=False)
    ]
    return stacked(parts, TREND)


def _one_trend(name, site, part, periods, settings):
    whole = part.set_index("period").reindex(periods)
    events = whole["numerator"].fillna(0).to_numpy(dtype=float)
    n = whole["denominator"].fillna(0).to_numpy(dtype=float)
    limits = spc.p_chart(events, n, overdispersion=settings["overdispersion"])
    with np.errstate(invalid="ignore"):
        share = np.divide(events, n, out=np.full(len(n), np.nan), where=n > 0)
    judged = np.where(n >= settings["min_point"], share, np.nan)
    words = _signals(judged, limits, periods, settings)
    return pd.DataFrame(
        {
            "indicator_id": name,
            "site": site,
            "period": periods,
            "numerator": events.astype(int),
            "denominator": n.astype(int),
            "proportion": share,
            "centre": limits.centre,
            "lower": limits.lower,
            "upper": limits.upper,
            "sigma_z": limits.sigma_z,
            "signal": words,
        }
    )


def _signals(judged, limits, periods, settings):
    """Words for every point: the rules of which it is the last point."""
    words = np.full(len(judged), "", dtype=object)
    if np.isfinite(judged).sum() < settings["min_periods"]:
        return words
    for signal in spc.signals(judged, limits, settings["shift_points"], settings["trend_points"]):
        text = in_words(signal, periods)
        words[signal.last] = "; ".join(filter(None, [words[signal.last], text]))
    return words


def in_words(signal, periods):
    """A rule that fired, for people: "8 points above the line since 2023Q3"."""
    first, last = periods[signal.first], periods[signal.last]
    until = "since " + first if signal.last == len(periods) - 1 else f"from {first} to {last}"
    return {
        "outside": f"{first} is {signal.side} the {spc.SIGMAS:g}-sigma limit",
        "shift": f"{signal.length} points {signal.side} the line {until}",
        "trend": f"{signal.length} points going {signal.side} {until}",
        "crossings": f"the line is crossed only {signal.length} times {until}: the level moved",
    }[signal.rule]


def funnel(counted, settings):
    """Every site against the proportion of all sites together, with exact limits.

    Returns
    -------
    DataFrame
        `flag`: inside, alert (beyond 95 %), alarm (beyond 99.8 %), too_few (denominator below
        ``min_denominator``). Limits are widened by the square root of the overdispersion where at
        least 10 sites allow it to be estimated; with fewer it is 1.
    """
    sites = counted[(counted["period"] == ALL) & counted["denominator"].notna()]
    parts = [
        _one_funnel(name, part[part["denominator"] > 0], settings)
        for name, part in sites[sites["site"] != ALL].groupby("indicator_id", sort=False)
    ]
    return stacked(parts, FUNNEL)


def _one_funnel(name, part, settings):
    events = part["numerator"].to_numpy(dtype=float)
    n = part["denominator"].to_numpy(dtype=float)
    frame = part[["indicator_id", "site", "numerator", "denominator", "proportion"]].copy()
    if len(part) < 2:
        return frame.iloc[:0]
    centre = events.sum() / n.sum()
    phi = _phi(events, n, centre, settings)
    frame["centre"], frame["overdispersion"] = centre, phi
    for label, level in LEVELS.items():
        lower, upper = spc.funnel_limits(n, centre, level)
        widened = (centre + (limit - centre) * np.sqrt(phi) for limit in (lower, upper))
        frame[f"lower_{label}"], frame[f"upper_{label}"] = (np.clip(x, 0, 1) for x in widened)
    share = events / n
    beyond = [
        (share < frame[f"lower_{label}"]) | (share > frame[f"upper_{label}"])
        for label in ("998", "95")
    ]
    few = n < settings["min_denominator"]
    frame["flag"] = np.select([few, *beyond], ["too_few", "alarm", "alert"], "inside")
    return frame


def _phi(events, n, centre, settings):
    if settings["overdispersion"] == "never" or not 0 < centre < 1:
        return 1.0
    if len(n) < LEAST_SITES_FOR_OVERDISPERSION and settings["overdispersion"] == "auto":
        return 1.0
    return max(1.0, spc.overdispersion(events, n, centre))


def safety(counted, settings):
    """CUSUM of the harms (indicators where fewer is better) over the periods, all sites together.

    ``cusum_expected`` holds the probability under control by indicator, by default the target;
    ``cusum_odds_ratio`` the rise that the chart looks for; ``cusum_limit`` where it signals.
    """
    harms = [n for n, entry in rules.indicators().items() if entry.get("better") == "lower"]
    series = counted[(counted["period"] != ALL) & (counted["site"] == ALL)]
    parts = [_one_cusum(series[series["indicator_id"] == name], settings) for name in harms]
    return stacked(parts, CUSUM)


def _one_cusum(part, settings):
    frame = part.sort_values("period")[["indicator_id", "period", "numerator", "denominator"]]
    if frame.empty:
        return frame
    name = frame["indicator_id"].iloc[0]
    expected = settings["cusum_expected"].get(name, float(part["target"].iloc[0]))
    path = spc.cusum(
        frame["numerator"], frame["denominator"], expected, settings["cusum_odds_ratio"]
    )
    limit = settings["cusum_limit"]
    crossed = (path >= limit) & ~(np.r_[0.0, path[:-1]] >= limit)
    return frame.assign(
        expected=expected,
        cusum=path,
        limit=limit,
        signal=np.where(crossed, "crosses the limit in " + frame["period"].astype(str), ""),
    )
