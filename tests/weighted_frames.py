"""Small result frames of the weighted comparison of arms, written out by hand."""

import numpy as np
import pandas as pd

DETAILED, BROAD = "by_arm_weighted", "by_broad_arm_weighted"
ARM, REFERENCE = "surgery_cebrt", "cebrt_long"
LIMITS = {
    "balance": (0.13, 0.25, "nearest to its limit: Visceral metastases"),
    "variance_ratio": (1.2, 2.0, "ratio of the variances after weighting: Age"),
    "overlap": (1.0, 0.7, "share of the cases"),
    "effective_size": (36.5, 20.0, f"cases that the weights leave: {ARM}"),
    "events_per_parameter": (
        53 / 15,
        3.0,
        "cases of the smaller arm for each of 15 parameters of the model",
    ),
    "detectable_effect": (1.97, 2.5, "hazard ratio that would be found"),
    "missingness": (0.0, 0.4, "share of an arm without a value: SINS category"),
    "proportional_hazards": (0.3, 0.05, "p value of proportional hazards"),
}


def key(analysis=DETAILED, group=ARM, reference=REFERENCE):
    contrast = f"{group} vs {reference}"
    return {"analysis": analysis, "contrast": contrast, "group": group, "reference": reference}


def diagnostic(name, value, limit, *, verdict="pass", why="", withholds=None, **of):
    """One row of diagnostics.csv."""
    if withholds is None:
        withholds = "everything" if verdict == "fail" else ""
    row = {"diagnostic": name, "value": float(value), "limit": float(limit), "verdict": verdict}
    return pd.DataFrame([key(**of) | row | {"withholds": withholds, "why": why}])


def diagnostics(failed=(), **of):
    """All diagnostics of one contrast; those named in `failed` fail."""
    rows = [
        diagnostic(
            name,
            value,
            limit,
            verdict="fail" if name in failed else "pass",
            why=why,
            withholds="hazard_ratio" if (name, *failed) == ("proportional_hazards",) * 2 else None,
            **of,
        )
        for name, (value, limit, why) in LIMITS.items()
    ]
    return pd.concat(rows, ignore_index=True)


def balance(**changed):
    """One row of balance.csv."""
    row = key() | {
        "covariate": "sosg_high_grade",
        "smd_before": 0.57,
        "smd_after": 0.04,
        "by_chance": 0.41,
        "variance_ratio": np.nan,
        "variance_ratio_limit": 2.0,
        "limit": 0.25,
        "verdict": "pass",
        "n_fewest": 13,
        "note": None,
    }
    return pd.DataFrame([row | changed])


def overlap(bins=((0, 53, 0), (40, 48, 0)), n=None, **of):
    """overlap.csv of one contrast; `n`: all of an arm in the middle bin."""
    if n is not None:
        bins = tuple((0, count, 0) for count in n)
    own, rows = key(**of), []
    edges = np.linspace(0, 1, len(bins[0]) + 1)
    for arm, counts in zip((own["group"], own["reference"]), bins, strict=True):
        for place, count in enumerate(counts):
            ends = {"bin_lower": edges[place], "bin_upper": edges[place + 1]}
            rows.append(own | {"arm": arm} | ends | {"n": count, "n_weighted": count / 2})
    return pd.DataFrame(rows)


def summary(n=(53, 88), events=(30, 60), groups=(ARM, REFERENCE), analysis="by_arm"):
    """summary.csv of the arms that are compared without weights."""
    events = events + (0,) * (len(n) - len(events))
    columns = {"analysis": analysis, "group": groups, "n": n, "events": events}
    return pd.DataFrame(columns | {"median_days": 200.0, "start_days": 30.0, "note": ""})


def curves(analysis=DETAILED, groups=(ARM, REFERENCE), at_risk=(53, 30, 10)):
    """Weighted rows of curves.csv."""
    rows = [
        {
            "analysis": analysis,
            "group": group,
            "time_days": day,
            "n_at_risk": n,
            "n_events": 1,
            "n_censored": 0,
            "n_at_risk_weighted": n / 3,
            "survival": survival,
            "ci_lower": survival / 2,
            "ci_upper": min(1.2 * survival, 1.0),
        }
        for group in groups
        for day, n, survival in zip((30.0, 200.0, 400.0), at_risk, (1.0, 0.6, 0.3), strict=True)
    ]
    return pd.DataFrame(rows)


def hazards(analysis=DETAILED, value=0.8, note="", **of):
    own = key(analysis, **of)
    names = ("hazard_ratio", "ci_lower", "ci_upper", "p")
    factors = (1, 0.7, 1.4, 0.3 / value if value else 1)
    numbers = {
        n: np.nan if value is None else value * f for n, f in zip(names, factors, strict=True)
    }
    return pd.DataFrame(
        [own | {"term": own["contrast"]} | numbers | {"ph_p": 0.4, "note": note}]
    ).assign(e_value=None if value is None else 1.56, e_value_limit=1.0)


def contrasts(analysis=DETAILED, value=12.3, note=""):
    """Days lived up to day 365 and survival at days 30 and 180."""
    rows = []
    for measure, day, factor in (
        ("rmst_difference", 365.0, 1),
        ("survival_difference", 30.0, 0),
        ("survival_difference", 180.0, 0.01),
    ):
        ends = {"estimate": 1, "ci_lower": -1, "ci_upper": 3}
        numbers = {n: np.nan if value is None else value * factor * f for n, f in ends.items()}
        rows.append(key(analysis) | {"measure": measure, "time_days": day} | numbers)
    return pd.DataFrame(rows).assign(note=note)
