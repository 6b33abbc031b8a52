"""What a page says first: what came out, how good it is, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from samesku.report.browse import CERTAINTY, MISSING, PRODUCTS, SPREAD
from samesku.report.curve import Point, Target
from samesku.report.glance import Glance
from samesku.report.markup import Child, Markup, element, joined
from samesku.report.runs import Run
from samesku.report.sections import section, tiles

__all__ = ["headline", "in_short"]

# Thousandths of certainty below which a group is to be looked at, and from which it is sure.
UNSURE, SURE = 700, 900
DOUBTFUL = f"0-{UNSURE - 1}"
# Thousandths by which the dearest offer of a group is over the cheapest where that is odd.
DOUBLE = 1_000
AIM = 0.95
MOST_STEPS = 4
# An estimate is never certain.
MOST_ESTIMATED = 0.99


@dataclass(frozen=True)
class _Part:
    """A share of the groups: its name, tone and which filter shows it."""

    name: str
    number: int
    tone: str
    filters: str


def headline(run: Run) -> Markup:
    """What kind of run it was, its one sentence, and where it is."""
    kinds = {
        "match": "What was matched",
        "link": "What was linked",
        "evaluation": "How good the matching is",
    }
    place = f"{kinds[run.kind]}: {run.name}"
    return element(
        "header",
        element("p", place, class_="kicker"),
        element("h1", _message(run)),
        element("p", _lede(run), class_="lede"),
    )


def in_short(
    run: Run,
    told: Mapping[str, Any],
    points: Sequence[Point],
    wanted: Sequence[Target],
    seen: Glance,
    suspects: int,
) -> Markup:
    """The section: numbers, how sure or right the groups are, and what to do next."""
    groups = told["groups"]
    steps = list(_steps(run, groups, wanted, seen, suspects))[:MOST_STEPS]
    listed = element("ul", *(element("li", step) for step in steps), class_="steps")
    next_ = element("div", element("h3", "What to do next"), listed, class_="card")
    sample = "" if len(groups) == told["groupsWanted"] else ", of those that are on this page"
    title = "Are the {} right?" if _labelled(groups) else "How sure are the {}?"
    title = title.format(_several(run))
    parts = _parts(run, groups)
    bar = element("div", element("h3", title + sample), *_stack(parts), class_="card")
    cards = element("div", bar if parts else None, next_ if steps else None, class_="cards wide")
    hint = "The numbers that matter, and what is worth a person's time."
    if groups:
        hint += " Links filter the list below."
    return section("short", "In short", hint, tiles(list(_facts(run, groups, points))), cards)


def _message(run: Run) -> str:
    if run.kind == "evaluation":
        value = _figures(run)["posting_f1"]["value"]
        reached = "No match was made" if value is None else f"F1 of {value:.3f} per posting"
        return f"{reached}, by {run.record['shown']}"
    if run.lefts is not None:
        linked = np.count_nonzero(np.isin(run.groups[: run.lefts], run.groups[run.lefts :]))
        return f"{linked:,} of {run.lefts:,} offers are in the other shop, too"
    offers, products = len(run.catalog), len(run.sizes)
    return f"{_many(offers, 'offer')} {'is' if offers == 1 else 'are'} {_many(products, 'product')}"


def _lede(run: Run) -> str:
    if run.kind == "evaluation":
        return (
            f"{int(run.queries.sum()):,} scored postings, each searched among all "
            f"{len(run.catalog):,}. Groups, pairs and errors below are those of "
            f"{run.record['shown']}."
        )
    several = int((run.sizes > 1).sum())
    if run.lefts is not None:
        others = len(run.catalog) - run.lefts
        return (
            f"{_many(run.pair_count, 'link')} from {run.shops[0]} to the "
            f"{_many(others, 'offer')} of {run.shops[1]}."
        )
    if not several:
        return "No two of them match. If some should: lower the line, or add photos."
    return (
        f"{_many(several, 'product')} {'is' if several == 1 else 'are'} offered more than once, "
        f"the largest {int(run.sizes.max(initial=0)):,} times; "
        f"{_many(run.pair_count, 'matched pair')}."
    )


def _facts(run: Run, groups: Sequence[Any], points: Sequence[Point]) -> Iterator[tuple[str, Child]]:
    if run.kind == "evaluation":
        figures = _figures(run)
        for name, words in (
            ("posting_f1", "F1 per posting"),
            ("pair_precision", "precision of pairs"),
            ("pair_recall", "recall of pairs"),
            ("bcubed_f1", "B-cubed F1"),
        ):
            yield words, _interval(figures[name])
        return
    several = run.sizes[run.groups] > 1
    counted = several if run.lefts is None else several[: run.lefts]
    share = counted.mean() if len(counted) else 0.0
    yield "offers with a counterpart", _value(f"{share:.0%}", _many(int(counted.sum()), "offer"))
    here = next((point for point in points if point.line == run.line), None)
    if here is not None and here.precision is not None:
        yield "precision of pairs", _value(f"{here.precision:.1%}", "by the labels")
        yield "recall of pairs", _value(f"{here.recall or 0:.1%}", "by the labels")
    elif here is not None and here.estimate is not None:
        about = "over 99%" if here.estimate > MOST_ESTIMATED else f"{here.estimate:.0%}"
        yield "precision of pairs", _value(about, "an estimate, without labels")
    if run.probabilistic and groups:
        unsure = _value(f"{_unsure(groups):,}", "worth a look")
        yield f"{_several(run)} less than {UNSURE // 10}% sure", unsure
    if odd := _dear(groups):
        yield "prices that differ twofold", _value(f"{odd:,}", _several(run))


def _parts(run: Run, groups: Sequence[Any]) -> list[_Part]:
    """The groups by what the labels say of them, else by certainty."""
    if _labelled(groups):
        said = Counter(
            "mixed" if group[PRODUCTS] > 1 else "lacking" if group[MISSING] else "right"
            for group in groups
            if group[PRODUCTS]
        )
        tones = {
            "right": ("right and whole", "agree"),
            "lacking": ("right, but lacks offers", "second"),
            "mixed": ("several products in one", "clash"),
        }
        if run.lefts is not None:
            tones |= {"right": ("right", "agree"), "mixed": ("two products", "clash")}
        parts = [
            _Part(words, said[name], tone, f"truth={name}") for name, (words, tone) in tones.items()
        ]
    elif run.probabilistic:
        sure = [group[CERTAINTY] for group in groups if group[CERTAINTY] is not None]
        count = [sum(each >= SURE for each in sure), 0, sum(each < UNSURE for each in sure)]
        count[1] = len(sure) - sum(count)
        parts = [
            _Part(f"{SURE // 10}% sure or more", count[0], "agree", f"certainty={SURE}-1000"),
            _Part("between", count[1], "second", f"certainty={UNSURE}-{SURE - 1}"),
            _Part(f"below {UNSURE // 10}%", count[2], "clash", f"certainty={DOUBTFUL}"),
        ]
    else:
        parts = []
    return [part for part in parts if part.number]


def _stack(parts: Sequence[_Part]) -> Iterator[Markup]:
    """The parts as one bar, and as links that filter the list."""
    whole = sum(part.number for part in parts) or 1
    yield element(
        "div",
        *(
            element("i", class_=f"fill-{part.tone}", style=f"flex-grow:{part.number}")
            for part in parts
        ),
        class_="stack",
        aria_hidden="true",
    )
    for part in parts:
        number = element("b", f"{part.number:,}")
        link = _link(part.name, part.filters)
        share = element("span", f"{part.number / whole:.0%}", class_="share")
        yield element(
            "p", element("i", class_=f"dot fill-{part.tone}"), number, link, share, class_="part"
        )


def _steps(
    run: Run, groups: Sequence[Any], wanted: Sequence[Target], seen: Glance, suspects: int
) -> Iterator[Markup]:
    """What is worth a person's time, the most telling first."""
    one = "group" if run.lefts is None else "link"
    if run.probabilistic and (unsure := _unsure(groups)):
        look = _link(f"Look at {_many(unsure, one)}", f"certainty={DOUBTFUL}&sort=unsure")
        yield joined((look, f" less than {UNSURE // 10}% sure, the least sure first."))
    if odd := _dear(groups):
        look = _link(f"Check {_many(odd, one)}", f"spread={DOUBLE}&sort=spread")
        yield joined((look, " whose dearest offer costs twice the cheapest, or more."))
    aim = next((each for each in wanted if each.precision == AIM), None)
    if aim is not None and aim.point is not None and aim.lost > 0:
        move = element("a", f"Move the line to {aim.point.line:.2f}", href="#line")
        kind = "precision" if aim.point.precision is not None else "estimated precision"
        yield joined((move, f" for {AIM:.0%} {kind}: {aim.lost:,} matches fewer."))
    if suspects:
        review = element("a", f"Review {_many(suspects, 'label')}", href="#errors")
        yield joined((review, " that the postings speak against."))
    if seen.photos and (unseen := seen.broken + seen.absent):
        fix = element("a", f"Find {_many(unseen, 'photo')}", href="#glance")
        yield joined((fix, " absent or not readable: photos match what titles miss."))


