"""What a user would pick instead, each as its own documentation shows it.

    python benchmarks/peers.py NAME catalogue.csv pairs.npz [--photos FOLDER] [--labelled rows.csv]

Finds the pairs of the catalogue that may be the same product and how sure each is. `run.py` starts
this once per contender, so that each pays for its own imports and memory, and for no other's.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

NEIGHBOURS = 50
# Pairs less similar than this are not reported: below the best threshold of any contender.
LEAST_COSINE = 0.25
MOST_BITS = 16
LABELLED_PAIRS = 500
# How pyJedAI's best workflow for two shops compares texts, and that for one catalogue.
JEDAI_3_GRAMS = {
    "metric": "cosine",
    "tokenizer": "char_tokenizer",
    "vectorizer": "tfidf",
    "qgram": 3,
}
JEDAI_WORDS = {"metric": "cosine"}

# Left and right positions, in either order, and how sure each pair is.
Pairs: TypeAlias = Sequence[ArrayLike]


@dataclass(frozen=True)
class Task:
    """What a contender is given: postings, their photos, and labelled postings to learn from."""

    postings: pd.DataFrame
    photos: Path | None = None
    labelled: pd.DataFrame | None = None

    @property
    def titles(self) -> pd.Series:
        """Titles, an empty one where there is none."""
        return self.postings["title"].fillna("").astype(str)


def scikit_learn(task: Task) -> Pairs:
    """TF-IDF of words and brute-force nearest neighbours: the usual first answer."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    rows = TfidfVectorizer().fit_transform(task.titles)
    search = NearestNeighbors(
        n_neighbors=min(NEIGHBOURS + 1, rows.shape[0]),
        metric="cosine",
        algorithm="brute",
        n_jobs=-1,
    )
    distance, found = search.fit(rows).kneighbors(rows)
    left = np.repeat(np.arange(len(found)), found.shape[1])
    near = distance.ravel() <= 1 - LEAST_COSINE
    return left[near], found.ravel()[near], 1 - distance.ravel()[near]


def string_grouper(task: Task) -> Pairs:
    """`match_strings`: character 3-grams and sparse top-n products."""
    from string_grouper import match_strings

    matches = match_strings(
        task.titles, min_similarity=LEAST_COSINE, max_n_matches=NEIGHBOURS, ignore_index=False
    )
    return matches["left_index"], matches["right_index"], matches["similarity"]


def splink(task: Task) -> Pairs:
    """Fellegi-Sunter on the tokens of a title, parameters by expectation maximisation.

    Its documentation says that it is not made for one column of words; this is what can be done:
    blocking on the rarest words, levels by how many words agree and how alike the titles are.
    """
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = title_parts(task.titles)
    linker = Linker(
        DuckDBAPI().register(table),
        SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.ArrayIntersectAtSizes("words", [6, 4, 3, 2]),
                cl.ArrayIntersectAtSizes("numbers", [2, 1]),
                cl.JaroWinklerAtThresholds("title", [0.95, 0.88, 0.8, 0.7]),
            ],
            blocking_rules_to_generate_predictions=[
                block_on("rare_words", arrays_to_explode=["rare_words"]),
                block_on("first_two"),
            ],
        ),
        log_level=None,
    )
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("title")], recall=0.1)
    training.estimate_u_using_random_sampling(max_pairs=1e7, seed=0)
    training.estimate_parameters_using_expectation_maximisation(block_on("first_two"))
    training.estimate_parameters_using_expectation_maximisation(block_on("rarest_word"))
    found = linker.inference.predict(threshold_match_weight=-10).as_pandas_dataframe()
    return found["unique_id_l"], found["unique_id_r"], found["match_probability"]


