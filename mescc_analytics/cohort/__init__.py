"""The analysed cohort: time zero, survival, eligibility and flow, assessments of walking."""
