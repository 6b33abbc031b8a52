"""What answers bring on a catalogue that a model never saw.

    python benchmarks/adapt.py MODEL:TABLE.csv ... [--answers 50 100] [--seeds 5] [--wrong 0.2]

Each table, with `label_group`, goes with a model that was trained without it (`samesku train` on
other catalogues). Questions are chosen as `samesku ask` chooses them; answers are read off the
labels, some wrong with `--wrong`. F1 per posting is on the postings that no question was about,
with answers and without. `--judge PRECISION RECALL`: as a judge of these error rates would answer.
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
from samesku.judges.asking import pool_of, unpinned
from samesku.judges.choosing import choose
from samesku.metrics import group_tally, posting_f1
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned


def main() -> None:
    """One row per table and number of answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", help="MODEL:TABLE.csv")
    parser.add_argument("--answers", type=int, nargs="+", default=[50, 100, 200, 500])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong answers")
    parser.add_argument("--judge", type=float, nargs=2, metavar=("PRECISION", "RECALL"))
    options = parser.parse_args()
    print("| table | answers | not asked | without | gain | least | gain, no pins | all | steps |")
    print("|---|---|---|---|---|---|---|---|---|")
    for each in options.tables:
        model, table = each.split(":", 1)
        matches = Matcher(fusion=Learned(PairClassifier.load(model))).match(read_catalog(table))
        for count in options.answers:
            rows = [
                measure(matches, count, seed, options.wrong, options.judge)
                for seed in range(options.seeds)
            ]
            figures = np.array([row[0] for row in rows])
            rest, without, gain, alone, whole = figures.mean(axis=0)
            steps = ", ".join(sorted({row[1] for row in rows}))
            print(
                f"| {Path(table).stem} | {count} | {rest:.0f} | {without:.3f} | {gain:+.3f} | "
                f"{figures[:, 2].min():+.3f} | {alone:+.3f} | {whole:+.3f} | {steps} |",
                flush=True,
            )


def measure(
    matches: Matches, count: int, seed: int, wrong: float, judge: list[float] | None
) -> tuple[tuple[float, ...], str]:
    """Of one draw of questions, and what was taken.

    The postings not asked about; their F1 without answers, what they gain, and what by the adapted
    model alone, without pins; what all postings gain.
    """
    labels, ids = matches.catalog.labels, matches.distinct.catalog.frame["posting_id"]
    assert labels is not None
    pool, rng = pool_of(matches), np.random.default_rng(seed)
    questions = choose(pool, count, seed=seed)
    left, right = pool.left[questions.places], pool.right[questions.places]
    product = labels[matches.distinct.rows]
    truth = product[left] == product[right]
    told = answered(truth, rng, wrong, judge)
    table = {
        "left_id": ids[left],
        "right_id": ids[right],
        "verdict": np.where(told, "same", "different"),
        "by": [PEOPLE if judge is None else f"{MACHINE}simulated"] * len(told),
    }
    answers = Answers.of(pl.DataFrame(table))
    pinned = with_pins(matches, answers)
    asked = np.zeros(len(product), dtype=bool)
    asked[left] = asked[right] = True
    others = ~asked[matches.distinct.place]
    before = f1(matches.clusters, labels)
    adapted = adapt(pinned, answers)
    after, alone = (
        f1(adapted.matches.clusters, labels),
        f1(unpinned(adapted.matches).clusters, labels),
    )
    figures = (
        np.count_nonzero(others), before[others].mean(), (after - before)[others].mean(),
        (alone - before)[others].mean(), (after - before).mean(),
    )  # fmt: skip
    step = f"{adapted.record['step']}{' and trees' if adapted.record['trees'] else ''}"
    return tuple(map(float, figures)), step


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
    return posting_f1(group_tally(groups, labels))


if __name__ == "__main__":
    main()
