"""Worked examples of the verified prognostic scores, one patient per line."""

from mescc_analytics.clinical.prognosis import score_prognosis
from tests.spec_table import cases, parse

SETTINGS = {
    "kps_from_ecog": "ma2010",
    "allow_unverified": False,
    "mizumoto_unfavourable": ["lung_non_small_cell", "stomach"],
    "albumin_normal_from_g_dl": None,
    "outside_population": "mark",
    "prognosis_points": {},
}


def check(score, text):
    """Columns before `min` are the patient; blank is missing."""
    header, rows = parse(text)
    count = header.index("min")
    given = "\n".join(" | ".join(row[:count]) for row in (header, *rows))
    out = score_prognosis(cases(given)[0], SETTINGS)
    found = out[[f"{score}_min", f"{score}_max", f"{score}_band"]].astype("string").fillna("")
    assert found.to_numpy().tolist() == [row[count:] for row in rows]


def test_revised_tokuhashi():
    check(
        "tokuhashi_revised",
        """
        kps | ecog | extraspinal_bone_metastases | vertebral_metastases | visceral_metastases | primary_histology   | ais | min | max | band
        80  |      | 0                           | 1                    | none                | breast              | E   | 15  | 15  | 12-15
        70  |      | 1                           | 2                    | removable           | renal               | D   | 8   | 8   | 0-8
        70  |      | 1                           | 2                    | none                | renal               | D   | 9   | 9   | 9-11
        80  |      | 0                           | 1                    | none                | hepatocellular      | E   | 11  | 11  | 9-11
        80  |      | 0                           | 1                    | none                | myeloma             | E   | 12  | 12  | 12-15
        40  |      | 3                           | 3                    | unremovable         | lung_non_small_cell | A   | 0   | 0   | 0-8
            | 3    | 3                           | 3                    | unremovable         | lung_non_small_cell | A   | 0   | 1   | 0-8
        50  |      | 1                           | 2                    | none                | thyroid             |     | 10  | 12  | undetermined
        80  |      | 0                           | 1                    | none                | colorectal          | C   | 11  | 13  | undetermined
    """,
    )


def test_modified_bauer():
    check(
        "bauer_modified",
        """
        visceral_metastases | primary_histology | vertebral_metastases | extraspinal_bone_metastases | min | max | band
        none                | renal             | 1                    | 0                           | 4   | 4   | 3-4
        none                | prostate          | 1                    | 1                           | 2   | 2   | 2
        removable           | lymphoma          | 2                    |                             | 2   | 2   | 2
        unremovable         | lung_unspecified  | 3                    | 2                           | 0   | 0   | 0-1
        none                | unknown_primary   | 1                    |                             | 2   | 3   | undetermined
        none                |                   | 1                    | 0                           | 2   | 4   | undetermined
    """,
    )


def test_van_der_linden():
    check(
        "van_der_linden",
        """
        kps | primary_histology   | visceral_metastases | min | max | band
        80  | breast              | none                | 6   | 6   | C
        80  | breast              | removable           | 5   | 5   | B
        70  | prostate            | none                | 4   | 4   | B
        70  | lung_small_cell     | none                | 3   | 3   | A
        20  | renal               | unremovable         | 0   | 0   | A
            | renal               | none                | 1   | 3   | A
            | prostate            | none                | 3   | 5   | undetermined
    """,
    )


def test_tomita():
    check(
        "tomita",
        """
        primary_histology | visceral_metastases | vertebral_metastases | extraspinal_bone_metastases | min | max | band
        thyroid           | none                | 1                    | 0                           | 2   | 2   | 2-3
        renal             | none                | 1                    | 1                           | 4   | 4   | 4-5
        stomach           | none                | 3                    |                             | 6   | 6   | 6-7
        unknown_primary   | unremovable         | 2                    | 0                           | 10  | 10  | 8-10
        melanoma          | unremovable         | 2                    | 0                           | 7   | 10  | undetermined
    """,
    )


def test_rades_2_month_death():
    check(
        "rades_2_month_death",
        """
        ecog | primary_histology | extraspinal_bone_metastases | visceral_metastases | months_since_cancer_diagnosis | ambulatory_status | motor_deficit_onset_day | min | max | band
        2    | breast            | 0                           | none                | 16                            | aided             | -8                      | 6   | 6   | 6-18
        4    | melanoma          | 1                           | removable           | 15                            | paraplegic        | -7                      | 25  | 25  | 19-25
        3    | prostate          | 2                           | none                | 40                            | non_ambulatory    |                         | 16  | 19  | undetermined
        1    | prostate          | 2                           | none                | 40                            | non_ambulatory    | -3                      |     |     | not_applicable
    """,
    )


def test_mizumoto():
    check(
        "mizumoto",
        """
        primary_histology   | ecog | calcium_mg_dl | visceral_metastases | prior_systemic_therapy | vertebral_metastases | extraspinal_bone_metastases | age_years | min | max | band
        breast              | 1    | 9.5           | none                | no                     | 1                    | 0                           | 60        | 0   | 0   | A
        stomach             | 2    | 9.5           | none                | no                     | 2                    | 0                           | 71        | 5   | 5   | B
        lung_non_small_cell | 3    | 10.3          | unremovable         | no                     | 2                    | 0                           | 70        | 11  | 11  | C
        breast              | 1    | 9.5           | none                | yes                    | 3                    |                             | 60        | 1   | 3   | A
        prostate            | 3    | 9.5           | none                | yes                    | 2                    | 1                           | 60        | 4   | 6   | undetermined
    """,
    )
