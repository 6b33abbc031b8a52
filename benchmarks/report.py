"""Time and size of a report, and how fast it is in a browser.

Run::

    samesku match train.csv -e tfidf -e phash --out run/
    uv run --group browser python benchmarks/report.py run/

Makes the page of a run three times, opens it in Chromium (`--chromium` names it) and tells the
median time to the first view and to the last script, and how long frames take while the list of
clusters is scrolled from end to end.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from samesku.report.page import build_report
from samesku.results.runs import read_run
from samesku.runtime.progress import Progress

TIMES = 3
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Scrolls through the whole list in so many frames, and tells how long each took.
SCROLL = """async () => {
  const list = document.getElementById("list"), taken = [], steps = 240;
  let last = performance.now();
  for (let step = 0; step <= steps; step++) {
    list.scrollTop = (step / steps) * (list.scrollHeight - list.clientHeight);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    taken.push(now - last);
    last = now;
  }
  return taken.slice(1).sort((a, b) => a - b);
}"""


def make(folder: Path, page: Path) -> dict[str, float]:
    """Seconds of each stage, of all of them, and megabytes."""
    start, worked = time.perf_counter(), time.process_time()
    progress = Progress()
    with progress.stage("read run"):
        run = read_run(folder)
    report = build_report(run, progress=progress)
    report.write(page)
    taken = {"all": time.perf_counter() - start, "all, CPU": time.process_time() - worked}
    return {**progress.seconds, **taken, "megabytes": page.stat().st_size / 1e6}


def view(page: Path, chromium: str | None) -> dict[str, float]:
    """Milliseconds to the first view and to the last script, and of frames while scrolling."""
    # Untyped, and not where only the project's own tools are.
    playwright = import_module("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        complaints: list[Any] = []
        opened.on("console", lambda said: complaints.append(said.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        start = time.perf_counter()
        opened.goto(page.resolve().as_uri())
        opened.wait_for_selector("html[data-ready]")
        ready = 1000 * (time.perf_counter() - start)
        # A small page is all there before it was painted.
        paints = "performance.getEntriesByName('first-contentful-paint')"
        opened.wait_for_function(f"{paints}.length")
        first = opened.evaluate(f"{paints}[0].startTime")
        frames = opened.evaluate(SCROLL)
        found = {
            "first view, ms": first,
            "ready, ms": ready,
            "median frame, ms": statistics.median(frames),
            "95% of frames under, ms": frames[int(0.95 * len(frames))],
            "complaints": float(len(complaints)),
        }
        browser.close()
    return found


def main() -> None:
    """Make, view, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder that `samesku match` wrote")
    parser.add_argument("--chromium", help="its program; default: that of playwright")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        made = [make(asked.run, page) for _ in range(TIMES)]
        seen = [view(page, asked.chromium) for _ in range(TIMES)]
    for results in (made, seen):
        for name in results[0]:
            print(f"{name:28} {statistics.median(each[name] for each in results):10.2f}")


if __name__ == "__main__":
    main()
