"""Counts that add up to a total: which further ones to hide."""

from mescc_analytics.tables import disclosure


def more(frame, about, unknown, threshold):
    """Rows of a survival summary to hide, so that the total of an analysis tells none of them.

    Parameters
    ----------
    frame : DataFrame
        summary.csv.
    about : tuple of str and Series of bool
        Column of counts (n or events), and the rows where it is hidden already.
    unknown : Series of int
        Cases whose group is unknown; a small number of them is hidden too.
    threshold : int

    Returns
    -------
    Series of bool
        With those hidden already. The smallest groups come first, those without a count last.
    """
    column, hidden = about
    found = hidden.copy()
    counted = frame[column].astype("Float64").fillna(0)
    order = frame["n"].astype("Float64").fillna(0) + 1e9 * (counted == 0)
    for _, rows in frame.loc[order.sort_values(kind="stable").index].groupby("analysis"):
        counts = counted[rows.index].astype(int)
        # "<5" stands for 1 to 4 cases, and for any number of deaths among them
        least = counts.clip(upper=1 if column == "n" else 0).where(counts < threshold, threshold)
        left = unknown[rows.index].astype("Float64").fillna(0).max()
        if 0 < left < threshold:
            counts.loc[-1], least.loc[-1] = int(left), 1
        gone = hidden[rows.index].reindex(counts.index, fill_value=True)
        found[rows.index] = disclosure.hide_more(counts, gone, least, threshold)[rows.index]
    return found


def untold(shown_summary):
    """Groups of which the number of cases is withheld, as pairs of analysis and group.

    Parameters
    ----------
    shown_summary : DataFrame
        As from `withhold.summary`.
    """
    rows = shown_summary[shown_summary["n_mark"].notna()]
    return set(rows[["analysis", "group"]].astype(str).itertuples(index=False, name=None))
