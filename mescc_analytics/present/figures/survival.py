"""Kaplan-Meier curves with the numbers at risk under the time axis."""

import bisect
import textwrap
from dataclasses import dataclass

import pandas as pd

from mescc_analytics.present import display, wording
from mescc_analytics.present.figures import style
from mescc_analytics.present.study import NAIVE

TICK_STEPS_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
ROW_INCHES = 0.135
LABEL_GAP_INCHES = 0.14
LEFT, RIGHT, TOP_INCHES = 0.175, 0.775, 0.12
MOST_BANDS = 4
LEAST_SHARE = 0.1
MOST_PER_ROW, PANEL_INCHES = 5, 1.0


@dataclass(frozen=True)
class SurvivalPlot:
    """What a survival figure shows beside its curves.

    Attributes
    ----------
    analysis : str
        Names the groups: "by_arm", "overall", "by_<column>".
    time_zero : str
        In words, for the axis: "MRI".
    landmark_days : float
        Start of the comparison; 0 for none.
    small : str
        Mark of a withheld count, for example "<5".
    height_inches : float
        Height of the axes with the curves.
    arms_given : bool
        Whether the table named the arms. Arms by treatment received, without a landmark, are never
        drawn without the caution on the drawing.
    weighted : bool
        Numbers at risk have a second line with the sum of the weights, n_at_risk_weighted.
    """

    analysis: str
    time_zero: str
    landmark_days: float = 0.0
    small: str = "<5"
    height_inches: float = 2.9
    arms_given: bool = False
    weighted: bool = False

    @property
    def caution(self):
        """What must stand on the drawing, or ""."""
        compares = self.analysis == "by_arm" or self.weighted
        naive = compares and not self.landmark_days and not self.arms_given
        return NAIVE if naive else ""


def draw_survival(curves, summary, plot):
    """Survival per group with intervals, direct labels and an aligned table of numbers at risk.

    Up to four groups carry their bands in the main panel; with more, each band has a small panel
    of its own below.

    Parameters
    ----------
    curves : DataFrame
        group, time_days, n_at_risk (just before the time; NA where withheld), survival, ci_lower,
        ci_upper (NA where withheld); rows in order of group and time.
    summary : DataFrame
        group, n, median_days (NA where not reached or withheld).
    plot : SurvivalPlot

    Returns
    -------
    matplotlib.figure.Figure
    """
    within = curves["time_days"].astype(float) <= _end_days(curves)
    drawn = {group: rows for group, rows in curves[within].groupby("group", sort=False)}
    shown = {
        group: rows.dropna(subset=["survival"])
        for group, rows in drawn.items()
        if rows["survival"].notna().any()
    }
    if not shown:
        return style.placeholder("No survival curve is shown: no group has enough cases.")
    look = wording.styles(list(shown))
    with style.house_style():
        axes, small_panels = _axes(plot, list(shown))
        ticks = _time_axis(axes, shown, plot)
        for group, rows in shown.items():
            if not small_panels:
                _draw_band(axes, rows, look[group][0])
            _draw_line(axes, rows, look[group])
        _direct_labels(axes, shown, summary, (plot, look))
        _caution(axes, plot.caution)
        _at_risk_table(
            axes, {group: curves[curves["group"] == group] for group in shown}, ticks, (plot, look)
        )
        for group, panel in small_panels.items():
            _draw_small(panel, shown, group, (plot, look, axes.get_xticks().astype(int).tolist()))
    return axes.figure


def _caution(axes, words):
    """Across the top of the curves, where no curve can be read without it."""
    if words:
        look = {"boxstyle": "square,pad=0.4", "facecolor": "#FFF3CD", "edgecolor": "#8A5A00"}
        axes.text(
            0.5,
            0.985,
            textwrap.fill(words, 75),
            **{"ha": "center", "va": "top", "fontsize": 6.5, "zorder": 10},
            transform=axes.transAxes,
            bbox=look | {"linewidth": 0.7},
        )


