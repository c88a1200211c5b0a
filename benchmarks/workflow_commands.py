"""The commands of a whole run, as the workflow would give them: what the benchmarks call without
it.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = re.compile(r"^\s*python -m mescc_analytics (.+)$", re.MULTILINE)


def commands(folder, config=None):
    """Arguments of every step in the order in which they can run.

    Parameters
    ----------
    folder : Path
        Where the workflow is started; paths in the arguments are relative to it.
    config : Path, optional
        A config file in place of the bundled one.

    Returns
    -------
    list of list of str
    """
    asked = [sys.executable, "-m", "snakemake", "--cores", "1", "--forceall", "--dry-run"]
    asked += [
        "--printshellcmds",
        "--snakefile",
        str(ROOT / "Snakefile"),
        *(["--configfile", str(config)] if config else []),
    ]
    said = subprocess.run(asked, cwd=folder, capture_output=True, check=False)
    text = (said.stdout + said.stderr).decode().replace("\\\n", " ")
    found = [shlex.split(line) for line in COMMAND.findall(text)]
    if said.returncode or not found:
        sys.exit(f"the workflow gives no commands:\n{text[-2000:]}")
    return list({tuple(words): words for words in found}.values())
