"""What every caption and table must say about the study: origin of time, landmark, interval,
estimand, threshold.
"""

from dataclasses import dataclass

from mescc_analytics.present import display, wording

ARMS_CHOSEN = (
    "The arms were chosen for the patients and differ in more than treatment: unadjusted, this "
    "describes and does not compare like with like."
)
ARMS_GIVEN = (
    "The table gives the arms; differences, unadjusted, can be read as effects of treatment only "
    "if the arms were assigned at random."
)
NAIVE = (
    "Caution: arms by treatment received, counted from time zero without a landmark; immortal time "
    "favours the later treated."
)


@dataclass(frozen=True)
class Study:
    """The choices of one run that a reader must know.

    Attributes
    ----------
    name, title, version, digest : str
        Cohort, title of the report, software version and a short digest of the code.
    date : str
        Date of the report as given in the config, or "".
    threshold : int
        Counts from 1 to threshold - 1 are withheld.
    time_zero : str
        "mri", "presentation" or "treatment_start".
    grace_days, landmark_days : float
    level : float
        Of every interval, for example 0.95.
    interval : str
        Transformation of the Kaplan-Meier interval.
    exact_below : int
        Proportions walking of fewer cases have exact intervals; 0: none has.
    estimand : str
        Of the walking figure and sentences.
    arms_given : bool
        Whether the table named the arms (a trial, for example) instead of the treatments received.
    entry : str
        "none", or the column with the day on which a case came under observation.
    """

    name: str
    title: str = ""
    version: str = ""
    digest: str = ""
    date: str = ""
    threshold: int = 5
    time_zero: str = "mri"
    grace_days: float = 30.0
    landmark_days: float = 30.0
    level: float = 0.95
    interval: str = "log-log"
    exact_below: int = 10
    estimand: str = "composite"
    arms_given: bool = False
    entry: str = "none"

    @property
    def entry_note(self):
        """That cases entered late, or ""."""
        if self.entry == "none":
            return ""
        return (
            "Delayed entry: a case counts as at risk from the day it reached the referral centre, "
            "so that numbers at risk can rise."
        )

    @property
    def entry_note_walking(self):
        """That proportions take no account of late entry, or ""."""
        if self.entry == "none":
            return ""
        return (
            "Proportions take no account of delayed entry: who died before reaching the referral "
            "centre is not among them."
        )

    @property
    def small(self):
        """The mark of a count that is withheld."""
        return f"<{self.threshold}"

    @property
    def proportion_words(self):
        """Which intervals proportions walking have."""
        if not self.exact_below:
            return "Wilson"
        return f"Wilson; of fewer than {self.exact_below} cases exact, Clopper-Pearson"

    @property
    def level_words(self):
        return display.level_words(self.level)

    @property
    def time_zero_words(self):
        return wording.TIME_ZERO.get(self.time_zero, self.time_zero.replace("_", " "))

    @property
    def estimand_words(self):
        return wording.ESTIMANDS[self.estimand]

    @property
    def arms_note(self):
        """Why the arms must not be compared as if nothing but treatment differed."""
        return ARMS_GIVEN if self.arms_given else ARMS_CHOSEN

    def no_deaths_note(self, days):
        """That death does not count on those `days` that are not after the landmark, or ""."""
        early = sorted({float(day) for day in days if float(day) <= self.landmark_days})
        if not early or not self.landmark_days:
            return ""
        listed = display.listing(display.day_count(day) for day in early)
        return (
            f"At day {listed} nobody in the comparison of arms can have died, because it holds "
            f"those alive at the landmark, day {display.day_count(self.landmark_days)}: death does "
            "not count there."
        )

    @property
    def suppression_note(self):
        """The footnote on withheld counts, or "" where nothing is withheld."""
        if self.threshold < 2:
            return ""
        return (
            f"{self.small}: between 1 and {self.threshold - 1} cases. {display.HIDDEN}: withheld "
            "so that such a number cannot be worked out."
        )

    @property
    def suppression_note_with_zero(self):
        """The footnote of a table in which a withheld count may be 0."""
        return self.suppression_note.replace(
            f"{self.small}: between 1 and", f"{self.small}: between 0 and"
        )

    @property
    def naive(self):
        """Whether arms by treatment received are compared from time zero, without a landmark."""
        return not self.landmark_days and not self.arms_given


def study_of(settings, section="report", *, landmark_days=None, arms_given=False):
    """The Study of a step's settings.

    Parameters
    ----------
    settings : dict
        Keys name, version, digest, disclosure, cohort, survival, ambulatory, figures or report or
        tables (estimand), report (date, title); each may be absent.
    section : {"figures", "tables", "report"}
        The step's own section, which says the estimand of the main figures.
    landmark_days : float, optional
        The landmark that the results used, where it differs from the config (arms given in the
        table).
    arms_given : bool

    Returns
    -------
    Study
    """
    cohort, survival, report = (
        settings.get(name) or {} for name in ("cohort", "survival", "report")
    )
    landmark = cohort.get("landmark_days", 30) if landmark_days is None else landmark_days
    return Study(
        name=settings.get("name", ""),
        title=report.get("title") or "",
        version=settings.get("version", ""),
        digest=settings.get("digest", ""),
        date=str(report.get("date") or ""),
        threshold=(settings.get("disclosure") or {}).get("threshold", 5),
        time_zero=cohort.get("time_zero", "mri"),
        grace_days=cohort.get("grace_days", 30),
        landmark_days=landmark,
        level=survival.get("confidence_level", 0.95),
        interval=survival.get("interval", "log-log"),
        exact_below=(settings.get("ambulatory") or {}).get("exact_below", 10),
        estimand=(settings.get(section) or {}).get("estimand") or "composite",
        arms_given=arms_given,
        entry=survival.get("entry", "none"),
    )
