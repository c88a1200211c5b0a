"""Words for the cohort beside the literature: labels of rows, values, caption, finding, summary."""

from mescc_analytics import codebook
from mescc_analytics.present import display

TITLE = "The cohort beside published results"
NOTHING = "Nothing can stand beside published results: the cohort has no figure that was published."
WHOLE_ARMS = {"all": "", "none": ""}
MARKS = {"yes": "compared", "no": "side by side"}
TIMES = {"yes": "measure the same", "no": "measure something else"}


def topics():
    """Topics in their order: name to words."""
    return codebook.load("benchmark_outcomes")["topics"]


def outcome_words(row):
    """What a row is about, with the time where one was printed.

    >>> outcome_words({"outcome": "walking", "published_timepoint": "12 weeks", "baseline": "all"})
    'Walking after treatment, 12 weeks'
    """
    entry = codebook.load("benchmark_outcomes")["outcomes"].get(row["outcome"], {})
    words = entry.get("label", str(row["outcome"]).replace("_", " "))
    if str(row.get("measure")) == "median_days":
        words = f"{words}, median"
    if str(row.get("published_definition")) == "unaided":
        words = f"{words}, without aids"
    when = row["published_timepoint"]
    silent = ("entry", "presentation", "diagnosis", "not stated", "after treatment")
    if display.is_missing(when) or when in (*silent, "first treatment", "1 day"):
        return words
    return words if str(when) in words else f"{words}, {when}"


def source_words(row):
    """Who published a row, of whom.

    >>> source_words({"study": "SCORAD 2019", "arm": "cebrt_short", "subgroup": "8 Gy in 1"})
    'SCORAD 2019: cEBRT, short course, 8 Gy in 1'
    """
    broad = codebook.load("arms")["broad"]
    arm = str(row["arm"])
    arm = broad[arm]["label"] if arm in broad else codebook.label("arm", arm)
    parts = ["" if row["arm"] in WHOLE_ARMS else arm, row["subgroup"]]
    of = ", ".join(str(part) for part in parts if not display.is_missing(part) and part)
    words = f"{row['study']}: {of}" if of else str(row["study"])
    return f"{words} (unverified)" if row.get("status") == "unverified" else words


def value_words(row, names, total):
    """An estimate with its interval: percent, days or ratio; `names` are its three columns."""
    form = _form(row, total)
    value, lower, upper = (row[name] for name in names)
    known = not (display.is_missing(lower) or display.is_missing(upper))
    if display.is_missing(value):
        return f"{form(lower)} to {form(upper)}" if known else ""
    text = f"{'up to ' if row['measure'] == 'at_most' else ''}{form(value)}"
    return f"{text} ({form(lower)} to {form(upper)})" if known else text


def _form(row, total):
    measure = str(row["measure"])
    if measure.endswith("_days"):
        return display.day_count
    if measure.endswith("_ratio") or measure == "odds_ratio_stratified":
        return display.ratio
    digits = 100 if display.is_missing(total) else total
    return lambda share: display.percent_value(share, digits)


def method(chosen):
    """How published results were compared, for the methods of a paper; `chosen`: the settings."""
    day = chosen.get("after_treatment_day")
    after = (
        f"results printed as after treatment stood for day {display.day_count(day)}"
        if day
        else "results printed as after treatment, without a day, were not compared"
    )
    return (
        "Published results were compared with those of the cohort only where outcome, patients, "
        "arm, definition, time (at most "
        f"{display.day_count(chosen.get('tolerance_days', 7))} days apart) and rule for deaths "
        f"were the same; {after}. Differences from printed counts carry Newcombe intervals; "
        "counts inferred from percentages were not tested."
    )


PUBLISHED = ("published", "published_lower", "published_upper")
OWN = ("estimate", "ci_lower", "ci_upper")


def published_words(row):
    """The published value."""
    at_most = 100 if row["status"] != "verified" else row["published_denominator"]
    return value_words(row, PUBLISHED, at_most)


def own_words(row):
    """The cohort's value, or that it is withheld."""
    if str(row["withheld"]) == "hidden":
        return display.HIDDEN
    if display.is_missing(row["estimate"]):
        return "not estimable"
    return value_words({**row, "measure": _own_measure(row)}, OWN, row["denominator"])


def _own_measure(row):
    return "proportion" if row["measure"] == "at_most" else row["measure"]


def drawn(comparison):
    """The rows of the figure: those meant for it whose figure may be shown, by topic, those
    compared first.
    """
    order = {name: rank for rank, name in enumerate(topics())}
    rows = comparison[(comparison["in_figure"] == "yes") & comparison["estimate"].notna()]
    rank = rows["topic"].map(order)
    ordered = rows.assign(rank=rank, last=rows["comparable"] != "yes")
    return ordered.sort_values(["rank", "last"], kind="stable").reset_index(drop=True)


def caption(rows, study):
    """Caption and text alternative of the figure; `rows` as `drawn` gives them."""
    text = (
        f"Published results (black diamonds) and cohort {study.name} (blue), each with its "
        "interval where there is one. Filled circles: both measure the same and are compared. "
        "Hollow squares: they measure something else and only stand side by side; the table says "
        "why. Published intervals are 95 %, printed or, of printed counts, Wilson's; a bar "
        "without a diamond is a printed range. Figures of the cohort that are withheld are left "
        f"out. Days of the cohort count from {study.time_zero_words}, those of publications often "
        "from randomisation or treatment. Patients differ between all of them: a difference is "
        "no verdict on care."
    )
    return text, finding(rows)


def finding(rows):
    """What the figure shows, in a sentence or two."""
    if rows.empty:
        return NOTHING
    compared = rows[rows["comparable"] == "yes"]
    text = (
        f"{display.plural(len(rows), 'published result')} beside the cohort: {len(compared)} "
        f"compared, {len(rows) - len(compared)} side by side only."
    )
    apart = _apart(compared)
    return f"{text} {apart}" if apart else text


def _apart(compared):
    """Which differences from printed counts exclude zero."""
    known = compared.dropna(subset=["difference_lower", "difference_upper"])
    beyond = known[(known["difference_lower"] > 0) | (known["difference_upper"] < 0)]
    parts = [
        f"{outcome_words(row).lower()}, here {_percent(own_words(row))}, published "
        f"{_percent(published_words(row))} ({source_words(row)})"
        for row in beyond.to_dict("records")
    ]
    if not len(known):
        return ""
    if not parts:
        return "No difference that could be estimated excludes zero."
    return f"Differences whose interval excludes zero: {'; '.join(parts)}."


def _percent(words):
    """The sign behind the number, before its interval."""
    value, bracket, interval = words.partition(" (")
    return f"{value} %{bracket}{interval}"


def opening(comparison):
    """The sentences that open the section; `comparison` with withheld figures missing."""
    found = comparison[comparison["analysis"].notna()]
    compared = found[found["comparable"] == "yes"]
    if found.empty:
        return NOTHING
    text = (
        f"Of {len(comparison)} published results the cohort has a figure for {len(found)}. "
        f"{_many(len(compared))} measured in the same way (outcome, patients, arm, definition, "
        "time and rule for deaths) and compared; the others stand side by side, each with the "
        "reason why it is no comparison."
    )
    apart = _apart(compared)
    return f"{text} {apart}" if apart else text


def _many(n):
    return {0: "Not one of them is", 1: "One of them is"}.get(n, f"{n} of them are")
