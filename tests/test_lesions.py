"""Contiguous lesions, the index lesion, the highest SINS and the count of sites, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook, settings
from mescc_analytics.cli import main
from mescc_analytics.clinical.lesion_cases import score_with_lesions
from mescc_analytics.clinical.lesion_pathways import assign_lesions
from mescc_analytics.clinical.lesions import score_lesions
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.sites import count_runs, runs_with, vertebra_bits
from mescc_analytics.steps import site_counts
from mescc_analytics.synthetic import synthesise

SCORE = settings.defaults("score")
SHORT = {"levels": "spinal_levels", "sosg": "sosg_grade", "mri": "mri_extent"}
SHORT |= {name: f"sins_{name}" for name in ("location", "pain", "lesion", "alignment", "collapse")}
SHORT |= {"post": "sins_posterolateral", "case": "case_id", "id": "lesion_id"}
# SINS 3 + 3 + 2 + 4 + 3 + 3 = 18 at T11, and 1 + 0 + 0 + 0 + 0 + 0 = 1 at T5
WORST = "mechanical lytic   subluxation over_50 bilateral"
MILD = "none       blastic normal      none    none"
ITEMS = "pain lesion alignment collapse post"


def table(name, text):
    """A typed table from rows of words; `-` is blank, `~` a space."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    cells = [[None if c == "-" else c.replace("~", " ") for c in row] for row in rows]
    raw = pd.DataFrame(cells, columns=[SHORT.get(n, n) for n in head], dtype=object)
    columns = codebook.columns(name) | codebook.columns("derived")
    return pd.DataFrame({c: typed(raw[c], columns[c]) for c in raw})


def typed(values, column):
    if column.type == "category":
        return pd.Series(pd.Categorical(values, column.levels))
    if column.type == "boolean":
        return values.map({"yes": True, "no": False}).astype("boolean")
    if column.type in ("integer", "number"):
        return pd.to_numeric(values).astype("Int64")
    return values.astype("string")


def scored(cases, lesions, **changed):
    found, each = score_with_lesions(
        table("cases", cases), table("lesions", lesions), SCORE | changed
    )
    return found.set_index("case_id"), each


@pytest.mark.parametrize(
    "text, lesions",
    [
        ("T4;L2", 2),
        ("T4,T5", 1),
        ("T4-T6; T7", 1),
        ("C7/T1", 1),
        ("L5; S1", 1),
        ("L5, sacrum", 1),
        ("L4, sacrum", 2),
        ("T12 and L1", 1),
        ("T4; T6; T5", 1),
        ("S5; coccyx", 1),
        ("C0; C2", 2),
        ("C0-L5; S2", 2),
    ],
)
def test_adjacent_vertebrae_are_one_lesion(text, lesions):
    bits, read = vertebra_bits(pd.Series([text, "elsewhere", None]))
    assert count_runs(bits).tolist() == [lesions, 0, 0] and read.tolist() == [True, False, False]


def test_a_run_is_kept_whole_where_any_of_it_is_marked():
    bits = np.array([0b11100110, 0b11100110, 0b1])
    assert runs_with(bits, np.array([0b1000000, 0b11, 0b10])).tolist() == [0b11100000, 0b110, 0]


def test_every_lesion_has_its_own_score_and_none_is_a_sum():
    found, each = scored(
        "case sosg\nA 2",
        f"case id levels sosg {ITEMS}\nA 1 T11 2 {WORST}\nA 2 T5 1b {MILD}",
    )
    assert each["sins_total"].tolist() == [18, 1]
    assert each["sins_category"].tolist() == ["unstable", "stable"]
    assert each["sosg_rank"].tolist() == [4, 2] and each["is_index"].tolist() == [True, False]
    assert found.loc["A", "sins_patient_total"] == 18  # not 19


def index_of(lesions, **changed):
    found, _ = scored("case mri\nA whole_spine", lesions, **changed)
    return found.loc["A", "index_lesion_id"], found.loc["A", "lesion_flags"]


ORDER = """
    case id levels symptomatic sosg pain       lesion  alignment   collapse post
    A    1  T5     no          3    none       blastic normal      none     none
    A    2  L2     yes         2    none       blastic normal      none     none
    A    3  T11    no          2    mechanical lytic   subluxation over_50  bilateral
    A    4  C3     no          1a   none       blastic normal      none     none
"""


