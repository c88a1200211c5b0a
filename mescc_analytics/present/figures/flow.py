"""Who was included: boxes from the cases supplied to the cases compared, each exclusion with its
count and reason.
"""

from matplotlib.patches import FancyArrowPatch, Rectangle

from mescc_analytics.present.figures import style

LINE_INCHES = 0.145
PADDING_INCHES = 0.09
GAP_INCHES = 0.16
MAIN_LEFT, MAIN_WIDTH, SIDE_LEFT, SIDE_WIDTH = 0.02, 0.36, 0.46, 0.52


def draw_flow(stages):
    """Boxes top to bottom; the exclusions between two stages stand to the right.

    Parameters
    ----------
    stages : list of (str, list of str)
        The text of each stage ("412 cases supplied") and the lines of what was excluded after
        it, in order.

    Returns
    -------
    matplotlib.figure.Figure
    """
    boxes = _laid_out(stages)
    height = boxes[-1]["bottom"] + 0.08
    with style.house_style():
        figure = style.blank(height)
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 1), ylim=(height, 0))
        axes.set_axis_off()
        for box in boxes:
            _draw_box(axes, box)
        mains = [box for box in boxes if box["main"]]
        for upper, lower in zip(mains, mains[1:], strict=False):
            _arrow(
                axes,
                (MAIN_LEFT + MAIN_WIDTH / 2, upper["bottom"]),
                (MAIN_LEFT + MAIN_WIDTH / 2, lower["top"]),
            )
        for box in (box for box in boxes if not box["main"]):
            middle = (box["top"] + box["bottom"]) / 2
            _arrow(axes, (MAIN_LEFT + MAIN_WIDTH / 2, middle), (SIDE_LEFT, middle))
    return figure


def _laid_out(stages):
    boxes, top = [], 0.08
    for text, excluded in stages:
        first, *more = [style.lines_of(line, 42) for line in text.split("\n")]
        boxes.append(
            _box([*first, *(part for lines in more for part in lines)], top, n_bold=len(first))
        )
        top = boxes[-1]["bottom"] + GAP_INCHES
        if excluded:
            lines = [part for line in excluded for part in _hanging(line, 66)]
            boxes.append(_box(lines, top, n_bold=0))
            top = boxes[-1]["bottom"] + GAP_INCHES
    return boxes


def _hanging(line, width):
    first, *rest = style.lines_of(line, width)
    return [first, *(f"    {part}" for part in rest)]


def _box(lines, top, n_bold):
    bottom = top + LINE_INCHES * len(lines) + 2 * PADDING_INCHES
    return {"lines": lines, "top": top, "bottom": bottom, "n_bold": n_bold, "main": n_bold > 0}


def _draw_box(axes, box):
    left, width = (MAIN_LEFT, MAIN_WIDTH) if box["main"] else (SIDE_LEFT, SIDE_WIDTH)
    height = box["bottom"] - box["top"]
    look = (
        {"facecolor": "#EAF2F8"}
        if box["main"]
        else {"facecolor": "white", "linestyle": (0, (3, 2))}
    )
    place = (left, box["top"])
    axes.add_patch(Rectangle(place, width, height, edgecolor=style.GREY, linewidth=0.7, **look))
    for index, line in enumerate(box["lines"]):
        middle = box["top"] + PADDING_INCHES + LINE_INCHES * (index + 0.5)
        weight = "bold" if index < box["n_bold"] else "normal"
        axes.text(left + 0.012, middle, line, va="center", ha="left", fontsize=7, fontweight=weight)


def _arrow(axes, start, end):
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=6,
            linewidth=0.7,
            color=style.GREY,
            shrinkA=0,
            shrinkB=0,
            zorder=0,
        )
    )
