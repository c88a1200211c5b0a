"""Hazard ratios between groups where causes compete: cause-specific and Fine-Gray."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.competing import checked_causes
from mescc_analytics.stats.fine_gray import fit_fine_gray
from mescc_analytics.stats.hazards import ALONE, hazard_frame

MODELS = ("cause_specific", "fine_gray")
LATE = "not estimable: not made for delayed entry"
COLUMNS = (
    *("model", "cause", "term", "group", "reference"),
    *("hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p", "note"),
)


def competing_hazards(time, cause, causes, group, *, level=0.95, beside=ALONE):
    """Hazard ratio of every group against the first, for every cause and under both models.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    cause : array-like of int, shape (n_cases,)
        0: censored; k: the k-th of the causes happened first.
    causes : sequence of str
    group : Categorical, shape (n_cases,)
        First category with cases is the reference; empty ones are left out.
    level : float
    beside : Beside
        Clusters, strata and delayed entry, which only the cause-specific models take account of;
        with delayed entry there is no Fine-Gray model.

    Returns
    -------
    DataFrame
        model, cause, term, group, reference, hazard_ratio, ci_lower, ci_upper, p (Wald), ph_p
        (cause-specific only), note. "cause_specific": hazard among those without any event, for
        questions of why. "fine_gray": ratio of subdistribution hazards, which follows the
        incidence, for questions of how many.

    >>> days, group = [1, 2, 3, 4, 5, 6], pd.Categorical(list("ababab"))
    >>> found = competing_hazards(days, [1, 1, 2, 1, 1, 0], ["failure", "death"], group)
    >>> found["model"].tolist()
    ['cause_specific', 'fine_gray', 'cause_specific', 'fine_gray']
    """
    group = pd.Categorical(group).remove_unused_categories()
    if not len(time) or len(group.categories) < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    time, cause = checked_causes(time, cause, len(causes))
    parts = []
    for code, name in enumerate(causes, start=1):
        specific, _ = hazard_frame(time, cause == code, group, level, beside)
        parts.append(specific.assign(model=MODELS[0], cause=str(name)))
        fine_gray = _fine_gray_frame(time, cause, group, code, level)
        if beside.entry is not None:
            fine_gray = _not_fitted(fine_gray)
        parts.append(fine_gray.assign(model=MODELS[1], cause=str(name)))
    parts = [part.reindex(columns=list(COLUMNS)).astype(object) for part in parts]
    return _plain(pd.concat(parts, ignore_index=True).infer_objects())


def _not_fitted(rows):
    """The same rows without estimates: the weights of the model know no delayed entry."""
    return rows.reindex(columns=["term", "group", "reference"]).assign(note=LATE)


def _plain(frame):
    """Notes in words for either model: what a Cox model calls a death is an event of the cause."""
    notes = frame["note"].fillna("").astype(str)
    notes = notes.str.replace("with deaths", "with such events").str.replace(
        "deaths", "such events"
    )
    return frame.assign(note=notes)


def _fine_gray_frame(time, cause, group, of, level):
    """Rows of the Fine-Gray model; groups without an event of the cause are left out of it."""
    names, codes = list(map(str, group.categories)), group.codes.astype(int)
    events = np.bincount(codes, cause == of, minlength=len(names))
    compared = [code for code in range(1, len(names)) if events[code]] if events[0] else []
    fit = None
    if compared:
        kept = events[codes] > 0
        dummies = codes[kept, np.newaxis] == np.array(compared)
        labels = [names[code] for code in compared]
        fit = fit_fine_gray(time[kept], cause[kept], dummies, labels, of=of, level=level)
    rows = [_row(code, names, compared, fit, events) for code in range(1, len(names))]
    return pd.DataFrame(rows)


def _row(code, names, compared, fit, events):
    group, reference = names[code], names[0]
    row = {"term": f"{group} vs {reference}", "group": group, "reference": reference, "note": ""}
    if code not in compared:
        without = group if events[0] else reference
        return row | {"note": f"not estimable: no such events in {without}"}
    if fit.note:
        return row | {"note": fit.note}
    place = compared.index(code)
    if fit.runaway[place]:
        return row | {
            "note": f"not estimable: the events of {group} and {reference} do not overlap in time"
        }
    return row | fit.table().iloc[place].drop("term").to_dict()