def _end_days(curves):
    """Last time at which at least LEAST_SHARE of all cases are at risk; the axis need not reach
    further.
    """
    starts = curves.groupby("group", sort=False)["n_at_risk"].first().astype(float).sum()
    at_risk = curves.pivot_table(
        index="time_days", columns="group", values="n_at_risk", aggfunc="first", sort=True
    )
    total = at_risk.astype(float).bfill().fillna(0).sum(axis="columns")
    enough = total.index[(total >= LEAST_SHARE * starts).to_numpy()]
    return float(max(enough)) if len(enough) else float("inf")


def _axes(plot, groups):
    n_rows = -(-len(groups) // MOST_PER_ROW) if len(groups) > MOST_BANDS else 0
    per_row = -(-len(groups) // max(n_rows, 1))
    panels = PANEL_INCHES * n_rows + (0.05 if n_rows else 0)
    lines = len(groups) * (2 if plot.weighted else 1)
    below = 0.62 + ROW_INCHES * lines + panels
    height = TOP_INCHES + plot.height_inches + below
    figure = style.blank(height)
    axes = figure.add_axes([LEFT, below / height, RIGHT - LEFT, plot.height_inches / height])
    axes.set(ylim=(0, 1), ylabel="Survival (%)")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
    axes.grid(axis="y", color=style.PALE, linewidth=0.4)
    axes.set_axisbelow(True)
    width = (0.99 - 0.05) / per_row
    small = {}
    for index, group in enumerate(groups if n_rows else []):
        row, column = divmod(index, per_row)
        bottom = PANEL_INCHES * (n_rows - 1 - row) + 0.28
        box = [0.05 + width * column, bottom / height, 0.86 * width, (PANEL_INCHES - 0.45) / height]
        small[group] = figure.add_axes(box)
    return axes, small


def _draw_small(axes, shown, group, context):
    plot, look, ticks = context
    axes.set(ylim=(0, 1), xlim=(0, ticks[-1]))
    axes.set_yticks([0, 0.5, 1], labels=["0", "50", "100"], fontsize=5.5)
    axes.tick_params(axis="x", labelsize=5.5, pad=1.5)
    axes.tick_params(length=2)
    axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    for other, rows in shown.items():
        if other != group:
            _draw_line(axes, rows, (style.PALE, "solid", ""), width=0.5)
    _draw_band(axes, shown[group], look[group][0])
    _draw_line(axes, shown[group], look[group], width=1.0)
    name = wording.group_label(plot.analysis, group)
    axes.set_title(name, fontsize=6.2, pad=3, loc="left", color=wording.ink(look[group][0]))


def _time_axis(axes, shown, plot):
    last_days = max(rows["time_days"].max() for rows in shown.values())
    last = max(float(last_days) / display.DAYS_PER_MONTH, 1.0)
    step = next((step for step in TICK_STEPS_MONTHS if last / step <= 8), TICK_STEPS_MONTHS[-1])
    end = step * -(-last // step)
    landmark = plot.landmark_days / display.DAYS_PER_MONTH
    axes.set_xlim(0, end)
    ticks = [step * index for index in range(int(end / step) + 1)]
    axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    axes.set_xlabel(f"Months from {plot.time_zero}", labelpad=2)
    if not landmark:
        return ticks
    axes.axvline(landmark, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 1.5)))
    axes.text(
        landmark + 0.008 * end,
        0.015,
        f"landmark, day {display.day_count(plot.landmark_days)}",
        color=style.GREY,
        fontsize=6,
    )
    return [landmark, *(tick for tick in ticks if tick > landmark + 0.3 * step)]


def _months(rows):
    return rows["time_days"].astype(float) / display.DAYS_PER_MONTH


def _draw_band(axes, rows, colour):
    rows = rows.dropna(subset=["ci_lower", "ci_upper"])
    lower, upper = rows["ci_lower"].astype(float), rows["ci_upper"].astype(float)
    axes.fill_between(
        _months(rows), lower, upper, step="post", color=colour, alpha=0.18, linewidth=0
    )


def _draw_line(axes, rows, look, width=1.3):
    axes.step(
        _months(rows),
        rows["survival"].astype(float),
        where="post",
        color=look[0],
        linestyle=look[1],
        linewidth=width,
    )


def _direct_labels(axes, shown, summary, context):
    plot, look = context
    last = {group: rows.iloc[-1] for group, rows in shown.items()}
    rows_high = 2 if len(shown) <= 5 else 1
    gap = LABEL_GAP_INCHES * (rows_high + 0.1) * 0.85 / plot.height_inches
    wanted = [float(last[group]["survival"]) for group in shown]
    placed = style.keep_inside(style.spread(wanted, gap), 0.0, 1.0)
    facts = summary.drop_duplicates("group").set_index("group")
    edge = axes.get_xlim()[1]
    thin = {"linewidth": 0.5, "linestyle": (0, (1, 2)), "alpha": 0.8, "clip_on": False}
    for group, position in zip(shown, placed, strict=True):
        colour, survival = look[group][0], float(last[group]["survival"])
        end = float(last[group]["time_days"]) / display.DAYS_PER_MONTH
        axes.plot([end, edge * 1.012], [survival, position], color=colour, **thin)
        words = _median_words(group, facts, survival)
        name = wording.group_label(plot.analysis, group)
        label = _label(name, words, rows_high)
        if end < edge / 2 and survival > 0 and rows_high == 1:
            # the thin line to the label must not be read as survival
            label = f"{name} (curve to {end:.0f} mo)"
        look_of_text = {"va": "center", "fontsize": 6.5, "linespacing": 1.1}
        axes.text(edge * 1.02, position, label, color=wording.ink(colour), **look_of_text)


def _median_words(group, facts, survival):
    """The median, unless the curve is cut before it reaches one half."""
    if group not in facts.index:
        return ""
    median = facts.loc[group, "median_days"]
    if pd.isna(median):
        return "median not reached"
    return f"median {display.months(median)} months" if survival <= 0.5 else "median not shown"


def _label(name, words, rows_high):
    if rows_high == 2:
        return f"{name}\n{words}".strip()
    short = words.removeprefix("median ").replace("months", "mo") if " months" in words else ""
    return f"{name}, {short}" if short else name


def _at_risk_table(axes, shown, ticks, context):
    plot, look = context
    row = ROW_INCHES / (axes.get_position().height * axes.figure.get_figheight())
    top = -0.50 / plot.height_inches
    edge = axes.get_xlim()[1]
    place = {"transform": axes.transAxes, "va": "center", "fontsize": 6.5}
    axes.text(-0.035, top + 0.9 * row, "At risk", ha="right", fontweight="bold", **place)
    columns = ("n_at_risk", "n_at_risk_weighted") if plot.weighted else ("n_at_risk",)
    lines = [(*pair, column) for pair in shown.items() for column in columns]
    for index, (group, rows, column) in enumerate(lines):
        height, colour = top - row * index, wording.ink(look[group][0])
        cases = column == "n_at_risk"
        name = wording.group_label(plot.analysis, group) if cases else "weighted"
        axes.text(-0.035, height, name, ha="right", color=colour if cases else style.GREY, **place)
        for tick in ticks:
            small, ink = (plot.small, "black") if cases else (display.HIDDEN, style.GREY)
            text = at_risk(rows, tick * display.DAYS_PER_MONTH, small, column)
            axes.text(tick / edge, height, text, ha="center", color=ink, **place)


def at_risk(rows, time_days, small, column="n_at_risk"):
    """Number at risk just before a time, as text; `small` where it is withheld, "0" after the
    last follow-up.
    """
    index = bisect.bisect_left(rows["time_days"].astype(float).tolist(), time_days - 1e-6)
    if index == len(rows):
        return "0"
    row = rows.iloc[index]
    if not pd.isna(row.get("at_risk_mark", pd.NA)):
        return str(row["at_risk_mark"])
    return small if pd.isna(row[column]) else display.number(row[column])
