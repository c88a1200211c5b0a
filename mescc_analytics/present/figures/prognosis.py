"""Prognostic scores on the cohort: concordance, and observed survival beside what was published."""

from mescc_analytics.present import display
from mescc_analytics.present.figures import style

ROW_INCHES = 0.18
C_ROW_INCHES = 0.24
OBSERVED, PUBLISHED = "#0072B2", "#D55E00"
NAME_WIDTH = 44
C_LEFT, C_WIDTH, C_GAP = 0.29, 0.235, 0.05
LEFT, RIGHT, GAP = 0.165, 0.80, 0.03
SHORTEST_MONTHS = 12.0
BELOW = 0.27  # published values stand a little under those found here, in rows
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}


def draw_discrimination(rows, panels, published):
    """C of every score with its interval, in the order of the registry.

    Parameters
    ----------
    rows : DataFrame
        score, label, measure, estimate, ci_lower, ci_upper, n, events (NA where withheld), status,
        in order; one row per score and measure.
    panels : dict of str to str
        Measure to the title of its panel.
    published : dict of str to list of float
        Score to the C of other series, marked in the first panel.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(dict.fromkeys(rows["score"]))
    if not names or rows["estimate"].isna().all():
        return style.placeholder("No score has enough deaths among the cases in which it is known.")
    with style.house_style():
        height = 0.85 + C_ROW_INCHES * len(names)
        figure = style.blank(height)
        for index, (measure, title) in enumerate(panels.items()):
            left = C_LEFT + (C_WIDTH + C_GAP) * index
            tall = C_ROW_INCHES * len(names) / height
            axes = figure.add_axes([left, 0.50 / height, C_WIDTH, tall])
            _c_axes(axes, len(names), title)
            chosen = rows[rows["measure"] == measure].set_index("score")
            for place, name in enumerate(names):
                _c_row(axes, chosen.loc[name], place, published.get(name, []) * (index == 0))
            if index == 0:
                _names(axes, [chosen.loc[name]["label"] for name in names])
        _sizes(axes, chosen, names)
        _c_key(figure, height, any(published.values()))
    return figure


def _c_axes(axes, n_rows, title):
    axes.set(xlim=(0.35, 1.0), ylim=(n_rows - 0.5, -0.5))
    axes.set_xticks([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=style.PALE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.axvline(0.5, color=style.GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.set_title(title, fontsize=7.5, pad=4, loc="left", fontweight="bold")


def _names(axes, labels):
    for place, label in enumerate(labels):
        lines = "\n".join(style.lines_of(label, NAME_WIDTH))
        axes.text(0.335, place, lines, ha="right", va="center", fontsize=6.4, linespacing=0.95)


def _c_row(axes, row, place, published):
    for value in published:
        axes.plot(value, place + BELOW, marker="D", markersize=2.6, **_hollow(PUBLISHED))
    if display.is_missing(row["estimate"]):
        words = row["status"] if row["status"] != "estimated" else display.HIDDEN
        look = {"fontsize": 6, "color": style.GREY, "bbox": PAPER}
        axes.text(0.375, place, words, ha="left", va="center", **look)
        return
    _interval(axes, row["ci_lower"], row["ci_upper"], place)
    axes.plot(row["estimate"], place, marker="o", color=OBSERVED, markersize=4, zorder=3)


def _sizes(axes, chosen, names):
    axes.text(1.03, -0.72, "Cases (deaths)", ha="left", va="center", fontsize=6.4, color=style.GREY)
    for place, name in enumerate(names):
        row = chosen.loc[name]
        hidden = display.is_missing(row["n"])
        words = f"{display.count(row['n'])} ({display.count(row['all_deaths'])})"
        words = display.HIDDEN if hidden else words
        axes.text(1.03, place, words, ha="left", va="center", fontsize=6.4)


def _c_key(figure, height, published):
    words = "C: chance that of two cases the one with the worse score dies first; 0.5 is no better "
    words += "than chance (dashed)."
    words += " Diamonds: published from other series." if published else ""
    figure.text(0.01, 0.10 / height, words, fontsize=6.2, color=style.GREY, va="center")


def _hollow(colour):
    return {
        "color": colour,
        "markerfacecolor": "white",
        "markeredgewidth": 0.9,
        "linestyle": "none",
        "zorder": 4,
    }


def _interval(axes, lower, upper, place, end=None):
    if display.is_missing(lower) and display.is_missing(upper):
        return
    ends = [end if display.is_missing(value) else float(value) for value in (lower, upper)]
    ends[0] = 0.0 if ends[0] is None else ends[0]
    axes.plot(ends, [place, place], color=OBSERVED, linewidth=1.4, solid_capstyle="butt", zorder=2)


def draw_calibration(blocks, milestones_days):
    """Observed survival of every band beside the published figure: one panel per milestone, and
    one for the median.

    Parameters
    ----------
    blocks : list of (str, list of dict)
        Name of a score, and its bands: band, words (published), median (months: observed, lower,
        upper, published) and, by milestone, (observed, lower, upper, published, mark); None where
        there is no number.
    milestones_days : sequence of float

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not blocks:
        return style.placeholder("No band of a score has enough cases and deaths.")
    n_rows = sum(1 + len(bands) for _, bands in blocks)
    panels = [*map(float, milestones_days), "median"]
    with style.house_style():
        height = 0.95 + ROW_INCHES * n_rows
        figure = style.blank(height)
        width = (RIGHT - LEFT) / len(panels)
        for index, panel in enumerate(panels):
            box = [LEFT + width * index, 0.58 / height, width - GAP, ROW_INCHES * n_rows / height]
            axes = figure.add_axes(box)
            _panel(axes, blocks, panel, n_rows)
            if index == 0:
                _band_names(axes, blocks)
        _published_words(axes, blocks)
        _key(figure, height)
    return figure


