"""The audit in words: five lines for a clinical lead, and what each number means."""

from mescc_analytics import codebook
from mescc_analytics.present import audit_methods, display

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


def in_force(rows):
    """The rows whose standard still holds; all of them where none does: what a replaced standard
    asked for is nothing to act on now.
    """
    return [row for row in rows if "until" not in indicator(row["indicator_id"])] or rows


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
    failed = in_force([row for row in ranked if row["status"] == "not_met"])
    return [
        ("Good", *_good(ranked)),
        ("Not good", *_not_good(ranked, failed)),
        ("Changed", *_changed(cycles)),
        ("Act on", *_act(ranked, failed, intervals)),
        ("Cannot judge", _cannot(overall), None),
    ]


def share_words(row):
    """A share with its counts and target: "161 of 274 (59 %), target 95 %"."""
    counts = display.n_of_total(int(row["numerator"]), int(row["denominator"]))
    return f"{counts}, target {'at most ' if harm(row['indicator_id']) else ''}{_percent(row)}"


def _percent(row):
    return audit_methods.share(row["target"])


def _good(ranked):
    met = [row for row in ranked if row["status"] == "met"]
    if not ranked:
        return "No indicator has enough cases to be judged.", None
    best = (met or ranked)[-1]
    title = indicator(best["indicator_id"])["title"]
    others = f" {len(met)} of {len(ranked)} judged indicators meet their target." if met else ""
    start = "" if met else "No indicator clearly meets its target; nearest: "
    return f"{start}{title}: {share_words(best)}.{others}", best["indicator_id"]


def _not_good(ranked, failed):
    if not ranked:
        return "Nothing can be said: no indicator has enough cases.", None
    if not failed:
        return "No indicator clearly misses its target.", None
    worst = failed[0]
    title = indicator(worst["indicator_id"])["title"]
    more = ""
    if len(failed) > 1:
        more = f" {len(failed)} indicators of standards in force clearly miss their target."
    return f"{title}: {share_words(worst)}.{more}", worst["indicator_id"]


def _changed(cycles):
    clear = cycles[cycles["verdict"].isin(["better", "worse"])]
    if cycles.empty:
        return "There are no two periods to compare.", None
    span = f"{cycles['first_cycle'].iloc[0]} and {cycles['second_cycle'].iloc[0]}"
    if clear.empty:
        return f"Between {span} no indicator changed beyond chance.", None
    row = max(in_force(clear.to_dict("records")), key=lambda row: abs(float(row["difference"])))
    title = indicator(row["indicator_id"])["title"]
    first, second = (
        display.n_of_total(int(row[f"{w}_numerator"]), int(row[f"{w}_denominator"]))
        for w in ("first", "second")
    )
    more = f" {len(clear)} indicators changed beyond chance." if len(clear) > 1 else ""
    words = f"{title} became {row['verdict']}: {first} in {row['first_cycle']}, {second} in "
    return f"{words}{row['second_cycle']}.{more}", row["indicator_id"]


def _act(ranked, failed, intervals):
    whole = intervals[(intervals["site"] == "all") & (intervals["period"] == "all")]
    parts = whole[whole["interval"].isin(PARTS)].dropna(subset=["share_of_days"])
    delay = ""
    if len(parts):
        row = parts.loc[parts["share_of_days"].astype(float).idxmax()]
        share = f"{100 * float(row['share_of_days']):.0f} %"
        delay = f" Of all days from symptom to treatment, {share} lie between "
        delay += f"{INTERVALS[row['interval']].lower().replace(' to ', ' and ')}."
    if not ranked:
        return f"Record what the indicators need: see Completeness.{delay}", None
    if not failed:
        unsure = any(row["status"] == "uncertain" for row in ranked)
        then = "; look at the uncertain indicators first" if unsure else ""
        return f"Nothing fails clearly{then}.{delay}", None
    # records that lack an item come after care that came late
    care = [row for row in failed if indicator(row["indicator_id"])["group"] != "records"]
    most = max(care or failed, key=_cases_missed)
    title = indicator(most["indicator_id"])["title"]
    missed = display.plural(_cases_missed(most), "case")
    return f"{title}: review its {missed}.{delay}", most["indicator_id"]


def _cases_missed(row):
    passed, n = int(row["numerator"]), int(row["denominator"])
    return passed if harm(row["indicator_id"]) else n - passed


def _cannot(overall):
    absent = overall[overall["status"] == "not_assessable"]
    few = overall[overall["status"].isin(["too_few", "nobody"])]
    parts = []
    if len(absent):
        columns = dict.fromkeys(c for text in absent["needs"] for c in str(text).split("; "))
        names = [column_label(c) for c in list(columns)[:4]] + ["others"] * (len(columns) > 4)
        wanted = display.listing(names)
        parts.append(f"{display.plural(len(absent), 'indicator')} for want of {wanted}")
    if len(few):
        parts.append(f"{display.plural(len(few), 'indicator')} for want of cases")
    return f"{display.listing(parts)}." if parts else "Every indicator can be judged."


def column_label(name):
    """The words for a column of the table or of the audit."""
    return codebook.load("audit/indicators")["words"].get(name, codebook.label(name))


def definition(name, settings):
    """Term and words of one indicator's definition, in the order in which it is judged.

    Parameters
    ----------
    name : str
    settings : dict
        The audit section: ``targets``, ``default_target``.
    """
    entry = indicator(name)
    stamps = codebook.load("audit/indicators")["stamps"]
    rows = [("Measures", entry["sentence"])]
    for clock in entry.get("clocks", []):
        rows.append(("Clock", f"{stamps[clock['from']]} to {stamps[clock['to']]}, {_limit(clock)}"))
    left_out = [exclusion["label"] for exclusion in entry.get("excludes", [])]
    rows.append(("Left out", display.listing(left_out) if left_out else "nobody"))
    rows.append(("Standard", f"{entry['standard']}, version {entry['standard_version']}"))
    rows.append(("In force for", audit_methods.held(entry)))
    rows.append(("Target", target_words(name, settings)))
    rows.append(("Source", f"{entry['source']} ({entry['status']})"))
    if "note" in entry:
        rows.append(("Note", entry["note"]))
    return rows


def target_words(name, settings):
    """An indicator's target with where it comes from."""
    entry = indicator(name)
    if not entry.get("scored", True):
        return "none: reported, never judged good or bad"
    most = "at most " if harm(name) else ""
    if name in settings["targets"]:
        return f"{most}{audit_methods.share(settings['targets'][name])}: set by the service"
    if "target" in entry:
        return f"{most}{audit_methods.share(entry['target'])}: {entry['target_source']}"
    default = audit_methods.share(settings["default_target"])
    return f"{most}{default}: local convention of this audit; NICE sets no number"


def _limit(clock):
    if clock.get("order"):
        return "in this order"
    limit = f"{clock['hours']} hours" if "hours" in clock else f"{clock['days']} days"
    if "not_before_days" in clock:
        return f"after day {clock['not_before_days']} and within {limit}"
    return f"within {limit}"
