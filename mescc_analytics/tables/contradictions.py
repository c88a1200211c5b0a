"""The contradictions between two columns of a case, one entry each; see `crosschecks`."""

from collections.abc import Callable
from dataclasses import dataclass

WALKING = ("unaided", "aided")


@dataclass(frozen=True)
class Rule:
    """One contradiction.

    Attributes
    ----------
    code, severity : str
    columns : tuple of str
        The column that is named in the finding, then those quoted with it. The rule applies where
        all exist.
    broken : callable
        Frame of cases to boolean Series; a missing answer is not a contradiction.
    wanted : str
    """

    code: str
    severity: str
    columns: tuple
    broken: Callable
    wanted: str


RULES = (
    Rule(
        "rt_end_before_start",
        "error",
        ("rt_end_day", "rt_start_day"),
        lambda c: c["rt_end_day"] < c["rt_start_day"],
        "rt_end_day no earlier than rt_start_day",
    ),
    Rule(
        "surgery_without_day",
        "warning",
        ("surgery_type", "surgery_day"),
        lambda c: c["surgery_type"].notna() & c["surgery_day"].isna(),
        "a surgery_day beside a type of surgery",
    ),
    Rule(
        "rt_without_day",
        "warning",
        ("rt_dose_gy", "rt_start_day"),
        lambda c: c["rt_dose_gy"].notna() & c["rt_start_day"].isna(),
        "an rt_start_day beside a dose of radiotherapy",
    ),
    Rule(
        "dose_without_fractions",
        "note",
        ("rt_dose_gy", "rt_fractions"),
        lambda c: c["rt_dose_gy"].notna() & c["rt_fractions"].isna(),
        "rt_fractions beside a dose of radiotherapy",
    ),
    Rule(
        "earlier_dose_without_earlier_rt",
        "warning",
        ("prior_rt_dose_gy", "prior_rt_same_level"),
        lambda c: c["prior_rt_dose_gy"].notna() & ~c["prior_rt_same_level"],
        "prior_rt_same_level beside the dose of an earlier course",
    ),
    Rule(
        "onset_after_presentation",
        "warning",
        ("symptom_onset_day",),
        lambda c: c["symptom_onset_day"] > 0,
        "onset no later than day 0 (presentation)",
    ),
    Rule(
        "motor_onset_before_symptoms",
        "note",
        ("motor_deficit_onset_day", "symptom_onset_day"),
        lambda c: c["motor_deficit_onset_day"] < c["symptom_onset_day"],
        "motor_deficit_onset_day no earlier than symptom_onset_day",
    ),
    Rule(
        "tissue_after_last_contact",
        "warning",
        ("tissue_diagnosis_day", "last_contact_day"),
        lambda c: c["tissue_diagnosis_day"] > c["last_contact_day"],
        "tissue_diagnosis_day no later than last_contact_day",
    ),
    Rule(
        "primary_against_sex",
        "warning",
        ("primary_histology", "sex"),
        lambda c: (
            ((c["sex"] == "female") & (c["primary_histology"] == "prostate"))
            | ((c["sex"] == "male") & c["primary_histology"].isin(["ovary", "uterus", "cervix"]))
        ),
        "a primary tumour that fits the sex",
    ),
    Rule(
        "walking_with_paraplegia_hours",
        "warning",
        ("paraplegia_hours", "ambulatory_status"),
        lambda c: (c["paraplegia_hours"] > 0) & c["ambulatory_status"].isin(WALKING),
        "no duration of paraplegia in a patient who walks",
    ),
    Rule(
        "walking_with_ais_a_b",
        "warning",
        ("ambulatory_status", "ais"),
        lambda c: (c["ambulatory_status"] == "unaided") & c["ais"].isin(["A", "B"]),
        "no unaided walking with ASIA A or B (no motor function)",
    ),
    Rule(
        "paraplegic_with_ais_e",
        "warning",
        ("ambulatory_status", "ais"),
        lambda c: (c["ambulatory_status"] == "paraplegic") & (c["ais"] == "E"),
        "no paraplegia with ASIA E (normal)",
    ),
    Rule(
        "power_against_ais",
        "warning",
        ("motor_power_min", "ais"),
        lambda c: (c["motor_power_min"] > 0) & (c["ais"] == "A"),
        "power 0 with ASIA A (complete)",
    ),
    Rule(
        "power_without_weakness",
        "note",
        ("motor_power_min", "weakness"),
        lambda c: (c["motor_power_min"] < 5) & ~c["weakness"],
        "weakness beside a power below 5",
    ),
    Rule(
        "ecog_against_kps",
        "note",
        ("kps", "ecog"),
        lambda c: ((c["ecog"] == 0) & (c["kps"] < 70)) | ((c["ecog"] == 4) & (c["kps"] > 50)),
        "a KPS that fits the ECOG performance status",
    ),
    Rule(
        "quarter_against_year",
        "warning",
        ("presentation_quarter", "presentation_year"),
        lambda c: c["presentation_quarter"].str[:4] != c["presentation_year"].astype("string"),
        "presentation_quarter in presentation_year",
    ),
)
