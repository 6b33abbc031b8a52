"""Why two postings matched or not, or why they were never scored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logit

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.candidates.neighbors import FLOOR
from samesku.candidates.similarity import pair_similarity
from samesku.matcher import Matcher
from samesku.results.runs import Run
from samesku.runtime.cache import Cache, default_folder
from samesku.runtime.progress import Progress
from samesku.scoring.chosen import score_chosen
from samesku.scoring.fusion import Fusion

TAUGHT = "what the answers of the run changed"


def verdict(run: Run, rows: tuple[int, int], pair: Mapping[str, Any]) -> str:
    """In words, what was decided of a scored pair, and at which stage."""
    score, threshold = pair["score"], run.threshold
    how = "was not scored itself" if score is None else f"scored {score:.3f}"
    size = int(run.sizes[run.clusters[rows[0]]])
    if pair["matched"]:
        cluster = "" if run.kind != "match" else f" They are in one cluster of {size}."
        if score is None or score < np.float32(threshold):
            return f"Matched: the pair {how}, but others of its cluster match.{cluster}"
        return f"Matched: the pair {how}, and the threshold is {threshold:.2f}.{cluster}"
    if score is not None and score >= np.float32(threshold):
        cut = "each may have one counterpart, and a better one was chosen"
        if not run.assigned:
            cut = "the clustering cut it, as others of the two clusters do not match"
        return f"Not matched: the pair {how}, above the threshold of {threshold:.2f}, but {cut}."
    return f"Not matched: the pair {how}, below the threshold of {threshold:.2f}."


def matcher_of_run(
    run: Run, fusion: Fusion | str, cache: Path | None, progress: Progress
) -> Matcher:
    """A matcher with the settings of a run."""
    source = run.source
    return Matcher(
        source.get("encoders") or None,
        fusion,
        k=source.get("neighbours", 50),
        method=source.get("search", "auto"),
        cache=Cache(cache or default_folder()),
        progress=progress,
        pairs=source.get("pairs") if run.lefts is None else "across",
        decide=run.record.get("decide"),
        within=source.get("within", ()),
    )


def search_again(run: Run, cache: Path | None, progress: Progress) -> tuple[Collapsed, Candidates]:
    """The distinct postings of the run and their candidates once more."""
    matcher = matcher_of_run(run, "union", cache, progress)
    collapsed = matcher.collapse(run.catalog)
    return collapsed, matcher.candidates(collapsed.catalog)


def reasons_again(
    run: Run, rows: tuple[int, int], score: float, cache: Path | None, progress: Progress
) -> str | None:
    """The explanation of a pair by the learned fusion, of which a run writes likelier ones only."""
    collapsed, candidates = search_again(run, cache, progress)
    pair = np.sort(collapsed.place[list(rows)])
    with progress.stage("score"):
        near, scored = score_chosen(
            run.fusion, collapsed.catalog, candidates, pair[:1], pair[1:], explain_from=0.0
        )
    if scored.explanations is None:
        return None
    (reasons,) = scored.explanations.phrases(collapsed.catalog, near, np.zeros(1, dtype=np.int64))
    if run.record.get("adapted") and reasons is not None:
        # The model before the answers scored it now.
        before, after = logit(np.clip([scored.scores[0], score], 1e-6, 1 - 1e-6))
        return f"{TAUGHT} {after - before:+.2f}; {reasons}"
    return reasons


def nearness(candidates: Candidates, left: int, right: int) -> list[tuple[str, float | None, str]]:
    """Each encoder, how alike two rows are to it, and in words why it did not bring the pair in.

    The similarity is None where one of the two has nothing that the encoder could read. The
    candidates hold the sources they were joined from.
    """
    under: list[tuple[str, float | None, str]] = []
    for source in candidates.sources:
        alike = float(pair_similarity(source.vectors, np.array([left]), np.array([right]))[0])
        if np.isnan(alike):
            under.append((source.encoder, None, "one of the two has nothing for it to look at"))
            continue
        said, floor = f"they are {alike:.2f} alike", FLOOR[source.vectors.kind]
        found = source.neighbors
        near = [found.similarity[found.query == row] for row in (left, right)]
        nearer = " and ".join(
            f"{len(each)} nearest, {each.min():.2f} or more" for each in near if len(each)
        )
        if alike < floor:
            said += f", below its floor of {floor:.2f}"
        elif nearer:
            said += f"; each has nearer ones ({nearer})"
        under.append((source.encoder, alike, said))
    return under
