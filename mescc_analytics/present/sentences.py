"""The report in one minute: a few sentences with numbers, without causal wording."""

from mescc_analytics.present import display, wording
from mescc_analytics.present.study import NAIVE

LEAST_ARM = 10  # smaller arms are in the tables, but their extremes are chance
WALKING_DAY = 90  # where there are results at it; otherwise the last day with results
CAUTION = (
    "Do not read the differences between arms as effects of treatment: patients were chosen for "
    "their treatment "
    "(confounding by indication), so the arms differed before it began, as Table 1 shows."
)
CAUTION_GIVEN = (
    "The table gives the arms: differences between them can be read as effects of treatment only "
    "if the arms were assigned at random. They are not adjusted."
)


def in_one_minute(facts, frames, study):
    """Sentences for the head of the report.

    Parameters
    ----------
    facts : dict
        n_supplied and n_arms (None where withheld), n_overall, optionally year_first and
        year_last, and shares (name to [n, total]).
    frames : dict of str to DataFrame
        summary, rates and flow, suppressed; adjusted, in one sentence, if it is there.
    study : Study

    Returns
    -------
    list of str
    """
    sentences = [
        _who(facts, frames["summary"], study),
        _presented(facts["shares"]),
        _survived(frames["summary"], study),
        _walked(frames["rates"], study),
        _arms(frames, study),
    ]
    return [sentence for sentence in sentences if sentence]


def _who(facts, summary, study):
    years = f", presenting {year_range(facts)}" if "year_first" in facts else ""
    sentence = f"{_analysed(facts, study)}{years}"
    if (summary["analysis"] == "by_arm").any():
        at = (
            f", which starts at the landmark on day {display.day_count(study.landmark_days)}"
            if study.landmark_days
            else ""
        )
        sentence += f"; {_compared(facts, study)} in the comparison of arms{at}"
    return sentence + "."


def _analysed(facts, study):
    n_overall, n_supplied = facts["n_overall"], facts["n_supplied"]
    are = "is" if n_overall == 1 else "are"
    if n_supplied is None:
        cases = display.plural(n_overall, "case")
        return f"{cases} {are} analysed, fewer than {study.threshold} were excluded"
    supplied = display.plural(n_supplied, "case")
    return f"Of {supplied} supplied, {display.number(n_overall)} {are} analysed"


def _compared(facts, study):
    if facts["n_arms"] is None:
        return f"all but fewer than {study.threshold} of them are"
    return f"{display.number(facts['n_arms'])} of them {'is' if facts['n_arms'] == 1 else 'are'}"


def year_range(facts):
    """Presentation years in words, one year alone."""
    first, last = facts["year_first"], facts["year_last"]
    return f"in {first}" if first == last else f"{first} to {last}"


def _presented(shares):
    words = {
        "walking": "could walk",
        "high_grade": "had high-grade compression (SOSG 2 or 3)",
        "unstable": "had an unstable spine by SINS",
    }
    parts = [
        f"{display.n_of_total(*shares[name])} {words[name]}" for name in words if name in shares
    ]
    return (
        f"At presentation, {display.listing(parts)}; each of those with the item known."
        if parts
        else ""
    )


def _survived(summary, study):
    overall = summary[summary["analysis"] == "overall"]
    if overall.empty:
        return ""
    row = overall.iloc[0]
    if not display.is_missing(row["events"]) and row["events"] == 0:
        return "No death was recorded, so that median survival cannot be estimated."
    if display.is_missing(row["median_days"]):
        return f"Median survival from {study.time_zero_words} was not reached or is not shown."
    interval = display.interval(
        row["median_lower"], row["median_upper"], display.day_count, study.level
    )
    interval = interval.replace(" to not reached", " days to not reached")
    unit = "" if interval.endswith(("not reached", "not estimable")) else " days"
    followed = row.get("follow_up_median_days")
    extra = (
        "" if display.is_missing(followed) else f"; median follow-up was {display.days(followed)}"
    )
    median = display.days(row["median_days"])
    return f"Median survival from {study.time_zero_words} was {median}, {interval}{unit}{extra}."


