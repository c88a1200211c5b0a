"""Who is walking, not walking, dead or of unknown status over time, one panel per arm."""

from mescc_analytics.present import display, wording
from mescc_analytics.present.figures import style
from mescc_analytics.present.figures.incidence import axis_end
from mescc_analytics.present.figures.survival import TICK_STEPS_MONTHS

PER_ROW, PANEL_INCHES = 4, 1.25
# from the bottom: colour and the colour of text on it
LOOKS = {
    "ambulatory": ("#009E73", "walking"),
    "non_ambulatory": ("#E69F00", "not walking"),
    "unknown": ("#E3E3E3", "alive, not known"),
    "dead": ("#6B6B6B", "dead"),
}
NOTHING = "States over time are not shown: no arm has enough cases."


def draw_occupancy(curves, time_zero, step_cases=0):
    """Stacked shares of the states.

    Parameters
    ----------
    curves : DataFrame
        group, time_days, ambulatory, non_ambulatory, unknown, dead of one analysis; NA where
        withheld.
    time_zero : str
        In words, for the axis.
    step_cases : int
        Number of cases to which the shares are rounded, said above the panels; 0 or 1: none.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = curves.dropna(subset=["ambulatory"])
    groups = list(dict.fromkeys(shown["group"]))
    if not groups:
        return style.placeholder(NOTHING)
    with style.house_style():
        n_rows = -(-len(groups) // PER_ROW)
        height = 0.5 + (PANEL_INCHES + 0.42) * n_rows
        figure = style.blank(height)
        width = (0.985 - 0.06) / PER_ROW
        for index, group in enumerate(groups):
            row, column = divmod(index, PER_ROW)
            bottom = height - 0.55 - PANEL_INCHES - row * (PANEL_INCHES + 0.42)
            box = [0.06 + column * width, bottom / height, width - 0.025, PANEL_INCHES / height]
            axes = figure.add_axes(box)
            _panel(axes, shown[shown["group"] == group], curves["time_days"].max(), column == 0)
            name = wording.group_label("by_arm", group)
            axes.set_title(name, fontsize=7, loc="left", pad=3)
        middle = 0.06 + (min(len(groups), PER_ROW) * width - 0.025) / 2
        figure.text(middle, 0.08 / height, f"Months from {time_zero}", ha="center", va="center")
        _legend(figure, height)
        if step_cases > 1:
            said = f"shares in steps of about {step_cases} cases, not of single ones"
            look = {"ha": "right", "va": "center", "fontsize": 6.2, "color": style.GREY}
            figure.text(0.985, 1 - 0.14 / height, said, **look)
    return figure


def _panel(axes, rows, horizon, labelled):
    months = rows["time_days"].astype(float) / display.DAYS_PER_MONTH
    end = axis_end(horizon)
    step = next((s for s in TICK_STEPS_MONTHS if end / s <= 5), TICK_STEPS_MONTHS[-1])
    below = months * 0
    for state, (colour, _) in LOOKS.items():
        above = below + rows[state].astype(float)
        axes.fill_between(
            months, below, above, step="post", color=colour, linewidth=0.4, edgecolor="white"
        )
        below = above
    ticks = [step * index for index in range(int(end / step + 1e-9) + 1)]
    axes.set(xlim=(0, end), ylim=(0, 1))
    axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    axes.set_yticks([0, 0.5, 1], labels=["0", "50", "100"] if labelled else [])
    if labelled:
        axes.set_ylabel("Cases (%)", labelpad=2)


def _legend(figure, height):
    from matplotlib.patches import Patch

    patches = [Patch(facecolor=colour, label=words) for colour, words in LOOKS.values()]
    figure.legend(
        handles=patches,
        loc="upper left",
        bbox_to_anchor=(0.05, 1 - 0.02 / height),
        ncols=len(patches),
        frameon=False,
        fontsize=7,
        handlelength=1.2,
        columnspacing=1.6,
    )
