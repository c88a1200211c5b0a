"""Figure of missing values: which are missing together, and how often."""

from matplotlib.patches import Patch, Rectangle

from mescc_analytics import codebook
from mescc_analytics.present import display, tables_impute
from mescc_analytics.present.figures import style

ROW_INCHES = 0.2
TOP_INCHES, BOTTOM_INCHES = 1.45, 0.1
LEFT, RIGHT = 0.03, 0.66
BLUE = "#0072B2"


def draw_missingness(patterns, n_cases):
    """One row per pattern, filled where a value is missing, with its number of cases.

    Parameters
    ----------
    patterns : DataFrame
        pattern, n and the variables (bool; NA in the row of all other patterns), small patterns
        merged.
    n_cases : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = tables_impute.variables(patterns)
    if not names:
        return style.placeholder(tables_impute.NOT_DRAWN)
    records = patterns.to_dict("records")
    with style.house_style():
        height = TOP_INCHES + BOTTOM_INCHES + ROW_INCHES * len(records)
        figure = style.blank(height)
        tall = ROW_INCHES * len(records) / height
        low = BOTTOM_INCHES / height
        axes = figure.add_axes([LEFT, low, RIGHT - LEFT, tall])
        bars = figure.add_axes([RIGHT + 0.01, low, 0.98 - RIGHT, tall], sharey=axes)
        _squares(axes, records, names)
        _counts(bars, records, n_cases)
        _legend(figure, height)
    return figure


def _legend(figure, height):
    patches = [
        Patch(facecolor=BLUE, label="missing"),
        Patch(facecolor=style.PALE, label="recorded"),
    ]
    place = {"loc": "upper left", "bbox_to_anchor": (LEFT - 0.01, 1 - 0.02 / height)}
    look = {"ncols": 2, "frameon": False, "fontsize": 7, "handlelength": 1.2}
    figure.legend(handles=patches, **place, **look)
    where = (RIGHT + 0.02, 1 - (TOP_INCHES - 0.08) / height)
    figure.text(*where, "Cases with this pattern", va="bottom", fontsize=6.5)


def _squares(axes, records, names):
    axes.set(xlim=(0, len(names)), ylim=(len(records), 0))
    for row, record in enumerate(records):
        if display.is_missing(record["pattern"]):
            axes.text(0.1, row + 0.5, tables_impute.OTHERS, va="center", fontsize=6.5)
            continue
        for place, name in enumerate(names):
            colour = BLUE if record[name] else style.PALE
            axes.add_patch(Rectangle((place + 0.06, row + 0.1), 0.88, 0.8, color=colour, lw=0))
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    words = ["\n".join(style.lines_of(codebook.label(name), 26)) for name in names]
    places = [place + 0.5 for place in range(len(names))]
    axes.set_xticks(places, words, rotation=40, ha="left", rotation_mode="anchor", fontsize=6.5)
    axes.set_yticks([])


def _counts(axes, records, n_cases):
    most = max(record["n"] for record in records)
    for row, record in enumerate(records):
        shade = style.GREY if display.is_missing(record["pattern"]) else BLUE
        long = record["n"] / most
        axes.barh(row + 0.5, long, height=0.7, color=shade, alpha=0.45)
        words = display.n_percent(record["n"], n_cases)
        # beside a short bar, not across its end
        axes.text(0.02 if long > 0.35 else long + 0.02, row + 0.5, words, va="center", fontsize=6.5)
    axes.set(xlim=(0, 1.02))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelleft=False, labelbottom=False)
    axes.set_xticks([])
