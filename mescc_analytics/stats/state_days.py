"""Walking as a process, by group: states over time, expected days with differences, transitions."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.occupancy import DEFAULT, MEASURES, STATES, held, occupancy
from mescc_analytics.stats.resampling import percentile_interval

CURVE_COLUMNS = (
    *("group", "time_days", "n_followed"),
    *(f"{state}{end}" for state in STATES for end in ("", "_lower", "_upper")),
)
DAY_COLUMNS = (
    *("group", "reference", "measure", "start_days", "horizon_days"),
    *("days", "ci_lower", "ci_upper", "note"),
)
TRANSITION_COLUMNS = ("group", "from_state", "to_state", "n", "n_from", "proportion")
ENDS = ("walking", "not_walking", "dead", "followed_no_further")


def occupancy_by_group(time, died, seen, group, *, rng, spec=DEFAULT, reference=None, cluster=None):
    """States over time of every group, and expected days with their differences.

    Parameters
    ----------
    time, died, seen, spec
        As in `occupancy`.
    group : Categorical, shape (n_cases,)
        Order of the categories is kept, empty groups are left out.
    rng : numpy.random.Generator
        Every group has its own stream of it.
    reference : str, optional
        Group to compare the expected days with; without it there are no differences.
    cluster : array-like, shape (n_cases,), optional
        Cases that are drawn together; every group is drawn by itself, so that cases of a cluster in
        two groups are not.

    Returns
    -------
    curves : DataFrame
        group, and the columns of `occupancy`.
    days : DataFrame
        group, reference (missing: the group's own days; else its days minus those of the
        reference), measure, start_days, horizon_days, days, ci_lower, ci_upper, note.
    """
    group = pd.Categorical(group).remove_unused_categories()
    if len(group) != len(time) or (group.codes < 0).any():
        raise UsageError("groups", ["wanted one group per case, none missing"])
    streams = rng.spawn(len(group.categories))
    curves, days = [], {}
    for code, name in enumerate(group.categories):
        chosen = group.codes == code
        own = _members(seen, chosen)
        given = {"rng": streams[code], "spec": spec}
        given["cluster"] = None if cluster is None else np.asarray(cluster)[chosen]
        of_group = (np.asarray(values)[chosen] for values in (time, died))
        found, days[str(name)] = occupancy(*of_group, own, **given)
        curves.append(found.assign(group=str(name)))
    rows = [row for name, values in days.items() for row in _day_rows(name, None, values, spec)]
    if reference is not None:
        if reference not in days:
            wanted = ", ".join(days)
            raise UsageError("reference group", [f"found '{reference}', wanted one of {wanted}"])
        for name in [name for name in days if name != reference]:
            rows += _day_rows(name, reference, days[name] - days[reference], spec)
    return _frame(curves, CURVE_COLUMNS), pd.DataFrame(rows, columns=list(DAY_COLUMNS))


def _frame(parts, columns):
    if not parts:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(parts, ignore_index=True)[list(columns)].astype({"group": "string"})


def _members(seen, chosen):
    """Statuses of the chosen cases, numbered among them."""
    place = np.cumsum(chosen) - 1
    own = seen[chosen[seen["row"].to_numpy(int)]]
    return own.assign(row=place[own["row"].to_numpy(int)])


def _day_rows(name, reference, values, spec):
    """One row per measure from the estimate (first) and its resamples."""
    for place, measure in enumerate(MEASURES):
        estimate, drawn = values[0, place], values[1:, place]
        lower, upper, note = percentile_interval(drawn, spec.level)
        if np.isnan(estimate):
            lower = upper = np.nan
            note = "not estimable: " + (
                "follow-up ends before the horizon"
                if np.isnan(values[0, MEASURES.index("alive")])
                else "on some days no status is known"
            )
        yield {
            "group": name,
            "reference": reference,
            "measure": measure,
            "start_days": float(spec.start_days),
            "horizon_days": float(spec.horizon_days),
            "days": estimate,
            "ci_lower": lower,
            "ci_upper": upper,
            "note": note,
        }


def transitions(time, died, seen, group, *, spec=DEFAULT):
    """How often one status that was seen was followed by another one, by death, or by nothing.

    Parameters
    ----------
    time, died, seen, group, spec
        As in `occupancy_by_group`; only what follows between the start and the horizon counts.

    Returns
    -------
    DataFrame
        group, from_state (walking, not_walking), to_state (walking, not_walking, dead,
        followed_no_further), n, n_from (of that from_state), proportion; a case adds a row for
        each of its statuses.

    >>> seen = pd.DataFrame({"row": [0, 0], "day": [0, 30], "walking": [True, False]})
    >>> found = transitions([50], [True], seen, ["a"])
    >>> found.loc[found["n"] > 0, ["from_state", "to_state", "n"]]
        from_state     to_state  n
    1      walking  not_walking  1
    6  not_walking         dead  1
    """
    time, died = np.asarray(time, float), np.asarray(died, bool)
    group = pd.Categorical(group).remove_unused_categories()
    spans = held(seen, time, np.inf)
    row = spans["row"].to_numpy(int)
    following = spans["next_day"].to_numpy(float)
    last = np.isinf(following)
    target = np.where(
        last,
        np.where(died[row], ENDS.index("dead"), ENDS.index("followed_no_further")),
        np.where(spans["walking"].shift(-1, fill_value=False), 0, 1),
    )
    when = np.where(last, time[row], following)
    # beyond the horizon nothing is counted: up to it the case was followed
    beyond = when > spec.horizon_days
    target = np.where(beyond, ENDS.index("followed_no_further"), target)
    counted = (when >= spec.start_days) & (spans["day"].to_numpy(float) <= spec.horizon_days)
    origin = np.where(spans["walking"], 0, 1)
    shape = (len(group.categories), 2, len(ENDS))
    place = np.ravel_multi_index((group.codes[row].astype(int), origin, target), shape)
    counts = np.bincount(place[counted], minlength=int(np.prod(shape))).reshape(shape)
    return _transition_frame(counts, group.categories)


def _transition_frame(counts, groups):
    keys = pd.MultiIndex.from_product([map(str, groups), ENDS[:2], ENDS])
    n_from = np.repeat(counts.sum(axis=2).ravel(), len(ENDS))
    n = counts.ravel()
    share = np.divide(n, n_from, out=np.full(len(n), np.nan), where=n_from > 0)
    frame = keys.to_frame(index=False, name=["group", "from_state", "to_state"])
    frame = frame.assign(n=n, n_from=n_from, proportion=share)
    return frame[list(TRANSITION_COLUMNS)].astype({"group": "string"})
