"""`samesku index`."""

from __future__ import annotations

import time

from samesku.cli.console import TerminalProgress, emit, say
from samesku.cli.match import Settings

__all__ = ["run"]


def run(settings: Settings, *, store: str, settle: bool) -> None:
    """Read, put, tell."""
    # Only who keeps a store waits for its parts to load.
    try:
        import sqlalchemy  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a store needs SQLAlchemy: pip install 'samesku[store]'"
        ) from error
    from samesku.store import Index
    from samesku.store.runs import postings_of, postings_of_run

    progress = TerminalProgress(quiet=settings.quiet)
    started = time.perf_counter()
    with Index(store) as index:
        if (settings.catalogue / "run.json").is_file():
            postings = postings_of_run(settings.catalogue)
        else:
            catalog = settings.read(progress)
            with progress.stage("hash photos"):
                postings = postings_of(catalog)
        with progress.stage("index"):
            changes = index.upsert_many(postings, actor="index")
        if settle:
            with progress.stage("settle"):
                index.settle(actor="index")
        stats = index.stats()
    refused = [each for change in changes for each in change.refused]
    for each in refused[:10]:
        say(f"  - posting {each.place + 1} ({each.posting_id}) refused: {each.reason}")
    if len(refused) > 10:
        say(f"  - and {len(refused) - 10:,} more refused")
    taken = time.perf_counter() - started
    say(
        f"{store}: {stats['postings']:,} postings in {stats['clusters']:,} clusters, "
        f"{stats['clusters_of_two_or_more']:,} of two or more ({taken:.1f} s). "
        f"Next: samesku serve --store {store}",
        quiet=settings.quiet,
    )
    emit({"store": store, **stats, "refused": len(refused), "seconds": round(taken, 3)})
