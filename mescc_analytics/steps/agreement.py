"""Step `agreement`: two readings of SINS and SOSG, beside published reliability."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.sins import items, score_items
from mescc_analytics.clinical.sins_items import prepare_items
from mescc_analytics.stats.intervals import wilson
from mescc_analytics.stats.reliability import bland_altman, icc, weighted_kappa
from mescc_analytics.steps.groups import NOT_ASSESSABLE
from mescc_analytics.tables import files

SECOND = "_rater2"
COLUMNS = (
    "reading statistic model n_cases n_pairs n_agree share_agree share_lower share_upper estimate "
    "ci_lower ci_upper published note"
).split()
POINTS = ["mean_points", "difference_points", "n"]
NO_PAIR = "no case has both readings"
# What a second reader does not measure anew: these belong to the first reading.
OF_THE_FIRST = ("collapse_percent", "body_involved_percent")


def agreement(inputs, out, settings):
    """agreement.csv, bland_altman.csv (pairs by mean and difference), not_assessable.csv."""
    for name, table in analyse(files.read_table(inputs["cohort"]), settings).items():
        files.write_csv(table, out / f"{name}.csv")


def analyse(cohort, settings):
    """Tables of the step by name; see ``agreement``.

    Parameters
    ----------
    cohort : DataFrame, shape (n_cases, ...)
        Scored cases; those analysed are compared. Needs sins_*_rater2 or sosg_grade_rater2.
    settings : dict
        Sections agreement and score.

    Returns
    -------
    dict of str to DataFrame
        agreement: per reading, kappa (or, for the SINS total, the intraclass correlation and, in
        points, mean difference and limits of agreement) with its interval.
    """
    cases = cohort[cohort["in_overall"].fillna(False).to_numpy(dtype=bool)].reset_index(drop=True)
    rows = [row for pair in _graded(cases, settings) if (row := _kappa(*pair, settings))]
    first, second = _totals(cases, settings)
    rows += _total_rows(first, second, settings)
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(n_cases=len(cases))
    return {
        "agreement": frame.assign(published=frame["reading"].map(published).astype("string")),
        "bland_altman": _points(first, second),
        "not_assessable": _absent(cases, set(frame["reading"])),
    }


def _graded(cases, settings):
    """Name, codes of the first and of the second reading, and the number of levels."""
    read_as = settings["score"]["constant_nonmechanical_pain"]
    for name in (*items(), "sosg_grade"):
        if name not in cases or name + SECOND not in cases:
            continue
        levels = _levels(name)
        pair = [cases[column].astype("string") for column in (name, name + SECOND)]
        constant = [text.eq("constant_nonmechanical").fillna(False) for text in pair]
        pair = [
            text.mask(where, pd.NA if read_as == "missing" else read_as)
            for text, where in zip(pair, constant, strict=True)
        ]
        yield name, *(pd.Categorical(text, levels).codes for text in pair), len(levels)
    yield _categories(cases, settings)


def _levels(name):
    """Levels in ascending or descending order of severity."""
    if name == "sosg_grade":
        return list(codebook.columns("cases")[name].levels)
    return list(codebook.load("sins")["components"][name])


def _second_reading(cases, settings):
    """SINS of the second reader; a location left blank comes from the spinal levels, as for the
    first. Beside it, which cases were read a second time at all.
    """
    mine = [item for item in items() if item + SECOND in cases]
    dropped = [c for c in (*items(), *OF_THE_FIRST) if c in cases]
    renamed = cases.drop(columns=dropped).rename(columns={i + SECOND: i for i in mine})
    states, _ = prepare_items(renamed, settings["score"])
    read = renamed[mine].notna().any(axis="columns").to_numpy() if mine else [False] * len(cases)
    return score_items(states, settings["score"]["missing_items"]), np.asarray(read, dtype=bool)


def _categories(cases, settings):
    levels = [entry["label"] for entry in codebook.load("sins")["categories"]]
    if "sins_category" not in cases:
        return "sins_category", np.array([], int), np.array([], int), len(levels)
    scored, read = _second_reading(cases, settings)
    first = pd.Categorical(cases["sins_category"].astype("string"), levels).codes
    second = pd.Categorical(scored["sins_category"].astype("string"), levels).codes
    return "sins_category", first, np.where(read, second, -1), len(levels)


def _totals(cases, settings):
    """SINS totals of the cases in which both readings settle every item; two arrays of float."""
    if "sins_total" not in cases:
        return np.array([]), np.array([])
    scored, read = _second_reading(cases, settings)
    pair = [
        frame["sins_total"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        for frame in (cases, scored)
    ]
    both = read & ~np.isnan(pair[0]) & ~np.isnan(pair[1])
    return pair[0][both], pair[1][both]


def _kappa(name, first, second, n_levels, settings):
    """The row of one graded reading; None where no case has both."""
    both = (first >= 0) & (second >= 0)
    if not both.any():
        return None
    cells = first[both].astype(int) * n_levels + second[both]
    table = np.bincount(cells, minlength=n_levels**2).reshape(n_levels, n_levels)
    chosen, n = settings["agreement"], int(table.sum())
    found = weighted_kappa(table, chosen["weights"], chosen["confidence_level"])
    share = [float(x) for x in wilson(np.trace(table), n, chosen["confidence_level"])]
    numbers = dict(zip(("share_agree", "share_lower", "share_upper"), share, strict=True))
    row = {"reading": name, "statistic": "weighted_kappa", "model": chosen["weights"]}
    return row | _estimate(found, n) | {"n_agree": int(np.trace(table))} | numbers


def _estimate(found, n):
    return {
        "n_pairs": n,
        "estimate": found.estimate,
        "ci_lower": found.lower,
        "ci_upper": found.upper,
        "note": found.note,
    }


def _total_rows(first, second, settings):
    if not len(first):
        return []
    chosen, n = settings["agreement"], len(first)
    level = chosen["confidence_level"]
    limits = bland_altman(first, second, coverage=chosen["coverage"], level=level)
    found = {
        "icc": (chosen["icc"], icc(np.column_stack([first, second]), chosen["icc"], level)),
        "bias": ("first minus second", limits.bias),
        "lower_limit": (f"{chosen['coverage']:g} of differences", limits.lower_limit),
        "upper_limit": (f"{chosen['coverage']:g} of differences", limits.upper_limit),
    }
    return [
        {"reading": "sins_total", "statistic": name, "model": model} | _estimate(value, n)
        for name, (model, value) in found.items()
    ]


def _points(first, second):
    pairs = pd.DataFrame({POINTS[0]: (first + second) / 2, POINTS[1]: first - second})
    return pairs.groupby(POINTS[:2], sort=True).size().rename("n").reset_index()[POINTS]


def published(reading):
    """Published reliability of one reading in words; empty where none is known.

    >>> published("sins_pain")
    'kappa 0.84 (Fourney 2011), 0.58 (Campos 2014)'
    """
    known = codebook.load("reliability")
    first = codebook.load("sins")["reliability_kappa"].get(reading)
    found = [] if first is None else [("kappa", first, known["studies"]["fourney_2011"])]
    found += [
        (row["statistic"], row["value"], known["studies"][row["study"]])
        for row in known["published"]
        if row["reading"] == reading
    ]
    words, before = [], None
    for statistic, value, study in found:
        status = "" if study["status"] == "verified" else f", {study['status']}"
        kind = "" if statistic == before else WORDS[statistic]
        words.append(f"{kind}{value:.2f} ({study['label']}{status})")
        before = statistic
    return ", ".join(words)


WORDS = {"kappa": "kappa ", "icc": "ICC ", "pooled": "pooled "}


def _absent(cases, done):
    """What could not be compared: the whole of a score in one row, else each reading by itself."""
    rows, sins = [], [item + SECOND for item in items()]
    if not any(name in cases and cases[name].notna().any() for name in sins):
        rows.append(("of SINS", "sins_*_rater2", "needs sins_*_rater2"))
    else:
        rows += [
            (f"of {codebook.label(item)}", item + SECOND, NO_PAIR)
            for item in items()
            if item not in done
        ]
        if "sins_total" not in done:
            rows.append(("of the SINS total", "all six sins_*_rater2", NO_PAIR))
    if "sosg_grade" not in done:
        needs = "sosg_grade" + SECOND
        there = needs in cases and cases[needs].notna().any()
        rows.append(("of SOSG", needs, NO_PAIR if there else f"needs {needs}"))
    return pd.DataFrame(rows, columns=NOT_ASSESSABLE)
