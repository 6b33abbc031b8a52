"""Why a pair matched or not, where the run did not write it down."""

import polars as pl
import pytest
from scipy.special import expit

from samesku.report.whynot import reasons_again
from samesku.results.runs import read_run
from samesku.results.steps import steps
from samesku.runtime.progress import Progress


def test_a_pair_too_unlikely_to_be_written_with_reasons_is_judged_again(folder, tmp_path):
    run = read_run(folder)
    bare = run.pairs.filter(pl.col("reasons").is_null(), pl.col("score") > 0.02)
    left, right, score = bare.select("left", "right", "score").row(0)
    told = steps(reasons_again(run, (left, right), score, tmp_path, Progress()))
    assert expit(told[-1].after) == pytest.approx(score, abs=0.01)
    # As if answers had taught the run: its model is not there, what it changed is.
    run.record["adapted"] = {"answers": 100}
    shown = steps(reasons_again(run, (left, right), 0.9, tmp_path, Progress()))
    assert expit(shown[-1].after) == pytest.approx(0.9, abs=0.005)
    assert "what the answers of the run changed" in [step.reason for step in shown]
