"""What a user would pick instead to link two shops, each as its own documentation shows it.

    python benchmarks/linking_peers.py NAME left.csv right.csv pairs.csv

`run_linking.py` starts this once per peer, so that each pays for its own imports and memory. Every
function takes the two shops' offers (`posting_id`, `title`, `description`, `price`, the last
two may be missing or empty; :func:`dedupe` also `label_group`) and returns the pairs that may be
the same product: `left_id`, `right_id` and `score`, higher is surer, each pair once. They accept
nothing themselves: `linking.best_threshold` does, with the truth at hand, which favours them all.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import polars as pl
from peers import JEDAI_3_GRAMS, LEAST_COSINE, NEIGHBOURS, jedai_graph, title_parts

__all__ = ["LINKING_PEERS", "LinkingPeer"]

LinkingPeer: TypeAlias = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]

LABELLED_PAIRS = 300


def mutual_nearest_titles(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """No tool but the yardstick: titles that are each other's nearest by character n-grams."""
    from linking import mutual_nearest

    from samesku.catalog.catalog import read_catalog
    from samesku.linking.sides import Sides

    sides = Sides(*(read_catalog(shop.select("posting_id", "title")) for shop in (left, right)))
    return mutual_nearest(sides)


def string_grouper(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """`match_strings(left, right)`: character 3-grams of titles and sparse top-n products."""
    from string_grouper import match_strings

    found = match_strings(
        pd.Series(_titles(left)),
        pd.Series(_titles(right)),
        min_similarity=LEAST_COSINE,
        max_n_matches=NEIGHBOURS,
        ignore_index=False,
    )
    places = found["left_index"].to_numpy(), found["right_index"].to_numpy()
    return _scored(left, right, *places, found["similarity"].to_numpy())


def splink(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """`link_only`: Fellegi-Sunter on tokens of titles, and on prices where both shops tell them."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    size = left.height
    parts = title_parts(pd.Series([*_titles(left), *_titles(right)]))
    parts["price"] = [*_prices(left), *_prices(right)]
    comparisons: list[Any] = [
        cl.ArrayIntersectAtSizes("words", [6, 4, 3, 2, 1]),
        cl.ArrayIntersectAtSizes("numbers", [2, 1]),
        cl.JaroWinklerAtThresholds("title", [0.95, 0.88, 0.8, 0.7]),
    ]
    if parts["price"][:size].notna().any() and parts["price"][size:].notna().any():
        near = [levels.PercentageDifferenceLevel("price", share) for share in (0.02, 0.1, 0.3)]
        steps = [levels.NullLevel("price"), *near, levels.ElseLevel()]
        comparisons.append(cl.CustomComparison(steps, output_column_name="price"))
    database = DuckDBAPI()
    linker = Linker(
        [
            database.register(parts[:size], dataset_display_name="first_shop"),
            database.register(parts[size:], dataset_display_name="second_shop"),
        ],
        SettingsCreator(
            link_type="link_only",
            comparisons=comparisons,
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
    ends = found[["unique_id_l", "unique_id_r"]].to_numpy()
    # Which shop splink calls left is its own choice.
    first, second = ends.min(axis=1), ends.max(axis=1) - size
    return _scored(left, right, first, second, found["match_probability"].to_numpy())


def dedupe(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """`RecordLink` with one-to-one links, from 300 labelled pairs of each kind.

    The pairs are of the very offers that are linked, which flatters it.
    """
    from dedupe import RecordLink
    from dedupe.variables import Price, Text

    if "label_group" not in left.columns or "label_group" not in right.columns:
        raise SystemExit("dedupe learns from labelled pairs: the offers have no label_group")
    shops = _records(left), _records(right)
    told = [*shops[0].values(), *shops[1].values()]
    linker = RecordLink(
        [
            Text("title", corpus=[record["title"] for record in told if record["title"]]),
            Text("description", has_missing=True),
            Price("price", has_missing=True),
        ]
    )
    same, different = _labelled_pairs(left, right)
    linker.mark_pairs(
        {
            name: [(shops[0][a], shops[1][b]) for a, b in pairs]
            for name, pairs in (("match", same), ("distinct", different))
        }
    )
    linker.prepare_training(*shops)
    linker.train()
    scores = linker.score(linker.pairs(*shops))
    links = [
        (str(ends[0]), str(ends[1]), float(score)) for ends, score in linker.one_to_one(scores)
    ]
    return _ordered(pl.DataFrame(links, schema=SCHEMA, orient="row"))


def pyjedai(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Its own best workflow for two shops, `best_blocking_workflow_ccer`, with descriptions.

    Each offer has at most one partner, as in Abt and Buy, on which its tutorials show it.
    """
    from pyjedai.block_cleaning import BlockFiltering
    from pyjedai.clustering import UniqueMappingClustering
    from pyjedai.comparison_cleaning import WeightedEdgePruning
    from pyjedai.datamodel import Data

    columns = ["title", "description"]
    frames = [
        pd.DataFrame(
            {
                "id": [str(place) for place in range(shop.height)],
                "title": _titles(shop),
                "description": _texts(shop, "description"),
            }
        )
        for shop in (left, right)
    ]
    data = Data(frames[0], "id", columns, None, frames[1], columns, "id")
    pruning = WeightedEdgePruning(weighting_scheme="EJS")
    graph = jedai_graph(data, columns, [BlockFiltering(ratio=0.9)], pruning, JEDAI_3_GRAMS)
    mapped = UniqueMappingClustering().process(graph, data, similarity_threshold=0.0)
    ends = np.array([sorted(pair) for pair in mapped if len(pair) == 2], dtype=np.int64)
    ends = ends.reshape(-1, 2)
    score = np.array([graph.edges[first, second]["weight"] for first, second in ends.tolist()])
    return _scored(left, right, ends[:, 0], ends[:, 1] - left.height, score)


LINKING_PEERS: dict[str, LinkingPeer] = {
    "mutual nearest titles": mutual_nearest_titles,
    "string_grouper": string_grouper,
    "splink": splink,
    "dedupe": dedupe,
    "pyjedai": pyjedai,
}

SCHEMA = {"left_id": pl.String, "right_id": pl.String, "score": pl.Float64}


def _labelled_pairs(
    left: pl.DataFrame, right: pl.DataFrame
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """True pairs drawn at random, and pairs of two products whose titles begin alike."""
    columns = ["posting_id", "title", "label_group"]
    same = (
        left.select(columns)
        .drop_nulls("label_group")
        .join(right.select(columns), on="label_group", maintain_order="left")
        .select("posting_id", "posting_id_right")
        .sample(fraction=1, shuffle=True, seed=0)
    )
    shops = [shop.select(*columns, shop=pl.lit(name)) for name, shop in enumerate((left, right))]
    ordered = pl.concat(shops).sort("title").rows()
    neighbours = [
        (one[0], other[0]) if one[3] == 0 else (other[0], one[0])
        for one, other in itertools.pairwise(ordered)
        if one[3] != other[3] and one[2] != other[2]
    ]
    chosen = np.random.default_rng(0).permutation(len(neighbours))[:LABELLED_PAIRS]
    return same.rows()[:LABELLED_PAIRS], [neighbours[place] for place in chosen]


def _records(shop: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Offers as dedupe reads them: None where nothing is told."""
    told = zip(
        shop["posting_id"], _titles(shop), _texts(shop, "description"), _prices(shop), strict=True
    )
    return {
        posting: {"title": title or None, "description": text or None, "price": price}
        for posting, title, text, price in told
    }


def _titles(shop: pl.DataFrame) -> list[str]:
    return _texts(shop, "title")


def _texts(shop: pl.DataFrame, column: str) -> list[str]:
    if column not in shop.columns:
        return [""] * shop.height
    return shop[column].cast(pl.String).fill_null("").str.to_lowercase().to_list()


def _prices(shop: pl.DataFrame) -> list[float | None]:
    if "price" not in shop.columns:
        return [None] * shop.height
    price = shop["price"].cast(pl.Float64, strict=False)
    return pl.select(pl.when(price > 0).then(price)).to_series().to_list()


def _scored(
    left: pl.DataFrame, right: pl.DataFrame, first: Any, second: Any, score: Any
) -> pl.DataFrame:
    """Positions become ids; of a pair told twice the larger score stands."""
    ids = left["posting_id"].cast(pl.String), right["posting_id"].cast(pl.String)
    places = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    return _ordered(
        pl.DataFrame(
            {
                "left_id": ids[0].gather(places[0]),
                "right_id": ids[1].gather(places[1]),
                "score": np.asarray(score, dtype=np.float64),
            },
            schema=SCHEMA,
        )
    )


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    best = pairs.group_by("left_id", "right_id", maintain_order=True).agg(pl.max("score"))
    return best.sort("score", descending=True, maintain_order=True)


def main() -> None:
    """Read both shops, find the pairs, write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=LINKING_PEERS)
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    shops = (pl.read_csv(path, infer_schema=False) for path in (given.left, given.right))
    LINKING_PEERS[given.name](*shops).write_csv(given.out)


if __name__ == "__main__":
    main()
