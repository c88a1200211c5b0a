"""How the audit judges, in words, with the settings it rests on."""

from mescc_analytics import codebook
from mescc_analytics.present import display

TARGETS = (
    "NICE sets no numeric target for any of these statements; it regards 100 % as the aim. Every "
    "target on this page is local: {default} where nothing else is said (audit.default_target), "
    "the limit of an open audit list where an indicator names one, or what the service itself set "
    "in audit.targets."
)
VERDICTS = (
    "Each case is judged by each indicator in turn: whom it asks for, whom it leaves out and why, "
    "its clock from one named time stamp to another, and what else must hold. What is not recorded "
    "is unknown and never counts as met or not met. An interval below zero is an error of the "
    "data. The share is that of the cases judged; the range beside it takes every open case as "
    "failed, then as passed."
)
RESOLUTION = {
    "day": (
        "The table holds whole days. A limit in hours is then judged with bounds: the same day is "
        "within 24 hours, the day after it is open, two days later is late; the order of two steps "
        "on one day is open."
    ),
    "hour": "The table holds clock times, so that limits in hours are judged to the hour.",
}
VERSIONS = {
    "by_case": (
        "A case is judged by the standard in force when the patient presented. The measures of "
        "2014 hold to the third quarter of 2023, those of 2023 from its fourth quarter on; of a "
        "case of 2023 without its quarter, the middle of the year decides, so that it is judged by "
        "the measures of 2014. A case without a year is judged by what holds now."
    ),
    "": "All cases are judged by the standards in force at the end of {year}, whenever they came.",
}
NOT_HELD = (
    "Refusal of treatment, care at the end of life and transfer after imaging elsewhere are no "
    "columns of the table. Such cases are not left out, except those imaged before presentation."
)
CHARTS = (
    "Charts over time have 3-sigma limits around the share of all periods, widened after Laney "
    "where the points vary beyond chance ({overdispersion}). {shift_points} points on one side of "
    "the line are a shift, {trend_points} rising or falling points a trend; fewer crossings of the "
    "line than chance explains, or a point outside the limits, are signals too. The rules are "
    "applied from {min_periods} periods on and read no point of fewer than {min_point} judged "
    "cases. Funnels have exact binomial limits around all sites together. The CUSUM of a harm "
    "looks for {cusum_odds_ratio:g} times the odds of what is expected and signals at "
    "{cusum_limit:g}; it takes no account of case mix."
)
COUNTED = (
    "Intervals of a share are Wilson's, of a difference Newcombe's, each at {level}. Nothing is "
    "judged on fewer than {min_denominator} cases. A status says whether the interval lies on one "
    "side of the target; many indicators are looked at together, so that one in about twenty will "
    "seem to change by chance."
)


def paragraphs(settings, resolution):
    """Methods in sentences.

    Parameters
    ----------
    settings : dict
        The audit section of the config.
    resolution : {"day", "hour"}

    Returns
    -------
    list of str
    """
    version = settings["version"]
    versions = VERSIONS.get(version) or VERSIONS[""].format(year=version)
    level = share(settings["confidence_level"])
    return [
        TARGETS.format(default=share(settings["default_target"])),
        VERDICTS,
        RESOLUTION[resolution],
        versions,
        NOT_HELD,
        COUNTED.format(level=level, **settings),
        CHARTS.format(**settings),
    ]


def share(value):
    """A target in percent: "90 %", "97.5 %"."""
    return f"{100 * float(value):.3g} %"


def settings_rows(settings):
    """Every setting of the audit as (name, value in words)."""
    return [(f"audit.{name}", _value(value)) for name, value in sorted(settings.items())]


def _value(value):
    if isinstance(value, dict):
        return display.listing([f"{k} {v:g}" for k, v in sorted(value.items())]) or "none"
    if isinstance(value, list):
        return " against ".join(", ".join(map(str, part)) for part in value)
    return "default" if value is None else str(value).replace("_", " ")


def standards():
    """Standard, its version and the indicators that apply it, in the order of the codebook."""
    found = {}
    for name, entry in codebook.load("audit/indicators")["indicators"].items():
        key = entry["standard"], str(entry["standard_version"]), held(entry)
        found.setdefault(key, []).append(name)
    return [(*key, ", ".join(names)) for key, names in found.items()]


def held(entry):
    """When a standard holds, in words."""
    if "from" not in entry and "until" not in entry:
        return "every case"
    until = f" to {entry['until']}" if "until" in entry else " on"
    return f"cases from {entry.get('from', 'ever')}{until}"
