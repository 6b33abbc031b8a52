"""The whole way of a link, on one page: two catalogues in, links out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import polars as pl

from samesku.candidates.neighbors import Method
from samesku.catalog.catalog import Catalog, read_catalog
from samesku.catalog.problems import CatalogError
from samesku.encoders import default_encoders
from samesku.encoders.base import Encoder
from samesku.linking.assignment import LinkRule
from samesku.linking.judge import LinkJudge, shipped_judge
from samesku.linking.known import KnownLinks, read_known_links
from samesku.linking.links import Links
from samesku.linking.sides import Sides, candidates_across, with_pairs
from samesku.results.record import catalog_record, run_record
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LINE", "NEIGHBOURS", "check_apart", "link"]

LINE = 0.5
# Per posting and encoder, from either side.
NEIGHBOURS = 20


def link(
    left: Catalog | str | Path | pl.DataFrame | pd.DataFrame,
    right: Catalog | str | Path | pl.DataFrame | pd.DataFrame,
    *,
    links: LinkRule = "one-to-one",
    labels: str | Path | pl.DataFrame | pd.DataFrame | None = None,
    line: float = LINE,
    encoders: Sequence[Encoder] | None = None,
    k: int = NEIGHBOURS,
    method: Method = "auto",
    cache: Cache | None = None,
    progress: Progress | None = None,
    judge: LinkJudge | None = None,
) -> Links:
    """Tell which offers of another shop are the same as ours.

    Parameters
    ----------
    left, right : Catalog, path or frame
        The two shops. Ids are each shop's own and may overlap. Titles, hashes and photos, prices,
        brands and descriptions are used where they are there; `label_group` is not looked at.
    links : {"one-to-one", "one-to-many", "many-to-one", "free"}
        Who may have how many counterparts. ``one-to-many``: a left posting may have several right
        ones, each right posting has one left one.
    labels : path or frame, optional
        Known links: `left_id`, `right_id` and perhaps `same` (1 or 0). The judgement is fitted to
        them, and they stand as they are known.
    line : float
        Probability from which a pair is accepted, in (0, 1].
    encoders : sequence of Encoder, optional
        Default: :func:`samesku.encoders.default_encoders`.
    k : int
        Neighbours per posting and encoder, from either side, that become candidates.
    method : {"auto", "exact", "approximate"}
    cache : Cache, optional
        Where encodings are kept between runs; default: nowhere.
    progress : Progress, optional
    judge : LinkJudge, optional
        Default: the one that comes with samesku.

    Returns
    -------
    Links

    Raises
    ------
    CatalogError
        A catalogue or the known links cannot be used; tells every problem and its rows.
    ValueError
        A side is empty, both are the same file, or a setting is out of its range.

    Examples
    --------
    >>> import polars as pl
    >>> from samesku import link
    >>> ours = pl.DataFrame(
    ...     {"posting_id": ["1", "2"], "title": ["Sony turntable PSLX350H", "Denon deck"]}
    ... )
    >>> theirs = pl.DataFrame(
    ...     {"posting_id": ["1", "2"], "title": ["Bose speakers", "Sony PS-LX350H record player"]}
    ... )
    >>> link(ours, theirs).table.select("left_id", "right_id").rows()
    [('1', '2')]
    """
    _check(line, links, k)
    check_apart(left, right)
    sides = Sides(_catalog(left, "left"), _catalog(right, "right"))
    progress = progress or Progress()
    known = None if labels is None else read_known_links(labels, sides, links)
    looks = list(default_encoders() if encoders is None else encoders)
    candidates, encoded = candidates_across(
        sides, looks, k=k, method=method, cache=cache or Cache(None), progress=progress
    )
    if known is not None:
        candidates = with_pairs(candidates, known.left, known.right)
    if not len(candidates):
        progress.note("no offer of one side is anything like one of the other: there are no links")
    with progress.stage("judge"):
        judged = (judge or shipped_judge()).judge(sides, candidates, known)
    run: dict[str, Any] = {}
    found = Links(sides, candidates, judged.scores, links, line, known, run, judged.evidence)
    with progress.stage("decide and explain"):
        found.table, found.near, found.added_up  # noqa: B018  (computed here so that their time is told)
    record = run_record(sides.both, candidates, encoded, progress)
    del record["catalogue"]
    catalogues = {"left": catalog_record(sides.left), "right": catalog_record(sides.right)}
    run.update(record | catalogues | _known_record(known))
    return found


def _check(line: float, links: str, k: int) -> None:
    if not 0 < line <= 1:
        raise ValueError(f"the line is a probability above 0 and up to 1, not {line}")
    if links not in get_args(LinkRule):
        raise ValueError(f"links are {', '.join(get_args(LinkRule))}, not {links!r}")
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")


def check_apart(left: object, right: object) -> None:
    """Refuse one catalogue given twice: each offer would be linked with itself.

    Raises
    ------
    ValueError
        Both are one object or one file; names the command for it.
    """
    same = left is right
    if isinstance(left, str | Path) and isinstance(right, str | Path):
        one, other = Path(left), Path(right)
        same = one.exists() and other.exists() and one.samefile(other)
    if same:
        raise ValueError(
            "both sides are the same catalogue; what is the same product within one is found by "
            "`samesku match`"
        )


def _catalog(source: Catalog | str | Path | pl.DataFrame | pd.DataFrame, side: str) -> Catalog:
    try:
        catalog = source if isinstance(source, Catalog) else read_catalog(source)
    except CatalogError as error:
        if error.source.endswith(" frame"):  # says not which of the two
            raise CatalogError(f"the {side} {error.source}", error.problems) from error
        raise
    if not len(catalog):
        raise ValueError(f"the {side} catalogue ({catalog.name}) has no postings; give some")
    return catalog


def _known_record(known: KnownLinks | None) -> dict[str, Any]:
    if known is None:
        return {}
    same = int(np.count_nonzero(known.same))
    return {"known_links": {"same": same, "not_same": len(known.same) - same}}
