"""Events that death can forestall: incidence, tests and hazard ratios."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mescc_analytics.cohort import endpoints
from mescc_analytics.stats.competing import IncidenceSpec, incidence_at, incidence_by_group
from mescc_analytics.stats.competing_hazards import LATE, competing_hazards
from mescc_analytics.stats.gray import gray_test
from mescc_analytics.stats.hazards import Beside
from mescc_analytics.stats.intervals import NAN
from mescc_analytics.steps.beside import clusters_of, entry_of
from mescc_analytics.steps.cohort import effective
from mescc_analytics.steps.groups import (
    NOT_ASSESSABLE,
    arms_of,
    not_assessable,
    reference_first,
    stack,
)
from mescc_analytics.tables import files

KEYS = ["analysis", "endpoint", "cause"]
COLUMNS = {
    "incidence": "analysis endpoint cause group time_days n_at_risk n_events n_censored incidence "
    "std_err ci_lower ci_upper",
    "summary": "analysis endpoint cause group n n_not_at_risk time_days start_days n_at_risk "
    "n_events incidence ci_lower ci_upper note",
    "tests": "analysis endpoint cause test statistic df p note",
    "hazards": "analysis endpoint cause model term group reference hazard_ratio ci_lower ci_upper "
    "p ph_p note cluster",
}


def analyse(frame, visits, settings):
    """Tables of the step by name; see ``competing``."""
    chosen, parts, missing = settings["competing"], {name: [] for name in COLUMNS}, []
    for name, cases, group, start, reason in _analyses(frame, settings):
        entry, entered, late = entry_of(cases, settings.get("survival", {}))
        if reason or late:
            missing.append(not_assessable(name, reason or late))
            continue
        cases, group = cases[entered], group[entered]
        entry = None if entry is None else entry[entered]
        for endpoint, found in _outcomes(cases, visits, start, settings):
            found = _entered(found, entry)
            if found.reason:
                missing.append(not_assessable(f"{name}: {endpoint}", found.reason))
                continue
            beside = clusters_of(cases, chosen["cluster"]), entry
            for kind, table in _one(found, endpoint, (group, beside), start, settings).items():
                parts[kind].append(table.assign(analysis=name, endpoint=endpoint))
    tables = {name: _joined(parts[name], columns.split()) for name, columns in COLUMNS.items()}
    return tables | {"not_assessable": pd.DataFrame(missing, columns=NOT_ASSESSABLE)}


def _outcomes(cases, visits, start, settings):
    """Each endpoint of the config with its outcome."""
    walking = settings["ambulatory"]
    seen = endpoints.statuses(cases, visits, walking["definition"])
    held = {"start_days": start, "hold_days": walking["carry_forward_days"]}
    for endpoint in settings["competing"]["endpoints"]:
        yield endpoint, endpoints.outcome(endpoint, cases, visits, seen, **held)


def _entered(found, entry):
    """The outcome of those who were seen at risk: who had the event before coming under
    observation never was.
    """
    if entry is None or found.reason:
        return found
    at_risk = found.at_risk & (entry < found.time)
    reason = "" if at_risk.any() else "no case at risk of it after it entered"
    return replace(found, at_risk=at_risk, reason=reason)


def _analyses(frame, settings):
    """(name, cases, group, start, reason if not assessable) of the whole cohort and by arm."""
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    everybody = pd.Series(pd.Categorical(["all"] * len(whole)), index=whole.index)
    nobody = "" if len(whole) else "no case is left after the exclusions"
    compared, arm, reason = arms_of(frame)
    start = float(settings["cohort"]["landmark_days"])
    return [
        ("overall", whole, everybody, 0.0, nobody),
        ("by_arm", compared, arm, start, reason),
    ]


def _one(found, endpoint, groups, start, settings):
    """Incidence, its values at the timepoints, tests and hazard ratios of one endpoint; `groups`
    are those of the cases, their clusters as from `clusters_of`, and their days of entry.
    """
    group, ((labels, why), entry) = groups
    chosen, at_risk, causes = settings["competing"], found.at_risk, [endpoint, "death"]
    entry = None if entry is None else entry[at_risk]
    spec = IncidenceSpec(start, chosen["confidence_level"], chosen["interval"], chosen["variance"])
    time, cause = found.time[at_risk], found.cause[at_risk]
    of_risk = pd.Series(group[at_risk].cat.remove_unused_categories())
    curves = incidence_by_group(time, cause, causes, of_risk, spec, entry=entry)
    tables = {"incidence": curves, "summary": _summary(curves, group, at_risk, start, chosen)}
    if len(of_risk.cat.categories) < 2:
        return tables
    first = reference_first(of_risk, _reference(of_risk, settings))
    labels = None if labels is None else labels[at_risk]
    beside = Beside(cluster=labels, entry=entry)
    hazards = competing_hazards(time, cause, causes, first, level=spec.level, beside=beside)
    hazards["cluster"] = f"none: {why}" if why else chosen["cluster"]
    hazards.loc[hazards["model"].eq("fine_gray"), "cluster"] = "none"
    tests = _tests(time, cause, causes, of_risk, chosen["min_arm"])
    if entry is not None:
        tests = tests.assign(statistic=NAN, p=NAN, note=LATE)
    return tables | {
        "tests": tests,
        "hazards": _without_p(hazards, of_risk.value_counts(), chosen["min_arm"]),
    }


def _tests(time, cause, causes, group, min_arm):
    """Gray's test of every cause between the groups that are large enough for a p value."""
    sizes = group.value_counts(sort=False)
    small = [str(name) for name in sizes.index[sizes < min_arm]]
    kept = ~group.isin(small).to_numpy()
    words = f"without {', '.join(small)}: fewer than {min_arm} cases" if small else ""
    rows = []
    for code, name in enumerate(causes, start=1):
        found = gray_test(time[kept], cause[kept], group[kept], of=code)
        note = "; ".join(filter(None, (found["note"], words)))
        rows.append({"cause": name, "test": "gray"} | found | {"note": note})
    return pd.DataFrame(rows)


