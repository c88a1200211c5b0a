"""Which state the cases are in over time: walking, not walking, dead, or alive and not known.

A status is known on the days on which it was seen. It is held until the next one is seen, for at
most `hold_days`, and never beyond the end of follow-up; after that the status is unknown. Who is
no longer followed is taken to fare like those of the group who still are: the share alive is the
Kaplan-Meier estimate, divided as among the cases under observation on that day.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import codes
from mescc_analytics.stats.curves import TOLERANCE, as_numbers, checked
from mescc_analytics.stats.resampling import percentile_interval

STATES = ("walking", "not_walking", "dead", "unknown")
MEASURES = ("alive", "walking", "walking_lowest", "walking_highest", "unknown")
# with more cases, random blocks of them are resampled in place of single ones
MAX_BLOCKS = 2000


@dataclass(frozen=True)
class OccupancySpec:
    """Choices of an analysis of states over time.

    Attributes
    ----------
    start_days, horizon_days : float
        First and last day, counted from time zero.
    hold_days : float
        For how long a status counts after it was seen.
    step_days : float
        Distance of the days that are reported.
    level : float
        Confidence level.
    n_resamples : int
        Bootstrap samples.
    """

    start_days: float = 0.0
    horizon_days: float = 365.0
    hold_days: float = 120.0
    step_days: float = 7.0
    level: float = 0.95
    n_resamples: int = 1000

    def days(self):
        """Days that are reported: every step from the start, and the horizon."""
        days = np.arange(self.start_days, self.horizon_days, self.step_days)
        return np.r_[days, self.horizon_days]


DEFAULT = OccupancySpec()


def held(seen, time, hold_days):
    """From when to when each status that was seen is held.

    Parameters
    ----------
    seen : DataFrame
        row (of the case), day, walking (bool).
    time : array of float, shape (n_cases,)
        End of follow-up.
    hold_days : float

    Returns
    -------
    DataFrame
        row, day, walking, next_day (of the next status seen, infinite: none), until. By case and
        day; of two on one day only the worse.

    >>> seen = pd.DataFrame({"row": [0, 0], "day": [0.0, 90.0], "walking": [True, False]})
    >>> held(seen, np.array([100.0]), 60)["until"].tolist()
    [60.0, 100.0]
    """
    ordered = seen[["row", "day", "walking"]].sort_values(["row", "day", "walking"])
    ordered = ordered.drop_duplicates(["row", "day"]).reset_index(drop=True)
    same = ordered["row"].eq(ordered["row"].shift(-1)).to_numpy()
    following = np.where(same, ordered["day"].shift(-1).to_numpy(float), np.inf)
    end = np.asarray(time, float)[ordered["row"].to_numpy(int)]
    until = np.minimum(np.minimum(following, end), ordered["day"].to_numpy(float) + hold_days)
    return ordered.assign(next_day=following, until=until)


class Panel:
    """Counts of cases in each state, on each day that matters and just after it.

    Position 2r is the r-th distinct time, 2r + 1 what follows up to the next: a case censored on a
    day is still under observation on it, and one that died on a day is dead on it.
    """

    def __init__(self, time, died, seen, spec):
        self.spec, self.n = spec, len(time)
        spans = held(seen, time, spec.hold_days)
        begin = np.maximum(spans["day"].to_numpy(float), spec.start_days)
        until, row = spans["until"].to_numpy(float), spans["row"].to_numpy(int)
        kept = (begin <= np.minimum(until, spec.horizon_days)) & (spans["next_day"] > begin)
        begin, until, row = begin[kept], until[kept], row[kept]
        kind = np.where(spans["walking"], 0, 1)[kept]
        inside = [v[(v >= spec.start_days) & (v < spec.horizon_days)] for v in (begin, until, time)]
        self.times = np.unique(np.concatenate([*inside, spec.days()]))
        self.width = 2 * len(self.times) + 2
        # a status that is held to a censoring counts on that day; to anything else, only before it
        to_the_end = (until >= time[row]) & (spans["next_day"].to_numpy(float)[kept] > until)
        stops = self._position(until) + (to_the_end & ~died[row])
        cases = np.arange(self.n)
        parts = [
            (kind * self.width + self._position(begin), row, 1.0),
            (kind * self.width + stops, row, -1.0),
            (2 * self.width + self._position(time) + ~died, cases, 1.0),
            (3 * self.width + self._position(time)[died], cases[died], 1.0),
        ]
        self.cell, self.row = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        self.sign = np.concatenate([np.full(len(cell), sign) for cell, _, sign in parts])

    def _position(self, day):
        """Position of a day among the times; beyond the horizon the last."""
        return 2 * np.searchsorted(self.times, np.asarray(day, float), side="left")

    def totals(self):
        """Changes of the counts over all cases, by kind and position."""
        return np.bincount(self.cell, self.sign, minlength=4 * self.width)

    def resampled(self, rng, cluster=None):
        """The same for bootstrap samples of the cases, or of clusters, one after the other."""
        block = np.arange(self.n) if cluster is None else codes(cluster, self.n, "clusters")
        n_blocks = int(block.max(initial=-1)) + 1
        if n_blocks > MAX_BLOCKS:
            block = (rng.permutation(n_blocks) % MAX_BLOCKS)[block]
            n_blocks = MAX_BLOCKS
        shape = (4 * self.width, n_blocks)
        changes = csr_matrix((self.sign, (self.cell, block[self.row])), shape=shape)
        size = np.bincount(block, minlength=n_blocks)
        for _ in range(self.spec.n_resamples):
            drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks))
            yield changes @ drawn, float(size @ drawn)

    def shares(self, changes, n):
        """Share alive, and of the cases under observation those walking, not walking and of
        unknown status; each by position, NaN where nobody is left to tell.
        """
        walking, idle, left, deaths = changes.reshape(4, self.width)[:, :-2]
        followed = n - np.cumsum(left)
        before = np.r_[n, followed[:-1]]
        hazard = np.divide(deaths, before, out=np.zeros(len(deaths)), where=before > 0)
        alive = np.cumprod(1 - np.clip(hazard, 0, 1))
        # resampled counts are sums of signed numbers: what is left of rounding is nobody
        followed = np.where(followed > 0.5, followed, 0.0)
        nobody = (followed == 0) & (alive > TOLERANCE)
        counts = [np.cumsum(walking), np.cumsum(idle)]
        counts = [*counts, followed - counts[0] - counts[1]]
        shares = [
            np.divide(np.rint(count), followed, out=np.zeros(len(count)), where=followed > 0)
            for count in counts
        ]
        alive = np.where(nobody, np.nan, alive)
        return alive, *(np.where(nobody, np.nan, share) for share in shares)

    def read(self, changes, n):
        """States on the reported days, and expected days, from changes of the counts."""
        shares = self.shares(changes, n)
        return self._states(shares), self._expected_days(shares)

    def _states(self, shares):
        """Share of all cases in each state on the reported days, shape (n_days, 4)."""
        alive, walking, idle, unknown = (
            values[self._position(self.spec.days())] for values in shares
        )
        return np.column_stack([alive * walking, alive * idle, 1 - alive, alive * unknown])

    def _expected_days(self, shares):
        """Days from the start to the horizon by measure, shape (5,)."""
        gaps = np.diff(self.times)
        alive, walking, idle, unknown = (values[1:-1:2] for values in shares)
        known = walking + idle
        share = np.divide(walking, known, out=np.full(len(known), np.nan), where=known > 0)
        share = np.where(alive == 0, 0.0, share)
        parts = (1.0, share, walking, walking + unknown, unknown)
        return np.array([float((gaps * (alive * part)).sum()) for part in parts])


def _checked(time, died, seen, spec):
    time, died = checked(time, died, spec.start_days)
    row = as_numbers(seen["row"])
    if len(row) and not ((row >= 0) & (row < len(time))).all():
        raise UsageError("statuses seen", [f"wanted rows from 0 to {len(time) - 1}"])
    if not spec.horizon_days > spec.start_days:
        raise UsageError(
            "horizon",
            [f"found day {spec.horizon_days:g}, wanted a day after {spec.start_days:g}"],
        )
    return time, died


def occupancy(time, died, seen, *, rng, spec=DEFAULT, cluster=None):
    """States over time of one group, and the days expected in them.

    Parameters
    ----------
    time, died : array-like, shape (n_cases,)
        End of follow-up in days from time zero, none before the start; True: died then.
    seen : DataFrame
        row (position of the case), day, walking (bool): one row per status that was seen.
    rng : numpy.random.Generator
    spec : OccupancySpec
    cluster : array-like, shape (n_cases,), optional
        Cases that are drawn together.

    Returns
    -------
    curves : DataFrame
        time_days, n_followed (under observation on that day), and for walking, not_walking, dead,
        unknown the share with _lower and _upper (bootstrap percentiles). The four add up to 1.
    days : array, shape (1 + n_resamples, 5)
        Expected days from the start to the horizon by MEASURES, first the estimate, then the
        resamples. "walking" divides the days of unknown status as those known at the time;
        "walking_lowest" and "walking_highest" count them as not walking and as walking.

    >>> seen = pd.DataFrame({"row": [0, 1], "day": [0.0, 0.0], "walking": [True, False]})
    >>> spec = OccupancySpec(horizon_days=10, step_days=5, n_resamples=2)
    >>> curves, days = occupancy([10, 5], [0, 1], seen, rng=np.random.default_rng(1), spec=spec)
    >>> curves[["time_days", "walking", "not_walking", "dead", "unknown"]]
       time_days  walking  not_walking  dead  unknown
    0        0.0      0.5          0.5   0.0      0.0
    1        5.0      0.5          0.0   0.5      0.0
    2       10.0      0.5          0.0   0.5      0.0
    >>> dict(zip(MEASURES, days[0].round(6).tolist()))["walking"]
    5.0
    """
    time, died = _checked(time, died, seen, spec)
    panel = Panel(time, died, seen, spec)
    found = [panel.read(panel.totals(), panel.n)]
    found += [panel.read(*sample) for sample in panel.resampled(rng, cluster)]
    estimate, states = found[0][0], np.array([states for states, _ in found[1:]])
    days = np.array([days for _, days in found])
    columns = {"time_days": spec.days()}
    columns["n_followed"] = [
        int((time > day).sum() + ((time == day) & ~died).sum()) for day in spec.days()
    ]
    lower, upper = _limits(states, spec.level)
    for place, state in enumerate(STATES):
        columns |= {
            state: estimate[:, place],
            f"{state}_lower": lower[:, place],
            f"{state}_upper": upper[:, place],
        }
    return pd.DataFrame(columns), days


def _limits(values, level):
    """Percentiles over the first axis; NaN where all resamples agree or too many have none."""
    shape = values.shape[1:]
    flat = values.reshape(len(values), -1)
    limits = np.array([percentile_interval(column, level)[:2] for column in flat.T])
    return (limits[:, side].reshape(shape) for side in (0, 1))
