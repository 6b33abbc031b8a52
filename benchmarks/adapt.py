"""What answers bring on a catalogue that a model never saw.

    python benchmarks/adapt.py MODEL:TABLE.csv[:SAME] ... [--answers 50 100] [--seeds 5]

Each table, with `label_group`, goes with a model that was trained without it (`samesku train` on
the other catalogues) and with the kinds of attributes that may differ, as `colour,measure`.
Questions are chosen as `samesku ask` chooses them; answers are read off the labels, a share of them
`--wrong`. F1 per posting is on the postings that no question was about, with answers and without.
With more answers these are fewer and easier ones: `--kept 0.3` draws this share of the products
beforehand, of whose postings nobody is ever asked, and counts these alone. `--judge PRECISION
RECALL`: as a judge of these error rates would answer.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku import Matcher, Matches, read_catalog
from samesku.catalog.answers import MACHINE, PEOPLE, Answers
from samesku.clustering.pins import Pins, pinned_scores
from samesku.judges.adapting import adapt
from samesku.judges.asking import AUDIT_SHARE, choose, decisive_pairs, pool_of, unpinned
from samesku.metrics import cluster_tally, posting_f1
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned


def main() -> None:
    """One row per table and number of answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", help="MODEL:TABLE.csv[:SAME]")
    parser.add_argument("--answers", type=int, nargs="+", default=[50, 100, 200, 500])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong answers")
    parser.add_argument("--kept", type=float, default=0.0, help="share of products not asked about")
    parser.add_argument("--judge", type=float, nargs=2, metavar=("PRECISION", "RECALL"))
    options = parser.parse_args()
    print("| table | answers | counted | without | gain | least | gain, no pins | all |")
    print("|---|---|---|---|---|---|---|---|")
    gains = []
    for each in options.tables:
        model, table, same = [*each.split(":"), ""][:3]
        fusion = Learned(PairClassifier.load(model), tuple(filter(None, same.split(","))))
        matches = Matcher(fusion=fusion).match(read_catalog(readable(Path(table))))
        for count in options.answers:
            rows = [measure(matches, count, seed, options) for seed in range(options.seeds)]
            figures = np.array(rows)
            counted, without, gain, alone, whole = figures.mean(axis=0)
            gains.append((count, gain))
            print(
                f"| {Path(table).stem} {same} | {count} | {counted:.0f} | {without:.3f} | "
                f"{gain:+.3f} | {figures[:, 2].min():+.3f} | {alone:+.3f} | {whole:+.3f} |",
                flush=True,
            )
    for count in options.answers:
        mean = np.mean([gain for asked, gain in gains if asked == count])
        print(f"| all | {count} | | | {mean:+.3f} | | | |")


def measure(
    matches: Matches, count: int, seed: int, options: argparse.Namespace
) -> tuple[float, ...]:
    """Of one draw of questions.

    How many postings are counted; their F1 without answers, what they gain, and what by the adapted
    model alone, without pins; what all postings gain.
    """
    labels, ids = matches.catalog.labels, matches.distinct.catalog.frame["posting_id"]
    assert labels is not None
    product = labels[matches.distinct.rows]
    kept = np.random.default_rng(1000 + seed).random(labels.max() + 1)[product] < options.kept
    pool, rng = pool_of(matches), np.random.default_rng(seed)
    pool = replace(pool, asked=pool.asked | kept[pool.left] | kept[pool.right])
    if options.judge:  # is asked about candidates, and not audited
        strange = np.arange(len(pool.left)) >= len(matches.candidates)
        pool = replace(pool, asked=pool.asked | strange)
    share = 0.0 if options.judge else AUDIT_SHARE
    places, _ = choose(pool, count, audit_share=share, seed=seed, decisive=decisive_pairs(matches))
    left, right = pool.left[places], pool.right[places]
    told = answered(product[left] == product[right], rng, options.wrong, options.judge)
    table = {
        "left_id": ids[left],
        "right_id": ids[right],
        "verdict": np.where(told, "same", "different"),
        "by": [f"{MACHINE}simulated" if options.judge else PEOPLE] * len(told),
    }
    answers = Answers.of(pl.DataFrame(table))
    asked = np.zeros(len(product), dtype=bool)
    asked[left] = asked[right] = True
    counted = (kept if options.kept else ~asked)[matches.distinct.place]
    adapted = adapt(with_pins(matches, answers), answers).matches
    before, after, alone = (
        f1(each.clusters, labels) for each in (matches, adapted, unpinned(adapted))
    )
    return (
        float(np.count_nonzero(counted)), float(before[counted].mean()),
        *(float((each - before)[counted].mean()) for each in (after, alone)),
        float((after - before).mean()),
    )  # fmt: skip


def readable(table: Path) -> pl.DataFrame:
    """The table with ids without spaces, each once, and no photos but their hashes."""
    frame = pl.read_csv(table, infer_schema=False).drop("image", strict=False)
    frame = frame.with_columns(pl.col("posting_id").str.replace_all(r"\s", "_"))
    return frame.unique("posting_id", maintain_order=True)


def answered(
    truth: NDArray[np.bool_], rng: np.random.Generator, wrong: float, judge: list[float] | None
) -> NDArray[np.bool_]:
    """The truth as somebody would tell it."""
    if judge is None:
        return np.asarray(truth ^ (rng.random(len(truth)) < wrong))
    precision, recall = judge
    same = max(truth.mean(), 1e-9)
    false = min(1.0, recall * same * (1 - precision) / precision / max(1 - same, 1e-9))
    return np.asarray(rng.random(len(truth)) < np.where(truth, recall, false))


def with_pins(matches: Matches, answers: Answers) -> Matches:
    """The same matches, the answers pinned."""
    left, right = (each[answers.decided] for each in answers.rows(matches.catalog))
    pins = Pins.of(left, right, answers.same[answers.decided]).on(matches.distinct.place)
    scores = pinned_scores(pins, matches.candidates, matches.scores)
    return replace(matches, pins=pins, scores=scores)


def f1(groups: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each posting."""
    return posting_f1(cluster_tally(groups, labels))


if __name__ == "__main__":
    main()
