"""The judge of links: shipped with what holds in any pair of shops, it learns the rest on the spot.

Four steps, of which none needs a label:

1. A logistic regression and boosted trees read the titles and hashes of each pair, told relative to
   rivals and siblings (:func:`samesku.linking.evidence.title_view`); of the log odds that count, a
   fifth is the regression's. They were trained on pseudo-shops.
2. Small trees read that judgement of all pairs at once
   (:func:`samesku.linking.crowd.crowd_features`): competition, and how much the shops share. Rivals
   that are surely linked elsewhere no longer count (:func:`samesku.linking.settling.settled_odds`).
3. The sure links of this, and their rivals, teach what descriptions, prices, brands and further
   encoders say in these two shops (co-training: Blum and Mitchell, 1998). Each pair is told by a
   model that its own posting did not teach.
4. The trees read the sum.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.linking.assignment import choose_links, log_odds
from samesku.linking.crowd import SETTLED, crowd_features
from samesku.linking.evidence import FIRST_VIEW, other_view, price_view, title_view
from samesku.linking.known import KnownLinks, taught_odds
from samesku.linking.logistic import Logistic, fit_logistic
from samesku.linking.rivals import places
from samesku.linking.sides import Sides
from samesku.runtime.files import Staged
from samesku.scoring.features.table import Features
from samesku.scoring.fusion import Judged
from samesku.scoring.reasons import FAMILIES, Evidence, families
from samesku.scoring.trees import Trees

__all__ = ["SHIPPED", "FirstLook", "LinkJudge", "SecondLook", "shipped_judge"]

SHIPPED = Path(__file__).parents[1] / "models" / "links"
FORMAT = 4
FILES = ("pairs.onnx", "crowd.onnx")
# Links from this probability on teach, if there are so many; beside each so many of its rivals.
SURE = 0.7
FEWEST = 20
RIVALS = 5
FOLDS = 3
RIDGE = 20.0
# What the second view says counts less than it claims: the two views are not quite independent.
SECOND_SHARE = 0.8
# Of the title view, what means something else in every pair of shops: learned on the spot too where
# there is more to learn from. Alone these teach nothing new, and wrong links confirm themselves.
LOCAL = ("code_found_min", "code_found_max", "code_prefix", "code_alike", "quantities_clash")
# The trees tell apart few steps of probability: the odds that they read order pairs on one step.
ORDER = 0.1
# The crowd's log odds are told apart up to these.
MOST = float(log_odds(np.ones(1))[0])
# Pairs from this probability on are told with reasons; what they owe to others is this family.
EXPLAINED_FROM = 0.2
AROUND = FAMILIES.index("offers around")
# Log odds beyond which views say no more: what they add is told in proportion, else the crowd would
# seem to speak against the surest links.
ENOUGH = 7.0

# What the weights count for in the first judgement; the trees, which rank rivals better, the rest.
WEIGHTS_SHARE = 0.2

Floats = NDArray[np.float64]
# The family of each number, by its name.
Families: TypeAlias = Callable[[Sequence[str]], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class FirstLook:
    """Judges each pair by its title view.

    Weights carry over to goods unlike those of the training, trees see what depends on what: a
    title without a code says little, one with another code much.

    Attributes
    ----------
    names : tuple of str
        What is read, in order.
    weights : Logistic
    trees : Trees
        Several times over, each grown on other pairs of shops: their mean hangs on no one draw.
    """

    names: tuple[str, ...]
    weights: Logistic
    trees: Trees

    def log_odds(self, titles: Features) -> Floats:
        """Log odds of both in their shares, float64 ``(m,)``."""
        values = titles.select(self.names, may_miss=FIRST_VIEW)
        weighed = WEIGHTS_SHARE * self.weights.log_odds(values)
        grown: Floats = (1 - WEIGHTS_SHARE) * self.trees.log_odds(values)
        return weighed + grown

    def parts(
        self, titles: Features, places: NDArray[np.integer], family: Families
    ) -> tuple[Floats, float]:
        """What each family of numbers adds to the log odds of some pairs, and their start."""
        values = titles.select(self.names, may_miss=FIRST_VIEW)[places]
        parts = WEIGHTS_SHARE * _by_family(self.weights.parts(values), family(self.names))
        parts += (1 - WEIGHTS_SHARE) * self.trees.contributions(values)
        start = WEIGHTS_SHARE * self.weights.bias + (1 - WEIGHTS_SHARE) * self.trees.start
        return parts, start


@dataclass(frozen=True, eq=False)
class LinkJudge:
    """Tells how likely two offers of two shops are the same product.

    Attributes
    ----------
    first : FirstLook
        Reads the title view.
    second : Trees
        Reads the crowd features.
    crowd_names : tuple of str
    card : mapping
        How and on what it was trained.
    """

    first: FirstLook
    second: Trees
    crowd_names: tuple[str, ...]
    card: Mapping[str, Any]

    def probability(
        self, sides: Sides, candidates: Candidates, known: KnownLinks | None = None
    ) -> NDArray[np.float32]:
        """Probability that each candidate pair is one product, float32 ``(m,)``.

        Parameters
        ----------
        sides : Sides
        candidates : Candidates
            Across the sides.
        known : KnownLinks, optional
            They teach too, and stand as they are.
        """
        return self.judge(sides, candidates, known).scores

    def judge(
        self, sides: Sides, candidates: Candidates, known: KnownLinks | None = None
    ) -> Judged:
        """As `probability`, and why those pairs are so that are links or nearly."""
        if not len(candidates):
            return Judged(np.empty(0, dtype=np.float32))
        titles = title_view(sides, candidates)
        odds = self.first.log_odds(titles)
        probability = self._judged(odds, sides, candidates)
        told = probability if known is None else known.told(candidates, probability)
        sure = choose_links(candidates.left, candidates.right, told, line=SURE)
        second = self._second_view(sides, candidates, titles, sure)
        look = None
        teaches = len(sure) >= FEWEST and bool(second.names)
        if teaches and (look := _second_look(candidates, odds, sure, second)):
            odds = odds + SECOND_SHARE * look.log_odds(second.values)
            probability = self._judged(odds, sides, candidates)
        if known is not None:
            odds = odds + taught_odds(titles.beside(second), candidates, odds, known)
            probability = known.told(candidates, self._judged(odds, sides, candidates))
        scores = probability.astype(np.float32)
        return Judged(scores, self._evidence(sides, candidates, scores, titles, second, look))

    def _evidence(
        self,
        sides: Sides,
        candidates: Candidates,
        scores: NDArray[np.float32],
        titles: Features,
        second: Features,
        look: SecondLook | None,
    ) -> Evidence:
        """What the log odds of the likelier pairs are the sum of.

        What neither view says is the crowd's: rivals, how much the shops share, known links.
        """
        places = np.flatnonzero(scores >= EXPLAINED_FROM)
        modalities = dict(zip(candidates.encoders, candidates.modalities, strict=True))

        def family(names: Sequence[str]) -> NDArray[np.int64]:
            return families(names, modalities)

        parts, start = self.first.parts(titles, places, family)
        if look is not None:
            added = look.parts(second.values[places], places)
            parts += SECOND_SHARE * _by_family(added, family(second.names))
        judged, odds = log_odds(scores[places]), parts.sum(axis=1) + start
        most = np.maximum(judged, ENOUGH)
        parts *= np.where(odds > most, (most - start) / (odds - start), 1)[:, None]
        parts[:, AROUND] += judged - parts.sum(axis=1) - start
        return Evidence(places, parts.astype(np.float32), start, sides.title_words)

    def _second_view(
        self, sides: Sides, candidates: Candidates, titles: Features, sure: NDArray[np.int64]
    ) -> Features:
        """All that is learned on the spot, columns in which nothing is known left out."""
        view = other_view(sides, candidates).beside(price_view(sides, candidates, sure))
        view = _known_columns(view)
        if not view.names:
            return view
        return _known_columns(Features(LOCAL, titles.select(LOCAL))).beside(view)

    def _judged(self, odds: Floats, sides: Sides, candidates: Candidates) -> Floats:
        sizes = len(sides.left), len(sides.right)
        crowd = crowd_features(candidates.left, candidates.right, odds, sizes)
        judged = np.clip(self.second.log_odds(crowd.select(self.crowd_names)), -MOST, MOST)
        judged += ORDER * crowd.select([SETTLED])[:, 0]
        return np.asarray(1 / (1 + np.exp(-judged)), dtype=np.float64)

    def save(self, folder: str | Path) -> None:
        """Write `judge.json`, `pairs.onnx` and `crowd.onnx`: nothing in them runs when read."""
        head = {
            "format": FORMAT,
            "card": dict(self.card),
            "names": list(self.first.names),
            "weights": self.first.weights.record,
            "crowd_names": list(self.crowd_names),
        }
        with Staged(Path(folder)) as staged:
            text = json.dumps(head, indent=1, ensure_ascii=False)
            staged.path("judge.json").write_text(text + "\n", encoding="utf-8")
            for file, trees in zip(FILES, (self.first.trees, self.second), strict=True):
                staged.path(file).write_bytes(trees.content)

    @classmethod
    def load(cls, folder: str | Path) -> LinkJudge:
        """Read a judge that `save` wrote.

        Raises
        ------
        ValueError
            The folder holds none, one of another format, or a damaged one; says why.
        """
        try:
            head = json.loads((Path(folder) / "judge.json").read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']} instead of {FORMAT}; train it again")
            pairs, crowd = (Trees.read(Path(folder) / file) for file in FILES)
            first = FirstLook(tuple(head["names"]), Logistic.of(head["weights"]), pairs)
            crowd_names = tuple(head["crowd_names"])
            widths = [len(first.weights.weight), pairs.width, crowd.width]
            wanted = [len(first.names), len(first.names), len(crowd_names)]
            if widths != wanted or pairs.families != len(FAMILIES):
                raise ValueError("judge.json and the trees do not belong together")
            return cls(first, crowd, crowd_names, head["card"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ValueError(f"{folder} is no judge of links: {error}") from error


@lru_cache(maxsize=1)
def shipped_judge() -> LinkJudge:
    """The judge that comes with samesku; its card tells how it was trained."""
    return LinkJudge.load(SHIPPED)


@dataclass(frozen=True, eq=False)
class SecondLook:
    """What the second view adds to the log odds of each pair, 0 where it knows nothing.

    Attributes
    ----------
    fold : int (m,)
        Whose model tells a pair: one that its own posting did not teach.
    fitted : list of (Logistic, float)
        The model of each fold, and the log odds of the pairs that taught it.
    """

    fold: NDArray[np.integer]
    fitted: list[tuple[Logistic, float]]

    def log_odds(self, values: NDArray[np.floating]) -> Floats:
        """Of all pairs, float64 ``(m,)``."""
        added = np.zeros(len(values))
        for number, (model, usual) in enumerate(self.fitted):
            asked = self.fold == number
            added[asked] = model.log_odds(values[asked]) - usual
        added[np.isnan(values).all(axis=1)] = 0
        return added

    def parts(self, values: NDArray[np.floating], places: NDArray[np.integer]) -> Floats:
        """What each number adds for the pairs at some places, ``(p, f)``."""
        added = np.zeros(values.shape)
        for number, (model, _) in enumerate(self.fitted):
            asked = self.fold[places] == number
            added[asked] = model.parts(values[asked])
        added[np.isnan(values).all(axis=1)] = 0
        return added


def _second_look(
    candidates: Candidates, odds: Floats, sure: NDArray[np.int64], view: Features
) -> SecondLook | None:
    """Learn from the sure links and their rivals; None where these do not teach."""
    left, right = candidates.left, candidates.right
    is_sure = np.zeros(len(left), dtype=bool)
    is_sure[sure] = True
    settled = np.zeros(candidates.size, dtype=bool)
    settled[left[sure]] = settled[right[sure]] = True
    # A sure link makes sure of its nearest rivals, too: they are none.
    near = (settled[left] & (places(left, odds) < RIVALS)) | (
        settled[right] & (places(right, odds) < RIVALS)
    )
    teaches = is_sure | near
    values = view.values
    fold = np.random.default_rng(0).integers(0, FOLDS, candidates.size)[left]
    fitted = []
    for number in range(FOLDS):
        mine = teaches & (fold != number)
        if is_sure[mine].all() or not is_sure[mine].any():
            return None
        model = fit_logistic(values[mine], is_sure[mine], ridge=RIDGE, gaps=True)
        fitted.append((model, float(log_odds(np.array(is_sure[mine].mean())))))
    return SecondLook(fold, fitted)


def _known_columns(view: Features) -> Features:
    known = np.flatnonzero(~np.isnan(view.values).all(axis=0))
    names = tuple(view.names[place] for place in known)
    return Features(names, view.values[:, known])


def _by_family(parts: Floats, family: NDArray[np.int64]) -> Floats:
    """The parts of the numbers of one family together, ``(p, families)``."""
    together = np.zeros((len(parts), len(FAMILIES)))
    np.add.at(together.T, family, parts.T)
    return together
