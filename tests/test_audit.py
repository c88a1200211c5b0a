"""Audit indicators counted, charted, compared and listed; every key of the audit config."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.quality.audit import cases as listing
from mescc_analytics.quality.audit import counts, cycles, indicators, intervals, sums, trend
from mescc_analytics.quality.audit.periods import period_of
from mescc_analytics.stats.intervals import wilson
from mescc_analytics.steps import audit as step


def chosen(**changed):
    return settings.defaults("audit") | {"time_resolution": "hour"} | changed


def judged(name, verdicts, needs=()):
    codes = np.array([indicators.VERDICTS.index(v) for v in verdicts], dtype=np.int8)
    return {name: indicators.Judged(codes, np.full(len(codes), -1, np.int8), needs)}


def groups(n, site=None, period=None):
    return pd.DataFrame(
        {
            "site": pd.array(site or ["A"] * n, dtype="string"),
            "period": pd.array(period or ["2024"] * n, dtype="string"),
        }
    )


def overall(frame):
    return frame[(frame["site"] == "all") & (frame["period"] == "all")].iloc[0]


MIXED = ["pass"] * 6 + ["fail"] * 2 + ["unknown", "indeterminate", "error", "excluded", "outside"]


def test_a_count_prints_all_its_parts_and_the_bounds():
    row = overall(counts.count(judged("I2", MIXED), groups(13), chosen()))
    names = ["numerator", "denominator", "n_excluded", "n_unknown", "n_indeterminate", "n_error"]
    assert row[names].tolist() == [6, 8, 1, 1, 1, 1]
    assert row["proportion"] == 0.75
    assert (row["worst_case"], row["best_case"]) == (6 / 11, 9 / 11)
    assert (row["ci_lower"], row["ci_upper"]) == tuple(float(x) for x in wilson(6, 8)[1:])


def test_sites_and_periods_add_up_and_a_case_without_a_site_is_only_in_all():
    given = groups(5, ["A", "A", "B", "B", None], ["2023", "2024", "2023", "2024", "2024"])
    frame = counts.count(judged("I2", ["pass", "fail", "pass", "pass", "fail"]), given, chosen())
    sizes = frame.set_index(["site", "period"])["denominator"]
    assert sizes["all", "all"] == 5
    assert sizes["A", "all"] + sizes["B", "all"] == 4
    assert sizes["all", "2023"] + sizes["all", "2024"] == 5
    assert sizes["B", "2024"] == 1


@pytest.mark.parametrize(
    "passed, failed, changed, wanted",
    [
        (100, 0, {}, "met"),
        (60, 4, {}, "uncertain"),
        (30, 30, {}, "not_met"),
        (1, 2, {}, "too_few"),
        (1, 2, {"min_denominator": 3}, "not_met"),
        (30, 30, {"default_target": 0.2}, "not_met"),  # the indicator has a target of its own
        (30, 30, {"targets": {"I2": 0.2}}, "met"),
        (60, 4, {"confidence_level": 0.3}, "not_met"),
        (0, 0, {}, "nobody"),
    ],
)
def test_status(passed, failed, changed, wanted):
    verdicts = ["pass"] * passed + ["fail"] * failed + ["outside"]
    frame = counts.count(judged("I2", verdicts), groups(len(verdicts)), chosen(**changed))
    assert overall(frame)["status"] == wanted


def test_default_target_where_the_indicator_has_none():
    frame = counts.count(judged("I1", ["pass"] * 30 + ["fail"] * 30), groups(60), chosen())
    assert (overall(frame)["target"], overall(frame)["status"]) == (0.9, "not_met")
    changed = chosen(default_target=0.3)
    frame = counts.count(judged("I1", ["pass"] * 30 + ["fail"] * 30), groups(60), changed)
    assert overall(frame)["status"] == "met"


def test_fewer_harms_are_better():
    few = counts.count(judged("I22", ["pass"] + ["fail"] * 99), groups(100), chosen())
    many = counts.count(judged("I22", ["pass"] * 40 + ["fail"] * 60), groups(100), chosen())
    assert (overall(few)["status"], overall(many)["status"]) == ("met", "not_met")


def test_a_deviation_is_reported_and_never_judged():
    row = overall(counts.count(judged("I7", ["fail"] * 50), groups(50), chosen()))
    assert row["status"] == "reported"
    assert pd.isna(row["target"])


def test_what_needs_an_absent_column_says_so():
    frame = counts.count(judged("I8", ["unknown"] * 3, ("glucose_checked",)), groups(3), chosen())
    assert frame[["status", "needs"]].to_numpy().tolist() == [["not_assessable", "glucose_checked"]]
    assert frame["denominator"].isna().all()


def test_an_absent_column_makes_an_indicator_not_assessable():
    cases = pd.DataFrame({"case_id": ["A"], "weakness": pd.array([True], dtype="boolean")})
    whole = step.prepare(cases, cases.iloc[:0], chosen())
    assert indicators.judge(whole, "I2", chosen()).needs == ("mri_day", "mri_extent")
    nothing = step.prepare(cases[["case_id"]], cases.iloc[:0], chosen())
    assert "weakness" in indicators.judge(nothing, "I2", chosen()).needs


def test_the_medway_cycles():
    """The published 43 of 69 and 81 of 113 (62.3 % and 71.7 %), and the difference."""
    verdicts = ["pass"] * 43 + ["fail"] * 26 + ["pass"] * 81 + ["fail"] * 32
    given = groups(182, period=["2014"] * 69 + ["2015"] * 113)
    counted = counts.count(judged("I2", verdicts), given, chosen())
    by_period = counted[counted["site"] == "all"].set_index("period")
    for period, wanted in (("2014", (62.3, 50.5, 72.8)), ("2015", (71.7, 62.8, 79.2))):
        row = by_period.loc[period, ["proportion", "ci_lower", "ci_upper"]].astype(float)
        assert tuple((100 * row).round(1)) == wanted
    change = cycles.compare_cycles(counted, (["2014"], ["2015"]), chosen()).iloc[0]
    assert change["difference"] == pytest.approx(81 / 113 - 43 / 69)
    assert change["verdict"] == "no_clear_change"


def test_published_compliance_reproduces():
    """Medway 62.3 (50.5-72.8) and 71.7 (62.8-79.2) %; Norway 6, 17 and 2 %; Yorkshire 90, 75 and 47 %."""
    found = sums.published(overall_of("I2", 9, 10), 0.95).set_index("published_id")
    percent = (100 * found[["proportion", "ci_lower", "ci_upper"]]).round(1)
    assert percent.loc["medway_cycle_1"].tolist() == [62.3, 50.5, 72.8]
    assert percent.loc["medway_cycle_2"].tolist() == [71.7, 62.8, 79.2]
    norway = [f"norway_surgery{end}" for end in ("", "_impaired", "_unimpaired")]
    assert percent.loc[norway, "proportion"].round().tolist() == [6, 17, 2]
    yorkshire = [f"yorkshire_{what}" for what in ("mri", "treatment", "whole")]
    assert percent.loc[yorkshire, "proportion"].tolist() == [90, 75, 47]
    assert percent.loc[yorkshire, "ci_lower"].isna().all()
    assert found.loc["medway_cycle_1", ["cohort_numerator", "cohort_denominator"]].tolist() == [
        9,
        10,
    ]
    assert pd.isna(found.loc["yorkshire_treatment", "cohort_denominator"])
    wider = sums.published(overall_of("I2", 9, 10), 0.99).set_index("published_id")
    assert wider.loc["medway_cycle_1", "ci_lower"] < found.loc["medway_cycle_1", "ci_lower"]


def overall_of(name, passed, n):
    return counts.count(
        judged(name, ["pass"] * passed + ["fail"] * (n - passed)), groups(n), chosen()
    )


def test_a_total_whose_parts_do_not_add_up_is_a_finding():
    """Medway: 43 in time and 25 late make 68 of 69; Norway: motor status of 881 of 903."""
    cases = pd.DataFrame({"case_id": list("ABCDE")})
    found = sums.findings(cases, groups(5), overall_of("I2", 3, 5))
    assert found["finding"].tolist() == [
        "43 within 24 hours + 25 late = 68 of 69: 1 unaccounted for",
        "274 impaired + 607 not impaired = 881 of 903: 22 unaccounted for",
    ]
    assert sums.finding("x", 10, {"a": 6, "b": 5})["finding"].endswith(
        "= 11 of 10: 1 counted twice"
    )
    assert sums.finding("x", 11, {"a": 6, "b": 5}) is None


def test_cases_of_no_site_or_period_and_lost_verdicts_are_findings():
    cases = pd.DataFrame({"case_id": list("ABCDE")})
    given = groups(5, ["A", "A", "B", "B", None], ["2023", "2023", None, None, "2024"])
    counted = overall_of("I2", 3, 5)
    counted["n_unknown"] -= 1
    found = sums.findings(cases, given, counted).iloc[:3]
    assert found["about"].tolist() == ["cases by site", "cases by period", "verdicts of I2"]
    assert found["unaccounted"].tolist() == [1, 2, 1]
    nowhere = given.assign(site=pd.NA, period=pd.NA)
    assert len(sums.findings(cases, nowhere, overall_of("I2", 3, 5))) == 2


def test_every_count_of_the_table_holds_all_cases():
    names = ["denominator", "n_excluded", "n_unknown", "n_indeterminate", "n_error", "n_outside"]
    given = groups(13, ["A"] * 6 + ["B"] * 7)
    frame = counts.count(judged("I2", MIXED), given, chosen()).set_index(["site", "period"])
    assert frame[names].sum(axis=1).to_dict() == {
        ("all", "all"): 13,
        ("A", "all"): 6,
        ("B", "all"): 7,
        ("all", "2024"): 13,
        ("A", "2024"): 6,
        ("B", "2024"): 7,
    }


def test_a_site_called_all_is_not_taken_for_all_sites():
    cases = pd.DataFrame({"case_id": list("AB"), "site": ["all", None]})
    assert step.group_cases(cases, chosen())["site"].tolist() == ["site all", pd.NA]


def test_cycles_better_worse_and_too_few():
    def verdict(name, first, second, **changed):
        flat = [v for p, f in (first, second) for v in ["pass"] * p + ["fail"] * f]
        given = groups(len(flat), period=["1"] * sum(first) + ["2"] * sum(second))
        counted = counts.count(judged(name, flat), given, chosen())
        return cycles.compare_cycles(counted, (["1"], ["2"]), chosen(**changed))["verdict"][0]

    assert verdict("I2", (20, 80), (80, 20)) == "better"
    assert verdict("I2", (80, 20), (20, 80)) == "worse"
    assert verdict("I22", (20, 80), (80, 20)) == "worse"
    assert verdict("I2", (0, 5), (5, 0)) == "too_few"
    assert verdict("I2", (0, 5), (5, 0), min_denominator=5) == "better"
    assert cycles.default_cycles(["2022", "2023", "2024"]) == (["2022"], ["2023", "2024"])
    assert cycles.default_cycles(["2022"]) == ()


def series(passed, n, site="A"):
    """Counted frame of I1 over numbered years."""
    flat = [v for p, k in zip(passed, n, strict=True) for v in ["pass"] * p + ["fail"] * (k - p)]
    years = [str(2001 + i) for i, k in enumerate(n) for _ in range(k)]
    return counts.count(judged("I1", flat), groups(len(flat), [site] * len(flat), years), chosen())


def words(frame, **changed):
    found = trend.trend(frame, chosen(**changed))
    return [text for text in found.loc[found["site"] == "all", "signal"] if text]


RISE = ([3] * 8 + [9] * 8, [12] * 16)


def test_rules_are_named_in_words():
    found = words(series(*RISE))
    assert "8 points below the line from 2001 to 2008" in found[0]
    assert "8 points above the line since 2009" in found[-1]
    assert any("crossed only 1 times" in text for text in found)


@pytest.mark.parametrize("changed", [{"shift_points": 9}, {"min_point": 13}, {"min_periods": 17}])
def test_rules_depend_on_the_config(changed):
    assert words(series(*RISE), **changed) != words(series(*RISE))


def test_trend_length_depends_on_the_config():
    rising = series([1, 3, 5, 7, 9], [10] * 5)
    assert words(rising, min_periods=5) == []
    assert "5 points going up since 2001" in words(rising, min_periods=5, trend_points=5)[0]


def test_overdispersion_widens_limits_by_config():
    wild = series([1, 9, 2, 10, 1, 9, 2, 10], [10] * 8)
    never = trend.trend(wild, chosen(overdispersion="never"))
    auto = trend.trend(wild, chosen())
    assert never["sigma_z"].max() == 1
    assert auto["sigma_z"].min() > 2
    assert (never["lower"] > auto["lower"]).all() or (never["upper"] < auto["upper"]).all()


def test_funnel_flags_and_small_sites():
    sites = ["A"] * 100 + ["B"] * 100 + ["C"] * 3
    flat = ["pass"] * 90 + ["fail"] * 10 + ["pass"] * 55 + ["fail"] * 45 + ["fail"] * 3
    counted = counts.count(judged("I1", flat), groups(203, sites), chosen())
    found = trend.funnel(counted, chosen()).set_index("site")["flag"]
    assert found.to_dict() == {"A": "alarm", "B": "alarm", "C": "too_few"}
    harsh = trend.funnel(counted, chosen(min_denominator=3)).set_index("site")["flag"]
    assert harsh["C"] in ("alert", "alarm")


def test_funnel_of_one_site_is_empty():
    counted = counts.count(judged("I1", ["pass"] * 20), groups(20), chosen())
    assert trend.funnel(counted, chosen()).empty


def harms(**changed):
    flat = (
        ["pass"] * 1 + ["fail"] * 19 + ["pass"] * 8 + ["fail"] * 12 + ["pass"] * 8 + ["fail"] * 12
    )
    given = groups(60, period=["2021"] * 20 + ["2022"] * 20 + ["2023"] * 20)
    counted = counts.count(judged("I22", flat), given, chosen())
    return trend.safety(counted, chosen(**changed))


def test_cusum_signals_once_and_in_words():
    found = harms()
    assert found["signal"].tolist() == ["", "", "crosses the limit in 2023"]
    assert found["expected"].unique().tolist() == [0.1]


@pytest.mark.parametrize(
    "changed",
    [{"cusum_limit": 3.0}, {"cusum_odds_ratio": 3.0}, {"cusum_expected": {"I22": 0.3}}],
)
def test_cusum_depends_on_the_config(changed):
    columns = ["expected", "cusum", "limit", "signal"]
    assert not harms(**changed)[columns].equals(harms()[columns])


def test_periods():
    cases = pd.DataFrame(
        {"presentation_year": [2023, 2024], "presentation_quarter": ["2023Q4", "2024Q1"]}
    )
    assert period_of(cases, "auto").tolist() == ["2023Q4", "2024Q1"]
    assert period_of(cases, "year").tolist() == ["2023", "2024"]
    partly = cases.assign(presentation_quarter=["2023Q4", None])
    assert period_of(partly, "auto").tolist() == ["2023", "2024"]
    assert period_of(partly, "quarter").tolist() == ["2023Q4", pd.NA]
    assert period_of(cases[["presentation_quarter"]], "year").tolist() == ["2023", "2024"]


def milestones():
    return pd.DataFrame(
        {
            "case_id": ["A", "B", "C", "D"],
            "symptom_onset_day": [-10.0, -20.0, -30.0, None],
            "mri_day": [1.0, 2.0, -1.0, 1.0],
            "diagnosis_day": [1.0, 2.0, -1.0, 1.0],
            "surgery_day": [4.0, 5.0, 5.0, None],
            "steroid_day": [0.0, 3.0, None, 1.0],
            "last_contact_day": [100.0] * 4,
            "died": [False] * 4,
        }
    ).convert_dtypes()


def test_intervals_and_where_the_days_go():
    cases = step.prepare(milestones(), pd.DataFrame(columns=["case_id"]), chosen())
    found = intervals.intervals(cases, groups(4)).query("site == 'all' and period == 'all'")
    rows = found.set_index("interval")
    assert rows.loc["symptom_to_presentation", "median_days"] == 20
    assert rows.loc["presentation_to_diagnosis", ["n", "n_negative"]].tolist() == [3, 1]
    assert rows.loc["diagnosis_to_treatment", "n_missing"] == 1
    # A and B have all parts: 10 + 1 + 3 and 20 + 2 + 3 days
    assert rows.loc["symptom_to_presentation", "share_of_days"] == pytest.approx(30 / 39)


def test_order_of_the_steps():
    cases = step.prepare(milestones(), pd.DataFrame(columns=["case_id"]), chosen())
    found = intervals.step_order(cases, "hour").set_index(["first", "then"])
    row = found.loc[("steroid_day", "mri_day")]
    assert row.tolist() == [2, 1, 1, 1]


def test_times_to_a_step_have_death_competing():
    n = 40
    cases = pd.DataFrame(
        {
            "case_id": [f"C{i}" for i in range(n)],
            "mri_day": [1.0] * 20 + [None] * 20,
            "last_contact_day": [100.0] * 20 + [0.5] * 10 + [100.0] * 10,
            "died": [False] * 20 + [True] * 10 + [False] * 10,
            "presentation_year": [2024] * n,
        }
    ).convert_dtypes()
    whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
    found = step.process_times(whole, chosen()).query("process == 'presentation_to_mri'")
    assert found.query("period == '2024'")["incidence"].iloc[-1] == pytest.approx(0.5)
    assert step.process_times(whole, chosen(min_denominator=41)).empty


def test_dose_bands_by_neurology():
    cases = pd.DataFrame(
        {
            "steroid_daily_mg": pd.array([8, 12, 24, 25, 96, None], dtype="Float64"),
            "steroid_loading_mg": pd.array([7, 8, 16, 17, None, 10], dtype="Float64"),
            "neurology": pd.array([True] * 5 + [None], dtype="boolean"),
        }
    )
    found = cycles.dose_bands(cases).query("n > 0")
    rows = [tuple(row) for row in found.itertuples(index=False)]
    assert ("daily", "12 to 24 mg (moderate)", "yes", 2) in rows
    assert ("daily", "96 mg or more (high)", "yes", 1) in rows
    assert ("daily", "not recorded", "unknown", 1) in rows
    assert ("loading", "8 to 16 mg", "yes", 2) in rows
    assert ("loading", "8 to 16 mg", "unknown", 1) in rows


def test_completeness_names_the_indicators_that_suffer():
    cases = pd.DataFrame({"mri_extent": ["whole_spine", None], "case_id": ["A", "B"]})
    found = cycles.completeness(cases, groups(2, ["A", "B"])).set_index(["column", "site"])
    assert found.loc[("mri_extent", "all"), "proportion_missing"] == 0.5
    assert found.loc[("mri_extent", "B"), "n_missing"] == 1
    assert "I2" in found.loc[("mri_extent", "all"), "indicators"].split("; ")
    assert found.loc[("surgery_day", "all"), "n_missing"] == 2


def test_the_case_list_says_what_decided():
    cases = pd.DataFrame(
        {
            "case_id": ["A", "B", "C", "D"],
            "weakness": [True, True, True, None],
            "mri_day": [3.0, 0.2, -1.0, 2.0],
            "mri_extent": ["whole_spine"] * 4,
        }
    ).convert_dtypes()
    whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
    verdicts = {"I2": indicators.judge(whole, "I2", chosen())}
    found = listing.list_cases(whole, verdicts, groups(4), chosen()).set_index("case_id")
    assert found["verdict"].to_dict() == {
        "A": "not met",
        "B": "met",
        "C": "left out",
        "D": "unknown",
    }
    assert found.loc["A", "values"] == (
        "presentation with suspected compression (day 0) to MRI (day 3): 72 h; Extent of MRI: whole spine"
    )
    assert found.loc["C", "values"].startswith("imaged before presentation: ")
    assert "Weakness: not recorded" in found.loc["D", "values"]


def test_the_case_list_of_a_harm_holds_the_harms():
    cases = pd.DataFrame(
        {"case_id": ["A", "B"], "surgery_day": [1.0, 1.0], "complication_30d": [True, False]}
    ).convert_dtypes()
    whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
    verdicts = {"I22b": indicators.judge(whole, "I22b", chosen())}
    found = listing.list_cases(whole, verdicts, groups(2), chosen())
    assert found[["case_id", "verdict"]].to_numpy().tolist() == [["A", "harm"], ["B", "no harm"]]


def test_the_case_list_stops_at_its_limit_for_each_verdict():
    cases = pd.DataFrame(
        {"case_id": list("ABCDE"), "sosg_grade": ["2", None, "3", None, "1a"]}
    ).convert_dtypes()
    whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
    verdicts = {"I12": indicators.judge(whole, "I12", chosen())}
    found = listing.list_cases(whole, verdicts, groups(5), chosen(list_at_most=1))
    assert found[["case_id", "verdict"]].to_numpy().tolist() == [["B", "not met"], ["A", "met"]]
    assert len(listing.list_cases(whole, verdicts, groups(5), chosen())) == 5


def test_deciding_values_are_words_not_levels():
    cases = pd.DataFrame(
        {
            "case_id": ["A"],
            "pathway": ["surgery_then_rt"],
            "arm": ["cebrt_long"],
            "sins_missing": ["sins_pain; sins_lesion"],
            "first_treatment_day": [5.0],
        }
    ).convert_dtypes()
    columns = ("pathway", "arm", "sins_missing", "first_treatment_day")
    text = listing.deciding_values(cases, {}, columns, "day")[0]
    assert text == (
        "recommended pathway: Surgery, then radiotherapy; treatment given: cEBRT, long course; "
        "SINS items missing: SINS: pain, SINS: bone lesion; first definitive treatment: day 5"
    )


@pytest.mark.parametrize("key, value", [("cycles", [["2023"], ["2024"]]), ("period", "year")])
def test_cycles_and_periods_come_from_the_config(key, value):
    n = 80
    cases = pd.DataFrame(
        {
            "case_id": [f"C{i}" for i in range(n)],
            "mri_extent": ["whole_spine", "regional"] * 40,
            "mri_day": [1.0] * n,
            "presentation_year": [2022, 2023, 2024, 2024] * 20,
            "presentation_quarter": ["2022Q1", "2023Q2", "2024Q1", "2024Q4"] * 20,
        }
    ).convert_dtypes()
    whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
    base = chosen(period="year") if key == "cycles" else chosen()
    tables = [step.analyse(whole, settings_) for settings_ in (base, base | {key: value})]
    assert not tables[0]["cycles"].equals(tables[1]["cycles"])


def test_nobody_and_nothing_recorded_do_not_stop_the_step():
    for cases in (
        pd.DataFrame({"case_id": ["A"]}),
        milestones().iloc[:0],
        milestones().iloc[:1],
        milestones().assign(symptom_onset_day=pd.array([pd.NA] * 4, dtype="Float64")),
    ):
        whole = step.prepare(cases, pd.DataFrame(columns=["case_id"]), chosen())
        tables = step.analyse(whole, chosen())
        assert set(tables["indicators"]["indicator_id"]) == set(indicators.indicators())


def test_an_audit_without_a_signal_is_reported(tmp_path):
    """A short series fires nothing: its column is blank, which a reader of CSV takes for numbers."""
    from mescc_analytics.steps import audit_report

    (tmp_path / "trend.csv").write_text("site,signal\nall,\nall,\n")
    read = audit_report._typed(audit_report.files.read_csv(tmp_path / "trend.csv"))
    assert read["signal"].fillna("").eq("").all()
