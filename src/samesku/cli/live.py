"""`samesku index` and `samesku serve`."""

import logging
from contextlib import closing
from pathlib import Path

from samesku.cli.commands import Index, Serve
from samesku.cli.console import TerminalProgress, UsageError, console, emit, say
from samesku.cli.reading import comma_list, read
from samesku.cli.summary import name_refused
from samesku.runtime.extras import need_extra

# Refused postings that are named.
NAMED = 10


def index(options: Index) -> None:
    need_extra("samesku index", "store", "sqlalchemy")
    from samesku.store import Index as Store
    from samesku.store.index import BATCH_FROM
    from samesku.store.runs import postings_of, read_run
    from samesku.store.schema import without_password
    from samesku.store.state import Setting

    progress = TerminalProgress(quiet=options.quiet)
    asked = (options.model, options.same, options.threshold) != (None, None, None)
    same = None if options.same is None else comma_list(options.same)
    run = postings = None
    # All is read before a store is made, so that what cannot be read leaves none.
    if (options.catalogue / "run.json").is_file():
        if asked:
            raise UsageError("a run brings its model, threshold and same: leave them out")
        run = read_run(options.catalogue)
    else:
        Setting().changed(options.model, same, options.threshold).load()
        catalog = read(options, options.catalogue, progress)
        with progress.stage("hash photos"):
            postings = postings_of(catalog, progress)
    with Store(options.store) as store:
        fresh = not store.stats()["postings"]
        if asked:
            store.rescore(
                options.model, same=same, threshold=options.threshold, keep=True, actor="index"
            )
        with progress.stage("index"):
            if run is not None:
                changes = store.load(run, actor="index")
                for note in run.notes:
                    say(f"  - {note}", quiet=options.quiet)
            else:
                changes = store.upsert_many(postings or (), actor="index")
        # So many at once as make a batch are in the clusters of `match` already.
        if options.settle or (fresh and store.stats()["postings"] < BATCH_FROM):
            with progress.stage("settle"):
                store.settle(actor="index")
        stats = store.stats()
    if not options.quiet:
        name_refused(progress)
    refused = [each for change in changes for each in change.refused]
    for each in refused[:NAMED]:
        say(f"  - posting {each.place + 1} ({each.posting_id}) refused: {each.reason}")
    if len(refused) > NAMED:
        say(f"  - and {len(refused) - NAMED:,} more refused")
    taken, shown = progress.elapsed, without_password(options.store)
    say(
        f"{shown}: {stats['postings']:,} postings in {stats['clusters']:,} clusters, "
        f"{stats['clusters_of_two_or_more']:,} of two or more ({taken:.1f} s). "
        f"Model {stats['model']}, threshold {stats['threshold']:.2g}, same: "
        f"{', '.join(stats['same']) or 'none'}. "
        f"Next: samesku serve --store {shown}",
        quiet=options.quiet,
    )
    emit(
        {
            "store": shown,
            **stats,
            "refused": len(refused),
            "photos_not_readable": len(progress.refused),
            "seconds": round(taken, 3),
        }
    )


def serve(options: Serve) -> None:
    """Serve until interrupted, or make or revoke a token."""
    need_extra("samesku serve", "serve", "sqlalchemy", "fastapi", "uvicorn")
    if options.make_token is not None and options.revoke_token is not None:
        raise UsageError("--make-token and --revoke-token are two commands: give one")
    import uvicorn

    from samesku.server.app import create_app, is_local
    from samesku.server.limits import Connection
    from samesku.server.tokens import Tokens
    from samesku.store.results import StoreError

    if "://" not in options.store and not options.make_token and not Path(options.store).exists():
        raise StoreError(
            f"{options.store}: there is no such store; samesku index CATALOGUE --store "
            f"{options.store} makes one, and serve --make-token an empty one",
            "missing",
        )
    with closing(Tokens(options.store)) as tokens:
        if options.make_token is not None:
            token = tokens.make(options.make_token, options.role)
            say(f"Token of {options.make_token}, role {options.role}; it is shown only now:")
            console.print(token)
            return
        if options.revoke_token is not None:
            tokens.revoke(options.revoke_token)
            say(f"The token of {options.revoke_token} is void")
            return
        protected = tokens.any
    for name, folder in (("photos", options.photos), ("folder", options.folder)):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"--{name} {folder} is no folder")
    host, port = options.host, options.port
    if not protected and not is_local(host, "localhost"):
        raise UsageError(
            f"--host {host} would answer other machines, and the store has no token: make one "
            "with --make-token NAME --role admin"
        )
    level = logging.WARNING if options.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(message)s")
    app = create_app(
        options.store, photos=options.photos, folder=options.folder, max_bytes=options.max_bytes,
        rate=options.rate,
    )  # fmt: skip
    who = "with tokens" if protected else "this machine only, as there are no tokens"
    say(f"http://{host}:{port}/review and /docs ({who})", quiet=options.quiet)
    uvicorn.run(
        app, host=host, port=port, http=Connection, log_level="warning", access_log=False,
        timeout_keep_alive=20, limit_concurrency=200, server_header=False,
    )  # fmt: skip
