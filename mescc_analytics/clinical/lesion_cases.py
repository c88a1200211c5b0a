"""What a case takes from its lesions: index lesion, highest SINS, count of sites."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.frames import beside
from mescc_analytics.clinical.lesions import (
    bits_of,
    choose_index,
    grade_bounds,
    mark_lesions,
    score_lesions,
    text_of,
)
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.sins import UNDETERMINED, items
from mescc_analytics.clinical.sins_items import prepare_items
from mescc_analytics.clinical.sites import count_runs, join_bits, runs_with

GRADE = ("sosg_grade", "sosg_partial")
# What can be derived where the item itself is blank: the item is then not blank.
DERIVED_FROM = {"sins_collapse": ("collapse_percent", "body_involved_percent")}


def score_with_lesions(cases, lesions, settings):
    """Scores of cases and of their lesions.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Typed case table.
    lesions : DataFrame, shape (n_lesions, ...)
        Typed lesions table; without a row, the cases are scored as if there were none.
    settings : dict
        The score section of the config; ``index_lesion`` (criteria in order), ``patient_rule``
        (max, index) and ``compressive_from`` (SOSG grade) rule over lesions.

    Returns
    -------
    (DataFrame, DataFrame)
        Cases as `score_cases` gives them, with n_lesions, multi_site, index_lesion_id,
        sins_patient_total, _min, _max, _category and lesion_flags; lesions as `score_lesions`
        gives them, with is_index and lesion_flags. A value that the case table gives is never
        replaced: only blanks are completed from the index lesion, and only where nothing recorded
        for the case disagrees with it.
    """
    scored = score_lesions(lesions, settings)
    case = _positions(cases, lesions)
    chosen, uncertain = choose_index(scored, case, settings["index_lesion"])
    marked = mark_lesions(scored, case, chosen)
    if not len(chosen):
        return score_cases(cases, settings), marked
    link = _Link(cases, scored, case, chosen, uncertain)
    completed, flags = link.complete(settings)
    whole = score_cases(completed, settings)
    whole["index_lesion_id"] = _at(
        len(cases), link.index_case, text_of(scored, "lesion_id"), chosen
    )
    sites, site_flags = count_sites(cases, scored, case, settings["compressive_from"])
    patient = patient_sins(whole, scored, link, settings)
    codes = join_codes(flags | site_flags, cases.index).rename("lesion_flags").to_frame()
    added = (sites.set_axis(cases.index), patient.set_axis(cases.index), codes)
    return beside(whole, *added), marked


def _positions(cases, lesions):
    """Row of the case of every lesion, -1 where there is none."""
    ids = lesions["case_id"].astype("string")
    found = pd.Index(cases["case_id"].astype("string")).get_indexer(ids)
    return np.where(ids.isna(), -1, found).astype(int)


def _at(n_cases, where, values, rows):
    """Text of some rows laid out over the cases."""
    out = pd.Series(pd.NA, index=range(n_cases), dtype="string")
    out.iloc[where] = values.iloc[rows].to_numpy()
    return out.to_numpy()


class _Link:
    """Cases beside their lesions: who is the index lesion of whom, and what fits what."""

    def __init__(self, cases, scored, case, chosen, uncertain):
        self.cases, self.scored, self.case, self.chosen = cases, scored, case, chosen
        self.index_case, self.uncertain = case[chosen], uncertain
        self.rows = np.flatnonzero(case >= 0)
        self.own_bits, self.own_read = bits_of(cases)
        self.fits = np.zeros(len(scored), dtype=bool)
        self.fits[self.rows] = ~self._differs()

    def _differs(self):
        """Whether anything recorded for the case contradicts each of its lesions."""
        of_case, of_lesion = self.cases.iloc[self.case[self.rows]], self.scored.iloc[self.rows]
        (case_low, case_high), (low, high) = grade_bounds(of_case), grade_bounds(of_lesion)
        differs = (case_high < low) | (high < case_low)
        for item in items():
            pair = (text_of(frame, item).reset_index(drop=True) for frame in (of_case, of_lesion))
            differs |= next(pair).ne(next(pair)).fillna(False).to_numpy(dtype=bool)
        bits, read = bits_of(of_lesion)
        outside = (bits & ~self.own_bits[self.case[self.rows]]) != 0
        return differs | (outside & read & self.own_read[self.case[self.rows]])

    def _own_evidence(self):
        """Cases that describe one lesion: levels of a single one, or any SINS item."""
        return _any_recorded(self.cases, items()) | (count_runs(self.own_bits) == 1)

    def complete(self, settings):
        """Cases with blanks completed from the index lesion, and masks of the reason codes.

        A case that names one lesion or SINS items is completed only if the index lesion alone fits:
        items of two lesions must not meet in one score.
        """
        n_fitting = np.bincount(self.case[self.fits], minlength=len(self.cases))
        alone = ~self._own_evidence() | (n_fitting == 1)
        may = self.fits[self.chosen] & ~self.uncertain & alone[self.index_case]
        completed, touched = self._fill(np.flatnonzero(may), settings)
        disagrees, unsure = (np.zeros(len(self.cases), dtype=bool) for _ in range(2))
        disagrees[self.index_case] = ~self.fits[self.chosen]
        unsure[self.index_case] = self.uncertain
        flags = {
            "COMPLETED_FROM_INDEX_LESION": touched,
            "INDEX_LESION_DISAGREES": disagrees,
            "INDEX_LESION_UNCERTAIN": unsure,
        }
        return completed, flags

    def _fill(self, may, settings):
        into, rows = self.index_case[may], self.chosen[may]
        donors = self.scored.iloc[rows]
        touched = np.zeros(len(self.cases), dtype=bool)
        completed = self.cases.copy(deep=False)
        for name, values in _donated(donors, settings).items():
            blank = self._blank(name)[into] & values.notna().to_numpy()
            if blank.any():
                completed[name] = _completed(completed, name, into[blank], values[blank])
                touched[into[blank]] = True
        return completed, touched

    def _blank(self, name):
        """Cases that record neither the column nor what it could be derived from."""
        beside = GRADE if name in GRADE else (name, *DERIVED_FROM.get(name, ()))
        blank = ~_any_recorded(self.cases, beside)
        if name == "sins_location":  # several lesions in one text say nothing of the index lesion
            blank &= (self.own_bits == 0) | (count_runs(self.own_bits) > 1)
        return blank


def _donated(donors, settings):
    """Columns that an index lesion can give, its location also where derived from its levels."""
    given = {n: donors[n] for n in ("spinal_levels", *GRADE, *items()) if n in donors}
    location = pd.Series(prepare_items(donors, settings)[0][0], index=donors.index)
    levels = codebook.columns("cases")["sins_location"].levels
    return given | {"sins_location": location.astype("string").where(location.isin(levels))}


def _completed(cases, name, rows, values):
    text = text_of(cases, name)
    text.iloc[rows] = values.astype("string").to_numpy()
    declared = codebook.columns("cases").get(name)
    return (
        text.astype(pd.CategoricalDtype(declared.levels)) if declared and declared.levels else text
    )


def patient_sins(whole, scored, link, settings):
    """SINS of the patient: the highest of the lesions and of the case's own row, or that of the
    index lesion; never a sum.

    Returns
    -------
    DataFrame, shape (n_cases, 4)
        sins_patient_total (missing where the bounds differ), _min, _max (0-18), _category.
    """
    listed = np.zeros(len(whole), dtype=bool)
    listed[link.index_case] = True
    counted = ~listed | _any_recorded(link.cases, items())
    if settings["patient_rule"] == "index":
        counted, rows = ~listed, link.chosen
    else:
        rows = link.rows
    ends = []
    for name in ("sins_min", "sins_max"):
        end = np.where(counted, whole[name].to_numpy(dtype=int), 0)
        np.maximum.at(end, link.case[rows], scored[name].to_numpy(dtype=int)[rows])
        ends.append(end)
    return _patient_frame(*ends, settings["missing_items"])


def _any_recorded(cases, names):
    """Cases with a value in any of some columns, which may be absent."""
    recorded = np.zeros(len(cases), dtype=bool)
    for name in names:
        if name in cases:
            recorded |= cases[name].notna().to_numpy(dtype=bool)
    return recorded


def _patient_frame(low, high, missing_rule):
    limits = [category["upto"] for category in codebook.load("sins")["categories"][:-1]]
    category = np.searchsorted(limits, high, side="left")
    open_ = np.searchsorted(limits, low, side="left") != category
    open_ |= (missing_rule == "na") & (low != high)
    levels = list(codebook.columns("derived")["sins_patient_category"].levels)
    return pd.DataFrame(
        {
            "sins_patient_total": pd.arrays.IntegerArray(high.astype("int64"), low != high),
            "sins_patient_min": pd.array(low, dtype="Int64"),
            "sins_patient_max": pd.array(high, dtype="Int64"),
            "sins_patient_category": pd.Categorical.from_codes(
                np.where(open_, UNDETERMINED, category), levels
            ),
        }
    )


def count_sites(cases, scored, case, compressive_from):
    """Contiguous lesions of every case, and whether several of them compress.

    Returns
    -------
    (DataFrame, dict of str to array of bool)
        n_lesions (missing where a level cannot be placed), multi_site (two or more sites that do
        not adjoin and compress; false only with an MRI of the whole spine); reason codes.
    """
    n_cases = len(cases)
    rows, n_rows = case >= 0, np.bincount(case[case >= 0], minlength=n_cases)
    bits, read = bits_of(scored)
    whole = join_bits(bits, case, n_cases)
    unplaced = np.bincount(case[rows & ~read], minlength=n_cases)
    low, high = _compressing(scored, case, whole, compressive_from)
    by_text = _from_case_row(cases, compressive_from)
    listed = n_rows > 0
    known = np.where(listed, (unplaced == 0) | (n_rows == 1), by_text["read"])
    n_lesions = np.where(listed, np.maximum(count_runs(whole), 1), by_text["runs"])
    low, high = np.where(listed, low, by_text["low"]), np.where(listed, high, by_text["high"])
    sites = _given_sites(cases)
    separate = np.bincount(case[rows], weights=count_runs(bits)[rows], minlength=n_cases)
    flags = {
        "LESIONS_ADJACENT": listed & (count_runs(whole) < separate),
        "SITES_DISAGREE": listed & (low == high) & (sites != np.maximum(low, 1)) & ~np.isnan(sites),
    }
    counts = pd.arrays.IntegerArray(n_lesions.astype("int64"), ~known.astype(bool))
    return pd.DataFrame({"n_lesions": counts, "multi_site": _several(cases, low, high)}), flags


def _compressing(scored, case, whole, compressive_from):
    """Fewest and most sites that compress, by case; lesions without a place may be a site each."""
    threshold = codebook.columns("lesions")["sosg_grade"].levels.index(compressive_from)
    bits, read = bits_of(scored)
    ends = []
    for rank, sure in zip(grade_bounds(scored), (True, False), strict=True):
        marked = (rank >= threshold) & (case >= 0)
        placed = join_bits(np.where(marked, bits, 0), case, len(whole))
        count = count_runs(runs_with(whole, placed))
        some = np.bincount(case[marked & ~read], minlength=len(whole))
        ends.append(np.maximum(count, some > 0) if sure else count + some)
    return ends


def _from_case_row(cases, compressive_from):
    """What the case row says of sites where no lesion is listed for it."""
    threshold = codebook.columns("lesions")["sosg_grade"].levels.index(compressive_from)
    bits, read = bits_of(cases)
    rank_low, rank_high = grade_bounds(cases)
    runs = count_runs(bits)
    low = ((rank_low >= threshold) & (bits != 0)).astype(int)
    most = np.where(read, runs, len(codebook.columns("cases")))  # unread: any number
    high = np.where(rank_high >= threshold, most, 0)
    sites = _given_sites(cases)
    given = ~np.isnan(sites)
    low, high = (np.where(given, sites, end) for end in (low, high))
    return {"read": read, "runs": runs, "low": low, "high": high}


def _given_sites(cases):
    """compression_sites as float; NaN where not given."""
    if "compression_sites" not in cases:
        return np.full(len(cases), np.nan)
    return cases["compression_sites"].to_numpy(dtype=float, na_value=np.nan)


def _several(cases, low, high):
    whole_spine = np.zeros(len(cases), dtype=bool)
    if "mri_extent" in cases:
        whole_spine = cases["mri_extent"].eq("whole_spine").fillna(False).to_numpy(dtype=bool)
    yes, no = low >= 2, (high <= 1) & whole_spine
    return pd.arrays.BooleanArray(yes, ~(yes | no))
