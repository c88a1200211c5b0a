"""Bland-Altman figure of two readings: pairs counted in squares, bias and limits of agreement."""

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.present import display
from mescc_analytics.present.figures import style

HIGHEST = 18  # points of SINS
LARGEST = 620.0  # area of the largest bubble, in square points
BLUE, RED = "#0072B2", "#D55E00"
NAMES = {"upper_limit": "Upper limit", "bias": "Mean difference", "lower_limit": "Lower limit"}


def draw_agreement(squares, lines, level):
    """Differences of two SINS totals against their mean.

    Parameters
    ----------
    squares : DataFrame
        mean_points, difference_points (middle of each square), n; small counts already left out.
    lines : dict of str to (float, float, float)
        bias, lower_limit and upper_limit with the ends of their intervals (NaN where there are
        none), in points.
    level : float
        Of the intervals.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not lines:
        return style.placeholder(
            "Agreement of two readings of SINS is not assessable, or rests on too few pairs."
        )
    with style.house_style():
        figure = style.blank(3.2)
        axes = figure.add_axes([0.075, 0.135, 0.70, 0.83])
        _bubbles(axes, squares)
        reach = _reach(squares, lines)
        axes.set(xlim=(0, HIGHEST), ylim=(-reach, reach))
        axes.set_xticks(range(0, HIGHEST + 1, 3))
        axes.set_xlabel(f"Mean of the two readings ({codebook.label('sins_total')}, points)")
        axes.set_ylabel("First minus second reading (points)")
        _lines(axes, lines, level, reach)
    return figure


def _reach(squares, lines):
    ends = np.abs([value for line in lines.values() for value in line])
    far = squares["difference_points"].abs().max() + 2 if len(squares) else 0
    return float(np.ceil(max(np.nanmax(ends) + 1, far)))


def _bubbles(axes, squares):
    most = max(squares["n"].max(), 1) if len(squares) else 1
    x, y, n = (squares[name].to_numpy(float) for name in squares)
    axes.scatter(x, y, s=LARGEST * n / most, color=BLUE, alpha=0.35, linewidth=0)
    for across, up, count in zip(x, y, n, strict=True):
        axes.text(across, up, display.number(count), ha="center", va="center", fontsize=6.5)


def _lines(axes, lines, level, reach):
    values = [lines[name][0] for name in NAMES]
    places = style.keep_inside(style.spread(values, reach * 0.19), -reach, reach)
    for (name, words), place in zip(NAMES.items(), places, strict=True):
        value, lower, upper = lines[name]
        dash = "-" if name == "bias" else (0, (4, 2))
        axes.axhline(value, color=RED, linewidth=1.0, linestyle=dash)
        if not np.isnan(lower):
            axes.axhspan(lower, upper, color=RED, alpha=0.10, linewidth=0)
        interval = display.interval(lower, upper, _points, level)
        text = f"{words} {_points(value)}\n{interval}"
        axes.annotate(
            text,
            (HIGHEST, value),
            (HIGHEST * 1.03, place),
            va="center",
            fontsize=6.5,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.PALE, "linewidth": 0.5},
        )


def _points(value):
    return display.number(value, 1)
