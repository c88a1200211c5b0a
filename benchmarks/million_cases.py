"""A million synthetic cases through every step, each step its own process.

    python benchmarks/million_cases.py --cases 1000000 --folder scratch

Prints wall time, CPU time and peak memory of every step, on two processors, against a limit of
8 GiB. Tables that the folder already holds are not made again. This process imports nothing large:
a child starts with the peak memory of its parent.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from workflow_commands import commands

ROOT = Path(__file__).resolve().parents[1]
PROCESSORS = 2
LIMIT_GIB = 8
TO_PARQUET = """
import sys
import pandas as pd

for name in sys.argv[2:]:
    path = f"{sys.argv[1]}/{name}"
    pd.read_csv(path + ".csv", low_memory=False).to_parquet(path + ".parquet")
"""
TABLES = ("cases", "visits", "lesions")


def making(data, n_cases, seed):
    """Name and command of what makes the tables."""
    mescc = [sys.executable, "-m", "mescc_analytics"]
    size = ["--cases", str(n_cases), "--seed", str(seed)]
    return {
        "synthesise": [*mescc, "synthesise", *size, "--out", data],
        "(CSV to Parquet)": [sys.executable, "-c", TO_PARQUET, data, *TABLES],
    }


def analysing(folder):
    """Name and command of every step, as the workflow gives them; the tables are read as Parquet,
    and once as CSV.
    """
    mescc = [sys.executable, "-m", "mescc_analytics"]
    config = folder / "config.yaml"
    tables = "".join(f"    {name}: {folder / 'data' / name}.parquet\n" for name in TABLES)
    config.write_text(f"cohorts:\n  million:\n{tables}", encoding="utf-8")
    given = [word for n in TABLES for word in (f"--{n}", folder / "data" / f"{n}.csv")]
    steps = commands(folder, config)
    made = {"ingest (CSV)": [*mescc, "ingest", *given, "--out", folder / "from_csv"]}
    return made | {words[0]: [*mescc, *words] for words in steps}


def run(command, folder):
    """Wall and CPU seconds, peak memory in GiB, exit code and last words of one process."""
    with tempfile.TemporaryFile() as said:
        found = os.environ | {"PYTHONPATH": str(ROOT)}  # this package, wherever the step runs
        started = perf_counter()
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, cwd=folder, env=found
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = perf_counter() - started
        said.seek(0)
        words = said.read().decode(errors="replace").strip().splitlines()
    child.returncode = os.waitstatus_to_exitcode(status)
    processor = used.ru_utime + used.ru_stime
    return wall, processor, used.ru_maxrss / 2**20, child.returncode, words[-1:]


def measure(steps, folder):
    """Run all in order in a folder; True if every one ended well and within the limit."""
    fine = True
    for name, command in steps.items():
        wall, processor, peak, code, words = run(command, folder)
        fine &= code == 0 and peak <= LIMIT_GIB
        remark = "" if peak <= LIMIT_GIB else "over the limit"
        if code:
            remark = f"exit code {code}: {' '.join(words)}"
        row = f"{name:20}{wall:9.1f}{processor:9.1f}{peak:9.2f}  {remark}"
        print(row.rstrip(), flush=True)
    return fine


def main():
    """Make the tables where they are missing, then run every step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="kept afterwards; by default a temporary one")
    options = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, available[:PROCESSORS])
    load = os.getloadavg()[0]
    print(f"{options.cases:,} cases, {PROCESSORS} processors, load before: {load:.1f}")
    print(f"{'':20}{'wall s':>9}{'CPU s':>9}{'GiB':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder = folder.resolve()
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        there = (data / "lesions.parquet").exists()
        fine = there or measure(making(data, options.cases, options.seed), folder)
        fine = measure(analysing(folder), folder) and fine
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
