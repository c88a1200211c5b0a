"""NOMS, one branch per test: neurologic, oncologic, mechanical, systemic.

Blank: not recorded. Unless a column says otherwise a case is complete: SINS 3 (stable), operable, predicted survival 12
months, grade 2, renal cancer.
"""

import pytest

from tests.spec.test_pathway_seed_text import check


def test_mechanical_an_unstable_spine_is_stabilised_whatever_grade_and_tumour():
    check(
        """
        sins_min | sins_max | sosg_grade | primary_histology | operable | pathway         | rule | missing
        13       | 13       | 3          | renal             | yes      | surgery_then_rt | N1   |
        13       | 13       | 0          | renal             | yes      | surgery_then_rt | N1   |
        13       | 13       | 3          | lymphoma          | yes      | surgery_then_rt | N1   |
        13       | 18       |            | lung_unspecified  | yes      | surgery_then_rt | N1   |
        13       | 13       | 0          | lymphoma          | no       | surgical_review | N2   |
        13       | 13       | 3          | renal             | no       | surgical_review | N2   |
        12       | 12       | 0          | lymphoma          | yes      | cebrt           | N6   |
        12       | 13       | 0          | lymphoma          | yes      | undetermined    | N1   | sins_pain
        12       | 13       | 0          | lymphoma          | no       | undetermined    | N2   | sins_pain
        12       | 13       | 2          | renal             | yes      | surgery_then_rt | N4   |
    """,
        algorithm="noms",
    )


def test_neurologic_and_oncologic_high_grade():
    check(
        """
        sosg_grade | primary_histology | operable | pathway         | rule | missing
        2          | renal             | yes      | surgery_then_rt | N4   |
        3          | melanoma          | yes      | surgery_then_rt | N4   |
        3          | breast            | yes      | surgery_then_rt | N4   |
        3          | lymphoma          | yes      | cebrt           | N6   |
        3          | lung_unspecified  | yes      | undetermined    | N4   | primary_histology
        3          | unknown_primary   | yes      | undetermined    | N4   | primary_histology
    """,
        algorithm="noms",
    )


def test_systemic_who_cannot_bear_surgery_gets_conventional_radiotherapy():
    check(
        """
        sosg_grade | primary_histology | operable | predicted_survival_months | ecog | pathway         | rule | missing
        3          | renal             | no       | 12                        | 1    | cebrt           | N5   |
        3          | renal             |          | 2                         | 1    | cebrt           | N5   |
        3          | renal             |          | 12                        | 3    | cebrt           | N5   |
        3          | renal             |          | 12                        | 2    | surgery_then_rt | N4   |
        3          | renal             |          | 12                        |      | undetermined    | N4   | operable; ecog
        3          | lung_unspecified  | no       | 12                        | 1    | cebrt           | N5   |
        3          | lymphoma          |          | 2                         | 4    | cebrt           | N6   |
    """,
        algorithm="noms",
    )


def test_neurologic_and_oncologic_low_grade():
    check(
        """
        sosg_grade | primary_histology | motor_power_min | predicted_survival_months | operable | pathway      | rule | missing
        0          | renal             | 5               | 12                        | yes      | sbrt         | N7   |
        1c         | renal             | 5               | 12                        | yes      | sbrt         | N7   |
        1b         | breast            | 5               | 12                        | yes      | sbrt         | N7   |
        1b         | lymphoma          | 5               | 12                        | yes      | cebrt        | N6   |
        1b         | renal             | 2               | 12                        | yes      | sbrt         | N7   |
        1b         | renal             | 5               | 1                         | no       | sbrt         | N7   |
        1b         | lung_unspecified  | 5               | 12                        | yes      | undetermined | N6   | primary_histology
                   | lymphoma          | 5               | 12                        | yes      | cebrt        | N6   |
                   | renal             | 5               | 12                        | yes      | undetermined | N4   | sosg_grade
                   | renal             | 5               | 12                        | no       | undetermined | N5   | sosg_grade
    """,
        algorithm="noms",
    )


def test_neither_a_bone_fragment_nor_earlier_radiotherapy_is_asked_for():
    check(
        """
        retropulsed_fragment | prior_rt_same_level | sosg_grade | primary_histology | pathway         | rule
        yes                  | yes                 | 2          | renal             | surgery_then_rt | N4
                             |                     | 1b         | lymphoma          | cebrt           | N6
    """,
        algorithm="noms",
    )


def test_intermediate_tumours_follow_the_config():
    table = """
        sosg_grade | primary_histology | pathway | rule
        3          | breast            | {}      | {}
        0          | breast            | {}      | {}
    """
    check(table.format("surgery_then_rt", "N4", "sbrt", "N7"), algorithm="noms")
    chosen = {"algorithm": "noms", "noms_intermediate": "sensitive"}
    check(table.format("cebrt", "N6", "cebrt", "N6"), **chosen)


def test_grade_1c_follows_its_policy():
    table = """
        sosg_grade | primary_histology | pathway | rule
        1c         | renal             | {}      | {}
    """
    check(table.format("sbrt", "N7"), algorithm="noms", sosg_1c="low")
    check(table.format("surgery_then_rt", "N4"), algorithm="noms", sosg_1c="high")


@pytest.mark.parametrize(
    "policy, pathway, rule",
    [
        ("consult_then_low_branch", "sbrt", "N7"),
        ("treat_as_low", "sbrt", "N7"),
        ("treat_as_high", "surgery_then_rt", "N1"),
        ("separate_arm", "surgical_review", "N3"),
    ],
)
def test_indeterminate_sins_follows_its_policy(policy, pathway, rule):
    check(
        f"""
        sins_min | sins_max | sosg_grade | primary_histology | pathway   | rule
        7        | 7        | 0          | breast            | {pathway} | {rule}
        6        | 6        | 0          | breast            | sbrt      | N7
        13       | 13       | 0          | breast            | surgery_then_rt | N1
    """,
        algorithm="noms",
        sins_indeterminate=policy,
    )
