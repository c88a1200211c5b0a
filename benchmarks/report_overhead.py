"""What the workflow costs on top of its own steps, on the bundled cohort.

    python benchmarks/report_overhead.py --repeats 3

Three ways of making the same report in a fresh copy of the project: Snakemake on two processors;
the same commands, each in a process of its own, without Snakemake; the same functions called one
after another in one process. CPU time is that of all processes together. A first run that is not
counted compiles the modules and fills the font cache, as an installation that was used once has
them.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from workflow_commands import commands

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (".git", ".venv", ".snakemake", "results", "resources", "logs", "*_cache", "__pycache__")
MADE = ("results", ".snakemake", "logs")
PROCESSORS = 2
TARGET_RATIO, TARGET_SECONDS = 3, 60
ONE_PROCESS = """
import json, sys
from mescc_analytics.cli import main

for command in json.load(sys.stdin):
    code = main(command)
    if code:
        sys.exit(code)
"""


def ways(folder):
    """Name of each way to its processes: (command, standard input)."""
    asked, python = commands(folder), sys.executable
    return {
        "one process": [([python, "-c", ONE_PROCESS], json.dumps(asked))],
        "a process per step": [([python, "-m", "mescc_analytics", *words], "") for words in asked],
        "Snakemake": [([python, "-m", "snakemake", "--cores", str(PROCESSORS)], "")],
    }


def run(processes, folder):
    """Wall and CPU seconds of processes one after another, their children included."""
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)
    kept = {"XDG_CACHE_HOME": str(folder / "cache"), "MPLCONFIGDIR": str(folder / "cache")}
    started, processor = perf_counter(), 0.0
    for command, words in processes:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(words.encode())
            given.seek(0)
            child = subprocess.Popen(
                command, cwd=folder, stdin=given, stdout=said, stderr=said, env=os.environ | kept
            )
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                said.seek(0)
                sys.exit(f"{' '.join(command[:4])}:\n{said.read().decode()[-2000:]}")
        processor += used.ru_utime + used.ru_stime
    return perf_counter() - started, processor


def report(spent):
    """One line per way, then the two targets."""
    print(f"{'':22}{'wall s':>9}{'CPU s':>9}   (medians)")
    medians = {
        name: [statistics.median(values) for values in zip(*rows, strict=True)]
        for name, rows in spent.items()
    }
    for name, (wall, processor) in medians.items():
        print(f"{name:22}{wall:9.1f}{processor:9.1f}")
    wall, processor = medians["Snakemake"]
    ratio = processor / medians["one process"][1]
    print(f"CPU, Snakemake / one process: {ratio:.2f} (target at most {TARGET_RATIO})")
    print(f"Wall, Snakemake: {wall:.0f} s (target under {TARGET_SECONDS})")


def main():
    """Copy the project, then run every way in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])
    print(f"{repeats} repeats, in turn; load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        made = ways(folder)
        run(made["one process"], folder)
        spent = {name: [] for name in made}
        for _ in range(repeats):
            for name, processes in made.items():
                spent[name].append(run(processes, folder))
    report(spent)
    print(f"Load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