@pytest.mark.parametrize(
    "criteria, index",
    [
        (["sosg", "symptomatic", "sins", "cephalad"], "1"),
        (["symptomatic", "sosg"], "2"),
        (["sins"], "3"),
        (["cephalad"], "4"),
        (["lesion_id"], "1"),
    ],
)
def test_each_criterion_has_its_own_index_lesion(criteria, index):
    assert index_of(ORDER, index_lesion=criteria)[0] == index


@pytest.mark.parametrize(
    "second, third, index",
    [
        ("yes T9 1b blastic", "no T3 1b lytic", "2"),  # tie in SOSG: symptomatic
        ("no T9 1b lytic", "no T3 1b blastic", "2"),  # then SINS
        ("no T9 1b lytic", "no T3 1b lytic", "10"),  # then the one nearer the head
        ("no T3 1b lytic", "no T3 1b lytic", "2"),  # at last the id, 2 before 10
    ],
)
def test_ties_are_told_apart_by_the_next_criterion(second, third, index):
    head = "case symptomatic levels sosg lesion id pain alignment collapse post"
    rest = "none normal none none"
    text = f"{head}\nA {third} 10 {rest}\nA {second} 2 {rest}"
    assert index_of(text)[0] == index


@pytest.mark.parametrize(
    "grades, index, flags",
    [
        (
            ("3", "-"),
            "1",
            "COMPLETED_FROM_INDEX_LESION",
        ),  # nothing is worse than 3 but another 3, which ties below
        (("2", "-"), "1", "INDEX_LESION_UNCERTAIN"),
        (("-", "0"), "2", "INDEX_LESION_UNCERTAIN"),
    ],
)
def test_what_is_missing_never_wins_and_is_told(grades, index, flags):
    rows = [
        f"A {i + 1} T{5 + 4 * i} {g} {yes} {MILD}"
        for i, (g, yes) in enumerate(zip(grades, ("yes", "no"), strict=True))
    ]
    text = f"case id levels sosg symptomatic {ITEMS}\n" + "\n".join(rows)
    assert index_of(text) == (index, flags)


def test_blanks_of_the_case_are_completed_from_the_index_lesion():
    found, _ = scored(
        "case mri\nA whole_spine\nB regional",
        f"case id levels sosg {ITEMS}\nA 1 T11 2 {WORST}\nA 2 T5 1b {MILD}\nB 1 T5 - {MILD}",
    )
    assert found["spinal_levels"].tolist() == ["T11", "T5"]
    assert found["sosg_rank"].tolist() == [4, pd.NA] and found["sins_total"].tolist() == [18, 1]
    assert found["lesion_flags"].tolist() == ["COMPLETED_FROM_INDEX_LESION"] * 2


def test_a_value_that_the_case_gives_is_kept_and_the_difference_told():
    found, _ = scored(
        f"case levels sosg {ITEMS}\nA T11 1c - - - - -\nB T11 2 {MILD}",
        f"case id levels sosg {ITEMS}\nA 1 T11 2 {WORST}\nB 1 T11 2 {WORST}",
    )
    assert found["sosg_grade"].tolist() == ["1c", "2"]
    assert found["sins_missing"].notna().tolist() == [True, False]  # nothing was completed
    assert found["lesion_flags"].tolist() == ["INDEX_LESION_DISAGREES"] * 2
    assert found.loc["B", "sins_total"] == 3 and found.loc["B", "sins_patient_min"] == 18


def test_a_case_that_describes_another_lesion_takes_no_item_from_the_index_lesion():
    found, _ = scored(
        f"case levels sosg {ITEMS}\nA T5 1b none blastic normal none -",
        f"case id levels sosg {ITEMS}\nA 1 T11 2 {WORST}\nA 2 T5 1b {MILD}",
    )
    assert found.loc["A", "sins_missing"] == "sins_posterolateral"
    assert found.loc["A", "index_lesion_id"] == "1"


def test_a_case_that_fits_two_lesions_takes_items_from_neither():
    found, _ = scored(
        f"case {ITEMS}\nA mechanical - - - -",
        f"case id levels sosg {ITEMS}\nA 1 T11 2 {WORST}\nA 2 T5 1b mechanical {MILD[4:]}",
    )
    assert found.loc["A", "sins_total"] is pd.NA and found.loc["A", "lesion_flags"] is pd.NA


