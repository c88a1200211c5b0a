"""The cohort beside published results: a forest of rows by topic, percent above days."""

from matplotlib.lines import Line2D

from mescc_analytics.present import display, literature
from mescc_analytics.present.figures import style

ROW_INCHES = 0.165
LEFT, RIGHT = 0.512, 0.700
STUDY, NUMBERS, OWN = 0.240, 0.712, 0.808
OURS, THEIRS = "#0072B2", "#000000"
TOP, GAP, BOTTOM = 0.55, 0.55, 0.40
MARKERS = {
    "yes": {"marker": "o", "markerfacecolor": OURS},
    "no": {"marker": "s", "markerfacecolor": "white"},
}


def draw_forest(rows):
    """Published results and the cohort's, one row each.

    Parameters
    ----------
    rows : DataFrame
        As `literature.drawn` gives them: comparison.csv, suppressed and ordered.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if rows.empty:
        return style.placeholder(literature.NOTHING)
    of_days = rows["measure"].str.endswith("_days").to_numpy(dtype=bool)
    panels = [(rows[~of_days], "Percent"), (rows[of_days], "Days")]
    panels = [(_lines(part), words) for part, words in panels if len(part)]
    inches = [ROW_INCHES * len(lines) for lines, _ in panels]
    height = TOP + sum(inches) + GAP * (len(panels) - 1) + BOTTOM
    with style.house_style():
        figure = style.blank(height)
        below = height - TOP
        for (lines, words), tall in zip(panels, inches, strict=True):
            axes = figure.add_axes([LEFT, (below - tall) / height, RIGHT - LEFT, tall / height])
            _panel(axes, lines, words)
            below -= tall + GAP
        _heading(figure, height)
    return figure


def _lines(rows):
    """Headings (text) and rows (dicts) in the order in which they are drawn."""
    lines = []
    for topic, of_topic in rows.groupby("topic", sort=False):
        lines += [literature.topics()[topic], *of_topic.to_dict("records")]
    return lines


def _panel(axes, lines, words):
    axes.set(ylim=(len(lines) - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(words, labelpad=1)
    if words == "Percent":
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
    else:
        axes.set_xlim(0, 1.05 * max(_ends(line) for line in lines if not isinstance(line, str)))
    axes.grid(axis="x", color=style.PALE, linewidth=0.4, zorder=0)
    axes.set_axisbelow(True)
    for place, line in enumerate(lines):
        if isinstance(line, str):
            _write(axes, 0.005, place, line, fontweight="bold")
        else:
            _row(axes, line, place)


def _ends(row):
    names = (*literature.PUBLISHED, *literature.OWN)
    return max(float(row[name]) for name in names if not display.is_missing(row[name]))


def _row(axes, row, place):
    colour = "black" if row["comparable"] == "yes" else style.GREY
    _bar(axes, row, literature.PUBLISHED, place - 0.17)
    _bar(axes, row, literature.OWN, place + 0.17)
    _write(axes, 0.012, place, literature.outcome_words(row), color=colour)
    _write(axes, STUDY, place, literature.source_words(row), color=colour)
    _write(axes, NUMBERS, place, literature.published_words(row), color=colour)
    _write(axes, OWN, place, literature.own_words(row), color=colour)
    _write(axes, 0.995, place, literature.MARKS[row["comparable"]], color=colour, ha="right")


def _write(axes, across, place, text, **look):
    look = {"ha": "left", "fontsize": 5.2} | look
    axes.text(across, place, text, va="center", transform=_mixed(axes), **look)


def _mixed(axes):
    """Across the figure in its fractions, down in rows."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(axes.figure.transFigure, axes.transData)


def _bar(axes, row, names, place):
    value, lower, upper = (row[name] for name in names)
    ours, compared = names == literature.OWN, row["comparable"] == "yes"
    colour = OURS if ours else THEIRS
    if not (display.is_missing(lower) or display.is_missing(upper)):
        dashes = "solid" if compared else (0, (2, 1))
        look = {"color": colour, "linestyle": dashes, "solid_capstyle": "butt"}
        axes.plot([lower, upper], [place] * 2, linewidth=1.0, **look)
    if not display.is_missing(value):
        look = MARKERS[row["comparable"]] if ours else {"marker": "D", "markerfacecolor": THEIRS}
        look = look | {"markeredgecolor": colour, "markersize": 3.6 if ours else 2.8}
        axes.plot(value, place, linestyle="none", markeredgewidth=0.7, clip_on=False, **look)


def _heading(figure, height):
    top = 1 - 0.40 / height
    look = {"fontsize": 5.8, "va": "bottom", "fontweight": "bold"}
    for across, text in (
        (0.005, "Result"),
        (STUDY, "Published by: of whom"),
        (NUMBERS, "Published"),
        (OWN, "Here"),
    ):
        figure.text(across, top, text, **look)
    handles = [
        _handle("Published", "D", THEIRS, THEIRS),
        _handle("This cohort, compared", "o", OURS, OURS),
        _handle("This cohort, side by side only", "s", "white", OURS),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=6.2,
        handletextpad=0.4,
    )


def _handle(label, marker, face, edge):
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markerfacecolor=face,
        markeredgecolor=edge,
        markersize=4,
        label=label,
    )
