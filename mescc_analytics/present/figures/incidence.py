"""Cumulative incidence of an event and of death without it, with the numbers at risk."""

from dataclasses import dataclass

from mescc_analytics.present import display, wording
from mescc_analytics.present.figures import style
from mescc_analytics.present.figures.survival import TICK_STEPS_MONTHS, at_risk

ROW_INCHES = 0.15
LEFT, RIGHT, GAP = 0.20, 0.985, 0.05
HEIGHT_INCHES, TOP_INCHES = 2.1, 0.3
PANEL_INCHES, PER_ROW = 1.35, 3
NOTHING = "No incidence is shown: too few events or cases."


@dataclass(frozen=True)
class IncidencePlot:
    """What a figure of incidence says beside its curves.

    Attributes
    ----------
    time_zero : str
        In words, for the axis.
    landmark_days : float
    small : str
        Mark of a withheld count.
    horizon_days : float
        End of the time axis.
    """

    time_zero: str
    landmark_days: float = 0.0
    small: str = "<5"
    horizon_days: float = 365.0


def draw_by_arm(curves, plot):
    """One endpoint by arm: the event left, death without it right, numbers at risk below.

    Parameters
    ----------
    curves : DataFrame
        cause, group, time_days, n_at_risk, incidence, ci_lower, ci_upper of one endpoint, withheld
        numbers NA; the first cause is the event.
    plot : IncidencePlot

    Returns
    -------
    matplotlib.figure.Figure
    """
    causes = list(dict.fromkeys(curves["cause"]))
    shown = curves.dropna(subset=["incidence"])
    groups = [name for name in dict.fromkeys(curves["group"]) if (shown["group"] == name).any()]
    if not groups:
        return style.placeholder(NOTHING)
    look = wording.styles(groups)
    with style.house_style():
        below = 0.62 + ROW_INCHES * len(groups)
        height = TOP_INCHES + HEIGHT_INCHES + below
        figure = style.blank(height)
        width = (RIGHT - LEFT - GAP) / 2
        top = _ceiling(shown, plot)
        for index, cause in enumerate(causes):
            box = [LEFT + index * (width + GAP), below / height, width, HEIGHT_INCHES / height]
            axes = figure.add_axes(box)
            ticks = _frame(axes, plot, top, labelled=index == 0)
            axes.set_title(wording.cause_label(cause, causes[0]), fontsize=7.5, loc="left", pad=4)
            for group in groups:
                rows = shown[(shown["group"] == group) & (shown["cause"] == cause)]
                _step(axes, rows, look[group])
            if plot.landmark_days:
                _landmark(axes, plot)
            of_event = curves[curves["cause"] == causes[0]]
            _at_risk_rows(axes, of_event, (groups, look), (ticks, plot, index == 0))
    return figure