def test_collapse_in_percent_is_not_blank():
    lesion = f"case id levels {ITEMS}\nA 1 T11 {WORST}"
    assert scored("case collapse_percent\nA 20", lesion)[0].loc["A", "sins_total"] == 17
    assert scored("case collapse_percent\nA -", lesion)[0].loc["A", "sins_total"] == 18


def test_location_of_two_lesions_in_one_text_is_that_of_the_index_lesion():
    lesion = f"case id levels sosg {ITEMS}\nA 1 T4 2 {MILD}\nA 2 L2 1a {WORST}"
    assert scored("case levels\nA T4;L2", lesion)[0].loc["A", "sins_location"] == "semirigid"


PATIENT = f"""
    case id levels sosg {ITEMS}
    A    1  T5     3    {MILD}
    A    2  T11    1b   - lytic subluxation over_50 bilateral
"""


def test_the_patient_has_the_highest_of_the_lesions_or_that_of_the_index_lesion():
    columns = [f"sins_patient_{name}" for name in ("total", "min", "max", "category")]
    highest, _ = scored("case\nA", PATIENT)
    assert highest.loc["A", columns].tolist() == [pd.NA, 15, 18, "unstable"]
    index, _ = scored("case\nA", PATIENT, patient_rule="index")
    assert index.loc["A", columns].tolist() == [1, 1, 1, "stable"]
    strict, _ = scored("case\nA", PATIENT, missing_items="na")
    assert strict.loc["A", "sins_patient_category"] == "undetermined"
    assert highest.loc["A", "sins_total"] == 1  # the case itself stays its index lesion


SITES = """
    case levels id sosg
    A    T4     1  2
    A    L2     2  1b
    B    T4     1  2
    B    T5     2  2
    C    T4     1  2
    C    L2     2  1a
    D    T4     1  2
    D    L2     2  -
    E    T4     1  2
    F    -      1  2
    F    L2     2  1a
    G    T4;L2  1  2
    H    -      1  2
"""
CASES = """
    case mri         compression_sites levels
    A    whole_spine 1                 -
    B    whole_spine -                 -
    C    whole_spine -                 -
    D    whole_spine -                 -
    E    regional    -                 -
    F    whole_spine -                 -
    G    -           -                 -
    H    whole_spine -                 -
    I    whole_spine 2                 -
    J    whole_spine 1                 -
    K    regional    1                 -
    L    whole_spine -                 T9
    M    whole_spine -                 -
    N    whole_spine -                 T4;L2
"""
Y, N, U = True, False, pd.NA


def test_sites_are_counted_and_absence_needs_the_whole_spine():
    found, each = scored(CASES, SITES)
    assert found["multi_site"].tolist() == [Y, N, N, U, U, N, Y, N, Y, N, U, N, U, U]
    assert found["n_lesions"].tolist() == [2, 1, 2, 2, 1, U, 2, 1, U, U, U, 1, U, 2]
    flags = found["lesion_flags"]
    assert flags["A"] == "COMPLETED_FROM_INDEX_LESION; SITES_DISAGREE"
    assert "LESIONS_ADJACENT" in flags["B"]
    assert each.set_index("case_id").loc["G", "lesion_flags"] == "LESION_NOT_CONTIGUOUS"


def test_grade_from_which_a_lesion_compresses_is_configured():
    several = [
        scored(CASES, SITES, compressive_from=grade)[0].loc["C", "multi_site"]
        for grade in ("1a", "1b")
    ]
    assert several == [True, False]


def test_without_a_row_of_lesions_cases_are_scored_as_before():
    cases = table("cases", f"case levels sosg {ITEMS}\nA T11 2 {WORST}")
    none = table("lesions", f"case id levels symptomatic sosg location {ITEMS}")
    found, each = score_with_lesions(cases, none, SCORE)
    pd.testing.assert_frame_equal(found, score_cases(cases, SCORE))
    assert len(each) == 0 and "sins_total" in each and "is_index" in each
    elsewhere = table("lesions", "case id\nZ 1")
    found, each = score_with_lesions(cases, elsewhere, SCORE)
    pd.testing.assert_frame_equal(found, score_cases(cases, SCORE))
    assert each["lesion_flags"].tolist() == ["LESION_WITHOUT_CASE"]


