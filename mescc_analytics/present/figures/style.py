"""Paper size, fonts and small helpers that all figures share."""

import textwrap

from matplotlib import rc_context
from matplotlib.figure import Figure

WIDTH_INCHES = 183 / 25.4
GREY = "#595959"
PALE = "#D9D9D9"
SETTINGS = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "black",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "mescc_analytics",
    "pdf.fonttype": 3,  # outlines: embedding whole fonts (42) doubles the time
    "path.simplify": False,
}


def house_style():
    """Context in which figures are drawn and saved, whatever the reader's own matplotlib settings
    are.
    """
    return rc_context(SETTINGS)


def blank(height_inches):
    """An empty figure, 183 mm wide."""
    return Figure(figsize=(WIDTH_INCHES, height_inches))


def placeholder(reason):
    """A figure that says in words why there is nothing to draw."""
    with house_style():
        figure = blank(1.1)
        figure.text(
            0.5, 0.5, textwrap.fill(reason, 95), ha="center", va="center", fontsize=8, color=GREY
        )
    return figure


def spread(positions, gap):
    """Positions moved apart to at least `gap`, their order kept and their middle where it was.

    Parameters
    ----------
    positions : sequence of float
    gap : float
        Same unit as the positions.

    Returns
    -------
    list of float

    Notes
    -----
    Overlapping neighbours are pooled into blocks, as in isotonic regression.

    >>> spread([0.5, 0.5], gap=0.2), spread([0.1, 0.9], gap=0.2)
    ([0.4, 0.6], [0.1, 0.9])
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    blocks = []
    for index in order:
        blocks.append(([index], positions[index]))
        while len(blocks) > 1 and _overlap(blocks[-2], blocks[-1], gap):
            (upper, upper_middle), (lower, lower_middle) = blocks.pop(), blocks.pop()
            members = lower + upper
            blocks.append(
                (members, (lower_middle * len(lower) + upper_middle * len(upper)) / len(members))
            )
    placed = [0.0] * len(positions)
    for members, middle in blocks:
        for rank, index in enumerate(members):
            placed[index] = round(middle + gap * (rank - (len(members) - 1) / 2), 9)
    return placed


def _overlap(lower, upper, gap):
    half = (len(lower[0]) + len(upper[0])) / 2
    return upper[1] - lower[1] < gap * half - 1e-12


def keep_inside(positions, lower, upper):
    """Positions shifted as one so that none lies outside, where that is possible."""
    if not positions:
        return positions
    shift = max(lower - min(positions), 0) - max(max(positions) - upper, 0)
    return [position + shift for position in positions]


def lines_of(text, width):
    """Text broken into lines of at most `width` characters."""
    return textwrap.wrap(text, width, break_long_words=True) or [""]


def font_folder():
    """Folder of the fonts that come with matplotlib: drawings and paper are set in the same one."""
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf"
