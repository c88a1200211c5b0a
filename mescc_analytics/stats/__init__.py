"""Estimators: arrays with generic names in, tidy frames out.

No column of the case table is known here.

intervals    proportions, risk differences and ratios, odds ratios
contingency  tests and agreement for tables of counts
curves       event table, Kaplan-Meier curve and what is read off it
logrank      log-rank test
survival     curves and summaries per group, with the reason where something is not estimable
cases        weights, days of entry, clusters and strata beside the times
risk_sets    sums over risk sets
cox          proportional hazards with weights, late entry, strata and clusters
sandwich     robust variance of the Cox model
hazards      hazard ratios between groups
proportionality  test of proportional hazards
walking      walking rates under four named estimands, and their contrasts
describe     Table 1 and standardised mean differences
"""
