"""Which new cluster carries on which old one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence


def carry_over(
    parts: Sequence[Sequence[str]],
    before: Mapping[str, str],
    age: Callable[[str], int],
) -> tuple[list[str | None], dict[str, str]]:
    """The id of each part, None for a new one; and redirects of ids that lost their postings.

    An old cluster goes on in the part that holds most of its postings, of equal parts the first.
    Where several go on in one part, the oldest gives its id, and the others redirect to it. `age`
    gives the number of a cluster: the older, the smaller.
    """
    shares: dict[str, Counter[int]] = {}
    for place, part in enumerate(parts):
        for posting in part:
            if (old := before.get(posting)) is not None:
                shares.setdefault(old, Counter())[place] += 1
    heirs: dict[int, list[str]] = {}
    for old, counts in shares.items():
        best = min(counts, key=lambda place: (-counts[place], place))
        heirs.setdefault(best, []).append(old)
    ids: list[str | None] = [None] * len(parts)
    redirects: dict[str, str] = {}
    for place, olds in heirs.items():
        first = min(olds, key=lambda old: (age(old), old))
        ids[place] = first
        redirects |= {old: first for old in olds if old != first}
    return ids, redirects