def _walked(rates, study):
    at_day = _at_day(rates, "overall", study)
    if at_day.empty:
        return ""
    row = at_day.iloc[0]
    form = _share_form(row)
    interval = display.interval(row["ci_lower"], row["ci_upper"], form, study.level)
    dead = (
        "" if display.is_missing(row["n_dead"]) else f"; {display.number(row['n_dead'])} had died"
    )
    unknown = (
        ""
        if display.is_missing(row["n_unknown"])
        else f" and {display.number(row['n_unknown'])} were not assessed"
    )
    day, share = display.day_count(row["timepoint_days"]), (row["numerator"], row["denominator"])
    return (
        f"At {day} days {display.n_of_total(*share)} were walking, {interval}, "
        f"{wording.ESTIMAND_WHO[study.estimand]}{dead}{unknown if dead else ''}."
        f"{_understated(row, study)}"
    )


def _understated(row, study):
    """Which way the share errs where the dead are all known and some of the living are not."""
    counts = [row[name] for name in ("n_dead", "n_unknown")]
    known = study.estimand == "composite" and not any(map(display.is_missing, counts))
    return f" {wording.UNDERSTATED}" if known and min(counts) > 0 else ""


def _share_form(row):
    return lambda value: display.percent_value(value, row["denominator"])


def _at_day(rates, analysis, study):
    chosen = rates[
        (rates["analysis"] == analysis)
        & (rates["baseline"] == "all")
        & (rates["estimand"] == study.estimand)
    ]
    chosen = chosen.dropna(subset=["proportion"])
    days = chosen["timepoint_days"].astype(float)
    return chosen[days == (WALKING_DAY if (days == WALKING_DAY).any() else days.max())]


def _arms(frames, study):
    summary = frames["summary"]
    by_arm = summary[summary["analysis"] == "by_arm"]
    if len(by_arm) < 2:
        return ""
    parts = [_survival_range(by_arm), _walking_range(_at_day(frames["rates"], "by_arm", study))]
    found = display.listing(filter(None, parts))
    between = f"Between arms with at least {LEAST_ARM} cases, {found}. " if found else ""
    caution = CAUTION_GIVEN if study.arms_given else CAUTION
    naive = f" {NAIVE}" if study.naive else ""
    weighted = f" {frames['adjusted']}" if frames.get("adjusted") else ""
    return f"{between}{_before_landmark(frames['flow'], study)}{caution}{weighted}{naive}"


def _survival_range(by_arm):
    known = by_arm[(by_arm["n"] >= LEAST_ARM).fillna(False)].dropna(subset=["median_days"])
    if len(known) < 2:
        return ""
    text = _extremes(known, "median_days", "n", lambda row: display.days(row["median_days"]))
    return f"median survival was {text}"


def _walking_range(at_day):
    known = at_day[(at_day["denominator"] >= LEAST_ARM).fillna(False)]
    if len(known) < 2:
        return ""
    text = _extremes(
        known,
        "proportion",
        "denominator",
        lambda row: display.percent(row["numerator"], row["denominator"]),
    )
    return f"walking at {display.day_count(known['timepoint_days'].iloc[0])} days was {text}"


def _before_landmark(flow, study):
    deaths = flow[flow["criterion"].str.contains("alive_at_landmark", na=False)]
    if not study.landmark_days or deaths.empty:
        return ""
    n_dead, criteria = deaths["n_excluded"].iloc[0], deaths["criterion"].iloc[0]
    number = "A few cases" if display.is_missing(n_dead) else display.plural(n_dead, "case")
    left = "died" if criteria == "alive_at_landmark" else "died or left follow-up"
    return f"{number} {left} by the landmark and are counted apart, under Who was included. "


def _extremes(rows, name, size, form):
    """The two ends with the number of cases behind each, so that no end passes for a rank."""
    low, high = (rows.loc[rows[name].astype(float).agg(end)] for end in ("idxmin", "idxmax"))
    if low[name] == high[name]:
        return f"{form(low)} in each"
    ends = [
        f"{form(row)} ({wording.group_label('by_arm', row['group'])}, n = {row[size]:.0f})"
        for row in (low, high)
    ]
    return f"{ends[0]} to {ends[1]}"