def draw_endpoints(curves, plot):
    """The whole cohort, one panel per endpoint: the event with its interval, death without it.

    Parameters
    ----------
    curves : DataFrame
        endpoint, cause, time_days, incidence, ci_lower, ci_upper of the whole cohort.
    plot : IncidencePlot

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = curves.dropna(subset=["incidence"])
    names = [
        name for name in dict.fromkeys(curves["endpoint"]) if (shown["endpoint"] == name).any()
    ]
    if not names:
        return style.placeholder(NOTHING)
    with style.house_style():
        n_rows = -(-len(names) // PER_ROW)
        height = 0.35 + (PANEL_INCHES + 0.55) * n_rows
        figure = style.blank(height)
        top, width = _ceiling(shown, plot, "ci_upper"), (0.99 - 0.07) / PER_ROW
        for index, name in enumerate(names):
            row, column = divmod(index, PER_ROW)
            bottom = height - 0.55 - PANEL_INCHES - row * (PANEL_INCHES + 0.55) + 0.1
            box = [0.07 + column * width, bottom / height, width - 0.045, PANEL_INCHES / height]
            axes = figure.add_axes(box)
            _frame(axes, plot, top, labelled=column == 0)
            axes.set_title(wording.endpoint_label(name), fontsize=7.5, loc="left", pad=3)
            _both(axes, shown[shown["endpoint"] == name], name)
            if index == 0:
                place = {"loc": "upper left", "bbox_to_anchor": (0.06, 1 - 0.02 / height)}
                figure.legend(frameon=False, ncols=2, handlelength=2.2, **place)
    return figure


def _both(axes, rows, event):
    """The event and death without it, each with its interval."""
    _panel(axes, rows[rows["cause"] == event], "#0072B2", "solid", "event")
    _panel(axes, rows[rows["cause"] == "death"], style.GREY, "dashed", "death without it")


def _ceiling(shown, plot, drawn="incidence"):
    """Top of the incidence axis: the next tenth above all that is drawn, at least 20 %."""
    inside = shown[shown["time_days"].astype(float) <= plot.horizon_days]
    highest = max([0.2, *inside[["incidence", drawn]].astype(float).max(axis=1).dropna()])
    return min(1.0, 0.1 * -(-(highest + 0.02) // 0.1))


def axis_end(horizon_days):
    """End of the time axis in months, the next whole month where that is near."""
    months = float(horizon_days) / display.DAYS_PER_MONTH
    return float(round(months)) if abs(months - round(months)) < 0.05 else months


def _frame(axes, plot, top, labelled):
    """Axes with months below and percent at the left; returns the ticks in months."""
    end = axis_end(plot.horizon_days)
    step = next((s for s in TICK_STEPS_MONTHS if end / s <= 6), TICK_STEPS_MONTHS[-1])
    ticks = [step * index for index in range(int(end / step + 1e-9) + 1)]
    axes.set(xlim=(0, end), ylim=(0, top))
    axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    gap = 0.25 if top > 0.6 else 0.1
    marks = [gap * index for index in range(int(top / gap + 1e-9) + 1)]
    axes.set_yticks(marks, labels=[f"{100 * mark:.0f}" for mark in marks] if labelled else [])
    axes.set_xlabel(f"Months from {plot.time_zero}", labelpad=2)
    if labelled:
        axes.set_ylabel("Incidence (%)", labelpad=3)
    axes.grid(axis="y", color=style.PALE, linewidth=0.4)
    axes.set_axisbelow(True)
    return ticks


def _landmark(axes, plot):
    month = plot.landmark_days / display.DAYS_PER_MONTH
    axes.axvline(month, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 1.5)))


def _step(axes, rows, look):
    months = rows["time_days"].astype(float) / display.DAYS_PER_MONTH
    values = rows["incidence"].astype(float)
    axes.step(months, values, where="post", color=look[0], linestyle=look[1], linewidth=1.3)


def _panel(axes, rows, colour, line, label):
    limits = rows.dropna(subset=["ci_lower", "ci_upper"])
    months = limits["time_days"].astype(float) / display.DAYS_PER_MONTH
    bounds = [limits[name].astype(float) for name in ("ci_lower", "ci_upper")]
    axes.fill_between(months, *bounds, step="post", color=colour, alpha=0.18, linewidth=0)
    months = rows["time_days"].astype(float) / display.DAYS_PER_MONTH
    axes.step(
        months,
        rows["incidence"].astype(float),
        where="post",
        color=colour,
        linestyle=line,
        linewidth=1.2,
        label=label,
    )


def _at_risk_rows(axes, curves, drawn, context):
    """Numbers at risk under the left panel, whose names carry the look of the lines."""
    groups, look = drawn
    ticks, plot, first = context
    if not first:
        return
    row = ROW_INCHES / HEIGHT_INCHES
    top = -0.52 / HEIGHT_INCHES
    place = {"transform": axes.transAxes, "va": "center", "fontsize": 6.5}
    axes.text(-0.12, top + 0.95 * row, "At risk", ha="right", fontweight="bold", **place)
    landmark, step = plot.landmark_days / display.DAYS_PER_MONTH, ticks[1] - ticks[0]
    if landmark:
        ticks = [landmark, *(tick for tick in ticks if tick > landmark + 0.6 * step)]
    for index, group in enumerate(groups):
        height, colour = top - row * index, look[group][0]
        name = wording.group_label("by_arm", group)
        axes.text(-0.12, height, name, ha="right", color=wording.ink(colour), **place)
        line = {"color": colour, "linestyle": look[group][1], "linewidth": 1.3}
        axes.plot([-0.105, -0.04], [height] * 2, transform=axes.transAxes, clip_on=False, **line)
        _numbers(axes, curves[curves["group"] == group], (ticks, plot), place | {"y": height})


def _numbers(axes, rows, context, place):
    """One row of numbers at risk, or that they are hidden."""
    ticks, plot = context
    edge = axes.get_xlim()[1]
    if rows["at_risk_mark"].notna().any():
        axes.text(x=ticks[0] / edge, s="numbers hidden", ha="left", **place)
        return
    for tick in ticks:
        text = at_risk(rows, tick * display.DAYS_PER_MONTH, plot.small)
        axes.text(x=tick / edge, s=text, ha="center", **place)
