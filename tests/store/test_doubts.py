from samesku.store.doubts import is_drawn


def test_only_answers_to_random_pairs_count(index, rows, crowded, tmp_path):
    index.upsert_many(rows)
    assert index.audit() is None
    (drawn,) = index.drawn(1)
    others = index.in_doubt(10_000, audited=False)
    assert (drawn.left_id, drawn.right_id) not in {(each.left_id, each.right_id) for each in others}
    index.pin(others[0].left_id, others[0].right_id, "different")
    assert index.audit() is None
    index.pin(drawn.left_id, drawn.right_id, "same")
    assert index.audit()["answers"] == 1
    (following,) = index.drawn(1)
    assert following != drawn
    # Scores are measured as they count for clusters: here all are lowered, or raised.
    found = index.audit()["recall"][0]
    crowded(-5.0, -9.0 if found else 9.0).save(tmp_path / "model")
    index.rescore(tmp_path / "model")
    assert index.audit()["recall"][0] == 1 - found


def test_one_pair_in_eight_is_for_the_audit():
    assert 90 < sum(is_drawn(1, other) for other in range(1000)) < 160
