"""Baseline covariates as numbers for a model, and as columns whose balance can be judged."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook

UNKNOWN = ("undetermined", "unknown", "not_applicable")
MISSING, OTHER = "missing", "other levels"


@dataclass(frozen=True)
class Covariates:
    """Covariates of some cases.

    Attributes
    ----------
    design : DataFrame, shape (n_cases, p)
        Numbers without a missing one; no column is constant or follows from the others.
    columns : dict of str to Series
        As they are judged for balance: a missing level of a category is a level, and of a number
        "<name>: missing" says who has none.
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

    def of(self, chosen):
        """The same covariates of the cases where `chosen` (bool) is true."""
        return Covariates(
            independent(self.design[chosen]),
            {name: column[chosen] for name, column in self.columns.items()},
            self.missing[chosen],
            self.kept[chosen],
            self.absent,
        )


def covariates_of(frame, settings):
    """Covariates of the cases of a frame.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
    settings : dict
        `covariates` (names), `missing` ("indicator" or "complete_case"), `rare_level_cases`.
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
    for name, values in found.items():
        design, judged = _one(name, values[kept], settings["rare_level_cases"])
        parts.append(design)
        columns |= {key: column.reindex(frame.index) for key, column in judged.items()}
    empty = pd.DataFrame(index=frame.index[kept])
    design = pd.concat([empty, *parts], axis="columns")
    design = independent(design).reindex(frame.index)
    return Covariates(design, columns, missing, kept, absent)


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
    if gone.any():
        columns[f"{name}: {MISSING}"] = gone
    if gone.sum() >= max(rare, 1):
        design[f"{name}: {MISSING}"] = gone.astype(float)
    return pd.DataFrame(design, index=values.index), columns


def _category(name, values, rare):
    levels = list(values.cat.categories) if hasattr(values, "cat") else sorted(values.dropna())
    levels = list(dict.fromkeys(map(str, levels)))
    text = values.astype("string").fillna(MISSING)
    sizes = text.value_counts().reindex([*levels, MISSING]).fillna(0)
    text = text.mask(text.isin(sizes.index[sizes < rare]), OTHER)
    if (text == OTHER).sum() < rare:
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
    return f"{codebook.label(name)}: {rest}" if rest else codebook.label(name)
