"""Real cohorts to try the workflow on: one ships with a library, one is rebuilt from counts."""

from importlib import util
from pathlib import Path

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError


def lung():
    """The NCCTG cohort of advanced lung cancer, as it ships with lifelines.

    Returns
    -------
    pandas.DataFrame, shape (228, 11)
        ``case_id`` (L001, L002, ...) and the raw columns: inst, time (days), status (1 = died,
        0 = censored), age, sex (1 = male, 2 = female), ph.ecog, ph.karno, pat.karno, meal.cal,
        wt.loss.

    Raises
    ------
    UsageError
        If lifelines is not installed.

    References
    ----------
    Loprinzi et al., J Clin Oncol 1994;12:601-7.

    Examples
    --------
    >>> lung()["case_id"].head(2).to_list(), lung()["time"].head(2).to_list()
    (['L001', 'L002'], [306, 455])
    """
    # the specification is enough to find the file; importing lifelines takes about two seconds
    package = util.find_spec("lifelines")
    if package is None:
        raise UsageError("example 'lung'", ["lifelines, which ships the cohort, is not installed"])
    raw = pd.read_csv(Path(package.origin).parent / "datasets" / "lung.csv")
    raw.insert(0, "case_id", _numbered("L", len(raw)))
    return raw


def patchell():
    """The 101 patients of the trial of decompressive surgery, rebuilt from its published counts.

    Returns
    -------
    pandas.DataFrame, shape (101, 6)
        ``case_id``, ``arm`` (surgery_cebrt, cebrt_long), ``ambulatory_status`` at entry and
        ``ambulatory_status_30d`` after treatment (aided = walking, non_ambulatory = not walking:
        the paper says no more), ``last_contact_day`` (30) and ``died`` (always "no": survival is
        not in the published counts).

    References
    ----------
    Patchell et al., Lancet 2005;366:643-8; counts in ``codebook/patchell.yaml``.

    Examples
    --------
    >>> patchell().groupby("arm", sort=False).size().to_dict()
    {'surgery_cebrt': 50, 'cebrt_long': 51}
    """
    trial = codebook.load("patchell")
    levels = {"walking": trial["walking_level"], "not_walking": trial["not_walking_level"]}
    day = trial["assessment_day"]
    strata = [
        {
            "arm": stratum["arm"],
            "ambulatory_status": levels[stratum["entry"]],
            f"ambulatory_status_{day}d": levels[after],
        }
        for stratum in trial["counts"]
        for after, n in _after(stratum).items()
        for _ in range(n)
    ]
    cases = pd.DataFrame(strata).assign(last_contact_day=day, died="no")
    cases.insert(0, "case_id", _numbered("P", len(cases)))
    return cases


def _after(stratum):
    return {
        "walking": stratum["walking_after"],
        "not_walking": stratum["n"] - stratum["walking_after"],
    }


def _numbered(letter, n):
    return [f"{letter}{number:03d}" for number in range(1, n + 1)]
