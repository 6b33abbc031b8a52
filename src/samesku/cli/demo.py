"""`samesku demo`."""

import shutil
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from samesku.catalog.catalog import read_catalog
from samesku.cli.commands import Demo, Report
from samesku.cli.console import TerminalProgress, console, emit, say
from samesku.cli.match import show_matches
from samesku.cli.report import report
from samesku.demo import MARKETPLACE
from samesku.evaluation import score
from samesku.matcher import Matcher
from samesku.report.tables import FIGURES
from samesku.runtime.files import check_folder


def demo(options: Demo) -> None:
    out, quiet = options.out, options.quiet
    progress = TerminalProgress(quiet=quiet)
    check_folder(out / "result")
    with progress.stage("copy the marketplace"):
        market = _copy(out / "marketplace")
    catalog = read_catalog(market)
    for problem in catalog.problems:
        say(f"  - {problem}", quiet=quiet)
    matches = Matcher(fusion=options.fusion, progress=progress).match(catalog)
    with progress.stage("write"):
        written = matches.write(out / "result")
    page = out / "result" / "report.html"
    with progress.stage("report"):
        report(Report(run=out / "result", out=page, quiet=True))
    figures = score(matches)
    if console.quiet:
        found = {name: asdict(figure) for name, figure in figures.items()}
        emit({**matches.summary, "figures": found, "report": page.resolve()})
        return
    if quiet:
        return
    show_matches(matches, progress, written, [catalog])
    title = f"against the labels of this drawn marketplace, {len(catalog):,} postings"
    table = Table("figure", "value [95% interval]", title=title)
    for name, figure in figures.items():
        table.add_row(FIGURES[name], str(figure))
    console.print(table)
    console.print(f"Open this first, in any browser: {page.resolve()}")
    console.print(f"Then look into {out}: result/groups.csv, marketplace/train.csv, train_images/")
    console.print("and truth.csv")
    console.print("No real catalogue: postings, photos and labels are drawn, and so is this score.")


def _copy(folder: Path) -> Path:
    """Copy what ships; an earlier demo is written over, and nothing else."""
    title = (MARKETPLACE / "README.txt").read_text("utf-8").partition("\n")[0]
    readme = folder / "README.txt"
    ours = readme.is_file() and readme.read_text("utf-8", "replace").startswith(title)
    if folder.is_dir() and any(folder.iterdir()) and not ours:
        raise FileExistsError(
            f"{folder} is not empty and not an earlier demo; choose another folder, or delete it"
        )
    shutil.copytree(MARKETPLACE, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
    return folder