def title_parts(titles: pd.Series) -> pd.DataFrame:
    """The columns that splink compares and blocks on."""
    words = [sorted(set(re.findall(r"[^\W_]+", title.lower()))) for title in titles]
    spoken = [re.findall(r"[^\W_]+", title.lower())[:2] for title in titles]
    offers = Counter(itertools.chain.from_iterable(words))
    shared = [[word for word in row if offers[word] > 1] for row in words]
    rare = [sorted(row, key=lambda word: (offers[word], word))[:3] for row in shared]
    return pd.DataFrame(
        {
            "unique_id": np.arange(len(titles)),
            "title": titles.str.lower().to_numpy(),
            "words": words,
            "numbers": [[word for word in row if word[0].isdigit()] or None for row in words],
            "rare_words": rare,
            "rarest_word": [row[0] if row else None for row in rare],
            "first_two": [" ".join(row) or None for row in spoken],
        }
    )


def dedupe(task: Task) -> Pairs:
    """Learned blocking and logistic regression from labelled pairs, as a user would mark them."""
    from dedupe import Dedupe
    from dedupe.variables import Text

    if task.labelled is None:
        raise SystemExit("dedupe learns from labelled pairs: the catalogue has no label_group")
    records = {place: {"title": title.lower() or None} for place, title in enumerate(task.titles)}
    place_of = {posting: place for place, posting in enumerate(task.postings["posting_id"])}
    same, different = _labelled_pairs(task.labelled)
    deduper = Dedupe([Text("title", corpus=[r["title"] or "" for r in records.values()])])
    deduper.mark_pairs(
        {
            name: [(records[place_of[a]], records[place_of[b]]) for a, b in pairs]
            for name, pairs in (("match", same), ("distinct", different))
        }
    )
    deduper.prepare_training(records)
    deduper.train()
    scored = deduper.score(deduper.pairs(records))
    return scored["pairs"][:, 0], scored["pairs"][:, 1], scored["score"]


