"""The three-valued rule language in which pathway.yaml is written.

A condition is one of::

    {column: c, is: v}            also in, at_least, at_most, below; unknown_if: v reads that level
    as missing {column: c, recorded: true}   never unknown {setting: s, is: v}           a choice of
    the config, the same for every case {bounds: [low, high], at_least: v}   yes if low >= v, no if
    high < v, else unknown {all: [...]}  {any: [...]}  {not: ...}      Kleene logic: no and unknown
    = no, yes or unknown = yes {any_known: [...]}            any, but parts that are unknown count
    only if every part is {first_known: [...]}          the first part with an answer

A value may be ``{setting: name}``.
"""

import numpy as np
import pandas as pd

from mescc_analytics.errors import CodebookError

COMPARE = {
    "is": lambda x, v: x == v,
    "in": lambda x, v: x.isin(v).astype("boolean").mask(x.isna()),
    "at_least": lambda x, v: x >= v,
    "at_most": lambda x, v: x <= v,
    "below": lambda x, v: x < v,
}


def evaluate(condition, frame, settings):
    """Answer of every case to a condition.

    Parameters
    ----------
    condition : dict
        See the module docstring.
    frame : DataFrame, shape (n_cases, ...)
        A column that is absent is unknown for every case.
    settings : dict
        Values for ``{setting: name}``.

    Returns
    -------
    Series of dtype "boolean", shape (n_cases,)
        True, False, or missing where the case does not say.

    Raises
    ------
    CodebookError
        The condition is not written in the language.
    """
    kind = next((key for key in COMBINE if key in condition), None)
    if kind:
        parts = condition[kind] if isinstance(condition[kind], list) else [condition[kind]]
        return COMBINE[kind]([evaluate(part, frame, settings) for part in parts])
    if "bounds" in condition:
        low, high = (_column(frame, name) for name in condition["bounds"])
        limit = _value(condition["at_least"], settings)
        return _boolean(low >= limit).where(_boolean(low >= limit) | _boolean(high < limit), pd.NA)
    if "recorded" in condition:
        return _boolean(_column(frame, condition["column"]).notna() == condition["recorded"])
    comparison = next((key for key in COMPARE if key in condition), None)
    if comparison is None or not ({"column", "setting"} & set(condition)):
        raise CodebookError(
            "a condition",
            [f"{condition} is not a column, a setting, bounds, or one of {', '.join(COMBINE)}"],
        )
    wanted = _value(condition[comparison], settings)
    if "setting" in condition:
        answer = COMPARE[comparison](pd.Series([settings[condition["setting"]]]), wanted).iloc[0]
        return pd.Series(bool(answer), index=frame.index, dtype="boolean")
    return _compared(
        _column(frame, condition["column"]), comparison, wanted, condition.get("unknown_if")
    )


def mentioned(condition):
    """What a condition reads: the names of its columns and of its settings.

    Parameters
    ----------
    condition : dict
        See the module docstring.

    Returns
    -------
    (list of str, list of str)
        Without repeats, in the order of their mention.

    Examples
    --------
    >>> mentioned({"all": [{"column": "ecog", "at_most": {"setting": "x"}}, {"setting": "y"}]})
    (['ecog'], ['x', 'y'])
    """
    columns, settings = [], []
    for key, value in condition.items():
        if key == "column":
            columns.append(value)
        elif key == "setting":
            settings.append(value)
        elif key == "bounds":
            columns += value
        else:
            parts = value if isinstance(value, list) else [value]
            for part in parts:
                found = mentioned(part) if isinstance(part, dict) else ([], [])
                columns += found[0]
                settings += found[1]
    return list(dict.fromkeys(columns)), list(dict.fromkeys(settings))


def _compared(values, comparison, wanted, unknown_if):
    """A category is compared once per level, then looked up, which keeps a million cases cheap."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = pd.Series(values.cat.categories, dtype="string")
        table = _boolean(COMPARE[comparison](levels, wanted)).mask(levels.isin([unknown_if]))
        answer = table.array.take(values.cat.codes.to_numpy(), allow_fill=True)
        return pd.Series(answer, index=values.index)
    unknown = values.isna() if unknown_if is None else values.isna() | values.isin([unknown_if])
    return _boolean(COMPARE[comparison](values, wanted)).mask(unknown)


def _column(frame, name):
    if name in frame:
        return frame[name]
    return pd.Series(pd.NA, index=frame.index, dtype="Float64")


def _value(value, settings):
    return settings[value["setting"]] if isinstance(value, dict) else value


def _boolean(series):
    return series.astype("boolean")


def _all(parts):
    return parts[0] if len(parts) == 1 else parts[0] & _all(parts[1:])


def _any(parts):
    return parts[0] if len(parts) == 1 else parts[0] | _any(parts[1:])


def _any_known(parts):
    unknown = np.logical_and.reduce([part.isna() for part in parts])
    return _any([part.fillna(False) for part in parts]).mask(unknown)


def _first_known(parts):
    return parts[0] if len(parts) == 1 else parts[0].fillna(_first_known(parts[1:]))


COMBINE = {
    "all": _all,
    "any": _any,
    "not": lambda parts: ~parts[0],
    "any_known": _any_known,
    "first_known": _first_known,
}
