"""Points of every primary in every score, written out a second time.

Two numbers: both stay possible, because the case table says less than the published table asks for
or because no readable source gives the points. Bollen: 1 stands for A, in a patient with KPS 100 and no
visceral or brain metastases.
"""

import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.clinical.prognosis import score_prognosis
from tests.spec_table import parse

# points of the other items of the patient below
REST = {
    "tokuhashi_revised": 10,
    "bauer_modified": 2,
    "van_der_linden": 3,
    "tomita": 1,
    "rades_2_month_death": 5,
    "katagiri_new": 0,
    "osri": 0,
    "rades_survival": 37,
    "rades_ambulatory": 35,
    "bollen": 0,
}
DEFAULT = """
    primary             | tokuhashi_revised | bauer_modified | van_der_linden | tomita | rades_2_month_death | katagiri_new | osri
    breast              | 5                 | 2              | 3              | 1      | 1                   | 0 2          | 1 5
    prostate            | 5                 | 1              | 2              | 1      | 2                   | 0 2          | 1 5
    lung_small_cell     | 0                 | 0              | 1              | 4      | 3                   | 3            | 1 5
    lung_non_small_cell | 0                 | 0              | 1              | 4      | 3                   | 2 3          | 1 5
    lung_unspecified    | 0                 | 0              | 1              | 4      | 3                   | 2 3          | 1 5
    renal               | 3                 | 2              | 0              | 2      | 3                   | 2            | 1 5
    melanoma            | 2                 | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    sarcoma             | 0 2               | 1              | 0              | 1 4    | 3                   | 2            | 1 5
    ewing_sarcoma       | 2                 | 1              | 0              | 1 4    | 3                   | 2            | 1 5
    thyroid             | 5                 | 1              | 0              | 1      | 3                   | 0            | 1 5
    colorectal          | 2 4               | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    hepatocellular      | 1                 | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    stomach             | 0                 | 1              | 0              | 4      | 3                   | 3            | 1 5
    oesophagus          | 0                 | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    pancreas            | 0                 | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    bladder             | 0                 | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
    uterus              | 3                 | 1              | 0              | 2      | 3                   | 0 3          | 1 5
    ovary               | 2                 | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
    cervix              | 2 3               | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
    head_and_neck       | 2                 | 1              | 0              | 1 4    | 3                   | 3            | 1 5
    germ_cell           | 2                 | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
    lymphoma            | 2                 | 2              | 0              | 1 4    | 1                   | 0            | 1 5
    myeloma             | 2                 | 2              | 0              | 1 4    | 1                   | 0            | 1 5
    leukaemia           | 2                 | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
    unknown_primary     | 1                 | 1              | 0              | 4      | 3                   | 3            | 1 5
    other               | 1 5               | 1              | 0              | 1 4    | 3                   | 0 3          | 1 5
"""
ALLOWED = """
    primary             | tomita | katagiri_new | osri | rades_survival | rades_ambulatory | bollen
    breast              | 1      | 0 2          | 1    | 8              | 8                | 1
    prostate            | 1      | 0 2          | 1    | 7              | 7                | 2
    lung_small_cell     | 4      | 3            | 5    | 3              | 6                | 3
    lung_non_small_cell | 4      | 2 3          | 5    | 3              | 6                | 3
    lung_unspecified    | 4      | 2 3          | 5    | 3              | 6                | 3
    renal               | 2      | 2            | 2    | 4              | 6                | 2
    melanoma            | 1 4    | 3            | 1 5  | 4              | 6                | 3
    sarcoma             | 1 4    | 2            | 1 5  | 4              | 6                | 1 4
    ewing_sarcoma       | 1 4    | 2            | 1 5  | 4              | 6                | 1 4
    thyroid             | 1      | 0            | 1    | 4              | 6                | 2
    colorectal          | 1 4    | 3            | 1 5  | 4              | 6                | 3
    hepatocellular      | 4      | 3            | 1 5  | 4              | 6                | 3
    stomach             | 4      | 3            | 4    | 4              | 6                | 3
    oesophagus          | 4      | 3            | 1 5  | 4              | 6                | 3
    pancreas            | 4      | 3            | 1 5  | 4              | 6                | 3
    bladder             | 4      | 3            | 1 5  | 4              | 6                | 3
    uterus              | 2      | 0 3          | 2    | 4              | 6                | 1 4
    ovary               | 1 4    | 0 3          | 1 5  | 4              | 6                | 1 4
    cervix              | 1 4    | 3            | 1 5  | 4              | 6                | 1 4
    head_and_neck       | 1 4    | 3            | 1 5  | 4              | 6                | 1 4
    germ_cell           | 1 4    | 0 3          | 1 5  | 4              | 6                | 1 4
    lymphoma            | 1 4    | 0            | 1 5  | 9              | 9                |
    myeloma             | 1 4    | 0            | 1 5  | 9              | 9                |
    leukaemia           | 1 4    | 0 3          | 1 5  | 4              | 6                |
    unknown_primary     | 4      | 3            | 4    | 4              | 5                |
    other               | 1 4    | 0 3          | 1 5  | 4              | 6                | 1 4
"""
SETTINGS = {
    "kps_from_ecog": "none",
    "mizumoto_unfavourable": [],
    "albumin_normal_from_g_dl": None,
    "outside_population": "mark",
    "prognosis_points": {},
}


def patients(primaries):
    """The same patient with each primary in turn."""
    known = codebook.columns("all")
    n = len(primaries)
    numbers = {
        **{"kps": 100, "ecog": 2, "extraspinal_bone_metastases": 0, "vertebral_metastases": 1},
        **{"months_since_cancer_diagnosis": 40, "motor_deficit_onset_day": -20},
        **{"albumin_g_dl": 4.2, "crp_mg_dl": 0.1, "ldh_iu_l": 180, "platelets_10e9_l": 250},
        **{"calcium_mg_dl": 9.2, "bilirubin_mg_dl": 0.6},
    }
    levels = {
        **{"visceral_metastases": "none", "ais": "E", "ambulatory_status": "unaided"},
        "spinal_region": "thoracic",
    }
    frame = pd.DataFrame({name: pd.array([v] * n, dtype="Float64") for name, v in numbers.items()})
    for name, value in levels.items():
        frame[name] = pd.Categorical([value] * n, list(known[name].levels))
    for name in ("brain_metastases", "prior_systemic_therapy"):
        frame[name] = pd.array([False] * n, dtype="boolean")
    return frame.assign(
        primary_histology=pd.Categorical(primaries, list(known["primary_histology"].levels))
    )


@pytest.mark.parametrize("text, allowed", [(DEFAULT, False), (ALLOWED, True)])
def test_points_of_every_primary(text, allowed):
    (_, *scores), rows = parse(text)
    primaries = [row[0] for row in rows]
    assert primaries == list(codebook.columns()["primary_histology"].levels)
    out = score_prognosis(patients(primaries), SETTINGS | {"allow_unverified": allowed})
    for position, score in enumerate(scores, start=1):
        low = (out[f"{score}_min"] - REST[score]).astype("string").fillna("")
        high = (out[f"{score}_max"] - REST[score]).astype("string").fillna("")
        found = low.where(low == high, low + " " + high)
        assert found.tolist() == [row[position] for row in rows], score
