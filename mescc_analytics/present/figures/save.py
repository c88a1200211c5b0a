"""One drawing to SVG, PDF and PNG, the same bytes every time."""

import io
import re

from mescc_analytics.present.figures.style import house_style

FORMATS = {
    "svg": {"metadata": {"Date": None, "Creator": None}},
    "pdf": {"metadata": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None}},
    "png": {"metadata": {"Software": None}, "dpi": 300},
}
FALLBACK_FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"


def render(figure):
    """The figure in every published format.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    dict of str to bytes
        Keys "svg", "pdf", "png" (300 dots per inch). No date, no version and no random
        identifier is in them.
    """
    with house_style():
        others = {name: _saved(figure, name, FORMATS[name]) for name in FORMATS if name != "svg"}
    return {"svg": render_svg(figure)} | others


def render_svg(figure):
    """The figure as SVG alone, for a page."""
    with house_style():
        return _portable(_saved(figure, "svg", FORMATS["svg"]).decode("utf-8")).encode("utf-8")


def _saved(figure, name, options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=name, **options)
    return buffer.getvalue()


def _portable(svg):
    """Text stays text; a reader without the font gets one of about the same width."""
    svg = re.sub(r"'DejaVu Sans'(?:, sans-serif)?", FALLBACK_FONTS, svg)
    return re.sub(r"[ \t]+\n", "\n", svg)