def _labelled_pairs(
    labelled: pd.DataFrame,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of one product, and as many of products whose titles begin alike, a fair difficulty."""
    drawn = labelled.sample(frac=1, random_state=0)
    same = [
        (first, second)
        for _, group in drawn.groupby("label_group", sort=False)
        for first, second in itertools.pairwise(group["posting_id"][:2])
    ]
    ordered = labelled.sort_values("title")
    neighbours = zip(
        itertools.pairwise(ordered["posting_id"]),
        itertools.pairwise(ordered["label_group"]),
        strict=True,
    )
    different = [pair for pair, (one, other) in neighbours if one != other]
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(different))[:LABELLED_PAIRS]
    return same[:LABELLED_PAIRS], [different[place] for place in chosen]


def pyjedai(task: Task) -> Pairs:
    """Its own best workflow for one catalogue without embeddings, `best_blocking_workflow_der`.

    Token blocking, purging, meta-blocking, and the cosine of the words of two titles. Purging is by
    its default: that of the workflow leaves titles hardly a block (F1 0.55 instead of 0.65).
    """
    from pyjedai.block_cleaning import BlockFiltering, BlockPurging
    from pyjedai.comparison_cleaning import CardinalityNodePruning

    cleaning = [BlockPurging(), BlockFiltering()]
    return _pyjedai(task, cleaning, CardinalityNodePruning(weighting_scheme="JS"), JEDAI_WORDS)


def pyjedai_3_grams(task: Task) -> Pairs:
    """Its best workflow for two shops, `best_blocking_workflow_ccer`, on one: better on titles.

    It purges no blocks, and its TF-IDF of 3-grams compares each posting with each: a square matrix.
    """
    from pyjedai.block_cleaning import BlockFiltering
    from pyjedai.comparison_cleaning import WeightedEdgePruning

    pruning = WeightedEdgePruning(weighting_scheme="EJS")
    return _pyjedai(task, [BlockFiltering(ratio=0.9)], pruning, JEDAI_3_GRAMS)


def _pyjedai(task: Task, cleaning: Sequence[Any], pruning: Any, comparing: dict[str, Any]) -> Pairs:
    from pyjedai.datamodel import Data

    places = [str(place) for place in range(len(task.titles))]
    data = Data(pd.DataFrame({"id": places, "title": task.titles.to_numpy()}), "id", ["title"])
    graph = jedai_graph(data, ["title"], cleaning, pruning, comparing)
    return tuple(np.array(list(graph.edges(data="weight")), dtype=float).reshape(-1, 3).T)


def jedai_graph(
    data: Any, columns: list[str], cleaning: Sequence[Any], pruning: Any, comparing: dict[str, Any]
) -> Any:
    """Its graph of compared pairs: an edge per pair above 0, of which the weight is the score."""
    # It starts a ray cluster even where it uses none, which would report that to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from pyjedai.block_building import StandardBlocking
    from pyjedai.matching import EntityMatching

    building = StandardBlocking(disable_ray=True)
    blocks = building.build_blocks(data, columns, columns, tqdm_disable=True)
    for each in (*cleaning, pruning):
        blocks = each.process(blocks, data, tqdm_disable=True)
    matching = EntityMatching(similarity_threshold=0.0, attributes=columns, **comparing)
    # It leaves a folder where it stands.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return matching.predict(blocks, data, tqdm_disable=True)


def imagehash(task: Task) -> Pairs:
    """Each hash minus each other: the loop of its documentation."""
    from imagehash import hex_to_hash, phash
    from PIL import Image

    if "image_phash" in task.postings.columns:
        hashes = [hex_to_hash(text) for text in task.postings["image_phash"]]
    else:
        hashes = [phash(Image.open(path)) for path in _photo_paths(task)]
    near = [
        (left, right, 1 - bits / 64)
        for left, right in itertools.combinations(range(len(hashes)), 2)
        if (bits := hashes[left] - hashes[right]) <= MOST_BITS
    ]
    return tuple(np.array(near, dtype=float).reshape(-1, 3).T)


def imagededup(task: Task) -> Pairs:
    """`PHash().find_duplicates`, which searches a BK-tree or by brute force in compiled code."""
    from imagededup.methods import PHash

    method = PHash(verbose=False)
    if "image_phash" in task.postings.columns:
        hashes = {str(place): text for place, text in enumerate(task.postings["image_phash"])}
    else:
        paths = enumerate(_photo_paths(task))
        hashes = {str(place): method.encode_image(image_file=str(path)) for place, path in paths}
    found = method.find_duplicates(
        encoding_map=hashes, max_distance_threshold=MOST_BITS, scores=True
    )
    near = [
        (int(left), int(right), 1 - bits / 64)
        for left, matches in found.items()
        for right, bits in matches
    ]
    return tuple(np.array(near, dtype=float).reshape(-1, 3).T)


def _photo_paths(task: Task) -> list[Path]:
    if task.photos is None:
        raise SystemExit("the catalogue has no image_phash: --photos FOLDER names the photos")
    return [task.photos / name for name in task.postings["image"]]


PEERS: dict[str, Callable[[Task], Pairs]] = {
    "scikit-learn": scikit_learn,
    "string_grouper": string_grouper,
    "splink": splink,
    "dedupe": dedupe,
    "pyjedai": pyjedai,
    "pyjedai 3-grams": pyjedai_3_grams,
    "imagehash": imagehash,
    "imagededup": imagededup,
}


def each_pair_once(
    pairs: Pairs, size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Ascending positions ``left < right``, and the larger score of both directions."""
    left, right = (np.asarray(side).astype(np.int64) for side in pairs[:2])
    score = np.asarray(pairs[2], dtype=np.float32)
    other = left != right
    key = np.minimum(left, right)[other] * size + np.maximum(left, right)[other]
    order = np.lexsort((-score[other], key))
    kept, first = np.unique(key[order], return_index=True)
    return kept // size, kept % size, score[other][order][first]


def main() -> None:
    """Read the catalogue, find pairs, write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--labelled", type=Path)
    given = parser.parse_args()

    postings = pd.read_csv(given.catalogue, dtype=str)
    labelled = None if given.labelled is None else pd.read_csv(given.labelled, dtype=str)
    pairs = PEERS[given.name](Task(postings, given.photos, labelled))
    left, right, score = each_pair_once(pairs, len(postings))
    np.savez(given.out, left=left, right=right, score=score)


if __name__ == "__main__":
    main()
