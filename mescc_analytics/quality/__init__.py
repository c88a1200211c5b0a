"""How a cohort stands beside what others published. Tidy frames in, tidy frames out.

benchmarks      published results beside the cohort's own, compared only where they measure the same
cohort_figures  what the cohort has to put beside a published result
"""
