"""Groups of cases for the analyses, and why a group cannot be formed."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError

NOT_ASSESSABLE = ["analysis", "needs", "reason"]
NO_TREATMENT = "surgery_day and rt_start_day, or arm"
MAX_LEVELS = 12  # more distinct values than this are measured, not grouped


def group_by(frame, name):
    """Groups of one baseline column, in codebook order.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
    name : str

    Returns
    -------
    (Categorical Series or None, str)
        The groups, or None and the reason in words.
    """
    if name not in frame or frame[name].isna().all() or _says_nothing(frame[name]):
        return None, f"needs {source_column(name)}"
    column, values = codebook.columns("all").get(name), frame[name]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values, ""
    if values.dtype == "boolean":
        text = values.map({True: "yes", False: "no"})
        return pd.Series(pd.Categorical(text, ["no", "yes"]), index=frame.index), ""
    if column is not None and column.bands:
        return _banded(values, column.bands), ""
    levels = sorted(values.dropna().unique())
    if len(levels) > MAX_LEVELS:
        return None, f"{name} has {len(levels)} distinct values and no bands in the codebook"
    text = values.map(
        {level: f"{level:g}" if not isinstance(level, str) else level for level in levels}
    )
    return pd.Series(
        pd.Categorical(text, [f"{v:g}" if not isinstance(v, str) else v for v in levels]),
        index=frame.index,
    ), ""


def _says_nothing(values):
    """A score that could be given to nobody is as good as absent."""
    return bool(values.astype("string").isin(["undetermined", "unknown", "not_applicable"]).all())


def source_column(name):
    """The input column that a derived one is made from, for a message that a user can act on."""
    sources = {
        "sosg_high_grade": "sosg_grade",
        "sosg_rank": "sosg_grade",
        "radiosensitivity": "primary_histology",
        "spinal_region": "spinal_levels",
        "sosg_valid": "spinal_levels",
        "sins_category": "spinal_levels (or sins_location) and the other sins_* columns",
    }
    return sources.get(name, name)


def _banded(values, limits):
    number = values.to_numpy(dtype=float, na_value=np.nan)
    names = [
        f"under {limits[0]:g}",
        *(f"{a:g} to under {b:g}" for a, b in zip(limits, limits[1:], strict=False)),
        f"{limits[-1]:g} or more",
    ]
    code = np.where(np.isnan(number), -1, np.searchsorted(limits, number, side="right"))
    return pd.Series(pd.Categorical.from_codes(code, names), index=values.index)


def arms_of(frame):
    """Cases in the comparison of arms, their arms, and the reason where there is nothing to
    compare.
    """
    compared = frame[frame["in_arms"].fillna(False).to_numpy(dtype=bool)]
    if not frame["arm"].astype("string").ne("unknown").any():
        dated = {"surgery_day", "rt_start_day"} & set(frame)
        needs = "rt_technique, or rt_dose_gy and rt_fractions" if dated else NO_TREATMENT
        return compared, None, f"needs {needs}"
    arm = compared["arm"].cat.remove_unused_categories()
    return compared, arm, "" if len(arm) else "no case with a known arm is left at the landmark"


def reference_arm(arm, wanted=None):
    """The arm against which the others are compared: as configured, else the codebook's first
    choice that occurs.
    """
    present = list(arm.cat.categories)
    if wanted is not None and wanted not in present:
        raise UsageError(
            "the config",
            [f"cohort.reference_arm: found '{wanted}', wanted one of {', '.join(present)}"],
        )
    preferred = [name for name in codebook.load("arms")["reference"] if name in present]
    return wanted or (preferred or present)[0]


def reference_first(arm, wanted=None):
    """The same arms with the reference as first category, as a model for hazards wants them."""
    first = reference_arm(arm, wanted)
    return arm.cat.reorder_categories(
        [first, *(name for name in arm.cat.categories if name != first)]
    )


def not_assessable(analysis, reason):
    """A row of not_assessable.csv: the analysis, the columns that it lacks, the reason in words."""
    needs = reason.removeprefix("needs ") if reason.startswith("needs ") else ""
    return {"analysis": analysis, "needs": needs, "reason": reason}


def stack(parts):
    """Tables one below the other; an empty column in one part does not decide the type of all."""
    return pd.concat([part.astype(object) for part in parts], ignore_index=True).infer_objects()
