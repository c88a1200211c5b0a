"""How the cohort's own figures were made: what a published result must share to be compared."""

from dataclasses import dataclass

from mescc_analytics.errors import UsageError

ALLOWED = {
    "walking": ("with_aids", "unaided"),
    "time_zero": ("mri", "presentation", "treatment_start"),
}


@dataclass(frozen=True)
class CohortRules:
    """How the cohort's figures were made, and what a study lets be compared.

    Attributes
    ----------
    walking : {"with_aids", "unaided"}
        Who walks.
    time_zero : {"mri", "presentation", "treatment_start"}
        Where survival starts.
    landmark_days : float
        Day at which the arms are compared; 0: no landmark.
    high_grades : tuple of str
        SOSG grades that count as high.
    after_treatment_days : float, optional
        Which of the cohort's days stands for "after treatment", where no day was printed.
    tolerance_days : float
        How far two days may lie apart (a month of 30 days, a quarter of 90 or 12 weeks).
    surgical_share_max : float
        Share of operated cases up to which a cohort counts as one of all comers.
    tests : bool
        Whether differences from published counts are estimated.
    show : tuple of str
        Benchmarks that are drawn although they are not compared.
    arms_given : bool
        Whether the table names the arms, as a trial does.
    """

    walking: str
    time_zero: str
    landmark_days: float = 0
    high_grades: tuple = ("2", "3")
    after_treatment_days: float | None = None
    tolerance_days: float = 7
    surgical_share_max: float = 0.5
    tests: bool = True
    show: tuple = ()
    arms_given: bool = False

    def __post_init__(self):
        problems = [
            f"{name}: '{getattr(self, name)}' is not one of {', '.join(allowed)}"
            for name, allowed in ALLOWED.items()
            if getattr(self, name) not in allowed
        ]
        if problems:
            raise UsageError("rules of the cohort", problems)