@pytest.fixture(scope="module")
def cohort():
    made = synthesise(600, np.random.default_rng(4))
    cases = made.cases.copy()
    blank = np.arange(len(cases)) % 2 == 0  # half of the cases leave SINS to their lesions
    for name in [n for n in cases if n.startswith("sins_") or n == "spinal_levels"]:
        cases[name] = cases[name].mask(blank)
    return cases, made.lesions


def test_the_order_of_the_rows_is_irrelevant(cohort):
    cases, lesions = cohort
    rng = np.random.default_rng(0)
    found, _ = score_with_lesions(cases, lesions, SCORE)
    shuffled, each = score_with_lesions(
        cases.sample(frac=1, random_state=rng).reset_index(drop=True),
        lesions.sample(frac=1, random_state=rng).reset_index(drop=True),
        SCORE,
    )
    back = shuffled.set_index("case_id").loc[found["case_id"]].reset_index()
    pd.testing.assert_frame_equal(back[list(found)], found)
    assert (each.groupby("case_id")["is_index"].sum() == 1).all()


def test_the_patient_s_bounds_are_those_of_the_highest_lesion(cohort):
    cases, lesions = cohort
    found, each = score_with_lesions(cases, lesions, SCORE)
    assert (found["lesion_flags"] == "COMPLETED_FROM_INDEX_LESION").sum() > 10
    by_case = each.groupby("case_id")[["sins_min", "sins_max"]].max()
    patient = found.set_index("case_id").loc[by_case.index]
    own = cases.set_index("case_id").loc[by_case.index, "sins_location"].notna()
    blank = patient[~own.to_numpy(dtype=bool)]
    highest = by_case[~own.to_numpy(dtype=bool)]
    assert len(blank) > 10
    assert (blank["sins_patient_min"] == highest["sins_min"]).all()
    assert (blank["sins_patient_max"] == highest["sins_max"]).all()
    assert (patient["sins_patient_min"] >= by_case["sins_min"]).all()
    listed = found["index_lesion_id"].notna()
    assert (found["sins_patient_max"] == found["sins_max"])[~listed].all()
    assert (found["sins_patient_max"] <= 18).all()


def test_the_tables_given_are_left_as_they_are(cohort):
    cases, lesions = cohort
    before = cases.copy(), lesions.copy()
    score_with_lesions(cases, lesions, SCORE)
    pd.testing.assert_frame_equal(cases, before[0])
    pd.testing.assert_frame_equal(lesions, before[1])


def test_a_single_lesion_table_equal_to_the_cases_changes_no_score(cohort):
    cases = synthesise(200, np.random.default_rng(9)).cases
    shared = [name for name in codebook.columns("lesions") if name in cases]
    lesions = cases[shared].assign(lesion_id=pd.array(["1"] * len(cases), dtype="string"))
    found, _ = score_with_lesions(cases, lesions, SCORE)
    plain = score_cases(cases, SCORE)
    pd.testing.assert_frame_equal(found[list(plain)], plain)
    assert found["lesion_flags"].isna().all() or set(found["lesion_flags"].dropna()) == {
        "SITES_DISAGREE"
    }


def test_score_reads_lesions_at_the_command_line(tmp_path):
    (tmp_path / "c.csv").write_text("case_id,mri_extent\nB,whole_spine\nA,regional\n")
    (tmp_path / "l.csv").write_text(
        "case_id,lesion_id,spinal_levels,sosg_grade\nA,1,T4,2\nA,2,T9,3\n"
    )
    options = ["--lesions", str(tmp_path / "l.csv"), "--out", str(tmp_path / "s.csv")]
    wanted = ["--scored-lesions", str(tmp_path / "e.csv")]
    assert main(["score", str(tmp_path / "c.csv"), *options, *wanted]) == 0
    found = pd.read_csv(tmp_path / "s.csv")
    assert found["case_id"].tolist() == ["B", "A"]
    assert found["spinal_levels"].tolist()[1] == "T9" and found["sosg_rank"].tolist()[1] == 5
    each = pd.read_csv(tmp_path / "e.csv")
    assert each["is_index"].tolist() == [False, True]
    again = ["score", str(tmp_path / "s.csv"), *options[:2], "--out", str(tmp_path / "t.csv")]
    assert main(again) == 0
    assert (tmp_path / "t.csv").exists()


