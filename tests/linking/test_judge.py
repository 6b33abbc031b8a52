"""The judge: shipped, trained, kept."""

import numpy as np
import polars as pl
import pytest

from samesku import Cache, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.linking import LinkJudge, shipped_judge
from samesku.linking.judge import SHIPPED
from samesku.linking.pseudo_shops import PseudoShops, deal
from samesku.linking.sides import Sides, candidates_across
from samesku.linking.training import train_judge
from samesku.runtime.progress import Progress


def judged(judge, sides):
    candidates, _ = candidates_across(
        sides, [Tfidf(), PHash()], k=20, method="auto", cache=Cache(None), progress=Progress()
    )
    return candidates, judge.probability(sides, candidates)


def test_true_links_are_likelier_than_look_alikes(shops, truth):
    sides = Sides(*map(read_catalog, shops))
    candidates, probability = judged(shipped_judge(), sides)
    same = [
        (str(left), str(right - 36)) in truth
        for left, right in zip(candidates.left, candidates.right, strict=True)
    ]
    same = np.array(same)
    assert probability.dtype == np.float32
    assert probability[same].mean() > 0.8
    assert probability[~same].mean() < 0.1


def test_a_description_on_the_spot_teaches_what_titles_cannot_tell():
    rows = range(60)
    ours = pl.DataFrame(
        {
            "posting_id": [f"{row}" for row in rows],
            "title": [
                f"lamp {'table' if row < 8 else f'model{row * 7}x shade{row % 9}'}" for row in rows
            ],
            "description": [f"by maker{row * 13} for rooms" for row in rows],
        }
    )
    theirs = ours.with_columns(posting_id=ours["posting_id"].reverse()).reverse()
    sides = Sides(read_catalog(ours), read_catalog(theirs))
    candidates, with_description = judged(shipped_judge(), sides)
    twins = np.isin(candidates.left, np.arange(8)) & (candidates.right >= 60 + 52)
    true = candidates.left + candidates.right == 60 + 59
    assert with_description[twins & true].mean() > with_description[twins & ~true].mean() + 0.3


def test_a_trained_judge_is_kept_and_read_again(shops, tmp_path):
    ours, theirs = shops
    labelled = pl.concat(
        [
            ours.select("posting_id", "title", label_group=pl.col("posting_id")),
            theirs.select(
                posting_id=pl.format("t{}", "posting_id"), title="title", label_group="truth"
            ),
        ]
    )
    catalog = read_catalog(labelled)
    sides = [
        deal(catalog, PseudoShops(overlap), seed) for seed, overlap in enumerate([1, 1, 0.5, 0.3])
    ]
    judge = train_judge(sides, {"note": "a test"})
    judge.save(tmp_path / "judge")
    again = LinkJudge.load(tmp_path / "judge")
    assert again.card["note"] == "a test"
    assert again.card["pairs_of_shops"] == 4
    np.testing.assert_array_equal(judged(judge, sides[0])[1], judged(again, sides[0])[1])
    with pytest.raises(ValueError, match="needs 4 pairs of shops"):
        train_judge(sides[:3])


def test_a_damaged_judge_is_told(tmp_path):
    with pytest.raises(ValueError, match="is no judge of links"):
        LinkJudge.load(tmp_path)
    for file in SHIPPED.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert LinkJudge.load(tmp_path).first.names == shipped_judge().first.names
    head = (tmp_path / "judge.json").read_text()
    (tmp_path / "judge.json").write_text(head.replace('"format": 4', '"format": 9'))
    with pytest.raises(ValueError, match="format 9 instead of 4"):
        LinkJudge.load(tmp_path)
    (tmp_path / "judge.json").write_text(head)
    (tmp_path / "pairs.onnx").write_bytes((SHIPPED / "crowd.onnx").read_bytes())
    with pytest.raises(ValueError, match="do not belong together"):
        LinkJudge.load(tmp_path)
    (tmp_path / "pairs.onnx").unlink()
    with pytest.raises(ValueError, match=r"pairs\.onnx"):
        LinkJudge.load(tmp_path)
