"""How far the algorithms agree: counts of each pair, share of agreement, kappa."""

import pandas as pd

from mescc_analytics.clinical.algorithms import count_pairs, pathways_of_all

COLUMNS = (
    "cases section first second first_pathway second_pathway text n value ci_lower ci_upper"
).split()


def compare_algorithms(assigned, analysed, settings):
    """Every pair of algorithms on the cases supplied and on the cases analysed.

    Parameters
    ----------
    assigned : DataFrame, shape (n_cases, ...)
        Scored cases, all that were supplied.
    analysed : DataFrame, shape (n_analysed, ...)
        Rows of `assigned` (same index) that are analysed; the report shows these.
    settings : dict
        The completed config.

    Returns
    -------
    DataFrame
        cases ("supplied", "analysed"), section, first, second, first_pathway, second_pathway, text,
        n, value, ci_lower, ci_upper. Section "cell": n cases with these two pathways, undetermined
        included. Section "agreement", by text: "compared", cases to which both algorithms give a
        pathway; "agree", those with the same, value being their share with its Wilson interval;
        "kappa", Cohen's, of the cases compared.
    """
    pathways = pathways_of_all(assigned, settings["assign"])
    parts = [
        part.assign(cases=name)
        for name, rows in (("supplied", assigned.index), ("analysed", analysed.index))
        for part in _of(pathways.loc[rows])
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _of(pathways):
    cells = count_pairs(pathways)
    yield cells.assign(section="cell", text="", value=float("nan")).assign(
        ci_lower=float("nan"), ci_upper=float("nan")
    )
    for (first, second), of_pair in cells.groupby(["first", "second"], sort=False):
        wide = of_pair.pivot(index="first_pathway", columns="second_pathway", values="n")
        levels = [name for name in pathways.iloc[:, 0].cat.categories if name != "undetermined"]
        table = wide.reindex(index=levels, columns=levels).to_numpy()
        names = {"section": "agreement", "first": first, "second": second}
        yield agreement_rows(table).assign(**names, first_pathway="", second_pathway="")


def agreement_rows(table):
    """Cases compared, share of agreement (Wilson) and Cohen's kappa of a square table of counts.

    Parameters
    ----------
    table : array of int, shape (k, k)

    Returns
    -------
    DataFrame, shape (3, 5)
        text ("compared", "agree", "kappa"), n, value, ci_lower, ci_upper.
    """
    from mescc_analytics.stats.contingency import cohen_kappa
    from mescc_analytics.stats.intervals import wilson

    agree, n = int(table.trace()), int(table.sum())
    share, kappa = [float(x) for x in wilson(agree, n)], cohen_kappa(table)
    rows = [
        ("compared", n, float("nan"), float("nan"), float("nan")),
        ("agree", agree, *share),
        ("kappa", n, kappa.estimate, kappa.lower, kappa.upper),
    ]
    return pd.DataFrame(rows, columns=["text", "n", "value", "ci_lower", "ci_upper"])
