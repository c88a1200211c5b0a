"""Tables that the package makes itself: synthetic cohorts and published examples."""

import numpy as np

from mescc_analytics.errors import UsageError
from mescc_analytics.tables import files

EXAMPLES = ("lung", "patchell")


def synthesise(n_cases, seed, scenario, out):
    """cases.csv, visits.csv, lesions.csv and truth.json of a synthetic cohort."""
    from mescc_analytics import synthetic

    made = synthetic.synthesise(n_cases, np.random.default_rng(seed), scenario)
    for name in ("cases", "visits", "lesions"):
        files.write_csv(getattr(made, name), out / f"{name}.csv")
    files.write_json(made.truth, out / "truth.json")


def example(inputs, out, settings):
    """One published cohort as a CSV table."""
    from mescc_analytics import examples

    name = str(inputs["name"])
    if name not in EXAMPLES:
        raise UsageError("mescc example", [f"found '{name}', wanted one of {', '.join(EXAMPLES)}"])
    files.write_csv(getattr(examples, name)(), out)
