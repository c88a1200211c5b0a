"""How alike the arms are before and after weighting, and how their propensity scores overlap."""

import textwrap

from matplotlib.transforms import blended_transform_factory

from mescc_analytics.present import captions_adjusted, display, wording
from mescc_analytics.present.figures import style

PER_ROW = 3
ROW_INCHES, HEAD_INCHES, FOOT_INCHES, KEY_INCHES = 0.17, 0.45, 0.44, 0.22
LEFT, RIGHT, GAP = 0.255, 0.985, 0.03
WIDEST, NARROWEST = 2.0, 0.6
BLUE, FAILED = "#0072B2", "#D55E00"
TALL_INCHES, GAP_OVERLAP = 1.25, 0.075


def _panels(rows):
    """Contrasts in order, with their rows."""
    return [own for _, own in rows.groupby(["analysis", "contrast"], sort=False)]


def _title(axes, own, width, most=True):
    first = own.iloc[0]
    words = captions_adjusted.contrast_label(first)
    kind = captions_adjusted.ANALYSES[first["analysis"]].lower()
    text = textwrap.fill(words, int(125 * width)) + (f"\n({kind})" if most else "")
    axes.set_title(text, fontsize=6.5, pad=4)


def _place(figure, index, n, tall, left):
    """The axes of one small multiple, its width, and whether it is the first of its row."""
    columns = min(n, PER_ROW)
    gap = GAP if left == LEFT else GAP_OVERLAP
    width = (RIGHT - left - gap * (columns - 1)) / columns
    down, across = divmod(index, PER_ROW)
    height = figure.get_figheight()
    bottom = height - KEY_INCHES - (down + 1) * (HEAD_INCHES + tall) - down * FOOT_INCHES
    box = [left + across * (width + gap), bottom / height, width, tall / height]
    return figure.add_axes(box), width, not across


