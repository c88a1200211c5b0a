"""Synthetic cohorts with a seed and a known truth; the numbers are in ``codebook/synthetic.yaml``.

A case is built in the order in which things happen: patient, spine, neurology and fitness, choice
of arm, clocks, survival, walking, visits; missing values come last. Categories travel as codes of
the codebook's levels, booleans as 0 and 1 (-1 is missing in both) and numbers as floats, until
`records` makes frames of them.
"""

from mescc_analytics.synthetic.cohort import Synthetic, synthesise
from mescc_analytics.synthetic.facts import scenarios

__all__ = ["Synthetic", "scenarios", "synthesise"]
