"""Default rules that touched a case, in words."""

import pandas as pd

from mescc_analytics.clinical.prognosis import registry
from mescc_analytics.steps.derived import derived


def counted(codes):
    cohort = pd.DataFrame({"prognosis_flags": pd.array(codes, dtype="string")})
    return derived(cohort, 1).set_index("rule")["n"].to_dict()


def test_codes_of_the_prognostic_scores_are_said_in_words():
    said = counted(["KPS_FROM_ECOG; BOLLEN_UNVERIFIED", "BOLLEN_UNVERIFIED", None])
    assert said == {
        "KPS read from the ECOG grade by the configured table": 1,
        "Bollen model: given with points that no readable source confirms (allow_unverified)": 2,
    }


def test_every_score_has_words_for_its_codes_and_an_unknown_code_stays():
    for name, book in registry(allow_unverified=True).items():
        (words,) = counted([f"{name.upper()}_OUTSIDE"])
        assert words == f"{book['label']}: used outside the patients from whom it was derived"
    assert counted(["NEW_CODE", "NO_SCORE_OUTSIDE"]) == {"NEW_CODE": 1, "NO_SCORE_OUTSIDE": 1}
