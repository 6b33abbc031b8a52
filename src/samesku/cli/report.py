"""`samesku report`."""

from samesku.cli.commands import Report
from samesku.cli.console import TerminalProgress, UsageError
from samesku.cli.summary import show_summary
from samesku.report.page import build_report
from samesku.runtime.files import check_folder


def report(options: Report) -> None:
    progress = TerminalProgress(quiet=options.quiet)
    with progress.stage("read run"):
        run = options.read(options.run, fusion=options.fusion)
        other = None if options.compare is None else options.read(options.compare)
    path = options.out or options.run / "report.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out is the page, a file that ends in .html, not {path}")
    check_folder(path.parent)
    page = build_report(run, other=other, progress=progress)
    with progress.stage("write"):
        written = page.write(path)
    found = "one page that opens in any browser"
    if page.suspects is not None:
        found += f"; {page.suspects.height:,} pairs with a doubtful label"
    show_summary(progress, read=[run.catalog], found=found, written=written)
