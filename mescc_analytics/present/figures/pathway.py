"""Recommended pathway against treatment given, as a table of counts shaded by their size."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mescc_analytics import codebook
from mescc_analytics.present import display
from mescc_analytics.present.figures import style

SHADES = LinearSegmentedColormap.from_list("share", ["#FFFFFF", "#0072B2"])
ROW_INCHES = 0.33
LEFT, RIGHT = 0.20, 0.93
KEY = "Shade: number of cases. Outlined: the treatment agrees with the recommendation."


def draw_pathway(cells, agreeing):
    """Counts of each recommended pathway (rows) by each arm given (columns).

    Parameters
    ----------
    cells : DataFrame
        pathway, arm, n (NA where withheld), mark (the text shown there); both in codebook order.
    agreeing : dict of str to sequence of str
        Arm to the pathways with which it agrees; those cells are outlined.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if cells.empty:
        return style.placeholder(
            "Not assessable: no case has both a recommended pathway and a known treatment."
        )
    pathways, arms = (list(dict.fromkeys(cells[column])) for column in ("pathway", "arm"))
    with style.house_style():
        axes = _axes(pathways, arms)
        _fill(axes, cells, (pathways, arms), agreeing)
        _row_totals(axes, cells, pathways, len(arms))
    return axes.figure


def _axes(pathways, arms):
    height = 0.72 + ROW_INCHES * len(pathways)
    figure = style.blank(height)
    tall = ROW_INCHES * len(pathways) / height
    axes = figure.add_axes([LEFT, 0.22 / height, RIGHT - LEFT, tall])
    axes.set(xlim=(-0.5, len(arms) - 0.5), ylim=(len(pathways) - 0.5, -0.5))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    names = [_wrapped("pathway", name, 24) for name in pathways]
    axes.set_yticks(range(len(pathways)), labels=names)
    axes.xaxis.tick_top()
    names = [_wrapped("arm", name, 11) for name in arms]
    axes.set_xticks(range(len(arms)), labels=names, fontsize=6.2)
    quiet = {"color": style.GREY, "va": "center"}
    figure.text(0.005, 1 - 0.30 / height, "Recommended ↓\nGiven →", fontsize=6.5, **quiet)
    figure.text(LEFT, 0.08 / height, KEY, fontsize=6, **quiet)
    return axes


def _wrapped(column, level, width):
    return "\n".join(style.lines_of(codebook.label(column, level), width))


def _totals(cells):
    return cells["n"].astype("Float64").groupby(cells["pathway"], sort=False).sum()


def _fill(axes, cells, names, agreeing):
    pathways, arms = names
    wide = cells.set_index(["pathway", "arm"])
    largest = max(float(cells["n"].astype("Float64").fillna(0).max()), 1.0)
    for row, pathway in enumerate(pathways):
        for column, arm in enumerate(arms):
            cell = wide.loc[(pathway, arm)]
            n = 0.0 if display.is_missing(cell["n"]) else float(cell["n"])
            _cell(axes, (column, row), n / largest, _text(cell))
            if pathway in agreeing.get(arm, ()):
                axes.add_patch(_box(column, row, fill=False, edgecolor="black", linewidth=1.1))


def _row_totals(axes, cells, pathways, n_arms):
    totals = _totals(cells)
    hidden = cells["n"].isna().groupby(cells["pathway"]).any()
    for row, pathway in enumerate(pathways):
        total = "" if hidden[pathway] else f"n {display.number(totals[pathway])}"
        axes.text(n_arms - 0.4, row, total, va="center", ha="left", fontsize=6.5)


def _box(column, row, **look):
    return Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, **look)


def _text(cell):
    if display.is_missing(cell["n"]):
        return str(cell["mark"])
    return display.number(cell["n"])


def _cell(axes, place, share, text):
    column, row = place
    colour = SHADES(np.clip(share, 0, 1) * 0.9)
    axes.add_patch(_box(column, row, facecolor=colour, edgecolor=style.PALE, linewidth=0.4))
    ink = "white" if share > 0.62 else style.GREY if text in ("0", "hidden") else "black"
    size = 5.5 if text == "hidden" else 7
    axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
