"""Baseline covariates as numbers for a model, and as columns whose balance can be judged."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook

UNKNOWN = ("undetermined", "unknown", "not_applicable")
MISSING, OTHER = "missing", "other levels"
# an arm in which fewer cases are expected with a level has none in more than 5 % of the times
LEAST_EXPECTED = 3.0
# a level that more cases share than this is not given up because a small arm happens to lack it
LARGEST_JOINED = 0.1


@dataclass(frozen=True)
class Covariates:
    """Covariates of some cases.

    Attributes
    ----------
    design : DataFrame, shape (n_cases, p)
        Numbers without a missing one; no column is constant or follows from the others.
    columns : dict of str to Series
        As they are judged for balance: missing is a level of a category, and where it is modelled
        "<name>: missing" says who lacks a number.
    missing : DataFrame of bool, shape (n_cases, n_covariates)
    kept : array of bool, shape (n_cases,)
        Cases in the model; the others miss a covariate.
    absent : list of str
        Covariates that the table lacks or that nobody has.
    """

    design: pd.DataFrame
    columns: dict
    missing: pd.DataFrame
    kept: np.ndarray
    absent: list


def covariates_of(frame, settings, arm=None):
    """Covariates of the cases of a frame.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
    settings : dict
        `covariates` (names), `missing` ("indicator" or "complete_case"), `rare_level_cases`.
    arm : Categorical Series, shape (n_cases,), optional
        Levels of at most a tenth of the cases that an arm lacks by chance (fewer than 3 would be
        expected in it) are joined like rare ones: the model could not estimate them. Levels that
        it lacks beyond chance stay, because they tell the arms apart.
    """
    found, absent = {}, []
    for name in settings["covariates"]:
        values = _known(frame[name]) if name in frame else None
        if values is None or values.isna().all():
            absent.append(name)
        else:
            found[name] = values
    missing = pd.DataFrame({name: v.isna() for name, v in found.items()}, index=frame.index)
    kept = np.ones(len(frame), bool)
    if settings["missing"] == "complete_case":
        kept = ~missing.to_numpy().any(axis=1)
    parts, columns = [], {}
    rare = _Rare(settings["rare_level_cases"], None if arm is None else arm[kept])
    for name, values in found.items():
        design, judged = _one(name, values[kept], rare)
        parts.append(design)
        columns |= {key: column.reindex(frame.index) for key, column in judged.items()}
    empty = pd.DataFrame(index=frame.index[kept])
    design = pd.concat([empty, *parts], axis="columns")
    design = independent(design).reindex(frame.index)
    return Covariates(design, columns, missing, kept, absent)


@dataclass(frozen=True)
class _Rare:
    """What makes a level too rare for a model: the fewest cases, and the arms if there are any."""

    least: int
    arm: pd.Series | None

    def __call__(self, members):
        """Whether the cases `members` (bool Series) are too few, or lacking in an arm by chance."""
        n = int(members.sum())
        if n < max(self.least, 1):
            return True
        if self.arm is None or n > LARGEST_JOINED * len(self.arm):
            return False
        sizes = self.arm.value_counts(sort=False)
        found = self.arm[members.to_numpy(bool)].value_counts(sort=False)
        expected = n * sizes / len(self.arm)
        return bool(((found == 0) & (sizes > 0) & (expected < LEAST_EXPECTED)).any())


def _known(values):
    """A column with its words for unknown as missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.remove_categories([u for u in UNKNOWN if u in values.cat.categories])
    return values


def _one(name, values, rare):
    if pd.api.types.is_bool_dtype(values.dtype):
        text = values.map({True: "yes", False: "no"})
        values = pd.Series(pd.Categorical(text, ["no", "yes"]), index=values.index)
    if isinstance(values.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(values):
        return _category(name, values, rare)
    return _number(name, values, rare)


def _number(name, values, rare):
    number = pd.Series(values.to_numpy(float, na_value=np.nan), index=values.index)
    gone = number.isna()
    columns, design = {name: number}, {name: number.fillna(number.mean())}
    if not rare(gone):
        columns[f"{name}: {MISSING}"] = gone
        design[f"{name}: {MISSING}"] = gone.astype(float)
    return pd.DataFrame(design, index=values.index), columns


def _category(name, values, rare):
    levels = list(values.cat.categories) if hasattr(values, "cat") else sorted(values.dropna())
    levels = list(dict.fromkeys(map(str, levels)))
    text = values.astype("string").fillna(MISSING)
    sizes = text.value_counts().reindex([*levels, MISSING]).fillna(0)
    text = text.mask(text.isin([level for level in sizes.index if rare(text == level)]), OTHER)
    if rare(text == OTHER):
        text = text.mask(text == OTHER, str(sizes.idxmax()))
    shown = [level for level in (*levels, MISSING, OTHER) if (text == level).any()]
    judged = pd.Series(pd.Categorical(text, shown), index=values.index)
    base = str(text.value_counts().reindex(shown).idxmax()) if shown else ""
    design = {f"{name}: {level}": (text == level) for level in shown if level != base}
    return pd.DataFrame(design, index=values.index).astype(float), {name: judged}


def independent(design):
    """The columns of a design that vary and do not follow from those before them."""
    x = design.to_numpy(float)
    known = ~np.isnan(x).any(axis=1)
    x = x[known] - x[known].mean(axis=0) if known.any() else x[:0]
    scale = np.sqrt((x**2).sum(axis=0))
    kept = []
    for j in range(x.shape[1]):
        if scale[j] <= 1e-9 * np.sqrt(max(len(x), 1)):
            continue
        columns = [*kept, j]
        unit = x[:, columns] / scale[columns]
        if np.linalg.matrix_rank(unit.T @ unit, tol=1e-8, hermitian=True) == len(columns):
            kept.append(j)
    return design.iloc[:, kept]


def words_of(covariate):
    """A covariate in words.

    >>> words_of("age_years"), words_of("ecog: missing")
    ('Age', 'ECOG performance status: missing')
    """
    name, _, rest = covariate.partition(": ")
    words = codebook.label(name)
    return f"{words}: {codebook.label(name, rest)}" if rest else words
