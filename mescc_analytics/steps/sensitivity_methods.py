"""One contrast of arms under every choice that it could depend on: the estimates."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mescc_analytics.clinical.first_treatment import first_spells, first_treatment
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.steps import received
from mescc_analytics.steps.beside import declared, entry_of
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.steps.groups import reference_arm
from mescc_analytics.steps.strategies import reference_of
from mescc_analytics.steps.survival_immortal import dated, spell_rows, time_varying_hazards

VALUES = ("hazard_ratio", "ci_lower", "ci_upper", "p")
SIZES = ("n_group", "n_reference", "events_group", "events_reference")


@dataclass(frozen=True)
class Panel:
    """What every row of the panel shares.

    Attributes
    ----------
    cases : DataFrame, shape (n_cases, ...)
        In the analyses of the whole cohort and, with delayed entry, seen at risk; rows from 0.
    entry : array of float, shape (n_cases,), or None
    settings : dict
        sensitivity, survival, cohort (as in effect).
    given : bool
        Whether the table gives the arms.
    names : tuple of str
        Arms that are compared, the reference first.
    """

    cases: pd.DataFrame
    entry: np.ndarray | None
    settings: dict
    given: bool
    names: tuple = ()

    @classmethod
    def of(cls, frame, settings, *, given):
        """The panel of a cohort; its arms are those with enough cases at the landmark."""
        whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
        entry, entered, _ = entry_of(whole, settings["survival"])
        cases = whole[entered].reset_index(drop=True)
        panel = cls(cases, None if entry is None else entry[entered], settings, given)
        landmark = float(settings["cohort"]["landmark_days"])
        kept, arm = panel.arms_at(landmark)
        counted = arm[kept].value_counts()
        least = settings["sensitivity"]["min_arm"]
        found = [name for name in arm.cat.categories if counted.get(name, 0) >= least]
        wanted = settings["cohort"]["reference_arm"]
        if len(found) < 2:
            return panel
        if panel.by_first:
            first = reference_of(found, wanted)
        else:
            among = pd.Series(pd.Categorical(found, found))
            first = reference_arm(among, wanted if wanted in found else None)
        return replace(panel, names=(first, *(name for name in found if name != first)))

    @property
    def by_first(self):
        """Whether arms are first treatments instead of those of the cohort."""
        return self.settings["sensitivity"]["contrasts"] == "first_treatment" and not self.given

    def arms_at(self, landmark):
        """Cases followed beyond a landmark (all at 0), and the arm received by then."""
        which = received.GIVEN if self.given else self.settings["sensitivity"]["contrasts"]
        return received.arms_at(self.cases, self.settings["cohort"], landmark, which)

    def estimates(self, kept, arm, *, columns=()):
        """Rows of the contrasts among the cases `kept`; covariates are named by `columns`."""
        kept = kept & arm.isin(self.names).to_numpy()
        cases = self.cases[kept]
        group = pd.Series(pd.Categorical(arm[kept], self.names), index=cases.index)
        days = cases["survival_days"].to_numpy(dtype=float)
        died = cases["survival_event"].to_numpy(dtype=bool)
        matrix = design(cases, columns).matrix if columns else np.zeros((len(cases), 0))
        entry = None if self.entry is None else self.entry[kept]
        covariates = matrix if matrix.shape[1] else None
        shared, _ = declared(cases, self.settings["survival"])
        beside = Beside(entry=entry, covariates=covariates, **shared)
        level = self.settings["survival"]["confidence_level"]
        hazards, _ = hazard_frame(days, died, group, level, beside)
        n, events = group.value_counts(), group[died].value_counts()
        for side in ("group", "reference"):
            hazards[f"n_{side}"] = hazards[side].map(n).astype(float)
            hazards[f"events_{side}"] = hazards[side].map(events).astype(float)
        return hazards

    def recorded(self, columns):
        """The columns that the table has with any value."""
        return [name for name in columns if name in self.cases and self.cases[name].notna().any()]

    def landmark(self, day, columns):
        """Contrasts from a landmark, or naively from time zero where it is 0."""
        kept, arm = self.arms_at(float(day))
        return self.estimates(kept, arm, columns=columns)

    def time_varying(self, columns):
        """Contrasts with treatment counted from the day it begins."""
        cohort, cases = self.settings["cohort"], self.cases
        last = cases["survival_days"].to_numpy(dtype=float)
        if self.by_first:
            name, day = first_treatment(cases, cases["time_zero_day"], cohort)
            rows = dated(first_spells(name, day, last), cases, self.entry)
        else:
            rows = spell_rows(cases, cohort, self.entry)
        rows = rows[rows["arm"].isin(self.names)].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=["group"])
        wanted = {"adjust_for": list(columns)}
        chosen = self.settings | {
            "survival": self.settings["survival"] | wanted,
            "cohort": cohort | {"reference_arm": self.names[0]},
        }
        found = time_varying_hazards(cases, rows, chosen)
        names = {"n": "n_group", "events": "events_group"}
        return found.rename(columns=names)

    def with_values(self, completed):
        """The cases of one imputation alone, with its values in place of the recorded columns."""
        seen = self.cases["case_id"].isin(completed["case_id"]).to_numpy(bool)
        # of a large cohort a sample is imputed: the rest is not copied once per imputation
        cases = self.cases[seen].reset_index(drop=True)
        completed = completed.set_index("case_id").drop(columns="imputation")
        place = completed.index.get_indexer(cases["case_id"])
        for name in completed:
            cases[name] = completed[name].array.take(place)
        own = replace(self, cases=cases, entry=None if self.entry is None else self.entry[seen])
        return own.with_grades(self.settings["score"]["sosg_high_grades"])

    def with_grades(self, high):
        """The panel with these SOSG grades as high."""
        if "sosg_grade" not in self.cases:
            return self
        grade = self.cases["sosg_grade"].astype("string")
        column = grade.isin(high).astype("boolean").mask(grade.isna())
        return replace(self, cases=self.cases.assign(sosg_high_grade=column))

    def undetermined(self):
        """Cases without a category of SINS."""
        category = self.cases["sins_category"].astype("string")
        return category.isin(["undetermined"]).to_numpy(bool) | category.isna().to_numpy(bool)

    def with_sins(self, policy):
        """The panel under a policy for undetermined SINS ("sins_excluded", or the category that it
        takes), and the cases that are kept.
        """
        open_ = self.undetermined()
        if policy == "sins_excluded":
            return self, ~open_
        category = self.cases["sins_category"].astype("string").mask(open_, policy)
        cases = self.cases.assign(sins_category=category)
        return replace(self, cases=cases), np.ones(len(open_), bool)
