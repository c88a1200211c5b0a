"""All scores of a million cases: SINS, SOSG, radiosensitivity, radiotherapy, prognosis.

    python benchmarks/all_scores.py --cases 1000000 --repeats 3

Times the pure function of the score step, from the typed table in memory to the scored table in
memory, on two processors: with the config as it is by default, and with the scores and points that
no readable source confirms. The cases are synthetic, with the gaps that the generator leaves. On a
busy machine CPU time is the steadier number.
"""

import argparse
import gc
import os
import platform
import resource
import statistics
import sys
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.settings import defaults
from mescc_analytics.synthetic import synthesise

PROCESSORS = 2
TARGET_SECONDS = 10


def timed(cases, settings, repeats):
    """Wall and CPU seconds of every round, after one that does not count; columns added."""
    rounds = []
    for round_ in range(repeats + 1):
        gc.collect()
        wall, processor = perf_counter(), process_time()
        scored = score_cases(cases, settings)
        row = perf_counter() - wall, process_time() - processor
        added = scored.shape[1] - cases.shape[1]
        del scored
        if round_:
            rounds.append(row)
    return rounds, added


def peak_gib():
    """Largest memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(cases, repeats):
    """One line per choice of the config; True if every median is within the target."""
    fine = True
    print(f"{'':28}{'median':>9}{'fastest':>9}{'slowest':>9}{'CPU':>9}  seconds{'peak GiB':>11}")
    for name, allowed in (("as by default", False), ("with unverified scores", True)):
        settings = defaults("score") | {"allow_unverified": allowed}
        rounds, added = timed(cases, settings, repeats)
        walls, processor = zip(*rounds, strict=True)
        median = statistics.median(walls)
        row = median, min(walls), max(walls), statistics.median(processor)
        print(f"{name:28}" + "".join(f"{x:9.2f}" for x in row) + f"{peak_gib():20.2f}")
        fine &= median < TARGET_SECONDS
        print(f"  {added} columns added; target {TARGET_SECONDS} s: {'met' if fine else 'missed'}")
    return fine


def main():
    """Make the cases, then time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    cases = synthesise(options.cases, np.random.default_rng(options.seed)).cases
    print(f"{options.cases:,} cases, {options.repeats} repeats; peak so far {peak_gib():.2f} GiB")
    print(f"Load before: {os.getloadavg()[0]:.1f} on {PROCESSORS} processors")
    fine = measure(cases, options.repeats)
    print(f"Load after: {os.getloadavg()[0]:.1f}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
