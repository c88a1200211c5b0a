"""Every contrast of arms under every choice: one panel per contrast, dots with intervals."""

import textwrap

from matplotlib.ticker import FuncFormatter, NullFormatter

from mescc_analytics.present import display, tables_choices
from mescc_analytics.present.figures import style

PER_ROW = 3
ROW_INCHES, HEAD_INCHES, FOOT_INCHES = 0.15, 0.42, 0.42
LEFT, RIGHT, GAP = 0.222, 0.995, 0.012
DRAWN = 0.54  # share of a panel for the dots; the numbers stand beside them
WIDEST = 20.0
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def draw_sensitivity(rows):
    """Hazard ratios by method, one panel per contrast.

    Parameters
    ----------
    rows : DataFrame
        panel.csv, suppressed: group, reference, section, method, hazard_ratio, ci_lower, ci_upper,
        mark, note.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if rows["hazard_ratio"].notna().sum() == 0:
        return style.placeholder(tables_choices.NOTHING)
    groups = list(dict.fromkeys(rows["group"]))
    lines = _lines(rows[rows["group"] == groups[0]])
    tall = ROW_INCHES * len(lines)
    height = -(-len(groups) // PER_ROW) * (HEAD_INCHES + tall + FOOT_INCHES)
    limits = _limits(rows)
    names = tables_choices.arm_names(rows)
    with style.house_style():
        figure = style.blank(height)
        columns = min(len(groups), PER_ROW)
        width = (RIGHT - LEFT - GAP * (columns - 1)) / columns
        for index, group in enumerate(groups):
            down, across = divmod(index, PER_ROW)
            bottom = height - (down + 1) * (HEAD_INCHES + tall) - down * FOOT_INCHES
            box = [LEFT + across * (width + GAP), bottom / height, DRAWN * width, tall / height]
            axes = figure.add_axes(box)
            own = rows[rows["group"] == group]
            _panel(axes, own, lines, limits)
            title = f"{names[group]} against {names[own['reference'].iloc[0]]}"
            title = textwrap.fill(title, int(120 * width))
            axes.set_title(title, loc="left", pad=4, fontsize=6.5)
            if not across:
                _labels(axes, lines)
    return figure


def _lines(rows):
    """Headings (None, text) and methods (name, text) in the order in which they are drawn."""
    lines = []
    for section, part in rows.groupby("section", sort=False):
        lines.append((None, tables_choices.SECTIONS.get(section, section)))
        lines += [(name, tables_choices.method_label(name)) for name in part["method"]]
    return lines


def _limits(rows):
    """One axis for all panels: as wide as the estimates and, within reason, their intervals."""
    ends = rows[["ci_lower", "ci_upper"]].astype(float).clip(1 / WIDEST, WIDEST).stack().tolist()
    values = rows["hazard_ratio"].dropna().astype(float).clip(1 / WIDEST, WIDEST).tolist()
    return min([*ends, *values, 0.5]) / 1.08, max([*ends, *values, 2.0]) * 1.08


def _panel(axes, rows, lines, limits):
    axes.set(ylim=(len(lines) - 0.5, -0.5), yticks=[], xscale="log", xlim=limits)
    axes.spines["left"].set_visible(False)
    ticks = [tick for tick in TICKS if limits[0] <= tick <= limits[1]]
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_xlabel("Hazard ratio of death", labelpad=1, fontsize=6.2)
    axes.axvline(1, color=style.GREY, linewidth=0.6)
    axes.grid(axis="x", which="major", color=style.PALE, linewidth=0.4)
    axes.set_axisbelow(True)
    of_method = {record["method"]: record for record in rows.to_dict("records")}
    for place, (method, _) in enumerate(lines):
        if method is not None:
            _row(axes, of_method[method], place, limits)


def _row(axes, row, place, limits):
    value = row["hazard_ratio"]
    look = {"va": "center", "fontsize": 5.4, "transform": axes.get_yaxis_transform()}
    if display.is_missing(value):
        marked = not display.is_missing(row.get("mark"))
        words = str(row["mark"]) if marked else _without(row)
        axes.text(1.03, place, words, color=style.GREY, **look)
        return
    ends = (row["ci_lower"], row["ci_upper"])
    axes.text(1.03, place, display.short_interval(value, *ends, display.ratio), **look)
    _dot(axes, row, place, limits)


def _dot(axes, row, place, limits):
    """The estimate with its interval."""
    value = row["hazard_ratio"]
    colour = "#D55E00" if row["method"] == "naive" else "#0072B2"
    lower, upper = row["ci_lower"], row["ci_upper"]
    if not (display.is_missing(lower) or display.is_missing(upper)):
        ends = [max(lower, limits[0]), min(upper, limits[1])]
        axes.plot(ends, [place] * 2, color=colour, linewidth=1.0, solid_capstyle="butt")
        for end, beyond, marker in (
            (ends[0], lower < limits[0], "<"),
            (ends[1], upper > limits[1], ">"),
        ):
            if beyond:
                axes.plot(end, place, marker, color=colour, markersize=3, clip_on=False)
    known = not (display.is_missing(lower) or display.is_missing(upper))
    marker = "s" if row["method"] == "naive" else "o"
    face = colour if known else "white"
    look = {"markersize": 3.4, "markeredgewidth": 0.7, "markeredgecolor": colour}
    shown = min(max(value, limits[0]), limits[1])
    axes.plot(shown, place, marker, markerfacecolor=face, **look)


def _without(row):
    """What stands in place of an estimate."""
    return "does not apply" if tables_choices.INAPPLICABLE in str(row["note"]) else "no estimate"


def _labels(axes, lines):
    for place, (method, text) in enumerate(lines):
        look = {"va": "center", "fontsize": 6, "transform": _across(axes)}
        if method is None:
            axes.text(0.005, place, text, fontweight="bold", **look)
        else:
            axes.text(0.02, place, text, **look)


def _across(axes):
    """Across the figure in its fractions, down in rows."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(axes.figure.transFigure, axes.transData)