def _sheet(n, tall):
    n_rows = -(-n // PER_ROW)
    return style.blank(KEY_INCHES + n_rows * (HEAD_INCHES + tall + FOOT_INCHES))


def draw_balance(rows):
    """Love plot: standardised differences per covariate, one panel per contrast.

    Parameters
    ----------
    rows : DataFrame
        balance.csv, suppressed: analysis, contrast, group, reference, label, smd_before, smd_after,
        limit, verdict, note, mark.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if rows.empty:
        return style.placeholder("Balance is not assessable: no arms could be weighted.")
    panels, labels = _panels(rows), list(dict.fromkeys(rows["label"]))
    tall = ROW_INCHES * len(labels)
    ends = rows[["smd_before", "smd_after", "limit"]].astype(float).max().max()
    edge = min(max(ends, NARROWEST), WIDEST) * 1.06
    with style.house_style():
        figure = _sheet(len(panels), tall)
        for index, own in enumerate(panels):
            axes, width, first = _place(figure, index, len(panels), tall, LEFT)
            axes.set(xlim=(0, edge), ylim=(len(labels) - 0.5, -0.5), yticks=[])
            axes.grid(axis="x", color=style.PALE, linewidth=0.4)
            axes.set_axisbelow(True)
            axes.set_xlabel("Standardised difference", labelpad=1, fontsize=6.2)
            _title(axes, own, width)
            found = {row["label"]: row for row in own.to_dict("records")}
            for place, label in enumerate(labels):
                _difference(axes, found.get(label), place, edge)
            if first:
                _names(axes, labels)
        _balance_key(figure)
    return figure


def _names(axes, labels):
    across = blended_transform_factory(axes.figure.transFigure, axes.transData)
    for place, label in enumerate(labels):
        text = label if len(label) < 34 else label[:32] + "…"
        axes.text(LEFT - 0.012, place, text, ha="right", va="center", fontsize=6, transform=across)


def _difference(axes, row, place, edge):
    where = {"va": "center", "fontsize": 5.4}
    if row is None:
        axes.text(edge * 0.02, place, "not judged", color=style.GREY, **where)
        return
    limit, failed = float(row["limit"]), row["verdict"] == "fail"
    ink = FAILED if failed else BLUE
    words = _words(row)
    if len(words) < 2:
        axes.plot([limit] * 2, [place - 0.42, place + 0.42], color=style.GREY, linewidth=0.8)
    before, after = (row[name] for name in ("smd_before", "smd_after"))
    if not display.is_missing(before) and not display.is_missing(after):
        axes.plot([min(before, edge), min(after, edge)], [place] * 2, color=style.PALE, zorder=1)
    look = {"markersize": 3.6, "clip_on": False, "zorder": 3}
    if not display.is_missing(before):
        marker = ">" if before > edge else "o"
        face = {"markerfacecolor": "white", "markeredgecolor": style.GREY}
        axes.plot(min(before, edge), place, marker, **face, markeredgewidth=0.8, **look)
    if not display.is_missing(after):
        marker = ">" if after > edge else "D"
        axes.plot(min(after, edge), place, marker, color=ink, **look)
    if words:
        # beside the dot, not on it
        left = not display.is_missing(before) and before > edge / 2
        at = {"x": edge * (0.02 if left else 0.98), "ha": "left" if left else "right"}
        axes.text(y=place, s=words, color=ink, **at, **where)


def _words(row):
    """What stands where a number does not, and what marks a difference beyond its limit."""
    note = "" if display.is_missing(row["note"]) else str(row["note"])
    if note.startswith("separated"):
        return "✗ separated"
    failed = row["verdict"] == "fail"
    if not display.is_missing(row["mark"]):
        return f"{'✗ beyond' if failed else '✓ within'} the limit; values withheld"
    if display.is_missing(row["smd_after"]):
        return "not estimable"
    return "✗" if failed else ""


def _balance_key(figure):
    height = figure.get_figheight()
    axes = figure.add_axes([LEFT, 1 - KEY_INCHES / height, RIGHT - LEFT, KEY_INCHES / height])
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    white = {"markerfacecolor": "white", "markeredgecolor": style.GREY}
    items = (("o", white, "before"), ("D", {"color": BLUE}, "after, within its limit"))
    items += (("D", {"color": FAILED}, "after, beyond it ✗"), ("|", {"color": style.GREY}, "limit"))
    for place, (marker, look, words) in zip((0.0, 0.13, 0.42, 0.68), items, strict=True):
        axes.plot(place + 0.01, 0.45, marker, markersize=4, clip_on=False, **look)
        axes.text(place + 0.03, 0.45, words, va="center", fontsize=6.2)


def draw_overlap(rows, diagnostics):
    """Mirrored histograms of the propensity score, one panel per contrast.

    Parameters
    ----------
    rows : DataFrame
        Shares as from `withhold_weight.overlap`: analysis, contrast, group, reference, arm,
        bin_lower, bin_upper, share, share_weighted (NA for an arm that is withheld).
    diagnostics : DataFrame
        diagnostics.csv, suppressed, for the effective sizes.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if rows.empty:
        return style.placeholder("Overlap is not assessable: no arms could be weighted.")
    panels = _panels(rows)
    with style.house_style():
        figure = _sheet(len(panels), TALL_INCHES)
        for index, own in enumerate(panels):
            axes, width, _ = _place(figure, index, len(panels), TALL_INCHES, 0.065)
            _mirrored(axes, own)
            _title(axes, own, width)
            _size(axes, own.iloc[0], diagnostics)
        height = figure.get_figheight()
        words = "Filled: cases, % of their arm. Outline: after weighting, % of the weights."
        figure.text(0.065, 1 - 0.5 * KEY_INCHES / height, words, va="center", fontsize=6.2)
    return figure


def _mirrored(axes, own):
    first = own.iloc[0]
    arms = (first["group"], first["reference"])
    look = wording.styles(list(arms))
    most = 0.05
    for sign, arm in zip((1, -1), arms, strict=True):
        bars = own[(own["arm"] == arm) & own["share"].notna()]
        colour = look[arm][0]
        for row in bars.to_dict("records"):
            most = max(most, *_bar(axes, row, sign, colour))
        where = {"transform": axes.transAxes, "fontsize": 5.8, "color": wording.ink(colour)}
        text = wording.group_label(first["analysis"], arm)
        text += ": withheld" if bars.empty else ""
        high = sign > 0
        axes.text(0.02, 0.98 if high else 0.02, text, va="top" if high else "bottom", **where)
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(-1.25 * most, 1.5 * most), xticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "0.25", "0.5", "0.75", "1"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * abs(value):.0f}")
    axes.tick_params(labelsize=6)
    axes.set_xlabel("Propensity score", labelpad=1, fontsize=6.2)
    axes.set_ylabel("% per 0.1 of score", labelpad=1, fontsize=6.2)


def _bar(axes, row, sign, colour):
    """One bin; its two heights, as shares per 0.1 of the score."""
    width = row["bin_upper"] - row["bin_lower"]
    share, weighted = (0.1 * row[name] / width for name in ("share", "share_weighted"))
    place = {"x": row["bin_lower"], "width": width, "align": "edge"}
    axes.bar(height=sign * share, color=colour, alpha=0.45, linewidth=0, **place)
    edge = {"fill": False, "edgecolor": wording.ink(colour), "linewidth": 0.8}
    axes.bar(height=sign * weighted, **edge, **place)
    return share, weighted


def _size(axes, first, diagnostics):
    same = diagnostics["diagnostic"].eq("effective_size")
    same &= diagnostics["analysis"].eq(first["analysis"])
    same &= diagnostics["contrast"].eq(first["contrast"])
    for row in diagnostics[same].to_dict("records"):
        known = not display.is_missing(row["value"])
        size = display.number(int(row["value"])) if known else str(row["mark"])
        words = f"effective cases,\nsmaller arm: {size}"
        axes.text(0.98, 0.98, words, transform=axes.transAxes, ha="right", va="top", fontsize=5.6)
