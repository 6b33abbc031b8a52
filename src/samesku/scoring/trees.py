"""Gradient-boosted trees as a network in ONNX: log-odds, and what each family adds to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from samesku.encoders.onnx import open_session
from samesku.runtime.arrays import Array, Doubles, Floats, Ints
from samesku.scoring.presence import by_parts

# Log-odds of the first booster below which a pair is not shown to the others. Six of seven pairs
# are: that saves more than half of the time. Of catalogues left out, one in 10,000 of the pairs of
# one product that would have been likely is lost.
UNLIKELY = -2.5
# Names of the network's inputs and of its output.
VALUES, APART, OUTPUT = "values", "apart", "told"


class Trees:
    """Trees that LightGBM grew, run by ONNX Runtime.

    That takes half the time of LightGBM's own predictor. And LightGBM brings pandas and
    scikit-learn along wherever these are installed, which takes seconds; only who trains waits for
    that.

    `content` is a network of :func:`samesku.training.tree_export.as_onnx`; ValueError says why it
    is none. `first` looks at all pairs before, and is alone in what it says of those that it finds
    unlikely; it is of the same features and families. A network without sums needs one.

    They read `width` features of a pair, and contributions are of so many `families` of features.
    `start` is the mean log-odds of the training pairs: what stands before any feature is looked at.
    """

    def __init__(self, content: bytes, first: Trees | None = None) -> None:
        self.content, self.first = content, first
        try:
            # Pairs are dealt to threads here: the runtime deals trees, and sums that depend on how
            # many threads there are.
            self._session = open_session(content, threads=1)
        except Exception as error:
            raise ValueError(f"it cannot be run: {error}") from error
        takes = {port.name: port.shape for port in self._session.get_inputs()}
        self._sums = APART in takes
        if set(takes) - {APART} != {VALUES} or not (self._sums or first):
            raise ValueError("it is a network, but not one of trees that score pairs")
        self.width = int(takes[VALUES][1])
        parts = self._tell(np.full((1, self.width), np.nan, dtype=np.float32), apart=True)
        self.start, self.families = float(parts[0, -1]), parts.shape[1] - 1
        if first is not None and (first.width, first.families) != (self.width, self.families):
            raise ValueError("its first booster is one of other features")

    def __reduce__(self) -> tuple[type[Trees], tuple[bytes, Trees | None]]:
        """To other processes they go as they are stored."""
        return Trees, (self.content, self.first)

    def log_odds(self, values: Floats) -> Doubles:
        """Sum of the trees for each row of features, float64 ``(m,)``, to about 1e-5."""
        return self.predict(values)[0]

    def predict(
        self, values: Floats, complete: Callable[[Ints], None] | None = None
    ) -> tuple[Doubles, Floats]:
        """Log-odds of each row, float64 ``(m,)``, and what each family adds to them.

        The second, float32 ``(m, families)``, is NaN for rows that are found unlikely:
        :meth:`contributions` fills it in where it is asked for. `complete` is called with the
        places of the others, and puts into `values` what the first booster does not read.
        """
        first = self.first or self
        odds = first._all(values, apart=False).astype(np.float64)[:, 0] - first.start + self.start
        likely = np.flatnonzero(odds >= UNLIKELY)
        if complete is not None and len(likely):
            complete(likely)
        found = self._all(values[likely], apart=True)
        odds[likely] = found.sum(axis=1, dtype=np.float64)
        parts = np.full((len(values), self.families), np.nan, dtype=np.float32)
        parts[likely] = found[:, :-1]
        return odds, parts

    def contributions(self, values: Floats, parts: Floats | None = None) -> Floats:
        """What each family of features adds to the log-odds of each row; with `start` they sum up.

        Along a row's path through a tree, each split moves the mean of the training pairs below it;
        the move is credited to the feature that is split on (Saabas, "Interpreting random forests",
        2014). It is exact in its sum, and thousands of times faster than Shapley values, which
        reasons for every pair of a catalogue need.

        Of values ``(m, width)`` float32 ``(m, families)``; `parts`: what :meth:`predict` gave.
        """
        parts = self.predict(values)[1] if parts is None else parts.copy()
        unlikely = np.isnan(parts[:, 0])
        parts[unlikely] = (self.first or self)._all(values[unlikely], apart=True)[:, :-1]
        return parts

    def _all(self, values: Floats, *, apart: bool) -> Floats:
        if not len(values):
            return np.empty((0, self.families + 1 if apart else 1), dtype=np.float32)
        (found,) = by_parts(lambda some: [self._tell(values[some], apart=apart)], len(values))
        return found

    def _tell(self, values: Floats, *, apart: bool) -> Floats:
        given = {VALUES: values, **({APART: np.array([apart])} if self._sums else {})}
        (found,) = self._session.run([OUTPUT], given)
        return np.asarray(found)


def probability(odds: Doubles) -> Floats:
    """Log-odds as probabilities, float32."""
    found: Array = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return found.astype(np.float32)
