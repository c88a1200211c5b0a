"""Figures of the audit: indicators and targets, run chart with funnel, intervals, CUSUM."""

import numpy as np

from mescc_analytics.present import display
from mescc_analytics.present.figures import style

ROW_INCHES = 0.235
# Shape and word carry the status; colour only repeats it.
LOOKS = {
    "met": ("o", "#0072B2", "met"),
    "not_met": ("v", "#D55E00", "not met"),
    "uncertain": ("s", "#6B6B6B", "uncertain"),
    "too_few": ("x", "#6B6B6B", "too few"),
    "reported": ("D", "#6B6B6B", "reported only"),
}
LINE, SIGNAL = "#0072B2", "#D55E00"


def draw_overview(rows):
    """Indicators as dots with interval, target and n/N, in the order given.

    Parameters
    ----------
    rows : list of dict
        title, id, proportion, ci_lower, ci_upper, target (None where there is none), numerator,
        denominator, status (a key of ``LOOKS``).

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not rows:
        return style.placeholder("No indicator could be judged.")
    with style.house_style():
        height = 0.62 + ROW_INCHES * len(rows)
        figure = style.blank(height)
        axes = figure.add_axes([0.46, 0.38 / height, 0.34, ROW_INCHES * len(rows) / height])
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Share of the judged cases (%), 95 % interval; bar: target")
        for line in (0, 0.25, 0.5, 0.75, 1):
            axes.axvline(line, color=style.PALE, linewidth=0.4, zorder=0)
        for position, row in enumerate(rows):
            _overview_row(axes, position, row)
    return figure


def _overview_row(axes, position, row):
    marker, colour, words = LOOKS[row["status"]]
    left, right = axes.get_yaxis_transform(), axes.get_yaxis_transform()
    axes.text(-0.03, position, row["title"], transform=left, ha="right", va="center", fontsize=6.5)
    axes.plot(
        [row["ci_lower"], row["ci_upper"]],
        [position] * 2,
        color=colour,
        linewidth=1.3,
        solid_capstyle="butt",
    )
    axes.plot(row["proportion"], position, marker=marker, color=colour, markersize=4.5)
    if row["target"] is not None:
        axes.plot([row["target"]] * 2, [position - 0.36, position + 0.36], color="black", lw=1.1)
    text = f"{row['numerator']}/{row['denominator']}  {words}"
    drawn = axes.text(1.03, position, text, transform=right, ha="left", va="center", fontsize=6.5)
    drawn.set_url(f"#{row['id']}")


def draw_indicator(trend, funnel, target):
    """Run chart with limits (left) and, where there are sites to compare, the funnel (right).

    Parameters
    ----------
    trend : DataFrame
        period, denominator, proportion, centre, lower, upper, signal of all sites together.
    funnel : DataFrame
        site, denominator, proportion, centre, lower_95 to upper_998, flag; may be empty.
    target : float or None

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.house_style():
        figure = style.blank(2.25)
        wide = 0.60 if len(funnel) else 0.90
        axes = figure.add_axes([0.06, 0.27, wide - 0.02, 0.61])
        _run_chart(axes, trend.reset_index(drop=True), target)
        if len(funnel):
            _funnel(figure.add_axes([0.74, 0.27, 0.25, 0.61]), funnel)
    return figure


def _run_chart(axes, trend, target):
    x = np.arange(len(trend))
    for name in ("lower", "upper"):
        axes.step(x, trend[name], where="mid", color=style.GREY, linewidth=0.6, linestyle=":")
    axes.plot(x, trend["centre"], color=style.GREY, linewidth=0.8)
    shown = trend["proportion"].notna()
    axes.plot(x[shown], trend["proportion"][shown], color=LINE, linewidth=1, marker="o", ms=2.8)
    fired = trend["signal"].fillna("").ne("")
    axes.plot(x[fired], trend["proportion"][fired], "s", ms=7, mfc="none", mec=SIGNAL, mew=1.1)
    if target is not None:
        axes.axhline(target, color="black", linewidth=0.7, linestyle="--")
        axes.text(len(trend) - 0.4, target, "target", fontsize=6, va="bottom", ha="right")
    every = max(1, int(np.ceil(len(trend) / 12)))
    axes.set_xticks(x[::every], labels=trend["period"][::every], rotation=45, ha="right")
    axes.tick_params(axis="x", labelsize=6)
    _percent_axis(axes, "Over time (%)")
    axes.set_xlim(-0.6, len(trend) - 0.3)


def _percent_axis(axes, title):
    axes.set_ylim(-0.02, 1.04)
    axes.set_yticks([0, 0.5, 1], labels=["0", "50", "100"])
    axes.set_title(title, fontsize=7.5, loc="left", fontweight="bold", pad=4)


