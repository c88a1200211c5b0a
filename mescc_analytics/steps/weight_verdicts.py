"""What the diagnostics allow to be shown of each adjusted contrast, and why not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.steps.weight_diagnostics import EVERYTHING, RATIO

WITHHELD, FAILED = "withheld: ", "diagnostics failed: "
WORDS = {
    "arm_size": "cases in the arm",
    "separation": "covariates that tell the arms apart",
    "balance": "standardised difference after weighting",
    "variance_ratio": "ratio of variances after weighting",
    "overlap": "share of an arm in the overlap",
    "effective_size": "effective sample size",
    "events_per_parameter": "cases per parameter",
    "detectable_effect": "detectable hazard ratio",
    "missingness": "share without a value",
    "proportional_hazards": "p of proportional hazards",
}
# the reason of these names the covariates
NAMING = ("balance", "variance_ratio", "missingness", "separation")


@dataclass(frozen=True)
class Verdict:
    """What may be shown of one contrast.

    Attributes
    ----------
    group, reference : str
    shown : bool
        Whether it has any number.
    ratio : bool
        Whether it has a hazard ratio.
    note, ratio_note : str
        What stands beside its estimates, and beside its hazard ratio.
    """

    group: str
    reference: str
    shown: bool
    ratio: bool
    note: str = ""
    ratio_note: str = ""


def verdicts(diagnostics, weighted, on_failure):
    """One verdict per contrast of an analysis.

    Parameters
    ----------
    diagnostics : DataFrame
        Rows of diagnostics.csv of the analysis.
    weighted : collection of str
        Arms with weights: the others have no estimate, whatever the config says.
    on_failure : {"withhold", "show"}

    Returns
    -------
    list of Verdict
        In the order of the table.
    """
    found = []
    for (group, reference), rows in diagnostics.groupby(["group", "reference"], sort=False):
        failed = rows[rows["verdict"] == "fail"]
        every, ratio = (failed[failed["withholds"] == what] for what in (EVERYTHING, RATIO))
        present = {group, reference} <= set(weighted)
        show = on_failure == "show" and present
        shown = show or (present and every.empty)
        begins = FAILED if show else WITHHELD
        found.append(
            Verdict(
                str(group),
                str(reference),
                shown,
                shown and (show or ratio.empty),
                _note(begins, every),
                _note(begins, failed),
            )
        )
    return found


def _note(begins, rows):
    words = [_words(row) for row in rows.to_dict("records")]
    return begins + "; ".join(words) if words else ""


def _words(row):
    """A failed diagnostic with its value and limit."""
    name = WORDS[row["diagnostic"]]
    numbers = f"{name} {_number(row['value'])}, limit {_number(row['limit'])}"
    return f"{numbers} ({row['why']})" if row["diagnostic"] in NAMING else numbers


def _number(value):
    if pd.isna(value):
        return "unknown"
    return "infinite" if np.isinf(value) else f"{value:.3g}"
