"""Components by contraction, beside scipy's."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samesku.distributed.components import find_components
from samesku.distributed.shelf import Shelf, columns_of, table_of
from samesku.distributed.tasks import Stages
from samesku.distributed.tiles import Tiles
from samesku.runtime.progress import Progress

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize("kind", ["chain", "random"])
def test_components_are_those_of_scipy(kind, tmp_path):
    size = 600
    draw = np.random.default_rng(3)
    if kind == "chain":
        order = draw.permutation(size)
        ends = np.sort(np.stack([order[:-1], order[1:]], axis=1), axis=1)
    else:
        ends = np.sort(draw.integers(0, size, (250, 2)), axis=1)
        ends = ends[ends[:, 0] < ends[:, 1]]
    shelf = Shelf(str(tmp_path))
    tiles = Tiles([("", "")] * 2)
    for number, tile in enumerate(["0-0", "0-1", "1-1"]):
        left, right = ends[(ends >= 300).sum(axis=1) == number].T
        shelf.write(f"scored/{tile}", table_of(left=left, right=right, score=np.ones(len(left))))
    rounds = find_components(Stages(shelf, Progress()), shelf, tiles, [0, 300, size], 0.5, 0)
    assert 0 < rounds < 30
    labels = pa.concat_tables(shelf.read(f"labels/{shard}") for shard in (0, 1))
    number, label = columns_of(labels, "number", "label")
    graph = sp.coo_matrix((np.ones(len(ends)), ends.T), shape=(size, size))
    known = connected_components(graph, directed=False)[1][number]
    assert set(number.tolist()) == set(ends.ravel().tolist())
    pairs = np.unique(np.stack([known, label], axis=1), axis=0)
    assert len(pairs) == len(np.unique(known)) == len(np.unique(label))
