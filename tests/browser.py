"""A page in headless Chromium, at any width and in light or dark: what a script finds there."""

import html
import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
DARK, LIGHT = 0, 1
FRAME = """<!DOCTYPE html><title>frame</title><pre id="said"></pre>
<iframe src="page.html{hash}" width="{width}" height="900"></iframe>
<script>addEventListener("message", (event) => {{
  document.getElementById("said").textContent = event.data;
}});</script>"""
RUN = """<script>addEventListener("load", () => setTimeout(async () => {{
  let said;
  try {{ said = await (async () => {{ {script} }})(); }} catch (error) {{ said = String(error); }}
  parent.postMessage(JSON.stringify(said), "*");
}}, 100));</script>"""


def chromium():
    """Path of the browser; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


def axe():
    """Source of axe-core, from a package or from the file that MESCC_AXE names."""
    given = os.environ.get("MESCC_AXE")
    for package in ("axe_core_python", "axe_playwright_python"):
        spec = None if given else find_spec(package)
        if spec is not None:
            given = Path(spec.submodule_search_locations[0]) / "axe.min.js"
    if given is None:
        pytest.skip("no axe-core: install axe-core-python, or name axe.min.js in MESCC_AXE")
    return Path(given).read_text(encoding="utf-8")


def look(page, script, folder, *, width=1400, scheme=LIGHT, hash=""):
    """What `script` returns inside a page of this width.

    Parameters
    ----------
    page : str
        HTML.
    script : str
        Body of an asynchronous function.
    folder : Path
        For the files.
    """
    whole = page.replace("</body>", RUN.format(script=script) + "</body>")
    (folder / "page.html").write_text(whole, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width, hash=hash), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'user'}"]
    options += [f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1600,1000"]
    options += ["--virtual-time-budget=60000", "--dump-dom", (folder / "frame.html").as_uri()]
    done = subprocess.run([chromium(), *options], capture_output=True, text=True, timeout=120)
    said = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL).group(1)
    return json.loads(html.unescape(said))
