"""Proportion walking by arm and time: one panel per time, one line per arm."""

import pandas as pd

from mescc_analytics.present import display, wording
from mescc_analytics.present.figures import style

ROW_INCHES = 0.21
LEFT, RIGHT, GAP = 0.165, 0.995, 0.012
AXIS_SHARE = 0.70
NOTHING = "No proportion walking is shown: no arm has enough assessed cases."


def draw_walking(rates, estimand):
    """Dots with intervals per arm (rows) and time (panels), with n/N beside each.

    Parameters
    ----------
    rates : DataFrame
        group, timepoint_days, numerator, denominator, proportion, ci_lower, ci_upper, mark (text
        where withheld) of one analysis, baseline and estimand; groups in their order.
    estimand : str
        In words, for the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    groups = list(dict.fromkeys(rates["group"]))
    if not groups or rates["proportion"].isna().all():
        return style.placeholder(NOTHING)
    with style.house_style():
        height = 0.75 + ROW_INCHES * len(groups)
        figure = style.blank(height)
        times = sorted(set(rates["timepoint_days"].astype(float)))
        for index, time in enumerate(times):
            rows = rates[rates["timepoint_days"].astype(float) == time]
            axes = figure.add_axes(_box(index, len(times), len(groups), height))
            _panel(axes, rows, groups, labelled=index == 0)
            title = f"Day {display.day_count(time)}"
            axes.set_title(title, fontsize=7.5, pad=4, loc="left", fontweight="bold")
        middle, label = (LEFT + RIGHT) / 2, f"Walking (%), {estimand}"
        figure.text(middle, 0.10 / height, label, ha="center", va="center", fontsize=7)
    return figure


def _box(index, n_times, n_groups, height):
    width = (RIGHT - LEFT) / n_times
    across = width * AXIS_SHARE - GAP / 2
    return [LEFT + width * index, 0.48 / height, across, ROW_INCHES * n_groups / height]


def _panel(axes, rows, groups, labelled):
    look = wording.styles(groups)
    axes.set(xlim=(0, 1), ylim=(len(groups) - 0.5, -0.5))
    axes.set_xticks([0, 0.5, 1], labels=["0", "50", "100"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for line in (0, 0.25, 0.5, 0.75, 1):
        axes.axvline(line, color=style.PALE, linewidth=0.4, zorder=0)
    by_group = rows.set_index("group")
    for index, group in enumerate(groups):
        if labelled:
            name = wording.group_label("by_arm", group)
            axes.text(
                -0.05,
                index,
                name,
                ha="right",
                va="center",
                fontsize=6.8,
                color=wording.ink(look[group][0]),
            )
        if group in by_group.index:
            _dot(axes, by_group.loc[group], index, look[group])


def _dot(axes, row, index, look):
    colour, _, marker = look
    if pd.isna(row["proportion"]):
        axes.text(0.5, index, _reason(row), ha="center", va="center", fontsize=6, color=style.GREY)
        return
    axes.plot(
        [row["ci_lower"], row["ci_upper"]],
        [index, index],
        color=colour,
        linewidth=1.4,
        solid_capstyle="butt",
    )
    axes.plot(
        row["proportion"],
        index,
        marker=marker,
        color=colour,
        markersize=4.5,
        markeredgecolor="white",
        markeredgewidth=0.4,
        clip_on=False,
    )
    text = f"{display.number(row['numerator'])}/{display.number(row['denominator'])}"
    axes.text(1.05, index, text, ha="left", va="center", fontsize=6.2)


def _reason(row):
    if not display.is_missing(row.get("mark")):
        return f"{row['mark']}" if str(row["mark"]).startswith("<") else "hidden"
    return "no cases"
