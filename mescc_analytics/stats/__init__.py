"""Estimators: arrays with generic names in, tidy frames out.

No column of the case table is known here.

intervals    proportions, risk differences and ratios, odds ratios
contingency  tests and agreement for tables of counts
curves       event table, Kaplan-Meier curve and what is read off it
logrank      log-rank test: weighted, stratified, late entry, Fleming-Harrington
influence    weighted curve with late entry, and what it owes to each case
weighted     weighted Kaplan-Meier curve with robust intervals
contrasts    restricted means and survival on a day by group, and their differences
bootstrap    bootstrap of weighted curves, medians included
firth        penalised likelihood: profile limits and p values
firth_models Firth logistic and Cox models, detection of separation
multinomial  logistic regression for two or more levels
propensity   overlap, ATE and ATT weights for two or more groups, effective sample size
estimated_scores  what a weighted estimate owes to each case by way of the scores
score_curves pointwise errors of weighted curves by way of the scores
score_draws  bootstrap samples with the scores fitted again in each
hazard_draws hazard ratios under many weightings at once
maxima       Newton's method for many likelihoods at once
balance      standardised mean differences before and after weighting
diagnostics  chance, overlap and detectable effect of a weighted comparison
augmented    doubly robust risks of a binary outcome
cloning      clone, censor, weight: strategies compared from time zero
emulation    contrasts of the strategies, with bootstrap intervals
missingness  which values are missing together; cumulative hazard of each case
imputation   multiple imputation by chained equations
imputation_draws  one draw of numbers (predictive mean matching) or levels (logistic)
pooling      Rubin's rules for several completed data sets
sensitivity  E-values
multiplicity Holm's adjustment
survival     curves and summaries per group, with the reason where something is not estimable
cases        weights, days of entry, clusters and strata beside the times
risk_sets    sums over risk sets
cox          proportional hazards with weights, late entry, strata and clusters
sandwich     robust variance of the Cox model
hazards      hazard ratios between groups
proportionality  test of proportional hazards
competing    cumulative incidence where events compete (Aalen-Johansen)
gray         Gray's test of the incidence between groups
fine_gray    subdistribution hazards of one cause
competing_hazards  ratios between groups, cause-specific and Fine-Gray
walking      walking rates under four named estimands, and their contrasts
occupancy    walking, not walking, dead or unknown over time, and the days expected in each
state_days   the same by group with differences; transitions between states
paired       change between two assessments of the same cases
describe     Table 1 and standardised mean differences
"""
