"""Why a pair matched or not, where the run did not write it down."""

import polars as pl
import pytest
from scipy.special import expit
from typer.testing import CliRunner

from samesku.cli import app
from samesku.report.whynot import reasons_again
from samesku.results.runs import read_run
from samesku.results.steps import steps
from samesku.runtime.progress import Progress


def test_a_pair_too_unlikely_to_be_written_with_reasons_is_judged_again(folder, tmp_path):
    run = read_run(folder)
    bare = run.pairs.filter(pl.col("reasons").is_null(), pl.col("score") > 0.02)
    left, right, score = bare.select("left", "right", "score").row(0)
    ids = run.catalog.ids[left], run.catalog.ids[right]
    told = CliRunner().invoke(app, ["explain", str(folder), *ids, "--cache", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "scoring again" in told.stderr
    ended = float(told.stdout.partition("together")[2].split("%")[0].split()[-1])
    assert ended == pytest.approx(100 * score, abs=0.05)
    # As if answers had taught the run: its model is not there, what it changed is.
    run.record["adapted"] = {"answers": 100}
    cache, progress = tmp_path, Progress()
    shown = steps(reasons_again(run, (left, right), 0.9, cache, progress))
    assert expit(shown[-1].after) == pytest.approx(0.9, abs=0.005)
    assert "what the answers of the run changed" in [step.reason for step in shown]
