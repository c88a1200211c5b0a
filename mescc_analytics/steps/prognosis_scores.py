"""The prognostic scores of a cohort in the form in which statistics takes them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.prognosis import columns_needed, registry, score_label

IMPORTED = "imported"  # status of what a calculator outside this program predicted
DAYS_PER_MONTH = 30.4375
# a figure published at 6 months (182.6 days) is read at a milestone of 180 days
NEAR_DAYS = 3.0
OPEN, NOT_APPLICABLE = "open", "not_applicable"
# of a predicted survival, in percent
PREDICTED_BANDS = ("0-25 %", "25-50 %", "50-75 %", "75-100 %")
PREDICTED_LIMITS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Entry:
    """One score of the registry, or one imported prediction.

    Attributes
    ----------
    name : str
        Id in the registry, or the column of an imported prediction.
    book : dict
        Its entry in the codebook.
    until_days : float or None
        Day to which an imported prediction speaks; None for a score.
    order : int
        Place among all entries, whichever of them a study compares.
    """

    name: str
    book: dict
    until_days: float | None
    order: int

    @property
    def label(self):
        return self.book["label"] if self.imported else score_label(self.book)

    @property
    def imported(self):
        return self.until_days is not None

    @property
    def about(self):
        """What stands on every row of every output."""
        status = IMPORTED if self.imported else self.book["status"]
        return {"score": self.name, "label": self.label, "points_status": status}

    @property
    def column(self):
        return self.name if self.imported else f"{self.name}_total"

    @property
    def columns(self):
        """Columns of the cohort table that the entry reads."""
        if self.imported:
            return (self.name,)
        return tuple(f"{self.name}_{end}" for end in ("total", "min", "max", "band", "missing"))

    @property
    def published_c(self):
        """C of other series in words, with their numbers of cases."""
        found = self.book.get("discrimination", [])
        return "; ".join(f"{_c_words(entry)} (n {entry['n']:,})" for entry in found)

    @property
    def worse(self):
        """1 where more is worse, -1 where more is better."""
        if self.imported:
            return 1 if self.book["predicts"] == "death" else -1
        return 1 if self.book["direction"] == "higher_worse" else -1


def _c_words(entry):
    if "c_range" in entry:
        return "{:.2f} to {:.2f}".format(*entry["c_range"])
    return f"{entry['c']:.2f}"


def all_entries():
    """Every score of the registry in order, then every imported prediction: dict by name."""
    found = {name: (book, None) for name, book in registry(allow_unverified=True).items()}
    external = codebook.load("prognosis/external")
    for name, column in external["columns"].items():
        tool, day = name.split("_")[:2]
        book = {
            "label": column["label"],
            "predicts": external["predicts"][tool],
            "discrimination": [external["discrimination"][name]]
            if name in external["discrimination"]
            else [],
        }
        found[name] = (book, float(day.removesuffix("d")))
    return {name: Entry(name, *about, order) for order, (name, about) in enumerate(found.items())}


def chosen_entries(given, wanted):
    """Entries to compare, and those asked for that the table does not hold.

    Parameters
    ----------
    given : collection of str
        Columns of the cohort table.
    wanted : list of str or None
        None: everything in the table that predicts survival.

    Returns
    -------
    (list of Entry, list of Entry)
    """
    entries = all_entries()
    if wanted is None:
        wanted = [n for n, e in entries.items() if e.imported or "predicts" not in e.book]
        wanted = [name for name in wanted if entries[name].column in given]
    asked = [entry for name, entry in entries.items() if name in wanted]
    return (
        [entry for entry in asked if entry.column in given],
        [entry for entry in asked if entry.column not in given],
    )


@dataclass(frozen=True)
class Scored:
    """The cases of a cohort with one score.

    Attributes
    ----------
    entry : Entry
    time : array of float, shape (n_cases,)
        Days from time zero.
    died : array of bool, shape (n_cases,)
    cases : DataFrame, shape (n_cases, ...)
        With the columns of the entry.
    """

    entry: Entry
    time: np.ndarray
    died: np.ndarray
    cases: pd.DataFrame

    @cached_property
    def value(self):
        """Total or probability, NaN where it is open."""
        return self.cases[self.entry.column].to_numpy(dtype=float, na_value=np.nan)

    @cached_property
    def settled(self):
        """Cases whose missing items, if any, do not matter, and to which the score applies."""
        if self.entry.imported:
            return ~np.isnan(self.value)
        undetermined = self.cases[f"{self.entry.name}_band"].astype("string").eq("undetermined")
        return ~np.isnan(self.value) & ~undetermined.fillna(True).to_numpy(dtype=bool)

    @cached_property
    def not_applicable(self):
        if self.entry.imported:
            return np.zeros(len(self.cases), dtype=bool)
        band = self.cases[f"{self.entry.name}_band"].astype("string")
        return band.eq(NOT_APPLICABLE).fillna(False).to_numpy(dtype=bool)

    @property
    def open(self):
        return ~self.settled & ~self.not_applicable

    @property
    def risk(self):
        """Higher: expected to die earlier; NaN where the total is open."""
        return self.value * self.entry.worse

    def with_open_at(self, end):
        """Risk with every open total at its lowest ("min") or highest ("max") possible value."""
        bound = self.cases[f"{self.entry.name}_{end}"].to_numpy(dtype=float, na_value=np.nan)
        return np.where(self.settled, self.value, bound) * self.entry.worse

    @cached_property
    def alive(self):
        """Imported probability of being alive on the day of the prediction."""
        return 1 - self.value if self.entry.worse > 0 else self.value

    @cached_property
    def group(self):
        """Band of every case, "open" and "not_applicable" after the bands: Categorical."""
        levels = [*self.bands, OPEN, NOT_APPLICABLE]
        if self.entry.imported:
            code = np.searchsorted(PREDICTED_LIMITS, self.alive, side="right")
        else:
            band = self.cases[f"{self.entry.name}_band"].astype("string").to_numpy(object)
            code = pd.Categorical(band, levels).codes
        code = np.where(self.settled, code, len(self.bands))
        return pd.Categorical.from_codes(
            np.where(self.not_applicable, len(levels) - 1, code), levels
        )

    @property
    def bands(self):
        if self.entry.imported:
            return PREDICTED_BANDS
        return tuple(band["level"] for band in self.entry.book["bands"])

    @property
    def settled_band(self):
        """Band of the cases whose total is settled."""
        return pd.Categorical(self.group[self.settled].astype(object), list(self.bands))

    @property
    def size(self):
        """How many cases were there, and how many of them the score leaves out."""
        return {
            "n_cases": len(self.cases),
            "n_not_applicable": int(self.not_applicable.sum()),
            "n_open": int(self.open.sum()),
        }

    @property
    def deaths(self):
        return int(self.died[self.settled].sum())

    @property
    def lacks(self):
        """What the score needs where nobody has it: a sentence for not_assessable.csv, or ""."""
        if self.settled.any() or not len(self.cases):
            return ""
        if self.entry.imported:
            return f"needs {self.entry.name}"
        return f"needs {self._missing()}" if self.open.any() else "applies to no case"

    def _missing(self):
        """What the most cases lack: columns, or settings that leave an item open."""
        missing = self.cases[f"{self.entry.name}_missing"].dropna()
        if missing.empty:
            return "; ".join(columns_needed(self.entry.book))
        counts = missing.astype("string").value_counts()
        most = min(counts.index[counts == counts.max()]).split("; ")
        return "; ".join(dict.fromkeys(_wanted(self.entry.book, name) for name in most))


def _wanted(book, name):
    """The setting that settles an item which no column can settle; else the name as it is."""
    item = book["items"].get(name.removesuffix(" (open)"), {})
    if not name.endswith(" (open)"):
        return name
    if "listed" in item:
        return f"the setting score.{item['listed']['setting']}"
    ranges = any(isinstance(points, list) for points in item.get("levels", {}).values())
    if "unverified" in item and not ranges:
        return "the setting score.allow_unverified"
    return f"more detail on '{item.get('label', name)}' than the table holds"


def published_survival(entry, milestones_days):
    """Published survival by band on the days of the milestones.

    Returns
    -------
    DataFrame
        band, time_days (the milestone), survival (0 to 1), basis (alive_percent, or
        alive_percent_validation where only that is printed for some band), status.
    """
    rows = []
    for band in entry.book.get("bands", []):
        basis = published_basis(entry)
        for months, percent in band.get(basis, {}).items():
            for day in milestones_days:
                if abs(day - months * DAYS_PER_MONTH) <= NEAR_DAYS:
                    status = band.get("status", entry.book["status"])
                    rows.append((band["level"], float(day), percent / 100, basis, status))
    return pd.DataFrame(rows, columns=["band", "time_days", "survival", "basis", "status"])


def published_basis(entry):
    """Which of the series of a score is read: derivation, unless only a validation has all bands.

    The two must not be mixed.
    """
    bands = entry.book.get("bands", [])
    validated = all("alive_percent_validation" in band for band in bands) and bool(bands)
    derived = all("alive_percent" in band for band in bands)
    return "alive_percent_validation" if validated and not derived else "alive_percent"