def _funnel(axes, funnel):
    funnel = funnel.sort_values("denominator")
    sizes = funnel["denominator"].astype(float)
    for level, line in (("95", "--"), ("998", "-")):
        for side in ("lower", "upper"):
            axes.plot(sizes, funnel[f"{side}_{level}"], color=style.GREY, lw=0.7, ls=line)
    axes.axhline(funnel["centre"].iloc[0], color=style.GREY, linewidth=0.6)
    for site, size, share, flag in zip(
        funnel["site"], sizes, funnel["proportion"], funnel["flag"], strict=True
    ):
        beyond = flag in ("alert", "alarm")
        axes.plot(size, share, "v" if beyond else "o", ms=4.5, color=SIGNAL if beyond else LINE)
        if len(funnel) <= 12 or beyond:
            axes.annotate(site, (size, share), (4, 3), textcoords="offset points", fontsize=6)
    axes.margins(x=0.25)
    _percent_axis(axes, "By site (%)")
    axes.set_xlabel("Judged cases", fontsize=6.5)


def draw_intervals(rows):
    """Where the days go: median and quartiles of each interval, on a scale of days.

    Parameters
    ----------
    rows : list of dict
        label, n, lower, median, upper (days).
    """
    with style.house_style():
        height = 0.62 + 0.3 * len(rows)
        figure = style.blank(height)
        axes = figure.add_axes([0.30, 0.42 / height, 0.48, 0.3 * len(rows) / height])
        axes.set_xscale("symlog", linthresh=1)
        axes.set(ylim=(len(rows) - 0.5, -0.5))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        top = max(row["upper"] for row in rows)
        ticks = [t for t in (0, 1, 3, 7, 14, 30, 90, 180, 365) if t <= max(top * 1.3, 7)]
        axes.set_xticks(ticks, labels=[str(t) for t in ticks])
        axes.set_xlim(-0.15, max(top * 1.4, 8))
        axes.minorticks_off()
        axes.set_xlabel("Days: median (dot), lower to upper quartile (line)")
        for position, row in enumerate(rows):
            _interval_row(axes, position, row)
    return figure


def _interval_row(axes, position, row):
    across = axes.get_yaxis_transform()
    axes.text(-0.03, position, row["label"], transform=across, ha="right", va="center")
    axes.plot([row["lower"], row["upper"]], [position] * 2, color=LINE, lw=2, alpha=0.55)
    axes.plot(row["median"], position, "o", color=LINE, ms=5)
    ends = [display.day_count(row[name]) for name in ("median", "lower", "upper")]
    text = f"{ends[0]} ({ends[1]} to {ends[2]}), n {row['n']}"
    axes.text(1.02, position, text, transform=across, ha="left", va="center", fontsize=6.5)


def draw_cusum(frame):
    """CUSUM of one harm over the periods, with its limit."""
    with style.house_style():
        figure = style.blank(1.9)
        axes = figure.add_axes([0.07, 0.30, 0.9, 0.56])
        x = np.arange(len(frame))
        axes.plot(x, frame["cusum"], color=LINE, linewidth=1.1, marker="o", ms=2.8)
        limit = float(frame["limit"].iloc[0])
        axes.axhline(limit, color=SIGNAL, linewidth=0.9, linestyle="--")
        axes.text(len(frame) - 0.6, limit, "limit", fontsize=6, va="bottom", ha="right")
        every = max(1, int(np.ceil(len(frame) / 16)))
        periods = frame["period"].tolist()[::every]
        axes.set_xticks(x[::every], labels=periods, rotation=45, ha="right", fontsize=6)
        axes.set_ylim(0, max(limit, float(frame["cusum"].max())) * 1.15)
        axes.set_title("CUSUM", fontsize=7.5, loc="left", fontweight="bold", pad=4)
    return figure


def draw_times(frame, label):
    """Share for whom a step was done by each day, one line per year."""
    with style.house_style():
        figure = style.blank(2.1)
        axes = figure.add_axes([0.07, 0.21, 0.70, 0.66])
        periods = list(dict.fromkeys(frame["period"]))
        dashes = ("-", "--", "-.", ":")
        for number, period in enumerate(periods):
            part = frame[frame["period"] == period]
            heavy = period == "all"
            axes.step(
                part["time_days"],
                part["incidence"],
                where="post",
                color="black" if heavy else _shade(number, len(periods)),
                linewidth=1.8 if heavy else 0.9,
                linestyle="-" if heavy else dashes[number % 4],
                label="all years" if heavy else period,
            )
        axes.set_xlim(0, frame["time_days"].max())
        axes.set_xlabel("Days")
        _percent_axis(axes, label)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=6)
    return figure


def _shade(number, n):
    from matplotlib import colormaps

    return colormaps["viridis"](0.9 * (number - 1) / max(n - 2, 1))
