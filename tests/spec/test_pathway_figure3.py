"""Figure 3 of the founding review, read literally: high SOSG and/or high SINS means surgery if operable."""

from tests.spec.test_pathway_seed_text import check


def test_figure3_literal():
    check(
        """
        sins_min | sins_max | sosg_grade | primary_histology | operable | predicted_survival_months | pathway         | rule | missing
        3        | 3        | 3          | lymphoma          | yes      | 12                        | surgery_then_rt | F1   |
        13       | 13       | 0          | lymphoma          | yes      | 12                        | surgery_then_rt | F2   |
        13       | 13       |            | lymphoma          | yes      | 12                        | surgery_then_rt | F2   |
        3        | 3        | 3          | lymphoma          | no       | 2                         | cebrt_short     | F4   |
        3        | 3        | 3          | renal             | no       | 12                        | cebrt           | F5   |
        13       | 13       | 0          | renal             | no       | 12                        | cebrt           | F6   |
        3        | 3        | 0          | renal             | yes      | 12                        | sbrt            | F7   |
        3        | 3        | 0          | breast            | yes      | 12                        | cebrt           | F8   |
        12       | 14       | 0          | breast            | yes      | 12                        | undetermined    | F2   | sins_pain
    """,
        algorithm="figure3_literal",
    )


def test_indeterminate_sins_as_a_separate_arm():
    check(
        """
        sins_min | sins_max | sosg_grade | primary_histology | pathway         | rule
        7        | 12       | 0          | breast            | surgical_review | F3
        6        | 6        | 0          | breast            | cebrt           | F8
    """,
        algorithm="figure3_literal",
        sins_indeterminate="separate_arm",
    )
