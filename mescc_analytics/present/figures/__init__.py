"""Figures from finished numbers; the only room that imports matplotlib.

Each `draw_*` takes suppressed and rounded frames and returns a matplotlib Figure; `save.render`
turns it into bytes.
"""