def _many(number: int, one: str) -> str:
    """A number of things, one or several."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _link(text: str, filters: str) -> Markup:
    """A link to the list that also filters it."""
    return element("a", text, href="#groups", data_set=filters)


def _several(run: Run) -> str:
    """What the page lists."""
    return "groups" if run.lefts is None else "links"


def _labelled(groups: Sequence[Any]) -> bool:
    return any(group[PRODUCTS] for group in groups)


def _unsure(groups: Sequence[Any]) -> int:
    return sum(group[CERTAINTY] is not None and group[CERTAINTY] < UNSURE for group in groups)


def _dear(groups: Sequence[Any]) -> int:
    return sum((group[SPREAD] or 0) >= DOUBLE for group in groups)


def _figures(run: Run) -> Mapping[str, Any]:
    """The figures of what is shown, in the whole catalogue."""
    results = run.record["results"]
    own = next(result for result in results if result["fusion"] == run.record["shown"])
    figures: Mapping[str, Any] = own["figures"]
    return figures


def _interval(told: Mapping[str, Any]) -> Markup:
    if told["value"] is None:
        return _value("–", "no match at all")
    return _value(f"{told['value']:.3f}", f"{told['low']:.3f} to {told['high']:.3f}")


def _value(value: str, note: str) -> Markup:
    return joined((value, element("small", note)))
