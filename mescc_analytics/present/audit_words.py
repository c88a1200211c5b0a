"""The audit in words: five lines for a clinical lead, and what each number means."""

from mescc_analytics import codebook
from mescc_analytics.present import display

STATUS = {
    "met": "Target met",
    "not_met": "Target not met",
    "uncertain": "Uncertain: the interval holds the target",
    "too_few": "Too few cases to judge",
    "nobody": "No case to judge",
    "reported": "Reported, not judged",
    "not_assessable": "Not assessable",
}
INTERVALS = {
    "symptom_to_presentation": "First symptom to presentation",
    "presentation_to_diagnosis": "Presentation to diagnosis",
    "diagnosis_to_treatment": "Diagnosis to treatment",
    "symptom_to_treatment": "First symptom to treatment",
}
PARTS = tuple(INTERVALS)[:3]


def indicator(name):
    """The declaration of one indicator."""
    return codebook.load("audit/indicators")["indicators"][name]


def harm(name):
    """Whether fewer is better."""
    return indicator(name).get("better") == "lower"


def distance(row):
    """How far a judged row lies on the good side of its target (share; negative: bad side)."""
    gap = float(row["proportion"]) - float(row["target"])
    return -gap if harm(row["indicator_id"]) else gap


def five_lines(overall, cycles, intervals):
    """Best, worst, changed, act on, cannot judge: (word, sentence, indicator id or None) each.

    Parameters
    ----------
    overall : DataFrame
        Indicators over all sites and periods.
    cycles, intervals : DataFrame
        As written by the audit step.
    """
    judged = overall[overall["status"].isin(["met", "not_met", "uncertain"])]
    ranked = sorted(judged.to_dict("records"), key=distance)
    failed = [row for row in ranked if row["status"] == "not_met"]
    return [
        ("Good", *_good(ranked)),
        ("Not good", *_not_good(failed)),
        ("Changed", *_changed(cycles)),
        ("Act on", *_act(failed, intervals)),
        ("Cannot judge", _cannot(overall), None),
    ]


def share_words(row):
    """A share with its counts and target: "161 of 274 (59 %), target 95 %"."""
    counts = display.n_of_total(int(row["numerator"]), int(row["denominator"]))
    return f"{counts}, target {'at most ' if harm(row['indicator_id']) else ''}{_percent(row)}"


def _percent(row):
    return f"{100 * float(row['target']):.0f} %"


def _good(ranked):
    met = [row for row in ranked if row["status"] == "met"]
    if not ranked:
        return "No indicator has enough cases to be judged.", None
    best = (met or ranked)[-1]
    title = indicator(best["indicator_id"])["title"]
    others = f" {len(met)} of {len(ranked)} judged indicators meet their target." if met else ""
    start = "" if met else "No indicator clearly meets its target; nearest: "
    return f"{start}{title}: {share_words(best)}.{others}", best["indicator_id"]


def _not_good(failed):
    if not failed:
        return "No indicator clearly misses its target.", None
    worst = failed[0]
    title = indicator(worst["indicator_id"])["title"]
    more = f" {len(failed)} indicators clearly miss their target." if len(failed) > 1 else ""
    return f"{title}: {share_words(worst)}.{more}", worst["indicator_id"]


def _changed(cycles):
    clear = cycles[cycles["verdict"].isin(["better", "worse"])]
    if cycles.empty:
        return "There are no two periods to compare.", None
    span = f"{cycles['first_cycle'].iloc[0]} and {cycles['second_cycle'].iloc[0]}"
    if clear.empty:
        return f"Between {span} no indicator changed beyond chance.", None
    row = clear.loc[clear["difference"].astype(float).abs().idxmax()]
    title = indicator(row["indicator_id"])["title"]
    first, second = (
        display.n_of_total(int(row[f"{w}_numerator"]), int(row[f"{w}_denominator"]))
        for w in ("first", "second")
    )
    more = f" {len(clear)} indicators changed beyond chance." if len(clear) > 1 else ""
    words = f"{title} became {row['verdict']}: {first} in {row['first_cycle']}, {second} in "
    return f"{words}{row['second_cycle']}.{more}", row["indicator_id"]


def _act(failed, intervals):
    whole = intervals[(intervals["site"] == "all") & (intervals["period"] == "all")]
    parts = whole[whole["interval"].isin(PARTS)].dropna(subset=["share_of_days"])
    delay = ""
    if len(parts):
        row = parts.loc[parts["share_of_days"].astype(float).idxmax()]
        share = f"{100 * float(row['share_of_days']):.0f} %"
        delay = f" Of all days from symptom to treatment, {share} lie between "
        delay += f"{INTERVALS[row['interval']].lower().replace(' to ', ' and ')}."
    if not failed:
        return f"Nothing fails clearly; look at the uncertain indicators first.{delay}", None
    most = max(failed, key=_cases_missed)
    title = indicator(most["indicator_id"])["title"]
    missed = display.plural(_cases_missed(most), "case")
    return f"{title}: {missed} to review, listed below.{delay}", most["indicator_id"]


def _cases_missed(row):
    passed, n = int(row["numerator"]), int(row["denominator"])
    return passed if harm(row["indicator_id"]) else n - passed


def _cannot(overall):
    absent = overall[overall["status"] == "not_assessable"]
    few = overall[overall["status"].isin(["too_few", "nobody"])]
    parts = []
    if len(absent):
        columns = dict.fromkeys(c for text in absent["needs"] for c in str(text).split("; "))
        names = display.listing([codebook.label(c) for c in list(columns)[:4]])
        more = " and others" if len(columns) > 4 else ""
        parts.append(f"{display.plural(len(absent), 'indicator')} for want of {names}{more}")
    if len(few):
        parts.append(f"{display.plural(len(few), 'indicator')} for want of cases")
    return f"{display.listing(parts).capitalize()}." if parts else "Every indicator can be judged."


def definition(name):
    """Term and words of one indicator's definition, in the order in which it is judged."""
    entry = indicator(name)
    stamps = codebook.load("audit/indicators")["stamps"]
    rows = [("Measures", entry["sentence"])]
    for clock in entry.get("clocks", []):
        rows.append(("Clock", f"{stamps[clock['from']]} to {stamps[clock['to']]}, {_limit(clock)}"))
    left_out = [exclusion["label"] for exclusion in entry.get("excludes", [])]
    rows.append(("Left out", display.listing(left_out) if left_out else "nobody"))
    rows.append(("Standard", f"{entry['standard']}, version {entry['standard_version']}"))
    if "from" in entry or "until" in entry:
        until = f" to {entry['until']}" if "until" in entry else " on"
        rows.append(("Judges cases", f"presenting from {entry.get('from', 'ever')}{until}"))
    rows.append(("Source", f"{entry['source']} ({entry['status']})"))
    if "note" in entry:
        rows.append(("Note", entry["note"]))
    return rows


def _limit(clock):
    if clock.get("order"):
        return "in this order"
    limit = f"{clock['hours']} hours" if "hours" in clock else f"{clock['days']} days"
    if "not_before_days" in clock:
        return f"after day {clock['not_before_days']} and within {limit}"
    return f"within {limit}"