def _panel(axes, blocks, panel, n_rows):
    median = panel == "median"
    axes.patch.set_visible(False)  # the name of a score may reach into the next panel
    end = _months_end(blocks) if median else 1.0
    axes.set(xlim=(0, end), ylim=(n_rows - 0.5, -0.5))
    if median:
        step = next(step for step in (3, 6, 12, 24, 60, 120, 600) if end / step <= 5)
        axes.set_xticks([step * tick for tick in range(int(end / step) + 1)])
    else:
        axes.set_xticks([0, 0.5, 1], labels=["0", "50", "100"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=style.PALE, linewidth=0.4)
    axes.set_axisbelow(True)
    title = "Median" if median else f"Day {display.day_count(panel)}"
    axes.set_title(title, fontsize=7.5, pad=4, loc="left", fontweight="bold")
    axes.set_xlabel("Months" if median else "Alive (%)", labelpad=1, fontsize=6.5)
    for place, band in _places(blocks):
        if band is not None:
            _band(axes, band.get(panel), place, end)


def _places(blocks):
    """Row number and band of every row; None for the row of a score's name."""
    place = 0
    for _, bands in blocks:
        yield place, None
        for offset, band in enumerate(bands, start=1):
            yield place + offset, band
        place += 1 + len(bands)


def _months_end(blocks):
    """Right end of the panel of medians: the longest estimate, not its interval."""
    found = [band["median"] for _, bands in blocks for band in bands if band.get("median")]
    ends = [v for value in found for v in (value[0], value[3]) if not display.is_missing(v)]
    return max([SHORTEST_MONTHS, *(1.15 * float(value) for value in ends)])


def _band(axes, values, place, end):
    if values is None:
        return
    observed, lower, upper, published, mark = values
    if mark:
        axes.text(end / 2, place, mark, ha="center", va="center", fontsize=5.5, color=style.GREY)
    elif not display.is_missing(observed):
        reach = None if display.is_missing(upper) else min(float(upper), end)
        _interval(axes, lower, reach, place, end)
        axes.plot(
            float(observed), place, "o", color=OBSERVED, markersize=3.4, zorder=3, clip_on=False
        )
    if not display.is_missing(published):
        look = _hollow(PUBLISHED) | {"markersize": 3.2, "clip_on": False}
        axes.plot(float(published), place + BELOW, marker="D", **look)


def _band_names(axes, blocks):
    rows = list(_places(blocks))
    headings = [place for place, band in rows if band is None]
    for place, (name, _) in zip(headings, blocks, strict=True):
        look = {"ha": "left", "va": "center", "fontsize": 6.6, "fontweight": "bold"}
        axes.annotate(
            name, (0.01, place), xycoords=("figure fraction", "data"), bbox=PAPER, zorder=5, **look
        )
    for place, band in rows:
        if band is not None:
            axes.text(-0.05, place, band["band"], ha="right", va="center", fontsize=6.4)


def _published_words(axes, blocks):
    edge = axes.get_xlim()[1]
    look = {"ha": "left", "va": "center", "fontsize": 5.8}
    axes.text(1.04 * edge, -0.75, "Published in words", color=style.GREY, **look)
    for place, band in _places(blocks):
        if band is not None and band["words"]:
            axes.text(1.04 * edge, place, "\n".join(style.lines_of(band["words"], 36)), **look)


def _key(figure, height):
    y, look = 0.12 / height, {"fontsize": 6.4, "va": "center"}
    marks = figure.add_axes([0, 0, 1, 0.24 / height])
    marks.set(xlim=(0, 1), ylim=(0, 1))
    marks.set_axis_off()
    marks.plot([0.165, 0.195], [0.5, 0.5], color=OBSERVED, linewidth=1.4)
    marks.plot(0.18, 0.5, marker="o", color=OBSERVED, markersize=3.4)
    figure.text(0.205, y, "observed here, with interval", **look)
    marks.plot(0.45, 0.5, marker="D", markersize=3.8, **_hollow(PUBLISHED))
    figure.text(0.465, y, "published for the band", **look)
