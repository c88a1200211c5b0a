"""Recommended pathway against the treatment given."""

import pandas as pd

from mescc_analytics import codebook


def comparable_pairs(pathway, arm, short_given_for_cebrt="discordant"):
    """The treatment given in the words of the recommendations, where the two can be compared.

    Parameters
    ----------
    pathway, arm : Series of dtype category, shape (n_cases,)
    short_given_for_cebrt : {"discordant", "concordant"}
        How a short course counts where conventional radiotherapy is recommended.

    Returns
    -------
    DataFrame, shape (n_compared, 2)
        ``recommended`` and ``given``, both of the same categories. Left out: cases without a
        determined pathway, those whose recommendation is a consultation, and those of unknown arm.
    """
    arms = codebook.load("arms")["arms"]
    given = arm.astype("string").map(
        {name: entry["pathway"] for name, entry in arms.items() if entry["pathway"]}
    )
    levels = [
        p
        for p in codebook.load("pathway")["pathways"]
        if p not in ("surgical_review", "undetermined")
    ] + ["none"]
    pairs = pd.DataFrame({"recommended": pathway.astype("string"), "given": given})
    pairs = pairs[pairs["recommended"].isin(levels) & pairs["given"].notna()]
    if short_given_for_cebrt == "concordant":
        short = (pairs["recommended"] == "cebrt") & (pairs["given"] == "cebrt_short")
        pairs["given"] = pairs["given"].mask(short, "cebrt")
    return pairs.astype(pd.CategoricalDtype(levels))


def count_concordance(pathway, rule, arm, short_given_for_cebrt="discordant"):
    """Counts of pathway by arm, and the commonest ways in which the two differ.

    Parameters
    ----------
    pathway, arm : Series of dtype category, shape (n_cases,)
    rule : Series of str, shape (n_cases,)
    short_given_for_cebrt : {"discordant", "concordant"}
        As in `comparable_pairs`.

    Returns
    -------
    DataFrame
        section ("cell" or "reason"), pathway, arm, rule, text, n; reasons commonest first.
    """
    cells = pd.crosstab(pathway, arm, dropna=False).stack().rename("n").reset_index()
    cells.columns = ["pathway", "arm", "n"]
    pairs = comparable_pairs(pathway, arm, short_given_for_cebrt)
    differ = pairs.index[pairs["recommended"] != pairs["given"]]
    reasons = pd.DataFrame({"pathway": pathway, "rule": rule, "arm": arm.astype("string")}).loc[
        differ
    ]
    reasons = reasons.astype("string").value_counts().rename("n").reset_index()
    reasons = reasons.sort_values(
        ["n", "pathway", "rule", "arm"], ascending=[False, True, True, True], kind="stable"
    )
    recommended = reasons["pathway"].map(codebook.load("pathway")["pathways"])
    given = reasons["arm"].map(lambda name: codebook.label("arm", name))
    reasons["text"] = (
        recommended + " recommended (rule " + reasons["rule"] + "), " + given + " given"
    )
    cells = cells.astype({"pathway": "string", "arm": "string"}).assign(
        section="cell", rule="", text=""
    )
    columns = ["section", "pathway", "arm", "rule", "text", "n"]
    return pd.concat([cells[columns], reasons.assign(section="reason")[columns]], ignore_index=True)
