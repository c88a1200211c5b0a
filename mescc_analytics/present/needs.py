"""Why a weighted contrast is withheld, and what it would take to show it."""

import math
import re

from mescc_analytics.present import cells, display


def of(row):
    """Why, and what it would take: of one failed diagnostic.

    Parameters
    ----------
    row : dict
        One row of diagnostics.csv, suppressed.

    Returns
    -------
    (str, str)
    """
    return WORDS[row["diagnostic"]](row, str(row["why"]).partition(": ")[2])


def _balance(row, after):
    named = after or "its covariates"
    return f"still unlike in {named}", "more cases of both arms that are alike in it"


def _spread(row, after):
    return f"unlike spread of {after}", "more cases of both arms that are alike in it"


def _overlap(row, _):
    share = display.percent_value(row["limit"], 1)
    wanted = f"at least {share} % of each arm among patients of whom the other arm has cases too"
    return "too little overlap", wanted


def _effective_size(row, _):
    wanted = f"at least {row['limit']:.0f} effective cases in each arm"
    return "too few effective cases", wanted


def _parameters(row, _):
    found = re.search(r"for (?:each of )?(\d+) parameters", str(row["why"]))
    n = math.ceil(row["limit"] * int(found.group(1))) if found else None
    cases = f"{n} cases" if n else f"{display.number(row['limit'])} cases for each parameter"
    wanted = f"at least {cases} in the smaller arm, or fewer covariates"
    return "too few cases for the covariates", wanted


def _detectable(row, _):
    few = "too few deaths to find any but a large difference"
    if display.is_missing(row["value"]) or not math.isfinite(row["value"]):
        return few, "more deaths"
    times = (math.log(row["value"]) / math.log(row["limit"])) ** 2
    return few, f"about {display.number(times, 1)} times as many deaths"


def _missingness(row, after):
    share, named = display.percent_value(1 - row["limit"], 1), after.partition(" (")[0]
    return f"too much missing: {named}", f"{named} recorded in at least {share} % of each arm"


def _hazards(row, after):
    if display.is_missing(row["value"]):
        return "hazard ratio only: no deaths in an arm", "deaths in both arms"
    return (
        "hazard ratio only: hazards are not proportional",
        "nothing: days lived and survival on a day describe the contrast",
    )


def _arm_size(row, _):
    hidden = display.is_missing(row["value"])
    n = cells.marked(row) if hidden else display.number(row["value"])
    reference = str(row["why"]).startswith("the reference arm")
    which = "reference arm" if reference else "arm"
    return f"{which} too small: {n} cases", f"at least {row['limit']:.0f} cases in it"


def _separation(row, _):
    return (
        f"separated: no overlap of the arms in {separating(str(row['why']))}",
        "cases of both arms with each level",
    )


def separating(why):
    """The covariates, without their levels, that divide two arms.

    >>> separating("divided from the reference arm without exception by Sex: male, Age: missing")
    'Sex, Age'
    """
    named = why.partition("without exception by ")[2]
    return ", ".join(dict.fromkeys(part.partition(": ")[0] for part in named.split(", ") if part))


WORDS = {
    "balance": _balance,
    "variance_ratio": _spread,
    "overlap": _overlap,
    "effective_size": _effective_size,
    "events_per_parameter": _parameters,
    "detectable_effect": _detectable,
    "missingness": _missingness,
    "proportional_hazards": _hazards,
    "arm_size": _arm_size,
    "separation": _separation,
}