def _reference(arm, settings):
    """The configured reference arm, unless none of its cases is at risk."""
    wanted = settings["cohort"]["reference_arm"]
    return wanted if wanted in arm.cat.categories else None


def _summary(curves, group, at_risk, start, chosen):
    """Incidence and events of each group and cause at the timepoints."""
    found = incidence_at(curves, chosen["timepoints_days"])
    last = curves.groupby("group")["time_days"].max()
    until = curves.merge(found[["group", "cause", "time_days"]], on=["group", "cause"])
    events = until[until["time_days_x"] <= until["time_days_y"]]
    events = events.groupby(["group", "cause", "time_days_y"])["n_events"].sum()
    keys = pd.MultiIndex.from_frame(found[["group", "cause", "time_days"]])
    sizes, all_sizes = group[at_risk].value_counts(), group.value_counts()
    n = found["group"].map(sizes.rename(index=str)).astype(int)
    early = found["time_days"] <= start
    beyond = found["incidence"].isna() & ~early
    note = np.where(early, f"not estimable: the curve starts on day {start:g}", "")
    ends = "not estimable: follow-up ends on day " + found["group"].map(last).map("{:g}".format)
    values = ["incidence", "ci_lower", "ci_upper"]
    found[values] = found[values].mask(early)
    return found.assign(
        n=n,
        n_not_at_risk=found["group"].map(all_sizes.rename(index=str)).astype(int) - n,
        n_events=events.reindex(keys).fillna(0).astype(int).to_numpy(),
        start_days=start,
        note=np.where(beyond, ends, note),
    )


def _without_p(hazards, sizes, min_arm):
    """Hazard ratios without the p values of comparisons with a small group."""
    n = pd.concat([hazards[name].map(sizes).astype(int) for name in ("group", "reference")], axis=1)
    small = (n.min(axis="columns") < min_arm) & hazards["p"].notna()
    words = f"no p value: fewer than {min_arm} cases in a group"
    return hazards.assign(
        p=pd.to_numeric(hazards["p"]).mask(small),
        note=np.where(small, words, hazards["note"].fillna("")),
    )


def _joined(parts, columns):
    return (
        stack([part.reindex(columns=columns) for part in parts])
        if parts
        else pd.DataFrame(columns=columns)
    )


def competing(inputs, out, settings):
    """incidence.csv, summary.csv, tests.csv, hazards.csv, not_assessable.csv."""
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    tables = analyse(frame, files.read_table(inputs["visits"]), settings)
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