def cohort_of(several, extent="whole_spine", **columns):
    n = len(several)
    known = {"in_overall": [True] * n, "mri_extent": [extent] * n}
    return pd.DataFrame(known | {"multi_site": pd.array(several, dtype="boolean")} | columns)


def test_share_of_several_sites_is_among_the_known_with_an_mri_of_the_whole_spine():
    cohort = cohort_of([True] * 10 + [False] * 30 + [None] * 6)
    found = site_counts.counts(cohort, 5, 0.95).set_index("what")
    assert found["n"].to_dict() == {"several": 10, "one": 30, "unknown": 6}
    assert found["total"].to_dict() == {"several": 40, "one": 40, "unknown": 46}
    # Wilson 1927 of 10 of 40
    assert found.loc["several", ["share_lower", "share_upper"]].tolist() == pytest.approx(
        [0.1419, 0.4019], abs=5e-4
    )
    wider = site_counts.counts(cohort, 5, 0.99).set_index("what")
    assert wider.loc["several", "share_upper"] > found.loc["several", "share_upper"]
    assert site_counts.counts(cohort_of([True] * 9, "regional"), 5, 0.95).empty


@pytest.mark.parametrize("counts", [(3, 30, 0), (30, 3, 9), (10, 30, 2), (3, 30, 6), (2, 2, 30)])
def test_no_small_number_of_sites_can_be_worked_out(counts):
    several = [True] * counts[0] + [False] * counts[1] + [None] * counts[2]
    found = site_counts.counts(cohort_of(several), 5, 0.95)
    small = [0 < n < 5 for n in counts]
    assert found["n"].isna()[small].all() and found["n"].isna().sum() >= 2
    shown = found[found["n"].notna()]
    for row in shown.to_dict("records"):
        rest = row["total"] - row["n"] if pd.notna(row["total"]) else 0
        assert not 0 < rest < 5
    assert found.loc[found["total"].isna(), "share_lower"].isna().all()


def test_compression_sites_serve_where_no_lesions_are_listed():
    cohort = cohort_of([None] * 20).drop(columns="multi_site")
    sites = pd.array([2] * 5 + [1] * 14 + [None], dtype="Int64")
    found = site_counts.counts(cohort.assign(compression_sites=sites), 0, 0.95)
    assert found["n"].tolist() == [5, 14, 1]
    assert not site_counts.known(cohort) and site_counts.counts(cohort, 0, 0.95).empty


def test_every_lesion_has_a_pathway_of_its_own():
    cases = pd.DataFrame(
        {
            "case_id": pd.array(["A", "B"], dtype="string"),
            "primary_histology": pd.Categorical(["renal", "breast"]),
            "operable": pd.array([True, True], dtype="boolean"),
            "retropulsed_fragment": pd.array([False, False], dtype="boolean"),
            "sosg_grade": pd.Categorical(["3", "0"]),
            "predicted_survival_months": [12.0, 12.0],
            "motor_power_min": [5.0, 5.0],
        }
    )
    mild = {"pain": "none", "lesion": "blastic", "alignment": "normal", "collapse": "none"}
    mild |= {"posterolateral": "none"}
    lesions = pd.DataFrame(
        {
            "case_id": pd.array(["A", "A", "C"], dtype="string"),
            "lesion_id": pd.array(["1", "2", "1"], dtype="string"),
            "spinal_levels": pd.array(["T5", "L5", "T5"], dtype="string"),
            "sosg_grade": pd.Categorical(["3", "0", "3"]),
            **{f"sins_{name}": pd.Categorical([level] * 3) for name, level in mild.items()},
        }
    )
    scored = score_cases(cases, SCORE)
    found = assign_lesions(scored, score_lesions(lesions, SCORE), settings.defaults("assign"))
    assert found["lesion_id"].tolist() == ["1", "2"]  # the lesion of no case is left out
    assert found["pathway"].tolist() == ["surgery_then_rt", "sbrt"]
