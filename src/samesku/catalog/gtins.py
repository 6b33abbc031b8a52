"""Article numbers that stand in place of one: a shop's default on all that has none."""

import polars as pl

from samesku.catalog.problems import Problem
from samesku.titles import normal_title
from samesku.titles.attributes.columns import article_numbers, numbers_in
from samesku.titles.unlike import FEWEST, READ, common_words, unlike


def without_defaults(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Leave out the GTINs and model numbers that three or more unlike titles have."""
    problems = []
    for name in frame.columns:
        if (kind := numbers_in(name)) is None:
            continue
        wrong = _defaults(kind, frame["title"], frame[name].cast(pl.String))
        if wrong:
            found = frame[name].cast(pl.String).is_in(wrong).fill_null(False)
            rows = found.arg_true()
            problems.append(Problem.of("default_gtin", rows, examples=wrong[:3], name=name))
            frame = frame.with_columns(pl.when(~found).then(name).alias(name))
    return frame, problems


def _defaults(kind: str, titles: pl.Series, numbers: pl.Series) -> list[str]:
    offers = pl.DataFrame([titles.alias("title"), numbers.alias("number")]).drop_nulls().unique()
    many = offers.filter(pl.len().over("number") >= FEWEST)
    groups = many.sort("number", "title").partition_by("number", maintain_order=True)
    groups = [each for each in groups if article_numbers(kind, each["number"][0])]
    if not groups:
        return []
    firsts = offers.sort("number", "title").unique("number", maintain_order=True)["title"]
    common = common_words(map(normal_title, firsts.gather_every(1 + len(firsts) // READ)))
    return [
        group["number"][0]
        for group in groups
        if unlike(set(map(normal_title, group["title"])), common)
    ]
